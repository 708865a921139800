// SPDX-License-Identifier: Apache-2.0
// The list of accounts as a person sees and hears it, and with a real Client behind it.
#include "scene.h"
#include "support/testmain.h"

#include <QAccessible>
#include <QQmlComponent>

using namespace Qt::StringLiterals;

namespace {

constexpr char kFake[] = R"(
import QtQuick
import Watchword

Rectangle {
    property QtObject client: QtObject {
        property string issuer; property string server; property url additionalCertificateAuthorities
        property string account: "home"
        property var accounts: [
            { account: "home", name: "Alice Example", subject: "alice" },
            { account: "work", name: "", subject: "bob" },
            { account: "shop", name: "Carol", subject: "carol" }
        ]
    }
    property int added: 0
    property string chosen: ""
    width: 400; height: 300; color: "white"
    AccountPicker {
        id: picker; objectName: "picker"; client: parent.client; anchors.fill: parent
        onAddRequested: parent.added += 1
        onChosen: (account) => parent.chosen += account + " "
    }
}
)";

constexpr char kReal[] = R"(
import QtQuick
import Watchword

Rectangle {
    property alias client: client
    property alias picker: picker
    property int questions: 0
    width: 400; height: 300; color: "white"
    Client {
        id: client; clientId: "native"; applicationId: "picker"; account: "home"; storage: Client.EncryptedFile; autoStart: false
        onPassphraseNeeded: (isNew, wasWrong) => { questions += 1; answerPassphrase("four words that nobody guesses") }
    }
    AccountPicker { id: picker; client: client; anchors.fill: parent; onAddRequested: client.account = "work" }
}
)";

// Delegates are no QObject children of what shows them.
QQuickItem *itemNamed(QQuickItem *below, const QString &name)
{
    if (below->objectName() == name)
        return below;
    for (QQuickItem *child : below->childItems()) {
        if (QQuickItem *found = itemNamed(child, name))
            return found;
    }
    return nullptr;
}

QString spokenName(QQuickItem *item)
{
    QAccessibleInterface *face = QAccessible::queryAccessibleInterface(item);
    return face ? face->text(QAccessible::Name) : QString();
}

} // namespace

class TestAccountPicker : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(Scene::prepare()); }
    void cleanup()
    {
        m_scene.reset();
        m_folder.reset(); // the scene's client writes there until it is gone
    }
    void showsAndSays();
    void onlyTheKeyboard();
    void nobody();
    void switchesARealClient();

private:
    void make(const char *qml)
    {
        m_scene = std::make_unique<Scene>();
        QCOMPARE(m_scene->load(qml, {400, 300}), QString());
        QVERIFY(QTest::qWaitForWindowExposed(&m_scene->view()));
    }
    QQuickItem *item(const QString &name) { return itemNamed(m_scene->root(), name); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Scene> m_scene;
};

void TestAccountPicker::showsAndSays()
{
    make(kFake);
    QAccessible::setActive(true);
    QVERIFY(Support::waitUntil([this] { return item(u"account-shop"_s) != nullptr; }));
    QCOMPARE(item(u"account-home"_s)->property("text").toString(), u"Alice Example"_s);
    QCOMPARE(item(u"account-work"_s)->property("text").toString(), u"work"_s); // without a name, that of the account
    QCOMPARE(spokenName(item(u"account-home"_s)), u"Alice Example, in use"_s);
    QCOMPARE(spokenName(item(u"account-shop"_s)), u"Carol"_s);
    QCOMPARE(spokenName(item(u"list"_s)), u"Accounts"_s);
    QCOMPARE(spokenName(item(u"addAccount"_s)), u"Add an account"_s);
    QVERIFY(!item(u"empty"_s)->isVisible());
    QTest::mouseClick(&m_scene->view(), Qt::LeftButton, {}, item(u"account-work"_s)->mapToScene({20, 10}).toPoint());
    QCOMPARE(m_scene->eval(u"client.account"_s).toString(), u"work"_s);
    QCOMPARE(m_scene->eval(u"chosen"_s).toString(), u"work "_s);
    QCOMPARE(spokenName(item(u"account-home"_s)), u"Alice Example"_s);
}

void TestAccountPicker::onlyTheKeyboard()
{
    make(kFake);
    m_scene->view().requestActivate();
    QVERIFY(QTest::qWaitForWindowActive(&m_scene->view()));
    const auto press = [this](Qt::Key key) { QTest::keyClick(&m_scene->view(), key); };
    press(Qt::Key_Tab);
    QVERIFY(item(u"list"_s)->hasActiveFocus());
    press(Qt::Key_Down);
    press(Qt::Key_Return);
    QCOMPARE(m_scene->eval(u"client.account"_s).toString(), u"work"_s);
    press(Qt::Key_End);
    press(Qt::Key_Space);
    QCOMPARE(m_scene->eval(u"client.account"_s).toString(), u"shop"_s);
    press(Qt::Key_Down); // the end
    press(Qt::Key_Home);
    press(Qt::Key_Enter);
    QCOMPARE(m_scene->eval(u"client.account"_s).toString(), u"home"_s);
    press(Qt::Key_Tab);
    QVERIFY(item(u"addAccount"_s)->hasActiveFocus());
    press(Qt::Key_Return);
    QCOMPARE(m_scene->eval(u"added"_s).toInt(), 1);
}

void TestAccountPicker::nobody()
{
    make(kFake);
    m_scene->eval(u"client.accounts = []"_s);
    QVERIFY(Support::waitUntil([this] { return item(u"empty"_s)->isVisible(); }));
    QVERIFY(!item(u"list"_s)->isVisible());
    m_scene->eval(u"client = null"_s); // destroyed before its picker
    QVERIFY(item(u"empty"_s)->isVisible());
}

void TestAccountPicker::switchesARealClient()
{
    m_folder = std::make_unique<QTemporaryDir>();
    make(kReal);
    m_scene->client()->setProperty("storageFolder", m_folder->path());
    QVERIFY(m_scene->signIn());
    QVERIFY(m_scene->waitFor(u"picker.accounts.length === 1"_s));
    m_scene->issuer().signInAs(u"bob"_s, u"Bob"_s);
    QVERIFY(m_scene->click("addAccount"));
    QVERIFY(m_scene->waitFor(u"client.state === Client.SignInNeeded"_s));
    QVERIFY(m_scene->answerBrowsers()); // of the new session
    m_scene->eval(u"client.signIn()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready && client.accountName === 'Bob'"_s));
    QVERIFY(m_scene->waitFor(u"picker.accounts.length === 2"_s));
    const int before = m_scene->issuer().requestCount(Watchword::FakeIssuer::Endpoint::Authorization);
    // By name: dates of sign-ins are as exact as the provider's, a second, so two within one have no order.
    m_scene->eval(u"picker.choose(picker.accounts[0].account === 'home' ? 0 : 1)"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready && client.accountName === 'Alice'"_s));
    QCOMPARE(m_scene->eval(u"client.account"_s).toString(), u"home"_s);
    QCOMPARE(m_scene->issuer().requestCount(Watchword::FakeIssuer::Endpoint::Authorization), before);
    QVERIFY(m_scene->holds(u"questions > 0"_s));
}

WATCHWORD_GUI_TEST_MAIN(TestAccountPicker)
#include "tst_accountpicker.moc"
