// SPDX-License-Identifier: Apache-2.0
#include "oidcfixture.h"

#include <QStandardPaths>
#include <QTcpServer>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/* The life of a session at providers that nobody here made fit: as their package has them, and with other settings. */
class TestOtherProviders : public OidcFixture
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void glewlwyd();
    void opaqueTokensWithoutRotation();
    void inAgainRightAfterSigningOut();

private:
    //! Sign-in, refresh, restart, the end of the session at the provider, and a sign-in after it.
    void wholeLife(const SessionOptions &all, const std::function<void()> &revoke, bool rotates);
    static quint16 freePort()
    {
        QTcpServer taken;
        return taken.listen(QHostAddress::LocalHost) ? taken.serverPort() : 0;
    }
};

void TestOtherProviders::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_keys = std::make_shared<MemoryKeyStore>();
}

void TestOtherProviders::wholeLife(const SessionOptions &all, const std::function<void()> &revoke, bool rotates)
{
    QString refreshToken;
    const auto tokenOf = [](const SessionProbe &probe) { // its fingerprint, as a support bundle tells it
        const QString text = probe.session.explain();
        return text.sliced(text.lastIndexOf(u"refresh token "_s)).section(u' ', 2, 2).left(8);
    };
    {
        SessionProbe probe(all);
        QVERIFY(signedIn(probe));
        QVERIFY(!probe.session.subject().isEmpty());
        const auto before = probe.token();
        QVERIFY(before);
        QVERIFY(probe.refreshed());
        refreshToken = tokenOf(probe);
        const auto after = probe.token();
        QVERIFY(after);
        QVERIFY(!after->value.equals(before->value));
        QCOMPARE(probe.changed.size(), 2);
        QVERIFY(probe.refreshed());
        QCOMPARE(tokenOf(probe) != refreshToken, rotates);
    }
    SessionProbe probe(all);
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
    revoke();
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(probe.needed.size(), 1);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return probe.signedOut.size() == 1; }));
}

// It answers the refresh with a revoked token by 400 and nothing, and wants the port of the redirect URI registered.
void TestOtherProviders::glewlwyd()
{
    REQUIRE_COMPONENT(!QStandardPaths::findExecutable(u"glewlwyd"_s).isEmpty(), "the package glewlwyd");
    Support::ReadyProcess provider;
    const auto ready =
        provider.start(u"python3"_s, {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/glewlwyd.py")}, u"READY "_s, 60'000);
    QVERIFY2(ready, provider.log().constData());
    const QString control = ready->section(u' ', 1).trimmed();
    const quint16 port = freePort();
    QCOMPARE(m_browser.visit(QUrl(control + u"/register?port=%1"_s.arg(port))), QByteArray("done"));
    SessionOptions all = options();
    all.issuer = QUrl(ready->section(u' ', 0, 0));
    all.scopes = {u"openid"_s};
    all.loginHint.clear();
    all.redirectPorts = {port};
    all.openBrowser = [this, control](const QUrl &url) {
        return m_browser.open(
            QUrl(control + u"/browse?url="_s + QString::fromLatin1(QUrl::toPercentEncoding(url.toString(QUrl::FullyEncoded)))));
    };
    wholeLife(
        all, [&] { QCOMPARE(m_browser.visit(QUrl(control + u"/revoke"_s)), QByteArray("done")); }, false);
}

void TestOtherProviders::opaqueTokensWithoutRotation()
{
    QVERIFY(startProvider({{u"DEFAULT_RESOURCE"_s, u"0"_s}, {u"ROTATE"_s, u"0"_s}, {u"AT_TTL"_s, u"3600"_s}}));
    SessionOptions all = options();
    all.scopes = {u"openid"_s, u"offline_access"_s};
    {
        SessionProbe probe(all);
        QVERIFY(signedIn(probe));
        const auto token = probe.token();
        QVERIFY(token && !token->value.reveal().contains('.')); // opaque
        probe.session.signOut();
        // This provider keeps one grant a browser session: a revocation that comes late would end the next sign-in's code with
        // it.
        QVERIFY(Support::waitUntil([&] { return probe.session.explain().contains(u"signout.revoked"_s); }));
        QCOMPARE(probe.signedOut.size(), 1);
    }
    wholeLife(
        all, [this] { QCOMPARE(ask(u"/ctl/revoke"_s), QByteArray("ok\n")); }, false);
}

// This provider keeps one grant for a browser session, and ends all of it when a token of it is revoked.
void TestOtherProviders::inAgainRightAfterSigningOut()
{
    QVERIFY(startProvider({{u"DEFAULT_RESOURCE"_s, u"0"_s}, {u"AT_TTL"_s, u"3600"_s}}));
    SessionOptions all = options();
    all.scopes = {u"openid"_s, u"offline_access"_s};
    SessionProbe probe(all);
    QVERIFY(signedIn(probe));
    for (int round = 1; round <= 5; ++round) {
        probe.session.signOut();
        probe.session.signIn();
        QVERIFY2(probe.reaches(State::Active), qPrintable(probe.session.explain()));
        QVERIFY2(probe.session.explain().count(u"signout.revoked"_s) == round, qPrintable(probe.session.explain()));
        QVERIFY2(probe.refreshed(), qPrintable(probe.session.explain()));
        QCOMPARE(probe.session.state(), State::Active);
    }
    QCOMPARE(probe.failed.size(), 0);
}

WATCHWORD_TEST_MAIN(TestOtherProviders)
#include "tst_otherproviders.moc"
