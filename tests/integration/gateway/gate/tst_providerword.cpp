// SPDX-License-Identifier: Apache-2.0
#include "apigate.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! What providers say at the API of a running gateway: logout tokens and security event tokens. */
class TestProviderWord : public ApiGateTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        begin();
    }
    void cleanup() { finish(); }
    void logoutOfASession();
    void logoutOfAUser();
    void logoutTokens_data();
    void logoutTokens();
    void logoutTokenComesOnce();
    void securityEvents_data();
    void securityEvents();
    void changedClaimsAskForANewToken();
    void pushNeedsItsCredential();
};

void TestProviderWord::logoutOfASession()
{
    const QByteArray token = tokenOf(u"ada"_s, u"s-laptop"_s);
    const QByteArray phone = tokenOf(u"ada"_s, u"s-phone"_s);
    const auto laptop = client(token);
    const auto other = client(phone);
    QVERIFY(laptop && other);
    const Answer answer = logout(m_gate->token(logoutClaims(u"s-laptop"_s), u"logout+jwt"_s));
    QCOMPARE(answer.status, 200);
    QVERIFY(answer.headers.value("cache-control").contains("no-store"));
    QVERIFY(laptop->closed());
    QCOMPARE(laptop->code(), 4410);
    QCOMPARE(statusOf(token), 401);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-laptop"_s)), 401); // and what a refresh would get
    QVERIFY(!other->isClosed);
    QCOMPARE(statusOf(phone), 101);
    const QList<AuditEvent> events = m_gate->events(u"provider.event"_s);
    QCOMPARE(events.size(), 1);
    QCOMPARE(events.first().data.value("reason_code"_L1).toString(), u"backchannel_logout"_s);
    QCOMPARE(events.first().data.value("target"_L1).toObject().value("id"_L1).toString(), u"s-laptop"_s);
}

void TestProviderWord::logoutOfAUser()
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const QByteArray before = tokenOf(u"ada"_s, u"s-1"_s, {{"auth_time"_L1, now - 100}});
    const auto ada = client(before);
    const auto bob = client(tokenOf(u"bob"_s, u"s-2"_s));
    QVERIFY(ada && bob);
    QJsonObject claims = logoutClaims({});
    claims.remove("sid"_L1);
    claims.insert("iat"_L1, now - 5);
    QCOMPARE(logout(m_gate->token(claims, u"logout+jwt"_s)).status, 200);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4410);
    QCOMPARE(statusOf(before), 401);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-3"_s, {{"auth_time"_L1, now - 1}})), 101); // signed in again
    QVERIFY(!bob->isClosed);
}

void TestProviderWord::logoutTokens_data()
{
    QTest::addColumn<QString>("what");
    for (const char *what : {"wrong signature", "wrong audience", "unknown issuer", "access token", "nonce", "no events",
                             "neither sid nor sub", "old", "ended", "from tomorrow", "no token", "twice", "no form", "not json"})
        QTest::newRow(what) << QString::fromLatin1(what);
}

void TestProviderWord::logoutTokens()
{
    QFETCH(QString, what);
    const QByteArray token = tokenOf(u"ada"_s, u"s-1"_s);
    const auto ada = client(token);
    QVERIFY(ada);
    QJsonObject claims = logoutClaims(u"s-1"_s);
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    if (what == "wrong audience"_L1)
        claims.insert("aud"_L1, u"aud"_s);
    if (what == "unknown issuer"_L1)
        claims.insert("iss"_L1, u"https://other.test"_s);
    if (what == "nonce"_L1)
        claims.insert("nonce"_L1, u"n"_s);
    if (what == "no events"_L1)
        claims.remove("events"_L1);
    if (what == "neither sid nor sub"_L1) {
        claims.remove("sid"_L1);
        claims.remove("sub"_L1);
    }
    if (what == "old"_L1)
        claims.insert("iat"_L1, now - 3600);
    if (what == "ended"_L1)
        claims.insert("exp"_L1, now - 60);
    if (what == "from tomorrow"_L1)
        claims.insert("iat"_L1, now + 86'400);
    const QString type = what == "access token"_L1 ? u"at+jwt"_s : u"logout+jwt"_s;
    const QByteArray made =
        what == "wrong signature"_L1 ? signJwt(m_gate->stranger, type, claims).value() : m_gate->token(claims, type);
    Answer answer;
    if (what == "no form"_L1)
        answer = send("POST", u"/v1/backchannel-logout"_s, {}, made, "application/jwt");
    else if (what == "no token"_L1)
        answer = send("POST", u"/v1/backchannel-logout"_s, {}, "x=y", "application/x-www-form-urlencoded");
    else if (what == "twice"_L1)
        answer = logout(made + "&logout_token=" + made);
    else if (what == "not json"_L1)
        answer = logout("bm90IGpzb24.bm90IGpzb24.AAAA");
    else
        answer = logout(made);
    QCOMPARE(answer.status, 400);
    QVERIFY(answer.headers.value("cache-control").contains("no-store"));
    QVERIFY2(isAs(u"LogoutProblem"_s, answer), answer.body.constData());
    QCOMPARE(statusOf(token), 101);
    QVERIFY(!ada->isClosed);
    QVERIFY(m_gate->events(u"provider.event"_s).isEmpty());
}

void TestProviderWord::logoutTokenComesOnce()
{
    const QByteArray token = m_gate->token(logoutClaims(u"s-1"_s), u"logout+jwt"_s);
    QCOMPARE(logout(token).status, 200);
    QCOMPARE(logout(token).status, 400);
    QCOMPARE(logout(m_gate->token(logoutClaims(u"s-1"_s), u"JWT"_s)).status, 200); // what many providers write
    QCOMPARE(call("GET", u"/v1/backchannel-logout"_s, {}).status, 405);
}

void TestProviderWord::securityEvents_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("format");
    QTest::addColumn<int>("status");
    QTest::addColumn<bool>("isCut");
    QTest::newRow("session of a user") << u"session-revoked"_s << u"iss_sub"_s << 202 << true;
    QTest::newRow("session by its id") << u"session-revoked"_s << u"opaque"_s << 202 << true;
    QTest::newRow("session of a complex subject") << u"session-revoked"_s << u"complex"_s << 202 << true;
    QTest::newRow("token") << u"session-revoked"_s << u"jwt_id"_s << 202 << true;
    QTest::newRow("password") << u"credential-change"_s << u"iss_sub"_s << 202 << true;
    QTest::newRow("by email") << u"session-revoked"_s << u"email"_s << 202 << false;
    QTest::newRow("another event") << u"device-compliance-change"_s << u"iss_sub"_s << 202 << false;
    QTest::newRow("another issuer's user") << u"session-revoked"_s << u"foreign"_s << 400 << false;
}

