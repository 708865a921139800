// SPDX-License-Identifier: Apache-2.0
#include "api/providerstatement.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kOldestLogout = std::chrono::minutes(10);
constexpr Duration kClockAhead = std::chrono::minutes(1);
constexpr qsizetype kLongestName = 1024;
constexpr qsizetype kMostEvents = 10;
constexpr QLatin1StringView kLogoutEvent = "http://schemas.openid.net/event/backchannel-logout"_L1;
constexpr QLatin1StringView kCaep = "https://schemas.openid.net/secevent/caep/event-type/"_L1;
constexpr QLatin1StringView kVerification = "https://schemas.openid.net/secevent/ssf/event-type/verification"_L1;

Error missingClaim(const QString &what)
{
    return Error(ErrorCode::MissingClaim, what);
}

// A name that is there has to be one: nothing for a value of another kind.
std::optional<QString> nameIn(const QJsonObject &object, QLatin1StringView member)
{
    const QJsonValue value = object.value(member);
    if (value.isUndefined())
        return QString();
    const QString name = value.toString();
    if (name.isEmpty() || name.size() > kLongestName)
        return {};
    return name;
}

struct TokenFacts
{
    QString issuer;
    QString id;
    WallTime issued{};
};

Result<TokenFacts> factsOf(const QJsonObject &claims, WallTime now)
{
    TokenFacts facts;
    facts.issuer = claims.value("iss"_L1).toString();
    facts.id = nameIn(claims, "jti"_L1).value_or(QString());
    const QJsonValue issued = claims.value("iat"_L1);
    if (facts.issuer.isEmpty() || facts.id.isEmpty() || !issued.isDouble() || issued.toDouble() < 0
        || issued.toDouble() > 253'402'300'799.0)
        return missingClaim(u"the token needs \"iss\", \"jti\" and \"iat\""_s);
    facts.issued = wallTimeFromSeconds(qint64(issued.toDouble()));
    if (facts.issued > now + kClockAhead)
        return Error(ErrorCode::TokenNotYetValid, u"the token was issued in the future"_s);
    return facts;
}

/*! Whom an event concerns; nothing for one that is known by nothing here. */
using Subject = std::optional<LockTarget>;

Result<Subject> simpleSubject(const QJsonObject &subject, const QString &issuer)
{
    const QString format = subject.value("format"_L1).toString(subject.value("subject_type"_L1).toString());
    const auto named = [&](LockTarget::Kind kind, QLatin1StringView member) -> Result<Subject> {
        const std::optional<QString> name = nameIn(subject, member);
        if (!name || name->isEmpty())
            return missingClaim(u"a subject has no name"_s);
        return Subject(LockTarget{kind, issuer, *name});
    };
    const bool hasIssuer = format == "iss_sub"_L1 || format == "issuer_subject"_L1 || format == "jwt_id"_L1;
    if (hasIssuer && subject.value("iss"_L1).toString() != issuer)
        return Error(ErrorCode::WrongIssuer, u"the subject is another issuer's"_s);
    if (format == "iss_sub"_L1 || format == "issuer_subject"_L1)
        return named(LockTarget::Kind::User, "sub"_L1);
    if (format == "opaque"_L1)
        return named(LockTarget::Kind::Session, "id"_L1);
    if (format == "jwt_id"_L1)
        return named(LockTarget::Kind::Token, "jti"_L1);
    return Subject();
}

Result<Subject> subjectOf(const QJsonObject &subject, const QString &issuer)
{
    // The narrowest that it names: a session is not the whole of its user.
    const Result<Subject> session = simpleSubject(subject.value("session"_L1).toObject(), issuer);
    const Result<Subject> user = simpleSubject(subject.value("user"_L1).toObject(), issuer);
    const bool hasSession = subject.value("session"_L1).isObject();
    const bool hasUser = subject.value("user"_L1).isObject();
    if (!hasSession && !hasUser)
        return simpleSubject(subject, issuer);
    if (!hasSession || !session || !*session)
        return hasSession ? session : user;
    LockTarget target = **session;
    if (hasUser && !user)
        return user; // somebody else's
    if (hasUser && *user && target.kind == LockTarget::Kind::Session && (*user)->kind == LockTarget::Kind::User)
        target.subject = (*user)->value;
    return Subject(target);
}

std::optional<ProviderStatement> statementOf(const QString &type, const QJsonObject &event)
{
    ProviderStatement statement;
    if (type == "session-revoked"_L1) {
        statement.reason = u"session_revoked"_s;
    } else if (type == "credential-change"_L1) {
        if (event.value("change_type"_L1) == "create"_L1) // one more says nothing of those that were used
            return {};
        statement.reason = u"credential_change"_s;
    } else if (type == "token-claims-change"_L1) {
        statement.reason = u"token_claims_change"_s;
        statement.mode = Lock::Mode::Outdated;
    } else {
        return {};
    }
    static const QStringList known{u"admin"_s, u"user"_s, u"policy"_s, u"system"_s};
    const QString initiator = event.value("initiating_entity"_L1).toString();
    statement.initiator = known.contains(initiator) ? initiator : u"system"_s;
    return statement;
}

} // namespace

