// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include "examination.h"

#include <QRandomGenerator>

using namespace DoctorTest;

/*! The plan: who is asked when, and what becomes of what was not asked. */
class TestExamination : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void asksOnceForWhatSeveralNeed();
    void stopsAtUntrustedTls();
    void judgesWhatWasNotSent();
    void endsWithReasons();
    void judgesWhatWasSeenAtAnEarlyEnd();
    void goodServerHasNoFindings();
    void endsWhateverIsAnswered();
    void waitsForWhatEndsTheSession();

private:
    static QByteArray goodAnswer(const Probe &probe);
    static int runStages(Examination &examination, const std::function<Exchange(const Probe &)> &answer);
};

// As a server without a flaw answers.
QByteArray TestExamination::goodAnswer(const Probe &probe)
{
    if (probe.id == "valid"_L1 || probe.id == "echo"_L1)
        return kSwitched;
    static const QStringList pages{u"evil"_s, u"null"_s, u"longer"_s, u"prefix"_s, u"port"_s, u"scheme"_s};
    if (probe.id == "noscope"_L1)
        return "HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n\r\n";
    if (pages.contains(probe.id))
        return "HTTP/1.1 403 Forbidden\r\n\r\n";
    if (probe.id == "plainget"_L1)
        return "HTTP/1.1 426 Upgrade Required\r\n\r\n";
    if (probe.id == "securitytxt"_L1)
        return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nContact: mailto:a@example.com\r\nExpires: "
               "2999-01-01T00:00:00Z\r\n";
    if (probe.id == "path"_L1)
        return "HTTP/1.1 404 Not Found\r\n\r\n";
    if (probe.id == "url"_L1 || probe.id == "two"_L1 || probe.id == "nokey"_L1)
        return "HTTP/1.1 400 Bad Request\r\n\r\n";
    if (probe.id == "version"_L1)
        return "HTTP/1.1 426 Upgrade Required\r\n\r\n";
    return probe.token.isEmpty() ? kChallenged : kInvalid;
}

int TestExamination::runStages(Examination &examination, const std::function<Exchange(const Probe &)> &answer)
{
    int sent = 0;
    while (!examination.isDone()) {
        for (const Probe &probe : examination.nextStage()) {
            ++sent;
            examination.record(answer(probe));
        }
    }
    return sent;
}

void TestExamination::asksOnceForWhatSeveralNeed()
{
    Examination examination(withToken());
    const std::vector<Probe> first = examination.nextStage();
    QCOMPARE(std::count_if(first.begin(), first.end(), [](const Probe &probe) { return probe.id == "bare"_L1; }), 1);
    for (const Probe &probe : first)
        QVERIFY2(probe.token.isEmpty(), qPrintable(probe.id)); // nothing secret before TLS is known to be good
    QVERIFY(!examination.mayAdvance());
    for (const Probe &probe : first)
        examination.record(recorded(probe.id, kChallenged));
    QVERIFY(examination.mayAdvance());
    for (const Probe &probe : examination.nextStage())
        QVERIFY(probe.id != "bare"_L1);
}

void TestExamination::stopsAtUntrustedTls()
{
    Examination examination(withToken());
    const int sent = runStages(examination, [](const Probe &probe) {
        Exchange exchange;
        exchange.probe = probe.id;
        exchange.end = probe.line == Probe::Line::Tls ? Exchange::End::Untrusted : Exchange::End::Cut;
        exchange.tls.errors = QStringList{u"The certificate is self-signed"_s};
        return exchange;
    });
    QCOMPARE(sent, 5); // plain twice, two hellos, bare
    const QList<Finding> findings = examination.findings();
    QCOMPARE(findings.size(), Check::all().size());
    for (const Finding &finding : findings) {
        if (finding.checkId == "T4"_L1)
            QCOMPARE(int(finding.verdict), int(Verdict::Fail));
        else if (!finding.checkId.startsWith(u'T'))
            QCOMPARE(int(finding.verdict), int(Verdict::Skipped));
    }
}

