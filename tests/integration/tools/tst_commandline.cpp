// SPDX-License-Identifier: Apache-2.0
#include "watchrig.h"

#include "support/testmain.h"
#include "watchword/core/closepolicy.h"
#include "watchword/testing/fakegateway.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryFile>

#include <csignal>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr QLatin1StringView kCanary("canary-token-0815");

struct Run
{
    int code = -1;
    QByteArray out;
    QByteArray err;
};

} // namespace

class TestCommandLine : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void helpOfEveryCommand_data();
    void helpOfEveryCommand();
    void exitCodes_data();
    void exitCodes();
    void usageLines();
    void passphraseFilesArePrivate();
    void withoutAKeychain();
    void aDamagedRegistryIsKept();
    void tailPrintsAndVerifies();
    void tailIsAWitness();
    void tailSaysThatItIsRefused();
    void tailSaysThatNobodyIsThere();
    void tailFollowsUntilItIsStopped();
    void connectClosesWhenItIsStopped_data();
    void connectClosesWhenItIsStopped();
    void noTokenIsSeen();

private:
    std::unique_ptr<QProcess> makeProcess(const QStringList &arguments) const;
    Run run(const QStringList &arguments, const QByteArray &input = {}) const;
    QString tokenFile();

    QTemporaryDir m_home;
};

std::unique_ptr<QProcess> TestCommandLine::makeProcess(const QStringList &arguments) const
{
    auto process = std::make_unique<QProcess>();
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"HOME"_s, m_home.path());
    environment.insert(u"XDG_CONFIG_HOME"_s, m_home.filePath(u"config"_s));
    environment.insert(u"XDG_DATA_HOME"_s, m_home.filePath(u"data"_s));
    environment.insert(u"DBUS_SESSION_BUS_ADDRESS"_s, u"unix:path=/nonexistent"_s);
    environment.insert(u"QT_LOGGING_RULES"_s, u"watchword.*.debug=true"_s);
    process->setProcessEnvironment(environment);
    process->setProgram(QStringLiteral(WATCHWORD_PROGRAM));
    process->setArguments(arguments);
    return process;
}

// The rig lives in this process, so its event loop has to turn while the program runs.
Run TestCommandLine::run(const QStringList &arguments, const QByteArray &input) const
{
    const std::unique_ptr<QProcess> process = makeProcess(arguments);
    process->start();
    process->write(input);
    process->closeWriteChannel();
    if (!Support::waitUntil([&] { return process->state() == QProcess::NotRunning; }, 60s)) {
        process->kill();
        process->waitForFinished();
        return {};
    }
    return {process->exitStatus() == QProcess::NormalExit ? process->exitCode() : -2, process->readAllStandardOutput(),
            process->readAllStandardError()};
}

QString TestCommandLine::tokenFile()
{
    QFile file(m_home.filePath(u"token"_s));
    if (file.open(QIODevice::WriteOnly))
        file.write(kCanary.data());
    return file.fileName();
}

