// SPDX-License-Identifier: Apache-2.0
#include "gate/gatedecision.h"
#include "headtext.h"
#include "support/testmain.h"
#include "watchword/jose/base64url.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

const WallTime kNow = wallTimeFromSeconds(1'800'000'000);

QByteArray upgrade(const QByteArray &target, const QByteArray &fields)
{
    return "GET " + target
        + " HTTP/1.1\r\nHost: gw.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + fields + "\r\n";
}

QByteArray bearerProtocol(const QByteArray &token)
{
    return "Sec-WebSocket-Protocol: watchword.v1, watchword.bearer." + toBase64Url(token) + "\r\n";
}

QList<std::shared_ptr<const GateTarget>> targets()
{
    GateTarget plain;
    plain.path = u"/v1/stream"_s;
    plain.scopes = QStringList{u"orders:read"_s, u"orders:write"_s};
    plain.origins = QStringList{u"https://app.example.com"_s};
    GateTarget strong = plain;
    strong.path = u"/strong"_s;
    strong.acrValues = QStringList{u"mfa"_s, u"phr"_s};
    strong.maxAge = std::chrono::seconds(300);
    GateTarget hidden = plain;
    hidden.path = u"/hidden"_s;
    hidden.hidden = true;
    return {std::make_shared<const GateTarget>(plain), std::make_shared<const GateTarget>(strong),
            std::make_shared<const GateTarget>(hidden)};
}

// Nothing is hidden, so that unknown paths are refused at once.
QList<std::shared_ptr<const GateTarget>> openTargets()
{
    return targets().first(2);
}

Identity person()
{
    Identity identity;
    identity.issuer = u"https://login.example.com"_s;
    identity.subject = u"ada"_s;
    identity.scopes = QStringList{u"orders:read"_s, u"orders:write"_s};
    identity.acr = u"mfa"_s;
    identity.authTime = kNow - std::chrono::seconds(10);
    return identity;
}

QByteArray header(const Refusal &refusal, const QByteArray &name)
{
    for (const auto &[key, value] : refusal.headers) {
        if (key == name)
            return value;
    }
    return {};
}

} // namespace

class TestGateDecision : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void requests_data();
    void requests();
    void tokensInTheUrl_data();
    void tokensInTheUrl() { requests(); }
    void verdicts_data();
    void verdicts();
    void stepUpNamesWhatIsNeeded();
    void scopesAreNamedButNotForHiddenPaths();
    void hiddenPathsAreLookedAtLikeUnknownOnes();
    void whoStaysAfterAReload();
    void limitsSayWhenToReturn();
    void acceptsAndTakesTheTokenFromEitherPlace();
    void probesAreForTheRightOnes();
    void limitedAddressesAreNotVerified();
    void drainingAnswersWithRetryAfter();
    void answerIsProblemJsonWithRef();
    void theAuditHasSentences();
};

