// SPDX-License-Identifier: Apache-2.0
#include "issuerpeer.h"

#include <QFileInfo>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! The embedded issuer over real HTTPS, driven as an app would: codes, refresh tokens, revocation, restarts. */
class TestIssuerTokens : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void cleanup();
    void tokenErrors_data();
    void tokenErrors();
    void codeIsRefused_data();
    void codeIsRefused();
    void codeReplayEndsTheSession();
    void refreshRotates();
    void reuseEndsTheSession();
    void graceAllowsTheTokenBefore();
    void refreshOfAnotherClientIsRefused();
    void narrowerAndWiderScopes();
    void revokeRefreshToken();
    void revokeAccessToken();
    void logoutEndsTheSession();
    void sessionSurvivesARestart();
    void sessionsOfANewerFormatAreRefused();
    void keysRotate();
    void noSecretInTheAudit();

private:
    QTemporaryDir m_certificates;
    std::unique_ptr<IssuerPeer> p;
};

void TestIssuerTokens::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_certificates.path()));
}

void TestIssuerTokens::init()
{
    WatchwordTest::init();
    p = std::make_unique<IssuerPeer>(m_certificates.path());
    QVERIFY(p->start());
}

void TestIssuerTokens::cleanup()
{
    if (p && p->log)
        QVERIFY(p->log->verify());
    p.reset();
}

void TestIssuerTokens::tokenErrors_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("error");
    const auto row = [](const char *title, const QString &name, const QString &value, int status, const QString &error) {
        QTest::newRow(title) << name << value << status << error;
    };
    row("no grant", u"-grant_type"_s, {}, 400, u"invalid_request"_s);
    row("password grant", u"grant_type"_s, u"password"_s, 400, u"unsupported_grant_type"_s);
    row("no client", u"-client_id"_s, {}, 400, u"invalid_request"_s);
    row("unknown client", u"client_id"_s, u"other"_s, 401, u"invalid_client"_s);
    row("a secret", u"client_secret"_s, u"x"_s, 401, u"invalid_client"_s);
    row("no code", u"-code"_s, {}, 400, u"invalid_request"_s);
    row("unknown code", u"code"_s, u"abc"_s, 400, u"invalid_grant"_s);
    row("no verifier", u"-code_verifier"_s, {}, 400, u"invalid_request"_s);
    row("no redirect uri", u"-redirect_uri"_s, {}, 400, u"invalid_request"_s);
    row("another resource", u"resource"_s, u"https://evil.test"_s, 400, u"invalid_target"_s);
    row("repeated", u"+code"_s, u"abc"_s, 400, u"invalid_request"_s);
}

void TestIssuerTokens::tokenErrors()
{
    QFETCH(QString, name);
    QFETCH(QString, value);
    QFETCH(int, status);
    QFETCH(QString, error);
    Fields fields = p->redeemFields(p->code());
    QByteArray more;
    if (name.startsWith(u'-'))
        fields.remove(name.sliced(1));
    else if (name.startsWith(u'+'))
        more = "&" + name.sliced(1).toLatin1() + "=" + value.toLatin1();
    else
        fields.insert(name, value);
    const Answer answer = p->postBytes(u"/token"_s, encoded(fields).toLatin1() + more, "application/x-www-form-urlencoded");
    QCOMPARE(answer.status, status);
    QCOMPARE(answer.json().value("error"_L1).toString(), error);
    QCOMPARE(answer.header("Cache-Control"), QByteArray("no-store"));
    QCOMPARE(p->postBytes(u"/token"_s, "{}", "application/json").json().value("error"_L1).toString(), u"invalid_request"_s);
    const Answer basic = p->post(u"/token"_s, p->redeemFields(u"x"_s), {{"Authorization", "Basic YTpi"}});
    QCOMPARE(basic.status, 401);
    QVERIFY(basic.header("WWW-Authenticate").startsWith("Basic"));
}

void TestIssuerTokens::codeIsRefused_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("reason");
    QTest::newRow("pkce") << u"code_verifier"_s << QString(43, u'x') << u"pkce_mismatch"_s;
    QTest::newRow("short verifier") << u"code_verifier"_s << u"x"_s << u"pkce_mismatch"_s;
    QTest::newRow("client") << u"client_id"_s << u"web"_s << u"client_mismatch"_s;
    QTest::newRow("redirect uri") << u"redirect_uri"_s << u"http://127.0.0.1:49153/callback"_s << u"redirect_uri_mismatch"_s;
    QTest::newRow("late") << u"late"_s << QString() << u"code_expired"_s;
}

