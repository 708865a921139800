// SPDX-License-Identifier: Apache-2.0
#include "transport/websockettransport_p.h"

#include "transport/wire.h"

#include "watchword/core/closepolicy.h"
#include "watchword/core/frame.h"
#include "watchword/core/log.h"
#include "watchword/core/version.h"
#include "watchword/link/connectbudget.h"

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

// Far below every deadline that a sign of life moves. A clock that only moves when told has no "meanwhile".
Duration hearingTime(const ConnectionOptions &options)
{
    if (options.clock && !options.clock->runsByItself())
        return Duration::zero();
    return std::min({Duration(250), options.heartbeat / 8, options.pongTimeout / 8, options.probeTimeout / 8});
}

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

std::unique_ptr<Transport> makeWebSocketTransport(const ConnectionOptions &options)
{
    return std::make_unique<WebSocketTransport>(options);
}

WebSocketTransport::WebSocketTransport(ConnectionOptions options)
    : m_options(std::move(options))
    , m_redirectsLeft(m_options.maximumRedirects)
{
    if (m_options.offerWatchword)
        m_offered.append(QString::fromLatin1(kSubprotocol));
    m_offered += m_options.subprotocols;
    m_hearing.setSingleShot(true);
    m_hearing.setInterval(hearingTime(m_options));
    connect(&m_hearing, &QTimer::timeout, this, &WebSocketTransport::onHearingOver);
}

WebSocketTransport::~WebSocketTransport()
{
    abort();
}

void WebSocketTransport::start(const AccessToken &token)
{
    if (!token.value.isEmpty() && !Wire::isToken68(token.value.reveal())) {
        finish({.error = Error(ErrorCode::MalformedToken, u"the token cannot travel in a header (RFC 9110 token68)"_s)});
        return;
    }
    m_token = token;
    connectTo(Wire::normalised(m_options.url));
}

QUrl WebSocketTransport::authorizedUrl() const
{
    return m_atOrigin ? m_url : QUrl();
}

QByteArray WebSocketTransport::userAgent() const
{
    return m_options.userAgent.isEmpty() ? "Watchword/" + versionText().toLatin1() : m_options.userAgent;
}

Result<void> WebSocketTransport::authorize(QNetworkRequest &request)
{
    const Result<RequestHeaders> headers = m_token.headersFor("GET", m_url);
    if (!headers)
        return headers.error();
    request.setRawHeader("Authorization", headers->authorization.reveal().toByteArray());
    m_proof = headers->proof;
    if (!m_proof.isEmpty())
        request.setRawHeader("DPoP", m_proof);
    return {};
}

void WebSocketTransport::connectTo(const QUrl &url)
{
    m_url = url;
    QNetworkRequest request(url);
    request.setRawHeader("User-Agent", userAgent());
    if (m_atOrigin) {
        for (auto header = m_options.headers.cbegin(); header != m_options.headers.cend(); ++header)
            request.setRawHeader(header.key(), header.value());
        const Result<void> authorized = m_token.value.isEmpty() ? Result<void>() : authorize(request);
        if (!authorized) {
            finish({.error = authorized.error()});
            return;
        }
    }
    makeSocket();
    Q_EMIT phaseReached(AttemptPhase::Dns);
    QWebSocketHandshakeOptions handshake;
    handshake.setSubprotocols(m_offered);
    m_socket->open(request, handshake);
    watchChild();
    shortenWay();
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

bool WebSocketTransport::follow(const HttpAnswer &answer)
{
    static const QList<int> redirects{301, 302, 303, 307, 308};
    if (m_redirectsLeft == 0 || !redirects.contains(answer.status))
        return false;
    const QUrl target = Wire::redirectTarget(m_url, answer.header("location"));
    if (target.scheme() != m_url.scheme() || !Wire::checkUrl(target, m_options.allowLoopbackPlain))
        return false;
    --m_redirectsLeft;
    m_atOrigin = m_atOrigin && ConnectBudget::serverOf(target) == ConnectBudget::serverOf(m_url);
    retireSocket();
    QMetaObject::invokeMethod(
        this,
        [this, target] {
            if (!m_over)
                connectTo(target);
        },
        Qt::QueuedConnection);
    return true;
}

void WebSocketTransport::makeSocket()
{
    m_socket = new QWebSocket(QString::fromLatin1(m_options.origin), QWebSocketProtocol::Version13, this);
    QNetworkProxy proxy = m_options.proxy;
    if (proxy.type() == QNetworkProxy::HttpProxy && !proxy.hasRawHeader("User-Agent"))
        proxy.setRawHeader("User-Agent", userAgent());
    m_socket->setProxy(proxy);
    m_socket->setMaxAllowedIncomingFrameSize(quint64(m_options.maximumMessage));
    m_socket->setMaxAllowedIncomingMessageSize(quint64(m_options.maximumMessage));
    if (m_options.url.scheme() == "wss"_L1) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setProtocol(m_options.minimumTls);
        if (!m_options.clientCertificates.isEmpty()) {
            tls.setLocalCertificateChain(m_options.clientCertificates);
            tls.setPrivateKey(m_options.clientKey);
        }
        tls.setPeerVerifyMode(QSslSocket::VerifyPeer);
        if (!m_options.certificateAuthorities.isEmpty())
            tls.setCaCertificates(m_options.certificateAuthorities);
        tls.addCaCertificates(m_options.additionalCertificateAuthorities);
        m_socket->setSslConfiguration(tls);
    }
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
    const bool encrypted = m_options.url.scheme() == "wss"_L1;
    connect(m_child, &QAbstractSocket::hostFound, this, [this] { Q_EMIT phaseReached(AttemptPhase::Tcp); });
    connect(m_child, &QAbstractSocket::connected, this, [this, encrypted] {
        if (!encrypted)
            beginTransaction();
        Q_EMIT phaseReached(encrypted ? AttemptPhase::Tls : AttemptPhase::Upgrade);
    });
    connect(m_child, &QIODevice::readyRead, this, &WebSocketTransport::onRead);
    if (auto *tls = qobject_cast<QSslSocket *>(m_child))
        connect(tls, &QSslSocket::encrypted, this, &WebSocketTransport::onEncrypted);
}

