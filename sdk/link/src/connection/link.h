// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/tokenset.h"
#include "watchword/link/connectionmachine.h"
#include "watchword/link/transport.h"

#include "connection/outbox.h"

#include <memory>
#include <optional>

namespace Watchword {

/*! One attempt: its transport, and what is known of the server at the other end. */
struct Link
{
    std::unique_ptr<Transport> transport{}; //!< Null before it starts and after it ended.
    ConnectionMachine::AttemptId id = 0;
    AccessToken token{}; //!< Of the last TokenReady.
    bool watchword = false;
    QString subprotocol{};
    QString session{}; //!< "sid"; the server knows by it what it got before.
    qint64 largestMessage = 0; //!< What the server said it accepts; 0 if it said nothing.
    std::optional<qint64> serverTimeMs{}; //!< At serverTimeAt.
    Instant serverTimeAt{};
};

/*! What came on a connection that takes over, before the one that it replaces was drained. */
struct HeldBack
{
    ConnectionMachine::AttemptId id;
    Message content;
    bool isForApplication = false; //!< Else frames are still to be looked for in it.
};

} // namespace Watchword
