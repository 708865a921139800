// SPDX-License-Identifier: Apache-2.0
#include "endpoint/peer.h"

#include "audit/auditlog.h"
#include "endpoint/endpointrules.h"
#include "endpoint/endpointservice.h"
#include "watch/watchtables.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kDrainTime = 100ms; // reading on after the "bye", so that no reset overtakes it
constexpr Duration kCloseTime = 2s; // for a peer that does not take the close frame

} // namespace

Peer::Peer(QString id, std::unique_ptr<ClientSocket> socket, const Admission &admission, EndpointService &service,
           PeerServices &services, QObject *parent)
    : QObject(parent)
    , m_id(std::move(id))
    , m_socket(std::move(socket))
    , m_admission(admission)
    , m_identity(admission.identity)
    , m_service(service)
    , m_services(services)
    , m_alarm(services.deadlines, [this] { alarmDue(); })
    , m_openedAt(services.clock.now())
    , m_liveness(m_openedAt)
{
    m_control = m_socket->subprotocol() == QLatin1StringView(kSubprotocol);
    setTarget(admission.target);
}

Peer::~Peer()
{
    m_socket->disconnect(this);
    // Deleted later: this may run inside one of the socket's own signals.
    m_socket.release()->deleteLater();
}

void Peer::setTarget(const std::shared_ptr<const GateTarget> &target)
{
    const EndpointLimits &limits = target->limits;
    const Instant now = m_services.clock.now();
    if (rulesOf(*target) != rulesOf(*m_admission.target))
        m_socket->setRules(rulesOf(*target));
    m_admission.target = target;
    m_messageRate = TokenBucket(limits.messagesPerSecond, 2.0 * limits.messagesPerSecond, now);
    m_byteRate =
        TokenBucket(double(limits.bytesPerSecond), double(std::max(2 * limits.bytesPerSecond, limits.messageBytes)), now);
    if (m_state != State::Open)
        return;
    m_service.limitsChanged(*this, limits);
    planStepUp();
}

QString Peer::subprotocol() const
{
    return m_socket->subprotocol();
}

void Peer::start()
{
    connect(m_socket.get(), &ClientSocket::textReceived, this, &Peer::textReceived);
    connect(m_socket.get(), &ClientSocket::binaryReceived, this, &Peer::binaryReceived);
    connect(m_socket.get(), &ClientSocket::disconnected, this, &Peer::disconnected);
    connect(m_socket.get(), &ClientSocket::pongReceived, this, [this](const QByteArray &payload) {
        m_liveness.pongReceived(payload, m_services.clock.now());
        m_isDirty = true;
    });
    m_state = State::Open;
    ++m_services.metrics.opened;
    putRows();
    QJsonObject http{{u"path"_s, m_admission.target->path}, {u"status"_s, 101}};
    if (!m_admission.origin.isEmpty())
        http.insert("origin"_L1, m_admission.origin);
    if (!subprotocol().isEmpty())
        http.insert("subprotocol"_L1, subprotocol());
    audit(u"conn.opened"_s, 1, u"success"_s, u"accepted"_s, u"The connection was accepted."_s, {{u"http"_s, http}});
    if (m_state != State::Open)
        return;
    sendHello();
    applyIdentity(m_identity);
    m_service.opened(*this);
    tick(m_services.clock.now());
}

void Peer::sendHello()
{
    const EndpointLimits &limits = m_admission.target->limits;
    QJsonObject hello{{u"conn"_s, m_id},
                      {u"sid"_s, m_identity.sessionId},
                      {u"server_time"_s, qint64(m_services.clock.wallNow().time_since_epoch().count())},
                      {u"heartbeat_s"_s, qint64(m_services.heartbeat.count() / 1000)},
                      {u"in_band_renewal"_s, true}};
    hello.insert("limits"_L1,
                 QJsonObject{{u"message_bytes"_s, limits.messageBytes}, {u"messages_per_second"_s, limits.messagesPerSecond}});
    if (m_identity.expiresAt) {
        hello.insert("exp"_L1, toSecondsSinceEpoch(*m_identity.expiresAt));
        const WallTime issued = m_identity.issuedAt.value_or(m_admission.at);
        const qint64 fifth = (*m_identity.expiresAt - issued).count() / 5000;
        hello.insert("refresh_before_s"_L1, std::clamp<qint64>(fifth, 1, 300));
    }
    if (!m_admission.target->policy.isEmpty())
        hello.insert("policy"_L1, m_admission.target->policy);
    if (const QByteArray nonce = m_services.proofs.nonce(); !nonce.isEmpty() && !m_identity.keyThumbprint.isEmpty())
        hello.insert("dpop_nonce"_L1, QString::fromLatin1(nonce));
    sendFrame(Frame(QLatin1StringView(FrameType::Hello), hello));
}