// QWebSocket only passes on what the object tells that reads its frames: a signal more for each frame, which nobody hears
// here, and one more for each message. At full speed those two are a tenth of the whole work, so messages are taken where
// they are made. Where there is no such object, or it tells other things, everything stays as it was.
void WebSocketTransport::shortenWay()
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

// Who hears of activity() looks at the clock, and a TLS socket tells of every 4 KiB: at full speed that would cost more
// than delivering what was read. So a burst is told at its start and then once in a while, too late by that at most.
void WebSocketTransport::onRead()
{
    if (m_isHearing) {
        m_heardMore = true;
        return;
    }
    if (m_hearing.interval() > 0) {
        m_isHearing = true;
        if (!m_hearing.isActive())
            m_hearing.start();
    }
    Q_EMIT activity();
}

void WebSocketTransport::onHearingOver()
{
    m_isHearing = false;
    if (std::exchange(m_heardMore, false) && !m_over)
        onRead();
}

void WebSocketTransport::beginTransaction()
{
    m_child->startTransaction();
    m_transaction = true;
}

void WebSocketTransport::onEncrypted()
{
    // The request is still in our buffer here; QWebSocket::connected() would be too late to protect the token.
    const QByteArray key = m_options.pinnedKeys.isEmpty() ? QByteArray() : presentedKey();
    if (!m_options.pinnedKeys.isEmpty() && !m_options.pinnedKeys.contains(key)) {
        const Error error(ErrorCode::PinMismatch,
                          u"the key of the server's certificate is not a pinned one: sha256/"_s
                              + QString::fromLatin1(key.toBase64()));
        if (!m_options.pinsReportOnly) {
            finish({.error = error});
            m_socket->abort();
            return;
        }
        Q_EMIT noticed(error);
    }
    beginTransaction();
    Q_EMIT phaseReached(AttemptPhase::Upgrade);
}

QByteArray WebSocketTransport::presentedKey() const
{
    const auto *tls = qobject_cast<const QSslSocket *>(m_child.data());
    return tls ? Wire::keyHash(tls->peerCertificate()) : QByteArray();
}

// Everything that the server sent so far; the head is consumed afterwards, what follows a 101 stays.
HttpAnswer WebSocketTransport::recoverAnswer()
{
    if (!m_child || !m_transaction)
        return {};
    m_transaction = false;
    m_child->rollbackTransaction();
    qsizetype headLength = -1;
    HttpAnswer answer = Wire::parseAnswer(m_child->peek(m_child->bytesAvailable()), &headLength);
    if (headLength > 0)
        m_child->skip(headLength);
    if (!m_proof.isEmpty()) {
        // Servers that repeat what they got must not bring it into logs.
        answer.body.replace(m_proof, "[proof]");
        for (auto &header : answer.headers)
            header.second.replace(m_proof, "[proof]");
        // Another connection may have told the signer of it since this proof was made: only the proof knows.
        const QByteArray nonce = m_atOrigin ? answer.header("dpop-nonce") : QByteArray();
        m_nonceIsNew = !nonce.isEmpty() && nonce != Wire::nonceOf(m_proof);
        if (m_nonceIsNew)
            m_token.proof->rememberNonce(m_url, nonce);
    }
    return answer;
}

