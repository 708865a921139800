// SPDX-License-Identifier: Apache-2.0
// How the ConnectionMachine replaces a connection by another one while it is in use: make before break.
#include "machine/machinerun.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLongestAnnouncement = 1h;

} // namespace

void ConnectionMachine::Run::on(const Replace &)
{
    if (Up *up = std::get_if<Up>(&m.m_state))
        wantReplacement(*up, m_now, u"replace()"_s, {});
}

void ConnectionMachine::Run::on(const EndAnnounced &event)
{
    Up *up = upOf(event.id);
    if (!up)
        return;
    const Duration in = std::clamp<Duration>(event.in, 0ms, kLongestAnnouncement);
    // All clients of that server are told at the same moment.
    const Instant at = m_now + Duration(qint64(double(in.count()) * 0.5 * chance()));
    const QString reason = event.reason.isEmpty() ? u"no reason given"_s : event.reason;
    wantReplacement(*up, at, u"the server will close the connection: %1"_s.arg(reason), m_now + in);
}

void ConnectionMachine::Run::wantReplacement(Up &up, Instant at, const QString &why, std::optional<Instant> until)
{
    if (!m_options.makeBeforeBreak)
        return;
    if (!up.replacement) {
        up.replacement = Attempt{.deadline = at, .why = why, .planned = at, .until = until};
    } else {
        Attempt &wanted = *up.replacement;
        if (!until || wanted.until) // what is wanted for another reason stays wanted after the announced end
            wanted.until = until;
        if (wanted.step == Step::Waiting) {
            wanted.why = why;
            wanted.deadline = std::max(std::min(wanted.deadline, at), wanted.earliest);
        }
    }
    if (m_now >= up.replacement->deadline)
        tick(*up.replacement);
}

// Whether the replacement on its way is what an ordinary retry would begin now.
bool ConnectionMachine::Run::takesOver(const Up &lost, const Judgement &judgement) const
{
    if (!lost.replacement || lost.replacement->step == Step::Waiting)
        return false;
    const bool isOpening = lost.replacement->step >= Step::Opening;
    switch (judgement.decision.action) {
    case RetryAction::Retry:
    case RetryAction::RetrySlowly:
        return true;
    case RetryAction::RefreshThenRetry: // with the same token it would be refused as well
        return isOpening && m.m_usesTokens && lost.replacement->token.fingerprint != lost.token.fingerprint;
    case RetryAction::Stop:
    case RetryAction::SignIn:
        return isOpening && judgement.closeCode == int(CloseCode::Replaced); // by that very replacement
    }
    return false;
}

void ConnectionMachine::Run::promoteReplacement(const Up &lost, const Outage &outage)
{
    Attempt next = *lost.replacement;
    add(PromoteReplacement{lost.id, next.id});
    if (next.step == Step::TokenAsked)
        next.token = lost.token;
    next.outage.link = outage.link;
    next.outage.tokenRefused = outage.tokenRefused;
    next.until.reset();
    m.m_state = next;
}

void ConnectionMachine::Run::on(const Drained &event)
{
    Up *up = std::get_if<Up>(&m.m_state);
    if (!up || !up->draining || up->draining->id != event.id)
        return;
    up->draining->deadline = std::min(up->draining->latest, m_now + event.linger);
    if (m_now >= up->draining->deadline)
        endDrain(*up);
}

void ConnectionMachine::Run::endDrain(Up &up)
{
    add(EndDrain{up.draining->id});
    up.draining.reset();
}

void ConnectionMachine::Run::endBesides(Up &up, int code)
{
    if (up.draining)
        endDrain(up);
    abandonReplacement(up, code);
    up.replacement.reset();
}

void ConnectionMachine::Run::abandonReplacement(const Up &up, int code)
{
    if (up.replacement && up.replacement->step != Step::Waiting)
        add(AbandonReplacement{up.replacement->id, code, u"not needed any more"_s});
}

} // namespace Watchword
