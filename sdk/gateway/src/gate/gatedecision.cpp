// SPDX-License-Identifier: Apache-2.0
#include "gate/gatedecision.h"

#include "config/configvalues.h"
#include "gate/credential.h"
#include "http/httpmessage.h"
#include "watchword/core/frame.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

GateDecision refuse(Refusal refusal, std::shared_ptr<const GateTarget> target = {})
{
    GateDecision decision;
    decision.refusal = std::move(refusal);
    decision.target = std::move(target);
    return decision;
}

bool isProbe(const RequestHead &head, const GateContext &context)
{
    if (head.path == kSecurityTextPath)
        return context.hasSecurityText;
    if (head.path == kAssertionKeysPath)
        return context.signsAssertions;
    return head.path == "/healthz" || head.path == "/readyz" || head.path == "/metrics";
}

bool isBelow(const QString &path, const QString &prefix)
{
    return path.startsWith(prefix) && (prefix.endsWith(u'/') || path.size() == prefix.size() || path.at(prefix.size()) == u'/');
}

std::shared_ptr<const GateTarget> findTarget(const RequestHead &head, const GateContext &context)
{
    const QString path = QString::fromLatin1(head.path);
    std::shared_ptr<const GateTarget> longest;
    for (const auto &target : *context.targets) {
        if (target->path == path)
            return target;
        if (target->isPrefix && isBelow(path, target->path) && (!longest || longest->path.size() < target->path.size()))
            longest = target;
    }
    return longest;
}

bool hidesSomething(const GateContext &context)
{
    return std::any_of(context.targets->begin(), context.targets->end(), [](const auto &target) { return target->hidden; });
}

bool sellsTickets(const RequestHead &head, const GateContext &context)
{
    return head.path == kTicketPath && std::any_of(context.targets->begin(), context.targets->end(), [](const auto &target) {
               return target->credentials.testFlag(EndpointConfig::CredentialWay::Ticket);
           });
}

// Only watchword.v1 has a frame for it.
bool awaitsAuth(const RequestHead &head, const GateTarget *target, Credential::Kind kind)
{
    return target && kind == Credential::Kind::None && target->credentials.testFlag(EndpointConfig::CredentialWay::FirstMessage)
        && offeredSubprotocols(head).contains(QLatin1StringView(kSubprotocol));
}

// Whoever resolves these would leave what the endpoint covers (RFC 3986 section 5.2.4).
bool hasDotSegments(const QByteArray &path)
{
    const QList<QByteArray> segments = QByteArray::fromPercentEncoding(path).replace('\\', '/').split('/');
    return segments.contains(".") || segments.contains("..");
}

bool isUpgradeToWebSocket(const RequestHead &head)
{
    return head.hasToken("Upgrade", "websocket");
}

std::optional<Refusal> checkPlainRequest(const RequestHead &head)
{
    if (head.method != "CONNECT" && head.method != "TRACE" && head.minorVersion >= 1)
        return {};
    Refusal result = Refusal::of(405, "Method not allowed", u"method"_s, u"this cannot be passed on"_s);
    result.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return result;
}

// RFC 6455 section 4.2.1.
std::optional<Refusal> checkUpgrade(const RequestHead &head)
{
    const bool isUpgrade = head.method == "GET" && head.minorVersion >= 1 && head.hasToken("Upgrade", "websocket")
        && head.hasToken("Connection", "upgrade");
    const bool isVersion13 = head.values("Sec-WebSocket-Version") == QList<QByteArray>{"13"};
    if (!isUpgrade || !isVersion13) {
        Refusal result = isUpgrade ? Refusal::of(426, "Upgrade required", u"wrong_version"_s, u"not WebSocket version 13"_s)
                                   : Refusal::of(426, "Upgrade required", u"not_an_upgrade"_s, u"not a WebSocket upgrade"_s);
        result.headers.emplace_back("Sec-WebSocket-Version", "13");
        result.headers.emplace_back("Upgrade", "websocket");
        return result;
    }
    const QList<QByteArray> keys = head.values("Sec-WebSocket-Key");
    const bool keyIsGood =
        keys.size() == 1 && QByteArray::fromBase64(keys.first(), QByteArray::AbortOnBase64DecodingErrors).size() == 16;
    if (!keyIsGood)
        return Refusal::of(400, "Bad request", u"bad_key"_s, u"Sec-WebSocket-Key is missing or not 16 bytes"_s);
    if (head.contentLength() > 0 || head.isChunked())
        return Refusal::of(400, "Bad request", u"upgrade_with_body"_s, u"an upgrade must not have a body"_s);
    return {};
}

