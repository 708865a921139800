// SPDX-License-Identifier: Apache-2.0
#include "relay/closecodes.h"

namespace Watchword::Gateway {

namespace {

bool makesSenseBehindUs(std::uint16_t code)
{
    return code == 1000 || code == 1001 || code == 1003 || (code >= 1007 && code <= 1009) || (code >= 1011 && code <= 1014)
        || (code >= 3000 && code <= 4999);
}

} // namespace

std::uint16_t codeForUpstream(const Net::WebSocketEnd &end)
{
    if (end.by == Net::WebSocketEnd::By::Peer && (end.code == 1005 || makesSenseBehindUs(end.code)))
        return end.code;
    return 1001;
}

std::uint16_t codeForClient(std::uint16_t code)
{
    if (code == 1005)
        return 1000;
    return makesSenseBehindUs(code) ? code : 1014;
}

} // namespace Watchword::Gateway
