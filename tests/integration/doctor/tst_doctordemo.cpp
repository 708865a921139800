// SPDX-License-Identifier: Apache-2.0
#include "loginbrowser.h"
#include "visit.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>

using namespace DoctorTest;

/*! The commands of practices.md, as they stand there, against the demo gateway: it has an A in every practice. */
class TestDoctorDemo : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void demoIsGradeA();

private:
    //! Runs a line of the shell; whoever is asked to sign in is \a person.
    int run(const QString &line, const QJsonObject &person = {});
    //! Of the page, with the demo's names in place of the words in capitals: the \a number-th with this beginning.
    QString line(const QString &beginning, int number = 0) const;

    QTemporaryDir m_folder;
    Support::ReadyProcess m_gateway;
    QJsonObject m_demo;
    QString m_page;
    QByteArray m_out;
    QByteArray m_err;
};

void TestDoctorDemo::initTestCase()
{
    QVERIFY(m_folder.isValid());
    for (const QString &name : {u"home"_s, u"run"_s}) {
        QVERIFY(QDir(m_folder.path()).mkdir(name));
        QVERIFY(QFile::setPermissions(m_folder.filePath(name), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
    }
    QFile pass(m_folder.filePath(u"pass"_s));
    QVERIFY(pass.open(QIODevice::WriteOnly) && pass.setPermissions(QFile::ReadOwner | QFile::WriteOwner));
    pass.write("a passphrase of the test\n");
    pass.close();
    const auto ready = m_gateway.start(QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-gateway"),
                                       {u"--demo"_s, u"--users"_s, u"1"_s, u"--state"_s, m_folder.filePath(u"demo"_s)}, u"{"_s);
    QVERIFY(ready);
    m_demo = QJsonDocument::fromJson('{' + ready->toUtf8()).object();
    QFile page(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/practices.md"));
    QVERIFY(page.open(QIODevice::ReadOnly));
    m_page = QString::fromUtf8(page.readAll()).replace(u"\\\n"_s, QString());
}

QString TestDoctorDemo::line(const QString &beginning, int number) const
{
    const QRegularExpression shown(u"^\\$ (%1.*)$"_s.arg(QRegularExpression::escape(beginning)),
                                   QRegularExpression::MultilineOption);
    QString text;
    auto match = shown.globalMatch(m_page);
    for (int i = 0; i <= number && match.hasNext(); ++i)
        text = match.next().captured(1);
    for (const auto &[word, name] : {std::pair(u"ISSUER"_s, "issuer"), std::pair(u"GATEWAY"_s, "gateway"),
                                     std::pair(u"CA"_s, "ca"), std::pair(u"KEY"_s, "signing_key")})
        text.replace(QRegularExpression(u"\\b%1\\b"_s.arg(word)), m_demo.value(QLatin1StringView(name)).toString());
    return text;
}

int TestDoctorDemo::run(const QString &line, const QJsonObject &person)
{
    Tool::LoginBrowser browser(person.value("name"_L1).toString(), Secret::copy(person.value("password"_L1).toString().toUtf8()),
                               QSslCertificate::fromPath(m_demo.value("ca"_L1).toString()));
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"PATH"_s, QFileInfo(QStringLiteral(WATCHWORD_PROGRAM)).path() + u':' + environment.value(u"PATH"_s));
    environment.insert(u"HOME"_s, m_folder.filePath(u"home"_s));
    environment.insert(u"XDG_RUNTIME_DIR"_s, m_folder.filePath(u"run"_s));
    for (const QString &name : {u"XDG_CONFIG_HOME"_s, u"XDG_DATA_HOME"_s, u"XDG_STATE_HOME"_s, u"XDG_CACHE_HOME"_s})
        environment.remove(name);
    QProcess shell;
    shell.setProcessEnvironment(environment);
    shell.setWorkingDirectory(m_folder.path());
    shell.start(u"sh"_s, {u"-c"_s, u"umask 077; exec "_s + line});
    m_out.clear();
    m_err.clear();
    bool isOpened = person.isEmpty();
    const bool ended = waitUntil(
        [&] {
            m_out += shell.readAllStandardOutput();
            m_err += shell.readAllStandardError();
            static const QRegularExpression address(u"^(https://\\S+)\\n"_s, QRegularExpression::MultilineOption);
            const QRegularExpressionMatch asked = address.match(QString::fromUtf8(m_out + m_err));
            if (!isOpened && asked.hasMatch()) {
                isOpened = true;
                browser.open(QUrl(asked.captured(1), QUrl::StrictMode));
            }
            return shell.state() == QProcess::NotRunning;
        },
        120s);
    if (!ended)
        shell.kill();
    shell.waitForFinished();
    m_out += shell.readAllStandardOutput();
    return ended && shell.exitStatus() == QProcess::NormalExit ? shell.exitCode() : -1;
}

void TestDoctorDemo::demoIsGradeA()
{
    const QJsonArray users = m_demo.value("users"_L1).toArray();
    const QString signIn = line(u"watchword sign-in"_s) + u" --no-browser --timeout 60s"_s;
    QVERIFY2(run(signIn, users.first().toObject()) == 0, (m_out + m_err).constData());
    // As the page says of the operator.
    QVERIFY(m_page.contains(u"`--account operator`"_s)
            && m_page.contains(u"`--scope \"openid offline_access gw:read gw:audit\"`"_s));
    QString second = signIn;
    second.replace(u"--account demo"_s, u"--account operator"_s);
    second.replace(QRegularExpression(u"--scope \"[^\"]*\""_s), u"--scope \"openid offline_access gw:read gw:audit\""_s);
    QVERIFY2(run(second, users.last().toObject()) == 0, (m_out + m_err).constData());
    QVERIFY2(run(line(u"watchword tail"_s)) == 0, (m_out + m_err).constData());

    // A person's first examination, in text: it comes to its end, although no token lives that long.
    QVERIFY2(run(line(u"watchword doctor"_s)) == 0, (m_out + m_err).constData());
    QVERIFY2(m_out.contains("Grade: A (") && !m_out.contains("ended early"), m_out.constData());

    QVERIFY2(run(line(u"watchword token"_s)) == 0, m_err.constData());
    const int code = run(line(u"watchword doctor"_s, 1) + u" --format json --quiet"_s);
    const Result<Report> report = Report::fromJson(m_out);
    QVERIFY2(report, m_err.constData());
    for (const Finding &finding : report->findings) {
        if (finding.isProblem())
            qInfo("%s %s", qPrintable(finding.checkId), qPrintable(finding.summary));
    }
    QCOMPARE(problemsOf(*report), QStringList());
    QCOMPARE(code, 0);
    QCOMPARE(report->graded(), 10);
    for (int practice = int(Practice::Transport); practice <= int(Practice::Education); ++practice)
        QCOMPARE(report->grade(Practice(practice)), u"A"_s);
    for (const QString &id :
         {u"H5"_s, u"G3"_s, u"I1"_s, u"I2"_s, u"B1"_s, u"B2"_s, u"B5"_s, u"B6"_s, u"L3"_s, u"H2"_s, u"E1"_s, u"E5"_s, u"A1"_s})
        QVERIFY2(summaryOf(*report, id).startsWith(u"pass"_s), qPrintable(id + u' ' + summaryOf(*report, id)));
}

WATCHWORD_TEST_MAIN(TestDoctorDemo)
#include "tst_doctordemo.moc"
