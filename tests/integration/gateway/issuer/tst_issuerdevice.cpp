// SPDX-License-Identifier: Apache-2.0
#include "issuer/devicebook.h"
#include "issuerpeer.h"
#include "support/await.h"

#include <QJsonDocument>
#include <QProcess>
#include <QProcessEnvironment>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! Sign-in by another device (RFC 8628), questions about tokens (RFC 7662), and an app that nobody here wrote. */
class TestIssuerDevice : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup();
    void deviceSignsIn();
    void pollsThatComeTooSoon();
    void deviceIsDenied();
    void codesEnd();
    void showingAllowsNothing();
    void wrongPasswordAllowsNothing();
    void userCodesCannotBeGuessed();
    void devicesOfOneNetworkAreBounded();
    void beginErrors_data();
    void beginErrors();
    void peopleWhoLeftGetNoTokens();
    void introspection();
    void introspectionIsForServers_data();
    void introspectionIsForServers();
    void secretsCannotBeGuessed();
    void openidClient();

private:
    Answer begin(const Fields &more = {});
    Answer poll(const Answer &begun, const QString &client = u"app"_s);
    Answer look(const QString &userCode) { return p->post(u"/device"_s, {{u"user_code"_s, userCode}}); }
    Answer confirm(const Answer &page, const QString &action, const QString &password = u"correct horse"_s);
    Answer ask(const QString &token, const QByteArray &secret = "s3cret+ß");

    QTemporaryDir m_certificates;
    std::unique_ptr<IssuerPeer> p;
};

void TestIssuerDevice::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_certificates.path()));
}

void TestIssuerDevice::init()
{
    WatchwordTest::init();
    p = std::make_unique<IssuerPeer>(m_certificates.path());
    p->options.resourceServers = {{u"orders"_s, Secret::copy("s3cret+ß")}};
    QVERIFY(p->start());
}

void TestIssuerDevice::cleanup()
{
    p.reset();
}

Answer TestIssuerDevice::begin(const Fields &more)
{
    Fields fields{{u"client_id"_s, u"app"_s}, {u"scope"_s, u"openid offline_access orders:read"_s}};
    fields.insert(more);
    return p->post(u"/device_authorization"_s, fields);
}

Answer TestIssuerDevice::poll(const Answer &begun, const QString &client)
{
    return p->post(u"/token"_s,
                   {{u"grant_type"_s, u"urn:ietf:params:oauth:grant-type:device_code"_s},
                    {u"device_code"_s, begun.text(u"device_code"_s)},
                    {u"client_id"_s, client}});
}

Answer TestIssuerDevice::confirm(const Answer &page, const QString &action, const QString &password)
{
    Fields fields = hiddenFields(page);
    fields.insert({{u"username"_s, u"alice"_s}, {u"password"_s, password}, {u"action"_s, action}});
    return p->post(u"/device/confirm"_s, fields);
}

Answer TestIssuerDevice::ask(const QString &token, const QByteArray &secret)
{
    const QByteArray pair = "orders:" + secret.toPercentEncoding();
    return p->post(u"/introspect"_s, {{u"token"_s, token}}, {{"Authorization", "Basic " + pair.toBase64()}});
}

