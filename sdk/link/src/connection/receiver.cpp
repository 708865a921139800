// SPDX-License-Identifier: Apache-2.0
#include "connection/receiver.h"

#include "transport/upgrade.h"

#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"

#include <QDateTime>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using M = ConnectionMachine;

namespace {

constexpr qsizetype kLongestId = 128;
constexpr Duration kLongestWait = std::chrono::hours(24 * 30); // for the end of a lock

// Who cannot be asked what is outstanding is done when it is silent for this part of the time.
constexpr int kQuietPart = 4;

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

bool isOneOf(const QString &type, std::initializer_list<const char *> types)
{
    return std::any_of(types.begin(), types.end(), [&type](const char *name) { return type == QLatin1StringView(name); });
}

// "auth.due" of a session that no renewal can make longer: the person is asked for, not the token.
bool isAboutTheSession(const QJsonObject &fields)
{
    return fields.value("reason"_L1).toString().startsWith("session_"_L1);
}

// What a frame is about: the connection that carries it, now, or what the application sees in its order.
bool isAboutTheConnection(const QString &type)
{
    return isOneOf(
        type,
        {FrameType::Hello, FrameType::AuthOk, FrameType::AuthFail, FrameType::AuthDue, FrameType::Bye, FrameType::Reconnect});
}

bool isForNow(const QString &type)
{
    return isAboutTheConnection(type) || isOneOf(type, {FrameType::Ping, FrameType::Pong, FrameType::Ack});
}

} // namespace

Receiver::Receiver(ConnectionContext &context, TokenCourier &tokens, Sender &sender, Rooms &rooms, Sink &sink)
    : m_context(context)
    , m_tokens(tokens)
    , m_sender(sender)
    , m_rooms(rooms)
    , m_sink(sink)
{
}

void Receiver::takeText(Link::Id id, const QString &text)
{
    Link *const from = m_context.swap.linkOf(id);
    if (!from)
        return;
    const bool isDraining = from == m_context.swap.draining();
    if (isDraining || (from == &m_context.swap.current() && !m_context.swap.holdsIncoming()))
        takeInTurn(*from, text);
    else
        takeOutOfTurn(*from, text);
    if (isDraining)
        checkDrained();
}

void Receiver::takeInTurn(Link &from, const QString &text)
{
    const bool isControl = from.speech != Link::Speech::Plain && Frame::isControl(text);
    const bool isFirst = from.speech == Link::Speech::PresumedPlain;
    if (isFirst)
        from.speech = Link::Speech::Plain;
    if (isFirst && isControl && isHello(text))
        m_context.post(M::Hello{.id = from.id, .expiresAt = {}, .heartbeat = {}, .refreshBefore = {}});
    else if (!from.isWatchword() && m_context.options.strategy)
        takeStrategyText(from.id, text);
    else if (!from.isWatchword())
        deliverText(text);
    else if (isControl)
        takeFrame(from.id, Frame::parse(text));
    else if (from.stage == Link::Stage::Opening)
        spokePlainly({.id = from.id, .content = text});
    else
        deliverText(Frame::unescape(text));
}

void Receiver::takeOutOfTurn(const Link &from, const QString &text)
{
    const Link::Id id = from.id;
    if (!from.isWatchword() && m_context.options.strategy) {
        takeStrategyText(id, text);
        return;
    }
    const bool isControl = from.isWatchword() && Frame::isControl(text);
    const Result<Frame> frame = isControl ? Frame::parse(text) : Result<Frame>(Error(ErrorCode::ProtocolViolation));
    if (frame && isForNow(frame->type()))
        takeFrame(id, frame);
    else if (from.isWatchword() && from.stage == Link::Stage::Opening && !isControl)
        spokePlainly({.id = id, .content = text});
    else
        holdBack({.id = id, .content = text});
}

void Receiver::takeBinary(Link::Id id, const QByteArray &bytes)
{
    Link *const from = m_context.swap.linkOf(id);
    if (!from)
        return;
    if (from->speech == Link::Speech::PresumedPlain)
        from->speech = Link::Speech::Plain;
    const bool isDraining = from == m_context.swap.draining();
    if (from->isWatchword() && from->stage == Link::Stage::Opening)
        spokePlainly({.id = id, .content = bytes});
    else if (isDraining || (from == &m_context.swap.current() && !m_context.swap.holdsIncoming()))
        deliverBinary(bytes);
    else
        holdBack({.id = id, .content = bytes});
    if (isDraining)
        checkDrained();
}

