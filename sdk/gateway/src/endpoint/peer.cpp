// SPDX-License-Identifier: Apache-2.0
#include "endpoint/peer.h"

#include "endpoint/endpointrules.h"
#include "endpoint/endpointservice.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kCloseTime = 2s; // for a peer that does not take the close frame

} // namespace

Peer::Peer(QString id, std::unique_ptr<ClientSocket> socket, const Admission &admission, EndpointService &service,
           PeerServices &services, QObject *parent)
    : QObject(parent)
    , m_id(std::move(id))
    , m_socket(std::move(socket))
    , m_admission(admission)
    , m_identity(m_admission.identity)
    , m_service(service)
    , m_services(services)
    , m_record(m_id, m_admission, m_identity, services)
    , m_alarm(services.deadlines, [this] { alarmDue(); })
    , m_openedAt(services.clock.now())
    , m_rules(rulesOf(*admission.target, services.heartbeat))
{
    m_control = m_socket->subprotocol() == QLatin1StringView(kSubprotocol);
    setTarget(admission.target);
}

Peer::~Peer()
{
    std::vector<Peer *> &changed = m_services.changed;
    if (m_changedAt && *m_changedAt < changed.size() && changed[*m_changedAt] == this)
        changed[*m_changedAt] = nullptr;
    m_socket->disconnect(this);
    // Deleted later: this may run inside one of the socket's own signals.
    m_socket.release()->deleteLater();
}

void Peer::setTarget(const std::shared_ptr<const GateTarget> &target)
{
    const EndpointLimits &limits = target->limits;
    const SocketRules rules = rulesOf(*target, m_services.heartbeat);
    if (std::exchange(m_rules, rules) != rules)
        m_socket->setRules(rules);
    m_admission.target = target;
    m_shares = ratesOf(m_admission, m_services);
    m_rates = ConnectionRates(limits, m_shares);
    if (m_state != State::Open)
        return;
    m_service.limitsChanged(*this, limits);
    planIdle();
    planSession();
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
    connect(m_socket.get(), &ClientSocket::trafficSeen, this, &Peer::changed);
    m_state = State::Open;
    m_record.begin(subprotocol());
    if (m_state != State::Open)
        return;
    sendHello();
    m_messageAt = m_services.clock.now();
    planIdle();
    applyIdentity(m_identity);
    // What another connection of this user or address owes is not forgotten.
    if (const auto owed = m_rates.debt(1, m_services.clock.now()); owed && m_state == State::Open && !m_socket->relayed())
        waitFor(*owed);
    m_service.opened(*this);
    changed();
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
    m_messageAt = m_services.clock.now();
    m_socket->sendText(m_control ? Frame::escape(applicationText) : applicationText);
    m_record.messageSent(size);
    changed();
}

