// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/requesthead.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/gatewayconfig.h"

namespace Watchword::Gateway {

/*! Who is at the other end of the socket. Threads: reentrant value. */
struct GatePeer
{
    QHostAddress address; //!< Of the client: of the socket, or as a trusted proxy says.
    quint16 port = 0; //!< 0: not told.
    bool viaProxy = false;
    bool secure = true; //!< TLS up to here, or up to the trusted proxy.
};

/*!
    \a socketPeer, or what trusted proxies say about their client in the one header that GatewayConfig::proxyHeader names.
    Hops are read from the right: what stands left of the last proxy that is trusted could have been made up by anybody.
*/
WATCHWORD_TEST_EXPORT GatePeer peerOf(const RequestHead &head, const QHostAddress &socketPeer, quint16 port, bool tls,
                                      const GatewayConfig &config);

} // namespace Watchword::Gateway