// Programs send a header, and no Origin. All other ways are for browsers.
bool needsOrigin(Credential::Kind kind, const GateTarget &target)
{
    switch (kind) {
    case Credential::Kind::Subprotocol:
    case Credential::Kind::Ticket:
        return true;
    case Credential::Kind::None:
        return target.credentials.testFlag(EndpointConfig::CredentialWay::FirstMessage);
    default:
        return false;
    }
}

std::optional<Refusal> checkOrigin(const RequestHead &head, const GateTarget &target, Credential::Kind kind,
                                   bool isTicketOfProgram = false)
{
    const QList<QByteArray> origins = head.values("Origin");
    Refusal denied = Refusal::of(403, "Origin not allowed", u"origin_denied"_s, u"the Origin is not on the endpoint's list"_s);
    denied.auditType = u"conn.origin_denied"_s;
    if (origins.size() > 1)
        return Refusal::of(400, "Bad request", u"two_origins"_s, u"more than one Origin"_s);
    if (origins.isEmpty()) {
        if (!needsOrigin(kind, target) || (kind == Credential::Kind::Ticket && isTicketOfProgram))
            return {};
        denied.reasonCode = u"origin_missing"_s;
        denied.message = u"A credential that is not in the header is for browsers, and browsers send an Origin."_s;
        return denied;
    }
    // The bytes of the list's form are compared: an Origin that only looks alike after decoding is not the same one.
    if (target.origins.contains(QString::fromLatin1(origins.first())))
        return {};
    return denied;
}

bool isAccepted(Credential::Kind kind, const GateTarget &target)
{
    using Way = EndpointConfig::CredentialWay;
    switch (kind) {
    case Credential::Kind::Header:
        return target.credentials.testFlag(Way::Header);
    case Credential::Kind::Subprotocol:
        return target.credentials.testFlag(Way::Subprotocol);
    default:
        return true; // tickets are not looked for where they are not accepted
    }
}

std::optional<Refusal> checkCredential(const Credential &credential, const GateTarget &target)
{
    if (credential.kind == Credential::Kind::None || !isAccepted(credential.kind, target)) {
        const bool isMissing = credential.kind == Credential::Kind::None;
        Refusal result = Refusal::of(401, "Sign-in needed", isMissing ? u"no_credential"_s : u"credential_way"_s,
                                     isMissing ? u"the request has no credential"_s
                                               : u"credentials of [[endpoint]] does not name the way in which the token came"_s);
        result.challenge(&target, {}, false);
        return result;
    }
    if (credential.token.isEmpty()) {
        Refusal result = Refusal::of(401, "Token not accepted", u"malformed_token"_s, u"the credential cannot be a token"_s);
        result.challenge(&target, "error=\"invalid_token\"", credential.isDpop);
        return result;
    }
    if (credential.isDpop && credential.proofs.size() > 1) {
        Refusal result = Refusal::of(401, "Proof not accepted", u"dpop_several_proofs"_s, u"more than one DPoP proof"_s);
        result.challenge(&target, "error=\"invalid_dpop_proof\"", true);
        return result;
    }
    return {};
}

bool hasScopes(const GateTarget &target, const Identity &identity)
{
    return std::all_of(target.scopes.begin(), target.scopes.end(),
                       [&identity](const QString &scope) { return identity.hasScope(scope); });
}

std::optional<Refusal> checkScopes(const GateTarget &target, const Identity &identity, bool isDpop)
{
    if (hasScopes(target, identity))
        return {};
    Refusal result = Refusal::of(403, "Not allowed", u"insufficient_scope"_s, u"the token lacks a scope of the endpoint"_s);
    result.challenge(&target, "error=\"insufficient_scope\", scope=" + quotedString(target.scopes.join(u' ')), isDpop);
    return result;
}

