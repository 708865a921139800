// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/core/testexport.h"

#include <optional>
#include <variant>
#include <vector>

namespace Watchword {

/*!
    What a Client is doing, and the only place that derives its state from Session and Connection. Pure: no I/O, no clock.

        Stopped --Start--> Restoring --somebody is signed in--> Running <-------------------+
                             |                                   |   | the server or the    |
                             | nobody is                         |   | session wants a      | SignedIn,
                             v                                   |   v person               | or the session has
                           PersonNeeded <------------------------+  PersonNeeded, Refused --+ tokens again
                             | SignIn                            v                          |
                             v                                  Failed --Start, SignIn----->|
                           SigningIn --SignInFailed--> the mode before                      |
                             +--SignedIn--> Accepting (Running, not connected yet) ---------+

    Session and Connection emit several signals for one change, in an order of their own: between two of them a session may be
    SignedOut that is about to restore, or a connection Waiting whose error is not known yet. So what they *are* is looked at by
    Settled, which Client posts when all of them were emitted; what they *said* (a reason, a refusal) comes as events of its own.
    What is to be shown comes as Show, after Settled only.
*/
class WATCHWORD_TEST_EXPORT ClientMachine
{
public:
    enum class Mode {
        Stopped,
        Restoring, //!< Nobody knows yet whether somebody is signed in.
        Running, //!< Signed in; the connection does the rest.
        Accepting, //!< The same, right after a sign-in: the server has not accepted these tokens yet.
        PersonNeeded, //!< The session needs a sign-in.
        Refused, //!< The server does not want the tokens of this session, which is fine for its provider.
        SigningIn,
        Failed //!< The connection ended for a reason that no try and no person at the provider helps.
    };

    /*! What the server asked of the next sign-in (RFC 9470). */
    struct Demand
    {
        QStringList acrValues{};
        std::optional<std::chrono::seconds> maxAge{};
        friend bool operator==(const Demand &, const Demand &) = default;
    };

    struct Start
    {
    };
    struct Stop
    {
    };
    struct SignIn
    {
    };
    struct SignOut
    {
    };
    struct NeedsPerson
    {
        Error reason;
    }; //!< Session::signInNeeded().
    struct SignInFailed
    {
        Error reason;
    };
    struct SignedIn
    {
    };
    struct SignedOut
    {
    }; //!< Session::signedOut().
    struct Demands
    {
        Demand demand;
    }; //!< Of the end or the refusal that is about to be reported; empty: none.
    struct Refusal
    {
        Error reason;
    }; //!< Connection::authenticationRequired().
    struct Closed
    {
        Error reason;
    }; //!< Connection::closed().
    struct Failure
    {
        Error error;
    }; //!< Anything else that went wrong, and that somebody tries again.
    struct Ready
    {
    }; //!< Connection::ready(), after Settled.
    struct Switch
    {
    }; //!< Another account.
    struct Settled
    {
        Session::State session;
        Error sessionReason;
        Connection::State connection;
    };
    using Event = std::variant<Start, Stop, SignIn, SignOut, NeedsPerson, SignInFailed, SignedIn, SignedOut, Demands, Refusal,
                               Closed, Failure, Ready, Switch, Settled>;

    struct StartSession
    {
    };
    struct RefreshSession
    {
    }; //!< The server refused what it has.
    struct BeginSignIn
    {
    };
    struct CancelSignIn
    {
    };
    struct SignOutSession
    {
    };
    struct AskSession
    {
        Demand demand;
    }; //!< So that its next sign-in is the one that the server wants.
    struct OpenConnection
    {
    };
    struct CloseConnection
    {
    };
    struct Report
    {
        Error error;
    }; //!< errorOccurred().
    struct Show
    {
        Client::State state;
        Error lastError;
    };
    struct TellSignInNeeded
    {
        Error reason;
    };
    struct TellReady
    {
    };
    struct ReplaceAccount
    {
    }; //!< Session and Connection end, and others take their place.
    using Action = std::variant<StartSession, RefreshSession, BeginSignIn, CancelSignIn, SignOutSession, AskSession,
                                OpenConnection, CloseConnection, Report, Show, TellSignInNeeded, TellReady, ReplaceAccount>;
    using Actions = std::vector<Action>;

    Actions step(const Event &event);

    //! The table of client.h: what is shown of a mode and a connection.
    static Client::State stateOf(Mode mode, Connection::State connection);
    static bool isSignedIn(Session::State state); //!< Tokens can be had, or will be without a person.

    Mode mode() const { return m_mode; }

private:
    void on(const Start &event, Actions &actions);
    void on(const Stop &event, Actions &actions);
    void on(const SignIn &event, Actions &actions);
    void on(const SignOut &event, Actions &actions);
    void on(const NeedsPerson &event, Actions &actions);
    void on(const SignInFailed &event, Actions &actions);
    void on(const SignedIn &event, Actions &actions);
    void on(const SignedOut &event, Actions &actions);
    void on(const Demands &event, Actions &actions);
    void on(const Refusal &event, Actions &actions);
    void on(const Closed &event, Actions &actions);
    void on(const Failure &event, Actions &actions);
    void on(const Ready &event, Actions &actions);
    void on(const Switch &event, Actions &actions);
    void on(const Settled &event, Actions &actions);
    void forget();
    void look(const Settled &now);
    void needPerson(Mode mode, const Error &reason);

    Mode m_mode = Mode::Stopped;
    Mode m_before = Mode::Stopped; // while SigningIn: where a sign-in that fails leads back to
    Connection::State m_connection = Connection::State::Disconnected; // as it was last
    Error m_reason{ErrorCode::SignInRequired}; // of PersonNeeded and Refused
    std::optional<Error> m_nobody; // why nobody is signed in, since the session said so
    std::optional<Error> m_toTell; // by signInNeeded(), when all is settled
    std::optional<Demand> m_demand; // of the end that is about to be reported
    std::optional<Demand> m_asked; // what the last sign-in was asked to be like
    Error m_lastError{ErrorCode::Cancelled}; // which means none
};

} // namespace Watchword