void TestCommandLine::helpOfEveryCommand_data()
{
    QTest::addColumn<QString>("command");
    for (const char *name :
         {"sign-in", "sign-out", "accounts", "token", "explain", "connect", "tail", "audit", "doctor", "fleet"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestCommandLine::helpOfEveryCommand()
{
    QFETCH(QString, command);
    QVERIFY(run({u"--help"_s}).out.contains(command.toUtf8()));
    const Run help = run({command, u"--help"_s});
    QCOMPARE(help.code, 0);
    QVERIFY(help.out.contains("Usage: watchword " + command.toUtf8()));
    QVERIFY(help.out.contains("--json"));
    QVERIFY(!help.out.contains(WATCHWORD_BINARY_DIR));
}

void TestCommandLine::exitCodes_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::newRow("nothing") << QStringList() << 2;
    QTest::newRow("version") << QStringList(u"--version"_s) << 0;
    QTest::newRow("help") << QStringList(u"help"_s) << 0;
    QTest::newRow("unknown command") << QStringList(u"fly"_s) << 2;
    QTest::newRow("unknown option") << QStringList({u"token"_s, u"--fly"_s}) << 2;
    QTest::newRow("too many arguments") << QStringList({u"token"_s, u"x"_s}) << 2;
    QTest::newRow("token without account") << QStringList(u"token"_s) << 3;
    QTest::newRow("explain without account") << QStringList(u"explain"_s) << 3;
    QTest::newRow("accounts, none") << QStringList(u"accounts"_s) << 0;
    QTest::newRow("bad duration") << QStringList({u"token"_s, u"--min-valid"_s, u"soon"_s}) << 2;
    QTest::newRow("sign-out without account") << QStringList(u"sign-out"_s) << 3;
    QTest::newRow("sign-in without issuer") << QStringList(u"sign-in"_s) << 2;
    QTest::newRow("sign-in by http") << QStringList({u"sign-in"_s, u"--issuer"_s, u"http://x"_s, u"--client-id"_s, u"c"_s}) << 2;
    const auto signIn = [](const char *name, const QStringList &more) {
        QTest::newRow(name) << QStringList({u"sign-in"_s, u"--issuer"_s, u"https://x"_s, u"--client-id"_s, u"c"_s}) + more << 2;
    };
    signIn("sign-in, missing argument", {u"--login-hint"_s});
    signIn("sign-in, port of a word", {u"--redirect-port"_s, u"high"_s});
    signIn("sign-in, no such port", {u"--redirect-port"_s, u"65536"_s});
    signIn("sign-in, relative path", {u"--redirect-path"_s, u"callback"_s});
    signIn("sign-in, parameter without a name", {u"--parameter"_s, u"=x"_s});
    signIn("sign-in, parameter without a value", {u"--parameter"_s, u"prompt"_s});
    signIn("sign-in, unknown PAR", {u"--par"_s, u"perhaps"_s});
    signIn("sign-in, bad age", {u"--max-age"_s, u"young"_s});
    signIn("sign-in, no time", {u"--timeout"_s, u"0"_s});
    signIn("sign-in, two routes", {u"--device"_s, u"--browser"_s});
    signIn("sign-in, relative resource", {u"--resource"_s, u"orders"_s});
    signIn("sign-in, account without a name", {u"--account"_s, QString()});
    signIn("sign-in, empty passphrase", {u"--passphrase-file"_s, u"/dev/null"_s});
    QTest::newRow("sign-in without client") << QStringList({u"sign-in"_s, u"--issuer"_s, u"https://x"_s}) << 2;
    QTest::newRow("passphrase file that is not there") << QStringList(
        {u"sign-in"_s, u"--issuer"_s, u"https://x"_s, u"--client-id"_s, u"c"_s, u"--passphrase-file"_s, u"/none"_s})
                                                       << 2;
    QTest::newRow("token with two forms") << QStringList({u"token"_s, u"--raw"_s, u"--headers"_s, u"https://x"_s}) << 2;
    QTest::newRow("token for a plain URL") << QStringList({u"token"_s, u"--headers"_s, u"http://x"_s}) << 2;
    QTest::newRow("connect without account") << QStringList({u"connect"_s, u"wss://127.0.0.1:1/"_s}) << 3;
    QTest::newRow("connect without URL") << QStringList(u"connect"_s) << 2;
    QTest::newRow("tail without account") << QStringList({u"tail"_s, u"wss://127.0.0.1:1"_s}) << 3;
    QTest::newRow("tail by http") << QStringList({u"tail"_s, u"http://127.0.0.1"_s}) << 2;
    QTest::newRow("fleet without demo") << QStringList(u"fleet"_s) << 2;
    QTest::newRow("fleet of none") << QStringList({u"fleet"_s, u"--demo-info"_s, u"-"_s, u"--clients"_s, u"0"_s}) << 2;
    QTest::newRow("fleet with garbage") << QStringList({u"fleet"_s, u"--demo-info"_s, u"-"_s}) << 2;
}

void TestCommandLine::exitCodes()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, code);
    const Run result = run(arguments, "not the line\n");
    QCOMPARE(result.code, code);
    QVERIFY2(code == 0 || arguments.isEmpty() || result.err.startsWith("watchword: "), result.err.constData());
}

