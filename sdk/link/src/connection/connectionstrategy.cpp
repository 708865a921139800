// SPDX-License-Identifier: Apache-2.0
// A Connection to a server that wants the token in its own way.
#include "connection/connection_p.h"

#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

// What is sent after the 101, and whether the server has to answer before the connection is in use.
bool Connection::Private::strategyOpened(Link &opened)
{
    if (!options.strategy || opened.watchword || !opened.transport)
        return false;
    for (const QString &text : options.strategy->afterUpgrade(usesTokens ? opened.token : AccessToken()))
        opened.transport->sendText(text);
    return options.strategy->awaitsReady();
}

void Connection::Private::onStrategyText(M::AttemptId id, const QString &text)
{
    const AuthStrategy::Reading reading = options.strategy->received(text);
    for (const AuthStrategy::Notice &notice : reading.notices) {
        const Link *from = linkOf(id);
        if (!from || !from->transport)
            return; // an earlier notice ended this connection
        onNotice(id, notice);
    }
    const Link *from = linkOf(id);
    if (!reading.application || !from || !from->transport)
        return;
    if (id == link.id ? holdsIncoming : successor && id == successor->id)
        holdBack({.id = id, .content = *reading.application, .isForApplication = true});
    else
        deliverText(*reading.application);
}

void Connection::Private::onNotice(M::AttemptId id, const AuthStrategy::Notice &notice)
{
    using Kind = AuthStrategy::Notice::Kind;
    std::optional<Instant> expiresAt;
    if (notice.tokenLifetime)
        expiresAt = clock.now() + *notice.tokenLifetime;
    switch (notice.kind) {
    case Kind::Ready: {
        const bool canRenew = usesTokens && options.strategy->renewal(linkOf(id)->token).has_value();
        post(M::Hello{.id = id,
                      .expiresAt = expiresAt,
                      .inBandRenewal = canRenew,
                      .heartbeat = notice.heartbeat,
                      .refreshBefore = {},
                      .keepsToken = !canRenew});
        break;
    }
    case Kind::Pong:
        onPong(id, notice.nonce);
        break;
    case Kind::Reply:
        linkOf(id)->transport->sendText(notice.text);
        break;
    case Kind::Renewed:
        post(M::RenewalAccepted{id, expiresAt});
        break;
    case Kind::RenewalRefused:
        post(M::RenewalRefused{id, notice.code});
        break;
    case Kind::Refused:
        onEnded(id, {.closeCode = notice.code, .error = Error(ErrorCode::ClosedByPeer, log.redact(notice.reason))});
        break;
    }
}

} // namespace Watchword
