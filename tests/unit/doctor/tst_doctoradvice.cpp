// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include <QJsonDocument>

using namespace DoctorTest;

/*! Verdicts over what a server tells those who use it, over renewals, floods, the audit's stream and the issuer. */
class TestDoctorAdvice : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void problems_data();
    void problems();
    void typesOfOtherHostsAreNotAskedFor();
    void challenges();
    void securityText_data();
    void securityText();
    void closeCodes_data();
    void closeCodes();
    void timing();
    void limitsSayWhen();
    void clock();
    void renewals_data();
    void renewals();
    void floods_data();
    void floods();
    void compression();
    void proxyHeadersAreAskedForOnce();
    void auditStream();
    void auditFlood();
    void keys_data();
    void keys();
    void issuedTokensAreNotKept();
    void sessionEnd_data();
    void sessionEnd();

private:
    static Judgement judged(const QString &id, const Recording &seen);
    static std::vector<Probe> probesOf(const QString &id, const Recording &seen);
    static DoctorOptions withIssuer();
    static void addMetadata(Recording &seen);
};

Judgement TestDoctorAdvice::judged(const QString &id, const Recording &seen)
{
    for (const auto &rule : allRules()) {
        if (rule->id() == id)
            return rule->judge(seen);
    }
    qFatal("no rule %s", qPrintable(id));
}

std::vector<Probe> TestDoctorAdvice::probesOf(const QString &id, const Recording &seen)
{
    for (const auto &rule : allRules()) {
        if (rule->id() == id)
            return rule->probes(seen);
    }
    qFatal("no rule %s", qPrintable(id));
}

namespace {

Exchange refusedUpgrade(const QString &probe, const QByteArray &fields, const QByteArray &body)
{
    Exchange exchange = recorded(probe, "HTTP/1.1 403 Forbidden\r\n" + fields + "\r\n" + body);
    exchange.sent = "GET /v1/stream HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    return exchange;
}

Exchange answered(const QString &probe, const QByteArray &body, int status = 200)
{
    return recorded(probe, "HTTP/1.1 " + QByteArray::number(status) + " X\r\nCache-Control: no-store\r\n\r\n" + body);
}

Exchange said(const QString &probe, const QList<QByteArray> &messages, const QByteArray &subprotocol = "watchword.v1")
{
    Exchange exchange = recorded(probe, "HTTP/1.1 101 S\r\nSec-WebSocket-Protocol: " + subprotocol + "\r\n\r\n");
    for (const QByteArray &message : messages)
        exchange.messages.append({true, message});
    return exchange;
}

} // namespace

void TestDoctorAdvice::problems_data()
{
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("verdict");
    const QByteArray json = "Content-Type: application/problem+json\r\n";
    QTest::newRow("problem") << json << QByteArray(R"({"title":"Origin not allowed"})") << int(Verdict::Pass);
    QTest::newRow("text") << QByteArray("Content-Type: text/plain\r\n") << QByteArray("no such room") << int(Verdict::Pass);
    QTest::newRow("empty text") << QByteArray("Content-Type: text/plain\r\n") << QByteArray(" ") << int(Verdict::Warn);
    QTest::newRow("nothing") << QByteArray() << QByteArray() << int(Verdict::Warn);
    QTest::newRow("numbers") << json << QByteArray(R"({"status":403})") << int(Verdict::Warn);
    QTest::newRow("no JSON") << json << QByteArray("{title") << int(Verdict::Warn);
}

void TestDoctorAdvice::problems()
{
    QFETCH(QByteArray, fields);
    QFETCH(QByteArray, body);
    QFETCH(int, verdict);
    Recording seen(withToken());
    QCOMPARE(int(judged(u"G1"_s, seen).verdict), int(Verdict::Skipped));
    seen.add(refusedUpgrade(u"evil"_s, fields, body));
    QCOMPARE(int(judged(u"G1"_s, seen).verdict), verdict);
}

