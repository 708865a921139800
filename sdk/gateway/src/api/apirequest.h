// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpmessage.h"
#include "watchword/gateway/identity.h"

#include <QJsonObject>

#include <optional>

namespace Watchword::Gateway {

/*! A request of the API whose token was found good. */
struct ApiRequest
{
    HttpRequest http;
    Identity by;
    QStringList segments; //!< Of the path behind /v1/, decoded.
    QJsonObject body; //!< Empty without one.

    bool is(const char *method, std::initializer_list<const char *> path) const; //!< "*" stands for any segment.
    bool isMethodOf(std::initializer_list<const char *> path) const;
};

//! problem+json (RFC 9457) with \a detail for people and \a code for programs.
HttpResponse apiProblem(int status, const QString &code, const QString &detail);
//! 429: too many credentials from there were refused.
HttpResponse tooManyFailures(Duration wait);
//! 403, or nothing if the token of \a request has \a scope.
std::optional<HttpResponse> scopeMissing(const ApiRequest &request, const QString &scope);
//! 401 as RFC 9470 has it, or nothing if the person signed in within the last five minutes. \a why is a sentence before that.
std::optional<HttpResponse> freshSignInMissing(const ApiRequest &request, WallTime now, const QString &why);
/*! A member that a JSON object of a request may have. */
struct ApiMember
{
    enum class Kind { Text, Boolean, Integer, Object };
    const char *name;
    Kind kind;
};
/*!
    What is wrong with the members of \a object, in one sentence, or nothing: one that is not \a known, or has another type. A
    misspelt word must not make an action wider than its operator meant.
*/
std::optional<QString> memberMistake(const QJsonObject &object, std::initializer_list<ApiMember> known);
//! Member "actor" of the event of what an operator does.
QJsonObject operatorActor(const Identity &by);

/*! What an operator says about an action: "reason", and "request_id" that is repeated in the audit. */
struct ApiReason
{
    QString text;
    QString requestId;
    QJsonObject toAudit() const;
};
//! Nothing unless "reason" has 1 to 500 characters; the request's id is made up where there is none.
std::optional<ApiReason> reasonOf(const QJsonObject &body);

} // namespace Watchword::Gateway