// What is wrong with a command line is said with the line that shows how it is right; as JSON for a program that asked for it.
void TestCommandLine::usageLines()
{
    const auto says = [this](const QStringList &arguments, const QByteArray &what, const QByteArray &line) {
        const Run result = run(arguments);
        return result.code == 2 && result.err.contains(what) && result.err.contains(line) && result.out.isEmpty();
    };
    QVERIFY(says({u"fly"_s}, "no command \"fly\"", "Usage: watchword COMMAND [options]"));
    QVERIFY(says({u"token"_s, u"--fly"_s}, "Unknown option 'fly'", "Usage: watchword token [options]"));
    QVERIFY(says({u"token"_s, u"--account"_s}, "Missing value after '--account'", "Usage: watchword token [options]"));
    QVERIFY(says({u"token"_s, u"x"_s}, "takes 0 argument(s)", "Usage: watchword token [options]"));
    QVERIFY(says({u"connect"_s}, "takes 1 argument(s)", "Usage: watchword connect [options] url"));
    QVERIFY(says({u"sign-in"_s}, "--issuer needs an https URL", "Usage: watchword sign-in [options]"));
    QVERIFY(says({u"fleet"_s}, "--demo-info is needed", "Usage: watchword fleet [options]"));
    const Run json = run({u"sign-in"_s, u"--json"_s});
    QCOMPARE(json.code, 2);
    QCOMPARE(QJsonDocument::fromJson(json.err).object().value("error"_L1).toString(), u"ConfigInvalid"_s);
}

void TestCommandLine::passphraseFilesArePrivate()
{
    QFile file(m_home.filePath(u"passphrase"_s));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("correct horse\n") > 0);
    file.close();
    QVERIFY(file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ReadGroup));
    const Run result = run({u"sign-in"_s, u"--issuer"_s, u"https://127.0.0.1:1"_s, u"--client-id"_s, u"c"_s,
                            u"--passphrase-file"_s, file.fileName()});
    QCOMPARE(result.code, 2);
    QVERIFY2(result.err.contains("chmod 600"), result.err.constData());
    QVERIFY(!result.err.contains("correct horse"));
}

// Said once, with what this program can do about it.
void TestCommandLine::withoutAKeychain()
{
    const Run result = run({u"sign-in"_s, u"--issuer"_s, u"https://127.0.0.1:1"_s, u"--client-id"_s, u"c"_s, u"--json"_s});
    QVERIFY2(result.code == 5, result.err.constData());
    QCOMPARE(result.err.count("\"error\":\"KeychainUnavailable\""), 1);
    QVERIFY2(result.err.contains("--passphrase-file FILE"), result.err.constData());
    QVERIFY(!result.err.contains("in memory"));
}