void TestDoctorAdvice::typesOfOtherHostsAreNotAskedFor()
{
    const auto pathFor = [](const QByteArray &type) {
        Recording seen(withToken());
        seen.add(refusedUpgrade(u"evil"_s, {}, R"({"title":"no","type":")" + type + R"("})"));
        const std::vector<Probe> probes = probesOf(u"G1"_s, seen);
        return probes.empty() ? QByteArray() : probes.front().bytes.left(probes.front().bytes.indexOf(" HTTP"));
    };
    QCOMPARE(pathFor("/problems/origin"), QByteArray("GET /problems/origin"));
    QCOMPARE(pathFor("https://orders.example.com/p"), QByteArray("GET /p"));
    for (const char *type : {"about:blank", "urn:x:y", "https://other.example/p", "https://orders.example.com:444/p",
                             "http://orders.example.com/p", "//other.example/p", "/v1/stream", "javascript:alert(1)"})
        QVERIFY2(pathFor(type).isEmpty(), type);
}

void TestDoctorAdvice::challenges()
{
    Recording seen(withToken());
    seen.add(recorded(u"expired"_s, kInvalid));
    QCOMPARE(int(judged(u"G2"_s, seen).verdict), int(Verdict::Pass));
    seen.add(recorded(u"noscope"_s, "HTTP/1.1 403 F\r\n\r\n"));
    QCOMPARE(judged(u"G2"_s, seen).probes, QStringList{u"noscope"_s});
    seen.add(recorded(u"expired"_s, kChallenged));
    QCOMPARE(judged(u"G2"_s, seen).probes, QStringList{u"expired"_s});
}

void TestDoctorAdvice::securityText_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("verdict");
    QTest::newRow("good") << 200 << QByteArray("# us\nContact: mailto:a@example.com\r\nexpires: 2999-01-01T00:00:00Z\n")
                          << int(Verdict::Pass);
    QTest::newRow("ended") << 200 << QByteArray("Contact: mailto:a@example.com\nExpires: 2001-01-01T00:00:00Z\n")
                           << int(Verdict::Warn);
    QTest::newRow("no end") << 200 << QByteArray("Contact: mailto:a@example.com\n") << int(Verdict::Warn);
    QTest::newRow("nobody") << 200 << QByteArray("Expires: 2999-01-01T00:00:00Z\n") << int(Verdict::Warn);
    QTest::newRow("a page") << 200 << QByteArray("<html>welcome</html>") << int(Verdict::Warn);
    QTest::newRow("missing") << 404 << QByteArray() << int(Verdict::Warn);
    QTest::newRow("elsewhere") << 301 << QByteArray() << int(Verdict::Skipped);
}

void TestDoctorAdvice::securityText()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(int, verdict);
    Recording seen(withToken());
    seen.add(answered(u"securitytxt"_s, body, status));
    QCOMPARE(int(judged(u"G3"_s, seen).verdict), verdict);
}

void TestDoctorAdvice::closeCodes_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("reason");
    QTest::addColumn<int>("verdict");
    QTest::newRow("none") << 0 << QByteArray() << int(Verdict::Skipped);
    QTest::newRow("of the standard") << 1008 << QByteArray() << int(Verdict::Pass);
    QTest::newRow("own, named") << 4401 << QByteArray("token_expired") << int(Verdict::Pass);
    QTest::newRow("own, a riddle") << 4401 << QByteArray() << int(Verdict::Warn);
    QTest::newRow("empty frame") << 1005 << QByteArray() << int(Verdict::Warn);
    QTest::newRow("impossible") << Exchange::kNoSuchCode << QByteArray() << int(Verdict::Warn);
}

void TestDoctorAdvice::closeCodes()
{
    QFETCH(int, code);
    QFETCH(QByteArray, reason);
    QFETCH(int, verdict);
    Recording seen(withToken());
    seen.add(code ? closed(u"unmasked"_s, code, 20, reason) : recorded(u"unmasked"_s, kSwitched));
    QCOMPARE(int(judged(u"G4"_s, seen).verdict), verdict);
}

