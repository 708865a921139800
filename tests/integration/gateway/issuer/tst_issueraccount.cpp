// SPDX-License-Identifier: Apache-2.0
#include "issuerpeer.h"
#include "support/await.h"
#include "watchword/gateway/userfile.h"
#include "watchword/jose/passwordhash.h"

#include <QDeadlineTimer>
#include <QRegularExpression>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! What a person sees and ends at the embedded issuer, and which ends come without anybody's doing. */
class TestIssuerAccount : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void consentNamesRightsAndTime();
    void sessionsAreListedAndEnded();
    void allAtOnce();
    void wrongPasswords();
    void formsOfOthersEndNothing_data();
    void formsOfOthersEndNothing();
    void onlyOnesOwn();
    void visitsOfOnePerson();
    void sessionEndsForGood();
    void removedUserLosesTheSession();
    void userFile();
    void usersChangeWhileItRuns();
    void passwordChangedWhileItWasDown();

private:
    Answer open(const QString &name, const QString &password)
    {
        return p->post(u"/account"_s, {{u"username"_s, name}, {u"password"_s, password}});
    }
    Answer end(const QString &ticket, const QString &session, const QList<std::pair<QByteArray, QByteArray>> &headers = {})
    {
        return p->post(u"/account/end"_s, {{u"ticket"_s, ticket}, {u"session"_s, session}}, headers);
    }
    QString sessionOf(const Answer &tokens) const
    {
        return p->verified(tokens, u"access_token"_s, u"at+jwt"_s, u"wss://orders.test"_s)->sessionId();
    }
    static QString ticketOf(const Answer &page) { return hiddenFields(page).value(u"ticket"_s); }

    QTemporaryDir m_certificates;
    std::unique_ptr<IssuerPeer> p;
};

void TestIssuerAccount::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_certificates.path()));
}

void TestIssuerAccount::init()
{
    WatchwordTest::init();
    p = std::make_unique<IssuerPeer>(m_certificates.path());
    QVERIFY(p->start());
}

void TestIssuerAccount::consentNamesRightsAndTime()
{
    Fields fields = p->authorizeFields();
    fields.insert(u"scope"_s, u"openid offline_access orders:read"_s);
    const Answer lasting = p->openLogin(fields);
    for (const char *words : {"<strong>app</strong>", "for up to 90 days", "<li>orders:read</li>", "<li>know who you are</li>",
                              "<li>stay signed in while you are away</li>", "href=\"/account\""})
        QVERIFY2(lasting.body.contains(words), lasting.body.constData());
    fields.insert(u"scope"_s, u"openid"_s);
    const Answer brief = p->openLogin(fields);
    QVERIFY2(brief.body.contains("for up to 5 minutes") && !brief.body.contains("orders:read"), brief.body.constData());
    // It says so after a wrong password, too.
    QVERIFY(p->login(lasting, u"alice"_s, u"wrong"_s).body.contains("<li>orders:read</li>"));
}

void TestIssuerAccount::sessionsAreListedAndEnded()
{
    const Answer first = p->signIn();
    p->clock.advance(1min);
    const Answer second = p->signIn();
    QVERIFY(p->get(u"/account"_s).body.contains("name=\"password\""));
    const Answer page = open(u"alice"_s, u"correct horse"_s);
    QCOMPARE(page.status, 200);
    QCOMPARE(page.header("Cache-Control"), QByteArray("no-store"));
    QCOMPARE(page.body.count("<section>"), 2);
    QVERIFY(page.body.contains("<h2>app</h2>") && page.body.contains("<li>orders:read</li>"));
    QVERIFY(page.body.indexOf(sessionOf(second).toLatin1()) < page.body.indexOf(sessionOf(first).toLatin1())); // the newest first
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"account_page"_s);

    QSignalSpy revoked(p->issuer.get(), &Issuer::sessionRevoked);
    const Answer after = end(ticketOf(page), sessionOf(first));
    QCOMPARE(after.status, 200);
    QCOMPARE(after.body.count("<section>"), 1);
    QVERIFY(after.body.contains("The app is signed out.") && !after.body.contains(sessionOf(first).toLatin1()));
    QCOMPARE(revoked.count(), 1); // every connection of it goes
    QVERIFY(p->issuer->isRevoked(sessionOf(first), {}) && !p->issuer->isRevoked(sessionOf(second), {}));
    QCOMPARE(p->lastAudit().data.value("initiator"_L1).toString(), u"user"_s);
    QCOMPARE(p->refresh(first.text(u"refresh_token"_s)).text(u"error"_s), u"invalid_grant"_s);
    QCOMPARE(p->refresh(second.text(u"refresh_token"_s)).status, 200);
    // Twice is no mistake.
    QVERIFY(end(ticketOf(page), sessionOf(first)).body.contains("signed out already"));
}

