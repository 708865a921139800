// SPDX-License-Identifier: Apache-2.0
// Refused credentials are counted wherever they are presented.
#include "apigate.h"
#include "rawclient.h"
#include "watchword/core/frame.h"

#include <QNetworkReply>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kAllowed = 5; // a minute

const QByteArray kPage = "Origin: https://app.example.com\r\n";
const QByteArray kOffer = "Sec-WebSocket-Protocol: watchword.v1\r\n";

} // namespace

class TestFailedAuth : public ApiGateTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup() { finish(); }
    void renewalsOnAnOpenConnection_data();
    void renewalsOnAnOpenConnection();
    void renewalsOfMonitors_data();
    void renewalsOfMonitors();
    void troubleOfTheProviderIsNotCounted();
    void requests_data();
    void requests();
    void oneBudgetForAllWays();
    void firstMessages();
    void aReloadChangesIt();

private:
    QByteArray forged(const QString &subject = u"ada"_s) const
    {
        return signJwt(m_gate->stranger, u"at+jwt"_s, m_gate->claims(subject)).value();
    }
    static QByteArray refresh(const QByteArray &token)
    {
        return RawClient::frame(0x81, Frame(u"auth.refresh"_s, {{u"token"_s, QString::fromLatin1(token)}}).toText().toUtf8());
    }
    Answer toIssuer(const QByteArray &form);
};

void TestFailedAuth::init()
{
    WatchwordTest::init();
    m_gate = std::make_unique<AuditedGate>();
    QVERIFY(m_gate->prepare());
    using Way = EndpointConfig::CredentialWay;
    m_gate->config.api = ApiConfig{QHostAddress(QHostAddress::LocalHost), 0};
    m_gate->config.issuers.first().events = IssuerConfig::Events{{u"app"_s}, {}, {}};
    m_gate->config.failedAuthPerMinute = kAllowed;
    m_gate->config.watch = WatchConfig();
    m_gate->addEndpoint(u"/page"_s, EndpointConfig::Service::Echo).credentials = {Way::Header, Way::Ticket};
    m_gate->addEndpoint(u"/first"_s, EndpointConfig::Service::Echo).credentials = Way::FirstMessage;
    EmbeddedIssuerConfig embedded;
    embedded.audience = u"aud"_s;
    embedded.clients = {{u"app"_s, {u"http://127.0.0.1/callback"_s}, {}}};
    m_gate->config.embeddedIssuer = embedded;
    QVERIFY(m_gate->begin());
}

ApiGateTest::Answer TestFailedAuth::toIssuer(const QByteArray &form)
{
    QNetworkRequest request(QUrl(m_gate->gateway->issuerUrl().toString() + u"/token"_s));
    request.setSslConfiguration(m_gate->clientTls());
    request.setRawHeader("Content-Type", "application/x-www-form-urlencoded");
    QNetworkReply *reply = m_network.post(request, form);
    Support::waitUntil([reply] { return reply->isFinished(); });
    Answer answer{reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), reply->readAll(), {}};
    for (const auto &[name, value] : reply->rawHeaderPairs())
        answer.headers.insert(name.toLower(), value);
    reply->deleteLater();
    return answer;
}

void TestFailedAuth::renewalsOnAnOpenConnection_data()
{
    QTest::addColumn<QString>("kind");
    QTest::newRow("another key") << u"forged"_s;
    QTest::newRow("no token") << u"junk"_s;
    QTest::newRow("expired") << u"expired"_s;
    QTest::newRow("somebody else's") << u"other"_s;
}

