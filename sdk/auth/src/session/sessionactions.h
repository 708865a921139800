// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/tokenset.h"

#include <optional>
#include <variant>
#include <vector>

namespace Watchword {

/*! What the machines of a session want to be done. Whoever executes it does it in order and decides nothing. */
struct SessionActions
{
    enum class Task {
        WatchSurroundings, //!< The session has begun: listen to the network's hints and to the machine's sleep.
        ReadStore, //!< Reports StoreRead. A second one takes the place of one that has not reported.
        CheckStore, //!< Can tokens be stored at all? Reports StorageDegraded if not.
        LeaveTombstone, //!< EnvelopeTokenStore::leaveTombstone(); reports TombstoneLeft.
        StopRetries, //!< Neither key nor store are tried again by an alarm.
        BeginSignIn, //!< A SignInFlow; reports SignInEnded.
        ShowSignInAgain,
        EndSignIn, //!< The flow is taken away, whether it has ended or not.
        ConfirmStepUp, //!< The sign-in that just succeeded is what a service had asked for.
        PlanRefresh, //!< By the life of the tokens that are held.
        ForgetTokens, //!< Nobody is signed in any more: alarms, holds, step-up and key of the tokens go.
        SendRevocations
    };

    /*! Signals of Session. */
    enum class Notice {
        SignedIn,
        SignedOut,
        SignInNeeded,
        SignInFailed,
        TokenChanged,
        TokenRevoked,
        AccountChanged,
        OtherUserChanged,
        ExpiresAtChanged,
        StorageDegraded
    };

    /*! When the application's key may be made. */
    enum class KeyCreation { Never, IfNeverMade, Always };

    /*! What becomes of tokens that a transaction brings although a decision of the person has overtaken it. */
    enum class Overtaken {
        Kept, //!< They are those of the same person: used until the decision is stored.
        Revoked //!< They are nobody's: revoked.
    };

    struct Do
    {
        Task task;
    };
    struct Tell
    {
        Notice notice;
        Error reason = {};
    };
    //! Reports KeyOpened or KeyFailed. A second one takes the place of one that has not reported.
    struct OpenKey
    {
        KeyCreation creation;
    };
    //! Reports KeyRetryDue.
    struct RetryKey
    {
        Duration in;
    };
    //! Reports StoreRetryDue.
    struct RetryStore
    {
        Duration in;
    };
    struct ShowNextAttempt
    {
        std::optional<Duration> in;
    };
    //! Starts a refresh with the tokens that are held, unless one runs or is held back.
    struct Refresh
    {
        QString why;
    };
    //! Puts \a tokens, which may be a tombstone, in the place of what is stored, after the transaction that runs.
    struct Store
    {
        TokenSet tokens;
        quint64 knownGeneration = 0;
        Overtaken overtaken = Overtaken::Kept;
    };
    //! Writes a refresh token down for revocation.
    struct Revoke
    {
        Secret refreshToken;
    };
    //! Answers the requests that can be answered, with the token or with what went wrong; the others go on waiting.
    struct SettleRequests
    {
        enum class Token {
            Live,
            JustReceived
        }; //!< JustReceived: also one that is for who waited, TokenLife::isForWaitingRequests().
        std::optional<Error> failure = {};
        Token token = Token::Live;
    };
    struct FailRequests
    {
        Error error;
    };
    struct EndProviderSession
    {
        QString accountName;
    };
    struct Log
    {
        QString what;
        QString detail = {};
    };

    using Action = std::variant<Do, Tell, OpenKey, RetryKey, RetryStore, ShowNextAttempt, Refresh, Store, Revoke, SettleRequests,
                                FailRequests, EndProviderSession, Log>;
    using Actions = std::vector<Action>;
};

} // namespace Watchword