void TestGateDecision::requests_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QByteArray>("challenge");
    const QByteArray good = "Authorization: Bearer abc.def.ghi\r\n";
    const QByteArray path = "/v1/stream";
    const QByteArray bare = "Bearer realm=\"/v1/stream\"";
    const QByteArray invalid = bare + ", error=\"invalid_token\"";
    const QByteArray badRequest = bare + ", error=\"invalid_request\"";
    const auto row = [](const char *name, const QByteArray &request, int status, const char *reason,
                        const QByteArray &challenge = {}) {
        QTest::newRow(name) << request << status << QString::fromLatin1(reason) << challenge;
    };
    row("no credential", upgrade(path, {}), 401, "no_credential", bare);
    row("another scheme", upgrade(path, "Authorization: Basic YTpi\r\n"), 401, "no_credential", bare);
    row("empty bearer", upgrade(path, "Authorization: Bearer\r\n"), 401, "malformed_token", invalid);
    row("not a token", upgrade(path, "Authorization: Bearer a b\r\n"), 401, "malformed_token", invalid);
    row("quote in the token", upgrade(path, "Authorization: Bearer a\"b\r\n"), 401, "malformed_token", invalid);
    row("bad base64url",
        upgrade(path,
                "Origin: https://app.example.com\r\nSec-WebSocket-Protocol: "
                "watchword.bearer.a+b\r\n"),
        401, "malformed_token", invalid);
    const QByteArray dpop = "DPoP realm=\"/v1/stream\", error=\"%\", algs=\"ES256 RS256 PS256 EdDSA\"";
    row("empty DPoP", upgrade(path, "Authorization: DPoP\r\n"), 401, "malformed_token",
        QByteArray(dpop).replace('%', "invalid_token"));
    row("two proofs", upgrade(path, "Authorization: DPoP abc\r\nDPoP: a\r\nDPoP: b\r\n"), 401, "dpop_several_proofs",
        QByteArray(dpop).replace('%', "invalid_dpop_proof"));
    row("bearer and DPoP", upgrade(path, good + "Authorization: DPoP abc\r\n"), 400, "two_credentials", badRequest);
    row("two headers", upgrade(path, good + good), 400, "two_credentials", badRequest);
    row("header and another scheme", upgrade(path, good + "Authorization: Basic YTpi\r\n"), 400, "two_credentials", badRequest);
    row("header and subprotocol", upgrade(path, good + bearerProtocol("x.y.z")), 400, "two_credentials", badRequest);
    row("two subprotocols", upgrade(path, bearerProtocol("x.y.z") + bearerProtocol("x.y.z")), 400, "two_credentials", badRequest);
    row("evil origin", upgrade(path, good + "Origin: https://evil.example\r\n"), 403, "origin_denied");
    row("null origin", upgrade(path, good + "Origin: null\r\n"), 403, "origin_denied");
    row("longer origin", upgrade(path, good + "Origin: https://app.example.com.evil\r\n"), 403, "origin_denied");
    row("other port", upgrade(path, good + "Origin: https://app.example.com:444\r\n"), 403, "origin_denied");
    row("other scheme", upgrade(path, good + "Origin: http://app.example.com\r\n"), 403, "origin_denied");
    row("two origins", upgrade(path, good + "Origin: https://app.example.com\r\nOrigin: https://evil.example\r\n"), 400,
        "two_origins");
    row("browser without origin", upgrade(path, bearerProtocol("x.y.z")), 403, "origin_missing");
    row("unknown path", upgrade("/v1/streams", good), 404, "unknown_path");
    row("encoded path", upgrade("/v1/%73tream", good), 404, "unknown_path");
    row("path with a slash more", upgrade("/v1/stream/", good), 404, "unknown_path");
    row("not an upgrade", "GET /v1/stream HTTP/1.1\r\nHost: a\r\n" + good + "\r\n", 426, "not_an_upgrade");
    row("POST", upgrade(path, good).replace(0, 3, "POST"), 426, "not_an_upgrade");
    row("HTTP/1.0", upgrade(path, good).replace("HTTP/1.1", "HTTP/1.0"), 426, "not_an_upgrade");
    row("version 8", upgrade(path, good).replace("Version: 13", "Version: 8"), 426, "wrong_version");
    row("no key", upgrade(path, good).replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400, "bad_key");
    row("short key", upgrade(path, good).replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400, "bad_key");
    row("body", upgrade(path, good + "Content-Length: 3\r\n"), 400, "upgrade_with_body");
    row("POST to a probe", "POST /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method");
}

