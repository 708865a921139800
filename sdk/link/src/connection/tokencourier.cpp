// SPDX-License-Identifier: Apache-2.0
#include "connection/tokencourier.h"

#include "watchword/core/internal/futures.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using M = ConnectionMachine;

TokenCourier::TokenCourier(TokenProvider *provider, ConnectionContext &context)
    : m_context(context)
    , m_provider(provider)
    , m_isUsed(provider != nullptr)
{
}

void TokenCourier::request(const M::RequestToken &action)
{
    if (!m_provider) {
        m_context.post(M::TokenFailed{action.id, Error(ErrorCode::Cancelled, u"the token provider is gone"_s)});
        return;
    }
    whenDone(m_provider->requestToken(action.request), &m_waits,
             [this, id = action.id](const Result<AccessToken> &result) { onResult(id, result); });
}

void TokenCourier::onResult(Link::Id id, const Result<AccessToken> &result)
{
    const Result<void> usable = result ? canSend(*result) : Result<void>(result.error());
    if (!usable) {
        m_context.post(M::TokenFailed{id, usable.error()});
        return;
    }
    // An answer for an earlier attempt must not replace the token of this one.
    const bool isReplacement = id == m_context.machine.replacementId();
    if (!isReplacement && id != m_context.machine.attemptId())
        return;
    (isReplacement ? m_context.swap.openReplacement(id) : m_context.swap.current()).token = *result;
    std::optional<Instant> expiresAt;
    if (result->expiresAt)
        expiresAt = m_context.clock.now() + (*result->expiresAt - m_context.clock.wallNow());
    m_context.post(M::TokenReady{id, result->value.fingerprint(), expiresAt, result->subject});
}

Result<void> TokenCourier::canSend(const AccessToken &token) const
{
    if (token.isBound() && !token.proof) {
        return Error(ErrorCode::InvalidArgument, u"the token is bound to a key (DPoP) that is not here"_s)
            .withRemedy(u"Let the token provider give AccessToken::proof with it, as Session does."_s);
    }
    const AuthStrategy *const strategy = m_context.options.strategy.get();
    if (!token.isBound() || !strategy || strategy->upgrade(token).bearerHeader)
        return {};
    return Error(ErrorCode::InvalidArgument,
                 u"the token is bound to a key (DPoP), and ConnectionOptions::strategy sends it without a proof"_s)
        .withRemedy(u"Sign in without token binding for this server, or use one that takes the Authorization header."_s);
}

bool TokenCourier::isAt(const Link &link) const
{
    return m_isUsed && link.transport && !link.transport->authorizedUrl().isEmpty();
}

bool TokenCourier::rememberNonce(Link::Id id, const QJsonValue &value)
{
    const QByteArray nonce = value.toString().toLatin1();
    const Link *from = m_context.swap.linkOf(id);
    if (!from || !isAt(*from) || !from->token.proof || nonce.isEmpty())
        return false;
    from->token.proof->rememberNonce(from->transport->authorizedUrl(), nonce);
    return true;
}

void TokenCourier::renew(const M::SendRenewal &action)
{
    const Link &link = m_context.swap.current();
    if (!link.transport)
        return;
    const AccessToken &token = link.token;
    m_context.log.renewToken(link.id, token.value);
    if (const AuthStrategy *strategy = m_context.options.strategy.get(); strategy && !link.isWatchword()) {
        if (const auto renewal = strategy->renewal(token))
            link.transport->sendText(*renewal);
        return;
    }
    QJsonObject fields{{u"token"_s, QString::fromLatin1(token.value.reveal())}};
    if (token.isBound()) {
        const Result<RequestHeaders> headers = token.headersFor("GET", link.transport->authorizedUrl());
        if (!headers) {
            m_context.post(M::RenewalRefused{action.id, 0, M::RenewalRefused::Fault::Proof});
            return;
        }
        fields.insert(u"dpop"_s, QString::fromLatin1(headers->proof));
    }
    link.send(Frame(QLatin1StringView(FrameType::AuthRefresh), fields));
}

} // namespace Watchword
