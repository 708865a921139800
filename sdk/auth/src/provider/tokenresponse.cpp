// SPDX-License-Identifier: Apache-2.0
#include "provider/tokenresponse.h"

#include "provider/answer.h"
#include "watchword/core/result.h"
#include "watchword/jose/jwt.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kLongestRetryAfter = std::chrono::hours(1);
// Longer lifetimes are cut, so that no arithmetic on times can overflow.
constexpr std::chrono::seconds kLongestLifetime = std::chrono::hours(24 * 366 * 10);

struct Meaning
{
    TokenAnswerClass meaning;
    ErrorCode code;
};

Meaning meaningOf(const QString &error)
{
    using M = TokenAnswerClass;
    static const QHash<QString, Meaning> known{
        {u"invalid_grant"_s, {M::FinalUser, ErrorCode::InvalidGrant}},
        {u"bad_refresh_token"_s, {M::FinalUser, ErrorCode::InvalidGrant}}, // GitHub
        {u"interaction_required"_s, {M::FinalUser, ErrorCode::InteractionRequired}},
        {u"login_required"_s, {M::FinalUser, ErrorCode::InteractionRequired}},
        {u"consent_required"_s, {M::FinalUser, ErrorCode::InteractionRequired}},
        {u"invalid_client"_s, {M::FinalConfiguration, ErrorCode::InvalidClient}},
        {u"unauthorized_client"_s, {M::FinalConfiguration, ErrorCode::InvalidClient}},
        {u"invalid_scope"_s, {M::FinalConfiguration, ErrorCode::InvalidScope}},
        {u"invalid_target"_s, {M::FinalConfiguration, ErrorCode::InvalidScope}},
        {u"unsupported_grant_type"_s, {M::FinalConfiguration, ErrorCode::InvalidRequest}},
        {u"invalid_request"_s, {M::FinalConfiguration, ErrorCode::InvalidRequest}},
        {u"temporarily_unavailable"_s, {M::Busy, ErrorCode::TemporarilyUnavailable}},
        {u"server_error"_s, {M::Busy, ErrorCode::TemporarilyUnavailable}},
        // RFC 8628 section 3.5
        {u"authorization_pending"_s, {M::Busy, ErrorCode::AuthorizationPending}},
        {u"slow_down"_s, {M::Busy, ErrorCode::SlowDown}},
        {u"access_denied"_s, {M::FinalUser, ErrorCode::AccessDenied}},
        {u"expired_token"_s, {M::FinalUser, ErrorCode::DeviceCodeExpired}},
        // RFC 9449 section 8: only seen when the proof was repeated with the nonce, and refused again.
        {u"use_dpop_nonce"_s, {M::Busy, ErrorCode::TemporarilyUnavailable}},
    };
    return known.value(error, {M::FinalConfiguration, ErrorCode::InvalidRequest});
}

// Empty: not said, or not readable, which is an oddity.
std::optional<std::chrono::seconds> lifetimeOf(const QJsonValue &value, QStringList &oddities)
{
    if (isAbsent(value))
        return std::nullopt;
    const std::optional<double> seconds = numberOf(value);
    if (!seconds) {
        oddities += u"expires_in is not a number"_s;
        return std::nullopt;
    }
    return std::chrono::seconds(qint64(std::clamp(*seconds, 1.0, double(kLongestLifetime.count()))));
}

std::optional<Duration> boundedRetryAfter(const HttpOutcome &outcome)
{
    if (!outcome.retryAfter)
        return std::nullopt;
    return std::clamp<Duration>(*outcome.retryAfter, Duration::zero(), kLongestRetryAfter);
}

TokenAnswer busy(const HttpOutcome &outcome, const QString &why, ErrorCode code = ErrorCode::TemporarilyUnavailable)
{
    TokenAnswer answer;
    answer.meaning = TokenAnswerClass::Busy;
    // 429 and 503 are said before the work; behind the others the provider may have done it.
    answer.maybeSpent = outcome.status != 429 && outcome.status != 503 && outcome.status >= 500;
    answer.error = Error(code, why).withHttpStatus(outcome.status).withRetryAfter(boundedRetryAfter(outcome));
    return answer;
}

