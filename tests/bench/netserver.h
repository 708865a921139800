// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace Bench {

//! A WebSocket echo on the gateway's sockets and frames alone, one reactor; without TLS if \a folder is empty. Prints READY and
//! its port; runs until it is ended.
int echoByNet(const std::string &folder);

} // namespace Bench
