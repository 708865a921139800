// SPDX-License-Identifier: Apache-2.0
// The banner in every state of a client, as a person sees it. With WATCHWORD_SHOTS=folder it leaves the pictures there.
#include "support/testmain.h"

#include <QImage>
#include <QQmlComponent>
#include <QQmlEngine>
#include <QQuickItem>
#include <QQuickView>

#include <memory>

using namespace Qt::StringLiterals;

namespace {

constexpr char kScene[] = R"(
import QtQuick
import Watchword

Rectangle {
    property alias banner: banner
    property QtObject fake: QtObject {
        property int state: Client.Stopped
        property string stateText: "Connection lost"
        property string errorText: ""
        property int secondsToRetry: 0
        property string called: ""
        function retryNow() { called += "retryNow " }
        function signIn() { called += "signIn " }
        function cancelSignIn() { called += "cancelSignIn " }
        function start() { called += "start " }
    }
    width: 640; height: 120; color: "white"
    ConnectionBanner { id: banner; client: parent.fake; width: parent.width }
}
)";

// In the order of Client.State.
enum State { Stopped, Starting, SignInNeeded, SigningIn, Connecting, Ready, Waiting, Failed };

} // namespace

class TestConnectionBanner : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup();
    void everyState_data();
    void everyState();

private:
    QObject *fake() const { return m_scene->property("fake").value<QObject *>(); }
    QQuickItem *banner() const { return m_scene->property("banner").value<QQuickItem *>(); }

    std::unique_ptr<QQuickView> m_view;
    QQuickItem *m_scene = nullptr;
};

void TestConnectionBanner::init()
{
    WatchwordTest::init();
    m_view = std::make_unique<QQuickView>();
    m_view->engine()->addImportPath(QStringLiteral(WATCHWORD_QML_FOLDER));
    QQmlComponent component(m_view->engine());
    component.setData(kScene, QUrl(u"qrc:/scene.qml"_s));
    m_scene = qobject_cast<QQuickItem *>(component.create());
    QVERIFY2(m_scene, qPrintable(component.errorString()));
    m_view->setContent({}, nullptr, m_scene);
    m_view->resize(640, 120);
    m_view->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_view.get()));
}

void TestConnectionBanner::cleanup()
{
    m_view.reset();
    m_scene = nullptr;
}

void TestConnectionBanner::everyState_data()
{
    QTest::addColumn<int>("state");
    QTest::addColumn<int>("seconds"); //!< To the next try; 0: none.
    QTest::addColumn<QString>("error");
    QTest::addColumn<QString>("sentence"); //!< Empty: not shown.
    QTest::addColumn<QString>("button"); //!< The only one, by its object name.
    QTest::addColumn<QString>("calls");
    const QString remedy = u"Renew the server's certificate."_s;
    QTest::newRow("stopped") << int(Stopped) << 0 << QString() << QString() << QString() << QString();
    QTest::newRow("starting") << int(Starting) << 0 << QString() << u"Connection lost"_s << QString() << QString();
    QTest::newRow("sign-in-needed") << int(SignInNeeded) << 0 << QString() << u"Connection lost"_s << u"signIn"_s << u"signIn "_s;
    QTest::newRow("signing-in") << int(SigningIn) << 0 << QString() << u"Connection lost"_s << u"cancel"_s << u"cancelSignIn "_s;
    QTest::newRow("connecting") << int(Connecting) << 0 << QString() << u"Connection lost"_s << QString() << QString();
    QTest::newRow("ready") << int(Ready) << 0 << remedy << QString() << QString() << QString();
    QTest::newRow("waiting") << int(Waiting) << 4 << remedy << u"Connection lost. Next try in 4 s."_s << u"tryNow"_s
                             << u"retryNow "_s;
    QTest::newRow("waiting-long") << int(Waiting) << 150 << remedy << u"Connection lost. Next try in 3 min. "_s + remedy
                                  << u"tryNow"_s << u"retryNow "_s;
    QTest::newRow("due") << int(Waiting) << 0 << remedy << u"Connection lost"_s << u"tryNow"_s << u"retryNow "_s;
    QTest::newRow("failed") << int(Failed) << 0 << remedy << u"Connection lost. "_s + remedy << u"startAgain"_s << u"start "_s;
}

void TestConnectionBanner::everyState()
{
    QFETCH(int, state);
    QFETCH(int, seconds);
    QFETCH(QString, error);
    QFETCH(QString, sentence);
    QFETCH(QString, button);
    fake()->setProperty("secondsToRetry", seconds);
    fake()->setProperty("errorText", error);
    fake()->setProperty("state", state);
    QCOMPARE(banner()->isVisible(), !sentence.isEmpty());
    QCOMPARE(banner()->height() > 0, !sentence.isEmpty());
    const QImage picture = m_view->grabWindow();
    QVERIFY(!picture.isNull());
    if (const QString folder = qEnvironmentVariable("WATCHWORD_SHOTS"); !folder.isEmpty())
        QVERIFY(picture.save(folder + u"/banner-"_s + QString::fromLatin1(QTest::currentDataTag()) + u".png"_s));
    if (sentence.isEmpty())
        return;
    QCOMPARE(banner()->property("sentence").toString(), sentence);
    auto *label = banner()->findChild<QQuickItem *>(u"sentence"_s);
    QVERIFY(label && label->isVisible());
    QVERIFY2(label->property("paintedWidth").toReal() <= label->width(), "the sentence is cut");
    for (const QString &name : {u"tryNow"_s, u"signIn"_s, u"cancel"_s, u"startAgain"_s}) {
        auto *found = banner()->findChild<QQuickItem *>(name);
        QVERIFY(found);
        QCOMPARE(found->isVisible(), name == button);
        if (name == button) {
            QVERIFY(found->x() + found->width() <= banner()->width());
            QVERIFY(QMetaObject::invokeMethod(found, "clicked"));
        }
    }
    QTEST(fake()->property("called").toString(), "calls");
}

WATCHWORD_GUI_TEST_MAIN(TestConnectionBanner)
#include "tst_connectionbanner.moc"