// Judged before each message, so that at most one waits beyond the bound.
bool Peer::mayQueue()
{
    if (m_state != State::Open)
        return false;
    const qint64 most = m_admission.target->limits.queueBytes;
    const qint64 queued = queuedBytes();
    if (most <= 0 || queued <= most || m_service.boundsQueue())
        return true;
    closeForLimit(u"queue_bytes"_s, CloseCode::SlowConsumer, queued, most, {});
    return false;
}

void Peer::sendText(const QString &applicationText)
{
    if (!mayQueue())
        return;
    const qint64 size = utf8Size(applicationText);
    m_socket->sendText(m_control ? Frame::escape(applicationText) : applicationText);
    ++m_messagesOut;
    m_bytesOut += quint64(size);
    ++m_services.metrics.messagesOut;
    m_services.metrics.bytesOut += quint64(size);
    m_isDirty = true;
}

void Peer::sendBinary(const QByteArray &data)
{
    if (!mayQueue())
        return;
    m_socket->sendBinary(data);
    ++m_messagesOut;
    m_bytesOut += quint64(data.size());
    ++m_services.metrics.messagesOut;
    m_services.metrics.bytesOut += quint64(data.size());
    m_isDirty = true;
}

void Peer::sendFrame(const Frame &frame)
{
    if (m_control)
        sendControlText(frame.toText().toUtf8());
}

void Peer::sendControlText(const QByteArray &utf8)
{
    if (m_control && mayQueue())
        write(utf8);
}

void Peer::write(const QByteArray &controlUtf8)
{
    m_socket->sendUtf8(controlUtf8);
    m_bytesOut += quint64(controlUtf8.size());
    m_isDirty = true;
}

void Peer::acknowledge(const QString &messageId)
{
    if (m_state == State::Open)
        sendFrame(Frame(QLatin1StringView(FrameType::Ack), {{u"id"_s, messageId}}));
}

void Peer::answer(const QString &requestId, const QByteArray &payload)
{
    if (m_state == State::Open)
        sendFrame(Frame(QLatin1StringView(FrameType::Response), {{u"id"_s, requestId}, {u"ok"_s, true}},
                        payload.isNull() ? QByteArray("") : payload));
}

void Peer::refuse(const QString &requestId, const QString &code, const QString &reason)
{
    if (m_state == State::Open)
        sendFrame(Frame(QLatin1StringView(FrameType::Response),
                        {{u"id"_s, requestId}, {u"ok"_s, false}, {u"code"_s, code}, {u"reason"_s, reason}}));
}

qint64 Peer::queuedBytes() const
{
    return m_socket->queuedBytes();
}

void Peer::textReceived(const QString &text)
{
    if (!countIn(utf8Size(text)))
        return;
    if (!m_control)
        m_service.text(*this, text);
    else if (Frame::isControl(text))
        controlReceived(text);
    else
        m_service.text(*this, Frame::unescape(text));
}

void Peer::binaryReceived(const QByteArray &data)
{
    if (countIn(data.size()))
        m_service.binary(*this, data);
}

// False when the message must not be used: the connection is closing, or this message broke a limit.
bool Peer::countIn(qint64 bytes)
{
    if (m_state != State::Open)
        return false;
    const Instant now = m_services.clock.now();
    m_liveness.messageReceived(now);
    if (m_socket->relayed())
        return true; // counted and judged where it was read
    ++m_messagesIn;
    m_bytesIn += quint64(bytes);
    ++m_services.metrics.messagesIn;
    m_services.metrics.bytesIn += quint64(bytes);
    m_isDirty = true;
    const EndpointLimits &limits = m_admission.target->limits;
    if (limits.messageBytes > 0 && bytes > limits.messageBytes) {
        closeForLimit(u"message_bytes"_s, CloseCode::MessageTooBig, bytes, limits.messageBytes, {});
        return false;
    }
    if (const auto wait = m_messageRate.take(1, now)) {
        closeForLimit(u"messages_per_second"_s, CloseCode::RateLimited, 0, limits.messagesPerSecond, *wait + 1s);
        return false;
    }
    if (const auto wait = m_byteRate.take(double(bytes), now)) {
        closeForLimit(u"bytes_per_second"_s, CloseCode::RateLimited, 0, limits.bytesPerSecond, *wait + 1s);
        return false;
    }
    return true;
}