void TestIssuerDevice::deviceSignsIn()
{
    const Answer begun = begin();
    QCOMPARE(begun.status, 200);
    QCOMPARE(begun.header("Cache-Control"), QByteArray("no-store"));
    static const QRegularExpression code(u"^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$"_s);
    QVERIFY(code.match(begun.text(u"user_code"_s)).hasMatch());
    QCOMPARE(begun.text(u"device_code"_s).size(), 43);
    QCOMPARE(begun.text(u"verification_uri"_s), p->issuer->identifier() + u"/device"_s);
    QCOMPARE(begun.json().value("interval"_L1).toInt(), 5);
    QCOMPARE(poll(begun).text(u"error"_s), u"authorization_pending"_s);
    // As people type it.
    const Answer page = look(begun.text(u"user_code"_s).toLower().remove(u'-') + u' ');
    QCOMPARE(page.status, 200);
    QVERIFY(page.body.contains("<strong>app</strong>") && page.body.contains("orders:read"));
    QVERIFY(page.header("Content-Security-Policy").contains("default-src 'none'"));
    QCOMPARE(confirm(page, u"allow"_s).status, 200);
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"device_allowed"_s);
    p->clock.advance(5s);
    const Answer tokens = poll(begun);
    QCOMPARE(tokens.status, 200);
    const Result<Jwt> access = p->verified(tokens, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s);
    QVERIFY2(access, qPrintable(access ? QString() : access.error().toString()));
    QCOMPARE(access->subject(), u"u-alice"_s);
    QCOMPARE(access->scopes(), (QStringList{u"openid"_s, u"offline_access"_s, u"orders:read"_s}));
    QVERIFY(!p->verified(tokens, u"id_token"_s, u"JWT"_s, u"app"_s)->sessionId().isEmpty());
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 200);
    // Each code works once.
    p->clock.advance(10s);
    QCOMPARE(poll(begun).text(u"error"_s), u"invalid_grant"_s);
    QCOMPARE(look(begun.text(u"user_code"_s)).status, 400);
}

void TestIssuerDevice::pollsThatComeTooSoon()
{
    const Answer begun = begin();
    QCOMPARE(poll(begun).text(u"error"_s), u"authorization_pending"_s);
    p->clock.advance(4s);
    QCOMPARE(poll(begun).text(u"error"_s), u"slow_down"_s);
    p->clock.advance(9s); // 10 s from now on
    QCOMPARE(poll(begun).text(u"error"_s), u"slow_down"_s);
    p->clock.advance(15s);
    QCOMPARE(poll(begun).text(u"error"_s), u"authorization_pending"_s);
    QCOMPARE(poll(begun, u"web"_s).text(u"error"_s), u"invalid_grant"_s); // of another client
}

void TestIssuerDevice::deviceIsDenied()
{
    const Answer begun = begin();
    QCOMPARE(confirm(look(begun.text(u"user_code"_s)), u"deny"_s, {}).status, 200);
    QCOMPARE(poll(begun).text(u"error"_s), u"access_denied"_s);
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"denied"_s);
}

void TestIssuerDevice::codesEnd()
{
    const Answer begun = begin();
    const Answer page = look(begun.text(u"user_code"_s));
    p->clock.advance(601s);
    QCOMPARE(confirm(page, u"allow"_s).status, 403);
    QCOMPARE(poll(begun).text(u"error"_s), u"expired_token"_s);
    QCOMPARE(look(begun.text(u"user_code"_s)).status, 400);
}

// RFC 8628 section 5.4: who follows a link has agreed to nothing.
void TestIssuerDevice::showingAllowsNothing()
{
    const Answer begun = begin();
    const QUrl link(begun.text(u"verification_uri_complete"_s));
    const Answer shown = p->get(link.path() + u'?' + link.query());
    QCOMPARE(shown.status, 200);
    QVERIFY(shown.body.contains(begun.text(u"user_code"_s).toLatin1()));
    QVERIFY(hiddenFields(shown).isEmpty());
    QCOMPARE(p->get(u"/device/confirm"_s).status, 405);
    QCOMPARE(p->get(u"/device?user_code=%3Cscript%3E"_s).body.contains("<script>"), false);
    // A form that this issuer has not made.
    Fields forged{{u"user_code"_s, begun.text(u"user_code"_s)},
                  {u"csrf"_s, u"x"_s},
                  {u"username"_s, u"alice"_s},
                  {u"password"_s, u"correct horse"_s},
                  {u"action"_s, u"allow"_s}};
    QCOMPARE(p->post(u"/device/confirm"_s, forged).status, 403);
    Fields other = hiddenFields(look(begin().text(u"user_code"_s)));
    forged.insert(u"csrf"_s, other.value(u"csrf"_s));
    QCOMPARE(p->post(u"/device/confirm"_s, forged).status, 403);
    QCOMPARE(p->post(u"/device"_s, {{u"user_code"_s, begun.text(u"user_code"_s)}}, {{"Sec-Fetch-Site", "cross-site"}}).status,
             403);
    QCOMPARE(poll(begun).text(u"error"_s), u"authorization_pending"_s);
}