void TestDoctorAdvice::timing()
{
    const auto after = [](const QString &probe, int ms) {
        Exchange exchange = recorded(probe, kInvalid);
        exchange.toAnswer = Duration(ms);
        return exchange;
    };
    Recording seen(withToken());
    QCOMPARE(int(judged(u"H16"_s, seen).verdict), int(Verdict::Skipped));
    seen.add(after(u"expired"_s, 20));
    seen.add(after(u"badsignature"_s, 60));
    QCOMPARE(int(judged(u"H16"_s, seen).verdict), int(Verdict::Pass));
    QVERIFY(probesOf(u"H16"_s, seen).empty());
    // What is late once is asked again, three times each.
    seen.add(after(u"badsignature"_s, 600));
    Probe probe;
    for (const QString &id : {u"expired"_s, u"badsignature"_s}) {
        probe.id = id;
        seen.plan(probe);
    }
    QCOMPARE(probesOf(u"H16"_s, seen).size(), std::size_t(6));
    for (int i = 0; i < 3; ++i) {
        seen.add(after(u"fast"_s + QString::number(i), 25));
        seen.add(after(u"slow"_s + QString::number(i), 500 + i));
    }
    QCOMPARE(int(judged(u"H16"_s, seen).verdict), int(Verdict::Warn));
    seen.add(after(u"slow1"_s, 30)); // it was the network
    QCOMPARE(int(judged(u"H16"_s, seen).verdict), int(Verdict::Pass));
}

void TestDoctorAdvice::limitsSayWhen()
{
    Recording seen(withToken());
    QCOMPARE(int(judged(u"L4"_s, seen).verdict), int(Verdict::Skipped));
    seen.add(recorded(u"guess1"_s, "HTTP/1.1 429 T\r\nRetry-After: 2\r\n\r\n"));
    QCOMPARE(int(judged(u"L4"_s, seen).verdict), int(Verdict::Pass));
    seen.add(recorded(u"guess2"_s, "HTTP/1.1 503 B\r\n\r\n"));
    QCOMPARE(judged(u"L4"_s, seen).probes, QStringList{u"guess2"_s});
}

void TestDoctorAdvice::clock()
{
    Recording seen(withToken());
    Exchange bare = recorded(u"bare"_s, kChallenged);
    bare.answeredAt = QDateTime(QDate(2026, 11, 30), QTime(12, 0), Qt::UTC);
    seen.add(bare);
    QCOMPARE(int(judged(u"B4"_s, seen).verdict), int(Verdict::Skipped));
    for (const auto &[date, verdict] :
         {std::pair("Mon, 30 Nov 2026 11:59:55 GMT", Verdict::Pass), std::pair("Mon, 30 Nov 2026 11:58:00 GMT", Verdict::Warn),
          std::pair("Mon, 30 Nov 2026 12:03:00 GMT", Verdict::Warn), std::pair("yesterday", Verdict::Skipped)}) {
        bare.fields.clear();
        bare.fields.emplaceBack("Date", date);
        seen.add(bare);
        QCOMPARE(int(judged(u"B4"_s, seen).verdict), int(verdict));
    }
}

void TestDoctorAdvice::renewals_data()
{
    QTest::addColumn<QList<QByteArray>>("messages");
    QTest::addColumn<int>("own");
    QTest::addColumn<int>("other");
    const QByteArray ok = "\x1e{\"t\":\"auth.ok\"}";
    const QByteArray fail = "\x1e{\"t\":\"auth.fail\",\"code\":4402}";
    QTest::newRow("right") << QList<QByteArray>{ok, fail} << int(Verdict::Pass) << int(Verdict::Pass);
    QTest::newRow("anybody") << QList<QByteArray>{ok, ok} << int(Verdict::Pass) << int(Verdict::Fail);
    QTest::newRow("nobody") << QList<QByteArray>{fail, fail} << int(Verdict::Fail) << int(Verdict::Pass);
    QTest::newRow("silence") << QList<QByteArray>{} << int(Verdict::Fail) << int(Verdict::Skipped);
    QTest::newRow("application's text") << QList<QByteArray>{"{\"t\":\"auth.ok\"}"} << int(Verdict::Fail)
                                        << int(Verdict::Skipped);
}