void TestExamination::judgesWhatWasNotSent()
{
    Examination examination(withToken());
    for (const Probe &probe : examination.nextStage()) {
        if (probe.id == "hello11"_L1)
            examination.drop(probe.id, u"the budget was used up"_s);
        else
            examination.record(recorded(probe.id, kChallenged));
    }
    const QList<Finding> findings = examination.findings();
    const auto t2 =
        std::find_if(findings.begin(), findings.end(), [](const Finding &finding) { return finding.checkId == "T2"_L1; });
    QVERIFY(t2 != findings.end());
    QCOMPARE(int(t2->verdict), int(Verdict::Skipped));
    QCOMPARE(t2->summary, u"the budget was used up"_s);
}

void TestExamination::endsWithReasons()
{
    Examination examination(withToken());
    examination.nextStage();
    examination.end(u"stopped"_s);
    QVERIFY(examination.isDone());
    QCOMPARE(examination.takeDecided().size(), Check::all().size());
    QVERIFY(examination.takeDecided().isEmpty());
    examination.record(recorded(u"bare"_s, kSwitched)); // comes too late
    QCOMPARE(examination.decided(), examination.total());
}

// Ctrl+C, a budget: what was seen until then is not lost.
void TestExamination::judgesWhatWasSeenAtAnEarlyEnd()
{
    const QByteArray trace =
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n\r\nError: no\n    at verify (/app/auth.js:12:7)";
    for (const bool isBudget : {false, true}) {
        Examination examination(withToken());
        for (int stage = 0; stage < 3; ++stage) {
            for (const Probe &probe : examination.nextStage()) {
                const bool isLetIn = probe.id == "valid"_L1 || probe.id == "badsignature"_L1;
                if (probe.id == "badclaims"_L1 || probe.id == "none"_L1 || probe.id == "expired"_L1) {
                    if (isBudget)
                        examination.drop(probe.id, u"the budget was used up"_s);
                    continue; // on its way
                }
                examination.record(recorded(probe.id, isLetIn ? kSwitched : trace));
            }
        }
        examination.end(u"stopped"_s);
        QVERIFY(examination.isDone());
        const QList<Finding> findings = examination.findings();
        const auto verdict = [&findings](const QString &id) {
            const auto found =
                std::find_if(findings.begin(), findings.end(), [&id](const Finding &one) { return one.checkId == id; });
            return found->verdict;
        };
        QCOMPARE(int(verdict(u"H13"_s)), int(Verdict::Fail)); // the traces, although its stage never came
        QCOMPARE(int(verdict(u"H6"_s)), int(Verdict::Fail)); // one of its two was let in
        QCOMPARE(int(verdict(u"H2"_s)), int(Verdict::Skipped));
        QCOMPARE(int(verdict(u"H14"_s)), int(Verdict::Skipped)); // nothing was repeated so far, which is no pass
    }
}

