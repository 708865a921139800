// SPDX-License-Identifier: Apache-2.0
#include "support/gatewayprocess.h"
#include "visit.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QTcpServer>
#include <QXmlStreamReader>

#include <csignal>

using namespace DoctorTest;

/*! The gateway has none of the flaws, and the command line says so. */
class TestDoctorGateway : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void gatewayIsClean();
    void commandTellsByItsExitCode();
    void everyRefusalIsInTheAudit();
    void deepAndIntrusiveIsGradeA();
    void commandWritesEveryFormat();
    void baselineHidesWhatIsKnown();
    void signalKeepsWhatIsKnown();

private:
    struct Run
    {
        int code = -1;
        QByteArray out;
        QByteArray err;
    };
    Run run(const QStringList &arguments) const;
    QStringList withToken() const;

    Support::GatewayProcess m_gateway;
};

void TestDoctorGateway::initTestCase()
{
    QVERIFY(m_gateway.prepare(
        "[watch]\n[gateway]\ngrace = \"1 s\"\n[[endpoint]]\npath = \"/v1/stream\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
        "origins = [\"https://app.example.com\"]\n"
        "limits = { connections_per_user = 5, messages_per_second = 50, handshakes_per_second = 20 }\n"));
    QVERIFY(m_gateway.start());
    const QByteArray token = m_gateway.token(u"user-1"_s, 300);
    const QByteArray auditor = m_gateway.token(u"auditor"_s, 300, {{u"scope"_s, u"gw:read gw:audit"_s}});
    for (const auto &[name, bytes] : {std::pair(u"token"_s, token), std::pair(u"audit.token"_s, auditor),
                                      std::pair(u"issuer.key"_s, m_gateway.signingKey().toPem().reveal().toByteArray())}) {
        QFile file(m_gateway.file(name));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
    }
}

void TestDoctorGateway::gatewayIsClean()
{
    DoctorOptions options = quickOptions(m_gateway.url(u"/v1/stream"_s), m_gateway.file(u"ca.pem"_s));
    options.token = Secret::take(m_gateway.token(u"user-1"_s, 300));
    options.signingKey = m_gateway.signingKey();
    options.intrusive = true;
    options.requestBudget = 160;
    options.pace = 60ms; // below its limit of handshakes
    Doctor doctor(options);
    doctor.start();
    QVERIFY(waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s));
    const Report &report = doctor.report();
    if (report.hasProblems()) {
        for (const Finding &finding : report.findings)
            qInfo("%s %s %s %s", qPrintable(finding.checkId), qPrintable(nameOf(finding.verdict)), qPrintable(finding.summary),
                  qPrintable(finding.evidence.join(u" | "_s)));
    }
    QCOMPARE(problemsOf(report), QStringList());
    QCOMPARE(report.grade(), u"A"_s);
    QVERIFY(report.isComplete && !doctor.error());
    // What is not examined: first messages and step-up, which this endpoint does not have, its issuer, which was not named, and
    // the audit, which nobody follows here.
    QCOMPARE(report.count(Verdict::Skipped), 14);
    QVERIFY(summaryOf(report, u"E1"_s).contains(u"close 4401"_s));
    QVERIFY(summaryOf(report, u"L3"_s).contains(u"429"_s));
}

