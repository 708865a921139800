// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/sessionlives.h"
#include "gate/gatepeer.h"
#include "gate/gatetarget.h"
#include "gate/proofchecker.h"
#include "gate/refusal.h"
#include "http/requesthead.h"
#include "limit/connectioncaps.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/gatewayconfig.h"
#include "watchword/gateway/identity.h"

#include <QJsonObject>

#include <functional>
#include <memory>

namespace Watchword::Gateway {

struct GateDecision
{
    enum class Action {
        Refuse,
        Probe,
        Verify,
        AwaitAuth, //!< The credential comes in the first message, behind the 101.
        Accept
    };
    Action action = Action::Refuse;
    Refusal refusal; //!< For Refuse.
    //! Also for refusals, once it is known. None for those of a hidden endpoint, which are like those of a path that is not
    //! there.
    std::shared_ptr<const GateTarget> target;
    Secret credential; //!< For Verify.
    //! For Verify: what is answered in any case, once the token was looked at, because looking takes time.
    std::optional<Refusal> settled{};
    bool isTicket = false; //!< For Verify: the credential is not a token but the ticket for one.
    bool wantsTicket = false; //!< For Verify: not an upgrade, but a request at kTicketPath.
    bool isDpop = false; //!< For Verify: it came with proof.
    QByteArray proof{};
};

constexpr char kTicketPath[] = "/v1/tickets"; // protocol.md, "Tickets"
constexpr char kAssertionKeysPath[] = "/.well-known/watchword-keys"; // RFC 7517
constexpr char kSecurityTextPath[] = "/.well-known/security.txt"; // RFC 9116

//! What the gate knows besides the request; empty functions allow everything.
struct GateContext
{
    const QList<std::shared_ptr<const GateTarget>> *targets = nullptr;
    bool draining = false;
    bool isMemoryFull = false;
    bool hasSecurityText = false; //!< There is something to serve at kSecurityTextPath.
    bool signsAssertions = false; //!< There are keys to be served at kAssertionKeysPath.
    bool isAuditNeeded = false; //!< What cannot be recorded is not admitted, and nothing can be recorded now.
    bool isTicketOfProgram = false; //!< The ticket that was presented was bought without an Origin.
    //! Takes one handshake of \a target's budget for the address, or says how long to wait.
    std::function<std::optional<Duration>(const GateTarget *target)> handshakeRate;
};

//! The first half: everything that can be said without knowing whether the token is good.
WATCHWORD_TEST_EXPORT GateDecision decideRequest(const RequestHead &head, const GatePeer &peer, const GateContext &context);
//! How the credential of the first half was presented, and what is wrong with that.
struct Possession
{
    bool isDpop = false;
    std::optional<ProofProblem> problem{};
};
//! The second half for GateDecision::settled.
WATCHWORD_TEST_EXPORT Refusal decideSettled(const Refusal &settled, const Result<Identity> &verdict,
                                            const Possession &possession = {});
//! The second half: \a verdict is the verifier's answer for the credential of the first, \a possession the ProofChecker's.
WATCHWORD_TEST_EXPORT GateDecision decideIdentity(const std::shared_ptr<const GateTarget> &target,
                                                  const Result<Identity> &verdict, ConnectionCaps::Refusal caps, WallTime now,
                                                  const Possession &possession = {},
                                                  const std::optional<SessionEnd> &sessionEnd = {});
//! Why the person has to sign in again for \a target (RFC 9470): "acr_too_weak", "sign_in_too_old", or empty.
WATCHWORD_TEST_EXPORT QString signInWeakness(const GateTarget &target, const Identity &identity, WallTime now);
//! What a client is told of that, beside the code: "acr_values" and "max_age".
QJsonObject stepUpMembers(const GateTarget &target);
//! The same for a session that is over: a sign-in that is younger than what the endpoint allows.
QJsonObject stepUpMembers(const GateTarget &target, const SessionEnd &end);
//! RFC 6455 section 4.2.1.
bool isGoodUpgrade(const RequestHead &head);
//! After a reload: whether who was admitted would get as far as the step-up with the same request.
WATCHWORD_TEST_EXPORT bool isStillAllowed(const GateTarget &target, const Identity &identity, const QString &origin);
} // namespace Watchword::Gateway
