// SPDX-License-Identifier: Apache-2.0
#include "sessionprobe.h"
#include "support/process.h"
#include "support/testmain.h"
#include "toolrun.h"
#include "watchword/client/client.h"
#include "watchword/client/supportbundle.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"

#include <QDirIterator>
#include <QJsonDocument>
#include <QMetaMethod>
#include <QMetaProperty>
#include <QScopeGuard>

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Endpoint = FakeIssuer::Endpoint;
using Fault = FakeIssuer::Fault;

/*!
    Every code, token and key of a sign-in is known here, and looked for wherever something is written down:
   logs with all categories on, properties, the timeline, explain(), support bundles, URLs given to the
   browser, files, and of the program its output, arguments and environment. Each in the forms that encoders
   give it.
*/
class TestCanary : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void theSearchFinds();
    void flowsOfAClient();
    void failuresOfASession();
    void program();
    void noDumpOfACrash_data();
    void noDumpOfACrash();

private:
    SessionOptions sessionOptions();
    ClientOptions clientOptions();
    bool browse(const QUrl &url);
    void tell(const QString &text) { m_told += text.toUtf8() + '\n'; }
    void tellEverything(Client &client);
    void tellProperties(const QObject *object);
    void watch(Session &session);
    QList<QByteArray> secrets() const;
    QString found(const QByteArray &text) const;
    QString foundInFiles(const QString &folder) const;

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<FakeIssuer> m_issuer;
    std::shared_ptr<MemoryKeyStore> m_keys;
    QByteArray m_key;
    QByteArray m_told;
};

namespace {

QList<QByteArray> formsOf(const QByteArray &secret)
{
    QList<QByteArray> forms{secret, secret.toHex(), secret.toPercentEncoding(), secret.toBase64(QByteArray::OmitTrailingEquals),
                            secret.toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals)};
    forms.append(secret.toHex().toUpper());
    return forms;
}

/*! A program that may write core files of any size into its folder, and what the kernel says of its end. */
class Victim
{
public:
    Victim(const QStringList &command, const QString &folder)
    {
        // A hard limit that this user cannot raise is the largest there is.
        QStringList all{u"sh"_s, u"-c"_s,
                        u"ulimit -c unlimited 2>/dev/null || ulimit -c $(ulimit -H -c); cd \"$0\" && exec \"$@\""_s, folder};
        all += command;
        QList<QByteArray> bytes;
        std::vector<char *> arguments;
        for (const QString &one : std::as_const(all))
            bytes += QFile::encodeName(one);
        for (QByteArray &one : bytes)
            arguments.push_back(one.data());
        arguments.push_back(nullptr);
        int input[2] = {-1, -1};
        if (pipe(input) != 0)
            return;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
        posix_spawn_file_actions_addclose(&actions, input[1]);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        if (posix_spawn(&m_pid, "/bin/sh", &actions, nullptr, arguments.data(), environ) != 0)
            m_pid = 0;
        posix_spawn_file_actions_destroy(&actions);
        close(input[0]);
        m_input = input[1]; // open, so that a program that reads it waits
    }
    ~Victim()
    {
        if (m_pid > 0)
            diesWithCore(SIGKILL);
        close(m_input);
    }
    Victim(const Victim &) = delete;

