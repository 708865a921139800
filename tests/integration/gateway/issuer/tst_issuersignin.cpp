// SPDX-License-Identifier: Apache-2.0
#include "issuerpeer.h"

#include <QFileInfo>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! The embedded issuer over real HTTPS, driven as a browser would: metadata, /authorize and the login page. */
class TestIssuerSignIn : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup();
    void metadataAndKeys();
    void fullWay();
    void withoutOfflineAccess();
    void authorizeShowsAPageAndNeverRedirects_data();
    void authorizeShowsAPageAndNeverRedirects();
    void authorizeErrors_data();
    void authorizeErrors();
    void cancelIsAccessDenied();
    void wrongPassword();
    void unknownUserLooksTheSame();
    void tooManyWrongPasswords();
    void fortyGuessesAtOnceAreFive();
    void knownBrowserIsNotHeldUpByOthers();
    void floodOfAuthorizeStopsNobody();
    void requestIsGoodForOneCode();
    void csrfIsNeeded();
    void formsOfOtherOrigins_data();
    void formsOfOtherOrigins();
    void unknownAndExpiredLoginRequests();
    void badOptions_data();
    void badOptions();
    void damagedFiles();

private:
    QTemporaryDir m_certificates;
    std::unique_ptr<IssuerPeer> p;
};

void TestIssuerSignIn::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_certificates.path()));
}

void TestIssuerSignIn::init()
{
    WatchwordTest::init();
    p = std::make_unique<IssuerPeer>(m_certificates.path());
    QVERIFY(p->start());
}

void TestIssuerSignIn::cleanup()
{
    if (p && p->log)
        QVERIFY(p->log->verify());
    p.reset();
}

void TestIssuerSignIn::metadataAndKeys()
{
    const Answer answer = p->get(u"/.well-known/openid-configuration"_s);
    QCOMPARE(answer.status, 200);
    const QString base = p->issuer->url().toString();
    QVERIFY(base.startsWith(u"https://127.0.0.1:"_s));
    QCOMPARE(answer.json().value("issuer"_L1).toString(), base);
    QCOMPARE(answer.json().value("token_endpoint"_L1).toString(), base + u"/token"_s);
    const Answer keys = p->get(u"/jwks"_s);
    const Result<JwkSet> set = JwkSet::fromBytes(keys.body);
    QVERIFY(set);
    QCOMPARE(set->keys().size(), 2); // the one in use and the one published ahead
    QCOMPARE(p->get(u"/nothing"_s).status, 404);
    const Answer wrongMethod = p->get(u"/token"_s);
    QCOMPARE(wrongMethod.status, 405);
    QCOMPARE(wrongMethod.header("Allow"), QByteArray("POST"));
}

