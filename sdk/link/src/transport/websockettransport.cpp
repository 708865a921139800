// SPDX-License-Identifier: Apache-2.0
#include "transport/websockettransport_p.h"

#include "transport/transporterrors.h"
#include "transport/upgrade.h"
#include "transport/websockethandshake.h"

#include "watchword/core/closepolicy.h"
#include "watchword/core/log.h"

#include <QCoreApplication>
#include <QNetworkRequest>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>

#include <algorithm>
#include <memory>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// What QWebSocket makes of a close frame that it cannot read: codes above 1011 but private ones, which it does not know, and
// reasons that are cut within a character. Its texts are translated.
bool isUnreadable(int code, const QString &reason)
{
    const auto says = [&reason](const char *text) {
        const QString known = QCoreApplication::translate("QWebSocketDataProcessor", text);
        return reason.startsWith(known.section("%1"_L1, 0, 0));
    };
    if (code == QWebSocketProtocol::CloseCodeProtocolError)
        return says("Invalid close code %1 detected.") || says("Payload of close frame is too small.");
    return code == QWebSocketProtocol::CloseCodeWrongDatatype && says("Invalid UTF-8 code encountered.");
}

} // namespace

WebSocketTransport::WebSocketTransport(ConnectionOptions options)
    : SocketTransport(std::move(options))
{
}

WebSocketTransport::~WebSocketTransport()
{
    abort();
}

Result<void> WebSocketTransport::authorize(QNetworkRequest &request)
{
    const Result<RequestHeaders> headers = m_destination.token().headersFor("GET", m_destination.url());
    if (!headers)
        return headers.error();
    request.setRawHeader("Authorization", headers->authorization.reveal().toByteArray());
    m_proof = headers->proof;
    if (!m_proof.isEmpty())
        request.setRawHeader("DPoP", m_proof);
    return {};
}

void WebSocketTransport::connectToServer()
{
    m_state = State::Connecting;
    QNetworkRequest request(m_destination.url());
    request.setRawHeader("User-Agent", userAgentOf(m_options));
    for (auto header = m_options.headers.cbegin(); m_destination.isOrigin() && header != m_options.headers.cend(); ++header)
        request.setRawHeader(header.key(), header.value());
    const Result<void> authorized = m_destination.sendsToken() ? authorize(request) : Result<void>();
    if (!authorized) {
        finish({.error = authorized.error()});
        return;
    }
    makeSocket();
    Q_EMIT phaseReached(AttemptPhase::Dns);
    QWebSocketHandshakeOptions handshake;
    handshake.setSubprotocols(offeredSubprotocols(m_options));
    m_socket->open(request, handshake);
    watchChild();
    bypassSocketSignals();
}

// Queued, because QWebSocket goes on working after it reported the refusal.
void WebSocketTransport::retireSocket()
{
    ignoreSocket();
    QMetaObject::invokeMethod(
        m_socket,
        [socket = m_socket] {
            socket->abort();
            socket->deleteLater();
        },
        Qt::QueuedConnection);
    m_socket = nullptr;
    m_child = nullptr;
    m_reader = nullptr;
    m_tlsErrors.clear();
}

void WebSocketTransport::makeSocket()
{
    m_socket = new QWebSocket(QString::fromLatin1(m_options.origin), QWebSocketProtocol::Version13, this);
    m_socket->setProxy(proxyOf(m_options));
    m_socket->setMaxAllowedIncomingFrameSize(quint64(m_options.maximumMessage));
    m_socket->setMaxAllowedIncomingMessageSize(quint64(m_options.maximumMessage));
    if (isTls())
        m_socket->setSslConfiguration(tlsConfiguration(m_options));
    connect(m_socket, &QWebSocket::connected, this, &WebSocketTransport::onConnected);
    connect(m_socket, &QWebSocket::disconnected, this, &WebSocketTransport::onDisconnected);
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(m_socket, &QWebSocket::errorOccurred, this, &WebSocketTransport::onError);
#else
    connect(m_socket, qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), this, &WebSocketTransport::onError);
