// SPDX-License-Identifier: Apache-2.0
#include "oidcfixture.h"
#include "watchword/jose/jwt.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QRegularExpression>
#include <QScopeGuard>
#include <QTcpServer>

#include <array>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/* Each way to sign in, end to end against a real provider, without a person. */
class TestOidcFlows : public OidcFixture
{
    Q_OBJECT

private Q_SLOTS:
    void device();
    void deviceByItselfOverSsh();
    void deviceDenied();
    void deviceExpires();
    void deviceSurvivesAnOutage();
    void pushedRequest();
    void pushedRequestIsRenewed();
    void privateUseScheme();
    void loopbackOnAKnownPort();
    void resourceIndicator();
    void boundTokens();
    void boundTokensWithNonces();
    void boundTokensOfADevice();
    void stepUp_data();
    void stepUp();
    void stepUpThatTheProviderDoesNotFulfil();
    void otherUser();
    void signOutEverywhere();
    void revocationAfterAnOutage();

private:
    SessionOptions deviceOptions();
    bool decide(SessionProbe &probe, const QString &decision);
    QList<quint16> portsThatWereFree();
    QByteArray userInfo(SessionProbe &probe, int &status);
    QUrl lastRedirect(QUrl url, const QString &scheme);
};

SessionOptions TestOidcFlows::deviceOptions()
{
    SessionOptions o = options();
    o.route = SignInRoute::Device;
    o.openBrowser = [](const QUrl &) {
        qFatal("the device flow opened a browser");
        return false;
    };
    return o;
}

//! Waits for the code, and does with it what a person would do with another device.
bool TestOidcFlows::decide(SessionProbe &probe, const QString &decision)
{
    if (!Support::waitUntil([&] { return probe.session.deviceSignIn().isValid() || !probe.failed.isEmpty(); }))
        return false;
    return ask(u"/ctl/device?user_code=%1&%2"_s.arg(probe.session.deviceSignIn().userCode, decision)) == "ok\n";
}

void TestOidcFlows::device()
{
    SessionProbe probe(deviceOptions());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(decide(probe, u"user=erin"_s));
    const DeviceSignIn shown = probe.session.deviceSignIn();
    QCOMPARE(probe.session.state(), State::SigningIn);
    QVERIFY(shown.verificationUri.toString().startsWith(m_issuer.toString()));
    QVERIFY(shown.verificationUriComplete.query().contains(shown.userCode.left(4)));
    QVERIFY(shown.qrCode().size() > 20);
    QVERIFY(shown.expiresAt > QDateTime::currentDateTimeUtc().addSecs(60));
    QCOMPARE(probe.session.signInUrl(), shown.link());
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.session.subject(), u"erin"_s);
    QVERIFY(!probe.session.deviceSignIn().isValid());
    QVERIFY(probe.session.signInUrl().isEmpty());
    QCOMPARE(probe.browser.size(), 0);
    QVERIFY(probe.refreshed());
    QCOMPARE(granted(u"urn:ietf:params:oauth:grant-type:device_code"_s), 1);
    QVERIFY(refreshes() >= 1);
}

void TestOidcFlows::deviceByItselfOverSsh()
{
    SessionOptions o = options();
    o.openBrowser = {};
    qputenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
    const auto restore = qScopeGuard([] { qunsetenv("SSH_CONNECTION"); });
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(decide(probe, u"user=erin"_s));
    QVERIFY(probe.reaches(State::Active));
}

void TestOidcFlows::deviceDenied()
{
    SessionProbe probe(deviceOptions());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(decide(probe, u"deny=1"_s));
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }, 20s));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::AccessDenied);
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(!probe.session.deviceSignIn().isValid());
    QCOMPARE(probe.signedIn.size(), 0);
}

void TestOidcFlows::deviceExpires()
{
    QVERIFY(startProvider(u"DEVICE_TTL"_s, u"3"_s));
    SessionProbe probe(deviceOptions());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }, 20s));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::DeviceCodeExpired);
    QVERIFY(!probe.session.deviceSignIn().isValid());
}

void TestOidcFlows::deviceSurvivesAnOutage()
{
    SessionProbe probe(deviceOptions());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(decide(probe, u"user=erin"_s));
    ask(u"/ctl/outage?ms=7000"_s); // longer than the first pause: at least one question is lost
    QVERIFY(probe.reaches(State::Active, 40s));
    QVERIFY(probe.events.contains(u"signin.device_answer"_s));
    QCOMPARE(probe.failed.size(), 0);
}

