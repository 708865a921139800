// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>

#include <csignal>
#include <memory>
#include <vector>

using namespace Qt::StringLiterals;

namespace {

const QString kProgram = QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-gateway");

struct Outcome
{
    int code = -1;
    QByteArray errors;
    QByteArray output;
};

Outcome runToEnd(const QStringList &arguments, const QByteArray &input = {})
{
    QProcess process;
    process.start(kProgram, arguments);
    process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(20'000)) {
        process.kill();
        process.waitForFinished();
        return {};
    }
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2, process.readAllStandardError(),
            process.readAllStandardOutput()};
}

} // namespace

class TestProgram : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void checkConfigSaysWhere();
    void wrongCommandLines();
    void newPasswords_data();
    void newPasswords();
    void usersOfTheFile();
    void usersOfTheConfiguration_data();
    void usersOfTheConfiguration();
    void busyPortEndsWithAName();
    void demoIsReadyAndEndsCleanly();
    void demoTidiesUpAfterAKilledOne();
    void hangUpReloads();
    void survivesTooManyConnections();

private:
    QString writeConfig(const QByteArray &text);
    QByteArray goodConfig(int port) const;
    QString configWithUsers();

    QTemporaryDir m_folder;
};

void TestProgram::initTestCase()
{
    QVERIFY(m_folder.isValid());
    QVERIFY(Support::makeCertificates(m_folder.path()));
}

QString TestProgram::writeConfig(const QByteArray &text)
{
    QFile file(m_folder.filePath(u"gateway.toml"_s));
    if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate) || file.write(text) != text.size())
        return {};
    return file.fileName();
}

QByteArray TestProgram::goodConfig(int port) const
{
    return "[listen]\naddress = \"127.0.0.1:" + QByteArray::number(port)
        + "\"\ncertificate = \"server.pem\"\nkey = \"server.key\"\n[audit]\ndatabase = \"audit.sqlite\"\n"
          "[[issuer]]\nurl = \"https://127.0.0.1:1\"\naudience = \"a\"\n[[endpoint]]\npath = \"/e\"\nserves = \"echo\"\n";
}

void TestProgram::checkConfigSaysWhere()
{
    const QString good = writeConfig(goodConfig(0));
    QCOMPARE(runToEnd({u"--check-config"_s, good}).code, 0);
    const QString bad = writeConfig(goodConfig(0) + "limit = 3\n");
    const Outcome outcome = runToEnd({u"--check-config"_s, bad});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.errors.contains("gateway.toml:13:1: \"limit\" is not known"), outcome.errors.constData());
    QVERIFY2(outcome.errors.contains("did you mean \"limits\""), outcome.errors.constData());
    // In the order of the file, and what it names is opened.
    const QString wrong = writeConfig(goodConfig(0).replace("serves = \"echo\"", "serves = \"ecco\"").prepend("first = 1\n"));
    const Outcome sorted = runToEnd({u"--check-config"_s, wrong});
    QVERIFY2(sorted.errors.indexOf("gateway.toml:1:1: \"first\"") < sorted.errors.indexOf("serves")
                 && sorted.errors.contains("gateway.toml:1:1"),
             sorted.errors.constData());
    const QString files = writeConfig(
        goodConfig(0).replace("server.key", "ca.pem").replace("audience = \"a\"", "audience = \"a\"\nca = \"absent.pem\"")
        + "[[endpoint]]\npath = \"/u\"\nupstream = \"wss://127.0.0.1:1\"\nupstream_ca = \"server.key\"\n");
    for (const QString &option : {u"--check-config"_s, u"--config"_s}) {
        const Outcome named = runToEnd({option, files});
        QCOMPARE(named.code, 1);
        for (const char *text : {"ca.pem holds no PEM key", "ca of [[issuer]] https://127.0.0.1:1: ", "absent.pem cannot be read",
                                 "upstream_ca of [[endpoint]] /u: ", "server.key holds no PEM certificate"})
            QVERIFY2(named.errors.contains(text), named.errors.constData());
    }
    const Outcome absent = runToEnd({u"--check-config"_s, m_folder.filePath(u"absent.toml"_s)});
    QCOMPARE(absent.code, 1);
    QVERIFY(absent.errors.contains("absent.toml"));
}

