// SPDX-License-Identifier: Apache-2.0
// What comes to a Connection: messages, frames about the connection, and what servers of other protocols say.
#include "connection/connection_p.h"
#include "transport/upgrade.h"

#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"

#include <QMetaMethod>

#include <algorithm>
#include <array>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestId = 128;

std::optional<Duration> secondsMember(const QJsonObject &fields, QLatin1StringView name)
{
    const double value = fields.value(name).toDouble(-1);
    if (value <= 0 || value > 7 * 24 * 3600)
        return std::nullopt;
    return Duration(qint64(value * 1000));
}

bool isHello(const QString &text)
{
    const Result<Frame> frame = Frame::parse(text);
    return frame && frame->type() == QLatin1StringView(FrameType::Hello);
}

Result<PolicyChanges> policyOf(const QJsonObject &hello)
{
    const QJsonValue policy = hello.value("policy"_L1);
    if (policy.isUndefined())
        return PolicyChanges();
    if (!policy.isObject())
        return Error(ErrorCode::ProtocolViolation, u"policy: not an object"_s);
    return PolicyChanges::fromJson(policy.toObject());
}

// What a frame type is about: the connection that carries it, now, or what the application sees in its order.
bool isAboutTheConnection(const QString &type)
{
    static constexpr std::array types{FrameType::Hello,   FrameType::AuthOk, FrameType::AuthFail,
                                      FrameType::AuthDue, FrameType::Bye,    FrameType::Reconnect};
    return std::any_of(types.begin(), types.end(), [&type](const char *name) { return type == QLatin1StringView(name); });
}

bool isForNow(const QString &type)
{
    static constexpr std::array types{FrameType::Ping, FrameType::Pong, FrameType::Ack};
    return isAboutTheConnection(type)
        || std::any_of(types.begin(), types.end(), [&type](const char *name) { return type == QLatin1StringView(name); });
}

} // namespace

void Connection::Private::onText(M::AttemptId id, const QString &text)
{
    if (Link &link = swap.current(); id == link.id && !swap.holdsIncoming())
        takeText(link, text);
    else
        onTextBeside(id, text);
}

void Connection::Private::takeText(Link &from, const QString &text)
{
    const bool isControl = from.speech != Link::Speech::Plain && Frame::isControl(text);
    const bool isFirst = from.speech == Link::Speech::PresumedPlain;
    if (isFirst)
        from.speech = Link::Speech::Plain;
    if (isFirst && isControl && isHello(text))
        post(M::Hello{.id = from.id, .expiresAt = {}, .heartbeat = {}, .refreshBefore = {}});
    else if (!from.isWatchword() && options.strategy)
        onStrategyText(from.id, text);
    else if (!from.isWatchword())
        deliverText(text);
    else if (isControl)
        onFrame(from.id, text);
    else if (from.stage == Link::Stage::Opening)
        spokePlainly({.id = from.id, .content = text});
    else
        deliverText(Frame::unescape(text));
}

// Anything but the messages of the connection in use on an ordinary day.
void Connection::Private::onTextBeside(M::AttemptId id, const QString &text)
{
    const Link *from = swap.linkOf(id);
    if (!from)
        return;
    if (from == swap.leaving()) {
        onTextOfLeaving(*from, text);
        return;
    }
    if (!from->isWatchword() && options.strategy) {
        onStrategyText(id, text);
        return;
    }
    const bool isControl = from->isWatchword() && Frame::isControl(text);
    const Result<Frame> frame = isControl ? Frame::parse(text) : Result<Frame>(Error(ErrorCode::ProtocolViolation));
    if (frame && isForNow(frame->type()))
        onFrame(id, text);
    else if (from->isWatchword() && from->stage == Link::Stage::Opening && !isControl)
        spokePlainly({.id = id, .content = text});
    else
        holdBack({.id = id, .content = text});
}

void Connection::Private::onTextOfLeaving(const Link &from, const QString &text)
{
    const M::AttemptId id = from.id;
    if (!from.isWatchword() && options.strategy) {
        onStrategyText(id, text);
    } else if (!from.isWatchword()) {
        deliverText(text);
    } else if (!Frame::isControl(text)) {
        deliverText(Frame::unescape(text));
    } else {
        // What it says of itself does not matter any more.
        const Result<Frame> frame = Frame::parse(text);
        if (!frame || !isAboutTheConnection(frame->type()))
            onFrame(id, text);
    }
    checkDrained();
}

void Connection::Private::onBinary(M::AttemptId id, const QByteArray &bytes)
{
    Link *const from = swap.linkOf(id);
    if (!from)
        return;
    if (from->speech == Link::Speech::PresumedPlain)
        from->speech = Link::Speech::Plain;
    const bool isLeaving = from == swap.leaving();
    if (from->isWatchword() && from->stage == Link::Stage::Opening)
        spokePlainly({.id = id, .content = bytes});
    else if (isLeaving || (from == &swap.current() && !swap.holdsIncoming()))
        deliverBinary(bytes);
    else
        holdBack({.id = id, .content = bytes});
    if (isLeaving)
        checkDrained();
}

