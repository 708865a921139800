// SPDX-License-Identifier: Apache-2.0
// An ID token that came with a refresh (OpenID Connect Core section 12.2). The tokens beside it are saved and in use by now.
// It is kept if it is good; if it is not, that is said, and the one before it stays.
#include "session/session_p.h"

#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

void Session::Private::examine(const Secret &idToken)
{
    if (!facts.signedIn)
        return;
    provider.metadata([this, idToken, generation = tokens.generation](const Result<ProviderMetadata> &metadata) {
        if (generation != tokens.generation || !facts.signedIn)
            return;
        if (!metadata)
            return log(u"idtoken.unverified"_s, metadata.error().toString());
        examineWith(idToken, *metadata, 1);
    });
}

void Session::Private::examineWith(const Secret &idToken, const ProviderMetadata &metadata, int attempt)
{
    const quint64 generation = tokens.generation;
    provider.keys([=, this](const Result<JwkSet> &keys) {
        if (generation != tokens.generation || !facts.signedIn)
            return; // a later refresh, or nobody any more
        if (!keys)
            return log(u"idtoken.unverified"_s, keys.error().toString());
        IdTokenExpectation expected;
        expected.issuer = tokens.issuer;
        expected.clientId = tokens.clientId;
        expected.subject = tokens.subject;
        expected.providerAlgorithms = metadata.idTokenAlgorithms;
        expected.predecessor = tokens.idToken;
        if (tokens.sentAt)
            expected.askedAt = clock.now() - (clock.instant() - *tokens.sentAt);
        const auto claims = verifyRefreshedIdToken(idToken, tokens.accessToken, *keys, expected, clock.now());
        if (claims)
            return adoptIdToken(idToken, *claims);
        const ErrorCode code = claims.error().code();
        if (attempt < 2 && (code == ErrorCode::UnknownKey || code == ErrorCode::BadSignature))
            return examineWith(idToken, metadata, attempt + 1); // the keys may have been changed just now
        log(u"idtoken.refused"_s, claims.error().toString());
        qCWarning(logAuth).noquote() << "the provider gave a bad ID token with a refresh:" << claims.error().toString();
    });
}

// Stored with the next refresh: until then a start of the program has the one before it, which is as good.
void Session::Private::adoptIdToken(const Secret &idToken, const IdTokenClaims &claims)
{
    log(u"idtoken.adopted"_s, idToken.fingerprint());
    tokens.idToken = idToken;
    if (claims.accountName.isEmpty() || claims.accountName == tokens.accountName)
        return;
    tokens.accountName = claims.accountName;
    Q_EMIT q->accountChanged();
}

} // namespace Watchword
