// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"
#include "signin/browser.h"
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
    if (!std::exchange(started, true))
        watchSurroundings();
    if (options.storage == StoragePolicy::MemoryOnly && !store)
        useStore(std::make_shared<VolatileTokenStore>());
    if (!store)
        return openKeyThenBegin();
    facts.signedIn ? beginFlow() : rememberThenBegin();
}

// Before the browser opens: a person who signs in wants to stay signed in.
void Session::Private::openKeyThenBegin()
{
    const bool lost = keyIsLost();
    log(u"signin.needs_key"_s);
    facts.openingKey = signInWaits = true;
    keyAlarm.cancel();
    updateState();
    vault.open(lost ? KeyVault::Creation::Always : KeyVault::Creation::IfNeverMade, [this](const Result<Secret> &key) {
        signInWaits = false;
        if (!key) {
            onKeyFailed(key.error());
            Q_EMIT q->signInFailed(key.error());
            return;
        }
        facts.openingKey = false;
        facts.keychainProblem.reset();
        setNextAttempt(std::nullopt);
        useStore(std::make_shared<EnvelopeTokenStore>(location(), *key, clock.source()));
        rememberThenBegin();
    });
}

// Only then is a new key made in the place of one that cannot be had: a person decided to sign in anew.
bool Session::Private::keyIsLost() const
{
    if (finishesQuietly)
        return true;
    if (!facts.keychainProblem)
        return false;
    const ErrorCode code = facts.keychainProblem->code();
    return code == ErrorCode::KeychainInconsistent || code == ErrorCode::StoreCorrupt;
}

void Session::Private::cancelSignIn()
{
    if (signInWaits) {
        signInWaits = false;
        openKey(KeyVault::Creation::Never, [this] { restore(); });
    } else if (facts.signingIn) {
        abandonFlow();
    } else {
        return;
    }
    log(u"signin.cancelled"_s);
    Q_EMIT q->signInFailed(Error(ErrorCode::Cancelled, u"the sign-in was cancelled"_s));
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

// Back to the state before. If the sign-in came before the store was read, that is still to be done.
void Session::Private::abandonFlow()
{
    const bool unread = isUnread();
    facts.restoring = facts.restoring || (unread && !foundNobody);
    endFlow();
    if (unread)
        restore();
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
        abandonFlow();
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
    storeRead = true;
    ++readings; // what is being read is replaced
    holdUntil.reset();
    retry.reset();
    signer = std::move(key);
    updateState();
    TokenSet next = outcome.tokens;
    next.generation = tokens.generation;
    arriving = next.refreshToken;
    replaceStored(next);
}

} // namespace Watchword