void TestIssuerSignIn::fullWay()
{
    QSignalSpy issued(p->issuer.get(), &Issuer::tokenIssued);
    const Answer page = p->openLogin(p->authorizeFields());
    QCOMPARE(page.status, 200);
    QVERIFY(page.header("Content-Security-Policy").startsWith("default-src 'none'"));
    QCOMPARE(page.header("Cache-Control"), QByteArray("no-store"));
    QCOMPARE(page.header("Referrer-Policy"), QByteArray("same-origin"));
    QVERIFY(!page.body.contains("<script"));
    const Answer back = p->login(page, u"Alice"_s, u"correct horse"_s);
    QCOMPARE(back.status, 303);
    QVERIFY(back.header("Location").startsWith("http://127.0.0.1:49152/callback?code="));
    QCOMPARE(back.redirectValue(u"state"_s), u"st+a te&1"_s);
    QCOMPARE(back.redirectValue(u"iss"_s), p->issuer->url().toString());

    const Answer tokens = p->redeem(back.redirectValue(u"code"_s));
    QCOMPARE(tokens.status, 200);
    QCOMPARE(tokens.header("Cache-Control"), QByteArray("no-store"));
    QCOMPARE(tokens.json().value("token_type"_L1).toString(), u"Bearer"_s);
    QCOMPARE(tokens.json().value("expires_in"_L1).toInt(), 300);
    QCOMPARE(tokens.json().value("scope"_L1).toString(), u"openid offline_access orders:read"_s);

    const Result<Jwt> access = p->verified(tokens, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s);
    QVERIFY2(access, access ? "" : qPrintable(access.error().toString()));
    QCOMPARE(access->subject(), u"u-alice"_s);
    QCOMPARE(access->claim(u"client_id").toString(), u"app"_s);
    QCOMPARE(access->claim(u"preferred_username").toString(), u"alice"_s);
    QVERIFY(!access->id().isEmpty() && !access->sessionId().isEmpty());
    QCOMPARE(access->expiresAt(), std::optional(WallTime(p->clock.wallNow() + std::chrono::seconds(300))));
    const Result<Jwt> identity = p->verified(tokens, u"id_token"_s, u"jwt"_s, u"app"_s);
    QVERIFY(identity);
    QCOMPARE(identity->claim(u"nonce").toString(), u"n-1"_s);
    QCOMPARE(identity->sessionId(), access->sessionId());

    QCOMPARE(issued.count(), 2);
    const TokenRow row = issued.first().first().value<TokenRow>();
    QCOMPARE(row.id, access->id());
    QCOMPARE(row.kind, TokenKind::Access);
    QCOMPARE(issued.last().first().value<TokenRow>().kind, TokenKind::Refresh);
    QCOMPARE(p->auditTypes(), (QStringList{u"signin.succeeded"_s, u"token.issued"_s}));
    QVERIFY(!p->issuer->isRevoked(access->sessionId(), access->id()));
}

void TestIssuerSignIn::withoutOfflineAccess()
{
    Fields fields = p->authorizeFields();
    fields.insert(u"scope"_s, u"orders:read"_s);
    const Answer back = p->login(p->openLogin(fields), u"alice"_s, u"correct horse"_s);
    const Answer tokens = p->redeem(back.redirectValue(u"code"_s));
    QCOMPARE(tokens.status, 200);
    QVERIFY(!tokens.json().contains("refresh_token"_L1));
    QVERIFY(!tokens.json().contains("id_token"_L1));
    const QString sid = p->verified(tokens, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s)->sessionId();
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    p->issuer->revokeSession(sid, u"test"_s);
    QCOMPARE(revoked.count(), 1);
    QVERIFY(p->issuer->isRevoked(sid, {}));
}

void TestIssuerSignIn::authorizeShowsAPageAndNeverRedirects_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    const auto uri = [](const char *row, const QString &value) { QTest::newRow(row) << u"redirect_uri"_s << value; };
    QTest::newRow("unknown client") << u"client_id"_s << u"other"_s;
    QTest::newRow("no client") << u"client_id"_s << QString();
    uri("none", {});
    uri("another host", u"http://evil.test/callback"_s);
    uri("another path", u"http://127.0.0.1:49152/callback2"_s);
    uri("path with dots", u"http://127.0.0.1:49152/x/../callback"_s);
    uri("another query", u"http://127.0.0.1:49152/callback?a=1"_s);
    uri("localhost", u"http://localhost:49152/callback"_s);
    uri("https on loopback", u"https://127.0.0.1:49152/callback"_s);
    uri("user info", u"http://127.0.0.1:1@evil.test/callback"_s);
    uri("user info before loopback", u"http://evil@127.0.0.1:49152/callback"_s);
    uri("fragment", u"http://127.0.0.1:49152/callback#x"_s);
    uri("prefix", u"http://127.0.0.1:49152/callback/more"_s);
    uri("port of a web client", u"https://web.test:444/callback"_s);
    uri("script", u"javascript:alert(1)"_s);
    uri("header split", u"http://127.0.0.1:49152/callback\r\nX: y"_s);
}

