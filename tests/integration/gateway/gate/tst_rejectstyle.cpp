// SPDX-License-Identifier: Apache-2.0
#include "auditedgate.h"
#include "relaypeers.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/core/frame.h"
#include "watchword/jose/base64url.h"

#include <QRegularExpression>
#include <QSslSocket>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

constexpr char kOrigin[] = "Origin: https://app.example.com\r\n";

QByteArray offer(const QByteArray &names, const QByteArray &token)
{
    QByteArray field = "Sec-WebSocket-Protocol: " + names;
    if (!token.isEmpty())
        field += (names.isEmpty() ? "" : ", ") + QByteArray("watchword.bearer.") + toBase64Url(token);
    return field + "\r\n";
}

} // namespace

/*! reject_style = "accept_then_close": how a page in a browser hears why it was refused. */
class TestRejectStyle : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void pagesHearACode_data();
    void pagesHearACode();
    void othersHearAStatus_data();
    void othersHearAStatus();
    void theByeSaysTheRest();
    void limitsAreCodesToo();
    void upstreamsRefusalsAreCodesToo();
    void overTheLimitAHiddenOneIsUnknown_data();
    void overTheLimitAHiddenOneIsUnknown();
    void whoNeverReadsCostsLittle();
    void npmWs();

private:
    bool prepare(AuditedGate &gate);
};

bool TestRejectStyle::prepare(AuditedGate &gate)
{
    if (!gate.prepare())
        return false;
    EndpointConfig &endpoint = gate.addEndpoint(u"/page"_s, EndpointConfig::Service::Echo);
    endpoint.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    endpoint.subprotocols = QStringList{u"chat"_s};
    EndpointConfig &hidden = gate.addEndpoint(u"/hidden"_s, EndpointConfig::Service::Echo);
    hidden.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    hidden.scopes = QStringList{u"nobody"_s};
    hidden.hidden = true;
    hidden.isPrefix = true;
    EndpointConfig &strong = gate.addEndpoint(u"/strong"_s, EndpointConfig::Service::Echo);
    strong.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    strong.acrValues = QStringList{u"mfa"_s};
    strong.maxAge = 100s;
    return gate.begin();
}

void TestRejectStyle::pagesHearACode_data()
{
    QTest::addColumn<QByteArray>("names");
    QTest::addColumn<QString>("credential");
    QTest::addColumn<QByteArray>("chosen");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("reason");
    QTest::newRow("none") << QByteArray("chat") << QString() << QByteArray("chat") << 4402 << QByteArray("token_invalid");
    QTest::newRow("not a token") << QByteArray("chat") << u"x"_s << QByteArray("chat") << 4402 << QByteArray("token_invalid");
    QTest::newRow("expired") << QByteArray("chat") << u"expired"_s << QByteArray("chat") << 4401 << QByteArray("token_expired");
    QTest::newRow("foreign key") << QByteArray("chat") << u"foreign"_s << QByteArray("chat") << 4402
                                 << QByteArray("token_invalid");
    QTest::newRow("no scope") << QByteArray("chat") << u"weak"_s << QByteArray("chat") << 4403 << QByteArray("forbidden");
    QTest::newRow("by preference") << QByteArray("other, chat, watchword.v1") << u"weak"_s << QByteArray("watchword.v1") << 4403
                                   << QByteArray("forbidden");
    QTest::newRow("nothing that is served") << QByteArray("other, more") << u"weak"_s << QByteArray("other") << 4403
                                            << QByteArray("forbidden");
    QTest::newRow("a token alone") << QByteArray() << u"weak"_s << QByteArray() << 4403 << QByteArray("forbidden");
}

