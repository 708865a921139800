// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"

namespace Watchword {

using namespace Qt::StringLiterals;

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
    const bool unread = isUnread();
    if (std::exchange(signInWaits, false))
        openKey(KeyVault::Creation::Never, [this] { restore(); });
    if (facts.signingIn)
        endFlow();
    refuseOtherUser();
    if (scope == SignOutScope::Everywhere)
        endProviderSession(owner().accountName);
    if (unread || (!store && facts.openingKey))
        return signOutUnread();
    const bool nobody = signingOut || (!facts.signedIn && !facts.needsPerson);
    if (!store || (nobody && !arriving))
        return;
    log(u"signout.started"_s);
    signingOut = takesBack = true;
    revoker.add(tokens.refreshToken);
    revoker.add(std::exchange(arriving, std::nullopt).value_or(Secret()));
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

/*
    A person who signs out means it, also while the keychain is locked or the store is still being read. Without the key nothing
    can be decrypted or revoked, but a file beside the tokens says that they are signed out, and every process honours it. Key and
    store are still waited for, without a word, so that the refresh token is revoked; if that does not happen in this run, the
   next start does it.
*/
void Session::Private::signOutUnread()
{
    log(u"signout.started"_s, store ? u"before the store was read"_s : u"without the key"_s);
    finishesQuietly = true;
    ++readings; // what is being read counts no more
    facts.openingKey = facts.restoring = false;
    facts.keychainProblem.reset();
    setNextAttempt(std::nullopt);
    leaveTombstone();
    wipe();
    Q_EMIT q->tokenRevoked();
    Q_EMIT q->signedOut();
}

void Session::Private::leaveTombstone()
{
    runner.run([where = location()] { return EnvelopeTokenStore::leaveTombstone(where); },
               [this](const Result<void> &left) {
                   log(left ? u"signout.left"_s : u"store.failed"_s, left ? QString() : left.error().toString());
                   if (!left)
                       Q_EMIT q->storageDegraded(left.error());
                   if (!store || !finishesQuietly)
                       return; // the key is waited for, or somebody signs in
                   if (left)
                       return restore();
                   keyAlarm.disconnect(this);
                   connect(&keyAlarm, &Alarm::due, this, &Private::leaveTombstone);
                   keyAlarm.start(retry.next(RetryPlanner::Cause::Storage, {}, random));
               });
}

void Session::Private::finishSignOut(const TokenSet &left)
{
    log(u"signout.completed"_s, u"that was left when the key was out of reach"_s);
    signingOut = takesBack = true;
    revoker.add(left.refreshToken);
    tokens.generation = std::max(tokens.generation, left.generation);
    TokenSet tombstone;
    tombstone.issuer = left.issuer;
    tombstone.clientId = left.clientId;
    tombstone.tombstone = true;
    replaceStored(tombstone);
}

} // namespace Watchword