void TestOidcFlows::pushedRequest()
{
    SessionOptions o = options();
    o.clientId = u"native-par"_s; // of which the provider takes no other requests
    o.pushedAuthorization = PushedAuthorization::Always;
    QUrl shown;
    o.openBrowser = [&](const QUrl &url) {
        shown = url;
        return m_browser.open(url);
    };
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    QCOMPARE(probe.session.subject(), u"bob"_s);
    QStringList names;
    for (const auto &[name, value] : QUrlQuery(shown).queryItems())
        names += name;
    QCOMPARE(names, QStringList({u"client_id"_s, u"request_uri"_s})); // nothing else goes through the browser
}

void TestOidcFlows::pushedRequestIsRenewed()
{
    SessionOptions o = options();
    o.pushedAuthorization = PushedAuthorization::WhenOffered;
    QList<QUrl> shown;
    o.openBrowser = [&](const QUrl &url) {
        shown += url;
        return true;
    };
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return shown.size() == 1; }));
    probe.session.signIn(); // the first link may have been used up
    QVERIFY(Support::waitUntil([&] { return shown.size() == 2; }));
    QVERIFY(shown.at(0) != shown.at(1));
    QCOMPARE(probe.session.signInUrl(), shown.at(1));
    m_browser.open(shown.at(1));
    QVERIFY(probe.reaches(State::Active));
}

//! Follows the provider's redirects until one leads to \a scheme.
QUrl TestOidcFlows::lastRedirect(QUrl url, const QString &scheme)
{
    for (int i = 0; i < 10 && url.scheme() != scheme; ++i) {
        QNetworkRequest request(url);
        request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        QNetworkReply *reply = m_browser.network().get(request);
        Support::waitUntil([&] { return reply->isFinished(); });
        url = url.resolved(QUrl::fromEncoded(reply->rawHeader("Location")));
        reply->deleteLater();
    }
    return url;
}

void TestOidcFlows::privateUseScheme()
{
    SessionOptions o = options();
    o.route = SignInRoute::PrivateUseScheme;
    o.privateUseRedirect = QUrl(u"dev.watchword.test:/callback"_s);
    o.openBrowser = [](const QUrl &) { return true; };
    SessionProbe probe(o);
    QVERIFY(!probe.session.handleRedirect(QUrl(u"dev.watchword.test:/callback?code=c&state=s"_s)));
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return !probe.session.signInUrl().isEmpty(); }));
    const QUrl answer = lastRedirect(probe.session.signInUrl(), u"dev.watchword.test"_s);
    QCOMPARE(answer.scheme(), u"dev.watchword.test"_s);
    for (const QString &stray :
         {u"dev.watchword.test:/callback?error=access_denied&state=guess"_s, u"dev.watchword.test:/other?"_s + answer.query(),
          u"dev.evil.test:/callback?"_s + answer.query()}) {
        QVERIFY2(!probe.session.handleRedirect(QUrl(stray)), qPrintable(stray));
        QCOMPARE(probe.session.state(), State::SigningIn);
    }
    QVERIFY(probe.session.handleRedirect(answer));
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(!probe.session.handleRedirect(answer)); // its time is over
    QCOMPARE(probe.session.subject(), u"bob"_s);
}

//! Ports that were free a moment ago; several, because other programs look for one, too.
QList<quint16> TestOidcFlows::portsThatWereFree()
{
    std::array<QTcpServer, 5> spare;
    QList<quint16> ports;
    for (QTcpServer &server : spare) {
        if (server.listen(QHostAddress::LocalHost))
            ports += server.serverPort();
    }
    return ports;
}

void TestOidcFlows::loopbackOnAKnownPort()
{
    QTcpServer taken; // one of the registered ports is used by somebody else
    QVERIFY(taken.listen(QHostAddress::LocalHost));
    const QList<quint16> free = portsThatWereFree();
    SessionOptions o = options();
    o.redirectPorts = QList<quint16>{taken.serverPort()} + free;
    QUrl shown;
    o.openBrowser = [&](const QUrl &url) {
        shown = url;
        return m_browser.open(url);
    };
    const auto redirect = [&] { return QUrl(QUrlQuery(shown).queryItemValue(u"redirect_uri"_s, QUrl::FullyDecoded)); };
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    QCOMPARE(redirect().host(), u"127.0.0.1"_s);
    QCOMPARE(redirect().path(), u"/callback"_s);
    QVERIFY2(free.contains(quint16(redirect().port())), qPrintable(redirect().toString()));

    QTcpServer taken6;
    QVERIFY(taken6.listen(QHostAddress::LocalHostIPv6, taken.serverPort()));
    o.redirectPorts = {taken.serverPort()};
    SessionProbe none(o);
    none.session.signIn();
    QVERIFY(Support::waitUntil([&] { return none.failed.size() == 1; }));
    QCOMPARE(none.lastFailure().code(), ErrorCode::AddressInUse);
    QVERIFY(none.lastFailure().detail().contains(QString::number(taken.serverPort())));

    std::array<QTcpServer, 5> here; // the other loopback address is there for such a case
    o.redirectPorts.clear();
    for (QTcpServer &server : here) {
        QVERIFY(server.listen(QHostAddress::LocalHost));
        o.redirectPorts += server.serverPort();
    }
    SessionProbe six(o);
    QVERIFY(signedIn(six));
    QCOMPARE(redirect().host(), u"::1"_s);
    QVERIFY(o.redirectPorts.contains(quint16(redirect().port())));
}