void TestRejectStyle::pagesHearACode()
{
    QFETCH(const QByteArray, names);
    QFETCH(const QString, credential);
    QFETCH(const QByteArray, chosen);
    QFETCH(const int, code);
    QFETCH(const QByteArray, reason);
    AuditedGate gate;
    QVERIFY(prepare(gate));
    QJsonObject claims = gate.claims(u"ada"_s, credential == "expired"_L1 ? -60 : 60);
    if (credential == "expired"_L1)
        claims.insert("iat"_L1, claims.value("exp"_L1).toInteger() - 60);
    if (credential == "weak"_L1)
        claims.insert("scope"_L1, u"other"_s);
    QByteArray token = gate.token(claims);
    if (credential == "foreign"_L1)
        token = signJwt(gate.stranger, u"at+jwt"_s, claims).value();
    else if (credential == "x"_L1 || credential.isEmpty())
        token = credential.toLatin1();
    RawClient client(gate, RawClient::Head{GateFixture::upgrade("/page", {}, kOrigin + offer(names, token))});
    QVERIFY(client.isOpen());
    const QByteArray answered = "Sec-WebSocket-Protocol: " + chosen + "\r\n";
    QCOMPARE(client.answer.contains("Sec-WebSocket-Protocol"), !chosen.isEmpty());
    QVERIFY2(chosen.isEmpty() || client.answer.contains(answered), client.answer.constData());
    QVERIFY(client.answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    QVERIFY(waitUntil([&] { return client.closeCode() != 0; }));
    QCOMPARE(client.closeCode(), code);
    QCOMPARE(client.closeReason(), reason);
    QCOMPARE(client.frames.size(), chosen == "watchword.v1" ? 2 : 1);
    client.send(0x88, RawFrames::closing(quint16(code), {})); // as a browser answers; nobody reads it
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY(gate.events(u"conn.opened"_s).isEmpty());
    const QList<AuditEvent> refused = gate.events(u"conn.rejected"_s);
    QCOMPARE(refused.size(), 1);
    QCOMPARE(refused.first().data.value("ws"_L1).toObject().value("close_code"_L1).toInt(), code);
    QCOMPARE(refused.first().data.value("http"_L1).toObject().value("status"_L1).toInt(), code == 4403 ? 403 : 401);
}

void TestRejectStyle::othersHearAStatus_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("token"); // "": none
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<int>("status");
    QTest::newRow("a program without a token") << QByteArray("/page") << QByteArray() << QByteArray() << 401;
    QTest::newRow("a program that says its origin") << QByteArray("/page") << QByteArray("x") << QByteArray(kOrigin) << 401;
    QTest::newRow("a page of another site") << QByteArray("/page") << QByteArray()
                                            << QByteArray("Origin: https://evil.example\r\n") + offer("chat", "x") << 403;
    QTest::newRow("an endpoint that does not ask for it")
        << QByteArray("/echo") << QByteArray() << kOrigin + offer("chat", "x") << 401;
    QTest::newRow("unknown path") << QByteArray("/nowhere") << QByteArray() << kOrigin + offer("chat", "x") << 404;
    QTest::newRow("token in the URL") << QByteArray("/page?access_token=x") << QByteArray() << kOrigin + offer("chat", {}) << 400;
    QTest::newRow("two origins") << QByteArray("/page") << QByteArray() << QByteArray(kOrigin).repeated(2) + offer("chat", "x")
                                 << 400;
}

void TestRejectStyle::othersHearAStatus()
{
    QFETCH(const QByteArray, path);
    QFETCH(const QByteArray, token);
    QFETCH(const QByteArray, fields);
    QFETCH(const int, status);
    AuditedGate gate;
    QVERIFY(prepare(gate));
    const QByteArray answer = gate.exchange(GateFixture::upgrade(path, token, fields));
    QCOMPARE(answer.mid(9, 3).toInt(), status);
    // A hidden endpoint is not given away by a code, and what is no upgrade gets no 101.
    QCOMPARE(gate.exchange(GateFixture::upgrade("/hidden", {}, kOrigin + offer("chat", gate.token()))).mid(9, 3).toInt(), 404);
    const QByteArray plain = "GET /page HTTP/1.1\r\nHost: localhost\r\n" + QByteArray(kOrigin) + "\r\n";
    QCOMPARE(gate.exchange(plain).mid(9, 3).toInt(), 426);
}

