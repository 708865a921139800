// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gatepeer.h"
#include "gate/proofchecker.h"
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

//! A path that can be connected to, and what it asks for.
struct GateTarget
{
    enum class Kind { Endpoint, Watch, Audit };
    Kind kind = Kind::Endpoint;
    QString path;
    bool isPrefix = false; //!< And all below it.
    bool passesHttp = false; //!< Requests that are no upgrades are served, too.
    QStringList subprotocols; //!< In the order of preference. A monitor has to offer one of them; others may do without.
    EndpointConfig::RejectStyle rejectStyle = EndpointConfig::RejectStyle::Http;
    QStringList scopes;
    QStringList origins;
    QStringList acrValues;
    std::optional<std::chrono::seconds> maxAge;
    bool hidden = false;
    bool requireDpop = false;
    QJsonObject policy{}; //!< Of "hello".
    EndpointLimits limits;
};

//! An upgrade that is not to be, with the answer to the client and, more exactly, to the audit.
struct Refusal
{
    int status = 400;
    QByteArray type; //!< Problem type; empty for "about:blank".
    QByteArray title;
    QList<RequestHead::Header> headers;
    QString auditType = QStringLiteral("conn.rejected");
    int severity = 3;
    QString reasonCode;
    QString message;
    std::optional<Duration> retryAfter;
};

struct GateDecision
{
    enum class Action { Refuse, Probe, Verify, Accept };
    Action action = Action::Refuse;
    Refusal refusal; //!< For Refuse.
    std::shared_ptr<const GateTarget> target; //!< Also for refusals, once it is known.
    Secret credential; //!< For Verify.
    bool isDpop = false; //!< For Verify: it came with proof.
    QByteArray proof{};
};

constexpr char kSecurityTextPath[] = "/.well-known/security.txt"; // RFC 9116

//! What the gate knows besides the request; empty functions allow everything.
struct GateContext
{
    const QList<std::shared_ptr<const GateTarget>> *targets = nullptr;
    bool draining = false;
    bool isMemoryFull = false;
    bool hasSecurityText = false; //!< There is something to serve at kSecurityTextPath.
    bool isAuditNeeded = false; //!< What cannot be recorded is not admitted, and nothing can be recorded now.
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
//! The second half: \a verdict is the verifier's answer for the credential of the first, \a possession the ProofChecker's.
WATCHWORD_TEST_EXPORT GateDecision decideIdentity(const std::shared_ptr<const GateTarget> &target,
                                                  const Result<Identity> &verdict, ConnectionCaps::Refusal caps, WallTime now,
                                                  const Possession &possession = {});
//! Why the person has to sign in again for \a target (RFC 9470): "acr_too_weak", "sign_in_too_old", or empty.
WATCHWORD_TEST_EXPORT QString signInWeakness(const GateTarget &target, const Identity &identity, WallTime now);
//! What a client is told of that, beside the code: "acr_values" and "max_age".
QJsonObject stepUpMembers(const GateTarget &target);
//! RFC 6455 section 4.2.1.
bool isGoodUpgrade(const RequestHead &head);
//! After a reload: whether who was admitted would get as far as the step-up with the same request.
WATCHWORD_TEST_EXPORT bool isStillAllowed(const GateTarget &target, const Identity &identity, const QString &origin);
//! For heads that could not be parsed, and for peers that did not send one in time.
WATCHWORD_TEST_EXPORT Refusal refusalOfHead(const ParsedHead &parsed);
WATCHWORD_TEST_EXPORT Refusal refusalOfPlainPeer();

//! The error says nothing about the token, only that the issuer could not be asked.
WATCHWORD_TEST_EXPORT bool isIssuerTrouble(const Error &error);

//! The HTTP answer: problem+json with \a ref.
WATCHWORD_TEST_EXPORT QByteArray answerOf(const Refusal &refusal, const QString &ref, bool headOnly = false);

} // namespace Watchword::Gateway