void Peer::sendBinary(const QByteArray &data)
{
    if (!mayQueue())
        return;
    m_messageAt = m_services.clock.now();
    m_socket->sendBinary(data);
    m_record.messageSent(data.size());
    changed();
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
    m_record.controlSent(controlUtf8.size());
    changed();
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

void Peer::refuse(const QString &requestId, const QString &code, const QString &reason, const QJsonObject &members)
{
    if (m_state != State::Open)
        return;
    QJsonObject fields = members;
    fields.insert("id"_L1, requestId);
    fields.insert("ok"_L1, false);
    fields.insert("code"_L1, code);
    fields.insert("reason"_L1, reason);
    sendFrame(Frame(QLatin1StringView(FrameType::Response), fields));
}

qint64 Peer::queuedBytes() const
{
    return m_socket->queuedBytes();
}

void Peer::textReceived(const QString &text)
{
    arrived({true, text, {}, utf8Size(text)});
}

void Peer::binaryReceived(const QByteArray &data)
{
    arrived({false, {}, data, data.size()});
}

// Messages wait in their order. There are no more than what was on its way when reading was paused.
void Peer::arrived(Arrival arrival)
{
    if (m_state != State::Open || !isWithinLimits(arrival.bytes))
        return;
    if (m_readAt || !isInTime(arrival.bytes)) {
        if (m_state == State::Open)
            m_arrivals.push_back(std::move(arrival));
        return;
    }
    use(arrival);
}

void Peer::use(const Arrival &arrival)
{
    if (arrival.isText && m_control && Frame::isControl(arrival.text)) {
        controlReceived(arrival.text);
        return;
    }
    applicationSpoke();
    if (arrival.isText)
        m_service.text(*this, m_control ? Frame::unescape(arrival.text) : arrival.text);
    else
        m_service.binary(*this, arrival.binary);
}

// False when the connection is closing for it.
bool Peer::isWithinLimits(qint64 bytes)
{
    if (m_socket->relayed())
        return true; // counted and judged where it was read
    m_record.messageReceived(bytes);
    changed();
    const EndpointLimits &limits = m_admission.target->limits;
    if (limits.messageBytes <= 0 || bytes <= limits.messageBytes)
        return true;
    closeForLimit(u"message_bytes"_s, CloseCode::MessageTooBig, bytes, limits.messageBytes, {});
    return false;
}

// False when the message has to wait, or the connection is closing for it.
bool Peer::isInTime(qint64 bytes)
{
    if (m_socket->relayed())
        return true;
    const std::optional<RateBreach> breach = m_rates.take(1, double(bytes), m_services.clock.now());
    if (!breach)
        return true;
    if (m_admission.target->limits.whenTooFast == EndpointLimits::WhenTooFast::Close)
        closeForLimit(breach->limit, CloseCode::RateLimited, 0, breach->most, breach->wait + 1s);
    else
        waitFor(*breach);
    return false;
}

void Peer::waitFor(const RateBreach &breach)
{
    if (m_arrivals.empty())
        slowedDown(breach);
    m_socket->setReadPaused(true);
    m_readAt = m_services.clock.now() + breach.wait;
    armAlarm();
}

// What passed this thread by since the last time.
void Peer::countRelayed()
{
    const std::optional<ClientSocket::Relayed> relayed = m_socket->relayed();
    if (!relayed)
        return;
    m_record.takeRelayed(*relayed);
    const ClientSocket::Relayed before = std::exchange(m_relayed, *relayed);
    if (before.applicationIn != relayed->applicationIn)
        applicationSpoke();
    if (before.applicationOut != relayed->applicationOut)
        m_messageAt = m_services.clock.now();
}

void Peer::closeForLimit(const QString &limit, CloseCode code, qint64 value, qint64 most, Duration after)
{
    if (m_state != State::Open)
        return;
    ++m_services.metrics.limitsBroken[limit.toLatin1()];
    PeerClose close;
    close.code = code;
    close.after = after;
    close.ref = m_record.auditLimit(limit, value, most, after);
    close.auditReason = limit;
    this->close(close);
}

void Peer::slowedDown(const RateBreach &breach)
{
    if (m_state != State::Open)
        return;
    ++m_services.metrics.slowed[breach.limit.toLatin1()];
    m_record.auditSlowed(breach);
}

void Peer::closeForProtocol(const QString &what)
{
    PeerClose close;
    close.code = CloseCode::ProtocolError;
    close.text = what;
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
    finishClose();
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

void Peer::changed()
{
    if (m_changedAt)
        return;
    m_changedAt = m_services.changed.size();
    m_services.changed.push_back(this);
}

void Peer::look()
{
    m_changedAt.reset();
    if (m_state == State::Ended)
        return;
    countRelayed();
    if (m_state == State::Open && mayQueue() && queuedBytes() > 0)
        changed(); // until it has taken that
    m_record.updateRow(*m_socket);
}

void Peer::refresh()
{
    if (!m_changedAt && m_record.isOutdated(*m_socket))
        look();
}

void Peer::disconnected()
{
    if (m_state == State::Ended)
        return;
    m_state = State::Ended;
    m_alarm.cancel();
    countRelayed();
    const int code = m_closedByUs ? int(m_close.code) : m_socket->closeCode();
    const QString reason = m_closedByUs ? m_close.reason : clientText(m_socket->closeReason().toLatin1());
    m_record.updateRow(*m_socket);
    m_record.end(code, reason);
    auditClosed(code, reason);
    m_admission.slot.reset();
    m_service.closed(*this);
    Q_EMIT ended();
}

void Peer::auditClosed(int code, const QString &reason)
{
    const bool isPolicy = m_closedByUs && code >= 1002 && code != int(CloseCode::ServiceRestart);
    QJsonObject ws = m_record.traffic();
    ws.insert("close_code"_L1, code);
    ws.insert("close_reason"_L1, reason);
    ws.insert("duration_ms"_L1, qint64((m_services.clock.now() - m_openedAt).count()));
    QString cause = !m_closedByUs && m_socket->wasSilent() ? u"no_pong"_s : m_close.auditReason;
    // Its reactor has closed it, and counted that.
    if (const QString limit = m_closedByUs ? QString() : m_socket->brokenLimit(); !limit.isEmpty() && m_close.ref.isEmpty()) {
        m_record.auditLimit(limit, m_socket->brokenValue(), limitOf(m_admission.target->limits, limit), {});
        cause = limit;
    }
    if (cause.isEmpty())
        cause = closeCodeName(code).isEmpty() ? QString::number(code) : closeCodeName(code);
    const bool isWrong = m_close.code == CloseCode::ProtocolError;
    const QString fault = m_closedByUs ? (isWrong ? m_close.text : QString()) : m_socket->fault();
    const qint64 seconds = (m_services.clock.now() - m_openedAt).count() / 1000;
    const QString message = u"The connection of %1 to %2 ended after %3 s: %4."_s.arg(
        m_record.who(), m_admission.target->path, QString::number(seconds), fault.isEmpty() ? cause : fault);
    m_record.audit(u"conn.closed"_s, isPolicy || !fault.isEmpty() ? 2 : 1, u"success"_s, cause, message,
                   {{u"ws"_s, ws}, {u"initiator"_s, m_closedByUs || !fault.isEmpty() ? u"policy"_s : u"user"_s}});
}

} // namespace Watchword::Gateway
