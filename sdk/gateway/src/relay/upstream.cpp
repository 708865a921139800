// SPDX-License-Identifier: Apache-2.0
#include "relay/upstream.h"

#include "watchword/core/internal/useragent.h"
#include "watchword/core/log.h"

#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QWebSocketHandshakeOptions>

#include <algorithm>
#include <utility>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qint64 kHighWater = 1024 * 1024;
constexpr Duration kPoll = 20ms;
constexpr Duration kFinishTime = 5s;
constexpr quint64 kLargestMessage = 64 * 1024 * 1024;

// Header values come from tokens: everything that is not printable ASCII is percent-encoded, and so cannot start a header.
QByteArray headerValue(const QString &text)
{
    return QUrl::toPercentEncoding(text, " !\"#$&'()*+,/:;<=>?@[\\]^`{|}");
}

qint64 pendingBytes(const QWebSocket &socket, const QTcpSocket *transport)
{
    const auto *secure = qobject_cast<const QSslSocket *>(transport);
    return socket.bytesToWrite() + (secure ? secure->encryptedBytesToWrite() : 0);
}

// Codes that an upstream may say to our client; everything else means that the upstream broke.
bool passesThrough(int code)
{
    return code == 1000 || code == 1001 || code == 1008 || (code >= 1011 && code <= 1013) || (code >= 3000 && code < 5000);
}

} // namespace

Upstream::Upstream(const EndpointConfig &config, Peer &peer, QObject *parent)
    : QObject(parent)
    , m_config(config)
    , m_peer(&peer)
    , m_socket(std::make_unique<QWebSocket>(peer.admission().origin))
    , m_deadline(peer.clock())
    , m_poll(peer.clock())
{
    m_socket->setMaxAllowedIncomingMessageSize(kLargestMessage);
    m_socket->setMaxAllowedIncomingFrameSize(kLargestMessage);
    m_socket->setProxy(QNetworkProxy::NoProxy);
    connect(m_socket.get(), &QWebSocket::connected, this, &Upstream::connected);
    connect(m_socket.get(), &QWebSocket::disconnected, this, &Upstream::ended);
    connect(m_socket.get(), &QWebSocket::aboutToClose, this, [this] { m_sawClose = true; });
    connect(m_socket.get(), &QWebSocket::bytesWritten, this, &Upstream::acknowledgeSent);
    connect(m_socket.get(), &QWebSocket::textMessageReceived, this, [this](const QString &text) {
        if (m_peer)
            m_peer->sendText(text);
        brake();
    });
    connect(m_socket.get(), &QWebSocket::binaryMessageReceived, this, [this](const QByteArray &data) {
        if (m_peer)
            m_peer->sendBinary(data);
        brake();
    });
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(m_socket.get(), &QWebSocket::errorOccurred, this,
#else
    connect(m_socket.get(), qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), this,
#endif
            [this] {
                if (m_state == State::Connecting)
                    end(CloseCode::BadGateway, u"bad_gateway"_s, u"upstream_refused"_s);
            });
    connect(&m_deadline, &Alarm::due, this, [this] {
        if (m_state == State::Connecting)
            end(CloseCode::BadGateway, u"bad_gateway"_s, u"upstream_timeout"_s);
        else if (m_state == State::Answering)
            answered();
        else if (m_state == State::Finishing)
            end(CloseCode::GoingAway, {}, {});
    });
    connect(m_socket.get(), &QWebSocket::pong, this, [this] { answered(); });
    connect(&m_poll, &Alarm::due, this, &Upstream::brake);
}

Upstream::~Upstream()
{
    m_upstreamPause.setSocket(nullptr);
    m_socket->disconnect(this);
    m_socket->abort();
    m_socket.release()->deleteLater();
}