void TestIssuerTokens::codeIsRefused()
{
    QFETCH(QString, name);
    QFETCH(QString, value);
    QFETCH(QString, reason);
    QSignalSpy issued(p->issuer.get(), &Issuer::tokenIssued);
    const QString code = p->code();
    Fields fields = p->redeemFields(code);
    if (name == "late"_L1)
        p->clock.advance(std::chrono::seconds(61));
    else
        fields.insert(name, value);
    const Answer refused = p->post(u"/token"_s, fields);
    QCOMPARE(refused.status, 400);
    QCOMPARE(refused.json().value("error"_L1).toString(), u"invalid_grant"_s);
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), reason);
    // One try is all a code has, also for its owner.
    QCOMPARE(p->redeem(code).status, 400);
    QCOMPARE(issued.count(), 0);
}

void TestIssuerTokens::codeReplayEndsTheSession()
{
    const QString code = p->code();
    const Answer tokens = p->redeem(code);
    QCOMPARE(tokens.status, 200);
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    const Answer replay = p->redeem(code);
    QCOMPARE(replay.status, 400);
    QCOMPARE(revoked.count(), 1);
    QVERIFY(p->issuer->isRevoked(revoked.first().first().toString(), {}));
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 400);
}

void TestIssuerTokens::refreshRotates()
{
    const Answer first = p->signIn();
    QSignalSpy ended(p->issuer.get(), &Issuer::tokenEnded);
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    QString current = first.text(u"refresh_token"_s);
    for (int i = 0; i < 5; ++i) {
        p->clock.advance(std::chrono::seconds(200));
        const Answer next = p->refresh(current);
        QCOMPARE(next.status, 200);
        QVERIFY(next.text(u"refresh_token"_s) != current);
        const Result<Jwt> access = p->verified(next, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s);
        QVERIFY(access);
        QVERIFY(!p->verified(next, u"id_token"_s, u"jwt"_s, u"app"_s)->claims().contains("nonce"_L1));
        current = next.text(u"refresh_token"_s);
    }
    QCOMPARE(ended.count(), 10);
    QCOMPARE(ended.first().last().toString(), u"replaced"_s);
    QCOMPARE(revoked.count(), 0);
    QCOMPARE(p->auditTypes().last(), u"token.refreshed"_s);
    p->clock.advance(std::chrono::hours(25));
    const Answer late = p->refresh(current);
    QCOMPARE(late.json().value("error"_L1).toString(), u"invalid_grant"_s);
    QCOMPARE(p->auditTypes().last(), u"token.refresh_failed"_s);
    QCOMPARE(p->refresh(u"made.up"_s).json().value("error"_L1).toString(), u"invalid_grant"_s);
    QCOMPARE(revoked.count(), 0);
}

void TestIssuerTokens::reuseEndsTheSession()
{
    const Answer first = p->signIn();
    const Answer second = p->refresh(first.text(u"refresh_token"_s));
    QCOMPARE(second.status, 200);
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    QSignalSpy ended(p->issuer.get(), &Issuer::tokenEnded);
    const Answer reuse = p->refresh(first.text(u"refresh_token"_s));
    QCOMPARE(reuse.json().value("error"_L1).toString(), u"invalid_grant"_s);
    QCOMPARE(revoked.count(), 1);
    QCOMPARE(ended.first().last().toString(), u"reused"_s);
    QVERIFY(p->auditTypes().contains(u"session.revoked"_s));
    const AuditEvent event = p->firstAudit(u"token.reused"_s);
    QCOMPARE(event.data.value("severity"_L1).toInt(), 5);
    QCOMPARE(event.subject, revoked.first().first().toString());
    // The thief and the owner both hold nothing now.
    QCOMPARE(p->refresh(second.text(u"refresh_token"_s)).status, 400);
    QCOMPARE(revoked.count(), 1);
}

void TestIssuerTokens::graceAllowsTheTokenBefore()
{
    p->options.reuseGrace = std::chrono::seconds(10);
    QVERIFY(p->start());
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    const QString first = p->signIn().text(u"refresh_token"_s);
    const QString lost = p->refresh(first).text(u"refresh_token"_s);
    p->clock.advance(std::chrono::seconds(5));
    const Answer again = p->refresh(first);
    QCOMPARE(again.status, 200);
    QCOMPARE(revoked.count(), 0);
    p->clock.advance(std::chrono::seconds(6));
    // Eleven seconds after its first use the grace is over, although it was used in between.
    QCOMPARE(p->refresh(first).status, 400);
    QCOMPARE(revoked.count(), 1);
    QCOMPARE(p->refresh(lost).status, 400);
}