void TestDoctorAdvice::renewals()
{
    QFETCH(QList<QByteArray>, messages);
    QFETCH(int, own);
    QFETCH(int, other);
    Recording seen(withToken());
    seen.add(said(u"echo"_s, {}, "orders.v1"));
    QVERIFY(probesOf(u"E2"_s, seen).empty());
    QCOMPARE(int(judged(u"E2"_s, seen).verdict), int(Verdict::Skipped));
    seen.add(said(u"echo"_s, {}));
    QCOMPARE(probesOf(u"E2"_s, seen).front().frames.size(), 2);
    seen.add(said(u"renew"_s, messages));
    QCOMPARE(int(judged(u"E2"_s, seen).verdict), own);
    QCOMPARE(int(judged(u"E5"_s, seen).verdict), other);
}

void TestDoctorAdvice::floods_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("probe");
    QTest::newRow("pings") << u"F6"_s << u"pings"_s;
    QTest::newRow("fragments") << u"S4"_s << u"fragments"_s;
}

void TestDoctorAdvice::floods()
{
    QFETCH(QString, id);
    QFETCH(QString, probe);
    Recording seen(withToken());
    Exchange open = recorded(probe, kSwitched);
    open.pongs = 1000;
    seen.add(open);
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Warn));
    seen.add(closed(probe, 1008));
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Pass));
    seen.add(recorded(probe, kInvalid));
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Skipped));
    if (id != "F6"_L1)
        return;
    open.pongs = 3; // the newest are answered
    seen.add(open);
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Pass));
}

void TestDoctorAdvice::compression()
{
    DoctorOptions options = withToken();
    Recording off(options);
    off.add(recorded(u"echo"_s, kSwitched));
    QCOMPARE(int(judged(u"C1"_s, off).verdict), int(Verdict::Pass));
    QVERIFY(probesOf(u"S5"_s, off).empty());
    QCOMPARE(int(judged(u"S5"_s, off).verdict), int(Verdict::Pass));
    const QByteArray agreed = "HTTP/1.1 101 S\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    Recording on(options);
    on.add(recorded(u"echo"_s, agreed));
    QCOMPARE(int(judged(u"C1"_s, on).verdict), int(Verdict::Warn));
    QVERIFY(probesOf(u"S5"_s, on).front().frames.last().payload.size() < 64 * 1024);
    on.add(recorded(u"bomb"_s, agreed));
    QCOMPARE(int(judged(u"S5"_s, on).verdict), int(Verdict::Fail));
    options.meansCompression = true;
    Recording meant(options);
    meant.add(recorded(u"echo"_s, agreed));
    QCOMPARE(int(judged(u"C1"_s, meant).verdict), int(Verdict::Pass));
}

void TestDoctorAdvice::proxyHeadersAreAskedForOnce()
{
    Recording seen(withToken());
    seen.add(recorded(u"bare"_s, kChallenged));
    seen.add(recorded(kProxyScout, kChallenged));
    QVERIFY(probesOf(u"X1"_s, seen).empty() && probesOf(u"X3"_s, seen).empty());
    QCOMPARE(int(judged(u"X1"_s, seen).verdict), int(Verdict::Pass));
    seen.add(recorded(kProxyScout, kSwitched)); // one of them helps: which?
    QCOMPARE(probesOf(u"X1"_s, seen).size(), std::size_t(1));
    seen.add(recorded(u"identity"_s, kChallenged));
    seen.add(recorded(u"forwarded"_s, kSwitched));
    QCOMPARE(int(judged(u"X1"_s, seen).verdict), int(Verdict::Pass));
    QCOMPARE(int(judged(u"X3"_s, seen).verdict), int(Verdict::Fail));
}