// Before "hello": a server of watchword.v1 would have said that first.
void Receiver::spokePlainly(HeldBack message)
{
    const Link::Id id = message.id;
    holdBack(std::move(message));
    m_context.post(M::SpokePlainly{id});
}

void Receiver::holdBack(HeldBack message)
{
    const Link::Id id = message.id;
    if (m_context.swap.holdBack(std::move(message)) <= m_context.options.drainBytes)
        return;
    if (m_context.swap.draining())
        m_context.post(M::Drained{m_context.swap.draining()->id});
    else
        m_sink.onEnd(id,
                     {.error = Error(ErrorCode::ProtocolViolation,
                                     u"the server sent more than %1 bytes before it accepted the connection"_s.arg(
                                         m_context.options.drainBytes))});
}

void Receiver::takeHeldBack()
{
    while (const std::optional<HeldBack> message = m_context.swap.takeHeldBack()) {
        Link *const from = m_context.swap.linkOf(message->id);
        if (const QByteArray *bytes = std::get_if<QByteArray>(&message->content))
            deliverBinary(*bytes);
        else if (const QString &text = std::get<QString>(message->content); message->isForApplication)
            deliverText(text);
        else
            takeInTurn(from ? *from : m_context.swap.current(), text);
    }
}

void Receiver::deliverText(const QString &text)
{
    count(utf8Size(text));
    m_sink.onText(text);
}

void Receiver::deliverBinary(const QByteArray &bytes)
{
    count(bytes.size());
    m_sink.onBinary(bytes);
}

void Receiver::count(qint64 bytes)
{
    ++m_context.counts.messagesReceived;
    m_context.counts.bytesReceived += bytes;
}

void Receiver::takeFrame(Link::Id id, const Result<Frame> &parsed)
{
    if (!parsed) {
        qCInfo(logLink).noquote() << "ignored a broken control frame:" << parsed.error().toString();
        m_sink.onFault(parsed.error());
        return;
    }
    const QString type = parsed->type();
    const Link *const draining = m_context.swap.draining();
    if (draining && draining->id == id && isAboutTheConnection(type))
        return; // what it says of itself does not matter any more
    const QJsonObject fields = parsed->fields();
    const auto is = [&type](const char *name) { return type == QLatin1StringView(name); };
    if (is(FrameType::Message))
        takeMessage(id, *parsed);
    else if (is(FrameType::Ack)) {
        m_sender.acknowledge(fields.value("id"_L1).toString());
    } else if (is(FrameType::Ping))
        reply(id, Frame(QLatin1StringView(FrameType::Pong), {{u"n"_s, fields.value("n"_L1)}}));
    else if (is(FrameType::Pong))
        takePong(id, quint64(fields.value("n"_L1).toInteger()));
    else if (is(FrameType::Hello))
        takeHello(id, fields);
    else if (is(FrameType::AuthOk)) {
        m_tokens.rememberNonce(id, fields.value("nonce"_L1));
        m_context.post(M::RenewalAccepted{id, m_context.swap.current().instantOf(fields.value("exp"_L1), m_context.clock)});
    } else if (is(FrameType::AuthFail))
        takeRenewalRefusal(id, fields);
    else if (is(FrameType::AuthDue) && isAboutTheSession(fields))
        m_sink.onFrame(*parsed);
    else if (is(FrameType::AuthDue))
        m_context.post(M::RenewalDue{id});
    else if (is(FrameType::Reconnect))
        m_context.post(M::EndAnnounced{id, Duration(fields.value("in_ms"_L1).toInteger()),
                                       m_context.log.redact(fields.value("reason"_L1).toString().left(kLongestId))});
    else if (is(FrameType::Bye))
        takeBye(id, fields);
    else if (is(FrameType::Response))
        takeResponse(*parsed);
    else if (!(is(FrameType::Publish) || is(FrameType::Subscribed)) || !m_rooms.take(*parsed))
        m_sink.onFrame(*parsed);
}