    pid_t pid() const { return m_pid; }
    QByteArray commandLine() const { return contents(u"cmdline"_s); }
    rlim_t coreLimit() const
    {
        rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
        prlimit(m_pid, RLIMIT_CORE, nullptr, &limit);
        return limit.rlim_max;
    }
    bool diesWithCore(int signal)
    {
        int status = 0;
        kill(m_pid, signal);
        const bool ended = waitpid(m_pid, &status, 0) == m_pid;
        m_pid = 0;
        return !ended || !WIFSIGNALED(status) || WTERMSIG(status) != signal || WCOREDUMP(status);
    }

private:
    QByteArray contents(const QString &name) const
    {
        QFile file(u"/proc/%1/%2"_s.arg(m_pid).arg(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    pid_t m_pid = 0;
    int m_input = -1;
};

} // namespace

void TestCanary::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_issuer = std::make_unique<FakeIssuer>();
    QVERIFY(m_issuer->listen());
    m_keys = std::make_shared<MemoryKeyStore>();
    const Secret key = Secret::random(32);
    m_key = key.reveal().toByteArray();
    m_keys->writeKey(key);
    m_told.clear();
}

bool TestCanary::browse(const QUrl &url)
{
    tell(url.toString(QUrl::FullyEncoded));
    return m_issuer->openBrowser(url);
}

SessionOptions TestCanary::sessionOptions()
{
    SessionOptions options;
    options.issuer = m_issuer->url();
    options.clientId = u"app"_s;
    options.storageFolder = m_folder->path();
    options.keyStore = m_keys;
    options.allowLoopbackHttp = true;
    options.openBrowser = [this](const QUrl &url) { return browse(url); };
    return options;
}

ClientOptions TestCanary::clientOptions()
{
    ClientOptions options;
    options.issuer = m_issuer->url();
    options.clientId = u"app"_s;
    options.applicationId = u"app"_s;
    options.storageFolder = m_folder->path();
    options.keyStore = m_keys;
    options.allowLoopbackHttp = true;
    options.openBrowser = [this](const QUrl &url) { return browse(url); };
    return options;
}

QList<QByteArray> TestCanary::secrets() const
{
    return m_issuer->issuedSecrets() + QList<QByteArray>{m_key};
}

QString TestCanary::found(const QByteArray &text) const
{
    const QList<QByteArray> all = secrets();
    for (const QByteArray &secret : all) {
        const QList<QByteArray> forms = formsOf(secret);
        for (const QByteArray &form : forms) {
            if (const qsizetype at = text.indexOf(form); at >= 0)
                return QString::fromUtf8(text.mid(std::max<qsizetype>(0, at - 80), 120));
        }
    }
    return {};
}

QString TestCanary::foundInFiles(const QString &folder) const
{
    QDirIterator files(folder, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    int count = 0;
    while (files.hasNext()) {
        QFile file(files.next());
        if (!file.open(QIODevice::ReadOnly))
            continue;
        ++count;
        if (const QString hit = found(file.readAll()); !hit.isEmpty())
            return file.fileName() + u": "_s + hit;
    }
    return count > 0 ? QString() : u"there was no file to look into"_s;
}

void TestCanary::tellProperties(const QObject *object)
{
    for (int i = 0; i < object->metaObject()->propertyCount(); ++i) {
        const QMetaProperty property = object->metaObject()->property(i);
        QString text;
        QDebug(&text) << property.name() << property.read(object);
        tell(text);
    }
}

void TestCanary::watch(Session &session)
{
    connect(&session, &Session::eventLogged, this, [this](const SessionEvent &event) { tell(event.toString()); });
    connect(&session, &Session::stateChanged, this, [this, &session] {
        tell(session.explain());
        tellProperties(&session);
    });
    connect(&session, &Session::signInNeeded, this, [this](const Error &error) { tell(error.toString()); });
    connect(&session, &Session::signInFailed, this, [this](const Error &error) { tell(error.toString()); });
    connect(&session, &Session::signInUrlChanged, this, [this, &session] { tell(session.signInUrl().toString()); });
}

void TestCanary::tellEverything(Client &client)
{
    SupportBundle bundle;
    bundle.add(client);
    tell(bundle.toText());
    m_told += QJsonDocument(bundle.toJson()).toJson();
    tell(client.session().explain());
    tell(client.connection().explain());
    tell(client.lastError().toString());
    tellProperties(&client);
    tellProperties(&client.session());
    tellProperties(&client.connection());
}

void TestCanary::theSearchFinds()
{
    for (const QByteArray &form : formsOf(m_key))
        QVERIFY(!found("before " + form + " after").isEmpty());
    QVERIFY(found("nothing").isEmpty());
}

void TestCanary::flowsOfAClient()
{
    LogCatcher log;
    QLoggingCategory::setFilterRules(u"*=true"_s);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.setEcho(true);
    QByteArray firstToken;
    gateway.onToken = [&](const QByteArray &token) {
        if (firstToken.isEmpty())
            firstToken = token;
        return 0;
    };
    ClientOptions options = clientOptions();
    options.server = gateway.url();
    options.additionalCertificateAuthorities = {gateway.tls().authority};
    {
        Client client(options);
        watch(client.session());
        connect(&client, &Client::errorOccurred, this, [this](const Error &error) { tell(error.toString()); });
        connect(&client, &Client::signInNeeded, &client, &Client::signIn);
        client.start();
        QVERIFY(Support::waitUntil([&] { return client.state() == Client::State::Ready; }, 20s));
        tellEverything(client);
        QVERIFY(client.send("hello"));
        // A server that repeats the token in its refusal does not get it into our texts.
        gateway.next(FakeGateway::refuse(503, {{"Retry-After", "0"}, {"Via", firstToken}}, "no: " + firstToken));
        gateway.peer()->reset();
        QVERIFY(Support::waitUntil([&] { return gateway.requests().size() >= 3; }, 30s));
        tellEverything(client);
        client.session().refresh();
        QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() >= 1; }));
        client.signOut();
        QVERIFY(Support::waitUntil([&] { return m_told.contains("signout.revoked"); }));
        tellEverything(client);
    }
    QVERIFY(m_issuer->issuedSecrets().size() >= 5);
    QVERIFY(m_told.contains("timeline") && log.text().contains("refresh.started"));
    QCOMPARE(found(m_told), QString());
    QCOMPARE(found(log.text()), QString());
    QCOMPARE(foundInFiles(m_folder->path()), QString());
}