void TestIssuerAccount::allAtOnce()
{
    const QList<Answer> tokens{p->signIn(), p->signIn(), p->signIn()};
    const Answer page = open(u"ALICE"_s, u"correct horse"_s);
    QVERIFY(page.body.contains("value=\"all\""));
    const Answer after = end(ticketOf(page), u"all"_s);
    QVERIFY2(after.body.contains("All apps are signed out.") && after.body.contains("No app is signed in as you."),
             after.body.constData());
    for (const Answer &answer : tokens)
        QCOMPARE(p->refresh(answer.text(u"refresh_token"_s)).status, 400);
}

void TestIssuerAccount::wrongPasswords()
{
    for (int i = 0; i < 5; ++i)
        QCOMPARE(open(u"alice"_s, u"wrong<b>"_s).status, 401);
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"wrong_password"_s);
    const Answer braked = open(u"alice"_s, u"correct horse"_s);
    QCOMPARE(braked.status, 429);
    QCOMPARE(braked.header("Retry-After"), QByteArray("300"));
    QVERIFY(ticketOf(braked).isEmpty());
    QCOMPARE(p->auditTypes().last(), u"limit.hit"_s);
    // One brake for both ways in.
    QCOMPARE(p->login(p->openLogin(p->authorizeFields()), u"alice"_s, u"correct horse"_s).status, 429);
    Answer unknown = open(u"eve<b>"_s, u"x"_s);
    QCOMPARE(unknown.status, 401);
    QVERIFY(!unknown.body.contains("<b>"));
    QCOMPARE(p->postBytes(u"/account"_s, "{}", "application/json").status, 415);
    QCOMPARE(
        p->post(u"/account"_s, {{u"username"_s, u"bob"_s}, {u"password"_s, u"tr0ub4dor"_s}}, {{"Sec-Fetch-Site", "cross-site"}})
            .status,
        403);
}

void TestIssuerAccount::formsOfOthersEndNothing_data()
{
    QTest::addColumn<QString>("ticket");
    QTest::addColumn<int>("minutes");
    QTest::addColumn<QByteArray>("site");
    QTest::newRow("made up") << u"AAAAAAAAAAAAAAAAAAAAAA"_s << 0 << QByteArray("same-origin");
    QTest::newRow("none") << QString() << 0 << QByteArray("same-origin");
    QTest::newRow("too old") << u"right"_s << 11 << QByteArray("same-origin");
    QTest::newRow("from another site") << u"right"_s << 0 << QByteArray("cross-site");
}

void TestIssuerAccount::formsOfOthersEndNothing()
{
    QFETCH(QString, ticket);
    QFETCH(int, minutes);
    QFETCH(QByteArray, site);
    const Answer tokens = p->signIn();
    const Answer page = open(u"alice"_s, u"correct horse"_s);
    p->clock.advance(std::chrono::minutes(minutes));
    const Answer answer = end(ticket == "right"_L1 ? ticketOf(page) : ticket, u"all"_s, {{"Sec-Fetch-Site", site}});
    QCOMPARE(answer.status, 403);
    QVERIFY(!p->auditTypes().contains(u"session.revoked"_s));
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 200);
}

void TestIssuerAccount::onlyOnesOwn()
{
    const Answer tokens = p->signIn(); // of alice
    const Answer page = open(u"bob"_s, u"tr0ub4dor"_s);
    QVERIFY(page.body.contains("No app is signed in as you.") && !page.body.contains("<section>"));
    Answer visit = open(u"bob"_s, u"tr0ub4dor"_s);
    const Answer bobs =
        p->redeem(p->login(p->openLogin(p->authorizeFields()), u"bob"_s, u"tr0ub4dor"_s).redirectValue(u"code"_s));
    QCOMPARE(bobs.status, 200);
    visit = open(u"bob"_s, u"tr0ub4dor"_s);
    QVERIFY(!ticketOf(visit).isEmpty());
    QVERIFY(end(ticketOf(visit), sessionOf(tokens)).body.contains("signed out already"));
    QVERIFY(end(ticketOf(visit), u"all"_s).body.contains("The app is signed out."));
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 200);
    QCOMPARE(p->refresh(bobs.text(u"refresh_token"_s)).status, 400);
}