void TestGateDecision::tokensInTheUrl_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QByteArray>("challenge");
    const QByteArray good = "Authorization: Bearer abc.def.ghi\r\n";
    const QByteArray path = "/v1/stream";
    const QByteArray badRequest = "Bearer realm=\"/v1/stream\", error=\"invalid_request\"";
    const auto row = [](const char *name, const QByteArray &request, int status, const char *reason,
                        const QByteArray &challenge = {}) {
        QTest::newRow(name) << request << status << QString::fromLatin1(reason) << challenge;
    };
    row("access_token in the URL", upgrade(path + "?access_token=abc", good), 400, "credential_in_url", badRequest);
    row("token in the URL", upgrade(path + "?a=1&token=abc", {}), 400, "credential_in_url", badRequest);
    row("id_token, encoded name", upgrade(path + "?id%5Ftoken=abc", {}), 400, "credential_in_url", badRequest);
    row("behind a semicolon", upgrade(path + "?a=1;access_token=abc", good), 400, "credential_in_url", badRequest);
    row("token in the URL of nothing", upgrade("/nothing?Access_Token=abc", {}), 400, "credential_in_url",
        "Bearer error=\"invalid_request\"");
    row("token in the URL of a probe", "GET /healthz?token=a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "credential_in_url",
        "Bearer error=\"invalid_request\"");
}

void TestGateDecision::requests()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    QFETCH(QString, reason);
    QFETCH(QByteArray, challenge);
    const ParsedHead parsed = parseHead(request);
    QCOMPARE(parsed.status, 0);
    const auto list = openTargets();
    GateContext context;
    context.targets = &list;
    const GateDecision decision = decideRequest(parsed.head, {QHostAddress(u"192.0.2.7"_s), 1}, context);
    QCOMPARE(decision.action, GateDecision::Action::Refuse);
    QCOMPARE(decision.refusal.status, status);
    QCOMPARE(decision.refusal.reasonCode, reason);
    QCOMPARE(header(decision.refusal, "WWW-Authenticate"), challenge);
    QVERIFY(decision.credential.isEmpty());
    if (status == 426) {
        QCOMPARE(header(decision.refusal, "Sec-WebSocket-Version"), QByteArray("13"));
        QCOMPARE(header(decision.refusal, "Upgrade"), QByteArray("websocket"));
    }
    const QString type = reason == "credential_in_url"_L1 ? u"credential.in_url"_s
        : reason.startsWith("origin"_L1)                  ? u"conn.origin_denied"_s
                                                          : u"conn.rejected"_s;
    QCOMPARE(decision.refusal.auditType, type);
    QVERIFY(!answerOf(decision.refusal, u"r"_s).contains("abc"));
}

void TestGateDecision::verdicts_data()
{
    QTest::addColumn<ErrorCode>("code");
    QTest::addColumn<int>("status");
    for (const ErrorCode code :
         {ErrorCode::MalformedToken, ErrorCode::BadSignature, ErrorCode::UnsupportedAlgorithm, ErrorCode::WrongIssuer,
          ErrorCode::WrongAudience, ErrorCode::WrongTokenType, ErrorCode::TokenExpired, ErrorCode::TokenNotYetValid,
          ErrorCode::RevokedOrExpired, ErrorCode::SessionRevoked, ErrorCode::UnknownKey, ErrorCode::MissingClaim})
        QTest::newRow(qPrintable(Error(code).codeName())) << code << 401;
    for (const ErrorCode code : {ErrorCode::TemporarilyUnavailable, ErrorCode::Timeout, ErrorCode::ConnectionRefused,
                                 ErrorCode::TlsFailed, ErrorCode::HttpStatus})
        QTest::newRow(qPrintable(Error(code).codeName())) << code << 503;
    QTest::newRow("Locked") << ErrorCode::Locked << 403;
}

