// SPDX-License-Identifier: Apache-2.0
// SignIn in every state that a person can meet. With WATCHWORD_SHOTS=folder it leaves the pictures there.
#include "scene.h"
#include "support/testmain.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QImage>
#include <QTranslator>

using namespace Qt::StringLiterals;
using namespace Watchword;

namespace {

constexpr char kScene[] = R"(
import QtQuick
import Watchword

Rectangle {
    id: root
    property bool dark: false
    property alias client: client
    property alias face: face
    property int browsers: 0
    color: palette.window
    width: 800; height: 520
    palette {
        window: dark ? "#1b1d21" : "#f6f7f9"
        windowText: dark ? "#e8eaee" : "#1b1d21"
        base: dark ? "#24272c" : "#ffffff"
        text: dark ? "#e8eaee" : "#1b1d21"
        button: dark ? "#353a42" : "#e2e5ea"
        buttonText: dark ? "#e8eaee" : "#1b1d21"
        mid: dark ? "#4a505a" : "#c3c8d0"
        dark: dark ? "#3f77d8" : "#1b5cc8"
        light: dark ? "#353a42" : "#ffffff"
        brightText: "#ffffff"
        highlight: "#1b5cc8"
        highlightedText: "#ffffff"
    }
    Client { id: client; clientId: "native"; storage: Client.MemoryOnly; autoStart: false }
    Connections { target: client.session; function onBrowserRequested() { browsers += 1 } }
    SignIn { id: face; anchors.fill: parent; client: client }
}
)";

} // namespace

class TestQmlSignIn : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup() { m_scene.reset(); }
    void signedOut();
    void browser();
    void browserRefused();
    void otherDevice();
    void otherDeviceRefused();
    void otherDeviceTooLate();
    void otherPersonIsNotKept();
    void otherPersonIsAccepted();
    void keychainWaits();
    void hasToBeDoneAgain();
    void serverWantsAStrongerSignIn();
    void german();
    void onlyTheKeyboard();
    void holdsNoSecret();

private:
    void make(std::chrono::seconds deviceLifetime = std::chrono::minutes(10));
    bool shows(const QString &page) { return m_scene->waitFor(u"face.page === '%1'"_s.arg(page)); }
    QString text(const char *name) { return m_scene->find(name)->property("text").toString(); }
    void look(const QString &name);
    void checkLayout(const QString &where);
    void answerAndWait(const QString &page);
    void showDevice();
    void showOtherPerson();

    std::unique_ptr<Scene> m_scene;
};

void TestQmlSignIn::initTestCase()
{
    QVERIFY(Scene::prepare());
    // No keychain, whatever the machine of the test has.
    qputenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
}

void TestQmlSignIn::make(std::chrono::seconds deviceLifetime)
{
    m_scene = std::make_unique<Scene>(deviceLifetime);
    QCOMPARE(m_scene->load(kScene, {800, 520}), QString());
    QVERIFY(QTest::qWaitForWindowExposed(&m_scene->view()));
}

void TestQmlSignIn::init()
{
    WatchwordTest::init();
    make();
}

// Nothing cut, nothing outside, nothing over something else.
void TestQmlSignIn::checkLayout(const QString &where)
{
    QList<QQuickItem *> shown;
    for (auto *item : m_scene->root()->findChildren<QQuickItem *>()) {
        const bool isText = item->inherits("QQuickLabel");
        const bool isPart = isText || item->inherits("QQuickButton") || item->objectName() == "qrCode"_L1;
        if (!isPart || !item->isVisible() || item->width() <= 0 || item->objectName().isEmpty())
            continue;
        const QRectF area = item->mapRectToScene(item->boundingRect());
        QVERIFY2(QRectF(0, 0, m_scene->root()->width(), 5000).contains(area),
                 qPrintable(where + u": outside: "_s + item->objectName()));
        if (isText)
            QVERIFY2(item->property("paintedWidth").toReal() <= item->width() + 1,
                     qPrintable(where + u": cut: "_s + item->objectName()));
        for (const QQuickItem *other : shown)
            QVERIFY2(!area.intersects(other->mapRectToScene(other->boundingRect())),
                     qPrintable(u"%1: %2 over %3"_s.arg(where, item->objectName(), other->objectName())));
        shown.append(item);
    }
    QVERIFY(!shown.isEmpty());
}

