// SPDX-License-Identifier: Apache-2.0
#include "provider/tokenresponse.h"

#include "watchword/core/result.h"
#include "watchword/jose/jwt.h"

#include <QJsonDocument>
#include <QJsonObject>

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

// Texts of a provider end in logs and dialogs: printable, short, in one line.
QString printable(const QString &text)
{
    QString clean;
    for (const QChar c : text.left(300))
        clean += c.isPrint() ? c : u' ';
    return clean;
}

std::optional<std::chrono::seconds> lifetime(const QJsonValue &value)
{
    bool isNumber = value.isDouble();
    // Some providers send the number as text.
    const double seconds = isNumber ? value.toDouble() : value.toString().toDouble(&isNumber);
    if (!isNumber || !(seconds > 0))
        return std::nullopt;
    return std::chrono::seconds(qint64(std::min(seconds, double(kLongestLifetime.count()))));
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

TokenAnswer garbage(const HttpOutcome &outcome)
{
    TokenAnswer answer;
    answer.meaning = TokenAnswerClass::Garbage;
    answer.maybeSpent = true;
    answer.error = Error(ErrorCode::CaptivePortal, u"the answer of the token endpoint is not JSON: a portal or proxy page"_s)
                       .withHttpStatus(outcome.status);
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

} // namespace

Result<TokenGrant> parseTokenGrant(QByteArrayView body)
{
    const auto wrong = [](const QString &what) { return Error(ErrorCode::InvalidResponse, u"the token response "_s + what); };
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray(body.data(), body.size()));
    if (!document.isObject())
        return wrong(u"is not a JSON object"_s);
    const QJsonObject object = document.object();
    TokenGrant grant;
    grant.accessToken = Secret::take(object.value("access_token"_L1).toString().toUtf8());
    if (grant.accessToken.isEmpty())
        return wrong(u"has no access_token"_s);
    // RFC 6750 section 2.1: anything else could not be sent in a header, or would break it.
    for (const char c : grant.accessToken.reveal()) {
        if (c <= ' ' || c >= 0x7f)
            return wrong(u"has an access_token with characters that no header may hold"_s);
    }
    grant.tokenType = object.value("token_type"_L1).toString();
    if (grant.tokenType.compare("Bearer"_L1, Qt::CaseInsensitive) != 0
        && grant.tokenType.compare("DPoP"_L1, Qt::CaseInsensitive) != 0)
        return wrong(u"has the unknown token_type \"%1\""_s.arg(printable(grant.tokenType.left(40))));
    grant.refreshToken = Secret::take(object.value("refresh_token"_L1).toString().toUtf8());
    grant.idToken = Secret::take(object.value("id_token"_L1).toString().toUtf8());
    grant.expiresIn = lifetime(object.value("expires_in"_L1));
    const QJsonValue scope = object.value("scope"_L1);
    if (scope.isString())
        grant.scopes = scope.toString().split(u' ', Qt::SkipEmptyParts);
    return grant;
}

TokenAnswer classifyTokenAnswer(const HttpOutcome &outcome)
{
    if (outcome.failure || outcome.status == 0)
        return transportFailure(outcome);
    const QJsonDocument document = QJsonDocument::fromJson(outcome.body);
    if (outcome.status == 200) {
        const Result<TokenGrant> grant = parseTokenGrant(outcome.body);
        if (grant)
            return {TokenAnswerClass::Success, *grant, {}, false};
        TokenAnswer answer = garbage(outcome);
        if (document.isObject()) // JSON, but not a grant: no portal does that
            answer.error = grant.error().withHttpStatus(outcome.status);
        return answer;
    }
    const QString name = document.object().value("error"_L1).toString();
    const Meaning meaning = meaningOf(name);
    if (outcome.status == 429 || outcome.status >= 500) {
        const bool known = meaning.meaning == TokenAnswerClass::Busy; // some providers say slow_down with 429
        return busy(outcome, name.isEmpty() ? u"the provider is busy"_s : printable(name),
                    known ? meaning.code : ErrorCode::TemporarilyUnavailable);
    }
    if (outcome.status < 400 || name.isEmpty())
        return garbage(outcome);
    if (meaning.meaning == TokenAnswerClass::Busy)
        return busy(outcome, printable(name), meaning.code);
    const QString description = document.object().value("error_description"_L1).toString();
    TokenAnswer answer;
    answer.meaning = meaning.meaning;
    answer.error =
        Error(meaning.code, description.isEmpty() ? printable(name) : u"%1: %2"_s.arg(printable(name), printable(description)))
            .withHttpStatus(outcome.status);
    return answer;
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