void TestGateDecision::verdicts()
{
    QFETCH(ErrorCode, code);
    QFETCH(int, status);
    const GateDecision decision =
        decideIdentity(targets().first(), Error(code, u"why exactly"_s), ConnectionCaps::Refusal::None, kNow);
    QCOMPARE(decision.action, GateDecision::Action::Refuse);
    QCOMPARE(decision.refusal.status, status);
    const QByteArray bytes = answerOf(decision.refusal, u"r-1"_s);
    QVERIFY2(!bytes.contains("why exactly"), "the answer must not say why");
    if (status == 401) {
        QCOMPARE(header(decision.refusal, "WWW-Authenticate"),
                 QByteArray("Bearer realm=\"/v1/stream\", error=\"invalid_token\""));
        QCOMPARE(decision.refusal.reasonCode, Error(code).codeName());
    }
    if (status == 503)
        QCOMPARE(header(decision.refusal, "Retry-After"), QByteArray("5"));
    if (status == 403)
        QVERIFY(bytes.contains("urn:watchword:locked"));
}

void TestGateDecision::stepUpNamesWhatIsNeeded()
{
    const auto strong = targets().at(1);
    QCOMPARE(decideIdentity(strong, person(), ConnectionCaps::Refusal::None, kNow).action, GateDecision::Action::Accept);
    Identity weak = person();
    weak.acr = u"pwd"_s;
    const Refusal refusal = decideIdentity(strong, weak, ConnectionCaps::Refusal::None, kNow).refusal;
    QCOMPARE(refusal.status, 401);
    QCOMPARE(header(refusal, "WWW-Authenticate"),
             QByteArray("Bearer realm=\"/strong\", error=\"insufficient_user_authentication\", "
                        "acr_values=\"mfa phr\", max_age=300"));
    Identity old = person();
    old.authTime = kNow - std::chrono::seconds(301);
    QCOMPARE(decideIdentity(strong, old, ConnectionCaps::Refusal::None, kNow).refusal.reasonCode, u"sign_in_too_old"_s);
    old.authTime.reset();
    QCOMPARE(decideIdentity(strong, old, ConnectionCaps::Refusal::None, kNow).refusal.status, 401);
}

void TestGateDecision::scopesAreNamedButNotForHiddenPaths()
{
    Identity identity = person();
    identity.scopes = QStringList{u"orders:read"_s};
    const Refusal refusal = decideIdentity(targets().first(), identity, ConnectionCaps::Refusal::None, kNow).refusal;
    QCOMPARE(refusal.status, 403);
    QCOMPARE(header(refusal, "WWW-Authenticate"),
             QByteArray("Bearer realm=\"/v1/stream\", error=\"insufficient_scope\", scope=\"orders:read orders:write\""));
    const Refusal hidden = decideIdentity(targets().at(2), identity, ConnectionCaps::Refusal::None, kNow).refusal;
    QCOMPARE(hidden.status, 404);
    QVERIFY(hidden.headers.isEmpty());
    const ParsedHead unknown = parseHead(upgrade("/nothing", {}));
    const auto list = targets();
    GateContext context;
    context.targets = &list;
    const Refusal other = decideRequest(unknown.head, {}, context).refusal;
    QCOMPARE(answerOf(hidden, u"r"_s), answerOf(other, u"r"_s));
}