void TestQmlSignIn::look(const QString &name)
{
    for (const int width : {400, 800}) {
        m_scene->view().resize(width, width == 400 ? 640 : 520);
        m_scene->root()->setSize(QSizeF(m_scene->view().size()));
        for (const bool dark : {false, true}) {
            m_scene->root()->setProperty("dark", dark);
            const QImage picture = m_scene->view().grabWindow();
            const QString where = u"signin-%1-%2-%3"_s.arg(name).arg(width).arg(dark ? u"dark"_s : u"light"_s);
            QVERIFY(!picture.isNull());
            if (const QString folder = qEnvironmentVariable("WATCHWORD_SHOTS"); !folder.isEmpty())
                QVERIFY(picture.save(u"%1/%2.png"_s.arg(folder, where)));
            checkLayout(where);
        }
    }
}

void TestQmlSignIn::answerAndWait(const QString &page)
{
    QVERIFY(m_scene->answerBrowsers());
    m_scene->eval(u"client.session.signIn()"_s); // the page that is open, or a new one
    QVERIFY(shows(page));
}

void TestQmlSignIn::signedOut()
{
    QCOMPARE(m_scene->eval(u"face.page"_s).toString(), u"signedOut"_s); // before start(), too
    m_scene->eval(u"client.start()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    QVERIFY(shows(u"signedOut"_s));
    QCOMPARE(text("heading"), u"Sign in"_s);
    QCOMPARE(text("problem"), QString());
    for (const char *other : {"retryKeychain", "keepOwner", "acceptOther", "copyLink", "cancelSignIn", "copyCode"})
        QVERIFY2(!m_scene->click(other), other);
    look(u"signed-out"_s);
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(shows(u"browser"_s));
}

void TestQmlSignIn::browser()
{
    m_scene->eval(u"client.start()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    m_scene->eval(u"client.signIn()"_s);
    QVERIFY(shows(u"browser"_s));
    QVERIFY(!m_scene->click("signInButton"));
    look(u"browser"_s);
    QVERIFY(m_scene->click("copyLink"));
    QCOMPARE(QGuiApplication::clipboard()->text(), m_scene->eval(u"client.session.signInUrl.toString()"_s).toString());
    QCOMPARE(text("copyLink"), u"Copied"_s);
    QVERIFY(m_scene->waitFor(u"browsers === 1"_s));
    QVERIFY(m_scene->click("openAgain"));
    QVERIFY(m_scene->waitFor(u"browsers === 2"_s));
    QVERIFY(m_scene->click("cancelSignIn"));
    QVERIFY(shows(u"signedOut"_s));
    QCOMPARE(text("problem"), QString()); // the person knows
    m_scene->eval(u"client.signIn()"_s);
    answerAndWait({});
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready && !face.visible"_s));
}

void TestQmlSignIn::browserRefused()
{
    m_scene->issuer().failNext(FakeIssuer::Endpoint::Authorization, FakeIssuer::Fault::Denied);
    m_scene->eval(u"client.start()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    QVERIFY(m_scene->answerBrowsers());
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(m_scene->waitFor(u"face.page === 'signedOut' && face.problem !== ''"_s));
    QCOMPARE(text("problem"), u"The last try did not work. The sign-in was refused."_s);
    look(u"refused"_s);
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(shows({}));
    QCOMPARE(m_scene->eval(u"client.signInProblem"_s).toString(), QString());
}

void TestQmlSignIn::showDevice()
{
    m_scene->eval(u"client.route = Client.Device; client.start()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(shows(u"device"_s));
}

void TestQmlSignIn::otherDevice()
{
    showDevice();
    QCOMPARE(text("userCode"), m_scene->eval(u"client.session.deviceSignIn.userCode"_s).toString());
    QCOMPARE(text("deviceLink"), m_scene->issuer().url().toString() + u"/activate"_s);
    QCOMPARE(m_scene->eval(u"client.stateText"_s).toString(), u"Finish signing in on your other device"_s);
    look(u"device"_s);
    // What is on the screen is the code, module for module.
    auto *qr = qobject_cast<QQuickItem *>(m_scene->find("qrCode"));
    const int size = m_scene->eval(u"client.session.deviceSignIn.qrCode.size"_s).toInt();
    QVERIFY(size >= 21);
    const QImage picture = m_scene->view().grabWindow();
    const int module = int(qr->width()) / (size + 8);
    const QPointF corner = qr->mapToScene(
        {(qr->width() - module * (size + 8)) / 2 + 4 * module, (qr->height() - module * (size + 8)) / 2 + 4 * module});
    for (int row = 0; row < size; ++row) {
        for (int column = 0; column < size; ++column) {
            const QPoint at(int(corner.x()) + column * module + module / 2, int(corner.y()) + row * module + module / 2);
            const bool dark = m_scene->eval(u"client.session.deviceSignIn.qrCode.isDark(%1, %2)"_s.arg(column).arg(row)).toBool();
            QCOMPARE(picture.pixelColor(at), dark ? QColor(Qt::black) : QColor(Qt::white));
        }
    }
    QVERIFY(m_scene->click("copyCode"));
    QCOMPARE(QGuiApplication::clipboard()->text(), text("userCode"));
    QVERIFY(m_scene->click("copyLink"));
    QVERIFY(QGuiApplication::clipboard()->text().contains(u"user_code="_s + text("userCode")));
    const int before = m_scene->eval(u"face.secondsLeft"_s).toInt();
    QVERIFY(before > 500 && before <= 600);
    QVERIFY(m_scene->waitFor(u"face.secondsLeft < %1"_s.arg(before)));
    QVERIFY(m_scene->issuer().decideDevice(true));
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready && !face.visible"_s));
    QCOMPARE(m_scene->eval(u"browsers"_s).toInt(), 0);
}

void TestQmlSignIn::otherDeviceRefused()
{
    showDevice();
    QVERIFY(m_scene->issuer().decideDevice(false));
    QVERIFY(m_scene->waitFor(u"face.page === 'signedOut' && face.problem !== ''"_s));
    QCOMPARE(text("problem"), u"The last try did not work. The sign-in was refused."_s);
}

void TestQmlSignIn::otherDeviceTooLate()
{
    make(std::chrono::seconds(2));
    showDevice();
    QVERIFY(m_scene->waitFor(u"face.page === 'signedOut' && face.problem !== ''"_s));
    QCOMPARE(text("problem"), u"The last try did not work. The sign-in code has expired."_s);
    QVERIFY(!m_scene->click("copyCode"));
}

void TestQmlSignIn::showOtherPerson()
{
    QVERIFY(m_scene->signIn());
    QVERIFY(m_scene->holds(u"!face.visible"_s));
    m_scene->issuer().revokeAll();
    m_scene->eval(u"client.session.refresh()"_s);
    QVERIFY(shows(u"needsSignIn"_s));
    m_scene->issuer().signInAs(u"bob"_s, u"Bob Example"_s);
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(shows(u"wrongUser"_s));
    QCOMPARE(text("heading"), u"Bob Example signed in"_s);
    QVERIFY(text("explanation").contains(u"Alice"_s));
}

void TestQmlSignIn::otherPersonIsNotKept()
{
    showOtherPerson();
    look(u"wrong-user"_s);
    m_scene->issuer().signInAs(u"alice"_s, u"Alice"_s);
    QVERIFY(m_scene->click("keepOwner"));
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
    QCOMPARE(m_scene->eval(u"client.accountName"_s).toString(), u"Alice"_s);
    QVERIFY(m_scene->holds(u"!face.visible"_s));
}

void TestQmlSignIn::otherPersonIsAccepted()
{
    showOtherPerson();
    QVERIFY(m_scene->click("acceptOther"));
    QVERIFY(m_scene->waitFor(u"client.accountName === 'Bob Example'"_s));
    QVERIFY(m_scene->waitFor(u"!face.visible"_s));
}

void TestQmlSignIn::keychainWaits()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"KeychainUnavailable"_s));
    m_scene->eval(u"client.storage = Client.Keychain; client.account = 'keychain'; client.start()"_s);
    QVERIFY(shows(u"keychain"_s));
    QCOMPARE(text("heading"), u"The keychain is needed"_s);
    QVERIFY(text("explanation").contains(u"There is no keychain on this computer, or it does not run."_s));
    look(u"keychain"_s);
    QVERIFY(m_scene->waitFor(u"client.errorText !== ''"_s)); // the face shows the session, which is ahead of the client
    QVERIFY(m_scene->click("retryKeychain"));
    QVERIFY(shows(u"keychain"_s));
    QVERIFY(!m_scene->click("signInButton"));
}

void TestQmlSignIn::hasToBeDoneAgain()
{
    QVERIFY(m_scene->signIn());
    m_scene->issuer().revokeAll();
    m_scene->eval(u"client.session.refresh()"_s);
    QVERIFY(shows(u"needsSignIn"_s));
    QCOMPARE(text("heading"), u"Please sign in again"_s);
    QCOMPARE(text("explanation"), u"The sign-in service has ended your session. Sign in again."_s);
    look(u"needs-sign-in"_s);
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready && !face.visible"_s));
}

void TestQmlSignIn::serverWantsAStrongerSignIn()
{
    QVERIFY(m_scene->signIn());
    m_scene->gateway().next(FakeGateway::refuse(
        401, {{"WWW-Authenticate", R"(Bearer error="insufficient_user_authentication", acr_values="gold")"}}));
    m_scene->gateway().peer()->drop();
    QVERIFY(shows(u"stepUp"_s));
    QCOMPARE(text("heading"), u"Please confirm who you are"_s);
    QCOMPARE(text("explanation"), u"This needs a fresher or stronger sign-in. Sign in once more to go on."_s);
    look(u"step-up"_s);
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready && !face.visible"_s));
}

void TestQmlSignIn::german()
{
    QTranslator german;
    QVERIFY(german.load(QStringLiteral(WATCHWORD_BINARY_DIR "/translations/watchword_sdk_de.qm")));
    QVERIFY(QCoreApplication::installTranslator(&german));
    make();
    showDevice();
    QVERIFY(text("heading") != u"Sign in with another device"_s);
    look(u"device-de"_s);
    QVERIFY(m_scene->click("cancelSignIn"));
    QVERIFY(shows(u"signedOut"_s));
    m_scene->eval(u"client.stop(); client.route = Client.Browser"_s);
    m_scene->issuer().signInAs(u"alice"_s, u"Alexandra Beispielhausen-Mustermann"_s);
    QVERIFY(m_scene->signIn());
    m_scene->issuer().revokeAll();
    m_scene->eval(u"client.session.refresh()"_s);
    QVERIFY(shows(u"needsSignIn"_s));
    look(u"needs-sign-in-de"_s);
    m_scene->issuer().signInAs(u"bob"_s, u"bartholomaeus.beispiel@verwaltung.example.org"_s);
    QVERIFY(m_scene->click("signInButton"));
    QVERIFY(shows(u"wrongUser"_s));
    look(u"wrong-user-de"_s);
    QCoreApplication::removeTranslator(&german);
}

void TestQmlSignIn::onlyTheKeyboard()
{
    m_scene->eval(u"client.route = Client.Device; client.start()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    m_scene->view().requestActivate();
    QVERIFY(QTest::qWaitForWindowActive(&m_scene->view()));
    const auto press = [this](Qt::Key key) { QTest::keyClick(&m_scene->view(), key); };
    press(Qt::Key_Tab);
    QVERIFY(qobject_cast<QQuickItem *>(m_scene->find("signInButton"))->hasActiveFocus());
    press(Qt::Key_Return);
    QVERIFY(shows(u"device"_s));
    QStringList order;
    for (int step = 0; step < 3; ++step) {
        press(Qt::Key_Tab);
        order.append(m_scene->view().activeFocusItem()->objectName());
    }
    order.sort();
    QCOMPARE(order, QStringList({u"cancelSignIn"_s, u"copyCode"_s, u"copyLink"_s}));
    press(Qt::Key_Escape);
    QVERIFY(shows(u"signedOut"_s));
    press(Qt::Key_Escape); // nothing to cancel
    QVERIFY(shows(u"signedOut"_s));
}

void TestQmlSignIn::holdsNoSecret()
{
    showDevice();
    const QList<QByteArray> secrets = m_scene->issuer().issuedSecrets(); // the device code among them
    QVERIFY(!secrets.isEmpty());
    for (auto *object : m_scene->root()->findChildren<QObject *>()) {
        for (int i = 0; i < object->metaObject()->propertyCount(); ++i) {
            if (QByteArrayView(object->metaObject()->property(i).name()) == "fontInfo")
                continue; // some text items warn when it is read, and it holds no text
            const QByteArray value = object->metaObject()->property(i).read(object).toString().toUtf8();
            for (const QByteArray &secret : secrets)
                QVERIFY2(!value.contains(secret), object->metaObject()->property(i).name());
        }
    }
}

WATCHWORD_GUI_TEST_MAIN(TestQmlSignIn)
#include "tst_qmlsignin.moc"
