// SPDX-License-Identifier: Apache-2.0
// The attempts of a Connection and their transports.
#include "connection/connection_p.h"
#include "transport/websockettransport_p.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

void Connection::Private::perform(const M::RequestToken &action)
{
    const bool isReplacement = machine.replacementId() == action.id;
    if (isReplacement)
        successor.emplace().id = action.id;
    if (isReplacement || (action.request.reason != TokenRequest::Reason::Renew && state == State::Connecting))
        beginRecord(action.id, action.why);
    if (!tokens) {
        post(M::TokenFailed{action.id, Error(ErrorCode::Cancelled, u"the token provider is gone"_s)});
        return;
    }
    whenDone(tokens->requestToken(action.request), q,
             [this, id = action.id](const Result<AccessToken> &result) { onTokenResult(id, result); });
}

void Connection::Private::onTokenResult(M::AttemptId id, const Result<AccessToken> &result)
{
    if (!result) {
        post(M::TokenFailed{id, result.error()});
        return;
    }
    // An answer for an earlier attempt must not replace the token of this one.
    if (id != machine.attemptId() && id != machine.replacementId())
        return;
    if (const Result<void> fits = canSend(*result); !fits) {
        post(M::TokenFailed{id, fits.error()});
        return;
    }
    AccessToken &token = successor && successor->id == id ? successor->token : link.token;
    token = *result;
    std::optional<Instant> expiresAt;
    if (token.expiresAt)
        expiresAt = clock.now() + (*token.expiresAt - clock.wallNow());
    post(M::TokenReady{id, token.value.fingerprint(), expiresAt, token.subject});
}

void Connection::Private::perform(const M::StartTransport &action)
{
    const M::AttemptId id = action.id;
    const bool isReplacement = machine.replacementId() == id;
    if (isReplacement && !successor)
        successor.emplace().id = id;
    if (!isReplacement)
        retire(link);
    if (usesTokens)
        log.setToken(id, (isReplacement ? *successor : link).token.value);
    else
        beginRecord(id, action.why);
    Link &opening = isReplacement ? *successor : link;
    opening.id = id;
    ConnectionOptions effective = options;
    effective.clock = &clock;
    AuthStrategy::Upgrade how;
    if (options.strategy)
        how = options.strategy->upgrade(usesTokens ? opening.token : AccessToken());
    if (usesTokens && !how.bearerHeader)
        effective.maximumRedirects = 0; // only the header can be left out of the request to another origin
    effective.subprotocols = how.subprotocols + effective.subprotocols;
    opening.transport = options.transport ? options.transport(effective) : makeWebSocketTransport(effective);
    watch(opening.transport.get(), id);
    opening.transport->start(usesTokens && how.bearerHeader ? opening.token : AccessToken());
}

void Connection::Private::watch(Transport *t, M::AttemptId id)
{
    QObject::connect(t, &Transport::phaseReached, q, [this, id](AttemptPhase phase) { log.reach(id, phase); });
    QObject::connect(t, &Transport::opened, q, [this, id](const QString &chosen) { onOpened(id, chosen); });
    QObject::connect(t, &Transport::ended, q, [this, id](const TransportEnd &end) { onEnded(id, end); });
    const auto sink = [this, id](const QString &text) { onText(id, text); };
    if (auto *direct = qobject_cast<WebSocketTransport *>(t))
        direct->setTextSink(sink);
    else
        QObject::connect(t, &Transport::textReceived, q, sink);
    QObject::connect(t, &Transport::binaryReceived, q, [this, id](const QByteArray &bytes) { onBinary(id, bytes); });
    QObject::connect(t, &Transport::activity, q, [this, id] {
        if (id == link.id)
            machine.noteActivity(clock.now());
    });
    QObject::connect(t, &Transport::bytesWritten, q, [this, id] {
        if (id == link.id)
            onBytesWritten();
    });
    QObject::connect(t, &Transport::noticed, q, [this](const Error &problem) {
        qCWarning(logLink).noquote() << redactedUrl(options.url) << problem.toString() << '-' << problem.remedy();
        Q_EMIT q->errorOccurred(problem);
    });
    QObject::connect(t, &Transport::pongReceived, q,
                     [this, id](const QByteArray &payload) { onPong(id, payload.toULongLong()); });
}

void Connection::Private::onOpened(M::AttemptId id, const QString &chosen)
{
    Link *const opened = linkOf(id);
    if (!opened)
        return;
    log.reach(id, AttemptPhase::Hello);
    log.setSubprotocol(id, chosen);
    opened->watchword = options.offerWatchword && chosen == QLatin1StringView(kSubprotocol);
    opened->subprotocol = chosen;
    opened->session.clear();
    opened->largestMessage = 0;
    opened->serverTimeMs.reset();
    if (opened == &link)
        Q_EMIT q->negotiatedChanged();
    // A slot may have ended it.
    const bool awaitsAnswer = linkOf(id) && strategyOpened(*linkOf(id));
    post(M::Upgraded{id, (linkOf(id) && linkOf(id)->watchword) || awaitsAnswer});
}

void Connection::Private::onEnded(M::AttemptId id, const TransportEnd &end)
{
    Link *const ended = linkOf(id);
    if (!ended)
        return;
    const bool isAttempt = state == State::Connecting || ended != &link;
    TransportEnd redacted = end;
    redacted.error = log.redact(end.error);
    if (hints && hints->isBehindCaptivePortal() && isAttempt)
        redacted.error = Error(ErrorCode::CaptivePortal, redacted.error.toString());
    if (machine.isAlive(id))
        log.setEnd(id, redacted);
    retire(*ended);
    post(M::Ended{id, redacted});
}

// Silent from now on, but deleted later: this may run inside one of its signals.
void Connection::Private::retire(Link &gone)
{
    if (!gone.transport)
        return;
    gone.transport->disconnect(q);
    gone.transport->abort();
    gone.transport.release()->deleteLater();
    const M::AttemptId id = gone.id;
    if (&gone == &link) {
        offersReady = false;
        holdsOutgoing = false;
        outgoing.clear();
        outgoingBytes = 0;
        roomsDown();
    }
    outbox.linkLost(id);
    requests.linkLost(id);
}

void Connection::Private::perform(const M::CloseTransport &action)
{
    requests.failAll(Error(ErrorCode::Cancelled, u"closed by the application"_s));
    if (link.transport)
        link.transport->close(action.code, action.reason);
}

void Connection::Private::perform(const M::DropTransport &action)
{
    Link *const gone = linkOf(action.id);
    if (!gone)
        return;
    if (gone->transport && action.code)
        gone->transport->close(action.code, {});
    retire(*gone);
}

void Connection::Private::perform(const M::SendPing &action)
{
    if (Link *to = linkOf(action.id))
        sendPing(*to, action.nonce);
}

void Connection::Private::sendPing(Link &to, quint64 nonce)
{
    if (!to.transport)
        return;
    if (to.watchword)
        to.transport->sendText(Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, qint64(nonce)}}).toText());
    else if (const auto ping = options.strategy ? options.strategy->ping(nonce) : std::nullopt)
        to.transport->sendText(*ping);
    else
        to.transport->ping(QByteArray::number(nonce));
}

} // namespace Watchword
