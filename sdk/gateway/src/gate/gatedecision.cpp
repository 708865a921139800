// SPDX-License-Identifier: Apache-2.0
#include "gate/gatedecision.h"

#include "config/configvalues.h"
#include "gate/credential.h"
#include "http/httpmessage.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

Refusal refusal(int status, const QByteArray &title, const QString &reasonCode, const QString &message)
{
    Refusal result;
    result.status = status;
    result.title = title;
    result.reasonCode = reasonCode;
    result.message = message;
    return result;
}

QByteArray quoted(const QString &text)
{
    QByteArray value = text.toUtf8();
    value.replace('\\', "\\\\").replace('"', "\\\"");
    return '"' + value + '"';
}

// Who came with a proof is asked for one again (RFC 9449 section 7.1).
void challenge(Refusal &refusal, const GateTarget &target, const QByteArray &parameters, bool isDpop)
{
    const bool asksForProof = isDpop || target.requireDpop;
    QByteArray value = (asksForProof ? "DPoP realm=" : "Bearer realm=") + quoted(target.path);
    if (!parameters.isEmpty())
        value += ", " + parameters;
    if (asksForProof)
        value += ", algs=\"" + ProofChecker::algorithms() + '"';
    refusal.headers.append({"WWW-Authenticate", value});
}

GateDecision refuse(Refusal refusal, std::shared_ptr<const GateTarget> target = {})
{
    GateDecision decision;
    decision.refusal = std::move(refusal);
    decision.target = std::move(target);
    return decision;
}

Refusal tooMany(int status, const QByteArray &title, const QString &reasonCode, const QString &message, Duration after)
{
    Refusal result = refusal(status, title, reasonCode, message);
    result.retryAfter = after;
    const qint64 seconds = std::max<qint64>(1, (after.count() + 999) / 1000);
    result.headers.append({"Retry-After", QByteArray::number(seconds)});
    return result;
}

bool isProbe(const RequestHead &head, const GateContext &context)
{
    if (head.path == kSecurityTextPath)
        return context.hasSecurityText;
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
    Refusal result = refusal(405, "Method not allowed", u"method"_s, u"this cannot be passed on"_s);
    result.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return result;
}

Refusal unknownPath()
{
    return refusal(404, "Not found", u"unknown_path"_s, u"there is no endpoint at this path"_s);
}

// RFC 6455 section 4.2.1.
std::optional<Refusal> checkUpgrade(const RequestHead &head)
{
    const bool isUpgrade = head.method == "GET" && head.minorVersion >= 1 && head.hasToken("Upgrade", "websocket")
        && head.hasToken("Connection", "upgrade");
    const bool isVersion13 = head.values("Sec-WebSocket-Version") == QList<QByteArray>{"13"};
    if (!isUpgrade || !isVersion13) {
        Refusal result = isUpgrade ? refusal(426, "Upgrade required", u"wrong_version"_s, u"not WebSocket version 13"_s)
                                   : refusal(426, "Upgrade required", u"not_an_upgrade"_s, u"not a WebSocket upgrade"_s);
        result.headers.emplace_back("Sec-WebSocket-Version", "13");
        result.headers.emplace_back("Upgrade", "websocket");
        return result;
    }
    const QList<QByteArray> keys = head.values("Sec-WebSocket-Key");
    const bool keyIsGood =
        keys.size() == 1 && QByteArray::fromBase64(keys.first(), QByteArray::AbortOnBase64DecodingErrors).size() == 16;
    if (!keyIsGood)
        return refusal(400, "Bad request", u"bad_key"_s, u"Sec-WebSocket-Key is missing or not 16 bytes"_s);
    if (head.contentLength() > 0 || head.isChunked())
        return refusal(400, "Bad request", u"upgrade_with_body"_s, u"an upgrade must not have a body"_s);
    return {};
}