void TestExamination::goodServerHasNoFindings()
{
    DoctorOptions options = withToken();
    options.origin = u"https://app.example.com"_s;
    Examination examination(options);
    const int sent = runStages(examination, [](const Probe &probe) {
        Exchange exchange = recorded(probe.id, goodAnswer(probe));
        if (exchange.status >= 400) {
            exchange.fields.emplaceBack("Content-Type", "application/problem+json");
            exchange.body = "{\"title\":\"no\"}";
        }
        exchange.sent = probe.bytes;
        exchange.tls.keyType = u"EC"_s;
        exchange.tls.keyBits = 256;
        exchange.tls.effective = QDateTime::currentDateTimeUtc().addDays(-1);
        exchange.tls.expires = QDateTime::currentDateTimeUtc().addDays(30);
        if (probe.line != Probe::Line::Tls || probe.id == "halfhead"_L1)
            exchange.end = Exchange::End::Cut;
        if (probe.id == "valid"_L1)
            exchange.pongs = 1;
        if (probe.id == "shortlived"_L1)
            exchange = closed(probe.id, 4401, 4'000, "token ended");
        if (probe.id == "unmasked"_L1 || probe.id == "brokentext"_L1 || probe.id == "reserved"_L1)
            exchange = closed(probe.id, 1002);
        return exchange;
    });
    QVERIFY2(sent <= DoctorOptions().requestBudget, qPrintable(QString::number(sent)));
    const QList<Finding> findings = examination.findings();
    for (const Finding &finding : findings)
        QVERIFY2(!finding.isProblem(), qPrintable(finding.checkId + u' ' + finding.summary));
    const auto passed =
        std::count_if(findings.begin(), findings.end(), [](const Finding &finding) { return finding.verdict == Verdict::Pass; });
    QVERIFY(passed > 30);
}

// The number of steps is bounded, whatever a server answers: nothing that it says makes another round.
void TestExamination::endsWhateverIsAnswered()
{
    constexpr int kStages = 8;
    static const QList<QByteArray> answers{
        kSwitched,
        kChallenged,
        kInvalid,
        QByteArray(),
        "HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a.b.c\",\"refresh_token\":\"d\",\"type\":\"/x\"}",
        "HTTP/1.1 302 Found\r\nLocation: https://other.example/\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\n\r\n{\"type\":\"https://orders.example.com/problem\"}"};
    DoctorOptions options = withToken();
    options.endpoint = QUrl(u"wss://127.0.0.1/v1/stream"_s); // this machine: intrusive probes are sent, too
    options.intrusive = true;
    options.issuer = QUrl(u"https://login.example.com"_s);
    options.clientId = u"app"_s;
    options.refreshToken = Secret::copy("refresh-token-0123456789");
    options.auditToken = Secret::copy("audit-token-0123456789");
    options.asksForStepUp = true;
    for (quint32 seed = 0; seed < 300; ++seed) {
        QRandomGenerator random(seed);
        Examination examination(options);
        int stages = 0;
        int sent = 0;
        while (!examination.isDone()) {
            ++stages;
            QVERIFY2(stages <= kStages, qPrintable(u"seed %1"_s.arg(seed)));
            for (const Probe &probe : examination.nextStage()) {
                ++sent;
                Exchange exchange = recorded(probe.id, answers.at(random.bounded(int(answers.size()))));
                exchange.sent = probe.bytes;
                if (random.bounded(4) == 0)
                    exchange.closeCode = random.bounded(5000);
                exchange.isEnded = random.bounded(2) == 0;
                exchange.toAnswer = Duration(random.bounded(2000));
                exchange.toEnd = Duration(random.bounded(2000));
                exchange.pongs = random.bounded(2000);
                exchange.messages.append({true, answers.at(random.bounded(int(answers.size())))});
                examination.record(exchange);
            }
        }
        QVERIFY2(sent <= 160, qPrintable(QString::number(sent)));
        QCOMPARE(examination.findings().size(), Check::all().size());
    }
}

// A connection that ends before the answer of the request that ended its session is judged by that answer.
void TestExamination::waitsForWhatEndsTheSession()
{
    DoctorOptions options = withToken();
    options.issuer = QUrl(u"https://login.example.com"_s);
    options.clientId = u"app"_s;
    options.refreshToken = Secret::copy("refresh-token-0123456789");
    Examination examination(options);
    const QByteArray metadata = R"({"issuer":"https://login.example.com","token_endpoint":"https://login.example.com/token",
        "jwks_uri":"https://login.example.com/jwks","authorization_endpoint":"https://login.example.com/authorize",
        "revocation_endpoint":"https://login.example.com/revoke","code_challenge_methods_supported":["S256"]})";
    runStages(examination, [&](const Probe &probe) {
        const QByteArray head = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n\r\n";
        if (probe.id == "issuer:metadata"_L1)
            return recorded(probe.id, head + metadata);
        if (isOfIssuer(probe.id)) // the refresh token stays the same
            return recorded(probe.id, head + R"({"access_token":"issued-access-0123456789"})");
        return probe.id == "watched"_L1 ? closed(probe.id, 4410, 20, "session_revoked") : recorded(probe.id, goodAnswer(probe));
    });
    const QList<Finding> findings = examination.findings();
    for (const Finding &finding : findings) {
        if (finding.checkId == "E3"_L1)
            QCOMPARE(int(finding.verdict), int(Verdict::Pass));
        if (finding.checkId == "I4"_L1)
            QCOMPARE(int(finding.verdict), int(Verdict::Fail));
    }
}

WATCHWORD_TEST_MAIN(TestExamination)
#include "tst_examination.moc"
