// SPDX-License-Identifier: Apache-2.0
#include "gate/jsonfetch.h"

#include "watchword/core/internal/httptime.h"
#include "watchword/core/internal/loopback.h"
#include "watchword/core/internal/useragent.h"
#include "watchword/core/log.h"

#include <QNetworkReply>
#include <QSslCertificate>
#include <QSslConfiguration>

#include <memory>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kLargestBody = 256 * 1024;

Error errorOf(const QNetworkReply &reply)
{
    const QString where = redactedUrl(reply.url());
    const WallTime now = Clock::system().wallNow();
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status != 0) {
        return Error(ErrorCode::HttpStatus, u"%1 answered HTTP %2"_s.arg(where).arg(status))
            .withHttpStatus(status)
            .withRetryAfter(
                parseRetryAfter(reply.rawHeader("Retry-After"), parseHttpDate(reply.rawHeader("Date"), now).value_or(now)));
    }
    switch (reply.error()) {
    case QNetworkReply::SslHandshakeFailedError:
        return Error(ErrorCode::TlsFailed, u"%1: %2"_s.arg(where, reply.errorString()));
    case QNetworkReply::OperationCanceledError:
    case QNetworkReply::TimeoutError:
        return Error(ErrorCode::Timeout, u"%1 did not answer in time"_s.arg(where));
    case QNetworkReply::HostNotFoundError:
        return Error(ErrorCode::HostNotFound, u"%1: %2"_s.arg(where, reply.errorString()));
    case QNetworkReply::ConnectionRefusedError:
        return Error(ErrorCode::ConnectionRefused, u"%1: %2"_s.arg(where, reply.errorString()));
    default:
        return Error(ErrorCode::ConnectionLost, u"%1: %2"_s.arg(where, reply.errorString()));
    }
}

} // namespace

bool isSafeUrl(const QUrl &url)
{
    if (!url.isValid() || url.host().isEmpty())
        return false;
    return url.scheme() == "https"_L1 || (url.scheme() == "http"_L1 && isLoopbackHost(url.host()));
}

QNetworkRequest fetchRequest(const QUrl &url, const QString &caFile, Duration patience)
{
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    request.setTransferTimeout(int(patience.count()));
    request.setRawHeader("Accept", "application/json");
    request.setRawHeader("User-Agent", userAgent());
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    if (!caFile.isEmpty())
        tls.addCaCertificates(QSslCertificate::fromPath(caFile));
    request.setSslConfiguration(tls);
    return request;
}

void awaitBody(QNetworkReply *reply, QObject *context, FetchAnswer answer)
{
    const auto tooLarge = std::make_shared<bool>(false);
    QObject::connect(reply, &QIODevice::readyRead, context, [reply, tooLarge] {
        if (reply->bytesAvailable() > kLargestBody) {
            *tooLarge = true;
            reply->abort();
        }
    });
    QObject::connect(reply, &QNetworkReply::finished, context, [reply, tooLarge, answer = std::move(answer)] {
        reply->deleteLater();
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        if (*tooLarge)
            answer(Error(ErrorCode::ResponseTooLarge, redactedUrl(reply->url()) + u" answered more than 256 KiB"_s));
        else if (reply->error() != QNetworkReply::NoError || status != 200)
            answer(errorOf(*reply));
        else
            answer(FetchedBody{reply->readAll(), reply->rawHeader("Cache-Control")});
    });
}

void fetchDocument(QNetworkAccessManager *network, const FetchedDocument &document, QObject *context, FetchAnswer answer)
{
    QNetworkReply *reply = network->get(fetchRequest(document.url, document.caFile, document.patience));
    awaitBody(reply, context, [=, answer = std::move(answer)](const Result<FetchedBody> &fetched) {
        const QUrl target = reply->attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl();
        if (fetched || target.isEmpty())
            return answer(fetched);
        FetchedDocument next = document;
        next.url = document.url.resolved(target);
        const bool givesUpTls = document.url.scheme() == "https"_L1 && next.url.scheme() != "https"_L1;
        if (!isSafeUrl(next.url) || givesUpTls)
            return answer(
                Error(ErrorCode::InvalidResponse, redactedUrl(document.url) + u" redirects to an address without TLS"_s));
        if (next.redirectsLeft-- == 0)
            return answer(Error(ErrorCode::InvalidResponse, redactedUrl(document.url) + u": too many redirects"_s));
        fetchDocument(network, next, context, answer);
    });
}

} // namespace Watchword::Gateway
