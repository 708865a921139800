// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include "examination.h"
#include "support/await.h"
#include "watchword/doctor/doctor.h"
#include "watchword/jose/base64url.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QMessageAuthenticationCode>

#include <map>

using namespace DoctorTest;

namespace {

using Findings = std::map<QString, Finding>;

// As the first bytes of a server that takes up what is offered (RFC 5246 section 7.4.1.3).
QByteArray serverHello(quint16 version)
{
    QByteArray body;
    body += char(version >> 8);
    body += char(version & 0xff);
    body += QByteArray(32, 'r') + char(0) + QByteArray::fromHex("002f00");
    const QByteArray handshake = QByteArray::fromHex("020000") + char(body.size()) + body;
    return QByteArray::fromHex("160301") + char(0) + char(handshake.size()) + handshake;
}

const QByteArray kAlert = QByteArray::fromHex("15030100020228"); // handshake_failure

} // namespace

/*!
    Servers that are not what somebody thought: without TLS, with another kind of it, without a WebSocket. What is not there is
    neither right nor wrong, and a report never says that it is right.
*/
class TestDoctorStrangers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void withoutTlsSession_data();
    void withoutTlsSession();
    void withoutWebSocket_data();
    void withoutWebSocket();
    void hiddenFromStrangers();
    void endedForAnotherReason();
    void publicKeyOfTheIssuer();
    void addressesWithTokens();
    void wrongTokenFiles();
    void tokenThatEnded();

private:
    static Findings examined(const DoctorOptions &options, const std::function<Exchange(const Probe &)> &answer);
    static DoctorOptions withUrlOnly();
};

DoctorOptions TestDoctorStrangers::withUrlOnly()
{
    DoctorOptions options;
    options.endpoint = QUrl(u"wss://orders.example.com/v1/stream"_s);
    return options;
}

Findings TestDoctorStrangers::examined(const DoctorOptions &options, const std::function<Exchange(const Probe &)> &answer)
{
    Examination examination(options);
    while (!examination.isDone()) {
        for (const Probe &probe : examination.nextStage())
            examination.record(answer(probe));
    }
    Findings all;
    const QList<Finding> findings = examination.findings();
    for (const Finding &finding : findings)
        all.emplace(finding.checkId, finding);
    return all;
}

void TestDoctorStrangers::withoutTlsSession_data()
{
    QTest::addColumn<QByteArray>("plain"); // what comes without TLS
    QTest::addColumn<QByteArray>("hello"); // the answer to an old hello
    QTest::addColumn<QString>("failing"); // the check that says it; all others of the line are skipped or have no place for it
    QTest::newRow("an echo") << QByteArray("GET / HTTP/1.1\r\n") << QByteArray("GET") << u"T4"_s;
    QTest::newRow("closes at once") << QByteArray() << QByteArray() << u"T4"_s;
    QTest::newRow("plain HTTP") << QByteArray("HTTP/1.1 200 OK\r\n\r\nhello") << QByteArray("HTTP/1.1 400 B") << u"T1"_s;
    QTest::newRow("agrees to nothing") << QByteArray() << kAlert << u"T4"_s;
    QTest::newRow("knows TLS 1.1 only") << QByteArray() << serverHello(0x0302) << u"T2 T3"_s;
}

