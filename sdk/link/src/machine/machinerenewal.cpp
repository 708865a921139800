// SPDX-License-Identifier: Apache-2.0
// Renewal of the token on the live connection, as the ConnectionMachine decides it; and how actions read in
// logs.
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
    if (!m.m_tokenExpiresAt)
        return;
    const Duration lifetime = *m.m_tokenExpiresAt - m_now;
    Duration lead = up.refreshBefore > Duration::zero() ? up.refreshBefore : std::clamp<Duration>(lifetime / 5, 30s, 300s);
    // Jitter, so that clients that signed in together do not refresh together.
    lead = std::min(scaled(lead, 0.9 + 0.2 * chance()), lifetime / 2);
    const Instant at = std::max(*m.m_tokenExpiresAt - lead, m_now + 250ms);
    up.renewal = Renewing{.deadline = at};
}

void ConnectionMachine::Run::askForRenewal(Up &up, bool force)
{
    TokenRequest request;
    request.reason = TokenRequest::Reason::Renew;
    request.rejectedFingerprint = m.m_refused;
    // A token that outlives the present one is a newer one; the provider has to refresh for it.
    const Duration left = m.m_tokenExpiresAt ? *m.m_tokenExpiresAt - m_now : Duration::zero();
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
    if (event.fingerprint == m.m_fingerprint || event.fingerprint == m.m_refused) {
        // Where the server does not mind, a token that ended may stay the only one for long.
        const bool isOver = m.m_tokenExpiresAt && *m.m_tokenExpiresAt <= m_now;
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
    up.renewal->fingerprint = event.fingerprint;
    up.renewal->expiresAt = event.expiresAt;
    add(SendRenewal{up.id});
}

void ConnectionMachine::Run::renewByConnecting(Up &up, const QString &why)
{
    up.renewal.reset();
    if (m_options.makeBeforeBreak) {
        wantReplacement(up, m_now, why, {});
        return;
    }
    const AttemptId id = up.id;
    drop(id, int(CloseCode::Normal));
    beginAttempt(why);
}

void ConnectionMachine::Run::retryRenewal(Up &up)
{
    Duration delay = 5s + scaled(5s, chance());
    if (m.m_tokenExpiresAt && *m.m_tokenExpiresAt > m_now)
        delay = std::min<Duration>(delay, std::max<Duration>(500ms, (*m.m_tokenExpiresAt - m_now) / 4));
    up.renewal = Renewing{.deadline = m_now + delay};
}

void ConnectionMachine::Run::on(const RenewalAccepted &event)
{
    Up *up = upOf(event.id);
    if (!up || !up->renewal || up->renewal->step != Renewing::Step::Sent)
        return;
    m.m_fingerprint = up->renewal->fingerprint;
    m.m_tokenExpiresAt = event.expiresAt ? event.expiresAt : up->renewal->expiresAt;
    m.m_refusedInARow = false;
    scheduleRenewal(*up);
    add(ReportRenewed{});
    add(ReportExpiry{m.m_tokenExpiresAt});
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
    m.m_refused = up->renewal->fingerprint;
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

namespace {

struct ActionText
{
    using M = ConnectionMachine;

    QString operator()(const M::RequestToken &a) const
    {
        static constexpr const char *names[] = {"Connect", "Renew", "Rejected", "Application"};
        const QString refused = a.request.rejectedFingerprint;
        return u"RequestToken %1 %2 %3"_s.arg(a.id).arg(QLatin1StringView(names[int(a.request.reason)]),
                                                        refused.isEmpty() ? u"-"_s : refused);
    }
    QString operator()(const M::StartTransport &a) const { return u"StartTransport %1"_s.arg(a.id); }
    QString operator()(const M::CloseTransport &a) const { return u"CloseTransport %1 %2"_s.arg(a.id).arg(a.code); }
    QString operator()(const M::DropTransport &a) const { return u"DropTransport %1 %2"_s.arg(a.id).arg(a.code); }
    QString operator()(const M::SendPing &a) const { return u"SendPing %1 %2"_s.arg(a.id).arg(a.nonce); }
    QString operator()(const M::SendRenewal &a) const { return u"SendRenewal %1"_s.arg(a.id); }
    QString operator()(const M::BecomeReady &a) const { return u"BecomeReady %1"_s.arg(a.id); }
    QString operator()(const M::ReportRenewed &) const { return u"ReportRenewed"_s; }
    QString operator()(const M::ReportExpiry &a) const
    {
        return a.expiresAt ? u"ReportExpiry %1"_s.arg(a.expiresAt->time_since_epoch().count()) : u"ReportExpiry -"_s;
    }
    QString operator()(const M::ReportRtt &a) const { return u"ReportRtt %1"_s.arg(a.rtt.count()); }
    QString operator()(const M::ReportError &a) const { return u"ReportError %1"_s.arg(a.error.codeName()); }
    QString operator()(const M::ReportWait &a) const
    {
        return u"ReportWait %1 %2 until %3"_s.arg(a.id).arg(a.error.codeName()).arg(a.until.time_since_epoch().count());
    }
    QString operator()(const M::ReportClosed &a) const
    {
        return u"ReportClosed %1 %2%3"_s.arg(a.id).arg(a.reason.codeName(), a.personNeeded ? u" person"_s : QString());
    }
    QString operator()(const M::SwapTransport &a) const { return u"SwapTransport %1 %2"_s.arg(a.from).arg(a.to); }
    QString operator()(const M::EndDrain &a) const { return u"EndDrain %1"_s.arg(a.id); }
    QString operator()(const M::PromoteReplacement &a) const { return u"PromoteReplacement %1 %2"_s.arg(a.lost).arg(a.id); }
    QString operator()(const M::AbandonReplacement &a) const { return u"AbandonReplacement %1 %2"_s.arg(a.id).arg(a.code); }
    QString operator()(const M::ReportReplacement &a) const
    {
        const QString until = a.until ? QString::number(a.until->time_since_epoch().count()) : u"-"_s;
        return u"ReportReplacement %1 %2 until %3"_s.arg(a.id).arg(a.error.codeName(), until);
    }
};

} // namespace

QString ConnectionMachine::toString(const Action &action)
{
    return std::visit(ActionText{}, action);
}

} // namespace Watchword
