// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/testmain.h"

#include <QFile>
#include <QImage>
#include <QProcess>
#include <QSettings>
#include <QTemporaryDir>

#include "monitor/program/demologin.h"
#include "monitor/program/demoprocess.h"
#include "monitor/program/options.h"

using namespace Monitor;
using namespace Qt::StringLiterals;

/*!
    Command line and the demo's description: what they take, and what they say to wrong input. Then the program itself, as a
    person starts it: what it prints, its exit codes, and what is on its pictures.
*/
class TestMonitorProgram : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void readsOptions();
    void refusesWrongOptions_data();
    void refusesWrongOptions();
    void readsTheDemo();
    void refusesAWrongDemo_data();
    void refusesAWrongDemo();
    void readsHiddenFields();
    void programAnswers_data();
    void programAnswers();
    void picturesAFile_data();
    void picturesAFile();
    void picturesTheDemo();
    void endsTheDemoWhenKilled();
    void keepsItsStateWhenTheSessionEnds();

private:
    struct Run
    {
        int code = -1;
        QByteArray out;
        QByteArray error;
    };
    Run run(const QStringList &arguments, int timeoutMs = 30'000);

    QTemporaryDir m_folder;
};

TestMonitorProgram::Run TestMonitorProgram::run(const QStringList &arguments, int timeoutMs)
{
    QProcess program;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"QT_QPA_PLATFORM"_s, u"offscreen"_s);
    environment.insert(u"XDG_CONFIG_HOME"_s, m_folder.path());
    environment.insert(u"XDG_DATA_HOME"_s, m_folder.path());
    environment.insert(u"XDG_RUNTIME_DIR"_s, m_folder.path());
    environment.insert(u"LC_ALL"_s, u"C.UTF-8"_s);
    program.setProcessEnvironment(environment);
    program.start(QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-monitor"), arguments);
    if (!program.waitForFinished(timeoutMs) || program.exitStatus() != QProcess::NormalExit)
        return {-1, program.readAllStandardOutput(), program.readAllStandardError()};
    return {program.exitCode(), program.readAllStandardOutput(), program.readAllStandardError()};
}

void TestMonitorProgram::readsOptions()
{
    const auto options =
        parseOptions({u"watchword-monitor"_s, u"--open"_s, u"a.jsonl"_s, u"--page"_s, u"audit"_s, u"--theme"_s,
                      u"high-contrast"_s, u"--size"_s, u"1024x700"_s, u"--language"_s, u"de"_s, u"--screenshot"_s, u"out.png"_s});
    QVERIFY(options.isOk());
    QCOMPARE(options->openFile, u"a.jsonl"_s);
    QCOMPARE(options->page, std::optional(PageId::Audit));
    QCOMPARE(options->theme, std::optional(Theme::Choice::HighContrast));
    QCOMPARE(options->size, QSize(1024, 700));
    QCOMPARE(options->language, u"de"_s);
    QVERIFY(options->hasSource());
    QCOMPARE(options->route, Watchword::SignInRoute::Automatic);
    QVERIFY(helpText().contains(u"--demo"_s));
    const auto remote = parseOptions({u"watchword-monitor"_s, u"--sign-in"_s, u"device"_s});
    QVERIFY(remote.isOk());
    QCOMPARE(remote->route, Watchword::SignInRoute::Device);
    const auto byDesktop = parseOptions({u"watchword-monitor"_s, u"b.jsonl"_s});
    QVERIFY(byDesktop.isOk());
    QCOMPARE(byDesktop->openFile, u"b.jsonl"_s);
}

void TestMonitorProgram::refusesWrongOptions_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("named");
    QTest::newRow("unknown") << QStringList{u"--colour"_s} << u"colour"_s;
    QTest::newRow("page") << QStringList{u"--page"_s, u"cellar"_s} << u"--page"_s;
    QTest::newRow("theme") << QStringList{u"--theme"_s, u"pink"_s} << u"--theme"_s;
    QTest::newRow("language") << QStringList{u"--language"_s, u"xx"_s} << u"--language"_s;
    QTest::newRow("size") << QStringList{u"--size"_s, u"big"_s} << u"--size"_s;
    QTest::newRow("size zero") << QStringList{u"--size"_s, u"0x0"_s} << u"--size"_s;
    QTest::newRow("plain ws") << QStringList{u"--server"_s, u"ws://a"_s} << u"wss://"_s;
    QTest::newRow("no issuer") << QStringList{u"--server"_s, u"wss://a"_s} << u"--issuer"_s;
    QTest::newRow("sign-in") << QStringList{u"--sign-in"_s, u"telepathy"_s} << u"--sign-in"_s;
    QTest::newRow("two sources") << QStringList{u"--demo"_s, u"--open"_s, u"x"_s} << u"--demo"_s;
    QTest::newRow("picture of nothing") << QStringList{u"--screenshot"_s, u"x.png"_s} << u"--screenshot"_s;
    QTest::newRow("two files") << QStringList{u"a.jsonl"_s, u"b.jsonl"_s} << u"b.jsonl"_s;
    QTest::newRow("a file beside --open") << QStringList{u"--open"_s, u"a.jsonl"_s, u"b.jsonl"_s} << u"b.jsonl"_s;
    QTest::newRow("a file beside the demo") << QStringList{u"--demo"_s, u"a.jsonl"_s} << u"--demo"_s;
}

