// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include "watchword/doctor/reportwriter.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QXmlStreamReader>

using namespace DoctorTest;

class TestDoctorReport : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void gradesAreCapped_data();
    void gradesAreCapped();
    void gradesNeedCoverage();
    void guideSaysWhatMatters();
    void saysWhatBecameOfTheBaseline();
    void survivesAFile();
    void refusesOtherFiles();
    void newSinceABaseline();
    void textFitsItsWidth_data();
    void textFitsItsWidth();
    void textIsAsItWas_data();
    void textIsAsItWas();
    void coloursOnlyIfAsked();
    void sarifNamesRulesAndPlaces();
    void junitIsXml();
    void leadsToTheGuide();
    void markupOfAServerIsText();

private:
    static Finding finding(const QString &id, Verdict verdict, const QString &summary = u"seen"_s);
    static Report sample();
    static Report large();
};

Finding TestDoctorReport::finding(const QString &id, Verdict verdict, const QString &summary)
{
    return {id, verdict, summary, {}};
}

Report TestDoctorReport::sample()
{
    Report report;
    report.endpoint = QUrl(u"wss://orders.example.com/v1/stream"_s);
    report.startedAt = QDateTime(QDate(2026, 5, 4), QTime(10, 11, 12), Qt::UTC);
    report.took = Duration(5200);
    report.requests = 34;
    report.findings = {finding(u"T1"_s, Verdict::Pass),
                       finding(u"T3"_s, Verdict::Warn, u"the newest version that the server offers is TLSv1.2"_s),
                       finding(u"H4"_s, Verdict::Fail, u"a token without signature (alg none) is let in"_s),
                       finding(u"H2"_s, Verdict::Skipped, u"needs the signing key of a test issuer"_s)};
    report.findings[2].evidence =
        QStringList{u"> GET /v1/stream HTTP/1.1"_s, u"> Authorization: Bearer \u00aba token with algorithm none\u00bb"_s,
                    u"< HTTP/1.1 101 Switching Protocols"_s};
    return report;
}

// Everything that a report can hold, in texts as they come.
Report TestDoctorReport::large()
{
    Report report = sample();
    report.isComplete = false;
    report.note = u"The token that you gave is refused (HTTP 401): what needs one that is let in is not examined."_s;
    report.findings += {
        finding(u"O1"_s, Verdict::Fail, u"the Origin https://attacker.example is let in, with a token that a page cannot send"_s),
        finding(u"X5"_s, Verdict::Warn, u"a header line of 12 KiB is answered with 431 Request Header Fields Too Large"_s)};
    report.findings[4].evidence =
        QStringList{u"> GET /v1/stream HTTP/1.1"_s, u"> Origin: https://attacker.example"_s,
                    u"> Authorization: Bearer \u00aba valid token\u00bb"_s, u"< HTTP/1.1 101 Switching Protocols"_s,
                    u"< Upgrade: websocket, and a field that goes on and on: "_s + QString(90, u'x')};
    return report;
}

void TestDoctorReport::gradesAreCapped_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<int>("verdict");
    QTest::addColumn<QString>("grade");
    QTest::newRow("critical") << u"H4"_s << int(Verdict::Fail) << u"F"_s;
    QTest::newRow("high") << u"O1"_s << int(Verdict::Fail) << u"D"_s;
    QTest::newRow("medium") << u"O2"_s << int(Verdict::Fail) << u"C"_s;
    // What is good has to be seen, and nothing else of the practice was.
    QTest::newRow("low") << u"X4"_s << int(Verdict::Fail) << QString();
    QTest::newRow("warning") << u"H1"_s << int(Verdict::Warn) << QString();
    QTest::newRow("skipped") << u"H4"_s << int(Verdict::Skipped) << QString();
}

void TestDoctorReport::gradesAreCapped()
{
    QFETCH(QString, id);
    QFETCH(int, verdict);
    QFETCH(QString, grade);
    Report report;
    report.findings = {finding(id, Verdict(verdict))};
    QCOMPARE(report.grade(), grade);
    QCOMPARE(report.grade(Check::find(id)->practice), grade);
    report.findings.prepend(finding(u"T1"_s, Verdict::Pass));
    QCOMPARE(report.grade(), grade); // the worst decides
    QVERIFY(report.grade(Practice::Transport).isEmpty()); // one of four
    QVERIFY(report.grade(Practice::Education).isEmpty());
}