void TestIssuerDevice::wrongPasswordAllowsNothing()
{
    const Answer begun = begin();
    const Answer page = look(begun.text(u"user_code"_s));
    const Answer wrong = confirm(page, u"allow"_s, u"guess"_s);
    QCOMPARE(wrong.status, 401);
    QCOMPARE(poll(begun).text(u"error"_s), u"authorization_pending"_s);
    QCOMPARE(confirm(wrong, u"allow"_s).status, 200); // with the form that came
}

void TestIssuerDevice::userCodesCannotBeGuessed()
{
    const Answer begun = begin();
    for (int i = 0; i < 10; ++i)
        QCOMPARE(look(u"BBBB-BBB"_s + u"BCDFGHJKLM"_s.at(i)).status, 400);
    const Answer braked = look(begun.text(u"user_code"_s));
    QCOMPARE(braked.status, 429);
    QVERIFY(braked.header("Retry-After").toInt() > 200);
    QCOMPARE(p->firstAudit(u"signin.failed"_s).data.value("reason_code"_L1).toString(), u"unknown_user_code"_s);
    p->clock.advance(301s);
    QCOMPARE(look(begun.text(u"user_code"_s)).status, 200);
}

void TestIssuerDevice::devicesOfOneNetworkAreBounded()
{
    for (int i = 0; i < DeviceBook::kMostOfANetwork; ++i)
        QCOMPARE(begin().status, 200);
    const Answer tooMany = begin();
    QCOMPARE(tooMany.status, 429);
    QVERIFY(!tooMany.header("Retry-After").isEmpty());
    p->clock.advance(700s);
    QCOMPARE(begin().status, 200);
    // A network has its part and no more.
    DeviceBook book;
    const WallTime now = p->clock.wallNow();
    for (int network = 0; network < 50; ++network) {
        for (int i = 0; i < DeviceBook::kMostOfANetwork; ++i)
            QVERIFY(book.begin(u"app"_s, {}, QString::number(network), now));
    }
    QVERIFY(!book.begin(u"app"_s, {}, u"another"_s, now));
    QCOMPARE(book.size(), DeviceBook::kMost);
    book.forget(now + 700s);
    QCOMPARE(book.size(), qsizetype(0));
}

void TestIssuerDevice::beginErrors_data()
{
    QTest::addColumn<Fields>("more");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("error");
    QTest::newRow("unknown client") << Fields{{u"client_id"_s, u"other"_s}} << 401 << u"invalid_client"_s;
    QTest::newRow("no client") << Fields{{u"client_id"_s, QString()}} << 400 << u"invalid_request"_s;
    QTest::newRow("foreign scope") << Fields{{u"scope"_s, u"gw:lock"_s}} << 400 << u"invalid_scope"_s;
    QTest::newRow("a secret") << Fields{{u"client_secret"_s, u"x"_s}} << 401 << u"invalid_client"_s;
}

void TestIssuerDevice::beginErrors()
{
    QFETCH(const Fields, more);
    const Answer refused = begin(more);
    QTEST(refused.status, "status");
    QTEST(refused.text(u"error"_s), "error");
    QCOMPARE(p->get(u"/device_authorization"_s).status, 405);
}

