// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace Bench {

/*!
    NAME=VALUE ...: kind, and as runLoad() port, path, ca, tokens, connections. Opens so many connections from another address of
    this machine and prints READY; each line of standard input is answered with "RESULT sent closed-by-the-server 0", until
    that ends.

    "silent" and "half-open" say nothing at all, or stop behind TLS's first message. The others are clients that were let in,
    and attack at each line: "pings" for ten seconds without reading, "fragments" with 100,000 empty fragments of one message,
    "announced" with a frame of 1 GiB, of which they send what is taken.
*/
int runAttack(const std::vector<std::string> &arguments);

} // namespace Bench