void TestFailedAuth::renewalsOnAnOpenConnection()
{
    QFETCH(QString, kind);
    QByteArray bad = kind == "junk"_L1 ? QByteArray("junk") : forged();
    if (kind == "expired"_L1) {
        QJsonObject claims = m_gate->claims(u"ada"_s, -60);
        claims.insert("iat"_L1, claims.value("exp"_L1).toInteger() - 60);
        bad = m_gate->token(claims);
    } else if (kind == "other"_L1) {
        bad = m_gate->token(m_gate->claims(u"bob"_s));
    }
    RawClient client(*m_gate);
    QVERIFY(client.upgrade(GateFixture::upgrade("/echo", m_gate->token(), kOffer)).contains(" 101 "));
    for (int i = 1; i <= kAllowed; ++i) {
        client.send(refresh(bad));
        QVERIFY(Support::waitUntil([&] { return client.received.count("auth.fail") >= i; }));
    }
    QVERIFY(!client.isClosed);
    client.send(refresh(m_gate->token())); // a good one counts nothing, however late
    QVERIFY(Support::waitUntil([&] { return client.received.contains("auth.ok"); }));
    client.send(refresh(bad));
    QCOMPARE(client.awaitClose(), 4429);
    QVERIFY(client.received.contains("\"after_ms\":"));
    // Who comes back from there with a good token is let in, and with a bad one is not even told that it is bad.
    QCOMPARE(statusOf(m_gate->token()), 101);
    QCOMPARE(statusOf(forged()), 429);
    const QList<AuditEvent> failed = m_gate->events(u"token.refresh_failed"_s);
    QCOMPARE(failed.size(), kAllowed + 1);
    QCOMPARE(failed.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
    QCOMPARE(m_gate->events(u"limit.hit"_s).first().data.value("reason_code"_L1).toString(), u"failed_auth_per_minute"_s);
}

void TestFailedAuth::renewalsOfMonitors_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("protocol");
    QTest::addColumn<QByteArray>("frame");
    QTest::newRow("watch") << QByteArray("/watch") << QByteArray("watchword.watch.v1")
                           << QByteArray(R"({"t":"auth.refresh","token":"TOKEN"})");
    QTest::newRow("audit") << QByteArray("/audit") << QByteArray("cloudevents.json")
                           << QByteArray(R"({"auth.refresh":{"token":"TOKEN"}})");
}

void TestFailedAuth::renewalsOfMonitors()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, protocol);
    QFETCH(QByteArray, frame);
    const QByteArray good = operatorToken(u"gw:read gw:audit"_s);
    RawClient client(*m_gate);
    QVERIFY(client.upgrade(GateFixture::upgrade(path, good, "Sec-WebSocket-Protocol: " + protocol + "\r\n")).contains(" 101 "));
    for (int i = 1; i <= kAllowed; ++i) {
        client.send(RawClient::frame(0x81, QByteArray(frame).replace("TOKEN", forged(u"olga"_s))));
        QVERIFY(Support::waitUntil([&] { return client.received.count("auth.fail") >= i || client.isClosed; }));
    }
    QVERIFY(!client.isClosed);
    client.send(RawClient::frame(0x81, QByteArray(frame).replace("TOKEN", forged(u"olga"_s))));
    QVERIFY(Support::waitUntil([&] { return client.isClosed; }));
    QVERIFY(client.received.contains("\x11\x4drate_limited")); // 4429
    const QList<AuditEvent> failed = m_gate->events(u"token.refresh_failed"_s);
    QCOMPARE(failed.size(), kAllowed + 1);
    QCOMPARE(failed.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"olga"_s);
    QCOMPARE(m_gate->events(u"limit.hit"_s).size(), 1);
}

// Who cannot be asked says nothing about the token.
void TestFailedAuth::troubleOfTheProviderIsNotCounted()
{
    GatewayConfig config = m_gate->config;
    IssuerConfig away = config.issuers.first();
    away.url = QUrl(u"https://127.0.0.1:1"_s);
    config.issuers.append(away);
    config.failedAuthPerMinute = 1; // each question takes RemoteIssuer::kPatience
    QVERIFY(m_gate->gateway->reload(config));
    QJsonObject claims = m_gate->claims();
    claims.insert("iss"_L1, u"https://127.0.0.1:1"_s);
    const QByteArray unknowable = m_gate->token(claims);
    RawClient client(*m_gate);
    QVERIFY(client.upgrade(GateFixture::upgrade("/echo", m_gate->token(), kOffer)).contains(" 101 "));
    client.send(refresh(unknowable));
    QCOMPARE(call("GET", u"/v1/me/sessions"_s, unknowable).status, 503);
    QVERIFY(Support::waitUntil([&] { return client.received.contains("auth.fail") || client.isClosed; }));
    QVERIFY(!client.isClosed && client.received.contains("keys_unavailable"));
    QCOMPARE(statusOf(forged()), 401);
    QCOMPARE(statusOf(forged()), 429);
}

void TestFailedAuth::requests_data()
{
    QTest::addColumn<QString>("where");
    QTest::addColumn<int>("status");
    QTest::newRow("an upgrade") << u"upgrade"_s << 401;
    QTest::newRow("a ticket that never was") << u"ticket"_s << 401;
    QTest::newRow("who buys a ticket") << u"tickets"_s << 401;
    QTest::newRow("an operator") << u"operator"_s << 401;
    QTest::newRow("a person's own sessions") << u"me"_s << 401;
    QTest::newRow("a logout token") << u"logout"_s << 400;
    QTest::newRow("a security event token") << u"event"_s << 400;
    QTest::newRow("a refresh token") << u"refresh"_s << 400;
    QTest::newRow("a code") << u"code"_s << 400;
    QTest::newRow("a client's secret") << u"client"_s << 401;
}

