// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/sessionactions.h"
#include "signin/signinoutcome.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    What a person who signs in is waiting for: the half of SessionMachine that does not depend on what is known of the account.

        None --Wanted--> AwaitingAccount --AccountRead--> AskingPerson --Ended--> None
          ^                |                                | |
          |                | Cancelled, Stopped             | +--Ended, by somebody else--> OtherUserWaits
          +----------------+--------------------------------+                                 |
          ^                                                                                   |
          +-------------------- Accepted, PatienceEnded, Stopped, Wanted ---------------------+

    Whose account it is must be known before the browser opens, so a sign-in that comes before the store was read waits for that.
    Events that do not fit the state do nothing.
*/
class WATCHWORD_TEST_EXPORT SignInMachine : public SessionActions
{
public:
    struct None
    {
    };
    struct AwaitingAccount
    {
        std::optional<Tell> later = {}; //!< See defer().
    };
    struct AskingPerson
    {
        std::optional<Tell> later = {};
    };
    struct OtherUserWaits
    {
        SignInOutcome outcome;
    };
    using State = std::variant<None, AwaitingAccount, AskingPerson, OtherUserWaits>;

    struct Wanted
    {
    };
    struct AccountRead
    {
    };
    struct Ended
    {
        Result<SignInOutcome> outcome;
        Secret unusedRefreshToken; //!< Came, but the sign-in was not good enough.
        TokenSet owner; //!< Whose account it is; without a subject: nobody's.
    };
    struct Cancelled
    {
    };
    struct Stopped //!< By a sign-out: nobody is told that it failed.
    {
    };
    struct Accepted
    {
    };
    struct PatienceEnded
    {
    };
    using Event = std::variant<Wanted, AccountRead, Ended, Cancelled, Stopped, Accepted, PatienceEnded>;

    struct Step
    {
        Actions actions;
        std::optional<SignInOutcome> adopted = {}; //!< This is the account's sign-in now.
    };

    Step step(const Event &event);

    //! That a person is needed, or that the stored tokens are good, is not said to somebody who is signing in, but when that
    //! comes to nothing. False if nobody is. The last one counts, and an empty one takes it back.
    bool defer(const std::optional<Tell> &notice);

    const State &state() const { return m_state; }
    template <typename S>
    bool is() const
    {
        return std::holds_alternative<S>(m_state);
    }
    bool isRunning() const { return is<AwaitingAccount>() || is<AskingPerson>(); }
    const SignInOutcome *otherUser() const;

private:
    Step on(const Wanted &event);
    Step on(const AccountRead &event);
    Step on(const Ended &event);
    Step on(const Cancelled &event);
    Step on(const Stopped &event);
    Step on(const Accepted &event);
    Step on(const PatienceEnded &event);
    Step forgetOtherUser();
    Step failed(const Error &error);
    std::optional<Tell> *later();

    State m_state;
};

} // namespace Watchword