TestDoctorGateway::Run TestDoctorGateway::run(const QStringList &arguments) const
{
    QProcess process;
    process.start(QStringLiteral(WATCHWORD_PROGRAM), QStringList{u"doctor"_s} + arguments);
    Run result;
    if (!process.waitForFinished(60'000))
        return result;
    result.code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    result.out = process.readAllStandardOutput();
    result.err = process.readAllStandardError();
    return result;
}

QStringList TestDoctorGateway::withToken() const
{
    return {m_gateway.url(u"/v1/stream"_s).toString(),
            u"--ca"_s,
            m_gateway.file(u"ca.pem"_s),
            u"--token-file"_s,
            m_gateway.file(u"token"_s),
            u"--origin"_s,
            kOrigin};
}

void TestDoctorGateway::commandTellsByItsExitCode()
{
    const Run clean = run(withToken() + QStringList{u"--signing-key"_s, m_gateway.file(u"issuer.key"_s)});
    QVERIFY2(clean.code == 0, (clean.out + clean.err).constData());
    QVERIFY(clean.out.contains("Grade: A (") && clean.out.contains("pass H4 "));
    QVERIFY(!clean.out.contains('\x1b') && !clean.out.contains("eyJ") && clean.err.isEmpty());

    // Without the authority nothing can be trusted: that is a finding, and the token stays here.
    const Run untrusted = run({m_gateway.url(u"/v1/stream"_s).toString()});
    QCOMPARE(untrusted.code, 1);
    QVERIFY(untrusted.out.contains("fail T4 "));

    QTcpServer closed;
    QVERIFY(closed.listen(QHostAddress::LocalHost));
    const quint16 port = closed.serverPort();
    closed.close();
    const Run unreachable = run({u"wss://127.0.0.1:%1/"_s.arg(port)});
    QCOMPARE(unreachable.code, 2);
    QVERIFY(unreachable.err.contains("cannot be reached"));

    for (const QStringList &wrong :
         {QStringList{u"ws://127.0.0.1/"_s}, QStringList{}, QStringList{u"wss://a/"_s, u"--format"_s, u"pdf"_s},
          QStringList{u"wss://a/"_s, u"--requests"_s, u"0"_s}, QStringList{u"wss://a/"_s, u"--baseline"_s, u"/nowhere"_s},
          QStringList{u"wss://a/"_s, u"--token-file"_s, u"/nowhere"_s}})
        QCOMPARE(run(wrong).code, 2);
}

void TestDoctorGateway::everyRefusalIsInTheAudit()
{
    const QStringList deep = withToken() + QStringList{u"--signing-key"_s, m_gateway.file(u"issuer.key"_s), u"--deep"_s};
    const Run good = run(deep + QStringList{u"--audit-token-file"_s, m_gateway.file(u"audit.token"_s)});
    QVERIFY2(good.code == 0, (good.out + good.err).right(900).constData());
    QVERIFY2(good.out.contains("pass B1 ") && good.out.contains("pass B2 "), good.out.constData());
    QVERIFY(good.out.contains(" 9 Logging and monitoring   A"));
    // A token that may not read the audit.
    const Run denied = run(deep);
    QVERIFY2(denied.out.contains("skip B2 "), denied.out.constData());
}

// All that the doctor can do, against the gateway as it is installed: every practice is examined, and has an A.
void TestDoctorGateway::deepAndIntrusiveIsGradeA()
{
    const Run result = run(withToken()
                           + QStringList{u"--signing-key"_s, m_gateway.file(u"issuer.key"_s), u"--deep"_s, u"--intrusive"_s,
                                         u"--audit-token-file"_s, m_gateway.file(u"audit.token"_s), u"--format"_s, u"json"_s,
                                         u"--time"_s, u"90s"_s, u"--quiet"_s});
    const Result<Report> report = Report::fromJson(result.out);
    QVERIFY2(report, result.err.constData());
    for (const Finding &finding : report->findings) {
        if (finding.isProblem())
            qInfo("%s %s | %s", qPrintable(finding.checkId), qPrintable(finding.summary),
                  qPrintable(finding.evidence.join(u" | "_s)));
    }
    QCOMPARE(problemsOf(*report), QStringList());
    QCOMPARE(result.code, 0);
    QVERIFY(report->isComplete);
    for (int practice = int(Practice::Transport); practice <= int(Practice::Education); ++practice)
        QCOMPARE(report->grade(Practice(practice)), u"A"_s);
    for (const QString &id : {u"B1"_s, u"B2"_s, u"B3"_s, u"B4"_s, u"B5"_s, u"B6"_s, u"B7"_s, u"E2"_s, u"E5"_s, u"F6"_s, u"S1"_s,
                              u"S4"_s, u"S5"_s, u"L1"_s, u"L2"_s, u"L3"_s, u"L4"_s})
        QVERIFY2(summaryOf(*report, id).startsWith(u"pass"_s), qPrintable(id + u' ' + summaryOf(*report, id)));
    // Every probe that is to be refused is in the audit.
    static const QRegularExpression number(u"pass: (\\d+) refusals"_s);
    QVERIFY(number.match(summaryOf(*report, u"B2"_s)).captured(1).toInt() >= 25);
    QVERIFY(!result.out.contains("eyJ"));
}

void TestDoctorGateway::commandWritesEveryFormat()
{
    const QStringList base{m_gateway.url(u"/v1/stream"_s).toString(), u"--ca"_s, m_gateway.file(u"ca.pem"_s), u"--quiet"_s};
    const Run json = run(base + QStringList{u"--format"_s, u"json"_s});
    QCOMPARE(json.code, 0);
    QCOMPARE(QJsonDocument::fromJson(json.out).object().value("endpoint"_L1).toString(),
             m_gateway.url(u"/v1/stream"_s).toString());
    const Run sarif = run(base + QStringList{u"--format"_s, u"sarif"_s});
    QCOMPARE(QJsonDocument::fromJson(sarif.out).object().value("version"_L1).toString(), u"2.1.0"_s);
    const QString file = m_gateway.file(u"report.html"_s);
    const Run html = run(base + QStringList{u"--format"_s, u"html"_s, u"--output"_s, file});
    QCOMPARE(html.code, 0);
    QVERIFY(html.out.isEmpty());
    QFile page(file);
    QVERIFY(page.open(QIODevice::ReadOnly) && page.readAll().contains("<h2>Nothing found</h2>"));
    QCOMPARE(run(base + QStringList{u"--output"_s, u"/nowhere/report"_s}).code, 2);
}

void TestDoctorGateway::baselineHidesWhatIsKnown()
{
    const QString file = m_gateway.file(u"baseline.json"_s);
    const QStringList base{m_gateway.url(u"/v1/stream"_s).toString(), u"--quiet"_s}; // not trusted: T4
    QCOMPARE(run(base + QStringList{u"--format"_s, u"json"_s, u"--output"_s, file}).code, 1);
    QCOMPARE(run(base + QStringList{u"--baseline"_s, file}).code, 0);
    QFile empty(m_gateway.file(u"clean.json"_s));
    QVERIFY(empty.open(QIODevice::WriteOnly));
    empty.write("{\"version\":1,\"findings\":[]}");
    empty.close();
    const Run fresh = run(base + QStringList{u"--baseline"_s, empty.fileName()});
    QCOMPARE(fresh.code, 1);
    QVERIFY(fresh.out.simplified().contains("(new, critical)"));
}

void TestDoctorGateway::signalKeepsWhatIsKnown()
{
    QProcess process;
    process.start(QStringLiteral(WATCHWORD_PROGRAM), QStringList{u"doctor"_s} + withToken());
    QVERIFY(waitUntil([&] { return process.bytesAvailable() > 0 || process.state() == QProcess::NotRunning; }));
    QCOMPARE(process.state(), QProcess::Running);
    ::kill(pid_t(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(10'000));
    QCOMPARE(process.exitCode(), 130);
    const QByteArray out = process.readAllStandardOutput();
    QVERIFY2(out.contains("ended early") && out.contains("Grade: "), out.constData());
}

WATCHWORD_TEST_MAIN(TestDoctorGateway)
#include "tst_doctorgateway.moc"
