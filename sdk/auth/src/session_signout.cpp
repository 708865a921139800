// SPDX-License-Identifier: Apache-2.0
#include "session_p.h"

namespace Watchword {

using namespace Qt::StringLiterals;

/*
    A person who signs out means it, also while the keychain is locked. Without the key nothing can be decrypted or revoked, but a
    file beside the tokens says that they are signed out, and every process honours it. The key is still waited for, without a word,
    so that the refresh token is revoked when it comes; if it does not in this run, the next start does it.
*/
void Session::Private::signOutWithoutKey()
{
    log(u"signout.started"_s, u"without the key"_s);
    finishesQuietly = true;
    facts.openingKey = facts.restoring = false;
    facts.keychainProblem.reset();
    setNextAttempt(std::nullopt);
    runner.run([where = location()] { return EnvelopeTokenStore::leaveTombstone(where); },
               [this](const Result<void> &left) {
                   log(left ? u"signout.left"_s : u"store.failed"_s, left ? QString() : left.error().toString());
                   if (!left)
                       Q_EMIT q->storageDegraded(left.error());
               });
    wipe();
    Q_EMIT q->tokenRevoked();
    Q_EMIT q->signedOut();
}

void Session::Private::finishSignOut(const TokenSet &left)
{
    log(u"signout.completed"_s, u"that was left when the key was out of reach"_s);
    signingOut = true;
    revoker.add(left.refreshToken);
    tokens.generation = std::max(tokens.generation, left.generation);
    TokenSet tombstone;
    tombstone.issuer = left.issuer;
    tombstone.clientId = left.clientId;
    tombstone.tombstone = true;
    replaceStored(tombstone);
}

// A sign-in overwrites what a sign-out without the key left; its refresh token is still to be taken back.
void Session::Private::revokeLeft()
{
    if (!std::exchange(finishesQuietly, false))
        return;
    runner.run([store = store] { return store->load(); },
               [this](const Result<TokenSet> &stored) {
                   if (stored && stored->tombstone && !stored->refreshToken.isEmpty()) {
                       revoker.add(stored->refreshToken);
                       revoker.next();
                   }
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

} // namespace Watchword
