// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/tlscontext.h"
#include "watchword/core/result.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QSslConfiguration>

namespace Watchword::Gateway {

/*! TLS towards the wss:// upstreams of an endpoint: whom to believe, and what the gateway shows them of itself. */
struct UpstreamTls
{
    std::shared_ptr<const Net::TlsContext> context; //!< Null where the upstreams are plain.
    QSslConfiguration forHealth; //!< The same for UpstreamWatch.
};

//! Reads the files of \a config as they are now. Errors name the file and what is wrong with it.
Result<UpstreamTls> readUpstreamTls(const EndpointConfig &config);

} // namespace Watchword::Gateway
