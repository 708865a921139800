// SPDX-License-Identifier: Apache-2.0
// What the ConnectionMachine makes of sleep and of the network of this machine.
#include "machine/machinerun.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

// A network that just came needs a moment, and all machines on it saw it come.
Duration ConnectionMachine::Run::soon()
{
    return 500ms + Duration(qint64(2500 * chance()));
}

// Moves the next attempt forward, never back, and not below what the server asked for or the budget permits.
void ConnectionMachine::Run::hurry(const QString &why)
{
    Waiting &waiting = std::get<Waiting>(m.m_state);
    // A network that comes and goes must not put the attempt off for ever.
    const Instant wanted = std::min(m_now + soon(), waiting.planned);
    const Instant possible = std::max({m_now, wanted, waiting.earliest, budgetAllowsAt()});
    if (possible >= waiting.deadline)
        return;
    waiting.planned = possible;
    waiting.deadline = possible;
    add(ReportWait{waiting.id, waiting.error, possible, why});
}

// Asks for a sign of life; with a token whose time has come, by sending a new one first.
void ConnectionMachine::Run::wake(Up &up)
{
    up.pongDeadline.reset();
    const bool renewalIsDue = up.renewal && up.renewal->step == Renewing::Step::Scheduled && m_now >= up.renewal->deadline;
    if (renewalIsDue)
        up.nextPing = m_now + m_options.probeTimeout;
    else
        ping(up, m_options.probeTimeout);
}

void ConnectionMachine::Run::on(const Woke &)
{
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        wake(*up);
        tickUp(*up, Duration::zero());
    } else if (std::holds_alternative<Waiting>(m.m_state)) {
        hurry(u"this machine woke up"_s);
    } else {
        m.m_freshNetwork = true;
    }
}

void ConnectionMachine::Run::on(const NetworkDown &)
{
    m.m_networkDown = true;
    Waiting *waiting = std::get_if<Waiting>(&m.m_state);
    const Instant until = m_now + m.m_rules.backoff.slowCap;
    if (!waiting || waiting->deadline >= until)
        return;
    waiting->deadline = until;
    add(ReportWait{waiting->id, waiting->error, until, u"this machine has no network; a look every few minutes"_s});
}

void ConnectionMachine::Run::on(const NetworkUp &)
{
    const bool wasDown = std::exchange(m.m_networkDown, false);
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        ping(*up, m_options.probeTimeout);
        hastenReplacement(*up, wasDown);
    } else if (std::holds_alternative<Waiting>(m.m_state)) {
        hurry(u"the network changed"_s);
    } else {
        m.m_freshNetwork = true;
    }
}

} // namespace Watchword