std::optional<Refusal> checkStepUp(const GateTarget &target, const Identity &identity, WallTime now, bool isDpop,
                                   const std::optional<SessionEnd> &end)
{
    QString weakness = signInWeakness(target, identity, now);
    if (weakness.isEmpty() && end)
        weakness = end->reason;
    if (weakness.isEmpty())
        return {};
    const QJsonValue maxAge = (end ? stepUpMembers(target, *end) : stepUpMembers(target)).value("max_age"_L1);
    Refusal result = Refusal::of(401, "Stronger sign-in needed", weakness, u"the sign-in does not suffice here"_s);
    QByteArray parameters = "error=\"insufficient_user_authentication\"";
    if (!target.acrValues.isEmpty())
        parameters += ", acr_values=" + quotedString(target.acrValues.join(u' '));
    if (!maxAge.isUndefined())
        parameters += ", max_age=" + QByteArray::number(maxAge.toInteger());
    result.challenge(&target, parameters, isDpop);
    return result;
}

// Whoever asks is behind a proxy of which the configuration knows nothing: it is the proxy that is near, not he.
bool isForwarded(const RequestHead &head, const GatePeer &peer)
{
    return !peer.viaProxy
        && (head.contains("X-Forwarded-For") || head.contains("Forwarded") || head.contains("X-Real-IP") || head.contains("Via"));
}

// Counters are for the operators' own network; everybody may ask whether the gateway lives.
GateDecision decideProbe(const RequestHead &head, const GatePeer &peer)
{
    static const QList<std::pair<QHostAddress, int>> inside{
        QHostAddress::parseSubnet(u"10.0.0.0/8"_s), QHostAddress::parseSubnet(u"172.16.0.0/12"_s),
        QHostAddress::parseSubnet(u"192.168.0.0/16"_s), QHostAddress::parseSubnet(u"fc00::/7"_s)};
    if (head.method != "GET" && head.method != "HEAD") {
        Refusal result = Refusal::of(405, "Method not allowed", u"method"_s, u"only GET and HEAD"_s);
        result.headers.emplace_back("Allow", "GET, HEAD");
        return refuse(result);
    }
    const bool isInside = peer.address.isLoopback()
        || std::any_of(inside.begin(), inside.end(), [&peer](const auto &subnet) { return peer.address.isInSubnet(subnet); });
    if (head.path == "/metrics" && (!isInside || isForwarded(head, peer)))
        return refuse(Refusal::ofUnknownPath());
    GateDecision decision;
    decision.action = GateDecision::Action::Probe;
    return decision;
}

} // namespace

