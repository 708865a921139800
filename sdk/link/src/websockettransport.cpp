// SPDX-License-Identifier: Apache-2.0
#include "websockettransport_p.h"

#include "wire_p.h"

#include "watchword/core/closepolicy.h"
#include "watchword/core/frame.h"
#include "watchword/core/log.h"

#include <QCryptographicHash>
#include <QNetworkRequest>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>

#include <openssl/x509.h>

#include <memory>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QByteArray keyHash(const QSslCertificate &certificate)
{
    const QByteArray der = certificate.toDer();
    const auto *in = reinterpret_cast<const unsigned char *>(der.constData());
    const std::unique_ptr<X509, decltype(&X509_free)> x509(d2i_X509(nullptr, &in, long(der.size())),
                                                           &X509_free);
    if (!x509)
        return {};
    unsigned char *out = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509.get()), &out);
    if (size <= 0)
        return {};
    const QByteArray key(reinterpret_cast<const char *>(out), size);
    OPENSSL_free(out);
    return QCryptographicHash::hash(key, QCryptographicHash::Sha256);
}

} // namespace

std::unique_ptr<Transport> makeWebSocketTransport(const ConnectionOptions &options)
{
    return std::make_unique<WebSocketTransport>(options);
}

WebSocketTransport::WebSocketTransport(ConnectionOptions options)
    : m_options(std::move(options))
{
    if (m_options.offerWatchword)
        m_offered.append(QString::fromLatin1(kSubprotocol));
    m_offered += m_options.subprotocols;
}

WebSocketTransport::~WebSocketTransport()
{
    abort();
}

void WebSocketTransport::start(const Secret &token, const QString &scheme)
{
    const QUrl url = Wire::normalised(m_options.url);
    QNetworkRequest request(url);
    for (auto header = m_options.headers.cbegin(); header != m_options.headers.cend(); ++header)
        request.setRawHeader(header.key(), header.value());
    if (!token.isEmpty()) {
        const QByteArray name = scheme.toLatin1();
        if (!Wire::isToken68(token.reveal()) || !Wire::isHeaderName(name)) {
            finish({.error = Error(ErrorCode::MalformedToken,
                                   u"the token cannot travel in a header (RFC 9110 token68)"_s)});
            return;
        }
        const bool bearer = scheme.compare("bearer"_L1, Qt::CaseInsensitive) == 0;
        request.setRawHeader("Authorization",
                             (bearer ? QByteArray("Bearer") : name) + ' ' + token.reveal().toByteArray());
    }
    makeSocket();
    Q_EMIT phaseReached(AttemptPhase::Dns);
    QWebSocketHandshakeOptions handshake;
    handshake.setSubprotocols(m_offered);
    m_socket->open(request, handshake);
    watchChild();
}

void WebSocketTransport::makeSocket()
{
    m_socket = new QWebSocket(QString::fromLatin1(m_options.origin), QWebSocketProtocol::Version13, this);
    m_socket->setProxy(m_options.proxy);
    m_socket->setMaxAllowedIncomingFrameSize(quint64(m_options.maximumMessage));
    m_socket->setMaxAllowedIncomingMessageSize(quint64(m_options.maximumMessage));
    if (m_options.url.scheme() == "wss"_L1) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setProtocol(QSsl::TlsV1_2OrLater);
        tls.setPeerVerifyMode(QSslSocket::VerifyPeer);
        tls.addCaCertificates(m_options.certificateAuthorities);
        m_socket->setSslConfiguration(tls);
    }
    connect(m_socket, &QWebSocket::connected, this, &WebSocketTransport::onConnected);
    connect(m_socket, &QWebSocket::disconnected, this, &WebSocketTransport::onDisconnected);
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(m_socket, &QWebSocket::errorOccurred, this, &WebSocketTransport::onError);
#else
    connect(m_socket, qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), this,
            &WebSocketTransport::onError);