Result<ProviderStatement> readLogoutToken(const QJsonObject &claims, WallTime now)
{
    const Result<TokenFacts> facts = factsOf(claims, now);
    if (!facts)
        return facts.error();
    if (claims.contains("nonce"_L1))
        return Error(ErrorCode::MalformedToken, u"a logout token has no \"nonce\""_s);
    if (!claims.value("events"_L1).toObject().value(kLogoutEvent).isObject())
        return missingClaim(u"\"events\" does not say that this is a logout token"_s);
    if (facts->issued + kOldestLogout < now)
        return Error(ErrorCode::TokenExpired, u"the logout token is older than ten minutes"_s);
    const std::optional<QString> session = nameIn(claims, "sid"_L1);
    const std::optional<QString> subject = nameIn(claims, "sub"_L1);
    if (!session || !subject || (session->isEmpty() && subject->isEmpty()))
        return missingClaim(u"a logout token needs \"sid\" or \"sub\""_s);
    ProviderStatement statement;
    statement.reason = u"backchannel_logout"_s;
    statement.initiator = u"user"_s;
    if (session->isEmpty()) {
        statement.target = {LockTarget::Kind::User, facts->issuer, *subject};
        statement.before = std::min(facts->issued, now);
    } else {
        statement.target = {LockTarget::Kind::Session, facts->issuer, *session, *subject};
    }
    return statement;
}

Result<ProviderEvents> readSecurityEvents(const QJsonObject &claims, WallTime now)
{
    const Result<TokenFacts> facts = factsOf(claims, now);
    if (!facts)
        return facts.error();
    const QJsonObject events = claims.value("events"_L1).toObject();
    if (events.isEmpty() || events.size() > kMostEvents)
        return missingClaim(u"\"events\" has to hold 1 to 10 events"_s);
    ProviderEvents read;
    read.id = facts->id;
    for (auto it = events.begin(); it != events.end(); ++it) {
        if (!it.value().isObject())
            return Error(ErrorCode::MalformedToken, u"an event is no object"_s);
        const QJsonObject event = it.value().toObject();
        if (it.key() == kVerification)
            read.verification = event.value("state"_L1).toString().left(kLongestName);
        const bool isCaep = it.key().startsWith(kCaep);
        std::optional<ProviderStatement> statement = isCaep ? statementOf(it.key().sliced(kCaep.size()), event) : std::nullopt;
        if (!statement)
            continue;
        const QJsonValue named = claims.contains("sub_id"_L1) ? claims.value("sub_id"_L1) : event.value("subject"_L1);
        const Result<Subject> subject = subjectOf(named.toObject(), facts->issuer);
        if (!subject)
            return subject.error();
        if (!subject->has_value())
            continue;
        statement->target = **subject;
        const QJsonValue stamp = event.value("event_timestamp"_L1);
        const bool hasTime = stamp.isDouble() && stamp.toDouble() > 0 && stamp.toDouble() < 253'402'300'799.0;
        const WallTime at = hasTime ? wallTimeFromSeconds(qint64(stamp.toDouble())) : facts->issued;
        if (statement->target.kind == LockTarget::Kind::User || statement->mode == Lock::Mode::Outdated)
            statement->before = std::min(at, now);
        read.statements.append(*statement);
    }
    return read;
}

} // namespace Watchword::Gateway