void TestProgram::wrongCommandLines()
{
    QCOMPARE(runToEnd({}).code, 2);
    QCOMPARE(runToEnd({u"--nonsense"_s}).code, 2);
    QCOMPARE(runToEnd({u"--demo"_s, u"--users"_s, u"many"_s}).code, 2);
    QCOMPARE(runToEnd({u"--demo"_s, u"--check-config"_s, u"x"_s}).code, 2);
    for (const QStringList &wrong :
         {QStringList{}, {u"--nonsense"_s}, {u"--config"_s}, {u"--config"_s, u"x"_s, u"--users"_s, u"3"_s}}) {
        const Outcome outcome = runToEnd(wrong);
        QCOMPARE(outcome.code, 2);
        QVERIFY2(outcome.errors.contains("Usage: watchword-gateway --config FILE"), outcome.errors.constData());
    }
    QCOMPARE(runToEnd({u"--help"_s}).code, 0);
    QCOMPARE(runToEnd({u"--version"_s}).code, 0);
}

QString TestProgram::configWithUsers()
{
    const Outcome hash = runToEnd({u"--hash-password"_s}, "correct horse\n");
    return writeConfig(goodConfig(0)
                       + "[issuer_embedded]\naddress = \"127.0.0.1:0\"\naudience = \"a\"\nstate = \"issuer\"\n"
                         "[[issuer_embedded.user]]\nname = \"alice\"\npassword_hash = \""
                       + hash.output.trimmed()
                       + "\"\nscopes = [\"use\"]\n"
                         "[[issuer_embedded.client]]\nid = \"app\"\nredirect_uris = [\"http://127.0.0.1/callback\"]\n");
}

void TestProgram::newPasswords_data()
{
    QTest::addColumn<QByteArray>("password");
    QTest::addColumn<bool>("isGood");
    QTest::newRow("none") << QByteArray() << false;
    QTest::newRow("one character") << QByteArray("x") << false;
    QTest::newRow("seven") << QByteArray("1234567") << false;
    QTest::newRow("seven of several bytes") << QByteArray("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4") << false;
    QTest::newRow("eight") << QByteArray("12345678") << true;
    QTest::newRow("eight with blanks") << QByteArray(" a b c d") << true;
}

void TestProgram::newPasswords()
{
    QFETCH(QByteArray, password);
    QFETCH(bool, isGood);
    const Outcome hashed = runToEnd({u"--hash-password"_s}, password + "\n");
    QCOMPARE(hashed.code, isGood ? 0 : 1);
    QCOMPARE(hashed.output.startsWith("scrypt$"), isGood);
    const QString config = configWithUsers();
    const Outcome added = runToEnd({u"user"_s, u"add"_s, u"newcomer"_s, u"--config"_s, config}, password + "\n");
    QCOMPARE(added.code, isGood ? 0 : 1);
    if (!isGood)
        QVERIFY2(added.errors.contains(password.isEmpty() ? "empty" : "fewer than 8 characters"), added.errors.constData());
    else
        QCOMPARE(runToEnd({u"user"_s, u"remove"_s, u"newcomer"_s, u"--config"_s, config}).code, 0);
}

void TestProgram::usersOfTheFile()
{
    const QString config = configWithUsers();
    const auto user = [&config](const QStringList &words) {
        return runToEnd(QStringList{u"user"_s} + words + QStringList{u"--config"_s, config}, "correct horse\n");
    };
    QCOMPARE(user({u"add"_s, u"bob"_s, u"--scope"_s, u"use"_s}).code, 0);
    QCOMPARE(user({u"add"_s, u"BOB"_s}).code, 1);
    QCOMPARE(user({u"lock"_s, u"bob"_s}).code, 0);
    QCOMPARE(user({u"list"_s}).output, QByteArray("bob\tbob\tlocked\tuse\n"));
    QCOMPARE(user({u"lock"_s, u"eve"_s}).code, 1);
    for (const QString &name : {u"e\u001b[2Jve"_s, u"e\nve"_s, u"e\u202eve"_s, u"e\u2028ve"_s, u"e\u200bve"_s}) {
        const Outcome bad = user({u"add"_s, name});
        QCOMPARE(bad.code, 1);
        QVERIFY2(bad.errors.contains("control characters") && !bad.errors.contains('\x1b'), bad.errors.constData());
        QVERIFY(!user({u"lock"_s, name}).errors.contains('\x1b'));
        QCOMPARE(user({u"add"_s, u"eve"_s, u"--subject"_s, name}).code, 1);
    }
    QCOMPARE(user({u"remove"_s, u"bob"_s}).code, 0);
    QCOMPARE(user({u"list"_s}).output, QByteArray());
}

