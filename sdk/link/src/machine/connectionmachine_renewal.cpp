// SPDX-License-Identifier: Apache-2.0
// Renewal of the token on the live connection, as the ConnectionMachine decides it.
#include "machine/machinerun.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

Duration scaled(Duration duration, double factor)
{
    return Duration(qint64(double(duration.count()) * factor));
}

} // namespace

void ConnectionMachine::Run::scheduleRenewal(Up &up)
{
    up.renewal.reset();
    if (!up.token.expiresAt)
        return;
    const Duration lifetime = *up.token.expiresAt - m_now;
    Duration lead = up.refreshBefore > Duration::zero() ? up.refreshBefore : std::clamp<Duration>(lifetime / 5, 30s, 300s);
    // Jitter, so that clients that signed in together do not refresh together.
    lead = std::min(scaled(lead, 0.9 + 0.2 * chance()), lifetime / 2);
    const Instant at = std::max(*up.token.expiresAt - lead, m_now + 250ms);
    up.renewal = Renewing{.deadline = at};
}

void ConnectionMachine::Run::askForRenewal(Up &up, bool force)
{
    TokenRequest request;
    request.reason = TokenRequest::Reason::Renew;
    request.rejectedFingerprint = m.m_refused;
    // A token that outlives the present one is a newer one; the provider has to refresh for it.
    const Duration left = up.token.expiresAt ? *up.token.expiresAt - m_now : Duration::zero();
    request.minimumValidity = force ? std::max(left, Duration::zero()) + 1s : Duration::zero();
    const bool retried = up.renewal && up.renewal->retriedAfterRefusal;
    up.renewal =
        Renewing{.step = Renewing::Step::TokenAsked, .deadline = m_now + m_options.tokenTimeout, .retriedAfterRefusal = retried};
    add(RequestToken{up.id, request, u"renewal"_s});
}

void ConnectionMachine::Run::renewalToken(Up &up, const TokenReady &event)
{
    if (!up.renewal || up.renewal->step != Renewing::Step::TokenAsked)
        return;
    if (event.fingerprint == up.token.fingerprint || event.fingerprint == m.m_refused) {
        // Where the server does not mind, a token that ended may stay the only one for long.
        const bool isOver = up.token.expiresAt && *up.token.expiresAt <= m_now;
        const Instant soonest = m_now + (isOver ? 30s : 1s);
        scheduleRenewal(up);
        if (up.renewal)
            up.renewal->deadline = std::max(up.renewal->deadline, soonest);
        return;
    }
    if (!up.inBandRenewal) {
        renewByConnecting(up, u"token renewed; this server takes a new one only at connecting"_s);
        return;
    }
    up.renewal->step = Renewing::Step::Sent;
    up.renewal->deadline = m_now + m_options.renewTimeout;
    up.renewal->token = {event.fingerprint, event.expiresAt, up.token.subject};
    add(SendRenewal{up.id});
}

void ConnectionMachine::Run::renewByConnecting(Up &up, const QString &why)
{
    up.renewal.reset();
    if (m_options.makeBeforeBreak) {
        wantReplacement(up, m_now, why, {});
        return;
    }
    add(DropTransport{up.id, int(CloseCode::Normal)});
    begin(attemptAfter(Up(up)), why);
}

void ConnectionMachine::Run::retryRenewal(Up &up)
{
    Duration delay = 5s + scaled(5s, chance());
    if (up.token.expiresAt && *up.token.expiresAt > m_now)
        delay = std::min<Duration>(delay, std::max<Duration>(500ms, (*up.token.expiresAt - m_now) / 4));
    up.renewal = Renewing{.deadline = m_now + delay};
}

void ConnectionMachine::Run::on(const RenewalAccepted &event)
{
    Up *up = upOf(event.id);
    if (!up || !up->renewal || up->renewal->step != Renewing::Step::Sent)
        return;
    up->token = up->renewal->token;
    if (event.expiresAt)
        up->token.expiresAt = event.expiresAt;
    up->outage.tokenRefused = false;
    scheduleRenewal(*up);
    add(ReportRenewed{});
    add(ReportExpiry{up->token.expiresAt});
}

void ConnectionMachine::Run::on(const RenewalRefused &event)
{
    Up *up = upOf(event.id);
    if (!up || !up->renewal || up->renewal->step != Renewing::Step::Sent)
        return;
    using Fault = RenewalRefused::Fault;
    if (event.fault == Fault::Nonce && !std::exchange(up->renewal->retriedWithNonce, true)) {
        up->renewal->deadline = m_now + m_options.renewTimeout;
        add(SendRenewal{up->id});
        return;
    }
    if (event.fault == Fault::Key) {
        renewByConnecting(*up, u"token renewed; it is bound to another key"_s);
        return;
    }
    if (event.fault != Fault::Token) {
        add(ReportError{Error(ErrorCode::WrongNonce, u"the server did not accept the proof of the renewed token"_s)
                            .withCloseCode(event.code)});
        retryRenewal(*up);
        return;
    }
    m.m_refused = up->renewal->token.fingerprint;
    if (event.code == int(CloseCode::TokenInvalid)) {
        add(ReportError{
            Error(ErrorCode::IdentityChanged, u"the new token belongs to somebody else"_s).withCloseCode(event.code)});
        up->renewal.reset();
        return;
    }
    add(ReportError{Error(ErrorCode::Unauthorized, u"the server refused the renewed token"_s).withCloseCode(event.code)});
    const bool retried = up->renewal->retriedAfterRefusal;
    if (retried) {
        retryRenewal(*up);
        return;
    }
    up->renewal->retriedAfterRefusal = true;
    askForRenewal(*up, true);
}

void ConnectionMachine::Run::on(const RenewalDue &event)
{
    Up *up = upOf(event.id);
    if (up && mayAskForRenewal(*up))
        askForRenewal(*up, true);
}

bool ConnectionMachine::Run::mayAskForRenewal(const Up &up) const
{
    const bool idle = !up.renewal || up.renewal->step == Renewing::Step::Scheduled;
    const bool possible = up.inBandRenewal || (m_options.makeBeforeBreak && m.replacementId() == 0);
    return idle && possible && m.m_usesTokens;
}

} // namespace Watchword