void TestOidcFlows::resourceIndicator()
{
    QVERIFY(startProvider(u"DEFAULT_RESOURCE"_s, u"0"_s));
    SessionOptions o = options();
    o.resource = QUrl(u"https://api.test/"_s);
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    const auto audience = [&] { return Jwt::parse(probe.token()->value.reveal())->audiences(); };
    QCOMPARE(audience(), QStringList{u"https://api.test/"_s});
    QVERIFY(probe.refreshed());
    QCOMPARE(audience(), QStringList{u"https://api.test/"_s});

    o.resource = QUrl(u"https://unknown.test/"_s);
    o.account = u"other"_s;
    SessionProbe refused(o);
    refused.session.start();
    refused.session.signIn();
    QVERIFY(Support::waitUntil([&] { return refused.failed.size() == 1; }));
    QCOMPARE(refused.lastFailure().code(), ErrorCode::InvalidScope);
}

//! Asks the provider's own resource with what requestHeaders() says, as an application would.
QByteArray TestOidcFlows::userInfo(SessionProbe &probe, int &status)
{
    const QUrl url(m_issuer.toString() + u"/me"_s);
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto future = probe.session.requestHeaders("GET", url);
        if (!Support::waitFor(future, 20s) || !future.result())
            return {};
        QNetworkRequest request(url);
        request.setRawHeader("Authorization", future.result()->authorization.reveal().toByteArray());
        if (!future.result()->proof.isEmpty())
            request.setRawHeader("DPoP", future.result()->proof);
        QNetworkReply *reply = m_browser.network().get(request);
        Support::waitUntil([&] { return reply->isFinished(); });
        reply->deleteLater();
        status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        const auto token = probe.session.currentToken();
        const bool isNew = token && token->proof && token->proof->rememberNonce(url, reply->rawHeader("DPoP-Nonce"));
        if (status != 401 || !isNew)
            return reply->readAll();
    }
    return {};
}

void TestOidcFlows::boundTokens()
{
    QVERIFY(startProvider(u"DEFAULT_RESOURCE"_s, u"0"_s));
    SessionOptions o = options();
    o.clientId = u"native-dpop"_s; // which gets bound tokens only
    o.scopes = {u"openid"_s, u"offline_access"_s};
    o.tokenBinding = TokenBinding::Required;
    int status = 0;
    {
        SessionProbe probe(o);
        QVERIFY(signedIn(probe));
        QCOMPARE(probe.token()->type.toLower(), u"dpop"_s);
        QVERIFY(userInfo(probe, status).contains("bob"));
        QCOMPARE(status, 200);
        // The token alone is worthless.
        AccessToken stolen = *probe.token();
        stolen.proof.reset();
        QCOMPARE(stolen.headersFor("GET", m_issuer).error().code(), ErrorCode::WrongState);
    }
    SessionProbe again(o); // the key came back from the store, and the provider knows it
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QCOMPARE(again.session.state(), State::Active);
    QVERIFY(refreshes() >= 1);
    QVERIFY(userInfo(again, status).contains("bob"));
    QCOMPARE(stats().value("errors"_L1).toObject(), QJsonObject());
}

void TestOidcFlows::boundTokensWithNonces()
{
    QVERIFY(startProvider(u"DPOP_NONCE"_s, u"1"_s));
    SessionOptions o = options();
    o.tokenBinding = TokenBinding::WhenOffered;
    {
        SessionProbe probe(o);
        QVERIFY(signedIn(probe));
        QVERIFY(probe.refreshed());
        QCOMPARE(probe.token()->type.toLower(), u"dpop"_s);
        QCOMPARE(stats().value("errors"_L1).toObject().value("use_dpop_nonce"_L1).toInt(), 1); // the first request only
    }
    SessionProbe again(o);
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QCOMPARE(again.session.state(), State::Active);
    QCOMPARE(again.needed.size(), 0);
    QCOMPARE(stats().value("errors"_L1).toObject().value("use_dpop_nonce"_L1).toInt(), 2);
}

