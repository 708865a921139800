// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"

#include <QFile>
#include <QQmlComponent>
#include <QQmlEngine>
#include <QQuickItem>
#include <QQuickView>
#include <QTemporaryDir>

#include <memory>

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
    property int ready: Client.Ready
    property int sessionActive: Session.Active
    property int connectionReady: Connection.Ready
    width: 640; height: 200
    Client {
        id: client
        clientId: "native"
        storage: Client.Memory
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

public Q_SLOTS:
    void answerBrowser(const QUrl &url) { m_issuer->openBrowser(url); }

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup();
    void showsNothingBeforeStart();
    void signsInAndConnectsFromTheBanner();
    void countsDownAndTriesNow();
    void refusesChangesWhileRunning();
    void hasNoSecretInAnyProperty();

private:
    QObject *client() const { return m_scene->property("client").value<QObject *>(); }
    QQuickItem *banner() const { return m_scene->property("banner").value<QQuickItem *>(); }
    QObject *button(const char *name) const { return banner()->findChild<QObject *>(QLatin1StringView(name)); }
    int state() const { return client()->property("state").toInt(); }
    bool isReady() const { return state() == m_scene->property("ready").toInt(); }
    bool click(const char *name);
    void signIn();

    QTemporaryDir m_folder;
    std::unique_ptr<FakeIssuer> m_issuer;
    std::unique_ptr<FakeGateway> m_gateway;
    std::unique_ptr<QQuickView> m_view;
    QQuickItem *m_scene = nullptr;
};

void TestQmlModule::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_folder.path()));
    // The module opens the system browser by itself; the person here is browserRequested() and the fake issuer.
    QFile opener(m_folder.filePath(u"xdg-open"_s));
    QVERIFY(opener.open(QIODevice::WriteOnly));
    opener.write("#!/bin/sh\nexit 0\n");
    opener.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    opener.close();
    qputenv("PATH", m_folder.path().toLocal8Bit() + ':' + qgetenv("PATH"));
}

void TestQmlModule::init()
{
    WatchwordTest::init();
    m_issuer = std::make_unique<FakeIssuer>(FakeIssuer::Options {.certificateFile = m_folder.filePath(u"server.pem"_s),
                                                                 .keyFile = m_folder.filePath(u"server.key"_s)});
    QVERIFY(m_issuer->listen());
    m_gateway = std::make_unique<FakeGateway>();
    m_gateway->setEcho(true);
    QVERIFY(m_gateway->listen());
    QFile authorities(m_folder.filePath(u"authorities.pem"_s));
    QFile authority(m_folder.filePath(u"ca.pem"_s));
    QVERIFY(authority.open(QIODevice::ReadOnly) && authorities.open(QIODevice::WriteOnly));
    const QByteArray own = authority.readAll();
    authorities.write(own + '\n' + m_gateway->tls().authority.toPem());
    authorities.close();
    m_issuer->setBrowserAuthorities(QSslCertificate::fromData(own));

    m_view = std::make_unique<QQuickView>();
    m_view->engine()->addImportPath(QStringLiteral(WATCHWORD_QML_FOLDER));
    QQmlComponent component(m_view->engine());
    component.setData(kScene, QUrl(u"qrc:/scene.qml"_s));
    m_scene = qobject_cast<QQuickItem *>(component.create());
    QVERIFY2(m_scene, qPrintable(component.errorString()));
    m_view->setContent({}, nullptr, m_scene);
    m_view->show();
    client()->setProperty("issuer", m_issuer->url());
    client()->setProperty("server", m_gateway->url());
    client()->setProperty("certificateAuthorities", QUrl::fromLocalFile(authorities.fileName()));
}

void TestQmlModule::cleanup()
{
    m_view.reset();
    m_scene = nullptr;
    m_gateway.reset();
    m_issuer.reset();
}

bool TestQmlModule::click(const char *name)
{
    QObject *found = button(name);
    return found && found->property("visible").toBool() && QMetaObject::invokeMethod(found, "clicked");
}

void TestQmlModule::signIn()
{
    QVERIFY(QMetaObject::invokeMethod(client(), "start"));
    QVERIFY(Support::waitUntil([this] { return button("signIn")->property("visible").toBool(); }));
    // By name: the module has its own copy of the SDK, so its Session is another type than the one linked here.
    auto *session = client()->property("session").value<QObject *>();
    QVERIFY(session);
    QVERIFY(connect(session, SIGNAL(browserRequested(QUrl)), this, SLOT(answerBrowser(QUrl))));
    QVERIFY(click("signIn"));
    QVERIFY(Support::waitUntil([this] { return isReady(); }));
}

void TestQmlModule::showsNothingBeforeStart()
{
    QCOMPARE(state(), 0);
    QVERIFY(!banner()->isVisible());
    QCOMPARE(banner()->height(), 0.0);
    QCOMPARE(m_gateway->connectionsSeen(), 0);
}

void TestQmlModule::signsInAndConnectsFromTheBanner()
{
    signIn();
    QVERIFY(!banner()->isVisible());
    QCOMPARE(client()->property("accountName").toString(), u"Alice"_s);
    QVERIFY(m_scene->property("countdown").value<QObject *>()->property("secondsLeft").toInt() > 0);
    bool sent = false;
    QVERIFY(QMetaObject::invokeMethod(client(), "send", Q_RETURN_ARG(bool, sent), Q_ARG(QString, u"hello"_s)));
    QVERIFY(sent);
    QVERIFY(Support::waitUntil([this] { return m_scene->property("messages").toList() == QVariantList {u"hello"_s}; }));
}

void TestQmlModule::countsDownAndTriesNow()
{
    signIn();
    m_gateway->stop();
    QVERIFY(Support::waitUntil([this] { return button("tryNow")->property("visible").toBool(); }));
    QVERIFY(banner()->isVisible());
    QVERIFY(!banner()->property("sentence").toString().isEmpty());
    QVERIFY(m_gateway->listen());
    // The wait may end by itself at any moment: either way it has to end in Ready.
    click("tryNow");
    QVERIFY(Support::waitUntil([this] { return isReady(); }, std::chrono::seconds(30)));
    QVERIFY(!banner()->isVisible());
}

void TestQmlModule::refusesChangesWhileRunning()
{
    signIn();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"clientId cannot change while the client runs"_s));
    client()->setProperty("clientId", u"other"_s);
    QCOMPARE(client()->property("clientId").toString(), u"native"_s);
}

void TestQmlModule::hasNoSecretInAnyProperty()
{
    signIn();
    const QList<QByteArray> secrets = m_issuer->issuedSecrets();
    QVERIFY(!secrets.isEmpty());
    for (QObject *object : {client(), client()->property("session").value<QObject *>(),
                            client()->property("connection").value<QObject *>()}) {
        for (int i = 0; i < object->metaObject()->propertyCount(); ++i) {
            const QByteArray text = object->metaObject()->property(i).read(object).toString().toUtf8();
            for (const QByteArray &secret : secrets)
                QVERIFY2(!text.contains(secret), object->metaObject()->property(i).name());
        }
    }
}

WATCHWORD_GUI_TEST_MAIN(TestQmlModule)
#include "tst_qmlmodule.moc"
