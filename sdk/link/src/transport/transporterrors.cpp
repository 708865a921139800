// SPDX-License-Identifier: Apache-2.0
#include "transport/transporterrors.h"

#include "transport/upgrade.h"

#include "watchword/core/closepolicy.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error tlsError(const FailedWay &way)
{
    QString remedy;
    for (const QSslError &error : way.tlsErrors) {
        if (remedy.isEmpty())
            remedy = Upgrade::tlsRemedy(error.error());
    }
    const QString detail = way.tlsErrors.isEmpty() ? way.text : textsOf(way.tlsErrors).join(u"; "_s);
    // OpenSSL's words for the alerts of RFC 8446 section 6.2.
    if (way.tlsErrors.isEmpty() && way.text.contains("alert"_L1) && way.text.contains("certificate"_L1))
        remedy = u"The server wants a client certificate that it knows: set ConnectionOptions::clientCertificates and "
                 "clientKey."_s;
    return Error(ErrorCode::TlsFailed, detail).withRemedy(remedy);
}

} // namespace

TransportEnd refusedUpgrade(const HttpAnswer &answer, const QUrl &url, bool nonceIsNew, const ConnectionOptions &options)
{
    Error error = Upgrade::refusal(answer, (options.clock ? *options.clock : Clock::system()).wallNow());
    if (const QByteArray location = answer.header("location"); answer.status / 100 == 3 && !location.isEmpty()) {
        const QString target = redactedUrl(Upgrade::redirectTarget(url, location)).left(300);
        error = error.withDetail(u"the server redirects to %1, which is not followed"_s.arg(target))
                    .withRemedy(u"Set the URL to the new address, or allow ConnectionOptions::maximumRedirects; to another "
                                "scheme it is never followed."_s);
    }
    return {.http = answer, .nonceGiven = error.code() == ErrorCode::WrongNonce && nonceIsNew, .error = error};
}

TransportEnd refusedFrames(Wire::Fault fault, std::uint16_t peerCloseCode)
{
    TransportEnd end;
    switch (fault) {
    case Wire::Fault::CloseTooShort:
    case Wire::Fault::CloseCodeInvalid:
    case Wire::Fault::CloseReasonNotUtf8:
        // The server goes, whatever it wanted to say with it.
        end.closeCode = peerCloseCode ? peerCloseCode : int(CloseCode::Abnormal);
        end.closeReason = u"the server closed, with a code or reason that cannot be read"_s;
        end.error = Error(ErrorCode::ClosedByPeer, end.closeReason);
        return end;
    default:
        break;
    }
    const bool isTooBig = Wire::closeCodeOf(fault) == int(CloseCode::MessageTooBig);
    const std::string_view text = Wire::describe(fault);
    end.error = Error(isTooBig ? ErrorCode::MessageTooBig : ErrorCode::ProtocolViolation,
                      u"what the server sent was refused here: "_s + QString::fromLatin1(text.data(), qsizetype(text.size())));
    return end;
}

QStringList textsOf(const QList<QSslError> &errors)
{
    QStringList texts;
    for (const QSslError &error : errors)
        texts.append(error.errorString());
    return texts;
}

Error unofferedSubprotocol(const QString &chosen)
{
    return Error(ErrorCode::SubprotocolMismatch,
                 u"the server chose subprotocol \"%1\", which was not offered"_s.arg(chosen.left(60)));
}

QUrl followedRedirect(const HttpAnswer &answer, const QUrl &url, const ConnectionOptions &options)
{
    static const QList<int> redirects{301, 302, 303, 307, 308};
    if (!redirects.contains(answer.status))
        return {};
    const QUrl target = Upgrade::redirectTarget(url, answer.header("location"));
    return target.scheme() == url.scheme() && Upgrade::checkUrl(target, options.allowLoopbackPlain) ? target : QUrl();
}

Error networkError(QAbstractSocket::SocketError error, const FailedWay &way)
{
    const QString &text = way.text;
    switch (error) {
    case QAbstractSocket::HostNotFoundError:
        return Error(ErrorCode::HostNotFound, way.url.host());
    case QAbstractSocket::ConnectionRefusedError:
        return Error(ErrorCode::ConnectionRefused, redactedUrl(way.url));
    case QAbstractSocket::SocketTimeoutError:
        return Error(ErrorCode::Timeout, text);
    case QAbstractSocket::NetworkError:
        return Error(ErrorCode::Offline, text);
    case QAbstractSocket::RemoteHostClosedError:
        return Error(ErrorCode::ConnectionLost, u"the server closed the connection before it answered"_s)
            .withRemedy(way.wasAsked && way.url.scheme() == "wss"_L1
                            ? u"Watchword tries again by itself. If it goes on: the server may want another client "
                              "certificate (ConnectionOptions::clientCertificates), or not speak WebSocket at this port."_s
                            : QString());
    case QAbstractSocket::SslHandshakeFailedError:
    case QAbstractSocket::SslInternalError:
    case QAbstractSocket::SslInvalidUserDataError:
        // Qt says the same of a handshake that the network cut off; that one passes by itself.
        if (way.tlsErrors.isEmpty() && !Upgrade::isTlsVerdict(text))
            return Error(ErrorCode::ConnectionLost, u"the connection ended within the TLS handshake: "_s + text.left(200));
        return tlsError(way);
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

} // namespace Watchword