void TestCanary::failuresOfASession()
{
    LogCatcher log;
    const QList<std::pair<Endpoint, Fault>> faults{{Endpoint::Token, Fault::Busy},
                                                   {Endpoint::Token, Fault::PortalPage},
                                                   {Endpoint::Token, Fault::CloseUnseen},
                                                   {Endpoint::Token, Fault::WrongNonce},
                                                   {Endpoint::Token, Fault::WrongSignature},
                                                   {Endpoint::Token, Fault::NoIdToken},
                                                   {Endpoint::Token, Fault::InvalidGrant},
                                                   {Endpoint::Authorization, Fault::Denied},
                                                   {Endpoint::Authorization, Fault::WrongIssuer}};
    for (const auto &[endpoint, fault] : faults) {
        SessionProbe probe(sessionOptions());
        watch(probe.session);
        m_issuer->failNext(endpoint, fault);
        probe.session.start();
        probe.session.signIn();
        // A sign-in that is stored already may be restored first, so it is the flow that has to end.
        QVERIFY(Support::waitUntil(
            [&] { return probe.events.contains(u"signin.failed"_s) || probe.events.contains(u"signin.succeeded"_s); }, 20s));
        tell(probe.session.explain());
    }
    SessionProbe probe(sessionOptions());
    watch(probe.session);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(Session::State::Active));
    m_issuer->signInAs(u"mallory"_s, u"Mallory"_s); // the wrong person signs in over it
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    m_issuer->failNext(Endpoint::Token, Fault::LoseAnswer);
    probe.session.refresh();
    QVERIFY(probe.reaches(Session::State::NeedsSignIn));
    tell(probe.session.explain());
    tell(QString::fromUtf8(QJsonDocument(probe.session.explainJson()).toJson()));
    QVERIFY(m_told.contains("RotationLost"));
    QCOMPARE(found(m_told), QString());
    QCOMPARE(found(log.text()), QString());
    QCOMPARE(foundInFiles(m_folder->path()), QString());
}

