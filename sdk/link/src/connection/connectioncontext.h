// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/attemptlog.h"
#include "connection/swap.h"
#include "machine/connectionmachine.h"

#include "watchword/link/connectionmetrics.h"

#include <functional>
#include <optional>

namespace Watchword {

/*!
    What the parts of a Connection share. Ownership: the Connection's; it outlives the parts, which borrow it. Threads: one.
*/
struct WATCHWORD_TEST_EXPORT ConnectionContext
{
    using Post = std::function<void(ConnectionMachine::Event)>;

    //! \a poster: takes what happened to the machine, after what it takes already. \a failed: as for AttemptLog.
    ConnectionContext(ConnectionOptions given, LinkContext::Tokens tokens, Post poster,
                      std::function<void(const ConnectError &)> failed);

    void setOptions(ConnectionOptions given); //!< While the machine is Idle, and with the same clock.
    QDateTime dateOf(std::optional<Instant> instant) const; //!< Invalid without one.

    ConnectionOptions options;
    Clock &clock;
    ConnectionMachine machine;
    AttemptLog log;
    Swap swap{};
    ConnectionMetrics counts{};
    const Post post;
};

//! At \a deadline, or never.
inline void arm(Alarm &alarm, std::optional<Instant> deadline)
{
    if (deadline)
        alarm.startAt(*deadline);
    else
        alarm.cancel();
}

} // namespace Watchword