#endif
    connect(m_socket, &QWebSocket::sslErrors, this, [this](const QList<QSslError> &errors) { m_tlsErrors = errors; });
    connect(m_socket, &QWebSocket::textMessageReceived, this, &WebSocketTransport::onText);
    connect(m_socket, &QWebSocket::binaryMessageReceived, this, &Transport::binaryReceived);
    connect(m_socket, &QWebSocket::pong, this, [this](quint64, const QByteArray &payload) { Q_EMIT pongReceived(payload); });
    connect(m_socket, &QWebSocket::bytesWritten, this, &Transport::bytesWritten);
}

// QWebSocket tells neither the status of a refused upgrade nor when TLS is up; its socket does both.
void WebSocketTransport::watchChild()
{
    m_child = m_socket->findChild<QTcpSocket *>();
    if (!m_child)
        return;
    connect(m_child, &QAbstractSocket::hostFound, this, [this] { Q_EMIT phaseReached(AttemptPhase::Tcp); });
    connect(m_child, &QAbstractSocket::connected, this, [this] {
        if (!isTls())
            ask();
        Q_EMIT phaseReached(isTls() ? AttemptPhase::Tls : AttemptPhase::Upgrade);
    });
    connect(m_child, &QIODevice::readyRead, this, &WebSocketTransport::onRead);
    if (auto *tls = qobject_cast<QSslSocket *>(m_child))
        connect(tls, &QSslSocket::encrypted, this, &WebSocketTransport::onEncrypted);
}

// QWebSocket only passes on what the object tells that reads its frames: a signal more for each frame, which nobody hears
// here, and one more for each message. At full speed those two are a tenth of the whole work, so messages are taken where
// they are made. Where there is no such object, or it tells other things, everything stays as it was.
void WebSocketTransport::bypassSocketSignals()
{
    const QObjectList children = m_socket->children();
    for (QObject *child : children) {
        // By name, since the class is not public; such a connection also costs less than one to a functor.
        const QMetaObject *meta = child->metaObject();
        if (meta->indexOfSignal("textMessageReceived(QString)") < 0 || meta->indexOfSignal("textFrameReceived(QString,bool)") < 0
            || !disconnect(child, SIGNAL(textMessageReceived(QString)), m_socket, nullptr))
            continue;
        m_reader = child;
        connect(child, SIGNAL(textMessageReceived(QString)), this, SLOT(onText(QString)), Qt::DirectConnection);
        disconnect(child, SIGNAL(textFrameReceived(QString, bool)), m_socket, nullptr);
        takeVerdicts(*child);
    }
}

// QWebSocket tells what it finds wrong in the server's frames as if the server had closed with that code, and gives up a frame
// that stalls for five seconds, whatever our heartbeat would say.
void WebSocketTransport::takeVerdicts(QObject &reader)
{
    if (reader.metaObject()->indexOfSignal("errorEncountered(QWebSocketProtocol::CloseCode,QString)") < 0
        || !disconnect(&reader, SIGNAL(errorEncountered(QWebSocketProtocol::CloseCode, QString)), m_socket, nullptr))
        return;
    connect(&reader, SIGNAL(errorEncountered(QWebSocketProtocol::CloseCode, QString)), this,
            SLOT(onVerdict(QWebSocketProtocol::CloseCode, QString)), Qt::DirectConnection);
    for (const QObject *child : reader.children()) { // which of them depends on the Qt
        if (child->inherits("QTimer") || child->inherits("QChronoTimer"))
            child->disconnect(&reader);
    }
}

void WebSocketTransport::onVerdict(QWebSocketProtocol::CloseCode code, const QString &text)
{
    // Of a connection that was cut within a frame Qt reads the half. That it is gone says more, and disconnected() follows.
    if (m_state != State::Open || !m_child || m_child->state() != QAbstractSocket::ConnectedState)
        return;
    ErrorCode error = ErrorCode::ProtocolViolation;
    if (code == QWebSocketProtocol::CloseCodeTooMuchData)
        error = ErrorCode::MessageTooBig;
    else if (code == QWebSocketProtocol::CloseCodeGoingAway) // a stall
        error = ErrorCode::Timeout;
    finish({.error = Error(error, u"what the server sent was refused here: "_s + text.left(200))});
    m_socket->close(code, {});
}