std::optional<Refusal> checkOrigin(const RequestHead &head, const GateTarget &target, Credential::Kind kind)
{
    const QList<QByteArray> origins = head.values("Origin");
    Refusal denied = refusal(403, "Origin not allowed", u"origin_denied"_s, u"the Origin is not on the endpoint's list"_s);
    denied.auditType = u"conn.origin_denied"_s;
    if (origins.size() > 1)
        return refusal(400, "Bad request", u"two_origins"_s, u"more than one Origin"_s);
    if (origins.isEmpty()) {
        if (kind != Credential::Kind::Subprotocol)
            return {};
        denied.reasonCode = u"origin_missing"_s;
        denied.message = u"A token in the subprotocol is for browsers, and browsers send an Origin."_s;
        return denied;
    }
    // The bytes of the list's form are compared: an Origin that only looks alike after decoding is not the same one.
    if (target.origins.contains(QString::fromLatin1(origins.first())))
        return {};
    return denied;
}

std::optional<Refusal> checkCredential(const Credential &credential, const GateTarget &target)
{
    if (credential.kind == Credential::Kind::None) {
        Refusal result = refusal(401, "Sign-in needed", u"no_credential"_s, u"the request has no credential"_s);
        challenge(result, target, {}, false);
        return result;
    }
    if (credential.token.isEmpty()) {
        Refusal result = refusal(401, "Token not accepted", u"malformed_token"_s, u"the credential cannot be a token"_s);
        challenge(result, target, "error=\"invalid_token\"", credential.isDpop);
        return result;
    }
    if (credential.isDpop && credential.proofs.size() > 1) {
        Refusal result = refusal(401, "Proof not accepted", u"dpop_several_proofs"_s, u"more than one DPoP proof"_s);
        challenge(result, target, "error=\"invalid_dpop_proof\"", true);
        return result;
    }
    return {};
}

Refusal refusalOfProof(const ProofProblem &problem, const GateTarget &target)
{
    if (problem.kind == ProofProblem::Kind::CannotRemember)
        return tooMany(503, "Try again later", problem.reasonCode, problem.message, std::chrono::seconds(5));
    const bool isToken = problem.kind == ProofProblem::Kind::InvalidToken;
    Refusal result = refusal(401, isToken ? "Token not accepted" : "Proof not accepted", problem.reasonCode, problem.message);
    challenge(result, target, "error=\"" + problem.wireError() + '"', true);
    return result;
}

Refusal refusalOfToken(const Error &error, const GateTarget &target, bool isDpop)
{
    if (isIssuerTrouble(error))
        return tooMany(503, "Try again later", u"keys_unavailable"_s, error.toString(), std::chrono::seconds(5));
    if (error.code() == ErrorCode::Locked) {
        Refusal result = refusal(403, "Locked", u"locked"_s, error.detail());
        result.type = "urn:watchword:locked";
        return result;
    }
    Refusal result = refusal(401, "Token not accepted", error.codeName(), error.detail());
    challenge(result, target, "error=\"invalid_token\"", isDpop);
    return result;
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
    if (target.hidden) {
        Refusal result = unknownPath();
        result.reasonCode = u"insufficient_scope"_s;
        result.message = u"The token lacks a scope of this hidden endpoint."_s;
        return result;
    }
    Refusal result = refusal(403, "Not allowed", u"insufficient_scope"_s, u"the token lacks a scope of the endpoint"_s);
    challenge(result, target, "error=\"insufficient_scope\", scope=" + quoted(target.scopes.join(u' ')), isDpop);
    return result;
}

std::optional<Refusal> checkStepUp(const GateTarget &target, const Identity &identity, WallTime now, bool isDpop)
{
    const QString weakness = signInWeakness(target, identity, now);
    if (weakness.isEmpty())
        return {};
    Refusal result = refusal(401, "Stronger sign-in needed", weakness, u"the sign-in does not suffice here"_s);
    QByteArray parameters = "error=\"insufficient_user_authentication\"";
    if (!target.acrValues.isEmpty())
        parameters += ", acr_values=" + quoted(target.acrValues.join(u' '));
    if (target.maxAge)
        parameters += ", max_age=" + QByteArray::number(qint64(target.maxAge->count()));
    challenge(result, target, parameters, isDpop);
    return result;
}

