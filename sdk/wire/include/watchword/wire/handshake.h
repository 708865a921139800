// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server's half of the opening handshake (RFC 6455 section 4.2), and what both halves need. Pure functions.

#include "watchword/wire/httphead.h"

namespace Watchword::Wire {

/*! Why a request is no upgrade to WebSocket. */
enum class UpgradeFault : std::uint8_t {
    None,
    NotAnUpgrade, //!< A plain request: neither Connection nor Upgrade asks for it.
    Method, //!< Not GET.
    Version, //!< HTTP/1.0.
    Host, //!< None or several.
    Key, //!< None, several, or not 16 bytes in base64.
    WebSocketVersion //!< Not 13: 426, with "Sec-WebSocket-Version: 13".
};

UpgradeFault checkUpgrade(const HttpHead &request);
//! 400, 405, 426, 505; 0 for None.
int statusOf(UpgradeFault fault);
std::string_view describe(UpgradeFault fault);

//! The value of Sec-WebSocket-Accept (section 4.2.2 item 5.4).
std::string acceptValue(std::string_view key);

//! What the client offers, in its order. Empty if one of them is no token: then none may be chosen.
std::vector<std::string_view> offeredSubprotocols(const HttpHead &request);

//! The whole 101, with its empty line. Empty arguments leave their header out; \a fields are added as they are.
std::string upgradeAnswer(const HttpHead &request, std::string_view subprotocol, std::string_view extensions,
                          const std::vector<std::pair<std::string, std::string>> &fields = {});

std::string toBase64(Bytes bytes);

} // namespace Watchword::Wire