void TestFailedAuth::requests()
{
    QFETCH(QString, where);
    QFETCH(int, status);
    const QByteArray bad = forged();
    const auto http = [this](const QByteArray &request) {
        const QByteArray bytes = m_gate->exchange(request);
        return Answer{bytes.mid(9, 3).toInt(), bytes, {{"retry-after", bytes.contains("\r\nRetry-After: ") ? "1" : ""}}};
    };
    const auto ask = [&]() -> Answer {
        if (where == "upgrade"_L1)
            return http(GateFixture::upgrade("/echo", bad));
        if (where == "ticket"_L1)
            return http(GateFixture::upgrade("/page?ticket=" + QByteArray(43, 'a'), {}, kPage));
        if (where == "tickets"_L1)
            return http("POST /v1/tickets?path=/page HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nAuthorization: Bearer "
                        + bad + "\r\n\r\n");
        if (where == "operator"_L1)
            return call("GET", u"/v1/locks"_s, bad);
        if (where == "me"_L1)
            return call("GET", u"/v1/me/sessions"_s, bad);
        if (where == "logout"_L1)
            return logout(signJwt(m_gate->stranger, u"logout+jwt"_s, logoutClaims(u"s-1"_s)).value());
        if (where == "event"_L1)
            return push(signJwt(m_gate->stranger, u"secevent+jwt"_s, eventClaims(u"session-revoked"_s, {})).value());
        if (where == "refresh"_L1)
            return toIssuer("grant_type=refresh_token&client_id=app&refresh_token=made-up");
        if (where == "code"_L1)
            return toIssuer("grant_type=authorization_code&client_id=app&code=made-up&code_verifier=v&redirect_uri=u");
        return toIssuer("grant_type=refresh_token&client_id=app&client_secret=guess&refresh_token=made-up");
    };
    for (int i = 0; i < kAllowed; ++i)
        QCOMPARE(ask().status, status);
    const Answer limited = ask();
    QCOMPARE(limited.status, 429);
    QVERIFY(limited.headers.value("retry-after").toInt() > 0);
    // Only who guesses hears of it.
    QCOMPARE(statusOf(m_gate->token()), 101);
    QCOMPARE(call("GET", u"/v1/me/sessions"_s, m_gate->token()).status, 200);
    QCOMPARE(logout(m_gate->token(logoutClaims(u"s-1"_s), u"logout+jwt"_s)).status, 200);
}

void TestFailedAuth::oneBudgetForAllWays()
{
    QCOMPARE(statusOf(forged()), 401);
    QCOMPARE(call("GET", u"/v1/locks"_s, forged()).status, 401);
    QCOMPARE(toIssuer("grant_type=refresh_token&client_id=app&refresh_token=made-up").status, 400);
    QCOMPARE(logout(forged()).status, 400);
    QCOMPARE(call("GET", u"/v1/me/sessions"_s, "junk").status, 401);
    QCOMPARE(statusOf(forged()), 429);
    QCOMPARE(call("GET", u"/v1/locks"_s, forged()).status, 429);
    QCOMPARE(toIssuer("grant_type=refresh_token&client_id=app&refresh_token=made-up").status, 429);
    QCOMPARE(logout(forged()).status, 429);
}

void TestFailedAuth::firstMessages()
{
    for (int i = 0; i <= kAllowed; ++i) {
        RawClient client(*m_gate);
        QVERIFY(client.upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer)).contains(" 101 "));
        client.send(RawClient::frame(0x81, Frame(u"auth"_s, {{u"token"_s, QString::fromLatin1(forged())}}).toText().toUtf8()));
        QCOMPARE(client.awaitClose(), i < kAllowed ? 4402 : 4429);
    }
}

void TestFailedAuth::aReloadChangesIt()
{
    GatewayConfig config = m_gate->config;
    config.failedAuthPerMinute = 0;
    QVERIFY(m_gate->gateway->reload(config));
    for (int i = 0; i < 3 * kAllowed; ++i)
        QCOMPARE(call("GET", u"/v1/locks"_s, forged()).status, 401);
    config.failedAuthPerMinute = 1;
    QVERIFY(m_gate->gateway->reload(config));
    QCOMPARE(call("GET", u"/v1/locks"_s, forged()).status, 401);
    QCOMPARE(call("GET", u"/v1/locks"_s, forged()).status, 429);
}

WATCHWORD_TEST_MAIN(TestFailedAuth)
#include "tst_failedauth.moc"
