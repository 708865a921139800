// SPDX-License-Identifier: Apache-2.0
// How an operator gets in, from the first page to the rows. With WATCHWORD_SHOTS=folder it leaves the pictures there.
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"

#include "monitor/program/application.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/connectpage.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/signinsheet.h"

#include <QApplication>
#include <QClipboard>
#include <QFile>
#include <QLabel>
#include <QPainter>
#include <QSettings>
#include <QSslKey>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTranslator>

using namespace Monitor;
using namespace Qt::StringLiterals;
using Watchword::FakeGateway;
using Watchword::FakeIssuer;

class TestMonitorSignIn : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup();
    void withoutAKeychain();
    void codeIsShownAndAccepted();
    void codeIsRefused();
    void codeExpires();
    void backEndsIt();
    void browserAndThenAnotherDevice();
    void providerWithoutCodes();
    void providerIsNotThere();
    void otherPersonIsAsked();
    void everyLook_data();
    void everyLook();

private:
    QSslKey serverKey() const;
    void launch(Watchword::SignInRoute route, std::chrono::seconds deviceLifetime = std::chrono::minutes(10));
    void start(Watchword::SignInRoute route);
    void toTheCode();
    MainWindow *window() const;
    ConnectPage *page() const { return window()->connectPage(); }
    QString text(const QString &name) const { return page()->findChild<QLabel *>(name)->text(); }
    bool isShown(const QString &name) const;
    bool click(const QString &name) const;
    bool shows(const QString &name) const;
    void save(const QString &name) const;

    QTemporaryDir m_folder;
    std::unique_ptr<FakeIssuer> m_issuer;
    std::unique_ptr<FakeGateway> m_gateway;
    std::unique_ptr<Application> m_application;
};

void TestMonitorSignIn::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_folder.path()));
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, m_folder.path());
    QCoreApplication::setOrganizationName(u"WatchwordTest"_s);
    QStandardPaths::setTestModeEnabled(true);
    // A remote shell without a keychain and with a browser that does nothing, whatever the machine of the test is.
    QFile opener(m_folder.filePath(u"xdg-open"_s));
    QVERIFY(opener.open(QIODevice::WriteOnly) && opener.write("#!/bin/sh\nexit 0\n") > 0);
    QVERIFY(opener.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
    opener.close();
    qputenv("PATH", m_folder.path().toLocal8Bit() + ':' + qgetenv("PATH"));
    qputenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    qputenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
    qputenv("DISPLAY", ":0");
}

void TestMonitorSignIn::init()
{
    WatchwordTest::init();
    QSettings().clear();
}

void TestMonitorSignIn::cleanup()
{
    m_application.reset();
    m_gateway.reset();
    m_issuer.reset();
}

QSslKey TestMonitorSignIn::serverKey() const
{
    QFile file(m_folder.filePath(u"server.key"_s));
    return file.open(QIODevice::ReadOnly) ? QSslKey(file.readAll(), QSsl::Ec) : QSslKey();
}

void TestMonitorSignIn::launch(Watchword::SignInRoute route, std::chrono::seconds deviceLifetime)
{
    m_issuer = std::make_unique<FakeIssuer>(FakeIssuer::Options{.deviceInterval = std::chrono::seconds(1),
                                                                .deviceLifetime = deviceLifetime,
                                                                .certificateFile = m_folder.filePath(u"server.pem"_s),
                                                                .keyFile = m_folder.filePath(u"server.key"_s)});
    QVERIFY(m_issuer->listen());
    m_issuer->setBrowserAuthorities(QSslCertificate::fromPath(m_folder.filePath(u"ca.pem"_s)));
    m_gateway = std::make_unique<FakeGateway>();
    m_gateway->setTls({QSslCertificate::fromPath(m_folder.filePath(u"ca.pem"_s)).value(0),
                       QSslCertificate::fromPath(m_folder.filePath(u"server.pem"_s)).value(0), serverKey()});
    QVERIFY(m_gateway->listen());
    for (int stream = 0; stream < 2; ++stream)
        m_gateway->next(FakeGateway::hang()); // nothing is to be seen behind the first page
    start(route);
}