// An A is no word about what nobody looked at.
void TestDoctorReport::gradesNeedCoverage()
{
    Report report;
    for (const char *id : {"T1", "T2", "T4"})
        report.findings.append(finding(QString::fromLatin1(id), Verdict::Pass));
    report.findings.append(finding(u"T5"_s, Verdict::Skipped));
    report.findings.last().gap = Finding::Gap::NotAsked;
    QCOMPARE(report.grade(Practice::Transport), u"B"_s); // three of four
    QCOMPARE(report.coverage(Practice::Transport).missing, QStringList{u"T5"_s});
    QCOMPARE(report.coverage(Practice::Transport).examined, 3);
    QCOMPARE(report.coverage(Practice::Transport).total, 4);
    report.findings[1].verdict = Verdict::Skipped;
    QVERIFY(report.grade(Practice::Transport).isEmpty()); // two of four
    report.findings[1].verdict = Verdict::Fail;
    QCOMPARE(report.grade(Practice::Transport), u"D"_s); // bad enough, whatever the rest is
    report.findings[1].verdict = Verdict::Pass;
    report.findings[3].gap = Finding::Gap::NotApplicable;
    QCOMPARE(report.grade(Practice::Transport), u"A"_s);
    QCOMPARE(report.coverage(Practice::Transport).total, 3);
    // A fault beside a warning does not tell what the check asks.
    report.findings[0] = finding(u"T1"_s, Verdict::Warn);
    report.findings[0].gap = Finding::Gap::NotDecided;
    QCOMPARE(report.coverage(Practice::Transport).missing, QStringList{u"T1"_s});
    QVERIFY(report.isUndecided() && report.grade().isEmpty() && report.graded() == 1);
    // The whole needs the practices that everybody with a token can have examined.
    for (const char *id : {"H10", "H14", "H1", "H15", "H6", "H4", "H9", "H2", "O1", "O2"}) {
        QVERIFY(report.grade().isEmpty());
        report.findings.append(finding(QString::fromLatin1(id), Verdict::Pass));
    }
    QCOMPARE(report.grade(), u"B"_s);
    report.findings.append(finding(u"O3"_s, Verdict::Pass));
    report.findings[0] = finding(u"T1"_s, Verdict::Pass);
    QCOMPARE(report.grade(), u"A"_s);
    const QByteArray text = writeReport(report, ReportFormat::Text);
    QVERIFY2(text.contains("Grade: A (14 of 14 checks, 4 of 10 practices)"), text.constData());
    report.findings.append(finding(u"S2"_s, Verdict::Warn)); // of a practice without a grade
    QCOMPARE(report.grade(), u"B"_s);
}

void TestDoctorReport::survivesAFile()
{
    const Report report = sample();
    const Result<Report> read = Report::fromJson(writeReport(report, ReportFormat::Json));
    QVERIFY(read);
    QCOMPARE(read->endpoint, report.endpoint);
    QCOMPARE(read->startedAt, report.startedAt);
    QCOMPARE(read->took, report.took);
    QCOMPARE(read->requests, report.requests);
    Report skipped = report;
    skipped.findings[3].gap = Finding::Gap::NotAsked; // what older reports do not say
    QVERIFY(read->findings == skipped.findings);
    skipped.findings[3].gap = Finding::Gap::NotDecided;
    skipped.findings[1].ownSeverity = Severity::Info;
    const Result<Report> again = Report::fromJson(writeReport(skipped, ReportFormat::Json));
    QVERIFY(again && again->findings == skipped.findings);
    QCOMPARE(read->grade(), u"F"_s);
}

void TestDoctorReport::refusesOtherFiles()
{
    for (const QByteArray &bytes :
         {QByteArray(), QByteArray("[]"), QByteArray("{\"version\":2,\"findings\":[]}"), QByteArray("{\"version\":1}"),
          QByteArray("{\"version\":1,\"findings\":[{\"check\":\"T1\"}]}")}) {
        const Result<Report> read = Report::fromJson(bytes);
        QVERIFY(!read);
        QCOMPARE(read.error().code(), ErrorCode::ConfigInvalid);
    }
    // One of a newer version knows checks that are unknown here, and somebody may have edited it.
    const Result<Report> read = Report::fromJson("{\"version\":1,\"findings\":[{\"check\":\"Q7\",\"verdict\":\"fail\"},"
                                                 "{\"check\":\"T1\",\"verdict\":\"fail\",\"summary\":\"a\\u001b[2Jb\"}]}");
    QVERIFY(read);
    QCOMPARE(read->findings.size(), 1);
    QCOMPARE(read->findings.first().summary, u"a [2Jb"_s);
}

