// SPDX-License-Identifier: Apache-2.0
// How a Connection sends its token again, and what it does about one that is bound to a key (RFC 9449).
#include "connection/connection_p.h"

namespace Watchword {

using namespace Qt::StringLiterals;

// Asked before an attempt and before a renewal: what cannot work must not cost a handshake.
Result<void> Connection::Private::canSend(const AccessToken &candidate) const
{
    if (candidate.isBound() && !candidate.proof) {
        return Error(ErrorCode::InvalidArgument, u"the token is bound to a key (DPoP) that is not here"_s)
            .withRemedy(u"Let the token provider give AccessToken::proof with it, as Session does."_s);
    }
    if (!candidate.isBound() || !options.strategy || options.strategy->upgrade(candidate).bearerHeader)
        return {};
    return Error(ErrorCode::InvalidArgument,
                 u"the token is bound to a key (DPoP), and ConnectionOptions::strategy sends it without a proof"_s)
        .withRemedy(u"Sign in without token binding for this server, or use one that takes the Authorization header."_s);
}

bool Connection::Private::tokenIsHere(const Link &at) const
{
    return usesTokens && at.transport && !at.transport->authorizedUrl().isEmpty();
}

bool Connection::Private::rememberNonce(M::AttemptId id, const QJsonValue &value)
{
    const QByteArray nonce = value.toString().toLatin1();
    const Link *from = linkOf(id);
    if (!from || !tokenIsHere(*from) || !from->token.proof || nonce.isEmpty())
        return false;
    from->token.proof->rememberNonce(from->transport->authorizedUrl(), nonce);
    return true;
}

void Connection::Private::onRenewalRefused(M::AttemptId id, const QJsonObject &fields)
{
    using Fault = M::RenewalRefused::Fault;
    // Also if the signer knew it: another connection may have told it since the proof was made.
    const bool hasNonce = rememberNonce(id, fields.value("nonce"_L1));
    const QString reason = fields.value("reason"_L1).toString();
    Fault fault = Fault::Token;
    if (reason == "use_dpop_nonce"_L1)
        fault = hasNonce ? Fault::Nonce : Fault::Proof;
    else if (reason == "invalid_dpop_proof"_L1)
        fault = Fault::Proof;
    else if (reason == "key_changed"_L1)
        fault = Fault::Key;
    post(M::RenewalRefused{id, fields.value("code"_L1).toInt(), fault});
}

void Connection::Private::perform(const M::SendRenewal &action)
{
    if (!link.transport)
        return;
    const AccessToken &token = link.token;
    log.renewToken(link.id, token.value);
    if (!link.watchword && options.strategy) {
        if (const auto renewal = options.strategy->renewal(token))
            link.transport->sendText(*renewal);
        return;
    }
    QJsonObject fields{{u"token"_s, QString::fromLatin1(token.value.reveal())}};
    if (token.isBound()) {
        const Result<RequestHeaders> headers = token.headersFor("GET", link.transport->authorizedUrl());
        if (!headers) {
            post(M::RenewalRefused{action.id, 0, M::RenewalRefused::Fault::Proof});
            return;
        }
        fields.insert(u"dpop"_s, QString::fromLatin1(headers->proof));
    }
    link.transport->sendText(Frame(QLatin1StringView(FrameType::AuthRefresh), fields).toText());
}

} // namespace Watchword
