// SPDX-License-Identifier: Apache-2.0
#include "gate/introspection.h"

#include "gate/identityclaims.h"

#include <QJsonObject>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostKnown = 10'000;

} // namespace

Introspection::Introspection(Clock &clock)
    : m_clock(clock)
    , m_known(kMostKnown)
{
}

void Introspection::setIssuers(std::vector<RemoteIssuer *> issuers)
{
    ++m_generation;
    m_issuers = std::move(issuers);
    m_known.clear();
    const QHash<QByteArray, Question> questions = std::exchange(m_questions, {});
    for (const Question &question : questions) {
        for (const Answer &answer : question.answers)
            answer(Error(ErrorCode::Cancelled, u"the issuers were configured anew"_s));
    }
}

void Introspection::ask(const Secret &token, const QByteArray &digest, const QHostAddress &from, const Answer &answer)
{
    if (m_issuers.empty())
        return answer(Error(ErrorCode::MalformedToken, u"the credential is not a JWT, and no issuer offers introspection"_s));
    const Instant now = m_clock.now();
    if (const Known *known = m_known.object(digest); known && now < known->until) {
        const Result<Identity> identity = known->identity; // the answer may change the cache
        return answer(identity);
    }
    if (const auto question = m_questions.find(digest); question != m_questions.end()) {
        question->answers.push_back(answer);
        return;
    }
    const auto wait = from.isNull() ? std::nullopt : m_asked.take({}, from, 1, kAsked, now);
    if (wait)
        return answer(Error(ErrorCode::RateLimited, u"too many unknown tokens from this address"_s).withRetryAfter(*wait));
    if (m_questions.size() >= kMostAsked)
        return answer(Error(ErrorCode::TemporarilyUnavailable, u"too many unknown tokens at once"_s));
    m_questions.insert(digest, {token, from, {answer}});
    askNext(digest);
}

void Introspection::askNext(const QByteArray &digest)
{
    Question &question = m_questions[digest];
    if (question.next == m_issuers.size()) {
        // While one could not be asked, nobody knows.
        const Duration cache = m_issuers.back()->config().introspection.cache;
        if (question.trouble)
            finish(digest, *question.trouble, {});
        else
            finish(digest, Error(ErrorCode::RevokedOrExpired, u"no issuer says that the token is active"_s), cache);
        return;
    }
    RemoteIssuer *issuer = m_issuers[question.next++];
    const Secret token = question.token;
    issuer->introspect(token, [this, digest, issuer, generation = m_generation](const Result<QJsonObject> &json) {
        if (generation == m_generation && m_questions.contains(digest))
            answered(digest, *issuer, json);
    });
}

void Introspection::answered(const QByteArray &digest, const RemoteIssuer &issuer, const Result<QJsonObject> &json)
{
    Question &question = m_questions[digest];
    if (!json)
        question.trouble = json.error();
    if (!json || !json->value("active"_L1).toBool()) {
        askNext(digest);
        return;
    }
    const WallTime now = m_clock.wallNow();
    const IssuerConfig &config = issuer.config();
    const Result<Identity> identity = identityOf(*json, question.token, config, now);
    Duration believed = config.introspection.cache;
    if (identity)
        believed = std::min(believed, *identity->expiresAt + config.clockSkew - now);
    if (!question.from.isNull())
        m_asked.give({}, question.from, m_clock.now());
    finish(digest, identity, believed);
}

void Introspection::finish(const QByteArray &digest, const Result<Identity> &identity, Duration believed)
{
    const Question question = m_questions.take(digest);
    if (believed.count() > 0)
        m_known.insert(digest, new Known{identity, m_clock.now() + believed});
    for (const Answer &answer : question.answers)
        answer(identity);
}

} // namespace Watchword::Gateway
