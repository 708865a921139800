// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/tokenresponse.h"
#include "watchword/auth/tokenstore.h"
#include "watchword/core/random.h"
#include "watchword/core/testexport.h"

#include <variant>
#include <vector>

namespace Watchword {

/*!
    One refresh of one account, from the lock to the published tokens, as a machine without I/O.

    lock -> read -> (adopt what is newer) -> probe the network -> journal -> send -> save -> publish -> unlock.

    Two laws hold whatever fails and whenever the process dies:
    1. A received refresh token is never lost: it is saved before anything else happens with the answer, saving is
       repeated until it succeeds, and the lock is kept so long.
    2. A spent refresh token, that is one whose answer was saved, is never sent again: what is sent is read from the store
       under the lock.
    The journal is on the disk before the token leaves. It is how a later attempt knows that an earlier one may have been
    carried out.

    A sign-in and a sign-out take the same way without sending anything (Replace).

    The owner executes actions in order and reports what came of them by step(). Events that do not fit the step are
    ignored. After Finish the machine is idle; with unsaved tokens it goes on saving, and start() may be called meanwhile.
*/
class WATCHWORD_TEST_EXPORT RefreshTransaction
{
public:
    enum class Step {
        Idle,
        Locking,
        Reading,
        Probing,
        Journaling,
        Sending,
        Pausing, //!< Before the one quick repetition of an ambiguous attempt.
        Saving,
        Resolving, //!< The journal is set back, because the token was certainly not used.
        Rereading, //!< After a refusal: is what is stored still what was sent?
        Concluding, //!< What the refusal means is written down, before anything else can lose it.
        Removing, //!< The refused token is taken out of the store.
        SavingLater //!< Finished, but the tokens are not on the disk; the lock is still held.
    };

    // What happened.
    struct Start
    {
        TokenSet known; //!< What the session holds; generation 0 if nothing.
    };
    //! Puts the result of a sign-in, or a tombstone, in the place of whatever is stored. The generation is set here.
    struct Replace
    {
        TokenSet tokens;
        quint64 knownGeneration = 0;
    };
    struct LockTried
    {
        Result<void> result;
    };
    struct Loaded
    {
        Result<TokenSet> tokens;
        Result<std::optional<RefreshJournal>> journal = std::optional<RefreshJournal>();
    };
    struct Probed
    {
        Result<void> result;
    };
    struct JournalWritten
    {
        Result<void> result;
    };
    struct Answered
    {
        TokenAnswer answer;
    };
    struct Saved
    {
        Result<void> result;
    };
    struct Elapsed
    {
    };
    struct Cancel
    {
    };
    using Event = std::variant<Start, Replace, LockTried, Loaded, Probed, JournalWritten, Answered, Saved, Elapsed, Cancel>;

    // What the owner has to do.
    struct TryLock
    {
    };
    struct Load
    {
    };
    struct Probe
    {
    };
    struct WriteJournal
    {
        RefreshJournal journal;
    };
    struct Send
    {
        Secret refreshToken;
        Secret proofKey; //!< Which the refresh token is bound to (RFC 9449); empty: it is not.
    };
    struct Save
    {
        TokenSet tokens;
    };
    struct Wait
    {
        Duration time;
    };
    struct Publish
    {
        TokenSet tokens;
        bool stored = true;
    };
    //! Nobody will keep it: it came for another person, or the account was signed out meanwhile, or it is stored for whom a
    //! decision ends. To be revoked at the provider.
    struct Discard
    {
        Secret refreshToken;
    };
    //! The answer brought an ID token. It is to be verified and, if it is good, kept in TokenSet::idToken of the next Start; what
    //! is saved has the one before it.
    struct Examine
    {
        Secret idToken;
    };
    struct Unlock
    {
    };
    struct Finish
    {
        enum class Outcome {
            Refreshed,
            Adopted, //!< Another process, or an earlier start, had done it.
            SignedOut, //!< The store holds a tombstone.
            Network, //!< Not sent, or ambiguous: try again.
            Busy,
            Storage, //!< The store or the lock failed: try again.
            Configuration,
            NeedsPerson,
            Cancelled,
            Recovered //!< Tokens that could not be saved now are.
        };
        Outcome outcome;
        Error error; //!< Unless Refreshed, Adopted, Recovered.
    };
    using Action = std::variant<TryLock, Load, Probe, WriteJournal, Send, Save, Wait, Publish, Examine, Discard, Unlock, Finish>;
    using Actions = std::vector<Action>;

    //! \a random must outlive the machine. \a run names the time line of the instants, for TokenSet::bootId.
    explicit RefreshTransaction(RandomSource &random, QByteArray run = {});

    //! \a now is the corrected wall time, \a instant the time of waiting.
    Actions step(const Event &event, WallTime now, Instant instant);

    Step currentStep() const { return m_step; }
    bool isRunning() const { return m_step != Step::Idle && m_step != Step::SavingLater; }
    //! True while a refresh token is on its way; such a transaction is not to be cancelled.
    bool isCommitted() const;

private:
    Actions onStart(const Start &event, Instant instant);
    Actions onReplace(const Replace &event, Instant instant);
    Actions onLockTried(const LockTried &event, Instant instant);
    Actions onLoaded(const Loaded &event);
    Actions onStored(const TokenSet &stored);
    static bool orphansStoredToken(const TokenSet &decision, const TokenSet &stored);
    Actions replaceStored(quint64 storedGeneration);
    Duration lockPause();
    Actions onReloaded(const Loaded &event);
    Actions onProbed(const Probed &event, WallTime now);
    Actions onJournalWritten(const JournalWritten &event, Instant instant);
    Actions onAnswered(const TokenAnswer &answer, WallTime now);
    Actions onGrant(const TokenGrant &grant, WallTime now);
    Actions onUnusable(const TokenAnswer &answer);
    TokenSet successor() const;
    Actions save();
    Actions refuseGrant(const TokenGrant &grant);
    Actions published(bool stored);
    void forget();
    Actions onSaved(const Saved &event);
    Actions onElapsed();
    Actions onCancel();
    Actions end(Finish::Outcome outcome, Error error = {});
    Actions remove(const Error &why);
    Actions resolve(Finish::Outcome outcome, const Error &error);
    RefreshJournal nextJournal(WallTime now);

    RandomSource *m_random;
    QByteArray m_run;
    Step m_step = Step::Idle;
    TokenSet m_known; // what the session had when it started
    TokenSet m_base; // what is stored, and so what is sent
    TokenSet m_new; // the answer
    Secret m_unexamined; // its ID token
    Secret m_orphan; // of an answer that could not be saved because somebody else had written
    bool m_published = false; // m_new was handed out before it could be saved
    std::optional<TokenSet> m_replacement; // set while a Replace runs
    std::optional<RefreshJournal> m_before; // the journal as it was before this transaction
    RefreshJournal m_journal;
    std::optional<Finish> m_pending; // how to end after a step of clearing up
    Instant m_started{};
    Instant m_sentAt{};
    int m_sends = 0;
    int m_lockTries = 0;
    int m_saveFailures = 0;
};

/*!
    Why \a tokens have no refresh token any more, if the journal says that the provider refused it. A session that starts
    after that says the same as the one that was refused.
*/
WATCHWORD_TEST_EXPORT std::optional<Error> whyEnded(const TokenSet &tokens, const std::optional<RefreshJournal> &journal);

} // namespace Watchword