void TestMonitorSignIn::start(Watchword::SignInRoute route)
{
    Options options;
    options.server = {m_gateway->url(), m_issuer->url(), u"monitor"_s, m_folder.filePath(u"ca.pem"_s)};
    options.route = route;
    options.theme = Theme::Choice::Light;
    options.size = QSize(1440, 900);
    m_application = std::make_unique<Application>(options);
    m_application->start();
}

MainWindow *TestMonitorSignIn::window() const
{
    const auto all = QApplication::topLevelWidgets();
    for (QWidget *widget : all) {
        if (auto *found = qobject_cast<MainWindow *>(widget))
            return found;
    }
    return nullptr;
}

bool TestMonitorSignIn::isShown(const QString &name) const
{
    const auto *widget = window()->findChild<QWidget *>(name);
    return widget && widget->isVisible();
}

bool TestMonitorSignIn::click(const QString &name) const
{
    auto *button = window()->findChild<Button *>(name);
    if (!button || !button->isVisible() || !button->isEnabled())
        return false;
    button->click();
    return true;
}

bool TestMonitorSignIn::shows(const QString &name) const
{
    return Support::waitUntil([&] { return isShown(name); }, std::chrono::seconds(30));
}

void TestMonitorSignIn::save(const QString &name) const
{
    QCoreApplication::processEvents(); // the layout follows the texts
    if (const QString folder = qEnvironmentVariable("WATCHWORD_SHOTS"); !folder.isEmpty())
        QVERIFY(window()->grab().save(u"%1/monitor-%2.png"_s.arg(folder, name)));
}

// Over the keychain that is not there.
void TestMonitorSignIn::toTheCode()
{
    QVERIFY(shows(u"withoutStoring"_s));
    QVERIFY(click(u"withoutStoring"_s));
    QVERIFY(shows(u"userCode"_s));
}

void TestMonitorSignIn::withoutAKeychain()
{
    launch(Watchword::SignInRoute::Automatic);
    QVERIFY(shows(u"retryKeychain"_s));
    QVERIFY(text(u"signInWords"_s).contains(u"There is no keychain on this computer"_s));
    save(u"keychain"_s);
    QVERIFY(window()->findChild<Button *>(u"retryKeychain"_s)->hasFocus()); // by the keyboard: Return would do
    QVERIFY(click(u"retryKeychain"_s));
    QVERIFY(shows(u"retryKeychain"_s));
    QVERIFY(!isShown(u"userCode"_s) && !isShown(u"copyLink"_s) && !isShown(u"acceptOther"_s));
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Device), 0);
}

void TestMonitorSignIn::codeIsShownAndAccepted()
{
    launch(Watchword::SignInRoute::Automatic); // by SSH
    toTheCode();
    QCOMPARE(text(u"deviceAddress"_s), m_issuer->url().toString() + u"/activate"_s);
    QVERIFY(!text(u"userCode"_s).isEmpty());
    QVERIFY(isShown(u"qrCode"_s));
    QVERIFY(window()->findChild<Button *>(u"copyCode"_s)->hasFocus());
    QVERIFY(text(u"deviceTime"_s).startsWith(u"The code is good for 9:5"_s) || text(u"deviceTime"_s).contains(u"10:00"_s));
    QVERIFY(click(u"copyCode"_s));
    QCOMPARE(QGuiApplication::clipboard()->text(), text(u"userCode"_s));
    QVERIFY(click(u"copyLink"_s));
    QVERIFY(QGuiApplication::clipboard()->text().contains(u"user_code="_s + text(u"userCode"_s)));
    const QString before = text(u"deviceTime"_s);
    QVERIFY(Support::waitUntil([&] { return text(u"deviceTime"_s) != before; }));
    QVERIFY(!window()->isWatching());
    for (const QLabel *label : window()->findChildren<QLabel *>()) {
        for (const QByteArray &secret : m_issuer->issuedSecrets())
            QVERIFY(!label->text().contains(QString::fromLatin1(secret)));
    }
    QVERIFY(m_issuer->decideDevice(true));
    QVERIFY(Support::waitUntil([this] { return window()->isWatching(); }));
    QVERIFY(!isShown(u"userCode"_s));
    // This provider binds tokens to a key where it is asked to, and the gateway gets the proof.
    QVERIFY(Support::waitUntil([this] { return !m_gateway->requests().isEmpty(); }));
    QVERIFY(m_gateway->requests().first().headers.value("authorization").startsWith("DPoP "));
    QVERIFY(!m_gateway->requests().first().headers.value("dpop").isEmpty());
}