void TestDoctorStrangers::withoutTlsSession()
{
    QFETCH(QByteArray, plain);
    QFETCH(QByteArray, hello);
    QFETCH(QString, failing);
    const Findings all = examined(withUrlOnly(), [&](const Probe &probe) {
        Exchange exchange;
        exchange.probe = probe.id;
        exchange.end = Exchange::End::Cut;
        if (probe.line == Probe::Line::Tls) {
            exchange.end = Exchange::End::Untrusted;
            exchange.tls.isPlainProblem = true;
            exchange.tls.failure = u"no handshake"_s;
        } else if (probe.id == "plain"_L1 && plain.startsWith("HTTP")) {
            exchange = recorded(probe.id, plain);
        } else if (probe.line == Probe::Line::Hello && !hello.isEmpty()) {
            exchange.end = Exchange::End::Raw;
            // Weak suites are refused by whoever speaks TLS.
            exchange.head = probe.id == "helloweak"_L1 && hello.startsWith('\x16') ? kAlert : hello;
        }
        return exchange;
    });
    QStringList problems;
    for (const auto &[id, finding] : all) {
        if (finding.isProblem())
            problems.append(id);
        if (!id.startsWith(u'T'))
            QCOMPARE(int(finding.verdict), int(Verdict::Skipped));
    }
    QCOMPARE(problems.join(u' '), failing);
    QVERIFY(all.at(u"T3"_s).verdict != Verdict::Pass && all.at(u"T4"_s).verdict != Verdict::Pass);
    if (hello.startsWith("GET") || hello.isEmpty()) {
        QVERIFY(all.at(u"T4"_s).summary.contains(u"nothing at this port speaks TLS (no handshake)"_s));
        for (const QString &id : {u"T1"_s, u"T2"_s, u"T3"_s, u"T5"_s})
            QCOMPARE(int(all.at(id).verdict), int(Verdict::Skipped));
    }
}

void TestDoctorStrangers::withoutWebSocket_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("note");
    QTest::newRow("a page") << QByteArray("HTTP/1.1 200 OK\r\n\r\n<h1>welcome</h1>") << u"HTTP 200"_s;
    QTest::newRow("nothing there") << QByteArray("HTTP/1.1 404 Not Found\r\n\r\n") << u"HTTP 404"_s;
    QTest::newRow("silence") << QByteArray() << u"no answer in time"_s;
}

void TestDoctorStrangers::withoutWebSocket()
{
    QFETCH(QByteArray, answer);
    QFETCH(QString, note);
    int sent = 0;
    const Findings all = examined(withUrlOnly(), [&](const Probe &probe) {
        ++sent;
        Exchange exchange = recorded(probe.id, answer);
        exchange.tls.keyType = u"EC"_s;
        exchange.tls.keyBits = 256;
        exchange.tls.effective = QDateTime::currentDateTimeUtc().addDays(-1);
        exchange.tls.expires = QDateTime::currentDateTimeUtc().addDays(80);
        return exchange;
    });
    QVERIFY(sent <= 8); // and it is over soon
    for (const auto &[id, finding] : all) {
        if (id == "H1"_L1)
            QCOMPARE(int(finding.verdict), int(Verdict::Warn)); // so that a pipeline with a wrong path is not green
        else if (!id.startsWith(u'T'))
            QCOMPARE(int(finding.verdict), int(Verdict::Skipped));
    }
    QVERIFY2(all.at(u"X1"_s).summary.contains(note), qPrintable(all.at(u"X1"_s).summary));
}

// Some answer strangers as if there were nothing. Whoever has a token sees more.
void TestDoctorStrangers::hiddenFromStrangers()
{
    const Findings all = examined(withToken(), [](const Probe &probe) {
        if (probe.id == "valid"_L1)
            return recorded(probe.id, kSwitched);
        return recorded(probe.id, "HTTP/1.1 404 Not Found\r\n\r\n");
    });
    QCOMPARE(int(all.at(u"H0"_s).verdict), int(Verdict::Pass));
    QCOMPARE(all.at(u"H1"_s).summary, u"the endpoint hides from strangers (HTTP 404)"_s);
    QCOMPARE(int(all.at(u"H4"_s).verdict), int(Verdict::Pass));
    QCOMPARE(int(all.at(u"X6"_s).verdict), int(Verdict::Pass));
}

// Servers of binary messages end the connection at any text.
void TestDoctorStrangers::endedForAnotherReason()
{
    const auto verdict = [](int code) {
        Recording seen(withToken());
        seen.add(closed(u"echo"_s, code));
        for (const auto &rule : allRules()) {
            if (rule->id() == "F5"_L1)
                return rule->judge(seen).verdict;
        }
        return Verdict::Warn;
    };
    QCOMPARE(int(verdict(1007)), int(Verdict::Fail));
    QCOMPARE(int(verdict(1003)), int(Verdict::Skipped));
    QCOMPARE(int(verdict(0)), int(Verdict::Skipped));
}