void TestCommandLine::aDamagedRegistryIsKept()
{
    const QString path = m_home.filePath(u"config/Watchword/watchword/accounts.json"_s);
    QVERIFY(QDir().mkpath(QFileInfo(path).path()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{ damaged");
    file.close();
    const Run result = run({u"token"_s, u"--json"_s});
    QCOMPARE(result.code, 5);
    QVERIFY(QJsonDocument::fromJson(result.err).object().value("remedy"_L1).toString().contains("sign in"_L1));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), QByteArray("{ damaged"));
    file.close();
    QVERIFY(file.remove());
}

void TestCommandLine::tailPrintsAndVerifies()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    rig.appendAudit(250);
    Gateway::AuditEntry refused;
    refused.type = u"conn.rejected"_s;
    refused.outcome = u"denied"_s;
    refused.message = u"The token of eve\u001b[2J\u202e\u001b]0;owned\u0007 was refused."_s; // as who is refused may call herself
    refused.data.insert("actor"_L1, QJsonObject{{"type"_L1, u"user"_s}, {"name"_L1, u"eve\u001b[31m"_s}});
    QVERIFY(rig.audit->append(refused));
    const QStringList common{u"tail"_s, rig.clientOptions().gateway.toString(), u"--token-file"_s, tokenFile(),
                             u"--ca"_s, rig.folder.filePath(u"ca.pem"_s),       u"--no-follow"_s};
    const Run all = run(common + QStringList{u"--after"_s, u"0"_s, u"--json"_s});
    QCOMPARE(all.code, 0);
    QCOMPARE(all.out.count('\n'), 251);
    QVERIFY(AuditEvent::fromBytes(all.out.left(all.out.indexOf('\n'))));
    QVERIFY(all.err.contains("251 of them verified"));
    const Run some = run(common + QStringList{u"--filter"_s, u"rejected"_s});
    QCOMPARE(some.out.count('\n'), 1);
    QVERIFY(some.out.contains("eve"));
    for (const Run *told : {&all, &some})
        QVERIFY(!told->out.contains('\x1b') && !told->out.contains('\x07') && !told->err.contains('\x1b'));
    const Run rest = run(common + QStringList{u"--after"_s, rig.audit->epoch() + u".249"_s});
    QCOMPARE(rest.out.count('\n'), 2);
}

// It remembers the log from one run to the next.
void TestCommandLine::tailIsAWitness()
{
    const QString folder = m_home.filePath(u"witness"_s);
    const auto tail = [&](WatchRig &rig) {
        return run({u"tail"_s, rig.clientOptions().gateway.toString(), u"--token-file"_s, tokenFile(), u"--ca"_s,
                    rig.folder.filePath(u"ca.pem"_s), u"--no-follow"_s, u"--after"_s, u"0"_s, u"--witness"_s, folder});
    };
    {
        WatchRig rig;
        rig.identity = operatorIdentity(allScopes());
        QVERIFY(rig.prepare());
        rig.appendAudit(20);
        const Run first = tail(rig);
        QVERIFY2(first.code == 0, first.err.constData());
        QVERIFY(first.err.contains("goes on to event 20"));
        rig.appendAudit(300);
        QVERIFY(rig.audit->checkpoint());
        const Run second = tail(rig);
        QVERIFY2(second.code == 0, second.err.constData());
        QVERIFY(second.err.contains("goes on to event 320"));
    }
    WatchRig other; // everything recomputed, by who has no key
    other.identity = operatorIdentity(allScopes());
    QVERIFY(other.prepare());
    other.appendAudit(400);
    const Run third = tail(other);
    QCOMPARE(third.code, 7);
    QVERIFY2(third.err.contains("another log"), third.err.constData());
}

void TestCommandLine::tailSaysThatItIsRefused()
{
    WatchRig rig;
    rig.identity = operatorIdentity({u"gw:read"_s});
    QVERIFY(rig.prepare());
    const Run result = run({u"tail"_s, rig.clientOptions().gateway.toString(), u"--token-file"_s, tokenFile(), u"--ca"_s,
                            rig.folder.filePath(u"ca.pem"_s)});
    QCOMPARE(result.code, 6);
    QVERIFY(result.out.isEmpty());
}

void TestCommandLine::tailSaysThatNobodyIsThere()
{
    const Run result = run({u"tail"_s, u"wss://127.0.0.1:1"_s, u"--token-file"_s, m_home.filePath(u"none"_s)});
    QCOMPARE(result.code, 2);
    QVERIFY(result.err.contains("none"));
}