void TestIssuerTokens::refreshOfAnotherClientIsRefused()
{
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    const QString token = p->signIn().text(u"refresh_token"_s);
    Fields fields = p->refreshFields(token);
    fields.insert(u"client_id"_s, u"web"_s);
    QCOMPARE(p->post(u"/token"_s, fields).json().value("error"_L1).toString(), u"invalid_grant"_s);
    QCOMPARE(revoked.count(), 0);
    QCOMPARE(p->refresh(token).status, 200);
}

void TestIssuerTokens::narrowerAndWiderScopes()
{
    Fields fields = p->refreshFields(p->signIn().text(u"refresh_token"_s));
    fields.insert(u"scope"_s, u"openid orders:write"_s);
    QCOMPARE(p->post(u"/token"_s, fields).json().value("error"_L1).toString(), u"invalid_scope"_s);
    fields.insert(u"scope"_s, u"orders:read"_s);
    const Answer narrow = p->post(u"/token"_s, fields);
    QCOMPARE(narrow.text(u"scope"_s), u"orders:read"_s);
    QCOMPARE(p->refresh(narrow.text(u"refresh_token"_s)).text(u"scope"_s), u"openid offline_access orders:read"_s);
}

void TestIssuerTokens::revokeRefreshToken()
{
    const Answer tokens = p->signIn();
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    QSignalSpy ended(p->issuer.get(), &Issuer::tokenEnded);
    const Fields fields{{u"token"_s, tokens.text(u"refresh_token"_s)}, {u"client_id"_s, u"app"_s}};
    Fields other = fields;
    other.insert(u"client_id"_s, u"web"_s);
    QCOMPARE(p->post(u"/revoke"_s, other).status, 200);
    QCOMPARE(revoked.count(), 0);
    QCOMPARE(p->post(u"/revoke"_s, fields).status, 200);
    QCOMPARE(revoked.count(), 1);
    QCOMPARE(ended.first().last().toString(), u"signed_out"_s);
    QCOMPARE(p->post(u"/revoke"_s, fields).status, 200);
    QCOMPARE(revoked.count(), 1);
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 400);
    QCOMPARE(p->post(u"/revoke"_s, {{u"token"_s, u"unknown"_s}, {u"client_id"_s, u"app"_s}}).status, 200);
    QCOMPARE(p->post(u"/revoke"_s, {{u"client_id"_s, u"app"_s}}).status, 400);
}

void TestIssuerTokens::revokeAccessToken()
{
    const Answer tokens = p->signIn();
    const Result<Jwt> access = p->verified(tokens, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s);
    QVERIFY(access);
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    QCOMPARE(p->post(u"/revoke"_s, {{u"token"_s, tokens.text(u"access_token"_s)}, {u"client_id"_s, u"app"_s}}).status, 200);
    QVERIFY(p->issuer->isRevoked(access->sessionId(), access->id()));
    QVERIFY(!p->issuer->isRevoked(access->sessionId(), u"another"_s));
    QCOMPARE(revoked.count(), 0);
    QCOMPARE(p->auditTypes().last(), u"token.revoked"_s);
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 200);
}

void TestIssuerTokens::logoutEndsTheSession()
{
    const Answer tokens = p->signIn();
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    QCOMPARE(p->get(u"/logout"_s).status, 200);
    QCOMPARE(p->get(u"/logout?id_token_hint=nonsense"_s).status, 400);
    // An access token is no proof of the browser's session.
    QCOMPARE(p->get(u"/logout?id_token_hint="_s + tokens.text(u"access_token"_s)).status, 400);
    QCOMPARE(revoked.count(), 0);
    p->clock.advance(std::chrono::hours(2)); // an expired hint is still one
    Fields fields{{u"id_token_hint"_s, tokens.text(u"id_token"_s)},
                  {u"state"_s, u"bye"_s},
                  {u"post_logout_redirect_uri"_s, u"http://evil.test/"_s}};
    const Answer page = p->get(u"/logout?"_s + encoded(fields));
    QCOMPARE(page.status, 200);
    QVERIFY(page.header("Location").isEmpty());
    QCOMPARE(revoked.count(), 1);
    fields.insert(u"post_logout_redirect_uri"_s, u"http://127.0.0.1:5000/bye"_s);
    QCOMPARE(p->get(u"/logout?"_s + encoded(fields)).header("Location"), QByteArray("http://127.0.0.1:5000/bye?state=bye"));
    QCOMPARE(revoked.count(), 1);
}