// What came is no answer of a token endpoint.
TokenAnswer garbage(const HttpOutcome &outcome, ErrorCode code, const QString &why)
{
    TokenAnswer answer;
    answer.meaning = TokenAnswerClass::Garbage;
    answer.maybeSpent = true;
    answer.error = Error(code, why).withHttpStatus(outcome.status);
    return answer;
}

TokenAnswer transportFailure(const HttpOutcome &outcome)
{
    TokenAnswer answer;
    answer.meaning = outcome.mayHaveBeenSent ? TokenAnswerClass::Ambiguous : TokenAnswerClass::NotSent;
    answer.maybeSpent = outcome.mayHaveBeenSent;
    answer.error = outcome.failure ? *outcome.failure : Error(ErrorCode::ConnectionLost, u"no answer"_s);
    return answer;
}

TokenAnswer refusal(const HttpOutcome &outcome, const QJsonObject &object, const QString &name)
{
    const Meaning meaning = meaningOf(name);
    if (meaning.meaning == TokenAnswerClass::Busy)
        return busy(outcome, printable(name), meaning.code);
    const QString description = object.value("error_description"_L1).toString();
    TokenAnswer answer;
    answer.meaning = meaning.meaning;
    answer.error =
        Error(meaning.code, description.isEmpty() ? printable(name) : u"%1: %2"_s.arg(printable(name), printable(description)))
            .withHttpStatus(outcome.status);
    return answer;
}

// An error status, no page, and no word about the reason.
TokenAnswer unexplained(const HttpOutcome &outcome, AnswerTo asked)
{
    const bool refused = outcome.status == 400 || outcome.status == 401;
    TokenAnswer answer;
    if (!refused || asked == AnswerTo::DeviceCode) {
        answer = busy(outcome, u"the provider refused without saying why"_s, ErrorCode::HttpStatus);
        answer.maybeSpent = true;
        return answer;
    }
    const bool isRequest = asked == AnswerTo::Request;
    answer.meaning = isRequest ? TokenAnswerClass::FinalConfiguration : TokenAnswerClass::FinalUser;
    answer.error =
        Error(isRequest ? ErrorCode::InvalidRequest : ErrorCode::InvalidGrant, u"the provider refused without saying why"_s)
            .withHttpStatus(outcome.status);
    return answer;
}

// A success by its status. What is in it decides.
TokenAnswer granted(const HttpOutcome &outcome, const QJsonObject &object, AnswerTo asked)
{
    Result<TokenGrant> grant = parseTokenGrant(outcome.body, asked);
    if (grant)
        return {TokenAnswerClass::Success, std::move(grant).value(), {}, false};
    TokenAnswer answer = garbage(outcome, ErrorCode::InvalidResponse, {});
    answer.error = grant.error().withHttpStatus(outcome.status);
    answer.grant.refreshToken = Secret::take(object.value("refresh_token"_L1).toString().toUtf8());
    if (!answer.grant.refreshToken.isEmpty() || !isAbsent(object.value("access_token"_L1)))
        answer.meaning = TokenAnswerClass::Unusable; // and not the JSON of somebody else
    return answer;
}

} // namespace

ErrorCode codeOfOAuthError(const QString &error)
{
    return meaningOf(error).code;
}