// What passed this thread by since the last time.
void Peer::countRelayed()
{
    const std::optional<ClientSocket::Relayed> relayed = m_socket->relayed();
    if (!relayed)
        return;
    const ClientSocket::Relayed last = std::exchange(m_relayed, *relayed);
    const ClientSocket::Relayed news{relayed->messagesIn - last.messagesIn, relayed->messagesOut - last.messagesOut,
                                     relayed->bytesIn - last.bytesIn, relayed->bytesOut - last.bytesOut};
    if (news.bytesIn + news.messagesIn > 0 || relayed->isReadPaused)
        m_liveness.messageReceived(m_services.clock.now());
    m_messagesIn += news.messagesIn;
    m_messagesOut += news.messagesOut;
    m_bytesIn += news.bytesIn;
    m_bytesOut += news.bytesOut;
    m_services.metrics.messagesIn += news.messagesIn;
    m_services.metrics.messagesOut += news.messagesOut;
    m_services.metrics.bytesIn += news.bytesIn;
    m_services.metrics.bytesOut += news.bytesOut;
    m_isDirty = m_isDirty || news.messagesIn + news.messagesOut + news.bytesIn + news.bytesOut > 0;
}

void Peer::closeForLimit(const QString &limit, CloseCode code, qint64 value, qint64 most, Duration after)
{
    if (m_state != State::Open)
        return;
    ++m_services.metrics.limitsBroken[limit.toLatin1()];
    PeerClose close;
    close.code = code;
    close.after = after;
    close.ref = auditLimit(limit, value, most, after);
    close.drain = true;
    close.auditReason = limit;
    this->close(close);
}

QString Peer::auditLimit(const QString &limit, qint64 value, qint64 most, Duration after)
{
    QJsonObject fields{{u"name"_s, limit}, {u"max"_s, most}};
    if (value > 0)
        fields.insert("value"_L1, value);
    if (after.count() > 0)
        fields.insert("retry_after_ms"_L1, qint64(after.count()));
    return audit(u"limit.hit"_s, 3, u"denied"_s, limit, u"The connection broke a limit."_s,
                 {{u"limit"_s, fields}, {u"initiator"_s, u"policy"_s}});
}

void Peer::closeForProtocol(const QString &what)
{
    PeerClose close;
    close.code = CloseCode::ProtocolError;
    close.text = what;
    close.drain = true;
    this->close(close);
}

void Peer::close(const PeerClose &close)
{
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    m_close = close;
    if (m_close.reason.isEmpty())
        m_close.reason = closeCodeName(int(close.code));
    m_socket->endRelay();
    if (m_control)
        write(byeOf(m_close).toText().toUtf8());
    if (close.drain) {
        m_closeAt = m_services.clock.now() + kDrainTime;
        armAlarm();
    } else {
        finishClose();
    }
}

void Peer::finishClose()
{
    if (m_closedByUs) {
        // The close frame was written and is not taken.
        m_socket->abort();
        if (m_state != State::Ended)
            disconnected();
        return;
    }
    m_closedByUs = true;
    m_closeAt = m_services.clock.now() + kCloseTime;
    armAlarm();
    m_socket->close(int(m_close.code), m_close.reason);
}

void Peer::endNow(CloseCode code)
{
    if (m_state == State::Ended)
        return;
    if (m_state == State::Open)
        close({.code = code});
    m_closedByUs = true;
    m_socket->abort();
    disconnected();
}

void Peer::tick(Instant now)
{
    countRelayed();
    if (m_state == State::Open) {
        const Liveness::Traffic traffic{m_socket->receivedBytes(), queuedBytes(), m_relayed.isReadPaused};
        const Liveness::Verdict verdict = m_liveness.look(traffic, m_services.heartbeat, now);
        if (!mayQueue()) {
            // It is closing now.
        } else if (verdict == Liveness::Verdict::Gone) {
            m_close.auditReason = u"no_pong"_s;
            m_socket->abort();
            return;
        } else if (verdict == Liveness::Verdict::Ping) {
            m_socket->ping(m_liveness.payload());
        }
    }
    if (m_isDirty && m_state != State::Ended)
        updateRow();
}