void TestIssuerTokens::sessionSurvivesARestart()
{
    p->options.keyFile = p->folder.filePath(u"issuer/keys.json"_s);
    p->options.stateFile = p->folder.filePath(u"issuer/sessions.db"_s);
    p->options.url = QUrl(u"https://issuer.test"_s);
    QVERIFY(p->start());
    const Answer tokens = p->signIn();
    const Answer gone = p->signIn();
    const QString goneSid = p->verified(gone, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s)->sessionId();
    QCOMPARE(p->issuer->revokeSession(goneSid, u"test"_s), 1);
    QCOMPARE(p->issuer->revokeSession(goneSid, u"test"_s), 0);
    QCOMPARE(QFileInfo(p->options.keyFile).permissions() & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
    const Answer second = p->refresh(tokens.text(u"refresh_token"_s));
    const QByteArray keys = p->issuer->publicKeys().toBytes();

    QVERIFY(p->start());
    QCOMPARE(p->issuer->publicKeys().toBytes(), keys);
    QVERIFY(p->issuer->isRevoked(goneSid, {}));
    QCOMPARE(p->refresh(gone.text(u"refresh_token"_s)).status, 400);
    const Answer third = p->refresh(second.text(u"refresh_token"_s));
    QCOMPARE(third.status, 200);
    QFile state(p->options.stateFile);
    QVERIFY(state.open(QIODevice::ReadOnly));
    QVERIFY(!state.readAll().contains(third.text(u"refresh_token"_s).toLatin1()));

    QVERIFY(p->start());
    // What was spent before the restart is still known as spent.
    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    QCOMPARE(p->refresh(second.text(u"refresh_token"_s)).status, 400);
    QCOMPARE(revoked.count(), 1);
}

void TestIssuerTokens::sessionsOfANewerFormatAreRefused()
{
    constexpr qint64 kUserVersion = 60; // where SQLite keeps it in the first page of a database, in four bytes
    p->options.keyFile = p->folder.filePath(u"issuer/keys.json"_s);
    p->options.stateFile = p->folder.filePath(u"issuer/sessions.db"_s);
    QVERIFY(p->start());
    QCOMPARE(p->signIn().status, 200);
    p->issuer.reset();
    QFile state(p->options.stateFile);
    QVERIFY(state.open(QIODevice::ReadWrite) && state.seek(kUserVersion) && state.write(QByteArray("\0\0\0\x63", 4)) == 4);
    state.close();
    Result<std::unique_ptr<Issuer>> made = Issuer::create(p->options, *p->log, p->clock);
    QVERIFY(!made);
    QCOMPARE(made.error().code(), ErrorCode::StoreCorrupt);
    QVERIFY2(made.error().detail().contains(u"format 99"_s), qPrintable(made.error().detail()));
    QVERIFY(state.open(QIODevice::ReadOnly) && state.seek(kUserVersion + 3));
    QCOMPARE(state.read(1), QByteArray("\x63")); // as the newer program left it
}

void TestIssuerTokens::keysRotate()
{
    Result<KeyRing> ring = KeyRing::open({}, std::chrono::hours(24), std::chrono::minutes(10), p->clock.wallNow());
    QVERIFY(ring);
    const QString first = ring->current().keyId();
    QVERIFY(!*ring.value().rotate(p->clock.wallNow()));
    const QList<Jwk> published = ring->publicKeys().keys();
    p->clock.advance(std::chrono::hours(24));
    QVERIFY(*ring.value().rotate(p->clock.wallNow()));
    QCOMPARE(ring->current().keyId(), published.at(1).keyId()); // it had been published ahead
    QVERIFY(ring->publicKeys().containsKeyId(first));
    QCOMPARE(ring->publicKeys().keys().size(), 3);
    p->clock.advance(std::chrono::minutes(11));
    QVERIFY(*ring.value().rotate(p->clock.wallNow()));
    QVERIFY(!ring->publicKeys().containsKeyId(first));
}

void TestIssuerTokens::noSecretInTheAudit()
{
    const QString code = p->code();
    const Answer tokens = p->redeem(code);
    const Answer next = p->refresh(tokens.text(u"refresh_token"_s));
    p->refresh(tokens.text(u"refresh_token"_s));
    p->login(p->openLogin(p->authorizeFields()), u"alice"_s, u"canary-password"_s);
    QByteArray all;
    for (const AuditEvent &event : p->audit())
        all += event.toBytes();
    QVERIFY(all.size() > 1000);
    for (const QString &secret :
         {code, tokens.text(u"access_token"_s), tokens.text(u"refresh_token"_s), tokens.text(u"id_token"_s),
          next.text(u"refresh_token"_s), next.text(u"access_token"_s).section(u'.', 2), u"canary-password"_s})
        QVERIFY(!secret.isEmpty() && !all.contains(secret.toLatin1()));
}

WATCHWORD_TEST_MAIN(TestIssuerTokens)
#include "tst_issuertokens.moc"