namespace {

// What a stranger hears of a hidden endpoint. The audit has what it was.
Refusal concealed(const Refusal &exact)
{
    Refusal result = Refusal::ofUnknownPath();
    result.auditType = exact.auditType;
    result.severity = exact.severity;
    result.reasonCode = exact.reasonCode;
    result.message = u"On a hidden endpoint: "_s + exact.message;
    return result;
}

// Says nothing about the path, and has to be said to who may come in.
std::optional<Refusal> refusalToAll(const Result<Identity> &verdict, const Possession &possession)
{
    using Kind = ProofProblem::Kind;
    if (!verdict && (isIssuerTrouble(verdict.error()) || verdict.error().code() == ErrorCode::RateLimited))
        return Refusal::ofToken(verdict.error(), nullptr, possession.isDpop);
    if (verdict && possession.problem
        && (possession.problem->kind == Kind::NonceWanted || possession.problem->kind == Kind::CannotRemember))
        return Refusal::ofProof(*possession.problem, nullptr);
    return {};
}

std::optional<Refusal> refusalWithoutService(const GateContext &context)
{
    if (context.draining)
        return Refusal::until(503, "Going down", u"draining"_s, u"the gateway is going down"_s, std::chrono::seconds(2));
    if (context.isAuditNeeded)
        return Refusal::until(503, "Try again later", u"audit_unavailable"_s, u"the audit log cannot be written"_s,
                              std::chrono::seconds(10));
    return {};
}

// All that can be wrong with a request for \a target but its token.
std::optional<Refusal> checkRequest(const RequestHead &head, const GateTarget &target, const Credential &credential,
                                    const GateContext &context)
{
    if (target.isPrefix && hasDotSegments(head.path))
        return Refusal::of(400, "Bad request", u"dot_segments"_s, u"the path has segments of dots"_s);
    const bool isPlain = target.passesHttp && !isUpgradeToWebSocket(head);
    if (const auto problem = isPlain ? checkPlainRequest(head) : checkUpgrade(head))
        return problem;
    if (const auto problem = refusalWithoutService(context))
        return problem;
    if (credential.kind == Credential::Kind::Several)
        return Refusal::ofRequest("Two credentials", u"two_credentials"_s, u"more than one credential"_s, &target);
    if (const auto problem = checkOrigin(head, target, credential.kind, context.isTicketOfProgram))
        return problem;
    if (const auto problem = awaitsAuth(head, &target, credential.kind) ? std::nullopt : checkCredential(credential, target))
        return problem;
    if (target.kind != GateTarget::Kind::Endpoint && chosenSubprotocol(head, target.subprotocols).isEmpty()) {
        const QString message = u"the request does not offer the subprotocol "_s + target.subprotocols.join(u' ');
        return Refusal::of(400, "Subprotocol needed", u"subprotocol_missing"_s, message);
    }
    return {};
}

GateDecision verify(const Credential &credential, std::shared_ptr<const GateTarget> target)
{
    GateDecision decision;
    decision.action = GateDecision::Action::Verify;
    decision.target = std::move(target);
    decision.credential = credential.token;
    decision.isDpop = credential.isDpop;
    decision.proof = credential.proofs.value(0);
    decision.isTicket = credential.kind == Credential::Kind::Ticket;
    return decision;
}

// POST buys a ticket for the endpoint of the parameter "path"; OPTIONS is what a browser asks before (Fetch, "CORS protocol").
GateDecision decideTicket(const RequestHead &head, const GateContext &context)
{
    RequestHead wanted;
    wanted.path = FormFields::parse(head.query).value(u"path"_s).toUtf8();
    const std::shared_ptr<const GateTarget> target = findTarget(wanted, context);
    const Credential credential = credentialOf(head);
    if (context.handshakeRate) {
        if (const std::optional<Duration> wait = context.handshakeRate(target.get()))
            return refuse(Refusal::ofHandshakes(*wait), target);
    }
    if (!target || !target->credentials.testFlag(EndpointConfig::CredentialWay::Ticket))
        return refuse(Refusal::ofUnknownPath());
    if (const auto problem = checkOrigin(head, *target, Credential::Kind::Header))
        return refuse(*problem, target);
    if (head.method == "OPTIONS" && head.contains("Origin")) {
        GateDecision decision;
        decision.action = GateDecision::Action::Probe;
        decision.target = target;
        return decision;
    }
    if (head.method != "POST" || head.contentLength() > 0 || head.isChunked()) {
        Refusal result = Refusal::of(405, "Method not allowed", u"method"_s, u"a ticket is bought by a POST without a body"_s);
        result.headers.emplace_back("Allow", "POST, OPTIONS");
        return refuse(result, target);
    }
    if (const auto problem = refusalWithoutService(context))
        return refuse(*problem, target);
    if (credential.kind == Credential::Kind::Several || credential.kind == Credential::Kind::Subprotocol)
        return refuse(Refusal::ofRequest("Two credentials", u"two_credentials"_s,
                                         u"a ticket is bought with one token in the header"_s, target.get()),
                      target);
    if (const auto problem = checkCredential(credential, *target); problem && problem->reasonCode != "credential_way"_L1)
        return refuse(*problem, target);
    GateDecision decision = verify(credential, target);
    decision.wantsTicket = true;
    return decision;
}

} // namespace

GateDecision decideRequest(const RequestHead &head, const GatePeer &peer, const GateContext &context)
{
    const std::shared_ptr<const GateTarget> target = findTarget(head, context);
    const Credential credential =
        credentialOf(head, target && target->credentials.testFlag(EndpointConfig::CredentialWay::Ticket));
    const bool isInUrl = credential.kind == Credential::Kind::InUrl;
    if (isProbe(head, context) && !isInUrl)
        return decideProbe(head, peer);
    if (context.isMemoryFull) {
        Refusal result = Refusal::until(503, "Try again later", u"memory"_s, u"the gateway has no memory for more"_s,
                                        std::chrono::seconds(10));
        result.auditType = u"limit.hit"_s;
        return refuse(result);
    }
    if (!target && !isInUrl && sellsTickets(head, context))
        return decideTicket(head, context);
    // Nothing tells a hidden endpoint from a path that is not there: neither the answer nor the time until it comes.
    const bool isConcealed = !target || target->hidden;
    const std::shared_ptr<const GateTarget> told = isConcealed ? nullptr : target;
    if (context.handshakeRate) {
        if (const std::optional<Duration> wait = context.handshakeRate(told.get()))
            return refuse(Refusal::ofHandshakes(*wait), told);
    }
    if (isInUrl) {
        Refusal result =
            Refusal::ofRequest("Token in the URL", u"credential_in_url"_s,
                               u"a token was sent in the URL, where logs keep it; it should be revoked"_s, told.get());
        result.auditType = u"credential.in_url"_s;
        result.severity = 4;
        return refuse(result, told);
    }
    const bool isLookedAt = isConcealed && !credential.token.isEmpty() && hidesSomething(context);
    if (const auto problem = isLookedAt ? refusalWithoutService(context) : std::nullopt)
        return refuse(*problem);
    std::optional<Refusal> problem = target ? checkRequest(head, *target, credential, context) : Refusal::ofUnknownPath();
    if (problem && target && target->hidden)
        problem = concealed(*problem);
    if (problem && !isLookedAt)
        return refuse(*problem, told);
    GateDecision decision = verify(credential, target);
    decision.settled = problem;
    if (awaitsAuth(head, target.get(), credential.kind))
        decision.action = GateDecision::Action::AwaitAuth;
    return decision;
}

