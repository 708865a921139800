// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/sessionmachine.h"
#include "watchword/auth/session.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*! What the application sees of a session: follows from the machine, the time, and whether a service asked for step-up. */
struct VisibleState
{
    Session::State state = Session::State::SignedOut;
    Error reason;

    friend bool operator==(const VisibleState &, const VisibleState &) = default;
};

enum class StepUpWish { None, Asked };

//! Why a token cannot be had, if waiting does not help.
WATCHWORD_TEST_EXPORT std::optional<Error> refusalOf(const SessionMachine &machine);

WATCHWORD_TEST_EXPORT VisibleState visibleState(const SessionMachine &machine, StepUpWish stepUp, Instant now);

} // namespace Watchword