#endif
    connect(m_socket, &QWebSocket::sslErrors, this,
            [this](const QList<QSslError> &errors) { m_tlsErrors = errors; });
    connect(m_socket, &QWebSocket::textMessageReceived, this, &Transport::textReceived);
    connect(m_socket, &QWebSocket::binaryMessageReceived, this, &Transport::binaryReceived);
    connect(m_socket, &QWebSocket::pong, this,
            [this](quint64, const QByteArray &payload) { Q_EMIT pongReceived(payload); });
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
    connect(m_child, &QIODevice::readyRead, this, &Transport::activity);
    if (auto *tls = qobject_cast<QSslSocket *>(m_child))
        connect(tls, &QSslSocket::encrypted, this, &WebSocketTransport::onEncrypted);
}

void WebSocketTransport::beginTransaction()
{
    m_child->startTransaction();
    m_transaction = true;
}

void WebSocketTransport::onEncrypted()
{
    // The request is still in our buffer here; QWebSocket::connected() would be too late to protect the
    // token.
    if (!pinMatches()) {
        finish({.error = Error(ErrorCode::PinMismatch,
                               u"the key of the server's certificate is not a pinned one"_s)});
        m_socket->abort();
        return;
    }
    beginTransaction();
    Q_EMIT phaseReached(AttemptPhase::Upgrade);
}

bool WebSocketTransport::pinMatches() const
{
    if (m_options.pinnedKeys.isEmpty())
        return true;
    const auto *tls = qobject_cast<const QSslSocket *>(m_child.data());
    return tls && m_options.pinnedKeys.contains(keyHash(tls->peerCertificate()));
}

// Everything that the server sent so far; the head is consumed afterwards, what follows a 101 stays.
HttpAnswer WebSocketTransport::recoverAnswer()
{
    if (!m_child || !m_transaction)
        return {};
    m_transaction = false;
    m_child->rollbackTransaction();
    qsizetype headLength = -1;
    const HttpAnswer answer = Wire::parseAnswer(m_child->peek(m_child->bytesAvailable()), &headLength);
    if (headLength > 0)
        m_child->skip(headLength);
    return answer;
}

void WebSocketTransport::onConnected()
{
    recoverAnswer();
    if (!m_child && !m_options.pinnedKeys.isEmpty()) {
        finish({.error = Error(ErrorCode::PinMismatch, u"pins cannot be checked on this platform"_s)});
        return;
    }
    const QString chosen = m_socket->subprotocol();
    if (!chosen.isEmpty() && !m_offered.contains(chosen)) {
        m_socket->close(QWebSocketProtocol::CloseCodeProtocolError);
        finish({.error = Error(
                    ErrorCode::SubprotocolMismatch,
                    u"the server chose subprotocol \"%1\", which was not offered"_s.arg(chosen.left(60)))});
        return;
    }
    m_opened = true;
    Q_EMIT opened(chosen);
}

TransportEnd WebSocketTransport::refusedUpgrade(const HttpAnswer &answer) const
{
    const QByteArray challenge = answer.header("www-authenticate");
    ErrorCode code = answer.status == 511 ? ErrorCode::CaptivePortal : ErrorCode::UpgradeRejected;
    if (answer.status == 401
        && Wire::challengeParameter(challenge, "error") == "insufficient_user_authentication")
        code = ErrorCode::InsufficientAuthentication;
    QString detail = u"the server refused the upgrade"_s;
    if (const QString problem = Wire::problemText(answer); !problem.isEmpty())
        detail = problem;
    const WallTime now = (m_options.clock ? *m_options.clock : Clock::system()).wallNow();
    const Error error = Error(code, detail)
                            .withHttpStatus(answer.status)
                            .withRetryAfter(Wire::parseRetryAfter(answer.header("retry-after"), now));
    return {.http = answer, .error = error};
}