// Nothing that is under way in the socket gets to this object any more.
void WebSocketTransport::ignoreSocket()
{
    if (m_reader)
        m_reader->disconnect(this);
    if (m_child)
        m_child->disconnect(this);
    if (m_socket)
        m_socket->disconnect(this);
}

void WebSocketTransport::onText(const QString &text)
{
    if (m_textSink)
        m_textSink(text);
    else
        Q_EMIT textReceived(text);
}

void WebSocketTransport::onRead()
{
    m_hearing.heard();
}

void WebSocketTransport::ask()
{
    m_child->startTransaction();
    m_state = State::Asking;
}

void WebSocketTransport::onEncrypted()
{
    // The request is still in our buffer here; QWebSocket::connected() would be too late to protect the token.
    const QPointer<WebSocketTransport> guard(this);
    if (!acceptsKey(static_cast<QSslSocket *>(m_child.data())->peerCertificate())) {
        if (guard && m_socket)
            m_socket->abort();
        return;
    }
    ask();
    Q_EMIT phaseReached(AttemptPhase::Upgrade);
}

// Everything that the server sent so far; the head is consumed afterwards, what follows a 101 stays.
WebSocketTransport::Answer WebSocketTransport::recoverAnswer()
{
    if (!m_child || m_state != State::Asking)
        return {};
    m_child->rollbackTransaction();
    qsizetype headLength = -1;
    Answer answer{.http = Upgrade::parseAnswer(m_child->peek(m_child->bytesAvailable()), &headLength)};
    if (headLength > 0)
        m_child->skip(headLength);
    if (!m_proof.isEmpty()) {
        // Servers that repeat what they got must not bring it into logs.
        answer.http.body.replace(m_proof, "[proof]");
        for (auto &header : answer.http.headers)
            header.second.replace(m_proof, "[proof]");
        // Another connection may have told the signer of it since this proof was made: only the proof knows.
        answer.newNonce = answer.http.header("dpop-nonce");
        if (answer.newNonce == Upgrade::nonceOf(m_proof))
            answer.newNonce.clear();
    }
    return answer;
}

void WebSocketTransport::onConnected()
{
    m_destination.takeNonce(recoverAnswer().newNonce);
    if (!m_child && !m_options.pinnedKeys.isEmpty() && !m_options.pinsReportOnly) {
        finish({.error = Error(ErrorCode::PinMismatch, u"pins cannot be checked on this platform"_s)});
        return;
    }
    const QString chosen = m_socket->subprotocol();
    if (!chosen.isEmpty() && !offeredSubprotocols(m_options).contains(chosen)) {
        m_socket->close(QWebSocketProtocol::CloseCodeProtocolError);
        finish({.error = unofferedSubprotocol(chosen)});
        return;
    }
    m_state = State::Open;
    Q_EMIT opened(chosen);
}

void WebSocketTransport::onError(QAbstractSocket::SocketError error)
{
    if (!isAlive())
        return;
    if (m_state >= State::Open) {
        // disconnected() follows; without this mark it would look like a polite end with code 1000.
        m_state = State::Dropped;
        return;
    }
    const bool wasAsked = m_state == State::Asking;
    Answer answer = recoverAnswer();
    if (!answer.http.status && !m_child)
        answer.http.status = Upgrade::statusFromText(m_socket->errorString());
    if (answer.http.status) {
        onRefused(answer);
    } else if (wasAsked && m_child->error() == QAbstractSocket::UnknownSocketError) {
        finish({.error = Error(ErrorCode::ProtocolViolation,
                               u"the answer is not one of a WebSocket server: "_s + m_socket->errorString().left(200))});
    } else {
        const QString text = m_child ? m_child->errorString() : m_socket->errorString();
        finish({.tlsErrors = textsOf(m_tlsErrors),
                .error = networkError(m_child ? m_child->error() : error, {m_destination.url(), text, m_tlsErrors, wasAsked})});
    }
}