void TestIssuerAccount::visitsOfOnePerson()
{
    // Without an app there is nothing to end, and no ticket.
    QCOMPARE(p->signIn().status, 200); // of alice
    const Answer code = p->login(p->openLogin(p->authorizeFields()), u"bob"_s, u"tr0ub4dor"_s);
    QCOMPARE(p->redeem(code.redirectValue(u"code"_s)).status, 200);
    const Answer bob = open(u"bob"_s, u"tr0ub4dor"_s);
    const Answer first = open(u"alice"_s, u"correct horse"_s);
    Answer last;
    for (int i = 0; i < 8; ++i) {
        p->clock.advance(1s);
        last = open(u"alice"_s, u"correct horse"_s);
        QCOMPARE(last.status, 200);
    }
    QCOMPARE(end(ticketOf(first), u"all"_s).status, 403);
    QCOMPARE(end(ticketOf(last), u"all"_s).status, 200);
    QCOMPARE(end(ticketOf(bob), u"all"_s).status, 200);
}

void TestIssuerAccount::sessionEndsForGood()
{
    p->options.refreshTokenLifetime = 2h;
    p->options.sessionLifetime = 5h;
    QVERIFY(p->start());
    Answer tokens = p->signIn();
    for (int hour = 1; hour <= 4; ++hour) {
        p->clock.advance(1h);
        tokens = p->refresh(tokens.text(u"refresh_token"_s));
        QCOMPARE(tokens.status, 200);
    }
    p->clock.advance(59min);
    tokens = p->refresh(tokens.text(u"refresh_token"_s));
    QCOMPARE(tokens.status, 200);
    p->clock.advance(1min); // five hours from the password, one minute from the last refresh
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).text(u"error"_s), u"invalid_grant"_s);
    QCOMPARE(p->lastAudit().data.value("reason_code"_L1).toString(), u"token_expired"_s);
    p->options.sessionLifetime = 0s;
    QVERIFY(!p->start());
}

void TestIssuerAccount::removedUserLosesTheSession()
{
    p->options.keyFile = p->folder.filePath(u"issuer/keys.json"_s);
    p->options.stateFile = p->folder.filePath(u"issuer/sessions.db"_s);
    p->options.url = QUrl(u"https://issuer.test"_s);
    QVERIFY(p->start());
    const Answer tokens = p->signIn();
    QVERIFY(p->start());
    QVERIFY(!p->issuer->isRevoked(sessionOf(tokens), {}));
    p->options.users.removeFirst(); // alice
    QVERIFY(p->start());
    QVERIFY(p->issuer->isRevoked(sessionOf(tokens), {})); // the access token is good for nothing, too
    QCOMPARE(p->firstAudit(u"session.revoked"_s).data.value("reason_code"_L1).toString(), u"user_removed"_s);
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 400);
}