void Receiver::takeHello(Link::Id id, const QJsonObject &fields)
{
    Link *const from = m_context.swap.linkOf(id);
    if (!from)
        return;
    const double serverTime = fields.value("server_time"_L1).toDouble(0);
    if (serverTime > 0 && serverTime < 253'402'300'799'000.0) {
        from->serverTimeMs = qint64(serverTime);
        from->serverTimeAt = m_context.clock.now();
    }
    const double limit = fields.value("limits"_L1).toObject().value("message_bytes"_L1).toDouble(0);
    from->session = fields.value("sid"_L1).toString().left(kLongestId);
    from->largestMessage = limit > 0 && limit < 1e15 ? qint64(limit) : 0;
    m_tokens.rememberNonce(id, fields.value("dpop_nonce"_L1)); // a 101 has no room for it
    const Result<PolicyChanges> policy = policyOf(fields);
    if (!policy)
        m_sink.onFault(policy.error());
    m_context.post(M::Hello{.id = id,
                            .expiresAt = from->instantOf(fields.value("exp"_L1), m_context.clock),
                            .inBandRenewal = m_tokens.isAt(*from) && fields.value("in_band_renewal"_L1).toBool(true),
                            .heartbeat = secondsMember(fields, "heartbeat_s"_L1),
                            .refreshBefore = secondsMember(fields, "refresh_before_s"_L1),
                            .keepsToken = !m_tokens.isAt(*from),
                            .policy = policy.valueOr({})});
}

void Receiver::takeBye(Link::Id id, const QJsonObject &fields)
{
    Bye bye;
    bye.code = fields.value("code"_L1).toInt();
    bye.retry = fields.value("retry"_L1).toString();
    bye.after = Duration(std::clamp<qint64>(fields.value("after_ms"_L1).toInteger(), 0, 24 * 3600 * 1000));
    bye.ref = m_context.log.redact(fields.value("ref"_L1).toString().left(kLongestId));
    bye.reason = m_context.log.redact(fields.value("reason"_L1).toString().left(200));
    bye.acrValues = m_context.log.redact(fields.value("acr_values"_L1).toString().left(500)).split(u' ', Qt::SkipEmptyParts);
    const QDateTime until = QDateTime::fromString(fields.value("until"_L1).toString().left(40), Qt::ISODateWithMs);
    const Link *from = m_context.swap.linkOf(id);
    if (until.isValid() && from) {
        bye.until = WallTime(Duration(until.toMSecsSinceEpoch()));
        // By the server's clock, which it was written by.
        const std::optional<Instant> at = from->instantOf(double(until.toMSecsSinceEpoch()) / 1000.0, m_context.clock);
        if (at)
            bye.after = std::clamp(*at - m_context.clock.now(), bye.after, std::max(bye.after, kLongestWait));
    }
    bye.maxAge = Upgrade::maxAgeOf(fields.value("max_age"_L1).toVariant().toString());
    m_context.post(M::Farewell{id, bye.code, retryActionFromName(bye.retry), bye.after});
    m_sink.onBye(bye);
}

void Receiver::takeMessage(Link::Id from, const Frame &frame)
{
    const QString id = frame.fields().value("id"_L1).toString();
    if (id.isEmpty() || id.size() > kLongestId) {
        m_sink.onFault(Error(ErrorCode::ProtocolViolation, u"a message to be acknowledged has no usable id"_s));
        return;
    }
    if (m_seen.insert(id)) {
        count(frame.payload().size());
        m_sink.onAcknowledged(frame.payload());
    }
    reply(from, Frame(QLatin1StringView(FrameType::Ack), {{u"id"_s, id}}));
}

void Receiver::reply(Link::Id id, const Frame &frame)
{
    if (const Link *to = m_context.swap.linkOf(id))
        to->send(frame);
}

