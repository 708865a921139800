// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/deadlines.h"
#include "gate/metrics.h"
#include "limit/sharedrates.h"

#include <QString>

#include <vector>

namespace Watchword::Gateway {

class AssertionSigner;
class AuditLog;
class FailedAuth;
class LockBook;
class Peer;
class ProofChecker;
class SessionLives;
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
    AssertionSigner &assertions;
    Metrics &metrics;
    LockBook &locks;
    SessionLives &sessions;
    FailedAuth &failures;
    QString node;
    Duration grace;
    Duration heartbeat;
    Deadlines deadlines{clock};
    SharedRates rates{};
    //! What changed since the last look at it, see Peer::look(); null for who has gone. All others are at rest.
    std::vector<Peer *> changed{};
};

} // namespace Watchword::Gateway
