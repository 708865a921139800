// SPDX-License-Identifier: Apache-2.0
#include "machine/tokenrenewal.h"

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

TokenRenewal::TokenRenewal(TokenFacts held, Way way, Duration before)
    : m_held(std::move(held))
    , m_way(way)
    , m_before(before)
    , m_step(Off())
{
}

std::optional<Instant> TokenRenewal::deadline() const
{
    return std::holds_alternative<Off>(m_step) ? std::nullopt : std::optional(m_deadline);
}

void TokenRenewal::enter(Step step, Instant deadline)
{
    m_step = std::move(step);
    m_deadline = deadline;
}

void TokenRenewal::schedule(LinkStep &step)
{
    m_step = Off();
    if (!m_held.expiresAt)
        return;
    const Duration lifetime = *m_held.expiresAt - step.now;
    Duration lead = m_before > Duration::zero() ? m_before : std::clamp<Duration>(lifetime / 5, 30s, 300s);
    // Jitter, so that clients that signed in together do not refresh together.
    lead = std::min(scaled(lead, 0.9 + 0.2 * step.context.chance()), lifetime / 2);
    enter(Scheduled(), std::max(*m_held.expiresAt - lead, step.now + 250ms));
}

void TokenRenewal::ask(LinkEvents::AttemptId id, Duration minimumValidity, LinkStep &step)
{
    const Sent *const before = std::get_if<Sent>(&m_step);
    TokenRequest request;
    request.reason = TokenRequest::Reason::Renew;
    request.rejectedFingerprint = step.context.refused;
    request.minimumValidity = minimumValidity;
    enter(TokenAsked{before ? before->refusals : 0}, step.now + step.context.options().tokenTimeout);
    step.add(LinkActions::RequestToken{id, request, u"renewal"_s});
}

void TokenRenewal::askForNewer(LinkEvents::AttemptId id, LinkStep &step)
{
    // A token that outlives the present one is a newer one; the provider has to refresh for it.
    const Duration left = m_held.expiresAt ? *m_held.expiresAt - step.now : Duration::zero();
    ask(id, std::max(left, Duration::zero()) + 1s, step);
}

void TokenRenewal::tick(LinkEvents::AttemptId id, LinkStep &step)
{
    if (std::holds_alternative<Off>(m_step) || step.now < m_deadline)
        return;
    if (isDue(step.now)) {
        askForNewer(id, step);
        return;
    }
    step.add(LinkActions::ReportError{Error(ErrorCode::Timeout, u"the renewal of the token was not answered in time"_s)});
    retry(step);
}

void TokenRenewal::retry(LinkStep &step)
{
    Duration delay = 5s + scaled(5s, step.context.chance());
    if (m_held.expiresAt && *m_held.expiresAt > step.now)
        delay = std::min<Duration>(delay, std::max<Duration>(500ms, (*m_held.expiresAt - step.now) / 4));
    enter(Scheduled(), step.now + delay);
}

std::optional<QString> TokenRenewal::on(const LinkEvents::TokenReady &event, LinkStep &step)
{
    const TokenAsked *const asked = std::get_if<TokenAsked>(&m_step);
    if (!asked)
        return std::nullopt;
    if (event.fingerprint == m_held.fingerprint || event.fingerprint == step.context.refused) {
        // Where the server does not mind, a token that ended may stay the only one for long.
        const bool isOver = m_held.expiresAt && *m_held.expiresAt <= step.now;
        schedule(step);
        m_deadline = std::max(m_deadline, step.now + (isOver ? 30s : 1s));
        return std::nullopt;
    }
    if (m_way == Way::ByConnecting)
        return u"token renewed; this server takes a new one only at connecting"_s;
    enter(Sent{.token = {event.fingerprint, event.expiresAt, m_held.subject}, .refusals = asked->refusals},
          step.now + step.context.options().renewTimeout);
    step.add(LinkActions::SendRenewal{event.id});
    return std::nullopt;
}

void TokenRenewal::on(const LinkEvents::TokenFailed &event, LinkStep &step)
{
    if (!std::holds_alternative<TokenAsked>(m_step))
        return;
    step.add(LinkActions::ReportError{event.error});
    // Only a person can help now; the connection may live until the server ends it.
    if (event.error.condition() == ErrorCondition::Unauthorized)
        stop();
    else
        retry(step);
}

bool TokenRenewal::on(const LinkEvents::RenewalAccepted &event, LinkStep &step)
{
    const Sent *const sent = std::get_if<Sent>(&m_step);
    if (!sent)
        return false;
    m_held = sent->token;
    if (event.expiresAt)
        m_held.expiresAt = event.expiresAt;
    schedule(step);
    step.add(LinkActions::ReportRenewed{});
    step.add(LinkActions::ReportExpiry{m_held.expiresAt});
    return true;
}

std::optional<QString> TokenRenewal::on(const LinkEvents::RenewalRefused &event, LinkStep &step)
{
    using Fault = LinkEvents::RenewalRefused::Fault;
    Sent *const sent = std::get_if<Sent>(&m_step);
    if (!sent)
        return std::nullopt;
    switch (event.fault) {
    case Fault::Token:
        refused(event, Sent(*sent), step);
        return std::nullopt;
    case Fault::Key:
        return u"token renewed; it is bound to another key"_s;
    case Fault::Nonce:
        if (sent->nonces++ > 0)
            break;
        m_deadline = step.now + step.context.options().renewTimeout;
        step.add(LinkActions::SendRenewal{event.id});
        return std::nullopt;
    case Fault::Proof:
        break;
    }
    step.add(LinkActions::ReportError{
        Error(ErrorCode::WrongNonce, u"the server did not accept the proof of the renewed token"_s).withCloseCode(event.code)});
    retry(step);
    return std::nullopt;
}

void TokenRenewal::refused(const LinkEvents::RenewalRefused &event, const Sent &sent, LinkStep &step)
{
    step.context.refused = sent.token.fingerprint;
    const bool isSomebodyElses = event.code == int(CloseCode::TokenInvalid);
    const Error error = isSomebodyElses ? Error(ErrorCode::IdentityChanged, u"the new token belongs to somebody else"_s)
                                        : Error(ErrorCode::Unauthorized, u"the server refused the renewed token"_s);
    step.add(LinkActions::ReportError{error.withCloseCode(event.code)});
    if (isSomebodyElses) {
        stop();
    } else if (sent.refusals > 0) {
        retry(step);
    } else {
        std::get<Sent>(m_step).refusals = 1;
        askForNewer(event.id, step);
    }
}

} // namespace Watchword