void TestCanary::program()
{
    QVERIFY(Support::makeCertificates(m_folder->path()));
    const QString authority = m_folder->filePath(u"ca.pem"_s);
    FakeIssuer::Options secure;
    secure.certificateFile = m_folder->filePath(u"server.pem"_s);
    secure.keyFile = m_folder->filePath(u"server.key"_s);
    m_issuer = std::make_unique<FakeIssuer>(secure);
    m_issuer->setBrowserAuthorities(QSslCertificate::fromPath(authority));
    QVERIFY(m_issuer->listen());

    ToolHome home;
    QByteArray printed;
    const ToolHome::Run signIn = home.run({u"sign-in"_s, u"--issuer"_s, m_issuer->url().toString(), u"--client-id"_s, u"app"_s,
                                           u"--ca"_s, authority, u"--no-browser"_s, u"--json"_s},
                                          [this](const QByteArray &line) {
                                              const QString url =
                                                  QJsonDocument::fromJson(line).object().value("sign_in_url"_L1).toString();
                                              if (!url.isEmpty())
                                                  m_issuer->openBrowser(QUrl(url));
                                          });
    QVERIFY2(signIn.code == 0, signIn.err.constData());
    printed += signIn.out;
    const ToolHome::Run token = home.run({u"token"_s, u"--raw"_s});
    QVERIFY(m_issuer->issuedSecrets().contains(token.out.trimmed())); // the one place where it is meant to be seen
    const QString bundle = home.filePath(u"bundle.json"_s);
    for (const QStringList &arguments :
         {QStringList{u"accounts"_s}, QStringList{u"explain"_s}, QStringList{u"explain"_s, u"--json"_s},
          QStringList{u"explain"_s, u"--bundle"_s, bundle}, QStringList{u"sign-out"_s}}) {
        const ToolHome::Run run = home.run(arguments);
        QVERIFY2(run.code == 0, run.err.constData());
        printed += run.out;
    }
    QVERIFY(QFile::exists(bundle));
    QVERIFY(home.seen().contains("signout.")); // logging was on
    QCOMPARE(found(printed), QString());
    QCOMPARE(found(home.seen()), QString());
    QCOMPARE(foundInFiles(home.path()), QString());
}

void TestCanary::noDumpOfACrash_data()
{
    QTest::addColumn<QStringList>("command");
    QTest::addColumn<bool>("limitRaised"); // afterwards, by the superuser
    for (const bool raised : {false, true}) {
        const auto row = [raised](const char *name, const QStringList &command) {
            QTest::addRow("%s%s", name, raised ? ", limit raised" : "") << command << raised;
        };
        row("watchword", {QStringLiteral(WATCHWORD_PROGRAM), u"fleet"_s, u"--demo-info"_s, u"-"_s});
#ifdef GATEWAY_PROGRAM
        row("watchword-gateway", {QStringLiteral(GATEWAY_PROGRAM), u"--demo"_s});
#endif
#ifdef MONITOR_PROGRAM
        row("watchword-monitor", {QStringLiteral(MONITOR_PROGRAM), u"-platform"_s, u"offscreen"_s});
#endif
    }
}

// Memory of a program that holds tokens is not written to a disk when it crashes.
void TestCanary::noDumpOfACrash()
{
    QFETCH(QStringList, command);
    QFETCH(bool, limitRaised);
    // AddressSanitizer would answer the signals itself, and forbids core files of its own accord.
    const auto restore = qScopeGuard([before = qgetenv("ASAN_OPTIONS")] { qputenv("ASAN_OPTIONS", before); });
    qputenv("ASAN_OPTIONS", "handle_segv=0:handle_abort=0:disable_coredump=0");
    const rlimit none{0, 0};
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    Victim control({u"sleep"_s, u"1000"_s}, m_folder->path());
    QVERIFY(Support::waitUntil([&] { return control.commandLine().startsWith("sleep"); }));
    if (!control.diesWithCore(SIGSEGV))
        QSKIP("this system writes no core file of any program");
    for (const int signal : {SIGSEGV, SIGABRT}) {
        QTemporaryDir folder;
        Victim program(command, folder.path());
        QVERIFY(Support::waitUntil([&] { return program.coreLimit() == none.rlim_max; }, 20s));
        if (limitRaised && prlimit(program.pid(), RLIMIT_CORE, &all, nullptr) != 0)
            QSKIP("only the superuser can raise the limit again");
        QVERIFY(!program.diesWithCore(signal));
        QCOMPARE(QDir(folder.path()).entryList({u"*core*"_s}, QDir::Files), QStringList());
    }
}

WATCHWORD_TEST_MAIN(TestCanary)
#include "tst_canary.moc"
