// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Bench {

//! Receives \a wanted messages from wss://127.0.0.1:\a port and returns messages a second; negative on failure.
double receiveByBeast(unsigned short port, const char *authorityFile, int wanted);

} // namespace Bench
