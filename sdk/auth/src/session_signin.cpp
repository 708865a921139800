// SPDX-License-Identifier: Apache-2.0
#include "browser.h"
#include "session_p.h"
#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

void Session::Private::signIn()
{
    if (flow) {
        flow->showAgain();
        return;
    }
    if (facts.signingIn)
        return; // the store is being read
    refuseOtherUser();
    started = true;
    if (options.storage == StoragePolicy::MemoryOnly && !store)
        useStore(std::make_shared<VolatileTokenStore>());
    if (store)
        return facts.signedIn ? beginFlow() : rememberThenBegin();
    // Before the browser opens: a person who signs in wants to stay signed in.
    const bool lost = keyIsLost();
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
        useStore(std::make_shared<EnvelopeTokenStore>(location(), *key, clock.source()));
        revokeLeft();
        rememberThenBegin();
    });
}

void Session::Private::beginFlow()
{
    SignInWish wish;
    wish.loginHint = options.loginHint.isEmpty() ? owner().accountName : options.loginHint;
    if (stepUp) {
        wish.acrValues = stepUp->acrValues;
        wish.maxAge = stepUp->maxAge;
    }
    facts.signingIn = true;
    flow = std::make_unique<SignInFlow>(options, wish, provider, clock, signerFor(owner().proofKey));
    connect(flow.get(), &SignInFlow::browserWanted, this, &Private::showBrowser);
    connect(flow.get(), &SignInFlow::linkChanged, this, &Private::setSignInUrl);
    connect(flow.get(), &SignInFlow::codeReceived, this, &Private::showDevice);
    connect(flow.get(), &SignInFlow::noted, this, &Private::log);
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
    setSignInUrl({});
    showDevice({});
    updateState();
}

void Session::Private::showBrowser(const QUrl &url)
{
    setSignInUrl(url);
    const bool shown = options.openBrowser ? options.openBrowser(url) : openSystemBrowser(url);
    log(u"signin.browser"_s, shown ? redactedUrl(url) : u"could not be opened; show the link"_s);
    Q_EMIT q->browserRequested(url);
}

void Session::Private::onSignedIn(const Result<SignInOutcome> &outcome)
{
    if (!outcome) {
        // Tokens that came, but whose sign-in was not good enough, are taken back.
        revoker.add(flow->unusedRefreshToken());
        revoker.next();
        endFlow();
        log(u"signin.failed"_s, outcome.error().toString());
        Q_EMIT q->signInFailed(outcome.error());
        return;
    }
    if (isOtherUser(*outcome))
        return;
    const std::shared_ptr<DpopSigner> key = flow->signer(); // which knows the provider's nonce already
    endFlow();
    remembered = {};
    if (stepUp) {
        stepUpDone = std::exchange(stepUp, std::nullopt);
        stepUpAt = clock.instant();
    }
    adoptSignIn(*outcome, key);
}

void Session::Private::adoptSignIn(const SignInOutcome &outcome, std::shared_ptr<DpopSigner> key)
{
    log(u"signin.succeeded"_s, u"access token %1"_s.arg(outcome.tokens.accessToken.fingerprint()));
    facts.needsPerson.reset();
    facts.refreshProblem.reset();
    facts.restoring = true; // until the store has them: signedIn() says that tokens can be had
    announced = false;
    holdUntil.reset();
    retry.reset();
    signer = std::move(key);
    updateState();
    TokenSet next = outcome.tokens;
    next.generation = tokens.generation;
    replaceStored(next);
}

void Session::Private::wipe()
{
    refreshAlarm.cancel();
    expiryAlarm.cancel();
    networkAlarm.cancel();
    waitsForNetwork = heldForSleep = false;
    const quint64 generation = tokens.generation;
    const bool hadAccount = !tokens.subject.isEmpty() || !tokens.accountName.isEmpty();
    tokens = remembered = {};
    tokens.generation = generation;
    signer.reset();
    life.clear();
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

void Session::Private::signOut(SignOutScope scope)
{
    if (facts.signingIn)
        endFlow();
    if (!store && facts.openingKey)
        return signOutWithoutKey();
    refuseOtherUser();
    if (scope == SignOutScope::Everywhere)
        endProviderSession(owner().accountName);
    if (!store || signingOut || (!facts.signedIn && !facts.needsPerson))
        return;
    log(u"signout.started"_s);
    signingOut = true;
    revoker.add(tokens.refreshToken);
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

} // namespace Watchword