void TestIssuerDevice::peopleWhoLeftGetNoTokens()
{
    DeviceBook book;
    const WallTime now = p->clock.wallNow();
    const auto begun = book.begin(u"app"_s, {u"openid"_s}, u"n"_s, now);
    QVERIFY(book.allow(begun->userCode, u"u-carol"_s, u"carol"_s, {u"openid"_s}, now));
    QVERIFY(!book.allow(begun->userCode, u"u-alice"_s, u"alice"_s, {u"openid"_s}, now)); // decided
    QVERIFY(!book.deny(begun->userCode, now));
    QCOMPARE(book.poll(begun->deviceCode, u"app"_s, now).request.subject, u"u-carol"_s);
    QCOMPARE(book.poll(begun->deviceCode, u"app"_s, now).poll, DeviceBook::Poll::Unknown);
}

void TestIssuerDevice::introspection()
{
    const Answer tokens = p->signIn();
    const QJsonObject access = ask(tokens.text(u"access_token"_s)).json();
    QCOMPARE(access.value("active"_L1).toBool(), true);
    QCOMPARE(access.value("sub"_L1).toString(), u"u-alice"_s);
    QCOMPARE(access.value("username"_L1).toString(), u"alice"_s);
    QCOMPARE(access.value("client_id"_L1).toString(), u"app"_s);
    QCOMPARE(access.value("token_type"_L1).toString(), u"Bearer"_s);
    QCOMPARE(access.value("iss"_L1).toString(), p->issuer->identifier());
    QVERIFY(access.value("exp"_L1).toInteger() > access.value("iat"_L1).toInteger());
    const QString refresh = tokens.text(u"refresh_token"_s);
    QCOMPARE(ask(refresh).text(u"token_type"_s), u"refresh_token"_s);
    const QJsonObject inactive{{u"active"_s, false}};
    // A question about a spent token is no use of it.
    const Answer rotated = p->refresh(refresh);
    QCOMPARE(ask(refresh).json(), inactive);
    QCOMPARE(ask(rotated.text(u"refresh_token"_s)).json().value("active"_L1).toBool(), true);
    for (const QString &token : {u"nonsense"_s, tokens.text(u"id_token"_s), tokens.text(u"access_token"_s) + u'x'})
        QCOMPARE(ask(token).json(), inactive);
    p->clock.advance(301s);
    QCOMPARE(ask(tokens.text(u"access_token"_s)).json(), inactive);
    const Answer again = p->refresh(rotated.text(u"refresh_token"_s));
    QCOMPARE(ask(again.text(u"access_token"_s)).json().value("active"_L1).toBool(), true);
    QVERIFY(p->issuer->revokeSession(p->verified(again, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s)->sessionId(),
                                     u"operator"_s)
            > 0);
    QCOMPARE(ask(again.text(u"access_token"_s)).json(), inactive);
    QCOMPARE(ask(again.text(u"refresh_token"_s)).json(), inactive);
}

void TestIssuerDevice::introspectionIsForServers_data()
{
    QTest::addColumn<QByteArray>("authorization");
    QTest::addColumn<Fields>("more");
    const auto basic = [](const QByteArray &pair) { return "Basic " + pair.toBase64(); };
    QTest::newRow("nobody") << QByteArray() << Fields();
    QTest::newRow("an app") << QByteArray() << Fields{{u"client_id"_s, u"app"_s}};
    QTest::newRow("wrong secret") << basic("orders:wrong") << Fields();
    QTest::newRow("no secret") << basic("orders:") << Fields();
    QTest::newRow("another server") << basic("others:s3cret%2B%C3%9F") << Fields();
    QTest::newRow("not base64") << QByteArray("Basic %%%") << Fields();
    QTest::newRow("a token") << QByteArray("Bearer abc") << Fields();
    QTest::newRow("two methods") << basic("orders:s3cret%2B%C3%9F")
                                 << Fields{{u"client_id"_s, u"orders"_s}, {u"client_secret"_s, u"s3cret+ß"_s}};
}

