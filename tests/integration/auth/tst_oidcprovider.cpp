// SPDX-License-Identifier: Apache-2.0
#include "sessionprobe.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkCookieJar>
#include <QNetworkReply>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/* Against a certified provider that no one here wrote, without a person. */
class TestOidcProvider : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void wholeLife();
    void shortTokensStayFresh();
    void outageIsSurvived();
    void lostAnswerIsNamed();
    void refusalByThePerson();

private:
    SessionOptions options();
    QByteArray ask(const QString &path);
    bool openBrowser(const QUrl &url);
    int refreshes() { return QJsonDocument::fromJson(ask(u"/ctl/stats"_s))["token"_L1]["refresh_token"_L1].toInt(); }

    QString m_peers;
    std::unique_ptr<Support::ReadyProcess> m_provider;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::shared_ptr<KeyStore> m_keys;
    QNetworkAccessManager m_network;
    QUrl m_issuer;
};

void TestOidcProvider::initTestCase()
{
    m_peers = Support::peersFolder();
    REQUIRE_COMPONENT(!m_peers.isEmpty(), "npm packages of tests/peers");
}

void TestOidcProvider::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_keys = std::make_shared<MemoryKeyStore>();
    m_provider = std::make_unique<Support::ReadyProcess>();
    m_provider->setEnvironment(u"AT_TTL"_s, u"5"_s);
    m_provider->setEnvironment(u"DEFAULT_RESOURCE"_s, u"1"_s);
    m_provider->setWorkingDirectory(m_peers);
    const auto url = m_provider->start(u"node"_s, {u"op.mjs"_s}, u"READY"_s, 40'000);
    QVERIFY(url.has_value());
    m_issuer = QUrl(*url);
    m_network.setCookieJar(new QNetworkCookieJar(&m_network));
}

SessionOptions TestOidcProvider::options()
{
    SessionOptions options;
    options.issuer = m_issuer;
    options.clientId = u"native"_s;
    options.scopes = {u"openid"_s, u"offline_access"_s, u"api:read"_s};
    options.dataFolder = m_folder->path();
    options.keyStore = m_keys;
    options.loginHint = u"bob"_s;
    options.allowLoopbackHttp = true;
    options.openBrowser = [this](const QUrl &url) { return openBrowser(url); };
    return options;
}

bool TestOidcProvider::openBrowser(const QUrl &url)
{
    QNetworkReply *reply = m_network.get(QNetworkRequest(url));
    connect(reply, &QNetworkReply::finished, reply, &QObject::deleteLater);
    return true;
}

QByteArray TestOidcProvider::ask(const QString &path)
{
    QUrl url(m_issuer.toString() + path);
    QNetworkReply *reply = m_network.get(QNetworkRequest(url));
    Support::waitUntil([&] { return reply->isFinished(); });
    const QByteArray body = reply->readAll();
    reply->deleteLater();
    return body;
}

void TestOidcProvider::wholeLife()
{
    {
        SessionProbe probe(options());
        probe.session.start();
        probe.session.signIn();
        QVERIFY(probe.reaches(State::Active));
        QCOMPARE(probe.session.subject(), u"bob"_s);
        QVERIFY(probe.token()->scopes.contains(u"api:read"_s));
    }
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return refreshes() >= 1; }));
    probe.session.signOut();
    QVERIFY(Support::waitUntil(
        [&] { return QJsonDocument::fromJson(ask(u"/ctl/stats"_s))["revocation"_L1].toInt() == 1; }));
}

void TestOidcProvider::shortTokensStayFresh()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    // Tokens of 5 s: four refreshes come by themselves, and every token that is handed out is good.
    int handedOut = 0;
    QVERIFY(Support::waitUntil(
        [&] {
            const auto token = probe.session.currentToken();
            if (!token || !token->isValidAt(Clock::system().wallNow()))
                return true;
            ++handedOut;
            return probe.changed.size() >= 5;
        },
        30s));
    QVERIFY(probe.changed.size() >= 5);
    QVERIFY(handedOut > 100);
    QCOMPARE(QJsonDocument::fromJson(ask(u"/ctl/stats"_s))["errors"_L1].toObject(), QJsonObject());
}

void TestOidcProvider::outageIsSurvived()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    ask(u"/ctl/outage?ms=4000"_s);
    const int before = int(probe.changed.size());
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return probe.changed.size() > before; }, 40s));
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.needed.size(), 0);
    QCOMPARE(probe.signedOut.size(), 0);
}

void TestOidcProvider::lostAnswerIsNamed()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    ask(u"/ctl/lose-token?n=1"_s);
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn, 20s));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RotationLost);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

void TestOidcProvider::refusalByThePerson()
{
    SessionOptions o = options();
    o.loginHint = u"deny"_s;
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::AccessDenied);
    QCOMPARE(probe.session.state(), State::SignedOut);
}

WATCHWORD_TEST_MAIN(TestOidcProvider)
#include "tst_oidcprovider.moc"