void TestGateDecision::hiddenPathsAreLookedAtLikeUnknownOnes()
{
    const auto list = targets();
    GateContext context;
    context.targets = &list;
    const GateTarget *counted = list.first().get();
    context.handshakeRate = [&counted](const GateTarget *target) {
        counted = target;
        return std::optional<Duration>();
    };
    for (const QByteArray &path : {QByteArray("/hidden"), QByteArray("/nothing")}) {
        const ParsedHead head = parseHead(upgrade(path, "Authorization: Bearer a.b.c\r\nOrigin: https://evil.example\r\n"));
        const GateDecision decision = decideRequest(head.head, {}, context);
        QCOMPARE(decision.action, GateDecision::Action::Verify);
        QCOMPARE(decision.settled->status, 404);
        QVERIFY(!counted);
        const Error trouble(ErrorCode::Timeout, u"slow"_s);
        QCOMPARE(decideSettled(*decision.settled, trouble).status, 503);
        QCOMPARE(decideSettled(*decision.settled, person()).status, 404);
        QCOMPARE(decideSettled(*decision.settled, Error(ErrorCode::Locked, {})).status, 404);
        const ParsedHead bare = parseHead(upgrade(path, {}));
        QCOMPARE(decideRequest(bare.head, {}, context).refusal.status, 404);
        context.draining = true;
        QCOMPARE(decideRequest(head.head, {}, context).refusal.status, 503);
        QCOMPARE(decideRequest(bare.head, {}, context).refusal.status, 404);
        context.draining = false;
    }
    const auto hidden = list.at(2);
    QCOMPARE(decideIdentity(hidden, Error(ErrorCode::Timeout, {}), ConnectionCaps::Refusal::None, kNow).refusal.status, 503);
    QCOMPARE(decideIdentity(hidden, Error(ErrorCode::Locked, {}), ConnectionCaps::Refusal::None, kNow).refusal.status, 404);
    Possession possession{true, ProofProblem{ProofProblem::Kind::NonceWanted, u"dpop_nonce"_s, {}}};
    const Refusal nonce = decideIdentity(hidden, person(), ConnectionCaps::Refusal::None, kNow, possession).refusal;
    QCOMPARE(nonce.status, 401);
    QVERIFY(!header(nonce, "WWW-Authenticate").contains("realm"));
    possession.problem->kind = ProofProblem::Kind::InvalidProof;
    QCOMPARE(decideIdentity(hidden, person(), ConnectionCaps::Refusal::None, kNow, possession).refusal.status, 404);
}

void TestGateDecision::whoStaysAfterAReload()
{
    GateTarget target = *targets().first();
    const QString origin = target.origins.first();
    QVERIFY(isStillAllowed(target, person(), origin));
    QVERIFY(isStillAllowed(target, person(), {}));
    QVERIFY(!isStillAllowed(target, person(), u"https://gone.example.com"_s));
    target.requireDpop = true;
    QVERIFY(!isStillAllowed(target, person(), origin));
    Identity bound = person();
    bound.keyThumbprint = u"k"_s;
    QVERIFY(isStillAllowed(target, bound, origin));
    target.scopes += u"orders:admin"_s;
    QVERIFY(!isStillAllowed(target, bound, origin));
    // The sign-in is another matter: it can be done again on the spot.
    GateTarget strong = *targets().at(1);
    QCOMPARE(signInWeakness(strong, person(), kNow), QString());
    QCOMPARE(signInWeakness(strong, person(), kNow + std::chrono::seconds(291)), u"sign_in_too_old"_s);
    Identity weak = person();
    weak.acr.clear();
    QCOMPARE(signInWeakness(strong, weak, kNow), u"acr_too_weak"_s);
    QVERIFY(isStillAllowed(strong, weak, origin));
}

void TestGateDecision::limitsSayWhenToReturn()
{
    for (const ConnectionCaps::Refusal caps : {ConnectionCaps::Refusal::EndpointFull, ConnectionCaps::Refusal::UserFull}) {
        const Refusal refusal = decideIdentity(targets().first(), person(), caps, kNow).refusal;
        QCOMPARE(refusal.status, 429);
        QVERIFY(header(refusal, "Retry-After").toInt() >= 1);
        QCOMPARE(refusal.auditType, u"limit.hit"_s);
    }
}