void TestMonitorSignIn::codeIsRefused()
{
    launch(Watchword::SignInRoute::Device);
    toTheCode();
    QVERIFY(m_issuer->decideDevice(false));
    QVERIFY(Support::waitUntil([this] { return !page()->problem().isEmpty(); }));
    QVERIFY2(page()->problem().startsWith(u"Signing in did not work. The sign-in was refused."_s), qPrintable(page()->problem()));
    QVERIFY(!window()->isWatching() && !isShown(u"userCode"_s));
    save(u"refused"_s);
}

void TestMonitorSignIn::codeExpires()
{
    launch(Watchword::SignInRoute::Device, std::chrono::seconds(2));
    toTheCode();
    QVERIFY(Support::waitUntil([this] { return !page()->problem().isEmpty(); }));
    QVERIFY2(page()->problem().contains(u"The sign-in code has expired."_s), qPrintable(page()->problem()));
}

void TestMonitorSignIn::backEndsIt()
{
    launch(Watchword::SignInRoute::Device);
    toTheCode();
    QVERIFY(click(u"cancelSignIn"_s));
    QVERIFY(shows(u"signIn"_s));
    QCOMPARE(page()->problem(), QString());
    // An answer that comes now is too late.
    m_issuer->decideDevice(true);
    const int asked = m_issuer->requestCount(FakeIssuer::Endpoint::Token);
    QCoreApplication::processEvents();
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Token), asked);
    QVERIFY(!window()->isWatching());
    QCOMPARE(page()->settings().issuer, m_issuer->url()); // what was typed is still there
}

void TestMonitorSignIn::browserAndThenAnotherDevice()
{
    launch(Watchword::SignInRoute::Browser);
    QVERIFY(shows(u"withoutStoring"_s));
    QVERIFY(click(u"withoutStoring"_s));
    QVERIFY(shows(u"otherDevice"_s));
    save(u"browser"_s);
    QVERIFY(click(u"copyLink"_s));
    QVERIFY(QGuiApplication::clipboard()->text().startsWith(m_issuer->url().toString()));
    QVERIFY(!isShown(u"userCode"_s));
    QVERIFY(click(u"otherDevice"_s));
    QVERIFY(shows(u"userCode"_s));
    QVERIFY(!isShown(u"otherDevice"_s));
    QVERIFY(m_issuer->decideDevice(true));
    QVERIFY(Support::waitUntil([this] { return window()->isWatching(); }));
}

void TestMonitorSignIn::providerWithoutCodes()
{
    launch(Watchword::SignInRoute::Device);
    QVERIFY(shows(u"withoutStoring"_s));
    m_issuer->failNext(FakeIssuer::Endpoint::Device, FakeIssuer::Fault::PortalPage, 10);
    QVERIFY(click(u"withoutStoring"_s));
    QVERIFY(Support::waitUntil([this] { return !page()->problem().isEmpty(); }, std::chrono::seconds(30)));
    QVERIFY2(page()->problem().startsWith(u"Signing in did not work."_s), qPrintable(page()->problem()));
    QVERIFY(!isShown(u"userCode"_s));
}

void TestMonitorSignIn::providerIsNotThere()
{
    launch(Watchword::SignInRoute::Device);
    QVERIFY(shows(u"withoutStoring"_s));
    m_issuer->stop();
    QVERIFY(click(u"withoutStoring"_s));
    QVERIFY(Support::waitUntil([this] { return !page()->problem().isEmpty(); }, std::chrono::seconds(30)));
    QVERIFY2(page()->problem().contains(u"does not accept connections"_s), qPrintable(page()->problem()));
}