// By the server, or a 101 by Qt.
void WebSocketTransport::onRefused(const Answer &answer)
{
    const QString chosen = QString::fromLatin1(answer.http.header("sec-websocket-protocol"));
    if (answer.http.status == 101 && !chosen.isEmpty() && !offeredSubprotocols(m_options).contains(chosen)) {
        finish({.error = unofferedSubprotocol(chosen)});
    } else if (answer.http.status == 101) {
        finish({.error = Error(ErrorCode::ProtocolViolation,
                               u"the server's 101 does not follow RFC 6455: "_s + m_socket->errorString())});
    } else if (const auto end = m_destination.refusedBy(answer.http, answer.newNonce)) {
        finish(*end);
    } else {
        retireSocket();
        connectAgain();
    }
}

void WebSocketTransport::onDisconnected()
{
    if (m_state < State::Open) {
        // Qt emits this before the error that explains it.
        QMetaObject::invokeMethod(
            this,
            [this, socket = m_socket] {
                if (socket == m_socket) // else a redirect was followed
                    onError(m_child ? m_child->error() : QAbstractSocket::RemoteHostClosedError);
            },
            Qt::QueuedConnection);
        return;
    }
    const bool isDropped = m_state == State::Dropped;
    TransportEnd end;
    end.closeCode = isDropped ? int(CloseCode::Abnormal) : int(m_socket->closeCode());
    if (!isDropped)
        end.closeReason = m_socket->closeReason();
    // The server closed, politely or not; that Qt cannot read how is no reason to stay away.
    if (isUnreadable(end.closeCode, end.closeReason)) {
        end.closeCode = int(CloseCode::Abnormal);
        end.closeReason = u"the server closed, with a code or reason that cannot be read"_s;
    }
    end.error = Error(isDropped ? ErrorCode::ConnectionLost : ErrorCode::ClosedByPeer, end.closeReason);
    finish(end);
}

// The one way out. Queued, because QWebSocket goes on working after it emitted these signals.
void WebSocketTransport::finish(TransportEnd end)
{
    if (!isAlive())
        return;
    m_hearing.stop();
    ignoreSocket();
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_state == State::Over && m_socket)
                m_socket->abort();
        },
        Qt::QueuedConnection);
    tellEnd(end);
}

void WebSocketTransport::sendText(const QString &text)
{
    if (beginSending())
        m_socket->sendTextMessage(text);
}

void WebSocketTransport::sendBinary(const QByteArray &bytes)
{
    if (beginSending())
        m_socket->sendBinaryMessage(bytes);
}

void WebSocketTransport::ping(const QByteArray &payload)
{
    if (beginSending())
        m_socket->ping(payload);
}

void WebSocketTransport::close(int code, const QString &reason)
{
    if (!isAlive() || !m_socket)
        return;
    // Before the 101 a close frame would land in the middle of HTTP.
    if (m_state >= State::Open)
        m_socket->close(QWebSocketProtocol::CloseCode(code), reason);
    else
        finish({.error = Error(ErrorCode::Cancelled)});
}

void WebSocketTransport::abort()
{
    m_state = State::Aborted;
    m_hearing.stop();
    if (!m_socket)
        return;
    ignoreSocket();
    m_socket->abort();
}

qint64 WebSocketTransport::bytesQueued() const
{
    if (!m_socket)
        return 0;
    // bytesToWrite() alone falls to 0 while megabytes wait behind a stalled TLS peer.
    const auto *tls = qobject_cast<const QSslSocket *>(m_child.data());
    return m_socket->bytesToWrite() + (tls ? tls->encryptedBytesToWrite() : 0);
}

} // namespace Watchword