void TestGateDecision::acceptsAndTakesTheTokenFromEitherPlace()
{
    const auto list = targets();
    GateContext context;
    context.targets = &list;
    const ParsedHead header = parseHead(upgrade("/v1/stream?a=1", "Authorization: bearer abc.def.ghi\r\n"));
    const GateDecision byHeader = decideRequest(header.head, {}, context);
    QCOMPARE(byHeader.action, GateDecision::Action::Verify);
    QCOMPARE(byHeader.credential.reveal().toByteArray(), QByteArray("abc.def.ghi"));
    const ParsedHead browser =
        parseHead(upgrade("/v1/stream", "Origin: https://app.example.com\r\n" + bearerProtocol("abc.def.ghi")));
    const GateDecision bySubprotocol = decideRequest(browser.head, {}, context);
    QCOMPARE(bySubprotocol.action, GateDecision::Action::Verify);
    QCOMPARE(bySubprotocol.credential.reveal().toByteArray(), QByteArray("abc.def.ghi"));
    QVERIFY(!byHeader.isDpop && !bySubprotocol.isDpop);
    const ParsedHead dpop = parseHead(upgrade("/v1/stream", "Authorization: DPoP abc.def.ghi\r\nDPoP: p.r.f\r\n"));
    const GateDecision withProof = decideRequest(dpop.head, {}, context);
    QCOMPARE(withProof.action, GateDecision::Action::Verify);
    QCOMPARE(withProof.credential.reveal().toByteArray(), QByteArray("abc.def.ghi"));
    QVERIFY(withProof.isDpop);
    QCOMPARE(withProof.proof, QByteArray("p.r.f"));
    QCOMPARE(decideIdentity(list.first(), person(), ConnectionCaps::Refusal::None, kNow).action, GateDecision::Action::Accept);
}