void Peer::disconnected()
{
    if (m_state == State::Ended)
        return;
    m_state = State::Ended;
    m_alarm.cancel();
    countRelayed();
    const WallTime now = m_services.clock.wallNow();
    const int code = m_closedByUs ? int(m_close.code) : m_socket->closeCode();
    const QString reason = m_closedByUs ? m_close.reason : clientText(m_socket->closeReason().toLatin1());
    updateRow();
    m_services.tables.closeConnection(m_id, code, reason, now);
    ++m_services.metrics.closed[code];
    const bool isPolicy = m_closedByUs && code >= 1002 && code != int(CloseCode::ServiceRestart);
    QJsonObject ws{{u"close_code"_s, code},
                   {u"close_reason"_s, reason},
                   {u"duration_ms"_s, qint64((m_services.clock.now() - m_openedAt).count())},
                   {u"msgs_in"_s, qint64(m_messagesIn)},
                   {u"msgs_out"_s, qint64(m_messagesOut)},
                   {u"bytes_in"_s, qint64(m_bytesIn)},
                   {u"bytes_out"_s, qint64(m_bytesOut)}};
    QString cause = m_close.auditReason;
    // Its reactor has closed it, and counted that.
    if (const QString limit = m_closedByUs ? QString() : m_socket->brokenLimit(); !limit.isEmpty() && m_close.ref.isEmpty()) {
        auditLimit(limit, 0, limitOf(m_admission.target->limits, limit), {});
        cause = limit;
    }
    if (cause.isEmpty())
        cause = closeCodeName(code).isEmpty() ? QString::number(code) : closeCodeName(code);
    const bool isWrong = m_close.code == CloseCode::ProtocolError;
    const QString fault = m_closedByUs ? (isWrong ? m_close.text : QString()) : m_socket->fault();
    const QString message = fault.isEmpty() ? u"The connection ended."_s : u"The connection ended: "_s + fault + u'.';
    audit(u"conn.closed"_s, isPolicy || !fault.isEmpty() ? 2 : 1, u"success"_s, cause, message,
          {{u"ws"_s, ws}, {u"initiator"_s, m_closedByUs || !fault.isEmpty() ? u"policy"_s : u"user"_s}});
    m_admission.slot.reset();
    m_service.closed(*this);
    Q_EMIT ended();
}

void Peer::putRows()
{
    ConnectionRow row;
    row.id = m_id;
    row.sub = m_identity.subject;
    row.name = m_identity.name;
    row.client = m_identity.clientId;
    row.ip = m_admission.peer.address.toString();
    row.port = m_admission.peer.port;
    row.node = m_services.node;
    row.path = m_admission.target->path;
    row.origin = m_admission.origin;
    row.ua = m_admission.userAgent;
    row.tls = m_admission.tlsProtocol;
    row.cipher = m_admission.cipher;
    row.opened = m_admission.at;
    fillTokenOf(row);
    m_services.tables.putConnection(row);
    putTokenRow({});
}

void Peer::fillTokenOf(ConnectionRow &row) const
{
    row.sid = m_identity.sessionId;
    row.token = m_identity.tokenId;
    row.exp = m_identity.expiresAt;
    row.iat = m_identity.issuedAt;
    row.scope = m_identity.scopes;
}

void Peer::putTokenRow(const QString &previous)
{
    const WallTime issued = m_identity.issuedAt.value_or(m_admission.at);
    std::optional<WallTime> refreshAt;
    if (m_identity.expiresAt)
        refreshAt = issued + (*m_identity.expiresAt - issued) * 4 / 5;
    // The embedded issuer has put its own row, and knows more.
    if (m_services.tables.updateToken(m_identity.tokenId, [&refreshAt](TokenRow &row) { row.refreshAt = refreshAt; }))
        return;
    TokenRow row;
    row.id = m_identity.tokenId;
    row.sid = m_identity.sessionId;
    row.sub = m_identity.subject;
    row.name = m_identity.name;
    row.client = m_identity.clientId;
    row.node = m_services.node;
    row.issued = issued;
    row.exp = m_identity.expiresAt;
    row.refreshAt = refreshAt;
    row.prev = previous;
    m_services.tables.putToken(row);
}

void Peer::updateRow()
{
    m_isDirty = false;
    const Duration idle = m_services.clock.now() - m_liveness.lastIn();
    m_services.tables.updateConnection(m_id, [this, idle](ConnectionRow &row) {
        row.msgsIn = m_messagesIn;
        row.msgsOut = m_messagesOut;
        row.bytesIn = m_bytesIn;
        row.bytesOut = m_bytesOut;
        row.queue = quint64(std::max<qint64>(0, queuedBytes()));
        row.rtt = m_liveness.roundTrip();
        row.renewals = m_renewals;
        row.renewFailed = m_renewalsFailed;
        row.lastIn = m_services.clock.wallNow() - idle;
    });
}

QString Peer::audit(const QString &type, int severity, const QString &outcome, const QString &reason, const QString &message,
                    QJsonObject data)
{
    AuditEntry entry;
    entry.type = type;
    entry.subject = m_id;
    entry.severity = severity;
    entry.outcome = outcome;
    entry.reasonCode = reason;
    entry.message = message;
    data.insert("actor"_L1, auditActor(m_identity));
    data.insert("session"_L1, QJsonObject{{u"sid"_s, m_identity.sessionId}, {u"conn_id"_s, m_id}});
    data.insert("token"_L1, auditToken(m_identity));
    data.insert("src"_L1, auditSource(m_admission.peer));
    if (!m_admission.userAgent.isEmpty())
        data.insert("ua"_L1, m_admission.userAgent);
    entry.data = data;
    const Result<AuditEvent> event = m_services.audit.append(entry);
    return event ? event->id : QString();
}

} // namespace Watchword::Gateway
