// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshschedule.h"
#include "session/sessionactions.h"
#include "session/sessionevents.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    An account that nobody has read yet: the way to its key and its store, and a sign-out before they are reached. The part of
    SessionMachine before anybody knows whether somebody is signed in.

        Unstarted --Start, SignIn--> OpeningKey --KeyFailed--> AwaitingKeychain
                                      |  |   ^                    |      |
                     never made       |  |   +-- due, SignIn -----+      | SignOut
        NeverSignedIn <---------------+  | KeyOpened                     |
             |  ^                        v                               v
      SignIn v  | CancelSignIn        ReadingStore --SignOut--> SignedOutUnread
          MakingKey --KeyOpened-->       |                               | key opened, and tombstone left
                                         v                               v
                                      Read: over               ReadingSignedOut --> ReadSignedOut: over

    Without the key nothing can be decrypted or revoked. A sign-out leaves a tombstone beside the tokens then, which every process
    honours, and goes on waiting for the key, without a word, so that the refresh token is revoked. If that does not happen in
   this run, the next start does it.

    Events that do not fit the state do nothing.
*/
class WATCHWORD_TEST_EXPORT UnreadAccount : public SessionActions, public SessionEvents
{
public:
    struct Unstarted
    {
    };
    struct OpeningKey
    {
        std::optional<Error> problem = {}; //!< Why it is asked again, or that it does not answer.
        int failures = 0;
    };
    struct AwaitingKeychain //!< It is asked again by an alarm, or when the person wants it.
    {
        Error problem;
        int failures = 0;
    };
    struct NeverSignedIn //!< There is no key, so nothing was ever stored.
    {
    };
    struct MakingKey //!< For somebody who signs in for the first time.
    {
        std::optional<Error> problem = {};
    };
    //! That nobody is signed in would be known already if there was no key a moment ago.
    enum class Nobody { IsNews, IsKnown };
    struct ReadingStore
    {
        Nobody nobody = Nobody::IsNews;
        std::optional<Error> problem = {}; //!< Why it is read again later.
        RetryPlanner retry = {};
    };
    struct SignedOutUnread //!< See EnvelopeTokenStore::leaveTombstone().
    {
        enum class Key { Opening, Waiting, AwaitsPerson, There };
        enum class Tombstone { BeingLeft, Left };
        Key key;
        Tombstone tombstone = Tombstone::BeingLeft;
        int failures = 0;
        RetryPlanner retry = {};
    };
    struct ReadingSignedOut //!< Key and tombstone are there: what is stored can be revoked.
    {
        RetryPlanner retry = {};
    };
    using State = std::variant<Unstarted, OpeningKey, AwaitingKeychain, NeverSignedIn, MakingKey, ReadingStore, SignedOutUnread,
                               ReadingSignedOut>;

    // What a step means to the whole.
    struct Nothing
    {
    };
    struct Read //!< The account is known now; this machine has done its work.
    {
        RefreshTransaction::Loaded loaded;
        Nobody nobody;
    };
    struct ReadSignedOut //!< The same, after a sign-out whose tombstone was left before it was read.
    {
        RefreshTransaction::Loaded loaded;
    };
    struct Unreadable //!< The disk does not let anybody read or write now; it is tried again.
    {
    };
    struct KeyRefused
    {
        Error error;
    };
    struct NoKeyYet //!< Nobody has ever signed in, and somebody may have been waiting to know it.
    {
        Error reason;
    };
    struct SignedOutNow
    {
    };
    using Meaning = std::variant<Nothing, Read, ReadSignedOut, Unreadable, KeyRefused, NoKeyYet, SignedOutNow>;

    //! \a random must outlive the machine.
    explicit UnreadAccount(RandomSource &random);

    Meaning on(const Start &event, Actions &actions);
    Meaning on(const SignIn &event, Actions &actions);
    Meaning on(const CancelSignIn &event, Actions &actions);
    Meaning on(const SignOut &event, Actions &actions);
    Meaning on(const RetryKeychain &event, Actions &actions);
    Meaning on(const KeyOpened &event, Actions &actions);
    Meaning on(const KeyFailed &event, Actions &actions);
    Meaning on(const KeychainSilent &event, Actions &actions);
    Meaning on(const KeyRetryDue &event, Actions &actions);
    Meaning on(const StoreRead &event, Actions &actions);
    Meaning on(const StoreRetryDue &event, Actions &actions);
    Meaning on(const TombstoneLeft &event, Actions &actions);

    const State &state() const { return m_state; }
    template <typename S>
    bool is() const
    {
        return std::holds_alternative<S>(m_state);
    }
    //! Why the keychain is waited for.
    std::optional<Error> keyProblem() const;

private:
    bool isOpening() const;
    void waitForKey(const Error &error, Actions &actions);
    void signOut(SignedOutUnread::Key key, int failures, Actions &actions);
    void readWhenSignedOut(Actions &actions);

    RandomSource *m_random;
    State m_state;
};

} // namespace Watchword
