// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "watchword/core/version.h"
#include "watchword/testing/manualclock.h"

#include <QJsonArray>
#include <QRegularExpression>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Endpoint = FakeIssuer::Endpoint;
using Change = std::function<void(QJsonObject &)>;

Q_DECLARE_METATYPE(Change)

/* Answers of providers as they are found, and not as the standards have them. */
class TestAnswers : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void refusedWithoutAWord_data();
    void refusedWithoutAWord();
    void pageIsNoRefusal_data();
    void pageIsNoRefusal();
    void rotatedTokenIsKept_data();
    void rotatedTokenIsKept();
    void unusedTokenOfASignInIsRevoked();
    void livesBelowASecond_data();
    void livesBelowASecond();
    void nonceThatAnotherRequestBrought();
    void emptyDocumentFirst();
    void unusableEndpoints();
    void deviceAndPushedAnswers_data();
    void deviceAndPushedAnswers();
    void movedTokenEndpoint();
    void refusalWithoutRotation();
    void revocationByAPage();
    void nameOfTheProgram();
};

void TestAnswers::refusedWithoutAWord_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("type");
    QTest::addColumn<QByteArray>("body");
    QTest::newRow("400 with nothing") << 400 << QByteArray() << QByteArray();
    QTest::newRow("400 with nothing, as HTML") << 400 << QByteArray("text/html; charset=utf-8") << QByteArray();
    QTest::newRow("400 with a text") << 400 << QByteArray("text/plain") << QByteArray("the token is revoked");
    QTest::newRow("401 with other JSON") << 401 << QByteArray("application/json") << QByteArray(R"({"message":"Unauthorized"})");
    QTest::newRow("200 with an error") << 200 << QByteArray("application/json") << QByteArray(R"({"error":"invalid_grant"})");
    QTest::newRow("400 with an error, as text")
        << 400 << QByteArray("TEXT/Plain;x=y") << QByteArray(R"({"error":"invalid_grant"})");
}

void TestAnswers::refusedWithoutAWord()
{
    QFETCH(int, status);
    QFETCH(QByteArray, type);
    QFETCH(QByteArray, body);
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->answerNext(Endpoint::Token, status, type, body);
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 2); // nothing is repeated
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

void TestAnswers::pageIsNoRefusal_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::newRow("200") << 200 << QByteArray("<html>Welcome</html>");
    QTest::newRow("400") << 400 << QByteArray("\r\n<!DOCTYPE html><p>Bad request");
    QTest::newRow("401") << 401 << QByteArray("<html>Sign in to the network</html>");
    QTest::newRow("403") << 403 << QByteArray("<html>Blocked</html>");
    QTest::newRow("511") << 511 << QByteArray("<html>Network authentication required</html>");
}

void TestAnswers::pageIsNoRefusal()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        m_issuer->answerNext(Endpoint::Token, status, "text/html", body);
        QVERIFY(probe.refreshed());
        QCOMPARE(probe.session.state(), State::Active);
        QCOMPARE(probe.needed.size(), 0);
    }
    SessionProbe again(options());
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QCOMPARE(m_issuer->refreshCount(), 1);
    QCOMPARE(m_issuer->reuseCount(), 0);
}

void TestAnswers::rotatedTokenIsKept_data()
{
    QTest::addColumn<Change>("change");
    QTest::addColumn<bool>("usable");
    QTest::addColumn<QString>("warning");
    QTest::newRow("no token_type") << Change([](QJsonObject &o) { o.remove(u"token_type"_s); }) << true << QString();
    QTest::newRow("null id_token") << Change([](QJsonObject &o) { o.insert(u"id_token"_s, QJsonValue()); }) << true << QString();
    QTest::newRow("lifetime") << Change([](QJsonObject &o) { o.insert(u"expires_in"_s, QJsonObject()); }) << true
                              << u"expires_in is not a number"_s;
    QTest::newRow("scope") << Change([](QJsonObject &o) { o.insert(u"scope"_s, 7); }) << true << u"scope is neither"_s;
    QTest::newRow("no access_token") << Change([](QJsonObject &o) { o.remove(u"access_token"_s); }) << false << QString();
    QTest::newRow("other type") << Change([](QJsonObject &o) { o.insert(u"token_type"_s, u"mac"_s); }) << false << QString();
    QTest::newRow("list") << Change([](QJsonObject &o) { o.insert(u"access_token"_s, QJsonArray{u"a"_s}); }) << false
                          << QString();
}

