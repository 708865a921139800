// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuerrequest.h"

#include "issuer/redirecturi.h"
#include "watchword/core/secret.h"
#include "watchword/jose/base64url.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

bool isFromElsewhere(const HttpRequest &request)
{
    const QByteArray site = request.head.value("Sec-Fetch-Site");
    return site == "cross-site" || site == "same-site";
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
