// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gatedecision.h"
#include "relay/relayevents.h"

namespace Watchword::Gateway {

/*!
    What a client hears instead of its 101 when its upstream is not there or refuses (gateway.md, "When your server says no").
    A client that \a speaksControl takes a 401 as a verdict about its token, which the gateway has just found good: to it the
    upstream's 401 is a 403.
*/
WATCHWORD_TEST_EXPORT Refusal refusalOfUpstream(const UpstreamRefused &refused, bool speaksControl);
//! For a request whose body is announced to be larger than the endpoint's message_bytes.
Refusal refusalOfBody(qint64 size);

} // namespace Watchword::Gateway
