// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a relay tells the Qt thread.

#include "bridge/bridgemessage.h"
#include "relay/relaymeter.h"

namespace Watchword::Gateway {

/*! How the search for an upstream ended. */
struct UpstreamOutcome : BridgeEvent
{
    std::vector<std::size_t> failed; //!< Targets that could not be reached, by their place in the order.
    std::size_t at = 0; //!< The last one that was tried.
};

/*! The upstream is there; its 101 came, and the client's can follow. */
struct UpstreamOpened : UpstreamOutcome
{
    Net::StreamId upstream;
    std::string subprotocol; //!< The one it chose; empty if none.
};

/*! There is no upstream for this client. */
struct UpstreamRefused : UpstreamOutcome
{
    enum class Reason { Unreachable, NotTrusted, TimedOut, BadAnswer, Status };
    Reason reason = Reason::Unreachable;
    int status = 0; //!< What it answered instead of 101, for Status.
    std::string retryAfter; //!< Its header, empty if there is none.
    std::vector<std::string> challenges; //!< Its fields WWW-Authenticate.
    std::string detail; //!< For the log and the audit: of our own making, nothing that the upstream wrote.
};

struct RelayLimitReached : BridgeEvent
{
    LimitBreach breach;
};

/*! The upstream closed or broke, and the client has to hear it. */
struct UpstreamEnded : BridgeEvent
{
    std::uint16_t code = 1014;
    std::string reason; //!< UTF-8
    bool isClosed = false; //!< It said so by a close frame.
};

/*! After RelayLink::finishAnswers(): what the upstream had to say was passed. */
struct RelayAnswered : BridgeEvent
{
};

} // namespace Watchword::Gateway