void TestMonitorSignIn::otherPersonIsAsked()
{
    // The step alone: an account that belongs to somebody needs a keychain, which is not here.
    launch(Watchword::SignInRoute::Device);
    QVERIFY(shows(u"withoutStoring"_s));
    page()->showStep({.kind = SignInStep::Kind::OtherUser, .owner = u"n.adeyemi"_s, .other = u"j.marek"_s});
    QCOMPARE(text(u"signInTitle"_s), u"j.marek signed in"_s);
    QVERIFY(text(u"signInWords"_s).contains(u"n.adeyemi"_s));
    QVERIFY(isShown(u"acceptOther"_s) && isShown(u"cancelSignIn"_s) && !isShown(u"withoutStoring"_s));
    save(u"other-user"_s);
    SignInSheet sheet(window());
    QList<SignInPanel::Choice> choices;
    connect(&sheet, &SignInSheet::chosen, this, [&](SignInPanel::Choice choice) { choices.append(choice); });
    sheet.setAttribute(Qt::WA_DeleteOnClose, false);
    sheet.setStep({.kind = SignInStep::Kind::Keychain, .words = u"The keychain is locked."_s});
    sheet.open();
    QVERIFY(!sheet.findChild<Button *>(u"withoutStoring"_s)->isVisible()); // rows are watched: nothing begins anew
    QTest::keyClick(&sheet, Qt::Key_Escape);
    QCOMPARE(choices, QList<SignInPanel::Choice>({SignInPanel::Choice::Cancel}));
}

void TestMonitorSignIn::everyLook_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<Theme::Choice>("theme");
    QTest::addColumn<bool>("german");
    for (const QSize size : {QSize(1440, 900), QSize(1024, 700), QSize(960, 600)}) {
        for (const Theme::Choice theme : {Theme::Choice::Light, Theme::Choice::Dark, Theme::Choice::HighContrast}) {
            for (const bool german : {false, true})
                QTest::addRow("%dx%d-%s-%s", size.width(), size.height(),
                              theme == Theme::Choice::Light      ? "light"
                                  : theme == Theme::Choice::Dark ? "dark"
                                                                 : "contrast",
                              german ? "de" : "en")
                    << size << theme << german;
        }
    }
}

void TestMonitorSignIn::everyLook()
{
    QFETCH(QSize, size);
    QFETCH(Theme::Choice, theme);
    QFETCH(bool, german);
    QTranslator texts;
    if (german) {
        QVERIFY(texts.load(QStringLiteral(WATCHWORD_BINARY_DIR "/monitor_app/program/i18n/watchword_monitor_de.qm")));
        QVERIFY(QCoreApplication::installTranslator(&texts));
    }
    launch(Watchword::SignInRoute::Device);
    toTheCode();
    Theme::instance().setChoice(theme);
    window()->resize(size);
    QCoreApplication::processEvents();
    save(u"device-"_s + QString::fromLatin1(QTest::currentDataTag()));
    const QRect whole = page()->rect();
    for (const QLabel *label : page()->findChildren<QLabel *>()) {
        if (!label->isVisible() || label->text().isEmpty())
            continue;
        QVERIFY2(whole.contains(QRect(label->mapTo(page(), QPoint()), label->size())), qPrintable(label->text()));
        QVERIFY2(label->height() >= label->heightForWidth(label->width()) - 1, qPrintable(label->text()));
        QVERIFY2(label->wordWrap() || label->width() >= label->sizeHint().width(), qPrintable(label->text()));
    }
    for (const Button *button : page()->findChildren<Button *>()) {
        if (button->isVisible()) {
            QVERIFY2(button->width() >= button->sizeHint().width(), qPrintable(button->text()));
            QVERIFY2(whole.contains(QRect(button->mapTo(page(), QPoint()), button->size())), qPrintable(button->text()));
        }
    }
    if (german)
        QVERIFY(text(u"signInTitle"_s) != u"Sign in with another device"_s);
    QCoreApplication::removeTranslator(&texts);
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorSignIn)
#include "tst_monitorsignin.moc"