void TestIssuerAccount::userFile()
{
    UserFile file(p->folder.filePath(u"state"_s));
    QVERIFY(file.read() && file.read()->isEmpty());
    const UserFile::User carol{u"Carol"_s, u"u-carol"_s, u"scrypt$x"_s, {u"orders:read"_s}, false, {}};
    QVERIFY(file.add(carol));
    QCOMPARE(file.add({u"cAROL"_s, u"u-2"_s, u"scrypt$x"_s, {}, false, {}}).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(file.add({u" x"_s, u"u-2"_s, u"scrypt$x"_s, {}, false, {}}).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(*file.read(), QList<UserFile::User>{carol});
    QVERIFY(file.setLocked(u"carol"_s, true));
    QVERIFY(file.read()->first().isLocked);
    QCOMPARE(file.setLocked(u"dave"_s, true).error().code(), ErrorCode::NotFound);
    QCOMPARE(QFile::permissions(file.fileName()) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
    QVERIFY(QFile::setPermissions(file.fileName(), QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther));
    QCOMPARE(file.read().error().code(), ErrorCode::PermissionDenied);
    QVERIFY(QFile::setPermissions(file.fileName(), QFile::ReadOwner | QFile::WriteOwner));
    QVERIFY(file.remove(u"carol"_s));
    QVERIFY(file.read()->isEmpty());
    QFile damaged(file.fileName());
    QVERIFY(damaged.open(QIODevice::WriteOnly) && damaged.write("{\"users\":[{}]}") > 0);
    damaged.close();
    QCOMPARE(file.read().error().code(), ErrorCode::StoreCorrupt);
    QCOMPARE(file.add(carol).error().code(), ErrorCode::StoreCorrupt); // what is there is not overwritten
}

void TestIssuerAccount::usersChangeWhileItRuns()
{
    p->options.userFolder = p->folder.filePath(u"state"_s);
    QVERIFY(QDir().mkpath(p->options.userFolder));
    QVERIFY(p->start());
    const auto signIn = [this](const QString &password) {
        return p->redeem(p->login(p->openLogin(p->authorizeFields()), u"carol"_s, password).redirectValue(u"code"_s));
    };
    // Each try with a wrong password counts for the brake of the account: not as often as waitUntil() asks.
    const auto comesTrue = [](const std::function<bool()> &what) {
        QDeadlineTimer next(0);
        return Support::waitUntil([&] {
            if (!next.hasExpired())
                return false;
            next.setRemainingTime(500ms);
            return what();
        });
    };
    UserFile file(p->options.userFolder);
    const QString first = hashPassword(Secret::copy("first"), {.n = 1024, .r = 8, .p = 1}).value();
    const QString second = hashPassword(Secret::copy("second"), {.n = 1024, .r = 8, .p = 1}).value();
    QVERIFY(file.add({u"carol"_s, u"u-carol"_s, first, {u"orders:read"_s}, false, {}}));
    QVERIFY(comesTrue([&] { return signIn(u"first"_s).status == 200; }));
    const Answer tokens = signIn(u"first"_s);
    p->clock.advance(std::chrono::seconds(1));
    QVERIFY(file.setPassword(u"carol"_s, second, p->clock.wallNow()));
    QVERIFY(comesTrue([&] { return p->issuer->isRevoked(sessionOf(tokens), {}); }));
    QCOMPARE(p->firstAudit(u"session.revoked"_s).data.value("reason_code"_L1).toString(), u"password_changed"_s);
    QCOMPARE(p->refresh(tokens.text(u"refresh_token"_s)).status, 400);
    const Answer again = signIn(u"second"_s);
    QCOMPARE(again.status, 200);
    QVERIFY(file.setLocked(u"carol"_s, true));
    QVERIFY(comesTrue([&] { return p->issuer->isRevoked(sessionOf(again), {}); }));
    QCOMPARE(signIn(u"second"_s).status, 400); // there was no code
    QCOMPARE(p->auditTypes().contains(u"signin.failed"_s), true);
    QVERIFY(file.setLocked(u"carol"_s, false));
    QVERIFY(comesTrue([&] { return signIn(u"second"_s).status == 200; }));
    QVERIFY(file.remove(u"carol"_s));
    QVERIFY(comesTrue([&] { return signIn(u"second"_s).status == 400; }));
}

void TestIssuerAccount::passwordChangedWhileItWasDown()
{
    p->options.keyFile = p->folder.filePath(u"issuer/keys.json"_s);
    p->options.stateFile = p->folder.filePath(u"issuer/sessions.db"_s);
    p->options.userFolder = p->folder.filePath(u"issuer"_s);
    p->options.url = QUrl(u"https://issuer.test"_s);
    UserFile file(p->options.userFolder);
    const QString hash = hashPassword(Secret::copy("first"), {.n = 1024, .r = 8, .p = 1}).value();
    QVERIFY(file.add({u"carol"_s, u"u-carol"_s, hash, {}, false, {}}));
    QVERIFY(p->start());
    const Answer tokens =
        p->redeem(p->login(p->openLogin(p->authorizeFields()), u"carol"_s, u"first"_s).redirectValue(u"code"_s));
    QCOMPARE(tokens.status, 200);
    p->issuer.reset();
    p->clock.advance(std::chrono::seconds(1));
    QVERIFY(file.setPassword(u"carol"_s, hash, p->clock.wallNow()));
    QVERIFY(p->start());
    QVERIFY(p->issuer->isRevoked(sessionOf(tokens), {}));
}

WATCHWORD_TEST_MAIN(TestIssuerAccount)
#include "tst_issueraccount.moc"
