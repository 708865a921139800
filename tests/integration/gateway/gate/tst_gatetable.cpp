// SPDX-License-Identifier: Apache-2.0
// Every answer of the gate to an upgrade, byte by byte, and what the audit says of it (protocol.md, "Answers to a refused
// upgrade").
#include "auditedgate.h"
#include "gate/refusal.h"
#include "support/testmain.h"
#include "watchword/jose/base64url.h"

#include <QElapsedTimer>
#include <QJsonDocument>
#include <QRegularExpression>

#include <algorithm>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QByteArray kPage = "Origin: https://app.example.com\r\n";

QByteArray offer(const QByteArray &token, const QByteArray &others = "watchword.v1, ")
{
    return "Sec-WebSocket-Protocol: " + others + "watchword.bearer." + toBase64Url(token) + "\r\n";
}

// What the whole answer has to be, but for the date and the reference, which are \1 and \2 here.
QByteArray refused(const QByteArray &statusLine, const QByteArray &headers, const QByteArray &title,
                   const QByteArray &connection = "close")
{
    const QByteArray status = statusLine.left(3);
    const QByteArray body = R"({"ref":"%2","status":)" + status + R"(,"title":")" + title + R"(","type":"about:blank"})";
    const qsizetype length = body.size() - 2 + 36; // a UUID stands for %2
    return "HTTP/1.1 " + statusLine + "\r\nDate: %1\r\n" + headers
        + "Content-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
          "Referrer-Policy: no-referrer\r\nStrict-Transport-Security: max-age=31536000\r\nConnection: "
        + connection + "\r\nContent-Length: " + QByteArray::number(length) + "\r\n\r\n" + body;
}

QByteArray challenge(const QByteArray &value)
{
    return "WWW-Authenticate: " + value + "\r\n";
}

void addColumns()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<QByteArray>("expected");
    QTest::addColumn<QString>("reason");
}

void row(const char *name, const QByteArray &request, const QByteArray &expected, const QString &reason)
{
    QTest::newRow(name) << request << expected << reason;
}

QByteArray up(const QByteArray &token, const QByteArray &fields = {}, const QByteArray &path = "/echo")
{
    return GateFixture::upgrade(path, token, fields);
}

QString referenceIn(const QByteArray &answer)
{
    return QJsonDocument::fromJson(answer.mid(answer.indexOf("\r\n\r\n") + 4)).object().value("ref"_L1).toString();
}

// The date and the reference of \a answer, put where \a expected has its marks.
QByteArray filled(QByteArray expected, const QByteArray &answer)
{
    static const QRegularExpression date(
        u"\r\nDate: ([A-Z][a-z]{2}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT)\r\n"_s);
    static const QRegularExpression uuid(u"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"_s);
    const QString ref = referenceIn(answer);
    if (uuid.match(ref).hasMatch())
        expected.replace("%2", ref.toLatin1());
    return expected.replace("%1", date.match(QString::fromLatin1(answer)).captured(1).toLatin1());
}

} // namespace

class TestGateTable : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void ways_data();
    void ways() { check(); }
    void tokens_data();
    void tokens() { check(); }
    void rights_data();
    void rights() { check(); }
    void requests_data();
    void requests() { check(); }
    void admittedByTheHeader();
    void admittedByTheSubprotocol();
    void laterIsSpread();
    void nothingTellsAHiddenEndpoint_data();
    void nothingTellsAHiddenEndpoint();
    void hiddenEndpointsTakeTheTime();
    void everyRefusalIsInTheAudit();

private:
    void check();
    QByteArray changed(const QString &name, const QJsonValue &value)
    {
        QJsonObject claims = m_gate.claims();
        claims.insert(name, value);
        return m_gate.token(claims);
    }

    AuditedGate m_gate;
    QHash<QString, QString> m_reasons; // by reference
};

