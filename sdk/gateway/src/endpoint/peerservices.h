// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/deadlines.h"
#include "gate/metrics.h"

#include <QString>

namespace Watchword::Gateway {

class AuditLog;
class ProofChecker;
class TokenVerifier;
class WatchTables;

//! What connections borrow; all of it outlives them.
struct PeerServices
{
    Clock &clock;
    AuditLog &audit;
    WatchTables &tables;
    TokenVerifier &verifier;
    ProofChecker &proofs;
    Metrics &metrics;
    QString node;
    Duration grace;
    Duration heartbeat;
    Deadlines deadlines{clock};
};

} // namespace Watchword::Gateway
