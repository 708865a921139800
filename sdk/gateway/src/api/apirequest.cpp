// SPDX-License-Identifier: Apache-2.0
#include "api/apirequest.h"

#include "watchword/core/secret.h"

#include <QJsonDocument>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kFresh{300};

bool isOfKind(const QJsonValue &value, ApiMember::Kind kind)
{
    switch (kind) {
    case ApiMember::Kind::Text:
        return value.isString();
    case ApiMember::Kind::Boolean:
        return value.isBool();
    case ApiMember::Kind::Integer: // also beyond the numbers that are exact
        return value.isDouble() && value.toInteger(-1) == value.toInteger(0);
    case ApiMember::Kind::Object:
        return value.isObject();
    }
    Q_UNREACHABLE();
}

} // namespace

bool ApiRequest::isMethodOf(std::initializer_list<const char *> path) const
{
    if (segments.size() != qsizetype(path.size()))
        return false;
    qsizetype i = 0;
    for (const char *wanted : path) {
        const QString &segment = segments.at(i++);
        if (QLatin1StringView(wanted) == "*"_L1 ? segment.isEmpty() : segment != QLatin1StringView(wanted))
            return false;
    }
    return true;
}

bool ApiRequest::is(const char *method, std::initializer_list<const char *> path) const
{
    return http.head.method == method && isMethodOf(path);
}

HttpResponse apiProblem(int status, const QString &code, const QString &detail)
{
    HttpResponse response;
    response.status = status;
    response.with("Content-Type", "application/problem+json").with("Cache-Control", "no-store");
    response.body = QJsonDocument(QJsonObject{{"type"_L1, u"urn:watchword:"_s + code},
                                              {"title"_L1, QString::fromLatin1(reasonPhrase(status))},
                                              {"status"_L1, status},
                                              {"detail"_L1, detail}})
                        .toJson(QJsonDocument::Compact);
    return response;
}

HttpResponse tooManyFailures(Duration wait)
{
    const qint64 seconds = std::max<qint64>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
    return apiProblem(429, u"failed_auth_per_minute"_s, u"Too many credentials from this address were refused."_s)
        .with("Retry-After", QByteArray::number(seconds));
}

std::optional<HttpResponse> scopeMissing(const ApiRequest &request, const QString &scope)
{
    if (request.by.hasScope(scope))
        return {};
    return apiProblem(403, u"insufficient_scope"_s, u"The token has not the scope %1."_s.arg(scope))
        .with("WWW-Authenticate", "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"" + scope.toLatin1() + '"');
}

std::optional<HttpResponse> freshSignInMissing(const ApiRequest &request, WallTime now, const QString &why)
{
    if (request.by.authTime && now - *request.by.authTime <= kFresh)
        return {};
    return apiProblem(401, u"step_up"_s, why + u" Sign in again, then repeat it within five minutes."_s)
        .with("WWW-Authenticate", "Bearer realm=\"api\", error=\"insufficient_user_authentication\", max_age=300");
}

std::optional<QString> memberMistake(const QJsonObject &object, std::initializer_list<ApiMember> known)
{
    for (auto it = object.begin(); it != object.end(); ++it) {
        const auto *member = std::find_if(known.begin(), known.end(),
                                          [&](const ApiMember &one) { return it.key() == QLatin1StringView(one.name); });
        if (member == known.end())
            return u"\"%1\" is unknown here."_s.arg(it.key().left(64));
        if (!isOfKind(it.value(), member->kind)) {
            static const char *const kinds[] = {"a text", "true or false", "a whole number", "an object"};
            return u"\"%1\" is %2."_s.arg(it.key(), QLatin1StringView(kinds[int(member->kind)]));
        }
    }
    return {};
}

QJsonObject operatorActor(const Identity &by)
{
    QJsonObject actor{{"type"_L1, u"operator"_s}, {"sub"_L1, by.subject}, {"name"_L1, by.name}, {"iss"_L1, by.issuer}};
    if (!by.clientId.isEmpty())
        actor.insert("client_id"_L1, by.clientId);
    if (!by.acr.isEmpty())
        actor.insert("acr"_L1, by.acr);
    return actor;
}

QJsonObject ApiReason::toAudit() const
{
    return {{"request_id"_L1, requestId}, {"justification"_L1, text}};
}

std::optional<ApiReason> reasonOf(const QJsonObject &body)
{
    ApiReason reason{body.value("reason"_L1).toString().trimmed(), body.value("request_id"_L1).toString().left(128)};
    if (reason.text.isEmpty() || reason.text.size() > 500)
        return {};
    if (reason.requestId.isEmpty())
        reason.requestId = u"r-"_s + QString::fromLatin1(Secret::random(6).reveal().toByteArray().toHex());
    return reason;
}

} // namespace Watchword::Gateway
