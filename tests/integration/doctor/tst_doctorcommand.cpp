// SPDX-License-Identifier: Apache-2.0
#include "visit.h"

#include "support/gatewayprocess.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QTcpServer>
#include <QTemporaryDir>

using namespace DoctorTest;

/*! What a script relies on: exit codes, and which of the two outputs says what. The gateway is not trusted without --ca: T4. */
class TestDoctorCommand : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void exitCodes_data();
    void exitCodes();
    void baselineExitCodes_data();
    void baselineExitCodes();
    void baselineTellsWhatIsNew();
    void explainPrintsThePage();
    void workflowOfTheGuideRuns();

private:
    struct Run
    {
        int code = -1;
        QByteArray out;
        QByteArray err;
    };
    static Run run(const QStringList &arguments);
    QString file(const QString &name, const QByteArray &bytes) const;

    Support::GatewayProcess m_gateway;
    QTcpServer m_closed;
};

TestDoctorCommand::Run TestDoctorCommand::run(const QStringList &arguments)
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

QString TestDoctorCommand::file(const QString &name, const QByteArray &bytes) const
{
    QFile file(m_gateway.file(name));
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() ? file.fileName() : QString();
}

void TestDoctorCommand::initTestCase()
{
    QVERIFY(m_gateway.prepare("[[endpoint]]\npath = \"/v1/stream\"\nscopes = [\"use\"]\nserves = \"echo\"\n"));
    QVERIFY(m_gateway.start());
    QVERIFY(m_closed.listen(QHostAddress::LocalHost));
}

void TestDoctorCommand::exitCodes_data()
{
    const QString url = m_gateway.url(u"/v1/stream"_s).toString();
    const QString closed = u"wss://127.0.0.1:%1/"_s.arg(m_closed.serverPort());
    m_closed.close();
    const QString refresh = file(u"refresh"_s, "a-refresh-token");
    QVERIFY(QFile::setPermissions(refresh, QFile::ReadOwner | QFile::WriteOwner));
    const QStringList base{url, u"--quiet"_s};
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("says"); // of both outputs
    const auto row = [](const char *name, const QStringList &arguments, int code, const char *says) {
        QTest::newRow(name) << arguments << code << QByteArray(says);
    };
    row("nothing found", base + QStringList{u"--ca"_s, m_gateway.file(u"ca.pem"_s)}, 0, "Grade: none, too little was examined (");
    row("a finding", base, 1, "Grade: F (");
    row("help", {u"--help"_s}, 0, "Exit codes: 0 nothing found");
    row("an explanation", {u"--explain"_s, u"T4"_s}, 0, "T4: The certificate is trusted");
    row("no such check", {u"--explain=Z9"_s}, 2, "there is no check Z9; there are T1, ");
    row("an explanation of an endpoint", {u"--explain"_s, u"T4"_s, url}, 2, "takes 0 argument(s)");
    row("nobody listens", {closed, u"--quiet"_s}, 2, "cannot be reached");
    row("no endpoint", {}, 2, "takes 1 argument(s)");
    row("not wss", {u"https://localhost/"_s}, 2, "wss://host/path");
    row("no such option", base + QStringList{u"--frobnicate"_s}, 2, "frobnicate");
    row("no such format", base + QStringList{u"--format"_s, u"pdf"_s}, 2, "--format is text");
    row("no such way", base + QStringList{u"--token-in"_s, u"cookie"_s}, 2, "--token-in is header");
    row("no such colour", base + QStringList{u"--colour"_s, u"green"_s}, 2, "--colour is auto");
    row("too many requests", base + QStringList{u"--requests"_s, u"100000"_s}, 2, "1 to 1000");
    row("no time", base + QStringList{u"--time"_s, u"10ms"_s}, 2, "--time is a number");
    row("a guide that nobody can open", base + QStringList{u"--guide"_s, u"practices"_s}, 2, "--guide is the https address");
    row("no such token file", base + QStringList{u"--token-file"_s, u"/nowhere"_s}, 2, "/nowhere");
    row("an empty token file", base + QStringList{u"--token-file"_s, file(u"empty"_s, "\n")}, 2, "holds no token");
    row("an issuer without TLS", base + QStringList{u"--issuer"_s, u"http://localhost"_s}, 2, "named as https://host");
    row("a refresh token of nobody", base + QStringList{u"--refresh-token-file"_s, refresh}, 2,
        "needs the issuer and the client");
    row("no such key", base + QStringList{u"--signing-key"_s, u"/nowhere"_s}, 2, "/nowhere");
    row("no such authority", base + QStringList{u"--ca"_s, u"/nowhere"_s}, 2, "/nowhere");
    row("an empty token of the auditor", base + QStringList{u"--deep"_s, u"--audit-token-file"_s, file(u"empty-audit"_s, "\n")},
        2, "holds no token");
    row("too little to look at all", base + QStringList{u"--ca"_s, m_gateway.file(u"ca.pem"_s), u"--requests"_s, u"5"_s}, 3,
        "ended early");
    row("no place for the report", base + QStringList{u"--output"_s, u"/nowhere/report"_s}, 2, "/nowhere/report");
}