Error WebSocketTransport::networkError(QAbstractSocket::SocketError error) const
{
    const QString text = m_child ? m_child->errorString() : m_socket->errorString();
    switch (error) {
    case QAbstractSocket::HostNotFoundError:
        return Error(ErrorCode::HostNotFound, m_options.url.host());
    case QAbstractSocket::ConnectionRefusedError:
        return Error(ErrorCode::ConnectionRefused, redactedUrl(m_options.url));
    case QAbstractSocket::SocketTimeoutError:
        return Error(ErrorCode::Timeout, text);
    case QAbstractSocket::NetworkError:
        return Error(ErrorCode::Offline, text);
    case QAbstractSocket::RemoteHostClosedError:
        return Error(ErrorCode::ConnectionLost, u"the server closed the connection before it answered"_s);
    case QAbstractSocket::SslHandshakeFailedError:
    case QAbstractSocket::SslInternalError:
    case QAbstractSocket::SslInvalidUserDataError: {
        QStringList reasons;
        for (const QSslError &tls : m_tlsErrors)
            reasons.append(tls.errorString());
        return Error(ErrorCode::TlsFailed, reasons.isEmpty() ? text : reasons.join(u"; "_s));
    }
    case QAbstractSocket::ProxyAuthenticationRequiredError:
    case QAbstractSocket::ProxyConnectionRefusedError:
    case QAbstractSocket::ProxyConnectionClosedError:
    case QAbstractSocket::ProxyConnectionTimeoutError:
    case QAbstractSocket::ProxyNotFoundError:
    case QAbstractSocket::ProxyProtocolError:
        return Error(ErrorCode::ProxyFailed, text);
    default:
        return Error(ErrorCode::ConnectionLost, text);
    }
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
    const bool wasAsked = m_transaction; // the request left; what came back is an answer
    HttpAnswer answer = recoverAnswer();
    if (!answer.status && !m_child)
        answer.status = Wire::statusFromText(m_socket->errorString());
    const QString chosen = QString::fromLatin1(answer.header("sec-websocket-protocol"));
    if (answer.status == 101 && !chosen.isEmpty() && !m_offered.contains(chosen)) {
        finish({.error = Error(
                    ErrorCode::SubprotocolMismatch,
                    u"the server chose subprotocol \"%1\", which was not offered"_s.arg(chosen.left(60)))});
    } else if (answer.status == 101) {
        finish({.error = Error(ErrorCode::ProtocolViolation,
                               u"the server's 101 does not follow RFC 6455: "_s + m_socket->errorString())});
    } else if (answer.status) {
        finish(refusedUpgrade(answer));
    } else if (wasAsked && m_child->error() == QAbstractSocket::UnknownSocketError) {
        finish({.error = Error(ErrorCode::ProtocolViolation,
                               u"the answer is not one of a WebSocket server: "_s
                                   + m_socket->errorString().left(200))});
    } else {
        finish({.error = networkError(m_child ? m_child->error() : error)});
    }
}

void WebSocketTransport::onDisconnected()
{
    if (!m_opened) {
        // Qt emits this before the error that explains it.
        QMetaObject::invokeMethod(
            this, [this] { onError(m_child ? m_child->error() : QAbstractSocket::RemoteHostClosedError); },
            Qt::QueuedConnection);
        return;
    }
    TransportEnd end;
    end.closeCode = m_dropped ? int(CloseCode::Abnormal) : int(m_socket->closeCode());
    if (!m_dropped)
        end.closeReason = m_socket->closeReason();
    // Qt knows no codes above 1011 but private ones: it takes 1012 to 1014 for a mistake of the peer and says 1002.
    if (end.closeCode == int(CloseCode::ProtocolError) && end.closeReason.startsWith("Invalid close code"_L1)) {
        end.closeCode = int(CloseCode::Abnormal);
        end.closeReason = u"closed with a code that Qt does not know"_s;
    }
    end.error = Error(m_dropped ? ErrorCode::ConnectionLost : ErrorCode::ClosedByPeer, end.closeReason);
    finish(end);
}

// The one way out. Queued, because QWebSocket goes on working after it emitted these signals.
void WebSocketTransport::finish(TransportEnd end)
{
    if (std::exchange(m_over, true))
        return;
    if (m_socket)
        m_socket->disconnect(this);
    if (m_child)
        m_child->disconnect(this);
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

void WebSocketTransport::sendText(const QString &text)
{
    if (m_opened && !m_over)
        m_socket->sendTextMessage(text);
}

void WebSocketTransport::sendBinary(const QByteArray &bytes)
{
    if (m_opened && !m_over)
        m_socket->sendBinaryMessage(bytes);
}

void WebSocketTransport::ping(const QByteArray &payload)
{
    if (m_opened && !m_over)
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
    m_socket->disconnect(this);
    if (m_child)
        m_child->disconnect(this);
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