void TestOidcFlows::boundTokensOfADevice()
{
    QVERIFY(startProvider(u"DPOP_NONCE"_s, u"1"_s));
    SessionOptions o = deviceOptions();
    o.tokenBinding = TokenBinding::Required;
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(decide(probe, u"user=erin"_s));
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.token()->type.toLower(), u"dpop"_s);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
}

void TestOidcFlows::stepUp_data()
{
    QTest::addColumn<bool>("byStrength");
    QTest::newRow("acr_values") << true;
    QTest::newRow("max_age") << false;
}

void TestOidcFlows::stepUp()
{
    QFETCH(bool, byStrength);
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    TokenRequest strong;
    if (byStrength)
        strong.acrValues = {u"urn:strong"_s};
    else
        strong.maxAge = 600s;
    QCOMPARE(probe.token(strong).error().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(probe.session.state(), State::StepUp);
    QVERIFY(probe.token()); // everything else goes on
    m_browser.forget(); // another day: the provider asks the person again
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.token(strong));
    QCOMPARE(probe.failed.size(), 0);
}

void TestOidcFlows::stepUpThatTheProviderDoesNotFulfil()
{
    QVERIFY(startProvider(u"WEAK"_s, u"1"_s));
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    TokenRequest strong;
    strong.acrValues = {u"urn:strong"_s};
    QCOMPARE(probe.token(strong).error().code(), ErrorCode::InsufficientAuthentication);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(probe.session.state(), State::StepUp); // still asked for
    QVERIFY(probe.token()); // and nothing is lost
}

void TestOidcFlows::otherUser()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"60"_s)); // no refresh by plan, whose token would be revoked, too
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    SessionOptions o = options();
    o.loginHint = u"carol"_s;
    m_browser.forget();
    SessionProbe probe(o);
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::WrongUser);
    QVERIFY(probe.lastFailure().detail().contains("carol"_L1) && probe.lastFailure().detail().contains("bob"_L1));
    QCOMPARE(probe.session.subject(), u"bob"_s);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
    probe.session.acceptOtherUser();
    QVERIFY(Support::waitUntil([&] { return probe.session.subject() == u"carol"_s; }));
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(Support::waitUntil([&] { return stats().value("revocation"_L1).toInt() == 1; })); // Bob's tokens
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
}

void TestOidcFlows::signOutEverywhere()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"60"_s)); // no refresh by plan, whose token would be revoked, too
    SessionOptions o = options();
    QUrl shown;
    o.openBrowser = [&](const QUrl &url) {
        shown = url;
        return !url.path().contains("session"_L1) && m_browser.open(url);
    };
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    probe.session.signOut(Session::SignOutScope::Everywhere);
    QVERIFY(Support::waitUntil([&] { return shown.path().contains("session"_L1); }));
    QVERIFY(!shown.query().contains("id_token"_L1));
    // The provider's page, and the person who says yes.
    const QString page = QString::fromUtf8(m_browser.visit(shown));
    const auto field = QRegularExpression(u"name=\"xsrf\" value=\"([^\"]+)\""_s).match(page);
    QVERIFY2(field.hasMatch(), qPrintable(page.left(500)));
    m_browser.visit(QUrl(m_issuer.toString() + u"/session/end/confirm"_s), "logout=yes&xsrf=" + field.captured(1).toLatin1());
    QCOMPARE(stats().value("ended"_L1).toInt(), 1);
    QVERIFY(Support::waitUntil([&] { return stats().value("revocation"_L1).toInt() == 1; }));
}

void TestOidcFlows::revocationAfterAnOutage()
{
    QVERIFY(startProvider(u"AT_TTL"_s, u"60"_s)); // no refresh by plan, whose token would be revoked, too
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        ask(u"/ctl/outage?ms=2500"_s);
        probe.session.signOut();
        QCOMPARE(probe.session.state(), State::SignedOut);
        QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revocation_waits"_s); }));
    }
    SessionProbe probe(options()); // the next program does what the last one could not
    probe.session.start();
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revoked"_s); }, 40s));
    QCOMPARE(stats().value("revocation"_L1).toInt(), 1);
    QCOMPARE(probe.session.state(), State::SignedOut);
}

WATCHWORD_TEST_MAIN(TestOidcFlows)
#include "tst_oidcflows.moc"