void TestCommandLine::tailFollowsUntilItIsStopped()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    const std::unique_ptr<QProcess> process =
        makeProcess({u"tail"_s, rig.clientOptions().gateway.toString(), u"--token-file"_s, tokenFile(), u"--ca"_s,
                     rig.folder.filePath(u"ca.pem"_s), u"--json"_s});
    QByteArray out;
    connect(process.get(), &QProcess::readyReadStandardOutput, this, [&] { out += process->readAllStandardOutput(); });
    process->start();
    QVERIFY(Support::waitUntil([&] { return rig.service->monitorCount() == 1; }));
    rig.appendAudit(3);
    QVERIFY(Support::waitUntil([&] { return out.count('\n') == 3; }));
    rig.cut();
    rig.appendAudit(2);
    QVERIFY(Support::waitUntil([&] { return out.count('\n') == 5; }, 30s));
    ::kill(pid_t(process->processId()), SIGTERM);
    QVERIFY(Support::waitUntil([&] { return process->state() == QProcess::NotRunning; }));
    QCOMPARE(process->exitCode(), 143);
    QVERIFY(process->readAllStandardError().contains(".5"));
}

void TestCommandLine::connectClosesWhenItIsStopped_data()
{
    QTest::addColumn<int>("signal");
    QTest::addColumn<int>("code");
    QTest::newRow("SIGINT") << SIGINT << 130;
    QTest::newRow("SIGTERM") << SIGTERM << 143;
}

void TestCommandLine::connectClosesWhenItIsStopped()
{
    QFETCH(int, signal);
    QFETCH(int, code);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    QTemporaryFile authority;
    QVERIFY(authority.open());
    authority.write(gateway.tls().authority.toPem());
    authority.close();
    int closedWith = 0;
    connect(&gateway, &FakeGateway::accepted, this,
            [&](FakePeer *peer) { connect(peer, &FakePeer::closed, this, [&](int with) { closedWith = with; }); });
    const std::unique_ptr<QProcess> process =
        makeProcess({u"connect"_s, gateway.url().toString(), u"--token-file"_s, tokenFile(), u"--ca"_s, authority.fileName()});
    process->start();
    process->write("hi\n");
    QVERIFY(Support::waitUntil([&] { return gateway.peer() && gateway.peer()->texts() == QStringList(u"hi"_s); }));
    ::kill(pid_t(process->processId()), signal);
    QVERIFY(Support::waitUntil([&] { return process->state() == QProcess::NotRunning && closedWith; }));
    QCOMPARE(process->exitStatus(), QProcess::NormalExit);
    QCOMPARE(process->exitCode(), code);
    QCOMPARE(closedWith, int(CloseCode::Normal));
}

// With every log category on, the token is seen only where it belongs: in the header of the upgrade.
void TestCommandLine::noTokenIsSeen()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    rig.appendAudit(1);
    const std::unique_ptr<QProcess> process = makeProcess({u"tail"_s, rig.clientOptions().gateway.toString(), u"--token-file"_s,
                                                           tokenFile(), u"--ca"_s, rig.folder.filePath(u"ca.pem"_s)});
    process->start();
    QVERIFY(Support::waitUntil([&] { return rig.service->monitorCount() == 1; }));
    QFile commandLine(u"/proc/%1/cmdline"_s.arg(process->processId()));
    if (commandLine.open(QIODevice::ReadOnly))
        QVERIFY(!commandLine.readAll().contains(kCanary.data()));
    rig.cut();
    QVERIFY(Support::waitUntil([&] { return rig.authorizations.size() > 1; }, 30s));
    ::kill(pid_t(process->processId()), SIGTERM);
    QVERIFY(Support::waitUntil([&] { return process->state() == QProcess::NotRunning; }));
    const QByteArray seen = process->readAllStandardOutput() + process->readAllStandardError();
    QVERIFY(!seen.contains(kCanary.data()));
    QCOMPARE(rig.authorizations.first(), "Bearer " + QByteArray(kCanary.data()));
    for (const QUrl &url : std::as_const(rig.requests))
        QVERIFY(!url.toString().contains(kCanary));
}

WATCHWORD_TEST_MAIN(TestCommandLine)
#include "tst_commandline.moc"