void TestGateTable::initTestCase()
{
    QVERIFY(m_gate.prepare());
    m_gate.config.listen.headTimeout = 500ms;
    EndpointConfig &strong = m_gate.addEndpoint(u"/strong"_s, EndpointConfig::Service::Echo);
    strong.acrValues = QStringList{u"mfa"_s, u"phr"_s};
    strong.maxAge = 300s;
    m_gate.addEndpoint(u"/bound"_s, EndpointConfig::Service::Echo).requireDpop = true;
    m_gate.addEndpoint(u"/header"_s, EndpointConfig::Service::Echo).credentials = EndpointConfig::CredentialWay::Header;
    m_gate.addEndpoint(u"/pages"_s, EndpointConfig::Service::Echo).credentials = EndpointConfig::CredentialWay::Subprotocol;
    m_gate.addEndpoint(u"/few"_s, EndpointConfig::Service::Echo).limits.handshakesPerSecond = 1;
    EndpointConfig &full = m_gate.addEndpoint(u"/full"_s, EndpointConfig::Service::Echo);
    full.limits.connectionsPerUser = 1;
    EndpointConfig &hidden = m_gate.addEndpoint(u"/hidden"_s, EndpointConfig::Service::Echo);
    hidden.hidden = true;
    hidden.limits.handshakesPerSecond = 0;
    hidden.scopes = QStringList{u"secret"_s};
    m_gate.config.watch = WatchConfig{};
    QVERIFY(m_gate.begin());
}

void TestGateTable::ways_data()
{
    addColumns();
    const QByteArray good = m_gate.token();
    const QByteArray bare = challenge("Bearer realm=\"/echo\"");
    const QByteArray missing = refused("401 Unauthorized", bare, "Sign-in needed");
    row("no credential", up({}), missing, u"no_credential"_s);
    row("a scheme that is none of ours", up({}, "Authorization: Basic YTpi\r\n"), missing, u"no_credential"_s);
    row("a page without a token", up({}, kPage + "Sec-WebSocket-Protocol: watchword.v1\r\n"), missing, u"no_credential"_s);
    row("subprotocol where only a header is accepted", up({}, kPage + offer(good), "/header"),
        refused("401 Unauthorized", challenge("Bearer realm=\"/header\""), "Sign-in needed"), u"credential_way"_s);
    row("header where only a subprotocol is accepted", up(good, kPage, "/pages"),
        refused("401 Unauthorized", challenge("Bearer realm=\"/pages\""), "Sign-in needed"), u"credential_way"_s);
    row("ticket where none is sold", up({}, kPage, "/echo?ticket=abc"), missing, u"no_credential"_s);
}

