// SPDX-License-Identifier: Apache-2.0
#include "issuer/introspectionendpoint.h"

#include "issuer/issuerrequest.h"
#include "limit/addressrates.h"

#include <QJsonArray>
#include <QUrl>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

struct ServerCredentials
{
    QString id;
    Secret secret;
};

// RFC 6749 section 2.3.1: both parts are form-encoded before they are base64.
std::optional<ServerCredentials> credentialsOf(const HttpRequest &request, const FormFields &form)
{
    const auto decoded = [](QByteArray part) { return QByteArray::fromPercentEncoding(part.replace('+', ' ')); };
    const bool isInBody = form.contains(u"client_secret"_s);
    if (!request.head.contains("Authorization")) {
        return isInBody
            ? std::optional(ServerCredentials{form.value(u"client_id"_s), Secret::take(form.value(u"client_secret"_s).toUtf8())})
            : std::nullopt;
    }
    const QByteArray field = request.head.value("Authorization");
    if (isInBody || field.left(6).toLower() != "basic ") // one method, and no other
        return {};
    const QByteArray::FromBase64Result pair =
        QByteArray::fromBase64Encoding(field.mid(6).trimmed(), QByteArray::AbortOnBase64DecodingErrors);
    const qsizetype colon = pair ? pair.decoded.indexOf(':') : -1;
    if (colon < 0)
        return {};
    return ServerCredentials{QString::fromUtf8(decoded(pair.decoded.left(colon))),
                             Secret::take(decoded(pair.decoded.mid(colon + 1)))};
}

QJsonObject inactive()
{
    return {{"active"_L1, false}};
}

} // namespace

IntrospectionEndpoint::IntrospectionEndpoint(IssuerServices &services)
    : m_services(services)
    , m_brake(services.options.signInLimits)
{
}

std::optional<HttpResponse> IntrospectionEndpoint::refusal(const HttpRequest &request, const FormFields &form)
{
    const std::optional<ServerCredentials> given = credentialsOf(request, form);
    const SignInTry attempt{given ? given->id.left(256) : QString(), AddressRates::networkOf(request.peer), {}};
    const std::optional<Duration> wait = m_brake.take(attempt, m_services.clock.now());
    const auto &servers = m_services.options.resourceServers;
    const auto known = std::find_if(servers.begin(), servers.end(),
                                    [&](const IssuerResourceServer &server) { return given && server.id == given->id; });
    if (!wait && known != servers.end() && known->secret.equals(given->secret)) {
        m_brake.succeeded(attempt);
        return {};
    }
    m_services.audit.record({.type = u"signin.failed"_s,
                             .subject = {},
                             .severity = 3,
                             .outcome = u"denied"_s,
                             .reasonCode = wait ? u"too_many_secrets"_s : u"introspection_refused"_s,
                             .message = u"A server that may not ask about tokens asked about one."_s,
                             .data = {{"actor"_L1, m_services.audit.actor({}, {}, attempt.user)}}},
                            &request);
    if (wait) {
        return tokenError(u"invalid_client"_s, u"too many wrong secrets"_s, 429)
            .with("Retry-After", QByteArray::number(qint64(wait->count() / 1000 + 1)));
    }
    return m_services.refused(request,
                              tokenError(u"invalid_client"_s, u"the server is not known, or its secret is wrong"_s, 401)
                                  .with("WWW-Authenticate", "Basic realm=\"introspect\""));
}

HttpResponse IntrospectionEndpoint::answer(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return tokenError(u"invalid_request"_s, u"send each parameter once, as application/x-www-form-urlencoded"_s);
    if (const std::optional<HttpResponse> refused = refusal(request, *form))
        return *refused;
    if (form->value(u"token"_s).isEmpty())
        return tokenError(u"invalid_request"_s, u"token is missing"_s);
    const Secret presented = Secret::take(form->value(u"token"_s).toLatin1());
    const WallTime now = m_services.clock.wallNow();
    QJsonObject body = inactive();
    if (const std::optional<SessionRecord> session = m_services.sessions.book().findByRefreshToken(presented)) {
        if (m_services.sessions.book().judge(*session, presented, now, m_services.options.reuseGrace) == SessionBook::Use::Good)
            body = ofRefreshToken(*session);
    } else {
        JwtPolicy policy;
        policy.types = QStringList{u"at+jwt"_s};
        policy.typeRequired = true;
        policy.issuer = m_services.directory.url();
        policy.audiences = QStringList{m_services.options.audience};
        policy.leeway = std::chrono::seconds(0);
        const Result<Jwt> access = Jwt::verify(presented.reveal(), m_services.keys.publicKeys(), policy, now);
        if (access && !m_services.sessions.book().isRevoked(access->sessionId(), access->id()))
            body = ofAccessToken(*access);
    }
    return HttpResponse::json(200, body).with("Pragma", "no-cache");
}

QJsonObject IntrospectionEndpoint::ofAccessToken(const Jwt &jwt) const
{
    QJsonObject body{{"active"_L1, true}, {"token_type"_L1, u"Bearer"_s}};
    for (const QString &name : {u"iss"_s, u"sub"_s, u"aud"_s, u"exp"_s, u"iat"_s, u"jti"_s, u"sid"_s, u"client_id"_s, u"scope"_s,
                                u"auth_time"_s, u"acr"_s}) {
        if (const QJsonValue value = jwt.claim(name); !value.isUndefined() && !value.isNull())
            body.insert(name, value);
    }
    body.insert("username"_L1, jwt.claim(u"preferred_username"));
    return body;
}

QJsonObject IntrospectionEndpoint::ofRefreshToken(const SessionRecord &session) const
{
    return {{"active"_L1, true},
            {"token_type"_L1, u"refresh_token"_s}, // which no resource server takes for an access token
            {"iss"_L1, m_services.directory.url()},
            {"sub"_L1, session.subject},
            {"username"_L1, session.name},
            {"client_id"_L1, session.clientId},
            {"scope"_L1, session.scopes.join(u' ')},
            {"sid"_L1, session.id},
            {"iat"_L1, toSecondsSinceEpoch(session.refreshIssued)},
            {"exp"_L1, toSecondsSinceEpoch(session.refreshExpires)}};
}

} // namespace Watchword::Gateway