void TestDoctorStrangers::publicKeyOfTheIssuer()
{
    DoctorOptions options = withToken();
    options.signingKey = {};
    options.issuer = QUrl(u"https://login.example.com"_s);
    const QJsonObject other = SigningKey::generate(u"ES256"_s)->publicKey().toPublicJson();
    const QByteArray keys =
        QJsonDocument(QJsonObject{{u"keys"_s, QJsonArray{other, issuerKey().publicKey().toPublicJson()}}}).toJson();
    const QByteArray metadata = R"({"issuer":"https://login.example.com","token_endpoint":"https://login.example.com/token",
        "jwks_uri":"https://login.example.com/jwks","authorization_endpoint":"https://login.example.com/authorize",
        "code_challenge_methods_supported":["S256"]})";
    const QByteArray head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    for (const bool isConfused : {false, true}) {
        QByteArray sent;
        const Findings all = examined(options, [&](const Probe &probe) {
            if (probe.id == "issuer:metadata"_L1)
                return recorded(probe.id, head + metadata);
            if (probe.id == "issuer:keys"_L1)
                return recorded(probe.id, head + keys);
            if (probe.id == "confused"_L1)
                sent = probe.token.reveal().toByteArray();
            const bool isLetIn = probe.id == "valid"_L1 || (isConfused && probe.id == "confused"_L1);
            return recorded(probe.id, isLetIn ? kSwitched : (probe.token.isEmpty() ? kChallenged : kInvalid));
        });
        QCOMPARE(int(all.at(u"H5"_s).verdict), int(isConfused ? Verdict::Fail : Verdict::Pass));
        // By the key that signed the token, and not just by the first one.
        const qsizetype dot = sent.lastIndexOf('.');
        const QByteArray right =
            QMessageAuthenticationCode::hash(sent.left(dot), issuerKey().publicKey().toPem(), QCryptographicHash::Sha256);
        QCOMPARE(*fromBase64Url(sent.mid(dot + 1)), right);
    }
    // Without keys it is not asked, and the reason is said.
    options.issuer = QUrl();
    const Findings none = examined(options, [](const Probe &probe) {
        return recorded(probe.id, probe.id == "valid"_L1 ? kSwitched : (probe.token.isEmpty() ? kChallenged : kInvalid));
    });
    QCOMPARE(none.at(u"H5"_s).summary, u"needs the issuer's public keys (--issuer)"_s);
}

void TestDoctorStrangers::addressesWithTokens()
{
    Exchange exchange = recorded(u"bare"_s, kChallenged);
    exchange.sent = "GET /v1/stream?room=7&access_token=opaque-secret&Key=k1 HTTP/1.1\r\n\r\n";
    const QString evidence = Redactor().evidenceOf(exchange).join(u'\n');
    QVERIFY2(evidence.contains(u"GET /v1/stream?room=7&access_token=\u00abtoken\u00bb&Key=\u00abtoken\u00bb HTTP/1.1"_s),
             qPrintable(evidence));
}

// "watchword token" prints JSON if nobody says --raw.
void TestDoctorStrangers::wrongTokenFiles()
{
    DoctorOptions options = withUrlOnly();
    options.token = Secret::copy(R"({"access_token":"canary.canary.canary"})");
    Doctor doctor(options);
    doctor.start();
    QVERIFY(Support::waitUntil([&] { return doctor.state() == Doctor::State::Done; }));
    QVERIFY(doctor.error() && doctor.error()->detail().contains(u"watchword token --raw"_s));
    QVERIFY(!doctor.error()->detail().contains(u"canary"_s));
    QCOMPARE(doctor.report().requests, 0);
}

void TestDoctorStrangers::tokenThatEnded()
{
    const auto summary = [](const QByteArray &token) {
        const Findings all = examined(withToken(token), [](const Probe &probe) {
            return recorded(probe.id, probe.token.isEmpty() ? kChallenged : kInvalid);
        });
        return all.at(u"H0"_s).summary;
    };
    QVERIFY(summary(validToken(-60)).contains(u"ended 6"_s)); // 60 s, and what the test takes
    QCOMPARE(summary(validToken()),
             u"the token that was given is refused (HTTP 401): what is done with tokens is not examined"_s);
}

WATCHWORD_TEST_MAIN(TestDoctorStrangers)
#include "tst_doctorstrangers.moc"