void WebSocketTransport::onConnected()
{
    recoverAnswer();
    if (!m_child && !m_options.pinnedKeys.isEmpty() && !m_options.pinsReportOnly) {
        finish({.error = Error(ErrorCode::PinMismatch, u"pins cannot be checked on this platform"_s)});
        return;
    }
    const QString chosen = m_socket->subprotocol();
    if (!chosen.isEmpty() && !m_offered.contains(chosen)) {
        m_socket->close(QWebSocketProtocol::CloseCodeProtocolError);
        finish({.error = Error(ErrorCode::SubprotocolMismatch,
                               u"the server chose subprotocol \"%1\", which was not offered"_s.arg(chosen.left(60)))});
        return;
    }
    m_opened = true;
    Q_EMIT opened(chosen);
}

void WebSocketTransport::onError(QAbstractSocket::SocketError error)
{
    if (m_over)
        return;
    if (m_opened) {
        // disconnected() follows; without this mark it would look like a polite end with code 1000.
        m_dropped = true;
        return;
    }
    m_wasAsked = m_transaction;
    HttpAnswer answer = recoverAnswer();
    if (!answer.status && !m_child)
        answer.status = Wire::statusFromText(m_socket->errorString());
    const QString chosen = QString::fromLatin1(answer.header("sec-websocket-protocol"));
    if (answer.status == 101 && !chosen.isEmpty() && !m_offered.contains(chosen)) {
        finish({.error = Error(ErrorCode::SubprotocolMismatch,
                               u"the server chose subprotocol \"%1\", which was not offered"_s.arg(chosen.left(60)))});
    } else if (answer.status == 101) {
        finish({.error = Error(ErrorCode::ProtocolViolation,
                               u"the server's 101 does not follow RFC 6455: "_s + m_socket->errorString())});
    } else if (answer.status) {
        if (!follow(answer))
            finish(refusedUpgrade(answer));
    } else if (m_wasAsked && m_child->error() == QAbstractSocket::UnknownSocketError) {
        finish({.error = Error(ErrorCode::ProtocolViolation,
                               u"the answer is not one of a WebSocket server: "_s + m_socket->errorString().left(200))});
    } else {
        QStringList tlsErrors;
        for (const QSslError &tls : std::as_const(m_tlsErrors))
            tlsErrors.append(tls.errorString());
        finish({.tlsErrors = tlsErrors, .error = networkError(m_child ? m_child->error() : error)});
    }
}

void WebSocketTransport::onDisconnected()
{
    if (!m_opened) {
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
    TransportEnd end;
    end.closeCode = m_dropped ? int(CloseCode::Abnormal) : int(m_socket->closeCode());
    if (!m_dropped)
        end.closeReason = m_socket->closeReason();
    // The server closed, politely or not; that Qt cannot read how is no reason to stay away.
    if (isUnreadable(end.closeCode, end.closeReason)) {
        end.closeCode = int(CloseCode::Abnormal);
        end.closeReason = u"the server closed, with a code or reason that cannot be read"_s;
    }
    end.error = Error(m_dropped ? ErrorCode::ConnectionLost : ErrorCode::ClosedByPeer, end.closeReason);
    finish(end);
}

// The one way out. Queued, because QWebSocket goes on working after it emitted these signals.
void WebSocketTransport::finish(TransportEnd end)
{
    if (std::exchange(m_over, true))
        return;
    ignoreSocket();
    QMetaObject::invokeMethod(
        this,
        [this, end = std::move(end)] {
            if (m_aborted)
                return;
            if (m_socket)
                m_socket->abort();
            Q_EMIT ended(end);
        },
        Qt::QueuedConnection);
}

// Only what comes after a question is an answer to it, and that is told at once.
bool WebSocketTransport::beginSending()
{
    m_isHearing = false;
    m_heardMore = false;
    return m_opened && !m_over;
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
    if (m_over || !m_socket)
        return;
    // Before the 101 a close frame would land in the middle of HTTP.
    if (m_opened)
        m_socket->close(QWebSocketProtocol::CloseCode(code), reason);
    else
        finish({.error = Error(ErrorCode::Cancelled)});
}

void WebSocketTransport::abort()
{
    m_over = true;
    m_aborted = true;
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
