// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/address.h"

#include <span>

namespace Watchword::Gateway::Net {

inline constexpr std::size_t kLargestProxyHeader = 2048; //!< Of version 2 with all its additions; version 1 has at most 107.

/*! What parseProxyHeader() found. */
struct ProxyHeader
{
    enum class State {
        Complete,
        Incomplete, //!< Valid so far; call again with more bytes.
        Invalid
    };
    State state = State::Incomplete;
    std::size_t size = 0; //!< Of the header; what follows is the client's.
    //! The client's end; empty when the proxy speaks for itself (LOCAL, UNKNOWN), as in its health checks.
    std::optional<SocketAddress> source;
};

/*!
    Parses the header of the PROXY protocol, version 1 or 2, at the start of \a bytes. Nothing but a header is accepted: where
    a proxy must send one, guessing would let clients name their own address.
    Threads: reentrant.
*/
ProxyHeader parseProxyHeader(std::span<const std::uint8_t> bytes);

} // namespace Watchword::Gateway::Net
