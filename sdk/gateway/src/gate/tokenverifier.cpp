// SPDX-License-Identifier: Apache-2.0
#include "gate/tokenverifier.h"

#include "gate/verifiedtokens.h"
#include "issuer/issuer.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/jose/jwt.h"

#include <QHash>
#include <QJsonArray>
#include <QJsonObject>
#include <QPointer>
#include <QPromise>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostCached = 10'000;
constexpr Duration kOwnLeeway = std::chrono::seconds(1); // one clock: nothing to forgive

//! \a claim is called with a name and returns a QJsonValue.
template <typename Claim>
QString nameOf(Claim claim, const QString &subject)
{
    static const QString kNames[] = {u"preferred_username"_s, u"username"_s, u"name"_s, u"email"_s};
    for (const QString &name : kNames) {
        const QString value = toWellFormed(claim(name).toString().left(128)); // the cut may be inside a character
        if (!value.isEmpty())
            return value;
    }
    return subject;
}

JwtPolicy policyOf(const IssuerConfig &config)
{
    JwtPolicy policy;
    policy.algorithms = config.algorithms;
    if (!config.tokenTypes.contains("*"_L1)) {
        policy.types = config.tokenTypes;
        policy.typeRequired = true;
    }
    policy.issuer = config.issuer();
    policy.audiences = config.audiences;
    policy.leeway = config.clockSkew;
    return policy;
}

// Most providers do not write the "typ" of RFC 9068: whoever reads the audit has to learn where that is told.
Error withSetting(const Error &error, const IssuerConfig &config)
{
    return Error(error.code(),
                 u"%1; token_types of [[issuer]] %2 says which are accepted"_s.arg(error.detail(), config.issuer()));
}

// RFC 7800 and RFC 9449 section 6. A token that is bound in another way is worth nothing to who cannot check that.
Result<QString> keyOf(const QJsonValue &confirmation)
{
    if (confirmation.isUndefined())
        return QString();
    const QString thumbprint = confirmation.toObject().value("jkt"_L1).toString();
    if (thumbprint.isEmpty() || thumbprint.size() > 128)
        return Error(ErrorCode::UnusableKey, u"the token is bound (\"cnf\") in a way that cannot be checked here"_s);
    return thumbprint;
}

Result<Identity> identityOf(const Jwt &jwt, const Secret &token)
{
    if (jwt.subject().isEmpty())
        return Error(ErrorCode::MissingClaim, u"the token has no \"sub\""_s);
    const Result<QString> key = keyOf(jwt.claim(u"cnf"));
    if (!key)
        return key.error();
    Identity identity;
    identity.keyThumbprint = *key;
    identity.issuer = jwt.issuer();
    identity.subject = jwt.subject();
    identity.name = nameOf([&jwt](const QString &name) { return jwt.claim(name); }, identity.subject);
    identity.clientId = jwt.claim(u"client_id").toString(jwt.claim(u"azp").toString());
    identity.tokenFingerprint = token.fingerprint();
    identity.tokenId = jwt.id().isEmpty() ? identity.tokenFingerprint : jwt.id();
    identity.sessionId = jwt.sessionId().isEmpty() ? identity.tokenId : jwt.sessionId();
    identity.keyId = jwt.keyId();
    identity.algorithm = jwt.algorithm();
    identity.audiences = jwt.audiences();
    identity.scopes = jwt.scopes();
    identity.acr = jwt.claim(u"acr").toString();
    identity.authTime = jwt.authTime();
    identity.issuedAt = jwt.issuedAt();
    identity.expiresAt = jwt.expiresAt();
    return identity;
}

std::optional<WallTime> timeOf(const QJsonObject &object, QLatin1StringView name)
{
    const QJsonValue value = object.value(name);
    if (!value.isDouble())
        return {};
    return wallTimeFromSeconds(qint64(value.toDouble()));
}

Result<Identity> identityOf(const QJsonObject &answer, const Secret &token, const IssuerConfig &config, WallTime now)
{
    if (!answer.value("active"_L1).toBool())
        return Error(ErrorCode::RevokedOrExpired, u"the issuer says that the token is not active"_s);
    Identity identity;
    identity.issuer = config.issuer();
    if (answer.contains("iss"_L1) && answer.value("iss"_L1).toString() != identity.issuer)
        return Error(ErrorCode::WrongIssuer, u"the introspected token is of another issuer"_s);
    const QJsonValue audience = answer.value("aud"_L1);
    const QJsonArray audiences = audience.isArray() ? audience.toArray() : QJsonArray{audience};
    for (const QJsonValue &entry : audiences)
        identity.audiences.append(entry.toString());
    const bool isForUs = std::any_of(config.audiences.begin(), config.audiences.end(),
                                     [&identity](const QString &name) { return identity.audiences.contains(name); });
    if (!isForUs)
        return Error(ErrorCode::WrongAudience, u"the introspected token is for somebody else"_s);
    identity.subject = answer.value("sub"_L1).toString();
    if (identity.subject.isEmpty())
        return Error(ErrorCode::MissingClaim, u"the introspection answer has no \"sub\""_s);
    identity.expiresAt = timeOf(answer, "exp"_L1);
    if (identity.expiresAt && *identity.expiresAt + config.clockSkew <= now)
        return Error(ErrorCode::TokenExpired, u"the introspected token has ended"_s);
    const Result<QString> key = keyOf(answer.value("cnf"_L1));
    if (!key)
        return key.error();
    identity.keyThumbprint = *key;
    identity.name = nameOf([&answer](const QString &name) { return answer.value(name); }, identity.subject);
    identity.clientId = answer.value("client_id"_L1).toString();
    identity.tokenFingerprint = token.fingerprint();
    identity.tokenId = answer.value("jti"_L1).toString(identity.tokenFingerprint);
    identity.sessionId = answer.value("sid"_L1).toString(identity.tokenId);
    identity.scopes = answer.value("scope"_L1).toString().split(u' ', Qt::SkipEmptyParts);
    identity.acr = answer.value("acr"_L1).toString();
    identity.authTime = timeOf(answer, "auth_time"_L1);
    identity.issuedAt = timeOf(answer, "iat"_L1);
    return identity;
}