void TestDoctorReport::newSinceABaseline()
{
    Report before = sample();
    Report now = sample();
    QVERIFY(now.newSince(before).isEmpty());
    now.findings.append(finding(u"O1"_s, Verdict::Fail));
    QCOMPARE(now.newSince(before).size(), 1);
    QCOMPARE(now.newSince(before).first().checkId, u"O1"_s);
    now = sample();
    now.findings[1].verdict = Verdict::Fail; // was a warning
    QCOMPARE(now.newSince(before).size(), 1);
    now.findings[1].verdict = Verdict::Pass; // better
    QVERIFY(now.newSince(before).isEmpty());
    QVERIFY(writeReport(now, ReportFormat::Text, {80, false, Report(), {}}).contains("(new, critical)"));
}

void TestDoctorReport::guideSaysWhatMatters()
{
    QFile file(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/doctor.md"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString table = QString::fromUtf8(file.readAll()).section(u"| practice | checks that matter |"_s, 1);
    static const QRegularExpression row(u"^\\| (\\d+) \\| (.+) \\|$"_s, QRegularExpression::MultilineOption);
    int practice = 0;
    for (auto match = row.globalMatch(table); match.hasNext() && practice < 10;) {
        const QRegularExpressionMatch found = match.next();
        QCOMPARE(found.captured(1).toInt(), ++practice);
        QCOMPARE(found.captured(2).replace(u", and "_s, u", "_s), Report().coverage(Practice(practice)).missing.join(u", "_s));
    }
    QCOMPARE(practice, 10);
    for (const QString &id : Report().coverage().missing.join(u' ').split(u' ')) {
        if (id != "or"_L1)
            QVERIFY2(Check::find(id), qPrintable(id));
    }
}

// In every format alike: what is new, what is known, what was fixed, and what nobody looked at now.
void TestDoctorReport::saysWhatBecameOfTheBaseline()
{
    Report before = sample();
    before.findings[3] = finding(u"H2"_s, Verdict::Fail); // is skipped now
    before.findings[0] = finding(u"T1"_s, Verdict::Warn); // passes now
    Report now = sample();
    now.findings.append(finding(u"O1"_s, Verdict::Fail));
    const ReportStyle style{80, false, before, {}};
    const QByteArray line =
        "2026-05-04 10:11 UTC: 1 new (O1), 2 known (T3, H4), 1 fixed (T1), 1 known, but not examined now (H2).";
    for (const ReportFormat format : {ReportFormat::Text, ReportFormat::Markdown, ReportFormat::Html}) {
        const QByteArray text = writeReport(now, format, style).simplified();
        QVERIFY2(text.contains(line), text.constData());
        QVERIFY(!writeReport(now, format).simplified().contains("fixed (T1)"));
    }
    const QJsonObject json = QJsonDocument::fromJson(writeReport(now, ReportFormat::Json, style)).object();
    const QJsonObject baseline = json.value("baseline"_L1).toObject();
    QCOMPARE(baseline.value("new"_L1).toArray(), QJsonArray{u"O1"_s});
    QCOMPARE(baseline.value("known"_L1).toArray(), QJsonArray({u"T3"_s, u"H4"_s}));
    QCOMPARE(baseline.value("fixed"_L1).toArray(), QJsonArray{u"T1"_s});
    QCOMPARE(baseline.value("unseen"_L1).toArray(), QJsonArray{u"H2"_s});
    QCOMPARE(json.value("findings"_L1)[2]["baseline"_L1].toString(), u"known"_s);
    const QJsonArray results = QJsonDocument::fromJson(writeReport(now, ReportFormat::Sarif, style))
                                   .object()
                                   .value("runs"_L1)[0]["results"_L1]
                                   .toArray();
    QStringList states;
    for (const auto &result : results)
        states.append(result["ruleId"_L1].toString() + u' ' + result["baselineState"_L1].toString());
    QCOMPARE(states.join(u", "_s), u"H4 unchanged, O1 new, T3 unchanged, T1 absent, H2 unchanged"_s);
    const QByteArray junit = writeReport(now, ReportFormat::JUnit, style);
    QVERIFY(junit.contains("message=\"known: a token without signature") && junit.contains("message=\"new: seen\""));
    QVERIFY(junit.contains("name=\"baseline.fixed\" value=\"T1\""));
    // Of another endpoint nothing can be told.
    QVERIFY(now.isOfSameEndpoint(before));
    before.endpoint = QUrl(u"wss://ORDERS.example.com:443/v1/stream?x=1"_s);
    QVERIFY(now.isOfSameEndpoint(before));
    before.endpoint = QUrl(u"wss://orders.example.com/v2/stream"_s);
    QVERIFY(!now.isOfSameEndpoint(before));
    before.endpoint = QUrl(u"wss://orders.example.com:444/v1/stream"_s);
    QVERIFY(!now.isOfSameEndpoint(before));
}

void TestDoctorReport::textFitsItsWidth_data()
{
    QTest::addColumn<int>("width");
    QTest::newRow("80") << 80;
    QTest::newRow("120") << 120;
    QTest::newRow("40") << 40;
}

void TestDoctorReport::textFitsItsWidth()
{
    QFETCH(int, width);
    const QString text = QString::fromUtf8(writeReport(sample(), ReportFormat::Text, {width, false, {}, {}}));
    const QStringList lines = text.split(u'\n');
    for (const QString &line : lines)
        QVERIFY2(line.size() <= width, qPrintable(line));
    const QString joined = text.simplified();
    QVERIFY(joined.contains(u"H4 A token without signature is refused (critical)"_s));
    QVERIFY(joined.contains(u"Why: The header says"_s) && joined.contains(u"Fix: Give the verifying function"_s));
    QVERIFY(joined.indexOf(u"H4 "_s) < joined.indexOf(u"T3 "_s)); // the worst first
    QVERIFY(joined.contains(u"1 failed, 1 warned, 1 passed, 1 not examined; 34 requests in 5.2 s"_s));
    QVERIFY(joined.endsWith(u"Grade: F (3 of 4 checks, 1 of 10 practices)"_s));
    for (const Finding &one : large().findings) {
        const QString shown = QString::fromUtf8(writeLine(one, {width, false, {}, {}}));
        for (const QString &line : shown.split(u'\n'))
            QVERIFY2(line.size() <= width, qPrintable(line));
        QVERIFY2(shown.simplified().contains(one.summary) || one.verdict == Verdict::Pass, qPrintable(shown)); // nothing is cut
    }
}

void TestDoctorReport::textIsAsItWas_data()
{
    QTest::addColumn<int>("width");
    QTest::newRow("80") << 80;
    QTest::newRow("120") << 120;
}

// The pictures are text files beside this one; with WATCHWORD_WRITE_SNAPSHOTS set they are written anew.
void TestDoctorReport::textIsAsItWas()
{
    QFETCH(int, width);
    const Report report = large();
    QByteArray text;
    for (const Finding &one : report.findings)
        text += writeLine(one, {width, false, {}, {}}) + '\n';
    text += writeReport(report, ReportFormat::Text, {width, false, sample(), {}});
    QFile file(QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/unit/doctor/snapshots/report-%1.txt").arg(width));
    if (qEnvironmentVariableIsSet("WATCHWORD_WRITE_SNAPSHOTS")) {
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) == text.size());
        return;
    }
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QStringList wanted = QString::fromUtf8(file.readAll()).split(u'\n');
    const QStringList lines = QString::fromUtf8(text).split(u'\n');
    for (qsizetype i = 0; i < std::min(lines.size(), wanted.size()); ++i) {
        QCOMPARE(lines.at(i), wanted.at(i));
        QVERIFY2(lines.at(i).size() <= width, qPrintable(lines.at(i)));
    }
    QCOMPARE(lines.size(), wanted.size());
}

