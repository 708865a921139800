// SPDX-License-Identifier: Apache-2.0
// The attempts of a Connection and their transports, and how one takes the place of another.
#include "connection/connection_p.h"
#include "transport/textsource.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// Of the ping behind everything that was sent on the connection that leaves; heartbeats count from 1.
constexpr quint64 kLastPing = 9'000'000'000'000'000;

// Who cannot be asked what is outstanding is done when it is silent for this part of the time.
constexpr int kQuietPart = 4;

} // namespace

void Connection::Private::perform(const M::RequestToken &action)
{
    const bool isReplacement = machine.replacementId() == action.id;
    if (isReplacement)
        swap.arrive(action.id);
    // After a refused token nobody knows yet whether there will be another try.
    if (!isReplacement && facts.state == State::Connecting && action.request.reason != TokenRequest::Reason::Rejected)
        finishRecord(std::exchange(recordId, action.id), u"tries again at once: "_s + action.why, true);
    if (isReplacement || facts.state == State::Connecting)
        log.begin(action.id, options.url, action.why);
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
    const bool isReplacement = swap.arriving() && swap.arriving()->id == id;
    (isReplacement ? *swap.arriving() : swap.current()).token = *result;
    std::optional<Instant> expiresAt;
    if (result->expiresAt)
        expiresAt = clock.now() + (*result->expiresAt - clock.wallNow());
    post(M::TokenReady{id, result->value.fingerprint(), expiresAt, result->subject});
}

void Connection::Private::perform(const M::StartTransport &action)
{
    const M::AttemptId id = action.id;
    const bool isReplacement = machine.replacementId() == id;
    if (!isReplacement) {
        retire(swap.current());
        swap.forget(swap.current().id);
        if (const M::AttemptId before = std::exchange(recordId, id); before != id)
            finishRecord(before, u"tries again at once: "_s + action.why, true);
    }
    Link &opening = isReplacement ? swap.arrive(id) : swap.current();
    opening.id = id;
    opening.stage = Link::Stage::Opening;
    if (usesTokens)
        log.setToken(id, opening.token.value);
    else
        log.begin(id, options.url, action.why);
    ConnectionOptions effective = options;
    effective.clock = &clock;
    effective.offerWatchword = options.offerWatchword && action.offersWatchword;
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
    if (auto *direct = dynamic_cast<TextSource *>(t))
        direct->setTextSink(sink);
    else
        QObject::connect(t, &Transport::textReceived, q, sink);
    QObject::connect(t, &Transport::binaryReceived, q, [this, id](const QByteArray &bytes) { onBinary(id, bytes); });
    QObject::connect(t, &Transport::activity, q, [this, id] {
        if (id == swap.current().id)
            machine.noteActivity(clock.now());
    });
    QObject::connect(t, &Transport::bytesWritten, q, [this, id] {
        if (id == swap.current().id)
            sender.noteBytesWritten();
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
    Link *const opened = swap.linkOf(id);
    if (!opened)
        return;
    log.reach(id, AttemptPhase::Hello);
    log.setSubprotocol(id, chosen);
    const bool isWatchword = options.offerWatchword && chosen == QLatin1StringView(kSubprotocol);
    opened->speech = isWatchword ? Link::Speech::Watchword : Link::Speech::Plain;
    opened->subprotocol = chosen;
    opened->session.clear();
    opened->largestMessage = 0;
    opened->serverTimeMs.reset();
    if (opened == &swap.current()) {
        noteNegotiated();
        Q_EMIT q->negotiatedChanged();
    }
    // A slot may have ended it.
    const bool awaitsAnswer = swap.linkOf(id) && strategyOpened(*swap.linkOf(id));
    // Some servers repeat the first subprotocol that they are offered. If there are others it must choose one of those.
    M::Upgraded upgraded{.id = id, .watchword = isWatchword || awaitsAnswer};
    const bool wantsOther = options.strategy || !options.subprotocols.isEmpty();
    if (isWatchword)
        upgraded.withoutHello = wantsOther ? M::WithoutHello::IsOfferedNothing : M::WithoutHello::IsPlain;
    upgraded.needsHello = sender.needsWatchword() || !rooms.isEmpty();
    post(upgraded);
}

void Connection::Private::onEnded(M::AttemptId id, const TransportEnd &end)
{
    Link *const ended = swap.linkOf(id);
    if (!ended)
        return;
    const bool isAttempt = facts.state == State::Connecting || ended != &swap.current();
    TransportEnd redacted = end;
    redacted.error = log.redact(end.error);
    if (isAttempt && surroundings.isBehindCaptivePortal())
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
    gone.stage = Link::Stage::Ending;
    if (&gone == &swap.current())
        rooms.linkDown();
    sender.linkLost(gone.id);
}

void Connection::Private::perform(const M::CloseTransport &action)
{
    sender.closing(Error(ErrorCode::Cancelled, u"closed by the application"_s));
    if (const Link &link = swap.current(); link.transport)
        link.transport->close(action.code, action.reason);
}

void Connection::Private::perform(const M::DropTransport &action)
{
    Link *const gone = swap.linkOf(action.id);
    if (!gone)
        return;
    if (gone->transport && action.code)
        gone->transport->close(action.code, {});
    retire(*gone);
}

void Connection::Private::perform(const M::SendPing &action)
{
    if (Link *to = swap.linkOf(action.id))
        sendPing(*to, action.nonce);
}

void Connection::Private::sendPing(Link &to, quint64 nonce)
{
    if (!to.transport)
        return;
    if (to.isWatchword())
        to.transport->sendText(Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, qint64(nonce)}}).toText());
    else if (const auto ping = options.strategy ? options.strategy->ping(nonce) : std::nullopt)
        to.transport->sendText(*ping);
    else
        to.transport->ping(QByteArray::number(nonce));
}

