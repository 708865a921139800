// SPDX-License-Identifier: Apache-2.0
#include "signin/authorizationrequest.h"

#include "provider/answer.h"
#include "provider/tokenresponse.h"

#include <QUrlQuery>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLongestPushedLife = 3600;

// An empty value is not sent, and what is there already stays: the application's own parameters cannot replace ours.
class Builder
{
public:
    Builder &add(const QString &name, const QString &value)
    {
        const bool known = std::any_of(m_all.begin(), m_all.end(), [&](const auto &one) { return one.first == name; });
        if (!value.isEmpty() && !known)
            m_all.emplaceBack(name, value);
        return *this;
    }
    Builder &add(const Parameters &parameters)
    {
        for (const auto &[name, value] : parameters)
            add(name, value);
        return *this;
    }
    Parameters take() { return std::move(m_all); }

private:
    Parameters m_all;
};

void addWish(Builder &builder, const SessionOptions &options, const SignInWish &wish)
{
    builder.add(u"resource"_s, options.resource.toString(QUrl::FullyEncoded))
        .add(u"login_hint"_s, wish.loginHint)
        .add(u"acr_values"_s, wish.acrValues.join(u' '));
    if (wish.maxAge)
        builder.add(u"max_age"_s, QString::number(wish.maxAge->count()));
}

} // namespace

Parameters authorizationParameters(const SessionOptions &options, const SignInWish &wish, const AuthorizationRequest &request)
{
    Builder builder;
    builder.add(u"response_type"_s, u"code"_s)
        .add(u"client_id"_s, options.clientId)
        .add(u"redirect_uri"_s, request.redirect.toString(QUrl::FullyEncoded))
        .add(u"scope"_s, options.scopes.join(u' '))
        .add(u"state"_s, request.state)
        .add(u"nonce"_s, options.scopes.contains("openid"_L1) ? request.nonce : QString())
        .add(u"code_challenge"_s, request.challenge)
        .add(u"code_challenge_method"_s, u"S256"_s)
        .add(u"dpop_jkt"_s, request.proofThumbprint);
    addWish(builder, options, wish);
    // OpenID Connect Core section 11: offline access is only given with the person's consent.
    const bool mayChoosePrompt = std::none_of(options.extraParameters.begin(), options.extraParameters.end(),
                                              [](const auto &one) { return one.first == "prompt"_L1; });
    if (options.scopes.contains("offline_access"_L1) && mayChoosePrompt)
        builder.add(u"prompt"_s, u"consent"_s);
    return builder.add(options.extraParameters).take();
}

Parameters deviceParameters(const SessionOptions &options, const SignInWish &wish)
{
    Builder builder;
    builder.add(u"client_id"_s, options.clientId).add(u"scope"_s, options.scopes.join(u' '));
    addWish(builder, options, wish);
    return builder.add(options.extraParameters).take();
}

QUrl urlWith(const QUrl &endpoint, const Parameters &parameters)
{
    QUrlQuery query(endpoint.query(QUrl::FullyEncoded));
    for (const auto &[name, value] : parameters) {
        if (!query.hasQueryItem(name))
            query.addQueryItem(name, QString::fromLatin1(QUrl::toPercentEncoding(value)));
    }
    QUrl url = endpoint;
    url.setQuery(query);
    return url;
}

Result<PushedRequest> readPushedRequest(const HttpOutcome &outcome)
{
    if (outcome.failure)
        return *outcome.failure;
    if (outcome.status != 201 && outcome.status != 200)
        return classifyTokenAnswer(outcome, AnswerTo::Request).error;
    if (isPage(outcome))
        return Error(ErrorCode::CaptivePortal, u"the pushed authorization request was answered with a page"_s);
    const QJsonObject object = answerObject(outcome.body).value_or(QJsonObject());
    if (isAbsent(object.value("request_uri"_L1)) && !isAbsent(object.value("error"_L1)))
        return classifyTokenAnswer(outcome, AnswerTo::Request).error;
    PushedRequest result;
    result.requestUri = object.value("request_uri"_L1).toString();
    const double life = numberOf(object.value("expires_in"_L1)).value_or(0);
    if (result.requestUri.isEmpty() || result.requestUri.size() > 2048 || !(life >= 1))
        return Error(ErrorCode::InvalidResponse,
                     u"the answer to the pushed authorization request has no usable request_uri and expires_in"_s);
    result.expiresIn = std::chrono::seconds(qint64(std::min(life, kLongestPushedLife)));
    return result;
}

} // namespace Watchword