void TestMonitorProgram::refusesWrongOptions()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, named);
    const auto options = parseOptions(QStringList{u"watchword-monitor"_s} + arguments);
    QVERIFY(!options.isOk());
    QCOMPARE(options.error().code(), Watchword::ErrorCode::InvalidArgument);
    QVERIFY2(options.error().detail().contains(named), qPrintable(options.error().detail()));
}

void TestMonitorProgram::readsTheDemo()
{
    const auto info = DemoInfo::fromJson(
        R"({"gateway":"wss://127.0.0.1:4433","issuer":"https://127.0.0.1:4434","ca":"ca.pem","client_id":"demo",
        "audience":"wss://demo","users":[{"name":"anna","password":"a"},{"name":"operator","password":"o"}],"watch":"/watch","audit":"/audit"})");
    QVERIFY(info.isOk());
    QCOMPARE(info->operatorName, u"operator"_s);
    QCOMPARE(info->operatorPassword.reveal(), QByteArrayView("o"));
    QCOMPARE(info->gateway.port(), 4433);
}

void TestMonitorProgram::refusesAWrongDemo_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("named");
    QTest::newRow("garbage") << QByteArray("hello") << u"JSON"_s;
    QTest::newRow("empty") << QByteArray("{}") << u"JSON"_s;
    QTest::newRow("no issuer") << QByteArray(R"({"gateway":"wss://a"})") << u"issuer"_s;
    QTest::newRow("no users") << QByteArray(
        R"({"gateway":"wss://a","issuer":"https://a","ca":"c","client_id":"d","watch":"/w","audit":"/a","users":[]})")
                              << u"users"_s;
}

void TestMonitorProgram::refusesAWrongDemo()
{
    QFETCH(QByteArray, line);
    QFETCH(QString, named);
    const auto info = DemoInfo::fromJson(line);
    QVERIFY(!info.isOk());
    QVERIFY2(info.error().detail().contains(named), qPrintable(info.error().detail()));
}

void TestMonitorProgram::readsHiddenFields()
{
    const auto fields = DemoLogin::hiddenFields(
        "<form><input type=\"hidden\" name=\"csrf\" value=\"a&amp;&quot;b\"><input name=\"username\" value=\"x\"></form>");
    QCOMPARE(fields.size(), 1);
    QCOMPARE(fields.first().first, u"csrf"_s);
    QCOMPARE(fields.first().second, u"a&\"b"_s);
    QVERIFY(DemoLogin::hiddenFields("<p>done</p>").isEmpty());
}

void TestMonitorProgram::programAnswers_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("out");
    QTest::addColumn<QByteArray>("error");
    QTest::newRow("version") << QStringList{u"--version"_s} << 0 << QByteArray("watchword-monitor 0.") << QByteArray();
    QTest::newRow("help") << QStringList{u"--help"_s} << 0 << QByteArray("--sign-in") << QByteArray();
    QTest::newRow("unknown option") << QStringList{u"--colour"_s} << 2 << QByteArray() << QByteArray("colour");
    QTest::newRow("wrong page") << QStringList{u"--page"_s, u"cellar"_s} << 2 << QByteArray() << QByteArray("--page");
    QTest::newRow("plain server") << QStringList{u"--server"_s, u"ws://127.0.0.1"_s} << 2 << QByteArray() << QByteArray("wss://");
    QTest::newRow("no such file") << QStringList{u"--open"_s, u"/nonexistent.jsonl"_s, u"--screenshot"_s, u"x.png"_s} << 1
                                  << QByteArray() << QByteArray("/nonexistent.jsonl");
    QTest::newRow("wrong demo") << QStringList{u"--demo-info"_s, u"/nonexistent.json"_s, u"--screenshot"_s, u"x.png"_s} << 1
                                << QByteArray() << QByteArray("watchword-monitor: ");
}

void TestMonitorProgram::programAnswers()
{
    QFETCH(QStringList, arguments);
    const Run done = run(arguments);
    QTEST(done.code, "code");
    QFETCH(QByteArray, out);
    QFETCH(QByteArray, error);
    QVERIFY2(done.out.contains(out) && done.out.isEmpty() == out.isEmpty(), done.out.constData());
    QVERIFY2(done.error.contains(error) && done.error.isEmpty() == error.isEmpty(), done.error.constData());
}