void Connection::Private::perform(const M::SwapTransport &action)
{
    if (!swap.arriving() || swap.arriving()->id != action.to)
        return;
    log.reach(action.to, AttemptPhase::Ready);
    const Facts before = facts;
    swap.takeOver();
    swap.current().stage = Link::Stage::InUse;
    recordId = action.to;
    warnedOf.reset();
    ++counts.replacements;
    readySince = clock.now();
    sendPing(*swap.leaving(), kLastPing);
    noteNegotiated();
    tell(before);
    Q_EMIT q->metricsChanged();
    Q_EMIT q->replaced();
    Q_EMIT q->ready();
}

void Connection::Private::perform(const M::EndDrain &action)
{
    if (!swap.leaving() || swap.leaving()->id != action.id)
        return;
    Link gone = swap.endDrain();
    if (gone.transport)
        gone.transport->close(int(CloseCode::Normal), {});
    sender.linkDrained(gone);
    retire(gone);
    finishRecord(gone.id, u"replaced by #%1"_s.arg(log.number(swap.current().id)), false);
    sender.noteBytesWritten();
    rooms.linkDown();
    if (swap.current().isWatchword() && swap.current().transport)
        rooms.linkUp();
    sender.pump();
    deliverHeldBack();
}

void Connection::Private::perform(const M::PromoteReplacement &action)
{
    retire(swap.current());
    finishRecord(action.lost, u"its replacement #%1 is the next attempt"_s.arg(log.number(action.id)), true);
    const Facts before = facts;
    swap.promote();
    recordId = action.id;
    noteNegotiated();
    tell(before);
}

void Connection::Private::perform(const M::AbandonReplacement &action)
{
    if (const Link *arriving = swap.arriving(); arriving && arriving->transport && action.code)
        arriving->transport->close(action.code, {});
    discardReplacement();
    finishRecord(action.id, action.why, false);
}

void Connection::Private::perform(const M::ReportReplacement &action)
{
    discardReplacement();
    qCInfo(logLink).noquote() << redactedUrl(options.url) << action.error.toString() << '-' << action.why;
    Q_EMIT q->errorOccurred(action.error);
    finishRecord(action.id, action.why, action.until.has_value(), action.until ? dateOf(*action.until) : QDateTime());
}

void Connection::Private::discardReplacement()
{
    Link gone = swap.discard();
    retire(gone);
}

void Connection::Private::onPong(M::AttemptId id, quint64 nonce)
{
    if (!swap.leaving() || id != swap.leaving()->id) {
        post(M::Pong{id, nonce});
        return;
    }
    const bool isUnnumbered = nonce == 0; // some protocols do not repeat the number
    if (swap.isOverlapping() && (nonce == kLastPing || isUnnumbered)) {
        swap.releaseOutgoing();
        sender.noteBytesWritten();
    }
    checkDrained();
}

void Connection::Private::checkDrained()
{
    const Link *const leaving = swap.leaving();
    if (!leaving || swap.isOverlapping())
        return;
    const M::AttemptId id = leaving->id;
    if (!leaving->isWatchword()) {
        post(M::Drained{id, options.drainTimeout / kQuietPart});
        return;
    }
    sender.pump();
    if (!sender.isUnderWay(id))
        post(M::Drained{id});
}

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
    const Link *from = swap.linkOf(id);
    if (!from || !tokenIsHere(*from) || !from->token.proof || nonce.isEmpty())
        return false;
    from->token.proof->rememberNonce(from->transport->authorizedUrl(), nonce);
    return true;
}

void Connection::Private::perform(const M::SendRenewal &action)
{
    const Link &link = swap.current();
    if (!link.transport)
        return;
    const AccessToken &token = link.token;
    log.renewToken(link.id, token.value);
    if (!link.isWatchword() && options.strategy) {
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

// What is sent after the 101, and whether the server has to answer before the connection is in use.
bool Connection::Private::strategyOpened(Link &opened)
{
    if (!options.strategy || opened.isWatchword() || !opened.transport)
        return false;
    for (const QString &text : options.strategy->afterUpgrade(usesTokens ? opened.token : AccessToken()))
        opened.transport->sendText(text);
    return options.strategy->awaitsReady();
}

} // namespace Watchword
