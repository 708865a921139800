// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuerrequest.h"

#include "issuer/issuerservices.h"
#include "issuer/redirecturi.h"
#include "limit/failedauth.h"
#include "watchword/core/secret.h"
#include "watchword/jose/base64url.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

bool isFromElsewhere(const HttpRequest &request)
{
    const QByteArray site = request.head.value("Sec-Fetch-Site");
    return site == "cross-site" || site == "same-site";
}

bool isOfOtherOrigin(const HttpRequest &request, const QString &issuerUrl)
{
    const QList<QByteArray> origins = request.head.values("Origin");
    if (origins.isEmpty())
        return false;
    const QUrl url(issuerUrl);
    QByteArray own = (url.scheme() + u"://"_s + url.host(QUrl::FullyEncoded)).toLatin1();
    if (url.port(443) != 443)
        own += ':' + QByteArray::number(url.port());
    const QByteArray said = origins.first().toLower();
    return origins.size() > 1 || (said != own.toLower() && said != "https://" + request.head.value("Host").toLower());
}

QString randomId()
{
    return QString::fromLatin1(toBase64Url(Secret::random(16).reveal()));
}

HttpResponse tokenError(const QString &error, const QString &description, int status)
{
    HttpResponse response = HttpResponse::json(status, {{"error"_L1, error}, {"error_description"_L1, description}});
    return response.with("Pragma", "no-cache");
}

HttpResponse authorizationError(const QString &redirectUri, const QString &state, const QString &error,
                                const QString &description, const QString &issuer)
{
    return HttpResponse::redirect(
        withParameters(redirectUri, {{"error", error}, {"error_description", description}, {"state", state}, {"iss", issuer}}));
}

HttpResponse IssuerServices::refused(const HttpRequest &request, const HttpResponse &answer) const
{
    const std::optional<Duration> wait = failures ? failures->count(request.peer) : std::nullopt;
    if (!wait)
        return answer;
    const qint64 seconds = std::max<qint64>(1, std::chrono::ceil<std::chrono::seconds>(*wait).count());
    return tokenError(u"temporarily_unavailable"_s, u"too many credentials from this address were refused"_s, 429)
        .with("Retry-After", QByteArray::number(seconds));
}

const IssuerClient *publicClient(const IssuerDirectory &directory, const HttpRequest &request, const FormFields &fields,
                                 HttpResponse *refusal)
{
    if (request.head.contains("Authorization")) {
        *refusal = tokenError(u"invalid_client"_s, u"clients have no secret here; send client_id in the body"_s, 401)
                       .with("WWW-Authenticate", "Basic realm=\"token\"");
        return nullptr;
    }
    if (fields.value(u"client_id"_s).isEmpty()) {
        *refusal = tokenError(u"invalid_request"_s, u"client_id is missing"_s);
        return nullptr;
    }
    const IssuerClient *known = directory.client(fields.value(u"client_id"_s));
    if (!known || fields.contains(u"client_secret"_s) || fields.contains(u"client_assertion"_s)) {
        *refusal = tokenError(u"invalid_client"_s, u"the client is not registered as a public client"_s, 401);
        return nullptr;
    }
    return known;
}

} // namespace Watchword::Gateway