void TestIssuerDevice::introspectionIsForServers()
{
    QFETCH(const QByteArray, authorization);
    QFETCH(Fields, more);
    more.insert(u"token"_s, p->signIn().text(u"access_token"_s));
    QList<std::pair<QByteArray, QByteArray>> headers;
    if (!authorization.isEmpty())
        headers.append({"Authorization", authorization});
    const Answer refused = p->post(u"/introspect"_s, more, headers);
    QCOMPARE(refused.status, 401);
    QCOMPARE(refused.text(u"error"_s), u"invalid_client"_s);
    QVERIFY(!refused.body.contains("alice") && refused.header("WWW-Authenticate").startsWith("Basic"));
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"introspection_refused"_s);
}

void TestIssuerDevice::secretsCannotBeGuessed()
{
    const QString token = p->signIn().text(u"access_token"_s);
    for (int i = 0; i < 5; ++i)
        QCOMPARE(ask(token, "guess" + QByteArray::number(i)).status, 401);
    QCOMPARE(ask(token).status, 429);
    p->clock.advance(301s);
    QCOMPARE(ask(token).status, 200);
}

void TestIssuerDevice::openidClient()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    p->clock.setWall(Clock::system().wallNow());
    QProcess app;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"NODE_EXTRA_CA_CERTS"_s, m_certificates.filePath(u"ca.pem"_s));
    for (const auto &[name, value] : {std::pair{u"CLIENT"_s, u"app"_s},
                                      {u"REDIRECT"_s, u"http://127.0.0.1:49152/callback"_s},
                                      {u"AFTER"_s, u"http://127.0.0.1:49152/bye"_s},
                                      {u"USER_NAME"_s, u"alice"_s},
                                      {u"PASSWORD"_s, u"correct horse"_s},
                                      {u"SERVER"_s, u"orders"_s},
                                      {u"SECRET"_s, u"s3cret+ß"_s}})
        environment.insert(name, value);
    app.setProcessEnvironment(environment);
    app.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    app.start(u"node"_s, {Support::peersFolder() + u"/openid-client.mjs"_s, p->issuer->identifier()});
    QVERIFY(Support::waitUntil([&] { return app.state() == QProcess::NotRunning; }, 60s));
    QHash<QString, QJsonObject> said;
    const QList<QByteArray> lines = app.readAllStandardOutput().split('\n');
    for (const QByteArray &line : lines) {
        const QJsonObject facts = QJsonDocument::fromJson(line).object();
        said.insert(facts.value("step"_L1).toString(), facts);
    }
    QCOMPARE(app.exitCode(), 0);
    const auto fact = [&said](const QString &step, const QString &name) { return said.value(step).value(name); };
    QCOMPARE(fact(u"code"_s, u"sub"_s), QJsonValue(u"u-alice"_s));
    QCOMPARE(fact(u"code"_s, u"scope"_s), QJsonValue(u"openid profile offline_access orders:read"_s));
    QCOMPARE(fact(u"refresh"_s, u"rotated"_s), QJsonValue(true));
    QCOMPARE(fact(u"introspection"_s, u"active"_s), QJsonValue(true));
    QCOMPARE(fact(u"introspection"_s, u"sub"_s), QJsonValue(u"u-alice"_s));
    QCOMPARE(fact(u"introspection by basic"_s, u"active"_s), QJsonValue(true));
    QCOMPARE(fact(u"device"_s, u"status"_s), QJsonValue(200));
    QCOMPARE(fact(u"device"_s, u"sub"_s), QJsonValue(u"u-alice"_s));
    QCOMPARE(fact(u"device"_s, u"refresh"_s), QJsonValue(true));
    QCOMPARE(fact(u"revocation"_s, u"active"_s), QJsonValue(false));
    QCOMPARE(fact(u"logout"_s, u"to"_s), QJsonValue(u"http://127.0.0.1:49152/bye?state=x"_s));
    QCOMPARE(fact(u"after logout"_s, u"error"_s), QJsonValue(u"invalid_grant"_s));
}

WATCHWORD_TEST_MAIN(TestIssuerDevice)
#include "tst_issuerdevice.moc"
