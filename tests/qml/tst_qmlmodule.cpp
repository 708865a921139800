// SPDX-License-Identifier: Apache-2.0
#include "scene.h"
#include "support/testmain.h"

#include <QUrlQuery>

using namespace Qt::StringLiterals;
using namespace Watchword;

namespace {

constexpr char kScene[] = R"(
import QtQuick
import Watchword

Item {
    property alias client: client
    property alias banner: banner
    property alias countdown: countdown
    property var messages: []
    property string seen: ""
    property int sessionActive: Session.Active
    property int connectionReady: Connection.Ready
    property int connects: client.connection ? client.connection.metrics.connects : -1
    property int sent: client.connection ? client.connection.metrics.messagesSent : -1
    width: 640; height: 200
    Client {
        id: client
        clientId: "native"
        storage: Client.MemoryOnly
        autoStart: false
        onMessageReceived: (message) => messages.push(message)
    }
    ConnectionBanner { id: banner; client: client; width: parent.width }
    TokenCountdown { id: countdown; client: client; y: 100 }
}
)";

} // namespace

/*! The module as an application sees it: only QML and what the engine shows of it. */
class TestQmlModule : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(Scene::prepare()); }
    void init() override;
    void cleanup() { m_scene.reset(); }
    void showsNothingBeforeStart();
    void signsInAndConnectsFromTheBanner();
    void countsDownAndTriesNow();
    void refusesChangesWhileRunning();
    void optionsReachTheSignIn();
    void optionsThatAreWrong();
    void hasNoSecretInAnyProperty();

private:
    QObject *client() const { return m_scene->client(); }
    QQuickItem *banner() const { return m_scene->root()->property("banner").value<QQuickItem *>(); }
    int state() const { return client()->property("state").toInt(); }
    void signIn();

    std::unique_ptr<Scene> m_scene;
};

void TestQmlModule::init()
{
    WatchwordTest::init();
    m_scene = std::make_unique<Scene>();
    QCOMPARE(m_scene->load(kScene), QString());
}

void TestQmlModule::signIn()
{
    m_scene->eval(u"client.start()"_s);
    QVERIFY(m_scene->answerBrowsers());
    QVERIFY(Support::waitUntil([this] { return m_scene->click("signIn"); }));
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
}

void TestQmlModule::showsNothingBeforeStart()
{
    QCOMPARE(state(), 0);
    QVERIFY(!banner()->isVisible());
    QCOMPARE(banner()->height(), 0.0);
    QCOMPARE(m_scene->gateway().connectionsSeen(), 0);
}

void TestQmlModule::signsInAndConnectsFromTheBanner()
{
    signIn();
    QVERIFY(!banner()->isVisible());
    QCOMPARE(client()->property("accountName").toString(), u"Alice"_s);
    QVERIFY(m_scene->holds(u"countdown.secondsLeft > 0"_s));
    QVERIFY(m_scene->holds(u"connects === 1"_s));
    bool sent = false;
    QVERIFY(QMetaObject::invokeMethod(client(), "send", Q_RETURN_ARG(bool, sent), Q_ARG(QString, u"hello"_s)));
    QVERIFY(sent);
    QVERIFY(m_scene->waitFor(u"messages.join() === 'hello'"_s));
    QVERIFY(m_scene->waitFor(u"sent === 1"_s)); // once a second
}

void TestQmlModule::countsDownAndTriesNow()
{
    signIn();
    m_scene->gateway().stop();
    QVERIFY(Support::waitUntil([this] { return m_scene->find("tryNow")->property("visible").toBool(); }));
    QVERIFY(banner()->isVisible());
    QVERIFY(!banner()->property("sentence").toString().isEmpty());
    QVERIFY(m_scene->gateway().listen());
    // The wait may end by itself at any moment: either way it has to end in Ready.
    m_scene->click("tryNow");
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
    QVERIFY(!banner()->isVisible());
}

void TestQmlModule::refusesChangesWhileRunning()
{
    signIn();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"clientId cannot change while the client runs"_s));
    client()->setProperty("clientId", u"other"_s);
    QCOMPARE(client()->property("clientId").toString(), u"native"_s);
}

void TestQmlModule::optionsReachTheSignIn()
{
    m_scene->eval(u"client.loginHint = 'alice@example.com'; client.extraParameters = { ui_locales: 'de' };"
                  u"client.redirectPath = '/back'; client.signInTimeout = 60;"
                  u"client.openBrowser = (url) => { seen = url.toString(); return true }; client.start()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    m_scene->eval(u"client.signIn()"_s);
    QVERIFY(m_scene->waitFor(u"seen !== ''"_s));
    const QUrl page(m_scene->eval(u"seen"_s).toString());
    const QUrlQuery query(page);
    QCOMPARE(query.queryItemValue(u"login_hint"_s, QUrl::FullyDecoded), u"alice@example.com"_s);
    QCOMPARE(query.queryItemValue(u"ui_locales"_s), u"de"_s);
    QVERIFY(QUrl(query.queryItemValue(u"redirect_uri"_s, QUrl::FullyDecoded)).path() == "/back"_L1);
    m_scene->issuer().openBrowser(page);
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
    QCOMPARE(m_scene->eval(u"client.stateText"_s).toString(), u"Connected"_s);
    QVERIFY(m_scene->holds(u"client.errorText === '' && client.suggestedAction === ''"_s));
}

void TestQmlModule::optionsThatAreWrong()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"70000 is not a port"_s));
    m_scene->eval(u"client.redirectPorts = [49201, 70000]"_s);
    QVERIFY(m_scene->holds(u"client.redirectPorts.length === 1 && client.redirectPorts[0] === 49201"_s));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"an account needs a name"_s));
    m_scene->eval(u"client.account = ''"_s);
    QCOMPARE(m_scene->eval(u"client.account"_s).toString(), u"default"_s);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"there is no certificate in"_s));
    m_scene->eval(u"client.certificateAuthorities = 'file:///nonexistent.pem'; client.start()"_s);
}

void TestQmlModule::hasNoSecretInAnyProperty()
{
    signIn();
    const QList<QByteArray> secrets = m_scene->issuer().issuedSecrets();
    QVERIFY(!secrets.isEmpty());
    for (QObject *object :
         {client(), client()->property("session").value<QObject *>(), client()->property("connection").value<QObject *>()}) {
        for (int i = 0; i < object->metaObject()->propertyCount(); ++i) {
            const QByteArray text = object->metaObject()->property(i).read(object).toString().toUtf8();
            for (const QByteArray &secret : secrets)
                QVERIFY2(!text.contains(secret), object->metaObject()->property(i).name());
        }
    }
}

WATCHWORD_GUI_TEST_MAIN(TestQmlModule)
#include "tst_qmlmodule.moc"
