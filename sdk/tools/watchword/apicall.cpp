// SPDX-License-Identifier: Apache-2.0
#include "apicall.h"

#include "watchword/core/internal/futures.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSslConfiguration>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr int kApiPatience = 30'000; // milliseconds
constexpr qint64 kLargestAnswer = 64 * 1024 * 1024;

ErrorCode codeOf(int status)
{
    switch (status) {
    case 401:
        return ErrorCode::Unauthorized;
    case 403:
        return ErrorCode::Forbidden;
    case 404:
        return ErrorCode::NotFound;
    case 429:
        return ErrorCode::RateLimited;
    case 503:
        return ErrorCode::TemporarilyUnavailable;
    default:
        return ErrorCode::InvalidRequest;
    }
}

} // namespace

void ApiCall::addOptions(QCommandLineParser &parser)
{
    Credentials::addOptions(parser);
    parser.addPositionalArgument(u"api"_s, u"https://host:port, the address of [api]"_s);
}

int ApiCall::finish(int status, const QByteArray &bytes, const Print &print) const
{
    const bool json = m_parser.isSet(u"json"_s);
    const QJsonObject answer = QJsonDocument::fromJson(bytes).object();
    if (status < 200 || status > 299) {
        const QString detail = answer.value("detail"_L1).toString(u"the gateway answered with status %1"_s.arg(status));
        return report(Error(codeOf(status), detail), json);
    }
    if (json)
        printLine(answer.isEmpty() ? QByteArray("{}") : QJsonDocument(answer).toJson(QJsonDocument::Compact));
    else
        print(answer);
    return Done;
}

int ApiCall::run(const Print &print)
{
    const bool json = m_parser.isSet(u"json"_s);
    const QUrl base(m_parser.positionalArguments().constFirst(), QUrl::StrictMode);
    if (base.scheme() != "https"_L1 || base.host().isEmpty())
        return usage(u"the API is named as https://host:port"_s);
    Credentials credentials;
    if (const Result<void> read = credentials.read(m_parser); !read)
        return report(read.error(), json);
    const QUrl url(base.toString(QUrl::RemovePath | QUrl::RemoveQuery) + u"/v1"_s + path, QUrl::StrictMode);
    QNetworkAccessManager network;
    TokenRequest wanted;
    wanted.reason = TokenRequest::Reason::Application;
    whenDone(credentials.tokens()->requestToken(wanted), &network, [&](const Result<AccessToken> &token) {
        const Result<RequestHeaders> headers = token ? token->headersFor(method, url) : Result<RequestHeaders>(token.error());
        if (!headers) {
            QCoreApplication::exit(report(headers.error(), json));
            return;
        }
        QNetworkRequest request(url);
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.addCaCertificates(credentials.authorities());
        request.setSslConfiguration(tls);
        request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        request.setTransferTimeout(kApiPatience);
        request.setRawHeader("Authorization", headers->authorization.reveal().toByteArray());
        if (!headers->proof.isEmpty())
            request.setRawHeader("DPoP", headers->proof);
        if (!body.isEmpty())
            request.setRawHeader("Content-Type", "application/json");
        const QByteArray sent = body.isEmpty() ? QByteArray() : QJsonDocument(body).toJson(QJsonDocument::Compact);
        QNetworkReply *reply = network.sendCustomRequest(request, method, sent);
        QObject::connect(reply, &QNetworkReply::finished, &network, [&, reply] {
            const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
            if (status == 0)
                QCoreApplication::exit(report(Error(ErrorCode::Offline, reply->errorString()), json));
            else
                QCoreApplication::exit(finish(status, reply->read(kLargestAnswer), print));
        });
    });
    interruptOnSignals();
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