void TestIssuerSignIn::authorizeShowsAPageAndNeverRedirects()
{
    QFETCH(QString, name);
    QFETCH(QString, value);
    Fields fields = p->authorizeFields();
    fields.insert(name, value);
    const Answer answer = p->get(u"/authorize?"_s + encoded(fields));
    QCOMPARE(answer.status, 400);
    QVERIFY(answer.header("Location").isEmpty());
    QVERIFY(answer.header("Content-Type").startsWith("text/html"));
}

void TestIssuerSignIn::authorizeErrors_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("error");
    const auto row = [](const char *title, const QString &name, const QString &value, const QString &error) {
        QTest::newRow(title) << name << value << error;
    };
    row("no response type", u"-response_type"_s, {}, u"invalid_request"_s);
    row("token response", u"response_type"_s, u"token"_s, u"unsupported_response_type"_s);
    row("hybrid response", u"response_type"_s, u"code id_token"_s, u"unsupported_response_type"_s);
    row("no challenge", u"-code_challenge"_s, {}, u"invalid_request"_s);
    row("short challenge", u"code_challenge"_s, u"abc"_s, u"invalid_request"_s);
    row("no method", u"-code_challenge_method"_s, {}, u"invalid_request"_s);
    row("plain method", u"code_challenge_method"_s, u"plain"_s, u"invalid_request"_s);
    row("unknown scope", u"scope"_s, u"openid admin"_s, u"invalid_scope"_s);
    row("prompt none", u"prompt"_s, u"none"_s, u"login_required"_s);
    row("prompt none and login", u"prompt"_s, u"none login"_s, u"invalid_request"_s);
    row("another resource", u"resource"_s, u"wss://evil.test"_s, u"invalid_target"_s);
    row("form post", u"response_mode"_s, u"form_post"_s, u"invalid_request"_s);
    row("request object", u"request"_s, u"e30."_s, u"request_not_supported"_s);
    row("request uri", u"request_uri"_s, u"https://evil.test"_s, u"request_uri_not_supported"_s);
    row("repeated", u"+scope"_s, u"openid"_s, u"invalid_request"_s);
}

void TestIssuerSignIn::authorizeErrors()
{
    QFETCH(QString, name);
    QFETCH(QString, value);
    QFETCH(QString, error);
    Fields fields = p->authorizeFields();
    QString more;
    if (name.startsWith(u'-'))
        fields.remove(name.sliced(1));
    else if (name.startsWith(u'+'))
        more = u"&"_s + name.sliced(1) + u"="_s + value;
    else
        fields.insert(name, value);
    const Answer answer = p->get(u"/authorize?"_s + encoded(fields) + more);
    QCOMPARE(answer.status, 303);
    QCOMPARE(answer.redirectValue(u"error"_s), error);
    QCOMPARE(answer.redirectValue(u"state"_s), u"st+a te&1"_s);
    QCOMPARE(answer.redirectValue(u"iss"_s), p->issuer->url().toString());
    QVERIFY(answer.redirectValue(u"code"_s).isEmpty());
}

void TestIssuerSignIn::cancelIsAccessDenied()
{
    const Answer page = p->openLogin(p->authorizeFields());
    Fields fields = hiddenFields(page);
    fields.insert(u"action"_s, u"cancel"_s);
    const Answer back = p->post(u"/login"_s, fields);
    QCOMPARE(back.status, 303);
    QCOMPARE(back.redirectValue(u"error"_s), u"access_denied"_s);
    QCOMPARE(p->login(page, u"alice"_s, u"correct horse"_s).status, 400);
}

void TestIssuerSignIn::wrongPassword()
{
    const Answer page = p->openLogin(p->authorizeFields());
    const Answer refused = p->login(page, u"alice"_s, u"wrong"_s);
    QCOMPARE(refused.status, 401);
    QVERIFY(refused.header("Location").isEmpty());
    QVERIFY(refused.body.contains("value=\"alice\""));
    QCOMPARE(p->auditTypes(), QStringList{u"signin.failed"_s});
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"wrong_password"_s);
    QCOMPARE(p->login(refused, u"alice"_s, u"correct horse"_s).status, 303);
}