// Everybody may ask whether the gateway lives; its counters are for the operators' own network.
void TestGateDecision::probesAreForTheRightOnes()
{
    const auto list = targets();
    GateContext context;
    context.targets = &list;
    const auto statusFor = [&context](const QByteArray &line, const QString &address, const QByteArray &fields = {},
                                      bool viaProxy = false) {
        GatePeer peer;
        peer.address = QHostAddress(address);
        peer.viaProxy = viaProxy;
        const ParsedHead parsed = parseHead(line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
        const GateDecision decision = decideRequest(parsed.head, peer, context);
        return decision.action == GateDecision::Action::Probe ? 200 : decision.refusal.status;
    };
    for (const QString &inside : {u"127.0.0.1"_s, u"::1"_s, u"10.1.2.3"_s, u"172.31.0.1"_s, u"192.168.1.1"_s, u"fd00::1"_s})
        QCOMPARE(statusFor("GET /metrics", inside), 200);
    for (const QString &outside : {u"8.8.8.8"_s, u"172.32.0.1"_s, u"192.169.0.1"_s, u"2001:db8::1"_s}) {
        QCOMPARE(statusFor("GET /metrics", outside), 404);
        QCOMPARE(statusFor("GET /healthz", outside), 200);
    }
    QCOMPARE(statusFor("TRACE /metrics", u"127.0.0.1"_s), 405);
    // A proxy on this machine of which nobody was told makes nobody near.
    for (const char *field :
         {"X-Forwarded-For: 8.8.8.8\r\n", "Forwarded: for=8.8.8.8\r\n", "X-Real-IP: 8.8.8.8\r\n", "Via: 1.1 a\r\n"}) {
        QCOMPARE(statusFor("GET /metrics", u"127.0.0.1"_s, field), 404);
        QCOMPARE(statusFor("GET /healthz", u"127.0.0.1"_s, field), 200);
        QCOMPARE(statusFor("GET /metrics", u"10.1.2.3"_s, field, true), 200); // as a trusted proxy says
    }
}

void TestGateDecision::limitedAddressesAreNotVerified()
{
    const auto list = targets();
    GateContext context;
    context.targets = &list;
    context.handshakeRate = [](const GateTarget *) { return std::optional<Duration>(1500); };
    const ParsedHead parsed = parseHead(upgrade("/v1/stream", "Authorization: Bearer abc\r\n"));
    const GateDecision decision = decideRequest(parsed.head, {}, context);
    QCOMPARE(decision.refusal.status, 429);
    QCOMPARE(header(decision.refusal, "Retry-After"), QByteArray("2"));
    const ParsedHead probe = parseHead("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    QCOMPARE(decideRequest(probe.head, {}, context).action, GateDecision::Action::Probe);
}

void TestGateDecision::drainingAnswersWithRetryAfter()
{
    const auto list = targets();
    GateContext context;
    context.targets = &list;
    context.draining = true;
    const ParsedHead parsed = parseHead(upgrade("/v1/stream", "Authorization: Bearer abc\r\n"));
    const GateDecision decision = decideRequest(parsed.head, {}, context);
    QCOMPARE(decision.refusal.status, 503);
    QVERIFY(!header(decision.refusal, "Retry-After").isEmpty());
    context.draining = false;
    context.isMemoryFull = true;
    const GateDecision full = decideRequest(parsed.head, {}, context);
    QCOMPARE(full.refusal.status, 503);
    QCOMPARE(full.refusal.reasonCode, u"memory"_s);
    QCOMPARE(full.refusal.auditType, u"limit.hit"_s);
    QVERIFY(!header(full.refusal, "Retry-After").isEmpty());
    context.isMemoryFull = false;
    context.isAuditNeeded = true;
    const GateDecision unrecorded = decideRequest(parsed.head, {}, context);
    QCOMPARE(unrecorded.refusal.status, 503);
    QCOMPARE(unrecorded.refusal.reasonCode, u"audit_unavailable"_s);
    QVERIFY(!header(unrecorded.refusal, "Retry-After").isEmpty());
    const ParsedHead probe = parseHead("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    QCOMPARE(decideRequest(probe.head, {}, context).action, GateDecision::Action::Probe);
}

void TestGateDecision::answerIsProblemJsonWithRef()
{
    const ParsedHead invalid = parseHead("\x16\x03\x01garbage\r\n\r\n");
    QCOMPARE(invalid.status, 400);
    const Refusal refusal = refusalOfHead(invalid);
    const QByteArray bytes = answerOf(refusal, u"ref-1"_s);
    QVERIFY(bytes.startsWith("HTTP/1.1 400 "));
    QVERIFY(bytes.contains("application/problem+json"));
    const QJsonObject body = QJsonDocument::fromJson(bytes.mid(bytes.indexOf("\r\n\r\n") + 4)).object();
    QCOMPARE(body.value("ref"_L1).toString(), u"ref-1"_s);
    QCOMPARE(body.value("status"_L1).toInt(), 400);
    QVERIFY(body.contains("type"_L1) && body.contains("title"_L1));
    using Wire::HeadFault;
    QCOMPARE(refusalOfHead(problemOf(HeadFault::LineTooLong)).status, 431);
    QCOMPARE(refusalOfHead(problemOf(HeadFault::LineTooLong)).reasonCode, u"head_too_large"_s);
    QCOMPARE(refusalOfHead(problemOf(HeadFault::FirstLineTooLong)).status, 414);
    QCOMPARE(refusalOfHead(problemOf(HeadFault::Version)).status, 505);
    QCOMPARE(refusalOfHead(lateHead()).status, 408);
}

void TestGateDecision::theAuditHasSentences()
{
    const ParsedHead invalid = parseHead("\x16\x03\x01garbage\r\n\r\n");
    for (const Refusal &refusal : {refusalOfHead(invalid), refusalOfPlainPeer(), Refusal::ofUnknownPath(),
                                   Refusal::ofHandshakes(std::chrono::seconds(1))}) {
        const QString sentence = refusal.sentence();
        QVERIFY2(sentence.at(0).isUpper() && sentence.endsWith(u'.') && !sentence.endsWith(u".."_s), qPrintable(sentence));
    }
    QCOMPARE(Refusal::of(403, "T", u"r"_s, u"Already one."_s).sentence(), u"Already one."_s);
    QCOMPARE(Refusal::of(403, "T", u"r"_s, u"is it?"_s).sentence(), u"Is it?"_s);
    QVERIFY(Refusal::of(403, "T", u"r"_s, {}).sentence().isEmpty());
}

WATCHWORD_TEST_MAIN(TestGateDecision)
#include "tst_gatedecision.moc"