void TestRejectStyle::theByeSaysTheRest()
{
    AuditedGate gate;
    QVERIFY(prepare(gate));
    RawClient client(gate, RawClient::Head{GateFixture::upgrade("/strong", {}, kOrigin + offer("watchword.v1", gate.token()))});
    QVERIFY(client.isOpen());
    QVERIFY(waitUntil([&] { return client.closeCode() != 0; }));
    QCOMPARE(client.closeCode(), 4442);
    const Result<Frame> bye = Frame::parse(QString::fromUtf8(client.frames.first().payload));
    QVERIFY(bye);
    QCOMPARE(bye->type(), u"bye"_s);
    QCOMPARE(bye->fields().value("code"_L1).toInt(), 4442);
    QCOMPARE(bye->fields().value("retry"_L1).toString(), u"sign_in"_s);
    QCOMPARE(bye->fields().value("acr_values"_L1).toString(), u"mfa"_s);
    QCOMPARE(bye->fields().value("max_age"_L1).toInt(), 100);
    const QString ref = bye->fields().value("ref"_L1).toString();
    QVERIFY(!ref.isEmpty());
    QCOMPARE(gate.events(u"conn.rejected"_s).first().id, ref);
}

void TestRejectStyle::limitsAreCodesToo()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = gate.addEndpoint(u"/page"_s, EndpointConfig::Service::Echo);
    endpoint.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    endpoint.limits.connectionsPerUser = 1;
    endpoint.limits.handshakesPerSecond = 1; // and two at once
    QVERIFY(gate.begin());
    const QByteArray request = GateFixture::upgrade("/page", {}, kOrigin + offer("watchword.v1", gate.token()));
    RawClient first(gate, RawClient::Head{request});
    QVERIFY(first.isOpen());
    RawClient second(gate, RawClient::Head{request});
    QVERIFY(second.isOpen());
    QVERIFY(waitUntil([&] { return second.closeCode() != 0; }));
    QCOMPARE(second.closeCode(), 4430);
    RawClient third(gate, RawClient::Head{request});
    QVERIFY(third.isOpen());
    QVERIFY(waitUntil([&] { return third.closeCode() != 0; }));
    QCOMPARE(third.closeCode(), 4429);
    const Result<Frame> bye = Frame::parse(QString::fromUtf8(third.frames.first().payload));
    QVERIFY(bye && bye->fields().value("after_ms"_L1).toInt() > 0);
    QCOMPARE(first.closeCode(), 0);
    QCOMPARE(gate.gateway->connectionCount(), 1);
}

