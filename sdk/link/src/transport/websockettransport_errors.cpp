// SPDX-License-Identifier: Apache-2.0
// What a WebSocketTransport tells people of its end.
#include "transport/websockettransport_p.h"

#include "transport/wire.h"

#include "watchword/core/log.h"

#include <QTcpSocket>
#include <QWebSocket>

namespace Watchword {

using namespace Qt::StringLiterals;

TransportEnd WebSocketTransport::refusedUpgrade(const HttpAnswer &answer) const
{
    Error error = Wire::refusal(answer, (m_options.clock ? *m_options.clock : Clock::system()).wallNow());
    if (const QByteArray location = answer.header("location"); answer.status / 100 == 3 && !location.isEmpty()) {
        const QString target = redactedUrl(Wire::redirectTarget(m_url, location)).left(300);
        error = error.withDetail(u"the server redirects to %1, which is not followed"_s.arg(target))
                    .withRemedy(u"Set the URL to the new address, or allow ConnectionOptions::maximumRedirects; to another "
                                "scheme it is never followed."_s);
    }
    return {.http = answer, .nonceGiven = error.code() == ErrorCode::WrongNonce && m_nonceIsNew, .error = error};
}

Error WebSocketTransport::tlsError(const QString &text) const
{
    QStringList reasons;
    QString remedy;
    for (const QSslError &error : m_tlsErrors) {
        reasons.append(error.errorString());
        if (remedy.isEmpty())
            remedy = Wire::tlsRemedy(error.error());
    }
    const QString detail = reasons.isEmpty() ? text : reasons.join(u"; "_s);
    // OpenSSL's words for the alerts of RFC 8446 section 6.2.
    if (m_tlsErrors.isEmpty() && text.contains("alert"_L1) && text.contains("certificate"_L1))
        remedy = u"The server wants a client certificate that it knows: set ConnectionOptions::clientCertificates and "
                 "clientKey."_s;
    return Error(ErrorCode::TlsFailed, detail).withRemedy(remedy);
}

Error WebSocketTransport::networkError(QAbstractSocket::SocketError error) const
{
    const QString text = m_child ? m_child->errorString() : m_socket->errorString();
    switch (error) {
    case QAbstractSocket::HostNotFoundError:
        return Error(ErrorCode::HostNotFound, m_url.host());
    case QAbstractSocket::ConnectionRefusedError:
        return Error(ErrorCode::ConnectionRefused, redactedUrl(m_url));
    case QAbstractSocket::SocketTimeoutError:
        return Error(ErrorCode::Timeout, text);
    case QAbstractSocket::NetworkError:
        return Error(ErrorCode::Offline, text);
    case QAbstractSocket::RemoteHostClosedError:
        return Error(ErrorCode::ConnectionLost, u"the server closed the connection before it answered"_s)
            .withRemedy(m_wasAsked && m_options.url.scheme() == "wss"_L1
                            ? u"Watchword tries again by itself. If it goes on: the server may want another client "
                              "certificate (ConnectionOptions::clientCertificates), or not speak WebSocket at this port."_s
                            : QString());
    case QAbstractSocket::SslHandshakeFailedError:
    case QAbstractSocket::SslInternalError:
    case QAbstractSocket::SslInvalidUserDataError:
        // Qt says the same of a handshake that the network cut off; that one passes by itself.
        if (m_tlsErrors.isEmpty() && !Wire::isTlsVerdict(text))
            return Error(ErrorCode::ConnectionLost, u"the connection ended within the TLS handshake: "_s + text.left(200));
        return tlsError(text);
    case QAbstractSocket::ProxyAuthenticationRequiredError:
        return Error(ErrorCode::ProxyAuthenticationRequired, text);
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

// QWebSocket tells what it finds wrong in the server's frames as if the server had closed with that code, and gives up a frame
// that stalls for five seconds, whatever our heartbeat would say.
void WebSocketTransport::takeVerdicts(QObject &reader)
{
    if (reader.metaObject()->indexOfSignal("errorEncountered(QWebSocketProtocol::CloseCode,QString)") < 0
        || !disconnect(&reader, SIGNAL(errorEncountered(QWebSocketProtocol::CloseCode, QString)), m_socket, nullptr))
        return;
    connect(&reader, SIGNAL(errorEncountered(QWebSocketProtocol::CloseCode, QString)), this,
            SLOT(onVerdict(QWebSocketProtocol::CloseCode, QString)), Qt::DirectConnection);
    if (const QTimer *stall = reader.findChild<QTimer *>())
        stall->disconnect(&reader);
}

void WebSocketTransport::onVerdict(QWebSocketProtocol::CloseCode code, const QString &text)
{
    // Of a connection that was cut within a frame Qt reads the half. That it is gone says more, and disconnected() follows.
    if (m_over || m_dropped || !m_child || m_child->state() != QAbstractSocket::ConnectedState)
        return;
    ErrorCode error = ErrorCode::ProtocolViolation;
    if (code == QWebSocketProtocol::CloseCodeTooMuchData)
        error = ErrorCode::MessageTooBig;
    else if (code == QWebSocketProtocol::CloseCodeGoingAway) // a stall
        error = ErrorCode::Timeout;
    finish({.error = Error(error, u"what the server sent was refused here: "_s + text.left(200))});
    m_socket->close(code, {});
}

} // namespace Watchword
