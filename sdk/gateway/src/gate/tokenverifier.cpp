// SPDX-License-Identifier: Apache-2.0
#include "gate/tokenverifier.h"

#include "endpoint/canary.h"
#include "gate/identityclaims.h"
#include "gate/introspection.h"
#include "gate/verifiedtokens.h"
#include "issuer/issuer.h"
#include "lock/lockbook.h"
#include "watchword/jose/jwt.h"

#include <QPointer>
#include <QPromise>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kOwnLeeway = std::chrono::seconds(1); // one clock: nothing to forgive

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

template <typename Text>
void shareText(Text &text, const Text &other)
{
    if (text == other)
        text = other;
}

// What most tokens of a gateway have in common is kept once, and not for each: half a kilobyte of a connection.
void shareTexts(Identity &identity, const Identity &other)
{
    shareText(identity.issuer, other.issuer);
    shareText(identity.clientId, other.clientId);
    shareText(identity.keyId, other.keyId);
    shareText(identity.algorithm, other.algorithm);
    shareText(identity.audiences, other.audiences);
    shareText(identity.scopes, other.scopes);
    shareText(identity.acr, other.acr);
}

} // namespace

class TokenVerifier::Private
{
public:
    explicit Private(Clock &time)
        : clock(time)
        , introspection(time)
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
        QHostAddress from; //!< Null: nobody to be counted.
    };
    bool verifyKnown(const Presented &presented, const Answer &answer);
    bool isInForce(const VerifiedTokens::Entry &entry, Duration leeway) const;
    Result<Identity> remember(const Presented &presented, const Jwt &jwt, const IssuerConfig &config, quint64 keys);
    Result<Identity> verifyEmbedded(const Presented &presented);
    void verifyJwt(const Presented &presented, const Jwt &unproved, const Answer &answer);
    void verifyNew(const Presented &presented, const Answer &answer);

    Clock &clock;
    std::vector<std::unique_ptr<RemoteIssuer>> remotes;
    const Issuer *embedded = nullptr;
    const LockBook *locks = nullptr;
    const Canary *canary = nullptr;
    QString embeddedAudience;
    Introspection introspection;
    VerifiedTokens known;
    Identity last; // whose texts the next one shares
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

Result<Identity> TokenVerifier::Private::remember(const Presented &presented, const Jwt &jwt, const IssuerConfig &config,
                                                  quint64 keys)
{
    Result<Identity> identity = identityOf(jwt, presented.token);
    if (!identity)
        return identity;
    if (const Result<void> age = checkAge(*identity, config, clock.wallNow()); !age)
        return age.error();
    takeBelongings(*identity, jwt, config);
    shareTexts(*identity, last);
    last = *identity;
    if (config.maxAge.count() == 0) // what ends by its age is looked at each time
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
    IssuerConfig own;
    own.clockSkew = kOwnLeeway;
    own.maxLifetime = {}; // [issuer_embedded] says how long they live
    return remember(presented, *jwt, own, 0);
}

void TokenVerifier::Private::verifyNew(const Presented &presented, const Answer &answer)
{
    const QByteArrayView text = presented.token.reveal();
    const Result<Jwt> unproved = Jwt::parse(text);
    if (unproved)
        verifyJwt(presented, *unproved, answer);
    else if (text.indexOf('.') < 0)
        introspection.ask(presented.token, presented.digest, presented.from, answer);
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
            answer(remember(presented, *jwt, config, remote->keyGeneration()));
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
    d->introspection.setIssuers({});
    d->remotes.clear();
}

void TokenVerifier::setEmbeddedIssuer(const Issuer *issuer, const QString &audience)
{
    d->embedded = issuer;
    d->embeddedAudience = audience;
    d->known.clear();
}

void TokenVerifier::setLocks(const LockBook *locks)
{
    d->locks = locks;
}

void TokenVerifier::setCanary(const Canary *canary)
{
    d->canary = canary;
}

void TokenVerifier::setIssuers(const QList<IssuerConfig> &issuers)
{
    std::vector<std::unique_ptr<RemoteIssuer>> old = std::move(d->remotes);
    d->remotes.clear();
    d->introspection.setIssuers({});
    d->known.clear();
    for (const IssuerConfig &config : issuers) {
        const auto same =
            std::find_if(old.begin(), old.end(), [&config](const auto &remote) { return remote && remote->config() == config; });
        if (same != old.end())
            d->remotes.push_back(std::move(*same));
        else
            d->remotes.push_back(std::make_unique<RemoteIssuer>(config, d->clock));
    }
    std::vector<RemoteIssuer *> asked;
    for (const auto &remote : d->remotes) {
        if (!remote->config().introspection.clientId.isEmpty())
            asked.push_back(remote.get());
    }
    d->introspection.setIssuers(std::move(asked));
}

void TokenVerifier::verify(const Secret &token, QObject *context, Answer answer, const QHostAddress &from)
{
    const QPointer<QObject> guard(context);
    const Answer guarded = [this, guard, answer = std::move(answer)](const Result<Identity> &result) {
        if (!guard)
            return;
        const std::optional<Lock> lock = result && d->locks ? d->locks->lockOn(*result) : std::nullopt;
        answer(lock ? Result<Identity>(lock->toError(d->clock.wallNow())) : result);
    };
    if (const std::optional<Identity> own = d->canary ? d->canary->identityOf(token) : std::nullopt) {
        guarded(*own);
        return;
    }
    const Private::Presented presented{token, VerifiedTokens::digestOf(token.reveal()), from};
    if (!d->verifyKnown(presented, guarded))
        d->verifyNew(presented, guarded);
}

QFuture<Result<Identity>> TokenVerifier::verify(const Secret &token, const QHostAddress &from)
{
    const auto promise = std::make_shared<QPromise<Result<Identity>>>();
    promise->start();
    const auto answered = [promise](const Result<Identity> &result) {
        promise->addResult(result);
        promise->finish();
    };
    verify(token, this, answered, from);
    return promise->future();
}

void TokenVerifier::verifyStatement(const Secret &token, const Statement &wanted, QObject *context, StatementAnswer answer)
{
    const QPointer<QObject> guard(context);
    const StatementAnswer guarded = [guard, answer = std::move(answer)](const Result<Jwt> &result) {
        if (guard)
            answer(result);
    };
    const Result<Jwt> unproved = Jwt::parse(token.reveal());
    RemoteIssuer *remote = unproved ? d->remoteOf(unproved->issuer()) : nullptr;
    if (!remote) {
        guarded(unproved ? Error(ErrorCode::WrongIssuer, u"the token is of an issuer that is not configured"_s)
                         : unproved.error());
        return;
    }
    JwtPolicy policy = policyOf(remote->config());
    policy.types = wanted.types;
    policy.typeRequired = wanted.typeRequired;
    policy.audiences = wanted.audiences;
    policy.expiryRequired = false;
    remote->requestKeys(unproved->keyId(), [this, token, policy, guarded](const Result<JwkSet> &keys) {
        guarded(keys ? Jwt::verify(token.reveal(), *keys, policy, d->clock.wallNow()) : Result<Jwt>(keys.error()));
    });
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