void TestProviderWord::securityEvents()
{
    QFETCH(QString, type);
    QFETCH(QString, format);
    QFETCH(int, status);
    QFETCH(bool, isCut);
    const QString issuer = m_gate->issuerUrl().toString();
    const QByteArray token = tokenOf(u"ada"_s, u"s-1"_s, {{"jti"_L1, u"t-1"_s}});
    const auto ada = client(token);
    QVERIFY(ada);
    const QJsonObject user{
        {"format"_L1, u"iss_sub"_s}, {"iss"_L1, format == "foreign"_L1 ? u"https://other.test"_s : issuer}, {"sub"_L1, u"ada"_s}};
    QJsonObject subject = user;
    if (format == "opaque"_L1)
        subject = {{"format"_L1, format}, {"id"_L1, u"s-1"_s}};
    if (format == "jwt_id"_L1)
        subject = {{"format"_L1, format}, {"iss"_L1, issuer}, {"jti"_L1, u"t-1"_s}};
    if (format == "email"_L1)
        subject = {{"format"_L1, format}, {"email"_L1, u"ada@example.com"_s}};
    if (format == "complex"_L1) {
        subject = {{"format"_L1, format},
                   {"user"_L1, user},
                   {"session"_L1, QJsonObject{{"format"_L1, u"opaque"_s}, {"id"_L1, u"s-1"_s}}}};
    }
    const QByteArray set = m_gate->token(eventClaims(type, subject), u"secevent+jwt"_s);
    const Answer answer = push(set);
    QCOMPARE(answer.status, status);
    if (status == 400)
        QVERIFY(isAs(u"EventProblem"_s, answer) && answer.json().value("err"_L1) == "invalid_issuer"_L1);
    else
        QCOMPARE(push(set).status, 202); // RFC 8935 section 2.3: again is fine
    QCOMPARE(statusOf(token), isCut ? 401 : 101);
    if (isCut)
        QVERIFY(ada->closed() && ada->code() == 4410);
    QCOMPARE(m_gate->events(u"provider.event"_s).size(), isCut ? 1 : 0);
}

void TestProviderWord::changedClaimsAskForANewToken()
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const QByteArray token = tokenOf(u"ada"_s, u"s-1"_s, {{"iat"_L1, now - 20}, {"auth_time"_L1, now - 20}});
    const auto ada = client(token);
    QVERIFY(ada);
    const QJsonObject user{{"format"_L1, u"iss_sub"_s}, {"iss"_L1, m_gate->issuerUrl().toString()}, {"sub"_L1, u"ada"_s}};
    QJsonObject claims = eventClaims(u"token-claims-change"_s, user);
    claims.insert("events"_L1,
                  QJsonObject{{u"https://schemas.openid.net/secevent/caep/event-type/token-claims-change"_s,
                               QJsonObject{{"event_timestamp"_L1, now - 10}}}});
    QCOMPARE(push(m_gate->token(claims, u"secevent+jwt"_s)).status, 202);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4441);
    QCOMPARE(statusOf(token), 401);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-1"_s, {{"auth_time"_L1, now - 20}})), 101); // of the same sign-in
}

void TestProviderWord::pushNeedsItsCredential()
{
    QFile secret(m_gate->file(u"push.secret"_s));
    QVERIFY(secret.open(QIODevice::WriteOnly) && secret.write("let me in\n") > 0);
    secret.close();
    m_gate->config.issuers.first().events->pushTokenFile = secret.fileName();
    QVERIFY(m_gate->gateway->reload(m_gate->config));
    const QJsonObject subject{{"format"_L1, u"opaque"_s}, {"id"_L1, u"s-1"_s}};
    const QByteArray token = m_gate->token(eventClaims(u"session-revoked"_s, subject), u"secevent+jwt"_s);
    for (const char *wrong : {"", "let me", "let me in!"}) {
        const Answer answer = push(token, wrong);
        QCOMPARE(answer.status, 401);
        QVERIFY(isAs(u"EventProblem"_s, answer));
    }
    QCOMPARE(push(token, "let me in").status, 202);
    const Answer wrongType = send("POST", u"/v1/security-events"_s, "let me in", token, "application/jwt");
    QCOMPARE(wrongType.status, 400);
    const Answer accessToken = push(m_gate->token(), "let me in");
    QCOMPARE(accessToken.status, 400);
    const Answer unsigned_ =
        push(signJwt(m_gate->stranger, u"secevent+jwt"_s, eventClaims(u"session-revoked"_s, subject)).value(), "let me in");
    QCOMPARE(unsigned_.json().value("err"_L1).toString(), u"invalid_key"_s);
}

WATCHWORD_TEST_MAIN(TestProviderWord)
#include "tst_providerword.moc"