void TestDoctorCommand::baselineExitCodes_data()
{
    const QString url = m_gateway.url(u"/v1/stream"_s).toString();
    const QString known = file(u"known.json"_s, R"({"version":1,"findings":[{"check":"T4","verdict":"fail","summary":"old"}]})");
    const QString better =
        file(u"better.json"_s, R"({"version":1,"findings":[{"check":"T4","verdict":"warn","summary":"old"}]})");
    const QString other = file(u"other.json"_s, R"({"version":1,"findings":[{"check":"O1","verdict":"fail","summary":"old"}]})");
    const QString broken = file(u"broken.json"_s, "{\"version\":1,");
    const QString elsewhere =
        file(u"elsewhere.json"_s, R"({"version":1,"endpoint":"wss://other.example.com/v1/stream","findings":[]})");
    const QString fixed = file(u"fixed.json"_s, R"({"version":1,"findings":[{"check":"T4","verdict":"fail","summary":"old"},
        {"check":"T1","verdict":"fail","summary":"old"},{"check":"H4","verdict":"fail","summary":"old"}]})");
    const QStringList base{url, u"--quiet"_s};
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("says");
    const auto row = [](const char *name, const QStringList &arguments, int code, const char *says) {
        QTest::newRow(name) << arguments << code << QByteArray(says);
    };
    row("a known finding", base + QStringList{u"--baseline"_s, known}, 0, "Grade: F (");
    row("worse than it was", base + QStringList{u"--baseline"_s, better}, 1, "(new, critical)");
    row("what is known is said", base + QStringList{u"--baseline"_s, fixed}, 0,
        "Since the baseline: 1 known (T4), 1 fixed (T1), 1 known, but not examined now (H4).");
    row("a baseline of another endpoint", base + QStringList{u"--baseline"_s, elsewhere}, 2,
        "the baseline is of wss://other.example.com/v1/stream, and this examination of another endpoint");
    row("any baseline", base + QStringList{u"--baseline"_s, elsewhere, u"--any-baseline"_s}, 1, "1 new (T4)");
    row("only what is new", base + QStringList{u"--baseline"_s, known, u"--fail-on"_s, u"new"_s}, 0, "(known, critical)");
    row("whatever is bad, known or not", base + QStringList{u"--baseline"_s, known, u"--fail-on"_s, u"high"_s}, 1,
        "(known, critical)");
    row("new and bad", base + QStringList{u"--baseline"_s, other, u"--fail-on"_s, u"new,critical"_s}, 1, "(new, critical)");
    row("no such level", base + QStringList{u"--fail-on"_s, u"awful"_s}, 2, "--fail-on is info, low,");
    row("two levels", base + QStringList{u"--fail-on"_s, u"low,high"_s}, 2, "--fail-on is info, low,");
    row("new since when", base + QStringList{u"--fail-on"_s, u"new"_s}, 2, "--fail-on new needs a --baseline");
    row("less than what counts",
        {QString(url).replace(u"/v1/stream"_s, u"/nowhere"_s), u"--quiet"_s, u"--ca"_s, m_gateway.file(u"ca.pem"_s),
         u"--fail-on"_s, u"high"_s},
        3, "ould not be examined");
    row("another finding", base + QStringList{u"--baseline"_s, other}, 1, "(new, critical)");
    row("no such baseline", base + QStringList{u"--baseline"_s, u"/nowhere"_s}, 2, "/nowhere");
    row("a broken baseline", base + QStringList{u"--baseline"_s, broken}, 2, "no JSON");
}

void TestDoctorCommand::baselineExitCodes()
{
    exitCodes();
}

void TestDoctorCommand::exitCodes()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, code);
    QFETCH(QByteArray, says);
    const Run result = run(arguments);
    const QByteArray both = result.out + result.err;
    QVERIFY2(both.simplified().contains(says.simplified()), both.constData());
    QCOMPARE(result.code, code);
    // A script that reads the report finds nothing else there.
    QCOMPARE(result.out.isEmpty(), code == 2);
}

