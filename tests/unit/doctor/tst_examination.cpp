// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include "examination.h"

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
    void goodServerHasNoFindings();

private:
    static QByteArray goodAnswer(const Probe &probe);
    static int runStages(Examination &examination, const std::function<Exchange(const Probe &)> &answer);
};

// As a server without a flaw answers.
QByteArray TestExamination::goodAnswer(const Probe &probe)
{
    if (probe.id == "valid"_L1 || probe.id == "echo"_L1)
        return kSwitched;
    static const QStringList pages{u"evil"_s, u"null"_s, u"longer"_s, u"prefix"_s, u"port"_s, u"scheme"_s, u"noscope"_s};
    if (pages.contains(probe.id))
        return "HTTP/1.1 403 Forbidden\r\n\r\n";
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

void TestExamination::goodServerHasNoFindings()
{
    DoctorOptions options = withToken();
    options.origin = u"https://app.example.com"_s;
    Examination examination(options);
    const int sent = runStages(examination, [](const Probe &probe) {
        Exchange exchange = recorded(probe.id, goodAnswer(probe));
        exchange.tls.keyType = u"EC"_s;
        exchange.tls.keyBits = 256;
        exchange.tls.effective = QDateTime::currentDateTimeUtc().addDays(-1);
        exchange.tls.expires = QDateTime::currentDateTimeUtc().addDays(30);
        if (probe.line != Probe::Line::Tls || probe.id == "halfhead"_L1)
            exchange.end = Exchange::End::Cut;
        if (probe.id == "valid"_L1)
            exchange.pongs = 1;
        if (probe.id == "shortlived"_L1)
            exchange = closed(probe.id, 4401, 4'000);
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

WATCHWORD_TEST_MAIN(TestExamination)
#include "tst_examination.moc"
