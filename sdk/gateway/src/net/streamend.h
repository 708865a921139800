// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Watchword::Gateway::Net {

/*! Why a stream ended. */
enum class StreamEnd {
    Closed, //!< As close() asked.
    PeerClosed, //!< The peer sent its last byte.
    PeerReset, //!< TCP or TLS broke after the handshake.
    TlsFailed, //!< The handshake.
    TimedOut, //!< The deadline came, and the handler did not move it.
    Stalled, //!< The peer took nothing for too long.
    Silent, //!< A ping was not answered.
    Overflowed, //!< More was to be sent than may wait.
    Shutdown //!< Of the reactor.
};

} // namespace Watchword::Gateway::Net
