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
void ConnectionMachine::Run::hurry(Attempt &attempt, const QString &why)
{
    // A network that comes and goes must not put the attempt off for ever.
    const Instant wanted = std::min(m_now + soon(), attempt.planned);
    const Instant possible = std::max({m_now, wanted, attempt.earliest, budgetAllowsAt()});
    if (possible >= attempt.deadline)
        return;
    attempt.planned = possible;
    attempt.deadline = possible;
    if (!isReplacement())
        add(ReportWait{attempt.id, *attempt.waitsFor, possible, why});
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
    } else if (m.isWaiting()) {
        hurry(std::get<Attempt>(m.m_state), u"this machine woke up"_s);
    } else if (Attempt *attempt = std::get_if<Attempt>(&m.m_state)) {
        attempt->onFreshNetwork = true;
    }
}

void ConnectionMachine::Run::on(const NetworkDown &)
{
    m.m_network = Network::Absent;
    if (!m.isWaiting())
        return;
    Attempt &attempt = std::get<Attempt>(m.m_state);
    const Instant until = m_now + m.m_rules.backoff.slowCap;
    if (attempt.deadline >= until)
        return;
    attempt.deadline = until;
    add(ReportWait{attempt.id, *attempt.waitsFor, until, u"this machine has no network; a look every few minutes"_s});
}

void ConnectionMachine::Run::on(const NetworkUp &)
{
    const bool wasDown = std::exchange(m.m_network, Network::Present) == Network::Absent;
    Up *const up = std::get_if<Up>(&m.m_state);
    if (up)
        ping(*up, m_options.probeTimeout);
    Attempt *const attempt = up ? up->replacement ? &*up->replacement : nullptr : std::get_if<Attempt>(&m.m_state);
    if (!attempt)
        return;
    const bool hasFailed = attempt->id != 0; // on the network that was
    if (attempt->step != Attempt::Step::Waiting)
        attempt->onFreshNetwork = true;
    else if (hasFailed || wasDown)
        hurry(*attempt, u"the network changed"_s);
}

} // namespace Watchword