void TestIssuerSignIn::unknownUserLooksTheSame()
{
    const Answer page = p->openLogin(p->authorizeFields());
    Answer known = p->login(page, u"alice"_s, u"wrong"_s);
    Answer unknown = p->login(page, u"eve<b>"_s, u"wrong"_s);
    QCOMPARE(unknown.status, 401);
    QVERIFY(!unknown.body.contains("eve<b>"));
    QCOMPARE(unknown.body.replace("eve&lt;b&gt;", "alice"), known.body);
    QVERIFY(!p->lastAudit().toBytes().contains("eve<"));
}

void TestIssuerSignIn::tooManyWrongPasswords()
{
    const Answer page = p->openLogin(p->authorizeFields());
    for (int i = 0; i < 5; ++i)
        QCOMPARE(p->login(page, u"alice"_s, u"wrong"_s).status, 401);
    const Answer braked = p->login(page, u"ALICE"_s, u"correct horse"_s);
    QCOMPARE(braked.status, 429);
    QCOMPARE(braked.header("Retry-After"), QByteArray("300"));
    QCOMPARE(p->auditTypes().last(), u"limit.hit"_s);
    QCOMPARE(p->login(page, u"bob"_s, u"tr0ub4dor"_s).status, 303);
    p->clock.advance(std::chrono::seconds(301));
    QCOMPARE(p->login(p->openLogin(p->authorizeFields()), u"alice"_s, u"correct horse"_s).status, 303);
}

void TestIssuerSignIn::fortyGuessesAtOnceAreFive()
{
    QList<Fields> guesses;
    for (int i = 0; i < 40; ++i) {
        Fields fields = hiddenFields(p->openLogin(p->authorizeFields()));
        fields.insert(u"username"_s, u"alice"_s);
        fields.insert(u"password"_s, u"guess %1"_s.arg(i));
        guesses.append(fields);
    }
    QHash<int, int> statuses;
    for (const Answer &answer : p->postAtOnce(u"/login"_s, guesses))
        ++statuses[answer.status];
    QCOMPARE(statuses.value(401), 5); // were looked at
    QCOMPARE(statuses.value(429), 35);
}

// Behind a proxy that names nobody all come from one address.
void TestIssuerSignIn::knownBrowserIsNotHeldUpByOthers()
{
    QCOMPARE(p->signIn().status, 200); // alice, in this browser
    QList<Fields> guesses;
    for (int i = 0; i < 100; ++i) {
        Fields fields = hiddenFields(p->openLogin(p->authorizeFields()));
        fields.insert(u"username"_s, u"nobody%1"_s.arg(i));
        fields.insert(u"password"_s, u"guess"_s);
        guesses.append(fields);
        if (guesses.size() == 5) {
            const QList<Answer> answers = p->postAtOnce(u"/login"_s, std::exchange(guesses, {}));
            for (const Answer &answer : answers)
                QCOMPARE(answer.status, 401);
        }
    }
    QCOMPARE(p->login(p->openLogin(p->authorizeFields()), u"bob"_s, u"tr0ub4dor"_s).status, 429);
    QCOMPARE(p->signIn().status, 200);
    // The browser is known for alice alone, and her own wrong passwords count there, too.
    for (int i = 0; i < 5; ++i)
        QCOMPARE(p->login(p->openLogin(p->authorizeFields()), u"alice"_s, u"wrong"_s).status, 401);
    QCOMPARE(p->login(p->openLogin(p->authorizeFields()), u"alice"_s, u"correct horse"_s).status, 429);
    p->forgetCookies();
    p->clock.advance(std::chrono::seconds(301));
    QCOMPARE(p->login(p->openLogin(p->authorizeFields()), u"bob"_s, u"tr0ub4dor"_s).status, 303);
}