Refusal decideSettled(const Refusal &settled, const Result<Identity> &verdict, const Possession &possession)
{
    return refusalToAll(verdict, possession).value_or(settled);
}

namespace {

std::optional<Refusal> checkIdentity(const GateTarget &target, const Result<Identity> &verdict, const Possession &possession,
                                     WallTime now)
{
    if (!verdict)
        return Refusal::ofToken(verdict.error(), &target, possession.isDpop, now);
    if (possession.problem)
        return Refusal::ofProof(*possession.problem, &target);
    return checkScopes(target, *verdict, possession.isDpop);
}

} // namespace

GateDecision decideIdentity(const std::shared_ptr<const GateTarget> &target, const Result<Identity> &verdict,
                            ConnectionCaps::Refusal caps, WallTime now, const Possession &possession,
                            const std::optional<SessionEnd> &sessionEnd)
{
    if (const auto problem = checkIdentity(*target, verdict, possession, now)) {
        if (target->hidden)
            return refuse(refusalToAll(verdict, possession).value_or(concealed(*problem)));
        return refuse(*problem, target);
    }
    if (const auto problem = checkStepUp(*target, *verdict, now, possession.isDpop, sessionEnd))
        return refuse(*problem, target);
    if (caps != ConnectionCaps::Refusal::None) {
        const bool isUser = caps == ConnectionCaps::Refusal::UserFull;
        Refusal result = Refusal::until(429, "Too many connections", isUser ? u"connections_per_user"_s : u"connections"_s,
                                        u"the limit of open connections is reached"_s, std::chrono::seconds(30));
        result.auditType = u"limit.hit"_s;
        return refuse(result, target);
    }
    GateDecision decision;
    decision.action = GateDecision::Action::Accept;
    decision.target = target;
    return decision;
}

QString signInWeakness(const GateTarget &target, const Identity &identity, WallTime now)
{
    if (!target.acrValues.isEmpty() && !target.acrValues.contains(identity.acr))
        return u"acr_too_weak"_s;
    const bool isFresh = !target.maxAge || (identity.authTime && now - *identity.authTime <= *target.maxAge);
    return isFresh ? QString() : u"sign_in_too_old"_s;
}

QJsonObject stepUpMembers(const GateTarget &target)
{
    QJsonObject members;
    if (!target.acrValues.isEmpty())
        members.insert("acr_values"_L1, target.acrValues.join(u' '));
    if (target.maxAge)
        members.insert("max_age"_L1, qint64(target.maxAge->count()));
    return members;
}

QJsonObject stepUpMembers(const GateTarget &target, const SessionEnd &end)
{
    QJsonObject members = stepUpMembers(target);
    const qint64 most = std::max<qint64>(1, end.most.count() / 1000);
    members.insert("max_age"_L1, target.maxAge ? std::min<qint64>(most, target.maxAge->count()) : most);
    return members;
}

bool isGoodUpgrade(const RequestHead &head)
{
    return !checkUpgrade(head);
}

bool isStillAllowed(const GateTarget &target, const Identity &identity, const QString &origin)
{
    const bool isBound = !target.requireDpop || !identity.keyThumbprint.isEmpty();
    return isBound && hasScopes(target, identity) && (origin.isEmpty() || target.origins.contains(origin));
}

} // namespace Watchword::Gateway