// Before "hello": a server of watchword.v1 would have said that first.
void Connection::Private::spokePlainly(HeldBack message)
{
    const M::AttemptId id = message.id;
    holdBack(std::move(message));
    post(M::SpokePlainly{id});
}

void Connection::Private::holdBack(HeldBack message)
{
    const M::AttemptId id = message.id;
    if (swap.holdBack(std::move(message)) <= options.drainBytes)
        return;
    if (swap.leaving())
        post(M::Drained{swap.leaving()->id});
    else
        onEnded(
            id,
            {.error = Error(ErrorCode::ProtocolViolation,
                            u"the server sent more than %1 bytes before it accepted the connection"_s.arg(options.drainBytes))});
}

void Connection::Private::deliverHeldBack()
{
    while (const std::optional<HeldBack> message = swap.takeHeldBack()) {
        Link *const from = swap.linkOf(message->id);
        if (const QByteArray *bytes = std::get_if<QByteArray>(&message->content))
            deliverBinary(*bytes);
        else if (const QString &text = std::get<QString>(message->content); message->isForApplication)
            deliverText(text);
        else
            takeText(from ? *from : swap.current(), text);
    }
}

// Only the conversions that somebody listens to are made.
void Connection::Private::deliverText(const QString &text)
{
    ++counts.messagesReceived;
    counts.bytesReceived += utf8Size(text);
    Q_EMIT q->textReceived(text);
    Bytes wanted = bytes.load(std::memory_order_relaxed);
    if (wanted == Bytes::Unknown) {
        Bytes asked = Bytes::Asked; // another thread may connect meanwhile: then the answer is not kept
        bytes = asked;
        wanted = q->isSignalConnected(QMetaMethod::fromSignal(&Connection::messageReceived)) ? Bytes::Wanted : Bytes::Unwanted;
        bytes.compare_exchange_strong(asked, wanted);
    }
    if (wanted != Bytes::Unwanted)
        Q_EMIT q->messageReceived(text.toUtf8());
}

void Connection::Private::deliverBinary(const QByteArray &bytes)
{
    ++counts.messagesReceived;
    counts.bytesReceived += bytes.size();
    Q_EMIT q->binaryReceived(bytes);
    Q_EMIT q->messageReceived(bytes);
}

void Connection::Private::onFrame(M::AttemptId id, const QString &text)
{
    const Result<Frame> parsed = Frame::parse(text);
    if (!parsed) {
        qCInfo(logLink).noquote() << "ignored a broken control frame:" << parsed.error().toString();
        complain(parsed.error());
        return;
    }
    const QString type = parsed->type();
    const QJsonObject fields = parsed->fields();
    const auto is = [&type](const char *name) { return type == QLatin1StringView(name); };
    if (is(FrameType::Message))
        onAcknowledgedMessage(id, *parsed);
    else if (is(FrameType::Ack)) {
        sender.acknowledge(fields.value("id"_L1).toString());
    } else if (is(FrameType::Ping))
        reply(id, Frame(QLatin1StringView(FrameType::Pong), {{u"n"_s, fields.value("n"_L1)}}));
    else if (is(FrameType::Pong))
        onPong(id, quint64(fields.value("n"_L1).toInteger()));
    else if (is(FrameType::Hello))
        onHello(id, fields);
    else if (is(FrameType::AuthOk)) {
        rememberNonce(id, fields.value("nonce"_L1));
        post(M::RenewalAccepted{id, instantOf(swap.current(), fields.value("exp"_L1))});
    } else if (is(FrameType::AuthFail))
        onRenewalRefused(id, fields);
    else if (is(FrameType::AuthDue))
        post(M::RenewalDue{id});
    else if (is(FrameType::Reconnect))
        post(M::EndAnnounced{id, Duration(fields.value("in_ms"_L1).toInteger()),
                             log.redact(fields.value("reason"_L1).toString().left(kLongestId))});
    else if (is(FrameType::Bye))
        onBye(id, fields);
    else if (is(FrameType::Response))
        onResponse(*parsed);
    else if (!(is(FrameType::Publish) || is(FrameType::Subscribed)) || !rooms.take(*parsed))
        Q_EMIT q->frameReceived(*parsed);
}

