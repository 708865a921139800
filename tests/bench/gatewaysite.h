// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/gatewayprocess.h"

namespace Bench {

/*! The gateway program with an endpoint without limits, and tokens.txt: access tokens of so many users, one a line. */
class GatewaySite : public Support::GatewayProcess
{
public:
    bool prepare(int users);
    qint64 pid() { return process().processId(); }
};

} // namespace Bench