void TestDoctorCommand::baselineTellsWhatIsNew()
{
    const QString url = m_gateway.url(u"/v1/stream"_s).toString();
    const auto fresh = [&](const QByteArray &baseline) {
        const Run result =
            run({url, u"--quiet"_s, u"--format"_s, u"json"_s, u"--baseline"_s, file(u"baseline.json"_s, baseline)});
        return QJsonDocument::fromJson(result.out).object().value("new"_L1).toArray().toVariantList();
    };
    const Run first = run({url, u"--quiet"_s, u"--json"_s});
    QCOMPARE(first.code, 1);
    QCOMPARE(fresh(first.out), QVariantList());
    QCOMPARE(fresh(R"({"version":1,"findings":[]})"), QVariantList{u"T4"_s});
    // It passed then, or was not examined: it is new.
    QCOMPARE(fresh(QByteArray(first.out).replace("\"fail\"", "\"pass\"")), QVariantList{u"T4"_s});
    QCOMPARE(fresh(QByteArray(first.out).replace("\"fail\"", "\"skip\"")), QVariantList{u"T4"_s});
}

void TestDoctorCommand::explainPrintsThePage()
{
    for (const Check &check : Check::all()) {
        const Run result = run({u"--explain"_s, check.id.toLower(), u"--width"_s, u"72"_s});
        QCOMPARE(result.code, 0);
        const QString text = QString::fromUtf8(result.out);
        const QString flat = text.simplified();
        QVERIFY(flat.startsWith(check.id + u": "_s + check.title));
        QVERIFY2(flat.contains(check.why.simplified()) && flat.contains(check.fix.simplified()), qPrintable(text));
        QVERIFY2(flat.contains(u"What happened"_s) && flat.contains(u"Three questions"_s), qPrintable(text));
        QString prose; // code stays as it is
        const QStringList lines = text.split(u'\n');
        for (const QString &line : lines) {
            if (!line.startsWith("    "_L1))
                prose += line + u'\n';
        }
        QVERIFY(!prose.contains(u"]("_s) && !prose.contains(u"**"_s) && !text.contains(u'\x1b'));
    }
    QVERIFY(run({u"--explain"_s, u"T1"_s, u"--colour"_s, u"always"_s}).out.contains("\x1b[1m"));
}

// The steps that a shell runs, as they stand in the guide; only the endpoint and its authority are those of the test.
void TestDoctorCommand::workflowOfTheGuideRuns()
{
    QFile guide(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/doctor.md"));
    QVERIFY(guide.open(QIODevice::ReadOnly));
    const QString text = QString::fromUtf8(guide.readAll());
    const QString workflow = text.section(u"```yaml\n"_s, 1).section(u"```"_s, 0, 0);
    static const QRegularExpression step(u"^ *- run: (.+)$"_s, QRegularExpression::MultilineOption);
    QStringList lines;
    for (auto match = step.globalMatch(workflow); match.hasNext();)
        lines.append(match.next().captured(1));
    QCOMPARE(lines.size(), 3);
    QVERIFY(lines.at(0).startsWith(u"sudo apt-get install"_s)); // the packages are not there before they are made
    const QString endpoint = u"wss://staging.example.com/v1/stream"_s;
    QVERIFY(lines.at(2).contains(endpoint));
    lines[2].replace(endpoint, m_gateway.url(u"/v1/stream"_s).toString() + u" --ca "_s + m_gateway.file(u"ca.pem"_s));

    QTemporaryDir folder;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"TOKEN"_s, QString::fromLatin1(m_gateway.token(u"user-1"_s, 300)));
    environment.insert(u"PATH"_s, QFileInfo(QStringLiteral(WATCHWORD_PROGRAM)).path() + u':' + environment.value(u"PATH"_s));
    for (const QString &line : lines.mid(1)) {
        QProcess shell;
        shell.setProcessEnvironment(environment);
        shell.setWorkingDirectory(folder.path());
        shell.start(u"sh"_s, {u"-e"_s, u"-c"_s, line});
        QVERIFY(shell.waitForFinished(60'000));
        QVERIFY2(shell.exitCode() == 0, shell.readAllStandardError().constData());
    }
    QFile sarif(folder.filePath(u"doctor.sarif"_s)); // the name that the last step uploads
    QVERIFY(workflow.contains(u"sarif_file: doctor.sarif"_s));
    QVERIFY(sarif.open(QIODevice::ReadOnly));
    QCOMPARE(QJsonDocument::fromJson(sarif.readAll()).object().value("version"_L1).toString(), u"2.1.0"_s);
    QCOMPARE(QFile::permissions(folder.filePath(u"token"_s)) & (QFile::ReadOther | QFile::ReadGroup), QFile::Permissions());
}

WATCHWORD_TEST_MAIN(TestDoctorCommand)
#include "tst_doctorcommand.moc"