// Counters are for the operators' own network; everybody may ask whether the gateway lives.
GateDecision decideProbe(const RequestHead &head, const GatePeer &peer)
{
    static const QList<std::pair<QHostAddress, int>> inside{
        QHostAddress::parseSubnet(u"10.0.0.0/8"_s), QHostAddress::parseSubnet(u"172.16.0.0/12"_s),
        QHostAddress::parseSubnet(u"192.168.0.0/16"_s), QHostAddress::parseSubnet(u"fc00::/7"_s)};
    if (head.method != "GET" && head.method != "HEAD") {
        Refusal result = refusal(405, "Method not allowed", u"method"_s, u"only GET and HEAD"_s);
        result.headers.emplace_back("Allow", "GET, HEAD");
        return refuse(result);
    }
    const bool isInside = peer.address.isLoopback()
        || std::any_of(inside.begin(), inside.end(), [&peer](const auto &subnet) { return peer.address.isInSubnet(subnet); });
    if (head.path == "/metrics" && !isInside)
        return refuse(unknownPath());
    GateDecision decision;
    decision.action = GateDecision::Action::Probe;
    return decision;
}

} // namespace

GateDecision decideRequest(const RequestHead &head, const GatePeer &peer, const GateContext &context)
{
    const Credential credential = credentialOf(head);
    const bool isInUrl = credential.kind == Credential::Kind::InUrl;
    if (isProbe(head, context) && !isInUrl)
        return decideProbe(head, peer);
    if (context.isMemoryFull) {
        Refusal result =
            tooMany(503, "Try again later", u"memory"_s, u"the gateway has no memory for more"_s, std::chrono::seconds(10));
        result.auditType = u"limit.hit"_s;
        return refuse(result);
    }
    const std::shared_ptr<const GateTarget> target = findTarget(head, context);
    if (context.handshakeRate) {
        if (const std::optional<Duration> wait = context.handshakeRate(target.get())) {
            Refusal result =
                tooMany(429, "Too many requests", u"handshakes_per_second"_s, u"too many handshakes from this address"_s, *wait);
            result.auditType = u"limit.hit"_s;
            return refuse(result, target);
        }
    }
    if (isInUrl) {
        Refusal result = refusal(400, "Token in the URL", u"credential_in_url"_s,
                                 u"a token was sent in the URL, where logs keep it; it should be revoked"_s);
        result.auditType = u"credential.in_url"_s;
        result.severity = 4;
        return refuse(result, target);
    }
    if (!target)
        return refuse(unknownPath());
    if (target->isPrefix && hasDotSegments(head.path))
        return refuse(refusal(400, "Bad request", u"dot_segments"_s, u"the path has segments of dots"_s), target);
    const bool isPlain = target->passesHttp && !isUpgradeToWebSocket(head);
    if (const auto problem = isPlain ? checkPlainRequest(head) : checkUpgrade(head))
        return refuse(*problem, target);
    if (context.draining)
        return refuse(tooMany(503, "Going down", u"draining"_s, u"the gateway is going down"_s, std::chrono::seconds(2)), target);
    if (context.isAuditNeeded) {
        return refuse(tooMany(503, "Try again later", u"audit_unavailable"_s, u"the audit log cannot be written"_s,
                              std::chrono::seconds(10)),
                      target);
    }
    if (credential.kind == Credential::Kind::Several)
        return refuse(refusal(400, "Two credentials", u"two_credentials"_s, u"more than one credential"_s), target);
    if (const auto problem = checkOrigin(head, *target, credential.kind))
        return refuse(*problem, target);
    if (const auto problem = checkCredential(credential, *target))
        return refuse(*problem, target);
    if (target->kind != GateTarget::Kind::Endpoint && chosenSubprotocol(head, target->subprotocols).isEmpty()) {
        const QString message = u"the request does not offer the subprotocol "_s + target->subprotocols.join(u' ');
        return refuse(refusal(400, "Subprotocol needed", u"subprotocol_missing"_s, message), target);
    }
    GateDecision decision;
    decision.action = GateDecision::Action::Verify;
    decision.target = target;
    decision.credential = credential.token;
    decision.isDpop = credential.isDpop;
    decision.proof = credential.proofs.value(0);
    return decision;
}