void TestIssuerSignIn::floodOfAuthorizeStopsNobody()
{
    const Answer early = p->openLogin(p->authorizeFields());
    const QByteArray request =
        "GET /authorize?" + encoded(p->authorizeFields()).toLatin1() + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    for (int i = 0; i < 11; ++i)
        QCOMPARE(p->exchange(request.repeated(1'000)).count("HTTP/1.1 303"), 1'000); // as many as one connection may send
    QCOMPARE(p->login(early, u"bob"_s, u"tr0ub4dor"_s).status, 303);
    QCOMPARE(p->signIn().status, 200);
}

void TestIssuerSignIn::requestIsGoodForOneCode()
{
    const Answer page = p->openLogin(p->authorizeFields());
    QCOMPARE(p->login(page, u"alice"_s, u"correct horse"_s).status, 303);
    QCOMPARE(p->login(page, u"alice"_s, u"correct horse"_s).status, 400);
    Fields changed = hiddenFields(p->openLogin(p->authorizeFields()));
    QString &sealed = changed[u"request"_s];
    sealed[5] = sealed.at(5) == u'A' ? u'B' : u'A';
    changed.insert(u"username"_s, u"alice"_s);
    changed.insert(u"password"_s, u"correct horse"_s);
    QCOMPARE(p->post(u"/login"_s, changed).status, 400);
}

void TestIssuerSignIn::csrfIsNeeded()
{
    const Answer page = p->openLogin(p->authorizeFields());
    Fields fields = hiddenFields(page);
    fields.insert(u"username"_s, u"alice"_s);
    fields.insert(u"password"_s, u"correct horse"_s);
    Fields without = fields;
    without.remove(u"csrf"_s);
    QCOMPARE(p->post(u"/login"_s, without).status, 403);
    Fields wrong = fields;
    wrong.insert(u"csrf"_s, u"AAAAAAAAAAAAAAAAAAAAAA"_s);
    QCOMPARE(p->post(u"/login"_s, wrong).status, 403);
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"csrf"_s);
    QCOMPARE(p->post(u"/login"_s, fields, {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
    QCOMPARE(p->post(u"/login"_s, fields, {{"Sec-Fetch-Site", "same-origin"}}).status, 303);
}

// Browsers that do not know Sec-Fetch-Site.
void TestIssuerSignIn::formsOfOtherOrigins_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QByteArray>("origin"); // OWN is the issuer's
    QTest::addColumn<bool>("isRefused");
    for (const char *path : {"/login", "/account", "/account/end"}) {
        for (const char *origin :
             {"https://evil.test", "null", "http://127.0.0.1", "OWN.evil.test", "OWN0", "", "OWN\r\nOrigin: OWN"})
            QTest::addRow("%s from %s", path, origin) << QString::fromLatin1(path) << QByteArray(origin) << true;
        QTest::addRow("%s of its own", path) << QString::fromLatin1(path) << QByteArray("OWN") << false;
    }
    for (const char *path : {"/token", "/revoke", "/logout", "/authorize"})
        QTest::addRow("%s of an app's page", path) << QString::fromLatin1(path) << QByteArray("https://app.test") << false;
}

void TestIssuerSignIn::formsOfOtherOrigins()
{
    QFETCH(QString, path);
    QFETCH(QByteArray, origin);
    QFETCH(bool, isRefused);
    const Answer page = p->openLogin(p->authorizeFields());
    QCOMPARE(page.header("Referrer-Policy"), QByteArray("same-origin")); // else a browser would hide the Origin of our own form
    Fields fields = hiddenFields(page);
    fields.insert(u"username"_s, u"alice"_s);
    fields.insert(u"password"_s, u"correct horse"_s);
    const QByteArray body = encoded(fields).toUtf8();
    origin.replace("OWN", p->issuer->url().toString().toLatin1());
    const QByteArray answer = p->exchange("POST " + path.toLatin1()
                                          + " HTTP/1.1\r\nHost: somewhere.test\r\nConnection: close\r\nContent-Type: "
                                            "application/x-www-form-urlencoded\r\nContent-Length: "
                                          + QByteArray::number(body.size()) + "\r\nOrigin: " + origin + "\r\n\r\n" + body);
    const bool wasRefused = answer.contains("The form does not belong to this page. Start again.");
    QVERIFY2(wasRefused == isRefused, answer.constData());
    QVERIFY(answer.startsWith("HTTP/1.1 403 ") || !isRefused);
    QVERIFY(!isRefused || !answer.contains("Set-Cookie"));
    if (isRefused)
        QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"foreign_origin"_s);
    else if (path == "/login"_L1)
        QVERIFY(answer.startsWith("HTTP/1.1 303 "));
}

void TestIssuerSignIn::unknownAndExpiredLoginRequests()
{
    QCOMPARE(p->get(u"/login"_s).status, 400);
    QCOMPARE(p->get(u"/login?request=unknown"_s).status, 400);
    const Answer page = p->openLogin(p->authorizeFields());
    p->clock.advance(std::chrono::seconds(601));
    QCOMPARE(p->login(page, u"alice"_s, u"correct horse"_s).status, 400);
    QCOMPARE(p->auditTypes(), QStringList());
}

void TestIssuerSignIn::badOptions_data()
{
    QTest::addColumn<int>("which");
    QTest::addColumn<QString>("said");
    QTest::newRow("no audience") << 0 << u"no audience"_s;
    QTest::newRow("no client") << 1 << u"no client"_s;
    QTest::newRow("two users") << 2 << u"comes twice"_s;
    QTest::newRow("no hash") << 3 << u"no password hash"_s;
    QTest::newRow("http redirect") << 4 << u"http://a.test/"_s;
    QTest::newRow("keys without state") << 5 << u"state file"_s;
    QTest::newRow("lifetime") << 6 << u"lifetime"_s;
}

void TestIssuerSignIn::badOptions()
{
    QFETCH(int, which);
    QFETCH(QString, said);
    IssuerOptions options = p->options;
    switch (which) {
    case 0:
        options.audience.clear();
        break;
    case 1:
        options.clients.clear();
        break;
    case 2:
        options.users.append(options.users.first());
        break;
    case 3:
        options.users.first().passwordHash.clear();
        break;
    case 4:
        options.clients.first().redirectUris.append(u"http://a.test/"_s);
        break;
    case 5:
        options.keyFile = p->folder.filePath(u"k"_s);
        break;
    default:
        options.codeLifetime = std::chrono::seconds(0);
        break;
    }
    const Result<std::unique_ptr<Issuer>> made = Issuer::create(options, *p->log, p->clock);
    QVERIFY(!made);
    QCOMPARE(made.error().code(), ErrorCode::ConfigInvalid);
    QVERIFY2(made.error().detail().contains(said), qPrintable(made.error().detail()));
}

void TestIssuerSignIn::damagedFiles()
{
    IssuerOptions options = p->options;
    options.keyFile = p->folder.filePath(u"keys.json"_s);
    options.stateFile = p->folder.filePath(u"sessions.db"_s);
    QFile keys(options.keyFile);
    QVERIFY(keys.open(QIODevice::WriteOnly) && keys.write("{\"keys\":[{}]}") > 0);
    keys.close();
    QVERIFY(keys.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther));
    QCOMPARE(Issuer::create(options, *p->log, p->clock).error().code(), ErrorCode::PermissionDenied);
    QVERIFY(keys.setPermissions(QFile::ReadOwner | QFile::WriteOwner));
    QCOMPARE(Issuer::create(options, *p->log, p->clock).error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(keys.open(QIODevice::ReadOnly));
    QCOMPARE(keys.readAll(), QByteArray("{\"keys\":[{}]}"));
    keys.close();
    QVERIFY(keys.remove());
    QFile state(options.stateFile);
    QVERIFY(state.open(QIODevice::WriteOnly) && state.write(QByteArray(4096, 'x')) > 0);
    state.close();
    QCOMPARE(Issuer::create(options, *p->log, p->clock).error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(state.open(QIODevice::ReadOnly));
    QCOMPARE(state.readAll(), QByteArray(4096, 'x'));
}

WATCHWORD_TEST_MAIN(TestIssuerSignIn)
#include "tst_issuersignin.moc"