void Receiver::takeRenewalRefusal(Link::Id id, const QJsonObject &fields)
{
    using Fault = M::RenewalRefused::Fault;
    // Also if the signer knew it: another connection may have told it since the proof was made.
    const bool hasNonce = m_tokens.rememberNonce(id, fields.value("nonce"_L1));
    const QString reason = fields.value("reason"_L1).toString();
    Fault fault = Fault::Token;
    if (reason == "use_dpop_nonce"_L1)
        fault = hasNonce ? Fault::Nonce : Fault::Proof;
    else if (reason == "invalid_dpop_proof"_L1)
        fault = Fault::Proof;
    else if (reason == "key_changed"_L1)
        fault = Fault::Key;
    m_context.post(M::RenewalRefused{id, fields.value("code"_L1).toInt(), fault});
}

void Receiver::takeResponse(const Frame &frame)
{
    const QJsonObject fields = frame.fields();
    const QString id = fields.value("id"_L1).toString();
    if (fields.value("ok"_L1).toBool(false)) {
        m_sender.answer(id, frame.payload());
    } else {
        const QString code = m_context.log.redact(fields.value("code"_L1).toString(u"unnamed"_s).left(kLongestId));
        const QString reason = m_context.log.redact(fields.value("reason"_L1).toString().left(200));
        m_sender.answer(id, Error(ErrorCode::RequestRefused, reason.isEmpty() ? code : code + u": "_s + reason));
    }
}

void Receiver::takeStrategyText(Link::Id id, const QString &text)
{
    const AuthStrategy::Reading reading = m_context.options.strategy->received(text);
    for (const AuthStrategy::Notice &notice : reading.notices) {
        const Link *from = m_context.swap.linkOf(id);
        if (!from || !from->transport)
            return; // an earlier notice ended this connection
        takeNotice(id, notice);
    }
    const Link *from = m_context.swap.linkOf(id);
    if (!reading.application || !from || !from->transport)
        return;
    if (from == &m_context.swap.current() ? m_context.swap.holdsIncoming() : from == m_context.swap.replacement())
        holdBack({.id = id, .content = *reading.application, .isForApplication = true});
    else
        deliverText(*reading.application);
}

void Receiver::takeNotice(Link::Id id, const AuthStrategy::Notice &notice)
{
    using Kind = AuthStrategy::Notice::Kind;
    std::optional<Instant> expiresAt;
    if (notice.tokenLifetime)
        expiresAt = m_context.clock.now() + *notice.tokenLifetime;
    switch (notice.kind) {
    case Kind::Ready: {
        const bool canRenew =
            m_tokens.isUsed() && m_context.options.strategy->renewal(m_context.swap.linkOf(id)->token).has_value();
        m_context.post(M::Hello{.id = id,
                                .expiresAt = expiresAt,
                                .inBandRenewal = canRenew,
                                .heartbeat = notice.heartbeat,
                                .refreshBefore = {},
                                .keepsToken = !canRenew});
        break;
    }
    case Kind::Pong:
        takePong(id, notice.nonce);
        break;
    case Kind::Reply:
        m_context.swap.linkOf(id)->transport->sendText(notice.text);
        break;
    case Kind::Renewed:
        m_context.post(M::RenewalAccepted{id, expiresAt});
        break;
    case Kind::RenewalRefused:
        m_context.post(M::RenewalRefused{id, notice.code});
        break;
    case Kind::Refused:
        m_sink.onEnd(id,
                     {.closeCode = notice.code, .error = Error(ErrorCode::ClosedByPeer, m_context.log.redact(notice.reason))});
        break;
    }
}

void Receiver::takePong(Link::Id id, quint64 nonce)
{
    if (!m_context.swap.draining() || id != m_context.swap.draining()->id) {
        m_context.post(M::Pong{id, nonce});
        return;
    }
    const bool isUnnumbered = nonce == 0; // some protocols do not repeat the number
    if (m_context.swap.holdsOutgoing() && (nonce == kDrainPing || isUnnumbered)) {
        m_context.swap.releaseOutgoing();
        m_sender.noteBytesWritten();
    }
    checkDrained();
}

void Receiver::checkDrained()
{
    const Link *const draining = m_context.swap.draining();
    if (!draining || m_context.swap.holdsOutgoing())
        return;
    const Link::Id id = draining->id;
    if (!draining->isWatchword()) {
        m_context.post(M::Drained{id, m_context.options.drainTimeout / kQuietPart});
        return;
    }
    m_sender.pump();
    if (!m_sender.hasOutstanding(id))
        m_context.post(M::Drained{id});
}

} // namespace Watchword
