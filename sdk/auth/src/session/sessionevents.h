// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshtransaction.h"
#include "signin/signinoutcome.h"

#include <functional>

namespace Watchword {

/*! What happens to a session, as its machines are told. */
struct SessionEvents
{
    // What a person wants.
    struct Start
    {
    };
    struct SignIn
    {
    };
    struct CancelSignIn
    {
    };
    struct SignOut
    {
        enum class Scope { Here, Everywhere };
        Scope scope = Scope::Here;
    };
    struct AcceptOtherUser
    {
    };
    struct RetryKeychain
    {
    };
    // What came of actions.
    struct KeyOpened
    {
    };
    struct KeyFailed
    {
        Error error;
    };
    struct KeychainSilent //!< It may be asking the person something.
    {
    };
    struct KeyRetryDue
    {
    };
    struct StoreRead
    {
        RefreshTransaction::Loaded loaded;
    };
    struct StoreRetryDue
    {
    };
    struct TombstoneLeft
    {
        Result<void> result;
    };
    struct SignInEnded
    {
        Result<SignInOutcome> outcome;
        Secret unusedRefreshToken = {};
    };
    struct OtherUserPatienceEnded
    {
    };
    //! Tokens of a refresh that a decision of the person has overtaken, but did not make worthless.
    struct Published
    {
        TokenSet tokens;
    };
    struct TransactionEnded
    {
        RefreshTransaction::Finish finish;
        enum class Of { Refresh, Replacement };
        Of of = Of::Refresh;
        Duration retryIn = {}; //!< After a failure that passes.
        //! Those of a refresh, of another process, or of the sign-in that was to be stored.
        std::optional<TokenSet> tokens = {};
    };
    // What happens by itself.
    struct NewsRead //!< The files changed, and nobody here had done it.
    {
        RefreshTransaction::Loaded loaded;
    };
    struct RefreshPaused //!< There is no network.
    {
        Error reason;
    };
    struct TokenRejected
    {
        QString fingerprint;
    };
    struct TokenEnded
    {
    };
    struct IdTokenVerified
    {
        quint64 generation; //!< Of the tokens that it came with.
        Secret idToken;
        QString accountName;
    };
    using Event =
        std::variant<Start, SignIn, CancelSignIn, SignOut, AcceptOtherUser, RetryKeychain, KeyOpened, KeyFailed, KeychainSilent,
                     KeyRetryDue, StoreRead, StoreRetryDue, TombstoneLeft, SignInEnded, OtherUserPatienceEnded, Published,
                     TransactionEnded, NewsRead, RefreshPaused, TokenRejected, TokenEnded, IdTokenVerified>;

    //! Whoever executes actions reports by this what came of them.
    using Report = std::function<void(const Event &)>;
};

} // namespace Watchword
