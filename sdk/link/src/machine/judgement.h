// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/linkevents.h"

#include "watchword/core/testexport.h"

namespace Watchword {

/*! What the end of a transport means: what is to be done, and what people are told. */
struct WATCHWORD_TEST_EXPORT Judgement
{
    RetryDecision decision{};
    Error error{}; //!< What the transport said, under the code that the policy gives it.
    int closeCode = 0; //!< The server's; that of its farewell, if it said one.

    enum class Use { NotYet, InUse, InUseBeyondItsToken }; //!< Of the connection that ended.
    static Judgement of(const TransportEnd &end, const std::optional<LinkEvents::Farewell> &farewell, const ClosePolicy &policy,
                        Use use);
    bool isPlanned() const; //!< The server goes, or restarts, and all its clients are told.
};

} // namespace Watchword
