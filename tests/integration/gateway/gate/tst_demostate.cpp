// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/browser.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/auth/session.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QUrlQuery>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitFor;
using Support::waitUntil;

namespace {

const QString kProgram = QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-gateway");

/*! A demo gateway with a folder that stays. */
class KeptDemo
{
public:
    explicit KeptDemo(QString folder, QStringList more = {})
        : m_arguments(QStringList{u"--demo"_s, u"--state"_s, std::move(folder), u"--users"_s, u"3"_s} + std::move(more))
    {
    }

    bool start()
    {
        m_process = std::make_unique<Support::ReadyProcess>();
        const auto line = m_process->start(kProgram, m_arguments, u"{"_s);
        info = line ? QJsonDocument::fromJson(QByteArray("{" + line->toUtf8())).object() : QJsonObject();
        return !info.isEmpty();
    }
    bool stop()
    {
        m_process->process().terminate();
        return m_process->process().waitForFinished(10'000) && m_process->process().exitCode() == 0;
    }
    void kill() { m_process->kill(); }

    QUrl url(const QString &member) const { return QUrl(info.value(member).toString()); }
    QByteArray fingerprint() const
    {
        QSslSocket socket;
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(QSslCertificate::fromPath(info.value("ca"_L1).toString()));
        socket.setSslConfiguration(tls);
        socket.connectToHostEncrypted(u"127.0.0.1"_s, quint16(url(u"gateway"_s).port()));
        waitUntil([&socket] { return socket.isEncrypted(); });
        return socket.peerCertificate().digest(QCryptographicHash::Sha256);
    }

    QJsonObject info;

private:
    QStringList m_arguments;
    std::unique_ptr<Support::ReadyProcess> m_process;
};

QString hiddenField(const QByteArray &page, const QString &name)
{
    return QRegularExpression(u"name=\"%1\"\\s+value=\"([^\"]*)\""_s.arg(name)).match(QString::fromUtf8(page)).captured(1);
}

struct Outcome
{
    int code = -1;
    QByteArray errors;
};

Outcome runToEnd(const QStringList &arguments)
{
    QProcess process;
    process.start(kProgram, arguments);
    if (!process.waitForFinished(20'000)) {
        process.kill();
        process.waitForFinished();
        return {};
    }
    return {process.exitCode(), process.readAllStandardError()};
}

} // namespace

/*! `watchword-gateway --demo --state DIR`: what is the same after a restart, and what is said when it cannot be. */
class TestDemoState : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void sameAfterARestart();
    void sessionsGoOn();
    void moreUsersNeverFewer();
    void folderIsPrivate();
    void refusals();
    void busyPortIsNamed();
};

void TestDemoState::sameAfterARestart()
{
    QTemporaryDir folder;
    KeptDemo demo(folder.filePath(u"state"_s));
    QVERIFY(demo.start());
    const QJsonObject before = demo.info;
    const QByteArray fingerprint = demo.fingerprint();
    QVERIFY(!fingerprint.isEmpty());
    QCOMPARE(before.value("users"_L1).toArray().size(), 4);
    QVERIFY(demo.stop());
    QVERIFY(demo.start());
    QCOMPARE(demo.info, before); // addresses, files and passwords
    QCOMPARE(demo.fingerprint(), fingerprint);
    demo.kill(); // as power loss would
    QVERIFY(demo.start());
    QCOMPARE(demo.info, before);
    QCOMPARE(demo.fingerprint(), fingerprint);
}

void TestDemoState::sessionsGoOn()
{
    QTemporaryDir folder;
    KeptDemo demo(folder.filePath(u"state"_s));
    QVERIFY(demo.start());
    SessionOptions options;
    options.issuer = demo.url(u"issuer"_s);
    options.clientId = demo.info.value("client_id"_L1).toString();
    options.scopes = QStringList{u"openid"_s, u"offline_access"_s, u"chat:read"_s};
    options.resource = demo.url(u"audience"_s);
    options.storage = StoragePolicy::MemoryOnly;
    options.route = SignInRoute::Browser;
    options.storageFolder = folder.path();
    options.certificateAuthorities = QSslCertificate::fromPath(demo.info.value("ca"_L1).toString());
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.addCaCertificates(options.certificateAuthorities);
    QSslConfiguration::setDefaultConfiguration(tls); // of the browser
    QUrl page;
    options.openBrowser = [&page](const QUrl &url) {
        page = url;
        return true;
    };
    Session session(options);
    session.signIn();
    QVERIFY(waitUntil([&page] { return !page.isEmpty(); }));
    Support::Browser browser;
    const QByteArray html = browser.visit(page);
    const QJsonObject user = demo.info.value("users"_L1).toArray().first().toObject();
    QUrlQuery form;
    for (const QString &name : {u"request"_s, u"csrf"_s})
        form.addQueryItem(name, QString::fromLatin1(QUrl::toPercentEncoding(hiddenField(html, name))));
    form.addQueryItem(u"username"_s, user.value("name"_L1).toString());
    form.addQueryItem(u"password"_s, QString::fromLatin1(QUrl::toPercentEncoding(user.value("password"_L1).toString())));
    form.addQueryItem(u"action"_s, u"sign-in"_s);
    browser.visit(options.issuer.resolved(QUrl(u"/login"_s)), form.toString(QUrl::FullyEncoded).toLatin1());
    QVERIFY(waitUntil([&session] { return session.state() == Session::State::Active; }));
    const Result<AccessToken> first = session.currentToken();
    QVERIFY(first);

    QVERIFY(demo.stop());
    QVERIFY(demo.start());
    TokenRequest request;
    request.reason = TokenRequest::Reason::Rejected;
    request.rejectedFingerprint = first->value.fingerprint();
    const auto next = session.requestToken(request);
    QVERIFY(waitFor(next, 30s));
    QVERIFY2(next.result(), qPrintable(session.explain()));
    QCOMPARE(next.result()->generation, first->generation + 1);
    QCOMPARE(session.subject(), user.value("name"_L1).toString());
}

void TestDemoState::moreUsersNeverFewer()
{
    QTemporaryDir folder;
    const QString state = folder.filePath(u"state"_s);
    KeptDemo three(state);
    QVERIFY(three.start());
    const QJsonArray users = three.info.value("users"_L1).toArray();
    QVERIFY(three.stop());
    KeptDemo five(state, {u"--users"_s, u"5"_s});
    QVERIFY(five.start());
    const QJsonArray more = five.info.value("users"_L1).toArray();
    QCOMPARE(more.size(), 6);
    for (int i = 0; i < 3; ++i)
        QCOMPARE(more.at(i), users.at(i));
    QVERIFY(five.stop());
    QVERIFY(three.start());
    QCOMPARE(three.info.value("users"_L1).toArray(), more);
    QVERIFY(three.stop());
}

void TestDemoState::folderIsPrivate()
{
    constexpr QFile::Permissions forOthers =
        QFile::ReadGroup | QFile::WriteGroup | QFile::ExeGroup | QFile::ReadOther | QFile::WriteOther | QFile::ExeOther;
    QTemporaryDir folder;
    const QString state = folder.filePath(u"state"_s);
    QVERIFY(QDir().mkdir(state));
    QVERIFY(QFile::setPermissions(state, QFileInfo(folder.path()).permissions() | QFile::ReadOther | QFile::ExeOther));
    KeptDemo demo(state);
    QVERIFY(demo.start());
    QCOMPARE(QFileInfo(state).permissions() & forOthers, QFile::Permissions());
    for (const QString &name : {u"demo.json"_s, u"server.key"_s, u"issuer.key"_s}) {
        QVERIFY2(QFile::exists(state + u'/' + name), qPrintable(name));
        QCOMPARE(QFileInfo(state + u'/' + name).permissions() & forOthers, QFile::Permissions());
    }
    QVERIFY(demo.stop());
    QVERIFY(QFile::exists(state + u"/demo.json"_s));
}

void TestDemoState::refusals()
{
    QTemporaryDir folder;
    const QString state = folder.filePath(u"state"_s);
    const auto refusal = [](const QString &dir) { return runToEnd({u"--demo"_s, u"--users"_s, u"1"_s, u"--state"_s, dir}); };
    KeptDemo demo(state);
    QVERIFY(demo.start());
    const Outcome twice = refusal(state);
    QCOMPARE(twice.code, 1);
    QVERIFY2(twice.errors.contains("another demo uses"), twice.errors.constData());
    QVERIFY(demo.stop());

    const Outcome nowhere = refusal(folder.filePath(u"none/state"_s));
    QCOMPARE(nowhere.code, 1);
    QVERIFY2(nowhere.errors.contains("cannot be made"), nowhere.errors.constData());

    for (const auto &[name, says] : {std::pair(u"demo.json"_s, "is not the state of a demo"), {u"server.key"_s, "is damaged"}}) {
        QFile file(state + u'/' + name);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray good = file.readAll();
        file.close();
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write("{ damaged") > 0);
        file.close();
        const Outcome damaged = refusal(state);
        QCOMPARE(damaged.code, 1);
        QVERIFY2(damaged.errors.contains(says), damaged.errors.constData());
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("{ damaged")); // never overwritten
        file.close();
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(good) == good.size());
        file.close();
    }
    QVERIFY(demo.start());

    QCOMPARE(runToEnd({u"--config"_s, u"x"_s, u"--state"_s, state}).code, 2);
    QCOMPARE(runToEnd({u"--demo"_s, u"--state"_s, QString()}).code, 2);
    QCOMPARE(runToEnd({u"--demo"_s, u"--state"_s}).code, 2);
}

void TestDemoState::busyPortIsNamed()
{
    QTemporaryDir folder;
    const QString state = folder.filePath(u"state"_s);
    KeptDemo demo(state);
    QVERIFY(demo.start());
    const quint16 port = quint16(demo.url(u"issuer"_s).port());
    QVERIFY(demo.stop());
    QTcpServer busy;
    QVERIFY(busy.listen(QHostAddress(QHostAddress::LocalHost), port));
    const Outcome outcome = runToEnd({u"--demo"_s, u"--users"_s, u"1"_s, u"--state"_s, state});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.errors.contains(QByteArray::number(port)), outcome.errors.constData());
    busy.close();
    QVERIFY(demo.start()); // nothing was lost by it
    QCOMPARE(demo.url(u"issuer"_s).port(), int(port));
}

WATCHWORD_TEST_MAIN(TestDemoState)
#include "tst_demostate.moc"