struct CachedIdentity
{
    Result<Identity> identity;
    Instant until;
};

} // namespace

class TokenVerifier::Private
{
public:
    explicit Private(Clock &time)
        : clock(time)
    {
    }

    RemoteIssuer *remoteOf(const QString &issuer) const
    {
        const auto it = std::find_if(remotes.begin(), remotes.end(),
                                     [&issuer](const auto &remote) { return remote->config().issuer() == issuer; });
        return it == remotes.end() ? nullptr : it->get();
    }
    //! A token with the SHA-256 of its bytes.
    struct Presented
    {
        Secret token;
        QByteArray digest;
    };
    bool verifyKnown(const Presented &presented, const Answer &answer);
    bool isInForce(const VerifiedTokens::Entry &entry, Duration leeway) const;
    Result<Identity> remember(const Presented &presented, const Jwt &jwt, quint64 keys);
    Result<Identity> verifyEmbedded(const Presented &presented);
    void verifyJwt(const Presented &presented, const Jwt &unproved, const Answer &answer);
    void verifyNew(const Presented &presented, const Answer &answer);
    void verifyOpaque(const Presented &presented, const Answer &answer);

    Clock &clock;
    std::vector<std::unique_ptr<RemoteIssuer>> remotes;
    const Issuer *embedded = nullptr;
    QString embeddedAudience;
    QCache<QByteArray, CachedIdentity> introspected{kMostCached};
    VerifiedTokens known;
};

bool TokenVerifier::Private::isInForce(const VerifiedTokens::Entry &entry, Duration leeway) const
{
    const WallTime now = clock.wallNow();
    return entry.identity.expiresAt && now < *entry.identity.expiresAt + leeway
        && (!entry.notBefore || now + leeway >= *entry.notBefore);
}

// False: it has to be verified, which also says best what is wrong with it.
bool TokenVerifier::Private::verifyKnown(const Presented &presented, const Answer &answer)
{
    const VerifiedTokens::Entry *found = known.find(presented.digest);
    if (!found)
        return false;
    const Identity identity = found->identity;
    if (embedded && identity.issuer == embedded->identifier()) {
        if (!isInForce(*found, kOwnLeeway) || !embedded->publicKeys().containsKeyId(identity.keyId))
            return false;
        if (embedded->isRevoked(identity.sessionId, identity.tokenId))
            return false;
        answer(identity);
        return true;
    }
    RemoteIssuer *remote = remoteOf(identity.issuer);
    if (!remote || found->keys != remote->keyGeneration() || !isInForce(*found, remote->config().clockSkew))
        return false;
    // So that its keys are fetched anew when it is time, for somebody who only ever sees known tokens, too.
    remote->requestKeys(identity.keyId, [this, presented, identity, answer, keys = found->keys](const Result<JwkSet> &set) {
        const RemoteIssuer *same = remoteOf(identity.issuer);
        if (!set)
            answer(set.error());
        else if (same && same->keyGeneration() == keys)
            answer(identity);
        else // they were fetched while it waited
            verifyNew(presented, answer);
    });
    return true;
}

Result<Identity> TokenVerifier::Private::remember(const Presented &presented, const Jwt &jwt, quint64 keys)
{
    const Result<Identity> identity = identityOf(jwt, presented.token);
    if (identity)
        known.insert(presented.digest, {*identity, jwt.notBefore(), keys}, presented.token.size());
    return identity;
}

Result<Identity> TokenVerifier::Private::verifyEmbedded(const Presented &presented)
{
    JwtPolicy policy;
    policy.algorithms = {u"ES256"_s};
    policy.types = {u"at+jwt"_s};
    policy.typeRequired = true;
    policy.issuer = embedded->identifier();
    policy.audiences = {embeddedAudience};
    policy.leeway = kOwnLeeway;
    const Result<Jwt> jwt = Jwt::verify(presented.token.reveal(), embedded->publicKeys(), policy, clock.wallNow());
    if (!jwt)
        return jwt.error();
    if (embedded->isRevoked(jwt->sessionId(), jwt->id()))
        return Error(ErrorCode::SessionRevoked, u"the session or the token was revoked"_s);
    return remember(presented, *jwt, 0);
}