void TestProgram::usersOfTheConfiguration_data()
{
    QTest::addColumn<QString>("what");
    for (const char *what : {"add", "passwd", "lock", "unlock"})
        QTest::newRow(what) << QString::fromLatin1(what);
}

// They are not in the file: a change there would change nothing, and must not look as if it did.
void TestProgram::usersOfTheConfiguration()
{
    QFETCH(QString, what);
    const QString config = configWithUsers();
    for (const QString &name : {u"alice"_s, u"Alice"_s}) {
        const Outcome outcome = runToEnd({u"user"_s, what, name, u"--config"_s, config}, "correct horse\n");
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.errors.contains("is in the configuration") && outcome.errors.contains("[[issuer_embedded.user]]"),
                 outcome.errors.constData());
    }
    QVERIFY(!QFile::exists(m_folder.filePath(u"issuer/users.json"_s))
            || runToEnd({u"user"_s, u"list"_s, u"--config"_s, config}).output.isEmpty());
}

void TestProgram::busyPortEndsWithAName()
{
    QTcpServer busy;
    QVERIFY(busy.listen(QHostAddress(QHostAddress::LocalHost)));
    const Outcome outcome = runToEnd({u"--config"_s, writeConfig(goodConfig(busy.serverPort()))});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.errors.contains(QByteArray::number(busy.serverPort())), outcome.errors.constData());
    QVERIFY2(outcome.errors.contains("in use"), outcome.errors.constData());
}

