// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*! Everything that the visible state of a session follows from. */
struct SessionFacts
{
    bool signingIn = false; //!< A sign-in flow runs.
    bool openingKey = false; //!< The keychain was asked, or is asked again later; problem says why.
    bool restoring = false; //!< Stored tokens are being read, or refreshed for the first time.
    bool signedIn = false; //!< There is an account, with whatever tokens.
    bool tokenUsable = false; //!< There is an access token that may be handed out now.
    bool stepUpAsked = false;
    bool unsaved = false; //!< Tokens could not be stored.
    std::optional<Error> keychainProblem;
    std::optional<Error> needsPerson;
    std::optional<Error> refreshProblem; //!< Of the last attempt; empty after a success.
    std::optional<Error> storageProblem;
};

struct VisibleState
{
    Session::State state = Session::State::SignedOut;
    Error reason;

    friend bool operator==(const VisibleState &, const VisibleState &) = default;
};

WATCHWORD_TEST_EXPORT VisibleState visibleState(const SessionFacts &facts);

} // namespace Watchword