void TestGateTable::tokens_data()
{
    addColumns();
    const QByteArray good = m_gate.token();
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    // One text for all that is wrong with a token.
    const QByteArray invalid =
        refused("401 Unauthorized", challenge("Bearer realm=\"/echo\", error=\"invalid_token\""), "Token not accepted");
    row("bad signature", up(signJwt(m_gate.stranger, u"at+jwt"_s, m_gate.claims()).value()), invalid, u"UnknownKey"_s);
    row("signature changed", up(good.chopped(8) + "AAAAAAAA"), invalid, u"BadSignature"_s);
    row("wrong audience", up(changed(u"aud"_s, u"other"_s)), invalid, u"WrongAudience"_s);
    row("wrong issuer", up(changed(u"iss"_s, u"https://evil.example"_s)), invalid, u"WrongIssuer"_s);
    row("alg none", up("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + good.split('.').at(1) + "."), invalid,
        u"UnsupportedAlgorithm"_s);
    row("malformed", up("abc.def"), invalid, u"MalformedToken"_s);
    row("no token behind the scheme", up({}, "Authorization: Bearer\r\n"), invalid, u"malformed_token"_s);
    row("ID token", up(m_gate.token(m_gate.claims(), u"JWT"_s)), invalid, u"WrongTokenType"_s);
    row("expired", up(changed(u"exp"_s, now - 5)), invalid, u"TokenExpired"_s);
    row("not yet valid", up(changed(u"nbf"_s, now + 600)), invalid, u"TokenNotYetValid"_s);
    row("by subprotocol", up({}, kPage + offer("abc.def")), invalid, u"MalformedToken"_s);
}

void TestGateTable::rights_data()
{
    addColumns();
    const QByteArray good = m_gate.token();
    row("scope missing", up(changed(u"scope"_s, u"more"_s)),
        refused("403 Forbidden", challenge("Bearer realm=\"/echo\", error=\"insufficient_scope\", scope=\"use\""), "Not allowed"),
        u"insufficient_scope"_s);
    row("weaker sign-in", up(changed(u"acr"_s, u"pwd"_s), {}, "/strong"),
        refused("401 Unauthorized",
                challenge(
                    "Bearer realm=\"/strong\", error=\"insufficient_user_authentication\", acr_values=\"mfa phr\", max_age=300"),
                "Stronger sign-in needed"),
        u"acr_too_weak"_s);
    row("unbound token", up(good, {}, "/bound"),
        refused("401 Unauthorized", challenge("DPoP realm=\"/bound\", error=\"invalid_token\", algs=\"ES256 RS256 PS256 EdDSA\""),
                "Token not accepted"),
        u"dpop_required"_s);
    const QByteArray foreign = refused("403 Forbidden", {}, "Origin not allowed");
    row("Origin", up(good, "Origin: https://evil.example\r\n"), foreign, u"origin_denied"_s);
    row("Origin null", up(good, "Origin: null\r\n"), foreign, u"origin_denied"_s);
    row("page without Origin", up({}, offer(good)), foreign, u"origin_missing"_s);
}

void TestGateTable::requests_data()
{
    addColumns();
    const QByteArray good = m_gate.token();
    const QByteArray error = "Bearer realm=\"/echo\", error=\"invalid_request\"";
    const QByteArray inUrl = refused("400 Bad Request", challenge(error), "Token in the URL");
    row("token in the URL", up({}, {}, "/echo?access_token=" + good), inUrl, u"credential_in_url"_s);
    row("behind a semicolon", up(good, {}, "/echo?a=1;access_token=x"), inUrl, u"credential_in_url"_s);
    row("as jwt", up(good, {}, "/echo?JWT=x"), inUrl, u"credential_in_url"_s);
    row("in the URL of nothing", up({}, {}, "/nothing?token=x"),
        refused("400 Bad Request", challenge("Bearer error=\"invalid_request\""), "Token in the URL"), u"credential_in_url"_s);
    const QByteArray two = refused("400 Bad Request", challenge(error), "Two credentials");
    row("two headers", up(good, "Authorization: Bearer " + good + "\r\n"), two, u"two_credentials"_s);
    row("header and subprotocol", up(good, kPage + offer(good)), two, u"two_credentials"_s);
    row("two subprotocols", up({}, kPage + offer(good) + offer(good)), two, u"two_credentials"_s);

    const QByteArray unknown = refused("404 Not Found", {}, "Not found");
    row("unknown path", up(good, {}, "/nothing"), unknown, u"unknown_path"_s);
    const QByteArray old = refused("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n",
                                   "Upgrade required", "close, Upgrade");
    row("not an upgrade", "GET /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + good + "\r\n\r\n", old,
        u"not_an_upgrade"_s);
    row("version 8", up(good).replace("Version: 13", "Version: 8"), old, u"wrong_version"_s);
    row("no key", up(good).replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
        refused("400 Bad Request", {}, "Bad request"), u"bad_key"_s);
    row("garbage", "\x01\x02\x03 garbage\r\n\r\n", refused("400 Bad Request", {}, "Bad request"), u"malformed_head"_s);
    row("a head that does not end", "GET /echo HTTP/1.1\r\nHost:", refused("408 Request Timeout", {}, "Request timeout"),
        u"head_timeout"_s);
    row("an endless line", "GET /" + QByteArray(60'000, 'x'), refused("414 URI Too Long", {}, "Request target too long"),
        u"target_too_long"_s);
    row("a large head", up(good, "X: " + QByteArray(17'000, 'x') + "\r\n"),
        refused("431 Request Header Fields Too Large", {}, "Request head too large"), u"head_too_large"_s);
    row("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refused("505 HTTP Version Not Supported", {}, "HTTP version not supported"),
        u"http_version"_s);
    row("a monitor without its subprotocol", up(good, {}, "/audit"), refused("400 Bad Request", {}, "Subprotocol needed"),
        u"subprotocol_missing"_s);
}

void TestGateTable::check()
{
    QFETCH(QByteArray, request);
    QFETCH(QByteArray, expected);
    QFETCH(QString, reason);
    const QByteArray answer = m_gate.exchange(request);
    QCOMPARE(answer, filled(expected, answer));
    m_reasons.insert(referenceIn(answer), reason);
}

void TestGateTable::admittedByTheHeader()
{
    // RFC 6455 section 1.3 has the value for this key.
    const QByteArray answer = m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token()));
    QCOMPARE(answer.first(answer.indexOf("\r\n\r\n") + 4),
             QByteArray("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
}

void TestGateTable::admittedByTheSubprotocol()
{
    const QByteArray answer =
        m_gate.exchange(GateFixture::upgrade("/echo", {}, kPage + offer(m_gate.token(), "other, watchword.v1, ")));
    const QByteArray head = answer.first(answer.indexOf("\r\n\r\n") + 4);
    QCOMPARE(head,
             QByteArray("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: watchword.v1\r\n\r\n"));
    // Alone it is of no use to a browser, which wants one of its offers chosen; it is not echoed even then.
    QVERIFY(!m_gate.exchange(GateFixture::upgrade("/echo", {}, kPage + offer(m_gate.token(), {})))
                 .contains("Sec-WebSocket-Protocol"));
}

void TestGateTable::laterIsSpread()
{
    QByteArray limited;
    for (int i = 0; i < 4 && !limited.startsWith("HTTP/1.1 429"); ++i)
        limited = m_gate.exchange(GateFixture::upgrade("/few", m_gate.token()));
    QCOMPARE(limited, filled(refused("429 Too Many Requests", "Retry-After: 1\r\n", "Too many requests"), limited));
    m_reasons.insert(referenceIn(limited), u"handshakes_per_second"_s);
    const auto first = m_gate.client(u"/full"_s, m_gate.token());
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 1; }));
    const QByteArray full = m_gate.exchange(GateFixture::upgrade("/full", m_gate.token()));
    QCOMPARE(full, filled(refused("429 Too Many Requests", "Retry-After: 30\r\n", "Too many connections"), full));
    m_reasons.insert(referenceIn(full), u"connections_per_user"_s);

    Refusal refusal = Refusal::until(503, "Try again later", u"x"_s, {}, 10s);
    spreadReturn(refusal, 0);
    QVERIFY(answerOf(refusal, {}).contains("\r\nRetry-After: 10\r\n"));
    spreadReturn(refusal, 0.75);
    QVERIFY(answerOf(refusal, {}).contains("\r\nRetry-After: 18\r\n"));
    Refusal limit = Refusal::until(429, "Too many", u"x"_s, {}, 10s);
    spreadReturn(limit, 1);
    QVERIFY(answerOf(limit, {}).contains("\r\nRetry-After: 10\r\n"));
}

void TestGateTable::nothingTellsAHiddenEndpoint_data()
{
    QTest::addColumn<QByteArray>("request"); // for the path /hidden
    QTest::addColumn<QString>("reason");
    const QByteArray good = m_gate.token();
    const auto row = [](const char *name, const QByteArray &request, const char *reason) {
        QTest::newRow(name) << request << QString::fromLatin1(reason);
    };
    const auto up = [](const QByteArray &token, const QByteArray &fields = {}) {
        return GateFixture::upgrade("/hidden", token, fields);
    };
    row("no credential", up({}), "no_credential");
    row("scope missing", up(good), "insufficient_scope");
    row("bad token", up("abc.def"), "MalformedToken");
    row("expired", up(changed(u"exp"_s, 5)), "TokenExpired");
    row("no upgrade", "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", "not_an_upgrade");
    row("no upgrade, with a token", "GET /hidden HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + good + "\r\n\r\n",
        "not_an_upgrade");
    row("Origin", up(good, "Origin: https://evil.example\r\n"), "origin_denied");
    row("good Origin", up(good, kPage), "insufficient_scope");
    row("two credentials", up(good, "Authorization: Bearer x\r\n"), "two_credentials");
    row("by subprotocol", up({}, kPage + offer(good)), "insufficient_scope");
    row("bound", up({}, "Authorization: DPoP " + good + "\r\nDPoP: a.b.c\r\n"), "dpop_token_not_bound");
}

void TestGateTable::nothingTellsAHiddenEndpoint()
{
    QFETCH(QByteArray, request);
    QFETCH(QString, reason);
    const QByteArray hidden = m_gate.exchange(request);
    const QByteArray unknown = m_gate.exchange(QByteArray(request).replace("/hidden", "/hidded"));
    const QByteArray expected = refused("404 Not Found", {}, "Not found");
    QCOMPARE(hidden, filled(expected, hidden));
    QCOMPARE(unknown, filled(expected, unknown));
    m_reasons.insert(referenceIn(hidden), reason);
    m_reasons.insert(referenceIn(unknown), u"unknown_path"_s);
}

void TestGateTable::hiddenEndpointsTakeTheTime()
{
    QJsonObject claims = m_gate.claims();
    claims.insert(u"scope"_s, u"secret"_s);
    QVERIFY(m_gate.exchange(GateFixture::upgrade("/hidden", m_gate.token(claims))).startsWith("HTTP/1.1 101 "));
    // Both have the token looked at. With an issuer that cannot be asked, that shows.
    GateFixture other;
    QVERIFY(other.prepare());
    other.addEndpoint(u"/hidden"_s, EndpointConfig::Service::Echo).hidden = true;
    const QByteArray token = other.token();
    other.issuer->close();
    QVERIFY(other.start());
    for (const QByteArray &path : {QByteArray("/hidden"), QByteArray("/hidded")})
        QVERIFY(other.exchange(GateFixture::upgrade(path, token)).startsWith("HTTP/1.1 503 "));
    // And it shows in the time, which is that of a signature.
    std::vector<qint64> times[2];
    for (int i = 0; i < 80; ++i) {
        QElapsedTimer timer;
        timer.start();
        m_gate.exchange(GateFixture::upgrade(i % 2 ? "/hidden" : "/hidded", m_gate.token()));
        times[i % 2].push_back(timer.nsecsElapsed() / 1000);
    }
    for (std::vector<qint64> &list : times)
        std::sort(list.begin(), list.end());
    const qint64 unknown = times[0][20];
    const qint64 hidden = times[1][20];
    qInfo("median: %lld us for an unknown path, %lld us for a hidden one", static_cast<long long>(unknown),
          static_cast<long long>(hidden));
    QVERIFY(hidden < 2 * unknown && unknown < 2 * hidden);
}

// Last: it ends the gateway.
void TestGateTable::everyRefusalIsInTheAudit()
{
    QHash<QString, AuditEvent> events;
    const QList<AuditEvent> all = m_gate.events();
    for (const AuditEvent &event : all)
        events.insert(event.id, event);
    QVERIFY(m_reasons.size() > 60);
    for (auto it = m_reasons.cbegin(); it != m_reasons.cend(); ++it) {
        QVERIFY2(events.contains(it.key()), qPrintable(it.value()));
        const AuditEvent event = events.value(it.key());
        QCOMPARE(event.data.value("reason_code"_L1).toString(), it.value());
        QVERIFY(!event.data.value("message"_L1).toString().isEmpty());
        const bool isLimit = it.value() == "handshakes_per_second"_L1 || it.value() == "connections_per_user"_L1;
        const QString type = isLimit               ? u"limit.hit"_s
            : it.value() == "credential_in_url"_L1 ? u"credential.in_url"_s
            : it.value().startsWith("origin_"_L1)  ? u"conn.origin_denied"_s
                                                   : u"conn.rejected"_s;
        QCOMPARE(event.shortType(), type);
    }
}

WATCHWORD_TEST_MAIN(TestGateTable)
#include "tst_gatetable.moc"