void TokenVerifier::Private::verifyNew(const Presented &presented, const Answer &answer)
{
    const QByteArrayView text = presented.token.reveal();
    const Result<Jwt> unproved = Jwt::parse(text);
    if (unproved)
        verifyJwt(presented, *unproved, answer);
    else if (text.indexOf('.') < 0)
        verifyOpaque(presented, answer);
    else
        answer(unproved.error());
}

void TokenVerifier::Private::verifyJwt(const Presented &presented, const Jwt &unproved, const Answer &answer)
{
    if (embedded && unproved.issuer() == embedded->identifier()) {
        answer(verifyEmbedded(presented));
        return;
    }
    RemoteIssuer *remote = remoteOf(unproved.issuer());
    if (!remote) {
        answer(Error(ErrorCode::WrongIssuer, u"the token is of an issuer that is not configured"_s));
        return;
    }
    const IssuerConfig config = remote->config();
    if (!config.algorithms.contains(unproved.algorithm())) {
        answer(Error(ErrorCode::UnsupportedAlgorithm, u"the token's algorithm is not on the list"_s));
        return;
    }
    remote->requestKeys(unproved.keyId(), [this, presented, config, remote, answer](const Result<JwkSet> &keys) {
        if (!keys) {
            answer(keys.error());
            return;
        }
        const Result<Jwt> jwt = Jwt::verify(presented.token.reveal(), *keys, policyOf(config), clock.wallNow());
        if (!jwt)
            answer(jwt.error().code() == ErrorCode::WrongTokenType ? withSetting(jwt.error(), config) : jwt.error());
        else
            answer(remember(presented, *jwt, remote->keyGeneration()));
    });
}

void TokenVerifier::Private::verifyOpaque(const Presented &presented, const Answer &answer)
{
    const auto it = std::find_if(remotes.begin(), remotes.end(),
                                 [](const auto &remote) { return !remote->config().introspection.clientId.isEmpty(); });
    if (it == remotes.end()) {
        answer(Error(ErrorCode::MalformedToken, u"the credential is not a JWT, and no issuer offers introspection"_s));
        return;
    }
    const Secret &token = presented.token;
    const QByteArray &key = presented.digest;
    if (const CachedIdentity *cached = introspected.object(key); cached && clock.now() < cached->until) {
        answer(cached->identity);
        return;
    }
    const IssuerConfig config = (*it)->config();
    (*it)->introspect(token, [this, token, key, config, answer](const Result<QJsonObject> &json) {
        if (!json) {
            answer(json.error());
            return;
        }
        const Result<Identity> identity = identityOf(*json, token, config, clock.wallNow());
        introspected.insert(key, new CachedIdentity{identity, clock.now() + config.introspection.cache});
        answer(identity);
    });
}

TokenVerifier::TokenVerifier(const QList<IssuerConfig> &issuers, Clock &clock, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(clock))
{
    setIssuers(issuers);
}

TokenVerifier::~TokenVerifier()
{
    // Waiting answers run while the rest of this object still stands.
    d->remotes.clear();
}

void TokenVerifier::setEmbeddedIssuer(const Issuer *issuer, const QString &audience)
{
    d->embedded = issuer;
    d->embeddedAudience = audience;
    d->known.clear();
}

void TokenVerifier::setIssuers(const QList<IssuerConfig> &issuers)
{
    std::vector<std::unique_ptr<RemoteIssuer>> old = std::move(d->remotes);
    d->remotes.clear();
    d->introspected.clear();
    d->known.clear();
    for (const IssuerConfig &config : issuers) {
        const auto same =
            std::find_if(old.begin(), old.end(), [&config](const auto &remote) { return remote && remote->config() == config; });
        if (same != old.end())
            d->remotes.push_back(std::move(*same));
        else
            d->remotes.push_back(std::make_unique<RemoteIssuer>(config, d->clock));
    }
}

void TokenVerifier::verify(const Secret &token, QObject *context, Answer answer)
{
    const QPointer<QObject> guard(context);
    const Answer guarded = [guard, answer = std::move(answer)](const Result<Identity> &result) {
        if (guard)
            answer(result);
    };
    const Private::Presented presented{token, VerifiedTokens::digestOf(token.reveal())};
    if (!d->verifyKnown(presented, guarded))
        d->verifyNew(presented, guarded);
}

QFuture<Result<Identity>> TokenVerifier::verify(const Secret &token)
{
    const auto promise = std::make_shared<QPromise<Result<Identity>>>();
    promise->start();
    verify(token, this, [promise](const Result<Identity> &result) {
        promise->addResult(result);
        promise->finish();
    });
    return promise->future();
}

void TokenVerifier::warmUp()
{
    for (const auto &remote : d->remotes) {
        if (!remote->hasKeys())
            remote->warmUp();
    }
}

bool TokenVerifier::isReady() const
{
    return d->embedded || std::any_of(d->remotes.begin(), d->remotes.end(), [](const auto &r) { return r->hasKeys(); });
}

} // namespace Watchword::Gateway