QNetworkRequest Upstream::request() const
{
    const Identity &identity = m_peer->identity();
    const Admission &admission = m_peer->admission();
    QUrl url = m_config.upstream;
    if (url.path().isEmpty())
        url.setPath(u"/"_s);
    if (!url.hasQuery() && !admission.query.isEmpty())
        url.setQuery(QString::fromLatin1(admission.query));
    QNetworkRequest request(url);
    request.setRawHeader("X-Watchword-Subject", headerValue(identity.subject));
    request.setRawHeader("X-Watchword-Issuer", headerValue(identity.issuer));
    request.setRawHeader("X-Watchword-Name", headerValue(identity.name));
    request.setRawHeader("X-Watchword-Client", headerValue(identity.clientId));
    request.setRawHeader("X-Watchword-Scopes", headerValue(identity.scopes.join(u' ')));
    request.setRawHeader("X-Watchword-Connection", m_peer->id().toLatin1());
    request.setRawHeader("X-Forwarded-For", admission.peer.address.toString().toLatin1());
    request.setRawHeader("X-Forwarded-Proto", admission.peer.secure ? "https" : "http");
    request.setRawHeader("X-Forwarded-Host", headerValue(admission.host));
    request.setRawHeader("User-Agent", admission.userAgent.isEmpty() ? userAgent() : headerValue(admission.userAgent));
    return request;
}

void Upstream::open()
{
    m_state = State::Connecting;
    if (m_config.upstream.scheme() == "wss"_L1) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setProtocol(QSsl::TlsV1_2OrLater);
        if (!m_config.upstreamCaFile.isEmpty())
            tls.addCaCertificates(QSslCertificate::fromPath(m_config.upstreamCaFile));
        m_socket->setSslConfiguration(tls);
    }
    QWebSocketHandshakeOptions options;
    if (m_config.subprotocols.contains(m_peer->subprotocol()))
        options.setSubprotocols({m_peer->subprotocol()});
    else if (m_peer->speaksControl())
        options.setSubprotocols(m_config.subprotocols);
    m_deadline.start(kConnectTime);
    m_socket->open(request(), options);
    m_transport = m_socket->findChild<QTcpSocket *>();
    m_upstreamPause.setSocket(m_transport);
}

void Upstream::connected()
{
    if (m_state != State::Connecting)
        return;
    m_state = State::Open;
    m_deadline.cancel();
    m_waitingBytes = 0;
    const QQueue<Message> waiting = std::exchange(m_waiting, {});
    for (const Message &message : waiting) {
        if (m_state == State::Open)
            send(message);
    }
    acknowledgeSent();
    brake();
}

void Upstream::sendText(const QString &text, const QString &messageId)
{
    enqueue({text, {}, false, messageId}, text.size() * qsizetype(sizeof(QChar)));
}

void Upstream::sendBinary(const QByteArray &data)
{
    enqueue({{}, data, true, {}}, data.size());
}

void Upstream::enqueue(const Message &message, qint64 bytes)
{
    if (m_state == State::Open) {
        send(message);
        acknowledgeSent();
        brake();
        return;
    }
    if (m_state != State::Connecting)
        return;
    m_waitingBytes += bytes;
    m_waiting.enqueue(message);
    if (m_waitingBytes > kQueueBytes)
        pauseClient(true);
    // What the client's socket had taken in before the pause still comes; beyond this it is no accident.
    if (m_waitingBytes > kMostQueueBytes && m_peer)
        m_peer->closeForLimit(u"upstream_queue"_s, CloseCode::TryAgainLater, m_waitingBytes, kMostQueueBytes, 1s);
}

void Upstream::send(const Message &message)
{
    const qint64 sent = message.isBinary ? m_socket->sendBinaryMessage(message.binary) : m_socket->sendTextMessage(message.text);
    const bool isEmpty = message.isBinary ? message.binary.isEmpty() : message.text.isEmpty();
    if (!message.id.isEmpty() && (sent > 0 || isEmpty))
        m_unacknowledged.append(message.id);
}

void Upstream::acknowledgeSent()
{
    if (m_unacknowledged.isEmpty())
        return;
    m_socket->flush();
    if (pendingBytes(*m_socket, m_transport) > 0)
        return;
    const QStringList ids = std::exchange(m_unacknowledged, {});
    for (const QString &id : ids) {
        Q_EMIT taken(id);
        if (m_peer)
            m_peer->acknowledge(id);
    }
}

