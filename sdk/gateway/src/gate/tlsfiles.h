// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/tlscontext.h"
#include "watchword/core/result.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QSslConfiguration>

namespace Watchword::Gateway {

//! Reads certificate and key of \a listen. Errors name the file and what is wrong with it.
Result<QSslConfiguration> readTlsConfiguration(const ListenConfig &listen);

//! The same for the reactors. Sessions are resumed by tickets of \a keys.
Result<std::shared_ptr<const Net::TlsContext>> readTlsContext(const ListenConfig &listen, std::shared_ptr<Net::TicketKeys> keys);

} // namespace Watchword::Gateway