void TestDoctorReport::leadsToTheGuide()
{
    // Where nobody serves the guide, reports name the command that prints it, and no address.
    for (const ReportFormat format : {ReportFormat::Text, ReportFormat::Html, ReportFormat::Markdown, ReportFormat::Sarif}) {
        const QByteArray report = writeReport(sample(), format);
        QVERIFY(report.contains("watchword doctor --explain H4"));
        QVERIFY(!report.contains("validation.md") && !report.contains("helpUri"));
    }
    const ReportStyle style{80, false, {}, QUrl(u"https://docs.example.com/watchword/"_s)};
    for (const ReportFormat format : {ReportFormat::Text, ReportFormat::Html, ReportFormat::Markdown, ReportFormat::Sarif}) {
        const QByteArray report = writeReport(sample(), format, style).replace("\\/", "/");
        QVERIFY2(report.contains("https://docs.example.com/watchword/practices/validation.md"), report.constData());
        QVERIFY(!report.contains("--explain"));
    }
    // Every page is one of the guide.
    for (const Check &check : Check::all())
        QVERIFY2(QFile::exists(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/") + check.guidePage()),
                 qPrintable(check.guidePage()));
}

void TestDoctorReport::coloursOnlyIfAsked()
{
    QVERIFY(!writeReport(sample(), ReportFormat::Text).contains('\x1b'));
    QVERIFY(writeReport(sample(), ReportFormat::Text, {80, true, {}, {}}).contains("\x1b[1;31m"));
    QCOMPARE(writeLine(finding(u"T1"_s, Verdict::Pass)), QByteArray("pass T1   Nothing is served without TLS"));
}

void TestDoctorReport::sarifNamesRulesAndPlaces()
{
    const QJsonObject log =
        QJsonDocument::fromJson(writeReport(sample(), ReportFormat::Sarif, {80, false, Report(), {}})).object();
    QCOMPARE(log.value("version"_L1).toString(), u"2.1.0"_s);
    const QJsonObject run = log.value("runs"_L1)[0].toObject();
    const QJsonArray rules = run.value("tool"_L1)["driver"_L1]["rules"_L1].toArray();
    QCOMPARE(rules.size(), Check::all().size());
    const QJsonArray results = run.value("results"_L1).toArray();
    QCOMPARE(results.size(), 2);
    const QJsonObject first = results.first().toObject();
    QCOMPARE(first.value("ruleId"_L1).toString(), u"H4"_s);
    QCOMPARE(rules.at(first.value("ruleIndex"_L1).toInt())["id"_L1].toString(), u"H4"_s);
    QCOMPARE(first.value("level"_L1).toString(), u"error"_s);
    QCOMPARE(first.value("baselineState"_L1).toString(), u"new"_s);
    QCOMPARE(first.value("locations"_L1)[0]["physicalLocation"_L1]["artifactLocation"_L1]["uri"_L1].toString(),
             u"orders.example.com/v1/stream"_s); // another scheme than file: is refused by code scanning pages
    // A page sorts by the rule: what is less than the worst has one of its own.
    Report mild = sample();
    mild.findings = {finding(u"H1"_s, Verdict::Warn)};
    mild.findings.first().ownSeverity = Severity::Low;
    const QJsonObject milder =
        QJsonDocument::fromJson(writeReport(mild, ReportFormat::Sarif)).object().value("runs"_L1)[0].toObject();
    const QJsonObject result = milder.value("results"_L1)[0].toObject();
    QCOMPARE(result.value("ruleId"_L1).toString(), u"H1/low"_s);
    const QJsonObject rule = milder.value("tool"_L1)["driver"_L1]["rules"_L1][result.value("ruleIndex"_L1).toInt()].toObject();
    QCOMPARE(rule.value("id"_L1).toString(), u"H1/low"_s);
    QCOMPARE(rule.value("properties"_L1)["security-severity"_L1].toString(), u"3.0"_s);
    QCOMPARE(run.value("properties"_L1)["endpoint"_L1].toString(), u"wss://orders.example.com/v1/stream"_s);
    Report other = sample();
    other.endpoint = QUrl(u"wss://[::1]:8443/a%20b"_s);
    const QByteArray bytes = writeReport(other, ReportFormat::Sarif);
    QVERIFY2(bytes.contains("\"uri\": \"__1_8443/a%20b\""), bytes.constData());
}

void TestDoctorReport::junitIsXml()
{
    QXmlStreamReader xml(writeReport(sample(), ReportFormat::JUnit));
    int cases = 0;
    int failures = 0;
    int skipped = 0;
    while (!xml.atEnd()) {
        xml.readNext();
        if (!xml.isStartElement())
            continue;
        cases += xml.name() == "testcase"_L1;
        failures += xml.name() == "failure"_L1;
        skipped += xml.name() == "skipped"_L1;
        if (xml.name() == "testsuite"_L1)
            QCOMPARE(xml.attributes().value("failures"_L1).toString(), u"2"_s);
    }
    QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
    QCOMPARE(cases, 4);
    QCOMPARE(failures, 2);
    QCOMPARE(skipped, 1);
}

void TestDoctorReport::markupOfAServerIsText()
{
    Report report = sample();
    report.findings[2].summary = u"<script>alert(1)</script> [x](javascript:1) ``` %1 %2"_s;
    report.findings[2].evidence = QStringList{u"< </pre><img src=x> ```"_s};
    const QByteArray html = writeReport(report, ReportFormat::Html);
    QVERIFY(!html.contains("<script") && !html.contains("<img") && html.contains("&lt;script&gt;"));
    QVERIFY(!html.contains("src=\"") && html.contains("default-src 'none'"));
    const QByteArray markdown = writeReport(report, ReportFormat::Markdown);
    QVERIFY(markdown.contains("\\<script\\>") && !markdown.contains(" <script") && markdown.contains("\\[x\\]\\(javascript"));
    QVERIFY(markdown.contains("````text\n")); // a fence longer than what is inside
    QVERIFY(markdown.contains("%1 %2"));
    QVERIFY(writeReport(report, ReportFormat::Text).contains("%1 %2"));
}

WATCHWORD_TEST_MAIN(TestDoctorReport)
#include "tst_doctorreport.moc"