void Upstream::pauseClient(bool isPaused)
{
    if (std::exchange(m_isClientPaused, isPaused) != isPaused && m_peer)
        m_peer->setReadPaused(isPaused);
}

void Upstream::brake()
{
    if ((m_state != State::Open && m_state != State::Answering) || !m_peer)
        return;
    const qint64 toUpstream = pendingBytes(*m_socket, m_transport);
    const qint64 toClient = m_peer->queuedBytes();
    const qint64 queueBytes = m_peer->admission().target->limits.queueBytes;
    const qint64 clientHighWater = queueBytes > 0 ? std::min(queueBytes, kHighWater) : kHighWater;
    if (toUpstream > kHighWater)
        pauseClient(true);
    else if (toUpstream <= kHighWater / 4)
        pauseClient(false);
    if (toClient > clientHighWater)
        m_upstreamPause.pause();
    else if (toClient <= clientHighWater / 4)
        m_upstreamPause.resume();
    const bool isPaused = m_isClientPaused || m_upstreamPause.isPaused();
    if (!isPaused) {
        m_lastQueued = 0;
        return;
    }
    acknowledgeSent();
    const Instant now = m_peer->clock().now();
    if (m_lastQueued == 0 || toUpstream + toClient < m_lastQueued)
        m_progressAt = now;
    m_lastQueued = std::max<qint64>(1, toUpstream + toClient);
    if (now - m_progressAt < kStallTime) {
        m_poll.start(kPoll);
        return;
    }
    const bool isClient = m_upstreamPause.isPaused();
    pauseClient(false);
    if (isClient)
        m_peer->closeForLimit(u"queue_bytes"_s, CloseCode::SlowConsumer, toClient, clientHighWater, {});
    else
        m_peer->closeForLimit(u"upstream_stalled"_s, CloseCode::TryAgainLater, toUpstream, kHighWater, 1s);
}

void Upstream::finishAfterAnswers(const PeerClose &close)
{
    if (m_state != State::Open || !m_peer || m_socket->state() != QAbstractSocket::ConnectedState) {
        if (m_peer)
            m_peer->close(close);
        return;
    }
    m_state = State::Answering;
    m_lastClose = close;
    m_deadline.start(kAnswerTime);
    m_socket->ping("last");
}

void Upstream::answered()
{
    if (m_state != State::Answering || !m_peer)
        return;
    acknowledgeSent(); // the pong came behind them
    m_peer->close(*m_lastClose);
}

void Upstream::ended()
{
    if (m_state == State::Answering) {
        m_deadline.cancel();
        answered();
    }
    const int code = int(m_socket->closeCode());
    if (m_state == State::Open && m_sawClose && passesThrough(code))
        end(CloseCode(quint16(code)), m_socket->closeReason(), u"upstream_closed"_s);
    else
        end(CloseCode::BadGateway, u"bad_gateway"_s, u"upstream_gone"_s);
}

void Upstream::end(CloseCode code, const QString &reason, const QString &cause)
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    m_deadline.cancel();
    m_poll.cancel();
    pauseClient(false);
    if (m_peer) {
        PeerClose close;
        close.code = code;
        close.reason = reason;
        close.auditReason = cause;
        m_peer->close(close);
    }
    Q_EMIT closed();
}

void Upstream::finish()
{
    m_peer = nullptr;
    const bool isUsable = m_state == State::Open || m_state == State::Answering;
    if (isUsable && m_socket->state() == QAbstractSocket::ConnectedState) {
        m_state = State::Finishing;
        m_upstreamPause.resume();
        m_deadline.start(kFinishTime);
        m_socket->close(QWebSocketProtocol::CloseCodeGoingAway);
    } else {
        end(CloseCode::GoingAway, {}, {});
    }
}

} // namespace Watchword::Gateway
