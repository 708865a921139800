// SPDX-License-Identifier: Apache-2.0
#include "browser.h"
#include "session_p.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

void Session::Private::signIn()
{
    if (flow) {
        if (!signInUrl.isEmpty())
            showBrowser(signInUrl);
        return;
    }
    started = true;
    if (options.storage == StoragePolicy::MemoryOnly && !store)
        useStore(std::make_shared<VolatileTokenStore>());
    if (store)
        return beginFlow();
    // Before the browser opens: a person who signs in wants to stay signed in.
    const bool lost = facts.keychainProblem && facts.keychainProblem->code() == ErrorCode::KeychainInconsistent;
    log(u"signin.needs_key"_s);
    facts.openingKey = true;
    keyAlarm.cancel();
    updateState();
    vault.open(lost ? KeyVault::Creation::Always : KeyVault::Creation::IfNeverMade, [this](const Result<Secret> &key) {
        if (!key) {
            onKeyFailed(key.error());
            Q_EMIT q->signInFailed(key.error());
            return;
        }
        facts.openingKey = false;
        facts.keychainProblem.reset();
        setNextAttempt(std::nullopt);
        const EnvelopeTokenStore::Location where {options.dataFolder, options.applicationId, options.account,
                                                  issuerText(options.issuer) + u' ' + options.clientId};
        useStore(std::make_shared<EnvelopeTokenStore>(where, *key, clock.source()));
        beginFlow();
    });
}

void Session::Private::beginFlow()
{
    SignInWish wish;
    wish.expectedSubject = facts.signedIn ? tokens.subject : QString();
    wish.loginHint = options.loginHint.isEmpty() && facts.signedIn ? tokens.accountName : options.loginHint;
    if (stepUp) {
        wish.acrValues = stepUp->acrValues;
        wish.maxAge = stepUp->maxAge;
    }
    facts.signingIn = true;
    flow = std::make_unique<SignInFlow>(options, wish, provider, clock);
    connect(flow.get(), &SignInFlow::browserWanted, this, &Private::showBrowser);
    connect(flow.get(), &SignInFlow::finished, this, &Private::onSignedIn);
    log(u"signin.started"_s);
    updateState();
    flow->start();
}

void Session::Private::endFlow()
{
    if (flow) {
        flow->disconnect(this);
        flow.release()->deleteLater(); // it may be the caller
    }
    facts.signingIn = false;
    if (!signInUrl.isEmpty()) {
        signInUrl.clear();
        Q_EMIT q->signInUrlChanged();
    }
    updateState();
}

void Session::Private::showBrowser(const QUrl &url)
{
    if (signInUrl != url) {
        signInUrl = url;
        Q_EMIT q->signInUrlChanged();
    }
    const bool shown = options.openBrowser ? options.openBrowser(url) : openSystemBrowser(url);
    log(u"signin.browser"_s, shown ? redactedUrl(url) : u"could not be opened; show the link"_s);
    Q_EMIT q->browserRequested(url);
}

void Session::Private::onSignedIn(const Result<SignInOutcome> &outcome)
{
    if (!outcome) {
        endFlow();
        log(u"signin.failed"_s, outcome.error().toString());
        Q_EMIT q->signInFailed(outcome.error());
        return;
    }
    log(u"signin.succeeded"_s, u"access token %1"_s.arg(outcome->tokens.accessToken.fingerprint()));
    facts.needsPerson.reset();
    facts.refreshProblem.reset();
    facts.restoring = true; // until the store has them: signedIn() says that tokens can be had
    announced = false;
    holdUntil.reset();
    retry.reset();
    if (stepUp) {
        stepUpDone = std::exchange(stepUp, std::nullopt);
        stepUpAt = clock.instant();
    }
    signInSentAt = outcome->sentAt;
    endFlow();
    TokenSet next = outcome->tokens;
    next.generation = tokens.generation;
    replaceStored(next);
}

void Session::Private::wipe()
{
    refreshAlarm.cancel();
    expiryAlarm.cancel();
    const quint64 generation = tokens.generation;
    const bool hadAccount = !tokens.subject.isEmpty() || !tokens.accountName.isEmpty();
    tokens = {};
    tokens.generation = generation;
    schedule = {};
    rejectedFingerprint.clear();
    stepUp.reset();
    stepUpDone.reset();
    announced = false;
    facts.signedIn = facts.restoring = facts.unsaved = false;
    facts.needsPerson.reset();
    facts.refreshProblem.reset();
    setNextAttempt(std::nullopt);
    updateState();
    failAll(Error(ErrorCode::SignedOut, u"the account was signed out"_s));
    if (hadAccount)
        Q_EMIT q->accountChanged();
    Q_EMIT q->expiresAtChanged();
}

void Session::Private::signOut()
{
    if (flow)
        endFlow();
    if (!store || signingOut || (!facts.signedIn && !facts.needsPerson))
        return;
    log(u"signout.started"_s);
    signingOut = true;
    toRevoke = tokens.refreshToken;
    TokenSet tombstone;
    tombstone.issuer = issuerText(options.issuer);
    tombstone.clientId = options.clientId;
    tombstone.tombstone = true;
    tombstone.generation = tokens.generation;
    wipe();
    Q_EMIT q->tokenRevoked();
    Q_EMIT q->signedOut();
    replaceStored(tombstone);
}

void Session::Private::revoke(const Secret &refreshToken)
{
    if (refreshToken.isEmpty())
        return log(u"signout.finished"_s, u"nothing to revoke"_s);
    provider.revoke(refreshToken, [this](const Result<void> &result) {
        log(result ? u"signout.revoked"_s : u"signout.not_revoked"_s, result ? QString() : result.error().toString());
    });
}

} // namespace Watchword
