// SPDX-License-Identifier: Apache-2.0
#include "provider/discovery.h"

#include "provider/answer.h"
#include "watchword/core/internal/loopback.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error unusable(const QString &why)
{
    return Error(ErrorCode::InvalidResponse, u"the discovery document "_s + why);
}

// Empty if it is missing, or cannot be used.
QUrl endpoint(const QJsonValue &value, bool allowLoopbackHttp)
{
    const QUrl url(value.toString(), QUrl::StrictMode);
    return isSafeUrl(url, allowLoopbackHttp) && !url.hasFragment() ? url : QUrl();
}

Result<void> readEndpoints(const QJsonObject &object, bool allowLoopbackHttp, ProviderMetadata &metadata)
{
    const struct
    {
        QLatin1StringView name;
        bool required;
        QUrl &target;
    } all[] = {
        {"authorization_endpoint"_L1, true, metadata.authorizationEndpoint},
        {"token_endpoint"_L1, true, metadata.tokenEndpoint},
        {"jwks_uri"_L1, true, metadata.jwksUri},
        {"revocation_endpoint"_L1, false, metadata.revocationEndpoint},
        {"end_session_endpoint"_L1, false, metadata.endSessionEndpoint},
        {"device_authorization_endpoint"_L1, false, metadata.deviceAuthorizationEndpoint},
        {"pushed_authorization_request_endpoint"_L1, false, metadata.pushedAuthorizationRequestEndpoint},
    };
    for (const auto &one : all) {
        const QJsonValue value = object.value(one.name);
        one.target = endpoint(value, allowLoopbackHttp);
        if (!one.target.isEmpty() || (isAbsent(value) && !one.required))
            continue;
        if (one.required)
            return unusable((isAbsent(value) ? u"has no %1"_s : u"has an unusable %1"_s).arg(one.name));
        metadata.leftOut += one.name;
    }
    return {};
}

} // namespace

bool isSafeUrl(const QUrl &url, bool allowLoopbackHttp)
{
    if (!url.isValid() || url.host().isEmpty() || !url.userInfo().isEmpty())
        return false;
    return url.scheme() == "https"_L1 || (allowLoopbackHttp && url.scheme() == "http"_L1 && isLoopbackHost(url.host()));
}

QString issuerText(const QUrl &issuer)
{
    return issuer.toString(QUrl::FullyEncoded);
}

Result<void> checkIssuer(const QUrl &issuer, bool allowLoopbackHttp)
{
    if (!issuer.isValid() || issuer.host().isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the issuer is not a URL"_s);
    if (issuer.hasQuery() || issuer.hasFragment() || !issuer.userInfo().isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the issuer has a query, a fragment or a user name"_s);
    if (!isSafeUrl(issuer, allowLoopbackHttp))
        return Error(ErrorCode::InsecureTransport, u"the issuer %1 is not https"_s.arg(redactedUrl(issuer)))
            .withRemedy(u"Use an https issuer; http is only for a loopback address, with allowLoopbackHttp."_s);
    return {};
}

QList<QUrl> discoveryUrls(const QUrl &issuer)
{
    QString path = issuer.path(QUrl::FullyEncoded);
    while (path.endsWith(u'/'))
        path.chop(1);
    const auto at = [&](const QString &where) {
        QUrl url = issuer;
        url.setPath(where, QUrl::StrictMode);
        return url;
    };
    QList<QUrl> urls{at(path + u"/.well-known/openid-configuration"_s), at(u"/.well-known/oauth-authorization-server"_s + path)};
    if (!path.isEmpty())
        urls += at(u"/.well-known/openid-configuration"_s + path);
    return urls;
}

Result<ProviderMetadata> parseDiscovery(QByteArrayView body, const QString &issuer, bool allowLoopbackHttp)
{
    if (body.size() > kLargestDiscoveryDocument)
        return Error(ErrorCode::ResponseTooLarge, u"the discovery document is larger than 256 KiB"_s);
    const std::optional<QJsonObject> read = answerObject(body);
    if (!read)
        return unusable(u"is not a JSON object"_s);
    const QJsonObject &object = *read;
    if (isAbsent(object.value("issuer"_L1)))
        return unusable(u"names no issuer"_s);
    ProviderMetadata metadata;
    metadata.issuer = object.value("issuer"_L1).toString();
    // Character by character: RFC 8414 section 3.3 and OpenID Connect Discovery section 4.3 allow no equivalence.
    if (metadata.issuer != issuer)
        return Error(ErrorCode::IssuerMismatch,
                     u"the provider calls itself \"%1\", not \"%2\""_s.arg(printable(metadata.issuer, 200), issuer));
    if (const Result<void> usable = readEndpoints(object, allowLoopbackHttp, metadata); !usable)
        return usable.error();
    metadata.issInResponse = flagOf(object.value("authorization_response_iss_parameter_supported"_L1));
    metadata.pushedRequestsRequired = flagOf(object.value("require_pushed_authorization_requests"_L1));
    metadata.idTokenAlgorithms = textsOf(object.value("id_token_signing_alg_values_supported"_L1)).value_or(QStringList());
    metadata.dpopAlgorithms = textsOf(object.value("dpop_signing_alg_values_supported"_L1)).value_or(QStringList());
    return metadata;
}

} // namespace Watchword
