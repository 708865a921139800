// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/tokenlife.h"
#include "session/signinmachine.h"
#include "session/unreadaccount.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    What a session knows of its account, and what it does next. No I/O: events come in, actions go out.

    The account is in exactly one of these states; each carries what only it knows.

                                     Unread, a machine of its own: key and store
                                       |            |              | SignOut, and the key is there at last
                tokens that are good   |            | nobody       v
              +------------------------+            +--------->  Nobody <--TransactionEnded-- StoringSignOut
              |                        | tokens that ended         ^ |                                ^
              |                        v                           | | SignInEnded                    | SignOut
              |   +--------------- Restoring                       | |                                |
              v   v  Refreshed         |                           | v                                |
             SignedIn                  | the provider              | StoringSignIn --TransactionEnded--> SignedIn
              |                        v ended it                  |
              +------------------> NeedsPerson --------------------+ a tombstone of another process

    SignInEnded leads to StoringSignIn and SignOut to StoringSignOut from every state but Unread, which has its own sign-out.
    NewsRead, of another process, leads from Nobody, Restoring, SignedIn and NeedsPerson to each of them.

    Beside it runs the SignInMachine: a person may be signing in whatever is known of the account.

    Four laws hold whatever happens in whatever order:
    1. A received refresh token is never lost: it is stored, or going to be, or written down for revocation, unless the same
       person has signed in again meanwhile.
    2. A spent refresh token is never sent: that is RefreshTransaction's, which reads what it sends under the lock.
    3. What passes by itself signs nobody out. From SignedIn only SignOut, a tombstone in the store, or the provider's word
       lead away.
    4. A person's decision is never undone by what was on its way: StoringSignIn and StoringSignOut end by their own
       transaction or by a later decision only, and what was being read before is stale.

    Events that do not fit the state do nothing.
*/
class WATCHWORD_TEST_EXPORT SessionMachine : public SessionActions, public SessionEvents
{
public:
    //! Tokens that may be handed out while they live.
    struct Held
    {
        TokenSet tokens;
        TokenLife life;
    };

    struct Unread
    {
        UnreadAccount account;
    };
    struct Nobody
    {
    };
    struct Restoring //!< Stored tokens that ended; no refresh has succeeded yet.
    {
        Held held;
        std::optional<Error> problem;
    };
    struct SignedIn
    {
        Held held;
        std::optional<Error> refreshProblem; //!< Of the last attempt.
        std::optional<Error> storageProblem; //!< The tokens are in memory only.
    };
    struct NeedsPerson
    {
        Held held; //!< The access token is good until it ends.
        Error reason;
    };
    struct StoringSignIn
    {
        TokenSet incoming;
        Held before; //!< What is used until it is stored.
    };
    struct StoringSignOut
    {
        enum class Revokes { RefreshToken, Nothing } revokes = Revokes::RefreshToken; //!< When it is stored.
    };
    using State = std::variant<Unread, Nobody, Restoring, SignedIn, NeedsPerson, StoringSignIn, StoringSignOut>;

    struct Settings
    {
        QString issuer;
        QString clientId;
        enum class Storage { Files, MemoryOnly };
        Storage storage = Storage::Files;
    };

    //! \a clock and \a random must outlive the machine.
    SessionMachine(Settings settings, CorrectedClock &clock, RandomSource &random);

    Actions step(const Event &event, Instant now);

    const State &state() const { return m_state; }
    template <typename S>
    bool is() const
    {
        return std::holds_alternative<S>(m_state);
    }
    const SignInMachine &signIn() const { return m_signIn; }
    //! Null while nobody is signed in.
    const Held *held() const;
    const TokenSet &tokens() const; //!< Those that are held; empty if none are.
    const TokenSet &owner() const; //!< Whose account it is, or is about to be.
    //! A refresh makes sense: somebody is signed in, and nothing is being put in the place of the tokens.
    bool canRefresh() const { return is<Restoring>() || is<SignedIn>(); }

private:
    void on(const Start &event);
    void on(const SignIn &event);
    void on(const CancelSignIn &event);
    void on(const SignOut &event);
    void on(const AcceptOtherUser &event);
    void on(const SignInEnded &event);
    void on(const OtherUserPatienceEnded &) { feedSignIn(SignInMachine::PatienceEnded{}); }
    void on(const Published &event);
    void on(const TransactionEnded &event);
    void on(const NewsRead &event);
    void on(const RefreshPaused &event);
    void on(const TokenRejected &event);
    void on(const TokenEnded &event);
    void on(const IdTokenVerified &event);
    //! The others are about an account that nobody has read yet.
    template <typename E>
    void on(const E &event)
    {
        feedUnread(event);
    }

    template <typename E>
    void feedUnread(const E &event);
    void mean(const UnreadAccount::Nothing &) { }
    void mean(const UnreadAccount::Read &meaning);
    void mean(const UnreadAccount::ReadSignedOut &meaning);
    void mean(const UnreadAccount::Unreadable &) { feedSignIn(SignInMachine::AccountRead{}); } // who signs in does not wait
    void mean(const UnreadAccount::KeyRefused &meaning);
    void mean(const UnreadAccount::NoKeyYet &meaning);
    void mean(const UnreadAccount::SignedOutNow &) { forgetTokens(false); }

    void act(Action action) { m_actions.push_back(std::move(action)); }
    void tell(Notice notice, const Error &reason = {}) { act(Tell{notice, reason}); }
    void tellUnlessSigningIn(Notice notice, const Error &reason = {});
    void need(const Error &reason) { tellUnlessSigningIn(Notice::SignInNeeded, reason); }
    std::optional<SignInOutcome> feedSignIn(const SignInMachine::Event &event);

    Held *mutableHeld() { return const_cast<Held *>(std::as_const(*this).held()); }
    void hold(Held &held, const TokenSet &tokens);
    void adopt(const RefreshTransaction::Loaded &loaded);
    void adoptSignIn(const SignInOutcome &outcome, Overtaken overtaken, Held before);
    void enterSignedIn(Held held, const std::optional<Error> &storageProblem);
    void enterNeedsPerson(Held held, const Error &reason);
    void onStored(const Error &problem);
    void onSucceeded(const TransactionEnded &event);
    void onFailed(const TransactionEnded &event);
    void storeSignOut(StoringSignOut::Revokes revokes);
    void finishSignOut(const TokenSet &tombstone);
    void signedOutElsewhere(const TokenSet &tombstone);
    void revoke(const Secret &refreshToken);
    void forgetTokens(bool hadAccount);

    Settings m_settings;
    CorrectedClock *m_clock;
    RandomSource *m_random;
    State m_state;
    SignInMachine m_signIn;
    quint64 m_generation = 0; // of the newest tokens, or tombstone, that this session knows
    Instant m_now{};
    Actions m_actions; // of the step that runs
};

} // namespace Watchword