void TestMonitorProgram::picturesAFile_data()
{
    QTest::addColumn<QString>("theme");
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << u"light"_s << false;
    QTest::newRow("dark") << u"dark"_s << true;
    QTest::newRow("high-contrast") << u"high-contrast"_s << false;
}

void TestMonitorProgram::picturesAFile()
{
    QFETCH(QString, theme);
    QFETCH(bool, dark);
    const QString file = m_folder.filePath(theme + u".png"_s);
    const Run done = run({u"--open"_s, QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/package/audit-sample.jsonl"), u"--theme"_s,
                          theme, u"--size"_s, u"1024x700"_s, u"--screenshot"_s, file});
    QVERIFY2(done.code == 0, done.error.constData());
    QCOMPARE(done.error, QByteArray());
    QCOMPARE(done.out.trimmed(), file.toLocal8Bit());
    const QImage picture(file);
    QCOMPARE(picture.size(), QSize(1024, 700));
    QCOMPARE(picture.pixelColor(2, 690).lightness() < 128, dark);
    QSet<QRgb> colours;
    for (int y = 120; y < 600; y += 3) {
        for (int x = 60; x < 1000; x += 3)
            colours.insert(picture.pixel(x, y));
    }
    QVERIFY2(colours.size() > 20, "there are no rows on it");
}

// The whole way: gateway, 200 clients, sign-in, five pages.
void TestMonitorProgram::picturesTheDemo()
{
    const QString folder = m_folder.filePath(u"pages"_s);
    const Run done = run({u"--demo"_s, u"--screenshot"_s, folder}, 100'000);
    QVERIFY2(done.code == 0, done.error.constData());
    QVERIFY2(!done.error.contains("watchword-monitor:"), done.error.constData()); // the fleet's own words are expected
    for (const QString &page : {u"overview"_s, u"connections"_s, u"tokens"_s, u"audit"_s, u"posture"_s})
        QVERIFY2(!QImage(folder + u'/' + page + u".png"_s).isNull(), qPrintable(page));
}

namespace {

QList<qint64> childrenOf(qint64 pid)
{
    QFile file(u"/proc/%1/task/%1/children"_s.arg(pid));
    QList<qint64> children;
    if (file.open(QIODevice::ReadOnly)) {
        for (const QByteArray &child : file.readAll().simplified().split(' '))
            children += child.toLongLong();
    }
    children.removeAll(0);
    return children;
}

bool runs(qint64 pid)
{
    QFile file(u"/proc/%1/stat"_s.arg(pid));
    return file.open(QIODevice::ReadOnly) && !file.readAll().contains(") Z ");
}

} // namespace

// Nobody is left to tell the gateway and its clients.
void TestMonitorProgram::endsTheDemoWhenKilled()
{
#ifdef Q_OS_LINUX
    QProcess program;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"XDG_RUNTIME_DIR"_s, m_folder.path());
    environment.insert(u"XDG_CONFIG_HOME"_s, m_folder.path());
    program.setProcessEnvironment(environment);
    program.start(QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-monitor"), {u"--demo"_s});
    QVERIFY(program.waitForStarted());
    QTRY_COMPARE_WITH_TIMEOUT(childrenOf(program.processId()).size(), 2, 30'000);
    const QList<qint64> children = childrenOf(program.processId());
    program.kill();
    QVERIFY(program.waitForFinished());
    for (const qint64 child : children)
        QTRY_VERIFY_WITH_TIMEOUT(!runs(child), 30'000);
#else
    QSKIP("Linux tells children of the death of their parent");
#endif
}

void TestMonitorProgram::keepsItsStateWhenTheSessionEnds()
{
    QTemporaryDir home;
    const QString log = home.filePath(u"audit.jsonl"_s);
    QFile file(log);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"message\":\"one\"}\n");
    file.close();
    QProcess program;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"QT_QPA_PLATFORM"_s, u"offscreen"_s);
    environment.insert(u"XDG_CONFIG_HOME"_s, home.path());
    program.setProcessEnvironment(environment);
    program.start(QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-monitor"),
                  {u"--open"_s, log, u"--page"_s, u"tokens"_s, u"--size"_s, u"1030x710"_s});
    QVERIFY(program.waitForStarted());
    // The settings come a moment after the window; what counts is how the program ends.
    const QString settings = home.filePath(u"Watchword/watchword-monitor.conf"_s);
    QVERIFY(Support::waitUntil([&] { return QFile::exists(settings); }));
    QVERIFY(QFile::remove(settings));
    program.terminate();
    QVERIFY(program.waitForFinished());
    QCOMPARE(program.exitStatus(), QProcess::NormalExit);
    QCOMPARE(program.exitCode(), 0);
    const QSettings kept(settings, QSettings::IniFormat);
    QCOMPARE(kept.value(u"window/page"_s).toString(), u"tokens"_s);
    QVERIFY(!kept.value(u"window/geometry"_s).toByteArray().isEmpty());
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorProgram)
#include "tst_monitorprogram.moc"