void TestAnswers::rotatedTokenIsKept()
{
    QFETCH(Change, change);
    QFETCH(bool, usable);
    QFETCH(QString, warning);
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        m_issuer->changeNext(Endpoint::Token, change);
        if (!warning.isEmpty())
            QTest::ignoreMessage(QtWarningMsg, QRegularExpression(warning));
        QVERIFY(probe.refreshed());
        QCOMPARE(probe.session.state(), State::Active);
        QCOMPARE(probe.changed.size(), usable ? 2 : 1);
        QCOMPARE(m_issuer->refreshCount(), 1);
    }
    SessionProbe again(options());
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QCOMPARE(m_issuer->refreshCount(), 2);
    QCOMPARE(m_issuer->reuseCount(), 0);
}

// What came with an answer that no sign-in can use is not left at the provider.
void TestAnswers::unusedTokenOfASignInIsRevoked()
{
    SessionProbe probe(options());
    m_issuer->changeNext(Endpoint::Token, [](QJsonObject &o) { o.remove(u"access_token"_s); });
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::InvalidResponse);
    QVERIFY(probe.lastFailure().detail().contains(u"no access_token"_s));
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
}

void TestAnswers::livesBelowASecond_data()
{
    QTest::addColumn<QJsonValue>("life");
    QTest::newRow("0.4") << QJsonValue(0.4);
    QTest::newRow("0") << QJsonValue(0);
    QTest::newRow("-1") << QJsonValue(-1);
    QTest::newRow("text") << QJsonValue(u"0"_s);
}

void TestAnswers::livesBelowASecond()
{
    QFETCH(QJsonValue, life);
    ManualClock clock;
    m_issuer->setCalendar(clock.wallNow() - Clock::system().wallNow());
    for (int i = 0; i < 50; ++i)
        m_issuer->changeNext(Endpoint::Token, [life](QJsonObject &o) { o.insert(u"expires_in"_s, life); });
    SessionOptions o = options();
    o.clock = &clock;
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.signedIn.size() == 1; }));
    QVERIFY(probe.token()); // who waited for it has it
    // A minute, with somebody who asks ten times a second.
    int served = 0;
    for (int i = 0; i < 600; ++i) {
        clock.advance(100ms);
        const auto token = probe.token();
        if (token)
            ++served;
        else
            QVERIFY(token.error().retryAfter().has_value());
    }
    QVERIFY(served > 0);
    const int requests = m_issuer->requestCount(Endpoint::Token);
    QVERIFY2(requests >= 3 && requests <= 5, qPrintable(QString::number(requests)));
    QCOMPARE(m_issuer->reuseCount(), 0);
}

// A sign-in and a refresh of one account are refused for the same nonce at the same moment. The first answer brings it.
void TestAnswers::nonceThatAnotherRequestBrought()
{
    FakeIssuer::Options issuerOptions;
    issuerOptions.demandNonces = true;
    m_issuer = std::make_unique<FakeIssuer>(issuerOptions);
    QVERIFY(m_issuer->listen());
    SessionOptions o = options();
    o.tokenBinding = TokenBinding::Required;
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    for (int round = 1; round <= 3; ++round) {
        m_issuer->changeNonce();
        m_issuer->gatherNext(Endpoint::Token, 2);
        const int refreshes = m_issuer->refreshCount();
        probe.session.refresh();
        probe.session.signIn();
        QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() > refreshes; }));
        QVERIFY(probe.reaches(State::Active));
        QCOMPARE(probe.failed.size(), 0);
    }
    QCOMPARE(m_issuer->reuseCount(), 0);
}

void TestAnswers::emptyDocumentFirst()
{
    m_issuer->answerNext(Endpoint::Discovery, 200, "application/json", "{}");
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QCOMPARE(m_issuer->requestCount(Endpoint::Discovery), 2);
}