void TestProgram::demoIsReadyAndEndsCleanly()
{
    Support::ReadyProcess demo;
    QElapsedTimer timer;
    timer.start();
    const auto line = demo.start(kProgram, {u"--demo"_s, u"--users"_s, u"200"_s}, u"{"_s);
    QVERIFY(line);
    qInfo("200 users ready after %lld ms", timer.elapsed());
    const QJsonObject ready = QJsonDocument::fromJson(QByteArray("{" + line->toUtf8())).object();
    for (const char *member :
         {"gateway", "issuer", "ca", "client_id", "audience", "scopes", "users", "endpoints", "watch", "audit"})
        QVERIFY2(ready.contains(QLatin1StringView(member)), member);
    QCOMPARE(ready.value("users"_L1).toArray().size(), 201);
    QVERIFY(QFile::exists(ready.value("ca"_L1).toString()));
    demo.process().terminate();
    QVERIFY(demo.process().waitForFinished(10'000));
    QCOMPARE(demo.process().exitStatus(), QProcess::NormalExit);
    QCOMPARE(demo.process().exitCode(), 0);
    QVERIFY(!QFile::exists(ready.value("ca"_L1).toString()));
}

// Its folder holds keys, and nobody else will ever remove it.
void TestProgram::demoTidiesUpAfterAKilledOne()
{
    QTemporaryDir temporary;
    const QStringList arguments{u"--demo"_s, u"--users"_s, u"1"_s};
    const auto folders = [&] { return QDir(temporary.path()).entryList(QDir::Dirs | QDir::NoDotAndDotDot); };
    QVERIFY(QDir(temporary.path()).mkdir(u"watchword-gateway-others"_s)); // without the mark of a demo
    Support::ReadyProcess lives;
    lives.setEnvironment(u"TMPDIR"_s, temporary.path());
    QVERIFY(lives.start(kProgram, arguments, u"{"_s));
    const QStringList living = folders();
    QCOMPARE(living.size(), 2);
    Support::ReadyProcess killed;
    killed.setEnvironment(u"TMPDIR"_s, temporary.path());
    QVERIFY(killed.start(kProgram, arguments, u"{"_s));
    killed.kill();
    QCOMPARE(folders().size(), 3);
    Support::ReadyProcess next;
    next.setEnvironment(u"TMPDIR"_s, temporary.path());
    QVERIFY(next.start(kProgram, arguments, u"{"_s));
    QCOMPARE(folders().size(), 3);
    next.terminate();
    QCOMPARE(folders(), living);
    lives.terminate();
    QCOMPARE(folders(), QStringList{u"watchword-gateway-others"_s});
}

void TestProgram::hangUpReloads()
{
    const QString file = writeConfig(goodConfig(0));
    QProcess process;
    process.start(kProgram, {u"--config"_s, file});
    QByteArray errors;
    const auto awaitText = [&](const QByteArray &text) {
        const QDeadlineTimer deadline(20'000);
        while (!errors.contains(text) && !deadline.hasExpired() && process.state() != QProcess::NotRunning) {
            process.waitForReadyRead(100);
            errors += process.readAllStandardError();
        }
        return errors.contains(text);
    };
    QVERIFY2(awaitText("listening on"), errors.constData());
    QVERIFY(!writeConfig(goodConfig(0) + "limit = 3\n").isEmpty());
    ::kill(pid_t(process.processId()), SIGHUP);
    QVERIFY2(awaitText("\"limit\" is not known"), errors.constData());
    QVERIFY(!writeConfig(goodConfig(0)).isEmpty());
    ::kill(pid_t(process.processId()), SIGHUP);
    QVERIFY2(awaitText("reloaded"), errors.constData());
    process.terminate();
    QVERIFY(process.waitForFinished(10'000));
    QCOMPARE(process.exitCode(), 0);
}

// A flood takes all descriptors but the last ones: the gateway still reads its configuration and starts the threads that
// it needs, and afterwards there is room again.
void TestProgram::survivesTooManyConnections()
{
    const QString file = writeConfig(goodConfig(0));
    Support::ReadyProcess process;
    const auto ready =
        process.start(u"sh"_s, {u"-c"_s, u"ulimit -n 64 && exec \"$0\" --config \"$1\""_s, kProgram, file}, u"READY "_s);
    QVERIFY(ready);
    const quint16 port = quint16(QUrl(*ready).port());
    std::vector<std::unique_ptr<QTcpSocket>> sockets;
    for (int i = 0; i < 100; ++i) {
        sockets.push_back(std::make_unique<QTcpSocket>());
        sockets.back()->connectToHost(QHostAddress(QHostAddress::LocalHost), port);
    }
    QVERIFY(Support::waitUntil([&] { return process.log().contains("no descriptor to spare"); }));
    // Another issuer: its keys are fetched by a thread that does not exist yet.
    QVERIFY(!writeConfig(goodConfig(0).replace("https://127.0.0.1:1", "https://127.0.0.1:2")).isEmpty());
    ::kill(pid_t(process.process().processId()), SIGHUP);
    QVERIFY(Support::waitUntil([&] { return process.log().contains("reloaded"); }));
    sockets.clear();
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setCaCertificates(QSslCertificate::fromPath(m_folder.filePath(u"ca.pem"_s)));
    // The gateway hears of the ends one after the other, and turns away whom it meets before.
    std::unique_ptr<QSslSocket> late;
    const auto connectLate = [&] {
        late = std::make_unique<QSslSocket>();
        late->setSslConfiguration(tls);
        late->connectToHostEncrypted(u"127.0.0.1"_s, port);
    };
    connectLate();
    QVERIFY(Support::waitUntil([&] {
        if (late->state() == QAbstractSocket::UnconnectedState)
            connectLate();
        return late->isEncrypted();
    }));
    QCOMPARE(process.process().state(), QProcess::Running);
    QVERIFY2(!process.log().contains("could not be accepted"), "the last descriptors went to connections");
}

WATCHWORD_TEST_MAIN(TestProgram)
#include "tst_gatewayprogram.moc"