void TestRejectStyle::upstreamsRefusalsAreCodesToo()
{
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    AuditedGate gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = gate.addEndpoint(u"/page"_s, EndpointConfig::Service::Upstream);
    endpoint.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    endpoint.upstream = upstream.url();
    endpoint.subprotocols = QStringList{u"chat"_s};
    QVERIFY(gate.begin());
    const QByteArray request = GateFixture::upgrade("/page", {}, kOrigin + offer("chat", gate.token()));
    const auto codeFor = [&](const QByteArray &answer) {
        RawClient client(gate, RawClient::Head{request});
        if (!answer.isEmpty() && upstream.awaitRequest())
            upstream.write(answer);
        return waitUntil([&] { return client.closeCode() != 0 || client.status() > 101; }) ? client.closeCode() : -1;
    };
    QCOMPARE(codeFor("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), 4403);
    QCOMPARE(codeFor("HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), 1013);
    QCOMPARE(codeFor("nonsense\r\n\r\n"), 1014);
    QCOMPARE(codeFor("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), 0); // by its status
    upstream.stopListening();
    QCOMPARE(codeFor({}), 1014);
    QVERIFY(gate.events(u"conn.opened"_s).isEmpty());
}

// Accepted or not: it has its answer, and is closed.
void TestRejectStyle::overTheLimitAHiddenOneIsUnknown_data()
{
    QTest::addColumn<QByteArray>("path");
    for (const char *path : {"/hidden", "/hidden/x", "/hidden/./x", "/hidden/%2e%2e/x", "/hidden?access_token=x"})
        QTest::newRow(path) << QByteArray(path);
}

void TestRejectStyle::overTheLimitAHiddenOneIsUnknown()
{
    QFETCH(QByteArray, path);
    AuditedGate gate;
    gate.config.failedAuthPerMinute = 6; // three of each path
    QVERIFY(prepare(gate));
    const auto ask = [&gate](const QByteArray &asked, const QByteArray &token) {
        QByteArray answer = gate.exchange(GateFixture::upgrade(asked, {}, kOrigin + offer("watchword.v1", token)));
        // What differs from request to request.
        static const QRegularExpression varying(u"\"ref\":\"[^\"]*\"|Retry-After: \\d+|Content-Length: \\d+|Date: [^\r]*"_s);
        return QString::fromLatin1(answer).remove(varying);
    };
    const QByteArray unknown = QByteArray(path).replace("hidden", "hidded");
    const QByteArray weak = gate.token();
    for (int i = 0; i < 3; ++i)
        QCOMPARE(ask(path, weak), ask(unknown, weak));
    const QString limited = ask(path, weak);
    QVERIFY2(limited.startsWith(path.contains("access_token") ? "HTTP/1.1 400"_L1 : "HTTP/1.1 429"_L1), qPrintable(limited));
    QCOMPARE(limited, ask(unknown, weak));
    QCOMPARE(ask(path, "a.b.c"), ask(unknown, "a.b.c"));
}

void TestRejectStyle::whoNeverReadsCostsLittle()
{
    AuditedGate gate;
    QVERIFY(prepare(gate));
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(
            std::make_unique<RawClient>(gate, RawClient::Head{GateFixture::upgrade("/page", {}, kOrigin + offer("chat", "x"))}));
        QVERIFY(clients.back()->isOpen());
    }
    QCOMPARE(gate.gateway->connectionCount(), 0);
    // They answer nothing and do not go: it lets go of them.
    QVERIFY(waitUntil(
        [&] { return std::all_of(clients.begin(), clients.end(), [](const auto &client) { return client->isGone; }); }));
}

void TestRejectStyle::npmWs()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    AuditedGate gate;
    QVERIFY(prepare(gate));
    QJsonObject claims = gate.claims();
    claims.insert("scope"_L1, u"other"_s);
    const QString bearer = u"watchword.bearer."_s + QString::fromLatin1(toBase64Url(gate.token(claims)));
    const auto run = [&](const QString &path, const QString &origin, const QStringList &subprotocols) {
        QProcess program;
        program.start(u"node"_s,
                      QStringList{Support::peersFolder() + u"/ws-refused.mjs"_s, gate.gateway->url().toString() + path,
                                  gate.file(u"ca.pem"_s), origin}
                          + subprotocols);
        waitUntil([&] { return program.state() == QProcess::NotRunning; }, 30s);
        return QString::fromUtf8(program.readAllStandardOutput()).split(u'\n', Qt::SkipEmptyParts);
    };
    const QString ours = u"https://app.example.com"_s;
    QCOMPARE(run(u"/page"_s, ours, {u"chat"_s, bearer}), QStringList({u"OPEN chat"_s, u"CLOSE 4403 forbidden"_s}));
    const QStringList control = run(u"/page"_s, ours, {u"watchword.v1"_s, bearer});
    QCOMPARE(control.size(), 3);
    QCOMPARE(control.first(), u"OPEN watchword.v1"_s);
    QVERIFY(control.at(1).startsWith("MESSAGE \x1e"_L1) && control.at(1).contains(u"bye"_s));
    QCOMPARE(control.last(), u"CLOSE 4403 forbidden"_s);
    QCOMPARE(run(u"/page"_s, u"https://evil.example"_s, {u"chat"_s, bearer}), QStringList{u"STATUS 403"_s});
    QCOMPARE(run(u"/echo"_s, ours, {u"chat"_s, bearer}), QStringList{u"STATUS 403"_s});
}

WATCHWORD_TEST_MAIN(TestRejectStyle)
#include "tst_rejectstyle.moc"