void TestAnswers::unusableEndpoints()
{
    m_issuer->changeNext(Endpoint::Discovery, [](QJsonObject &o) {
        o.insert(u"revocation_endpoint"_s, u""_s);
        o.insert(u"end_session_endpoint"_s, u"http://login.test/logout"_s);
        o.insert(u"device_authorization_endpoint"_s, 7);
    });
    QTest::ignoreMessage(QtWarningMsg,
                         QRegularExpression(u"cannot be used: end_session_endpoint, device_authorization_endpoint$"_s));
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return probe.signedOut.size() == 1; }));
    QCOMPARE(m_issuer->requestCount(Endpoint::Revocation), 0);
}

void TestAnswers::deviceAndPushedAnswers_data()
{
    QTest::addColumn<SignInRoute>("route");
    QTest::addColumn<Change>("change");
    const auto insert = [](const QString &name, const QJsonValue &value) {
        return Change([=](QJsonObject &o) { o.insert(name, value); });
    };
    QTest::newRow("empty complete URI") << SignInRoute::Device << insert(u"verification_uri_complete"_s, u""_s);
    QTest::newRow("http complete URI") << SignInRoute::Device << insert(u"verification_uri_complete"_s, u"http://a.test/"_s);
    QTest::newRow("device life as text") << SignInRoute::Device << insert(u"expires_in"_s, u"600"_s);
    QTest::newRow("negative interval") << SignInRoute::Device << insert(u"interval"_s, -5);
    QTest::newRow("pushed life as text") << SignInRoute::Browser << insert(u"expires_in"_s, u"60"_s);
}

void TestAnswers::deviceAndPushedAnswers()
{
    QFETCH(SignInRoute, route);
    QFETCH(Change, change);
    SessionOptions o = options();
    o.route = route;
    o.scopes = {u"api"_s};
    o.pushedAuthorization = PushedAuthorization::Always;
    m_issuer->changeNext(route == SignInRoute::Device ? Endpoint::Device : Endpoint::PushedRequest, change);
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    if (route == SignInRoute::Device) {
        QVERIFY(Support::waitUntil([&] { return !probe.session.deviceSignIn().userCode.isEmpty(); }));
        QVERIFY(m_issuer->decideDevice(true));
    }
    QVERIFY(probe.reaches(State::Active));
}

// A provider that was moved while the program ran: its document is asked for again.
void TestAnswers::movedTokenEndpoint()
{
    m_issuer->changeNext(Endpoint::Discovery, [this](QJsonObject &o) {
        o.insert(u"token_endpoint"_s, m_issuer->url().toString() + u"/where-it-was"_s);
    });
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::HttpStatus);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(m_issuer->requestCount(Endpoint::Discovery), 2);
}

// Every refresh sends the same token, and each was answered: nobody says that an answer was lost.
void TestAnswers::refusalWithoutRotation()
{
    FakeIssuer::Options issuerOptions;
    issuerOptions.rotateRefreshTokens = false;
    m_issuer = std::make_unique<FakeIssuer>(issuerOptions);
    QVERIFY(m_issuer->listen());
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(probe.refreshed());
    QVERIFY(probe.refreshed());
    m_issuer->revokeAll();
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RevokedOrExpired);
}

// A page with 200 has revoked nothing: the token is sent again, and again until the provider has it.
void TestAnswers::revocationByAPage()
{
    ManualClock clock;
    m_issuer->setCalendar(clock.wallNow() - Clock::system().wallNow());
    SessionOptions o = options();
    o.clock = &clock;
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Revocation, FakeIssuer::Fault::PortalPage);
    m_issuer->answerNext(Endpoint::Revocation, 403, "text/html", "<html>Blocked</html>");
    probe.session.signOut();
    for (int tries = 1; tries <= 2; ++tries) {
        QVERIFY(Support::waitUntil([&] { return probe.events.count(u"signout.revocation_waits"_s) == tries; }));
        QCOMPARE(m_issuer->activeFamilies(), 1);
        clock.advance(1min);
    }
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
    QCOMPARE(m_issuer->requestCount(Endpoint::Revocation), 3);
}

void TestAnswers::nameOfTheProgram()
{
    SessionOptions o = options();
    o.applicationId = u"com.example (Ä)\n"_s;
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    QCOMPARE(m_issuer->userAgent(), "Watchword/" + versionText().toLatin1() + " (com.example_____)");
}

WATCHWORD_TEST_MAIN(TestAnswers)
#include "tst_answers.moc"