void TestDoctorAdvice::auditStream()
{
    DoctorOptions options = withToken();
    options.auditToken = Secret::copy("audit-token-0123456789");
    Recording seen(options);
    seen.add(said(u"auditstream"_s, {R"({"stream.open":{"epoch":"e","newest":12,"retention_s":864000}})"}, "cloudevents.json"));
    QCOMPARE(judged(u"B3"_s, seen).summary, u"the audit answers, 12 events so far"_s);
    QCOMPARE(judged(u"B5"_s, seen).summary, u"events are kept for 10 days"_s);
    seen.add(said(u"auditstream"_s, {R"({"stream.open":{"epoch":"e","newest":12}})"}, "cloudevents.json"));
    QCOMPARE(int(judged(u"B5"_s, seen).verdict), int(Verdict::Warn));
    seen.add(recorded(u"auditstream"_s, kInvalid));
    QCOMPARE(int(judged(u"B3"_s, seen).verdict), int(Verdict::Fail));
    QCOMPARE(int(judged(u"B5"_s, seen).verdict), int(Verdict::Skipped));
    seen.add(
        recorded(u"auditstream"_s, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")); // it answers, and not to this token
    QCOMPARE(int(judged(u"B3"_s, seen).verdict), int(Verdict::Skipped));
    // Nobody but the auditor.
    seen.add(recorded(u"valid"_s, kSwitched));
    QCOMPARE(probesOf(u"B7"_s, seen).size(), std::size_t(2));
    seen.add(recorded(u"auditbare"_s, kChallenged));
    seen.add(recorded(u"audituser"_s, "HTTP/1.1 403 F\r\n\r\n"));
    QCOMPARE(int(judged(u"B7"_s, seen).verdict), int(Verdict::Pass));
    seen.add(recorded(u"audituser"_s, kSwitched));
    QCOMPARE(int(judged(u"B7"_s, seen).verdict), int(Verdict::Fail));
}

void TestDoctorAdvice::auditFlood()
{
    Recording seen(withToken());
    AuditEvidence evidence;
    for (int i = 0; i < 10; ++i) {
        const QByteArray ref = "id-" + QByteArray::number(i);
        seen.add(recorded(u"guess"_s + QString::number(i), "HTTP/1.1 429 T\r\n\r\n{\"ref\":\"" + ref + "\"}"));
        AuditEvent event;
        event.id = QString::fromLatin1(ref);
        evidence.events.append(event);
    }
    seen.setAudit(evidence);
    QCOMPARE(int(judged(u"B6"_s, seen).verdict), int(Verdict::Fail));
    evidence.events = evidence.events.mid(0, 1);
    seen.setAudit(evidence);
    QCOMPARE(judged(u"B6"_s, seen).summary, u"10 requests above a limit are 1 events"_s);
}

DoctorOptions TestDoctorAdvice::withIssuer()
{
    DoctorOptions options = withToken();
    options.issuer = QUrl(u"https://login.example.com"_s);
    options.clientId = u"orders desktop"_s;
    options.refreshToken = Secret::copy("first-refresh-token-0123456789");
    return options;
}

void TestDoctorAdvice::addMetadata(Recording &seen)
{
    seen.add(answered(u"issuer:metadata"_s, R"({"issuer":"https://login.example.com",
        "token_endpoint":"https://login.example.com/token","jwks_uri":"https://login.example.com/jwks",
        "authorization_endpoint":"https://login.example.com/authorize","revocation_endpoint":"https://login.example.com/revoke",
        "code_challenge_methods_supported":["S256"]})"));
    seen.add(answered(u"issuer:metadata2"_s, {}, 404));
}

void TestDoctorAdvice::keys_data()
{
    QTest::addColumn<QByteArray>("keys");
    QTest::addColumn<int>("verdict");
    const QByteArray good = QJsonDocument(issuerKey().publicKey().toPublicJson()).toJson(QJsonDocument::Compact);
    const QByteArray whole = QByteArray(good).replace("{", R"({"d":"AAAA",)");
    QTest::newRow("good") << "[" + good + "]" << int(Verdict::Pass);
    QTest::newRow("private") << "[" + whole + "]" << int(Verdict::Fail);
    QTest::newRow("symmetric") << QByteArray(R"([{"kty":"oct","k":"AAAA"}])") << int(Verdict::Fail);
    QTest::newRow("none") << QByteArray("[]") << int(Verdict::Fail);
    QTest::newRow("nothing usable") << QByteArray(R"([{"kty":"RSA","n":"AQAB","e":"AQAB"}])") << int(Verdict::Fail);
}

void TestDoctorAdvice::keys()
{
    QFETCH(QByteArray, keys);
    QFETCH(int, verdict);
    Recording seen(withIssuer());
    addMetadata(seen);
    QCOMPARE(int(judged(u"I1"_s, seen).verdict), int(Verdict::Pass));
    QCOMPARE(probesOf(u"I2"_s, seen).front().host, u"login.example.com"_s);
    seen.add(answered(u"issuer:keys"_s, "{\"keys\":" + keys + "}"));
    const Judgement judgement = judged(u"I2"_s, seen);
    QCOMPARE(int(judgement.verdict), verdict);
    if (keys.contains("AAAA"))
        QVERIFY(!judgement.probes.contains(u"issuer:keys"_s)); // the secret is not to be shown
}

void TestDoctorAdvice::issuedTokensAreNotKept()
{
    Recording seen(withIssuer());
    addMetadata(seen);
    const Probe refresh = probesOf(u"I3"_s, seen).front();
    QVERIFY(refresh.bytes.contains("client_id=orders%20desktop&refresh_token=") && !refresh.bytes.contains("first-refresh"));
    QVERIFY(refresh.bytes.contains(
        "Content-Length: "
        + QByteArray::number(refresh.bytes.size() - refresh.bytes.indexOf("grant_type") - 1 + refresh.token.size())));
    seen.add(answered(u"issuer:refresh"_s,
                      R"({"access_token":"issued-access-0123456789","refresh_token":"issued-refresh-0123456789"})"));
    QVERIFY(seen.issuedAccess(u"issuer:refresh"_s).equals(Secret::copy("issued-access-0123456789")));
    QVERIFY(!seen.find(u"issuer:refresh"_s)->body.contains("issued-"));
    const QString shown = seen.redactor().evidenceOf(*seen.find(u"issuer:refresh"_s)).join(u' ');
    QVERIFY(!shown.contains(u"issued-"_s));
    QCOMPARE(int(judged(u"I3"_s, seen).verdict), int(Verdict::Pass));
    // The access token goes to the endpoint, refresh tokens go to the issuer.
    for (const Probe &probe : probesOf(u"E3"_s, seen)) {
        QCOMPARE(probe.host.isEmpty(), probe.id == "watched"_L1);
        QCOMPARE(probe.token.equals(Secret::copy("issued-access-0123456789")), probe.host.isEmpty());
    }
}

void TestDoctorAdvice::sessionEnd_data()
{
    QTest::addColumn<int>("reuse");
    QTest::addColumn<int>("successor");
    QTest::addColumn<int>("close");
    QTest::addColumn<int>("reused");
    QTest::addColumn<int>("ended");
    QTest::newRow("ended by reuse") << 400 << 400 << 4410 << int(Verdict::Pass) << int(Verdict::Pass);
    QTest::newRow("lives on") << 400 << 400 << 0 << int(Verdict::Pass) << int(Verdict::Fail);
    QTest::newRow("reused") << 200 << 200 << 4410 << int(Verdict::Fail) << int(Verdict::Pass);
    QTest::newRow("family lives") << 400 << 200 << 0 << int(Verdict::Warn) << int(Verdict::Fail);
}

void TestDoctorAdvice::sessionEnd()
{
    QFETCH(int, reuse);
    QFETCH(int, successor);
    QFETCH(int, close);
    QFETCH(int, reused);
    QFETCH(int, ended);
    Recording seen(withIssuer());
    addMetadata(seen);
    seen.add(answered(u"issuer:refresh"_s,
                      R"({"access_token":"issued-access-0123456789","refresh_token":"issued-refresh-0123456789"})"));
    seen.add(answered(u"issuer:reuse"_s, R"({"error":"invalid_grant"})", reuse));
    seen.add(answered(u"issuer:successor"_s, R"({"error":"invalid_grant"})", successor));
    seen.add(answered(u"issuer:revoke"_s, "{}"));
    seen.add(close ? closed(u"watched"_s, close) : recorded(u"watched"_s, kSwitched));
    QCOMPARE(int(judged(u"I4"_s, seen).verdict), reused);
    QCOMPARE(int(judged(u"I5"_s, seen).verdict), int(Verdict::Pass));
    QCOMPARE(int(judged(u"E3"_s, seen).verdict), ended);
}

WATCHWORD_TEST_MAIN(TestDoctorAdvice)
#include "tst_doctoradvice.moc"