Result<TokenGrant> parseTokenGrant(QByteArrayView body, AnswerTo asked)
{
    const auto wrong = [](const QString &what) { return Error(ErrorCode::InvalidResponse, u"the token response "_s + what); };
    const std::optional<QJsonObject> object = answerObject(body);
    if (!object)
        return wrong(u"is not a JSON object"_s);
    TokenGrant grant;
    grant.accessToken = Secret::take(object->value("access_token"_L1).toString().toUtf8());
    if (grant.accessToken.isEmpty())
        return wrong(u"has no access_token"_s);
    // RFC 6750 section 2.1: anything else could not be sent in a header, or would break it.
    for (const char c : grant.accessToken.reveal()) {
        if (c <= ' ' || c >= 0x7f)
            return wrong(u"has an access_token with characters that no header may hold"_s);
    }
    const QJsonValue type = object->value("token_type"_L1);
    grant.tokenType = type.toString();
    const bool isLeftOut = asked == AnswerTo::Refresh && isAbsent(type);
    if (!isLeftOut && grant.tokenType.compare("Bearer"_L1, Qt::CaseInsensitive) != 0
        && grant.tokenType.compare("DPoP"_L1, Qt::CaseInsensitive) != 0)
        return wrong(isAbsent(type) ? u"has no token_type"_s
                                    : u"has the unknown token_type \"%1\""_s.arg(printable(grant.tokenType, 40)));
    grant.refreshToken = Secret::take(object->value("refresh_token"_L1).toString().toUtf8());
    grant.idToken = Secret::take(object->value("id_token"_L1).toString().toUtf8());
    grant.expiresIn = lifetimeOf(object->value("expires_in"_L1), grant.oddities);
    if (const QJsonValue scope = object->value("scope"_L1); !scope.isUndefined() && !scope.isNull()) {
        grant.scopes = textsOf(scope);
        if (!grant.scopes)
            grant.oddities += u"scope is neither a text nor a list of texts"_s;
    }
    return grant;
}

TokenAnswer classifyTokenAnswer(const HttpOutcome &outcome, AnswerTo asked)
{
    if (outcome.failure || outcome.status == 0)
        return transportFailure(outcome);
    const std::optional<QJsonObject> object = answerObject(outcome.body);
    const QString name = object ? object->value("error"_L1).toString() : QString();
    if (outcome.status == 408 || outcome.status == 429 || outcome.status >= 500) {
        const Meaning meaning = meaningOf(name); // some providers say slow_down with 429
        return busy(outcome, name.isEmpty() ? u"the provider is busy"_s : printable(name),
                    meaning.meaning == TokenAnswerClass::Busy ? meaning.code : ErrorCode::TemporarilyUnavailable);
    }
    const bool isGrant = outcome.status < 300 && object
        && (!isAbsent(object->value("access_token"_L1)) || !object->value("refresh_token"_L1).toString().isEmpty());
    if (!name.isEmpty() && !isGrant)
        return refusal(outcome, *object, name);
    if (outcome.status < 300 && object)
        return granted(outcome, *object, asked);
    if (isPage(outcome))
        return garbage(outcome, ErrorCode::CaptivePortal, u"the token endpoint answered with a page: a portal or a proxy"_s);
    if (outcome.status < 300)
        return garbage(outcome, ErrorCode::InvalidResponse, u"the answer of the token endpoint is not JSON"_s);
    if (outcome.status < 400)
        return garbage(outcome, ErrorCode::CaptivePortal, u"the token endpoint leads elsewhere: a portal, or it was moved"_s);
    return unexplained(outcome, asked);
}

// The life that it was given, if the clocks do not agree: a date that is set wrong must not make it longer.
std::optional<std::chrono::seconds> lifetimeOfJwt(const Secret &accessToken, WallTime now)
{
    const Result<Jwt> token = Jwt::parse(accessToken.reveal());
    if (!token || !token->expiresAt())
        return std::nullopt;
    Duration life = *token->expiresAt() - now;
    if (token->issuedAt())
        life = std::min<Duration>(life, *token->expiresAt() - *token->issuedAt());
    const auto seconds = std::min(std::chrono::duration_cast<std::chrono::seconds>(life), kLongestLifetime);
    return seconds.count() > 0 ? std::optional(seconds) : std::nullopt;
}

} // namespace Watchword