// By the server's clock where it told the time: the clock of this machine may be wrong.
std::optional<Instant> Connection::Private::instantOf(const Link &from, const QJsonValue &secondsSinceEpoch) const
{
    const double value = secondsSinceEpoch.toDouble(0);
    if (value <= 0 || value > 253'402'300'799.0)
        return std::nullopt;
    const qint64 ms = qint64(value * 1000.0);
    if (from.serverTimeMs)
        return from.serverTimeAt + Duration(ms - *from.serverTimeMs);
    return clock.now() + (WallTime(Duration(ms)) - clock.wallNow());
}

void Connection::Private::onHello(M::AttemptId id, const QJsonObject &fields)
{
    Link *const from = swap.linkOf(id);
    if (!from)
        return;
    const double serverTime = fields.value("server_time"_L1).toDouble(0);
    if (serverTime > 0 && serverTime < 253'402'300'799'000.0) {
        from->serverTimeMs = qint64(serverTime);
        from->serverTimeAt = clock.now();
    }
    const double limit = fields.value("limits"_L1).toObject().value("message_bytes"_L1).toDouble(0);
    from->session = fields.value("sid"_L1).toString().left(kLongestId);
    from->largestMessage = limit > 0 && limit < 1e15 ? qint64(limit) : 0;
    rememberNonce(id, fields.value("dpop_nonce"_L1)); // a 101 has no room for it
    const Result<PolicyChanges> policy = policyOf(fields);
    if (!policy)
        complain(policy.error());
    post(M::Hello{.id = id,
                  .expiresAt = instantOf(*from, fields.value("exp"_L1)),
                  .inBandRenewal = tokenIsHere(*from) && fields.value("in_band_renewal"_L1).toBool(true),
                  .heartbeat = secondsMember(fields, "heartbeat_s"_L1),
                  .refreshBefore = secondsMember(fields, "refresh_before_s"_L1),
                  .keepsToken = !tokenIsHere(*from),
                  .policy = policy.valueOr({})});
}

void Connection::Private::onBye(M::AttemptId id, const QJsonObject &fields)
{
    Bye bye;
    bye.code = fields.value("code"_L1).toInt();
    bye.retry = fields.value("retry"_L1).toString();
    bye.after = Duration(std::clamp<qint64>(fields.value("after_ms"_L1).toInteger(), 0, 24 * 3600 * 1000));
    bye.ref = log.redact(fields.value("ref"_L1).toString().left(kLongestId));
    bye.reason = log.redact(fields.value("reason"_L1).toString().left(200));
    bye.acrValues = log.redact(fields.value("acr_values"_L1).toString().left(500)).split(u' ', Qt::SkipEmptyParts);
    bye.maxAge = Upgrade::maxAgeOf(fields.value("max_age"_L1).toVariant().toString());
    post(M::Farewell{id, bye.code, retryActionFromName(bye.retry), bye.after});
    Q_EMIT q->byeReceived(bye);
}

void Connection::Private::onAcknowledgedMessage(M::AttemptId from, const Frame &frame)
{
    const QString id = frame.fields().value("id"_L1).toString();
    if (id.isEmpty() || id.size() > kLongestId) {
        Q_EMIT q->errorOccurred(Error(ErrorCode::ProtocolViolation, u"a message to be acknowledged has no usable id"_s));
        return;
    }
    if (seen.insert(id)) {
        ++counts.messagesReceived;
        counts.bytesReceived += frame.payload().size();
        static const QMetaMethod asText = QMetaMethod::fromSignal(&Connection::textReceived);
        if (q->isSignalConnected(asText))
            Q_EMIT q->textReceived(QString::fromUtf8(frame.payload()));
        Q_EMIT q->messageReceived(frame.payload());
    }
    reply(from, Frame(QLatin1StringView(FrameType::Ack), {{u"id"_s, id}}));
}

void Connection::Private::reply(M::AttemptId id, const Frame &frame)
{
    if (const Link *to = swap.linkOf(id))
        to->send(frame.toText());
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

void Connection::Private::onResponse(const Frame &frame)
{
    const QJsonObject fields = frame.fields();
    const QString id = fields.value("id"_L1).toString();
    if (fields.value("ok"_L1).toBool(false)) {
        sender.answer(id, frame.payload());
    } else {
        const QString code = log.redact(fields.value("code"_L1).toString(u"unnamed"_s).left(kLongestId));
        const QString reason = log.redact(fields.value("reason"_L1).toString().left(200));
        sender.answer(id, Error(ErrorCode::RequestRefused, reason.isEmpty() ? code : code + u": "_s + reason));
    }
}

void Connection::Private::onStrategyText(M::AttemptId id, const QString &text)
{
    const AuthStrategy::Reading reading = options.strategy->received(text);
    for (const AuthStrategy::Notice &notice : reading.notices) {
        const Link *from = swap.linkOf(id);
        if (!from || !from->transport)
            return; // an earlier notice ended this connection
        onNotice(id, notice);
    }
    const Link *from = swap.linkOf(id);
    if (!reading.application || !from || !from->transport)
        return;
    if (from == &swap.current() ? swap.holdsIncoming() : from == swap.arriving())
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
        const bool canRenew = usesTokens && options.strategy->renewal(swap.linkOf(id)->token).has_value();
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
        swap.linkOf(id)->transport->sendText(notice.text);
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