GateDecision decideIdentity(const std::shared_ptr<const GateTarget> &target, const Result<Identity> &verdict,
                            ConnectionCaps::Refusal caps, WallTime now, const Possession &possession)
{
    if (!verdict)
        return refuse(refusalOfToken(verdict.error(), *target, possession.isDpop), target);
    if (possession.problem)
        return refuse(refusalOfProof(*possession.problem, *target), target);
    if (const auto problem = checkScopes(*target, *verdict, possession.isDpop))
        return refuse(*problem, target);
    if (const auto problem = checkStepUp(*target, *verdict, now, possession.isDpop))
        return refuse(*problem, target);
    if (caps != ConnectionCaps::Refusal::None) {
        const bool isUser = caps == ConnectionCaps::Refusal::UserFull;
        Refusal result = tooMany(429, "Too many connections", isUser ? u"connections_per_user"_s : u"connections"_s,
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

bool isGoodUpgrade(const RequestHead &head)
{
    return !checkUpgrade(head);
}

bool isStillAllowed(const GateTarget &target, const Identity &identity, const QString &origin)
{
    const bool isBound = !target.requireDpop || !identity.keyThumbprint.isEmpty();
    return isBound && hasScopes(target, identity) && (origin.isEmpty() || target.origins.contains(origin));
}

bool isIssuerTrouble(const Error &error)
{
    return error.condition() == ErrorCondition::Offline || error.condition() == ErrorCondition::Timeout
        || error.code() == ErrorCode::TemporarilyUnavailable || error.code() == ErrorCode::InvalidResponse
        || error.code() == ErrorCode::TlsFailed || error.code() == ErrorCode::HttpStatus || error.code() == ErrorCode::Cancelled
        || error.code() == ErrorCode::FileUnreadable;
}

Refusal refusalOfHead(const ParsedHead &parsed)
{
    switch (parsed.status) {
    case 408:
        return refusal(408, "Request timeout", u"head_timeout"_s, parsed.problem);
    case 414:
        return refusal(414, "Request target too long", u"target_too_long"_s, parsed.problem);
    case 431:
        return refusal(431, "Request head too large", u"head_too_large"_s, parsed.problem);
    case 505:
        return refusal(505, "HTTP version not supported", u"http_version"_s, parsed.problem);
    default:
        return refusal(400, "Bad request", u"malformed_head"_s, parsed.problem);
    }
}

Refusal refusalOfPlainPeer()
{
    return refusal(403, "TLS needed", u"plain_peer"_s, u"without TLS only trusted proxies and this machine may connect"_s);
}

QByteArray answerOf(const Refusal &refusal, const QString &ref, bool headOnly)
{
    QJsonObject body{{u"type"_s, refusal.type.isEmpty() ? u"about:blank"_s : QString::fromLatin1(refusal.type)},
                     {u"title"_s, QString::fromLatin1(refusal.title)},
                     {u"status"_s, refusal.status}};
    if (!ref.isEmpty())
        body.insert("ref"_L1, ref);
    HttpResponse response;
    response.status = refusal.status;
    response.headers = refusal.headers;
    response.with("Content-Type", "application/problem+json").with("Cache-Control", "no-store");
    response.body = QJsonDocument(body).toJson(QJsonDocument::Compact);
    return response.toBytes(false, headOnly);
}

} // namespace Watchword::Gateway
