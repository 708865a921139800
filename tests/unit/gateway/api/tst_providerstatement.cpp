// SPDX-License-Identifier: Apache-2.0
#include "api/providerstatement.h"
#include "support/testmain.h"

#include <QJsonArray>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QString kCaepEvents = u"https://schemas.openid.net/secevent/caep/event-type/"_s;
const QString kIssuerName = u"https://issuer.test"_s;

} // namespace

/*! What claims of logout tokens and security event tokens mean; signatures are proven elsewhere. */
class TestProviderStatement : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void logoutTokens_data();
    void logoutTokens();
    void logoutBySubjectEndsEarlierSignIns();
    void eventSubjects_data();
    void eventSubjects();
    void eventKinds_data();
    void eventKinds();
    void brokenEvents_data();
    void brokenEvents();
    void verification();

private:
    static QJsonObject logout();
    static QJsonObject event(const QString &type, const QJsonObject &subject, const QJsonObject &more = {});

    const WallTime m_now = wallTimeFromSeconds(1'700'000'000);
};

QJsonObject TestProviderStatement::logout()
{
    return {{"iss"_L1, kIssuerName},
            {"aud"_L1, u"app"_s},
            {"iat"_L1, 1'700'000'000},
            {"jti"_L1, u"j-1"_s},
            {"sub"_L1, u"ada"_s},
            {"sid"_L1, u"s-1"_s},
            {"events"_L1, QJsonObject{{u"http://schemas.openid.net/event/backchannel-logout"_s, QJsonObject()}}}};
}

QJsonObject TestProviderStatement::event(const QString &type, const QJsonObject &subject, const QJsonObject &more)
{
    return {{"iss"_L1, kIssuerName}, {"aud"_L1, u"stream"_s}, {"iat"_L1, 1'700'000'000},
            {"jti"_L1, u"j-1"_s},    {"sub_id"_L1, subject},  {"events"_L1, QJsonObject{{kCaepEvents + type, more}}}};
}

void TestProviderStatement::logoutTokens_data()
{
    QTest::addColumn<QString>("member");
    QTest::addColumn<QJsonValue>("value"); // undefined removes it
    QTest::addColumn<int>("code"); // 0: it is taken
    const auto row = [](const char *name, const QString &member, const QJsonValue &value, int code) {
        QTest::newRow(name) << member << value << code;
    };
    const QJsonValue gone(QJsonValue::Undefined);
    const int missing = int(ErrorCode::MissingClaim);
    row("as it should be", u"extra"_s, 1, 0);
    row("no sub", u"sub"_s, gone, 0);
    row("no sid", u"sid"_s, gone, 0);
    row("empty sid", u"sid"_s, u""_s, missing);
    row("sid is a number", u"sid"_s, 7, missing);
    row("sub is a list", u"sub"_s, QJsonArray{u"ada"_s}, missing);
    row("endless sid", u"sid"_s, QString(2'000, u'x'), missing);
    row("nonce", u"nonce"_s, u"n"_s, int(ErrorCode::MalformedToken));
    row("no events", u"events"_s, gone, missing);
    row("events is a text", u"events"_s, u"http://schemas.openid.net/event/backchannel-logout"_s, missing);
    row("another event", u"events"_s, QJsonObject{{u"urn:x"_s, QJsonObject()}}, missing);
    row("event is no object", u"events"_s, QJsonObject{{u"http://schemas.openid.net/event/backchannel-logout"_s, true}}, missing);
    row("no jti", u"jti"_s, gone, missing);
    row("no iat", u"iat"_s, gone, missing);
    row("iat is a text", u"iat"_s, u"1700000000"_s, missing);
    row("iat in another age", u"iat"_s, 1e300, missing);
    row("no iss", u"iss"_s, gone, missing);
    row("from tomorrow", u"iat"_s, 1'700'086'400, int(ErrorCode::TokenNotYetValid));
    row("old", u"iat"_s, 1'699'999'399, int(ErrorCode::TokenExpired));
}

void TestProviderStatement::logoutTokens()
{
    QFETCH(QString, member);
    QFETCH(QJsonValue, value);
    QFETCH(int, code);
    QJsonObject claims = logout();
    if (value.isUndefined())
        claims.remove(member);
    else
        claims.insert(member, value);
    const Result<ProviderStatement> statement = readLogoutToken(claims, m_now);
    QCOMPARE(statement ? 0 : int(statement.error().code()), code);
    if (!statement)
        return;
    QCOMPARE(statement->target.issuer, kIssuerName);
    QCOMPARE(statement->mode, Lock::Mode::Revoked);
    const bool isSession = claims.contains("sid"_L1);
    QCOMPARE(statement->target.kind, isSession ? LockTarget::Kind::Session : LockTarget::Kind::User);
    QCOMPARE(statement->target.value, isSession ? u"s-1"_s : u"ada"_s);
    QCOMPARE(statement->before.has_value(), !isSession);
    QCOMPARE(statement->target.subject, isSession ? claims.value("sub"_L1).toString() : QString());
}

void TestProviderStatement::logoutBySubjectEndsEarlierSignIns()
{
    QJsonObject claims = logout();
    claims.remove("sid"_L1);
    claims.insert("iat"_L1, 1'699'999'990);
    QCOMPARE(readLogoutToken(claims, m_now)->before, std::optional<WallTime>(m_now - 10s));
    claims.insert("iat"_L1, 1'700'000'005); // a clock that is ahead says nothing about sign-ins to come
    QCOMPARE(readLogoutToken(claims, m_now)->before, std::optional<WallTime>(m_now));
}

void TestProviderStatement::eventSubjects_data()
{
    QTest::addColumn<QJsonObject>("subject");
    QTest::addColumn<int>("kind"); // -1: nothing is known by it
    QTest::addColumn<QString>("value");
    using Kind = LockTarget::Kind;
    const QJsonObject user{{"format"_L1, u"iss_sub"_s}, {"iss"_L1, kIssuerName}, {"sub"_L1, u"ada"_s}};
    const QJsonObject session{{"format"_L1, u"opaque"_s}, {"id"_L1, u"s-1"_s}};
    QTest::newRow("iss_sub") << user << int(Kind::User) << u"ada"_s;
    QTest::newRow("opaque") << session << int(Kind::Session) << u"s-1"_s;
    QTest::newRow("jwt_id") << QJsonObject{{"format"_L1, u"jwt_id"_s}, {"iss"_L1, kIssuerName}, {"jti"_L1, u"t-1"_s}}
                            << int(Kind::Token) << u"t-1"_s;
    QTest::newRow("complex") << QJsonObject{{"format"_L1, u"complex"_s}, {"user"_L1, user}, {"session"_L1, session}}
                             << int(Kind::Session) << u"s-1"_s;
    QTest::newRow("complex without session")
        << QJsonObject{{"format"_L1, u"complex"_s}, {"user"_L1, user}} << int(Kind::User) << u"ada"_s;
    QTest::newRow("an older draft") << QJsonObject{{"subject_type"_L1, u"iss_sub"_s},
                                                   {"iss"_L1, kIssuerName},
                                                   {"sub"_L1, u"ada"_s}}
                                    << int(Kind::User) << u"ada"_s;
    QTest::newRow("email") << QJsonObject{{"format"_L1, u"email"_s}, {"email"_L1, u"ada@example.com"_s}} << -1 << QString();
    QTest::newRow("nothing") << QJsonObject() << -1 << QString();
}

void TestProviderStatement::eventSubjects()
{
    QFETCH(QJsonObject, subject);
    QFETCH(int, kind);
    QFETCH(QString, value);
    for (const bool inEvent : {false, true}) { // where the drafts before had it
        QJsonObject claims = event(u"session-revoked"_s, subject);
        if (inEvent) {
            claims.remove("sub_id"_L1);
            claims.insert("events"_L1, QJsonObject{{kCaepEvents + u"session-revoked"_s, QJsonObject{{"subject"_L1, subject}}}});
        }
        const Result<ProviderEvents> read = readSecurityEvents(claims, m_now);
        QVERIFY(read);
        QCOMPARE(read->statements.size(), kind < 0 ? 0 : 1);
        if (kind < 0)
            continue;
        QCOMPARE(int(read->statements.first().target.kind), kind);
        QCOMPARE(read->statements.first().target.value, value);
        QCOMPARE(read->statements.first().target.issuer, kIssuerName);
    }
}

void TestProviderStatement::eventKinds_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QJsonObject>("more");
    QTest::addColumn<int>("mode"); // -1: it ends nothing
    const QJsonObject at{{"event_timestamp"_L1, 1'699'999'000}, {"initiating_entity"_L1, u"policy"_s}};
    QTest::newRow("session revoked") << u"session-revoked"_s << at << int(Lock::Mode::Revoked);
    QTest::newRow("claims changed") << u"token-claims-change"_s << at << int(Lock::Mode::Outdated);
    QJsonObject change = at;
    change.insert("change_type"_L1, u"update"_s);
    QTest::newRow("password changed") << u"credential-change"_s << change << int(Lock::Mode::Revoked);
    change.insert("change_type"_L1, u"create"_s);
    QTest::newRow("a second key") << u"credential-change"_s << change << -1;
    QTest::newRow("stronger") << u"assurance-level-change"_s << at << -1;
    QTest::newRow("of tomorrow") << u"something-new"_s << at << -1;
}

void TestProviderStatement::eventKinds()
{
    QFETCH(QString, type);
    QFETCH(QJsonObject, more);
    QFETCH(int, mode);
    const QJsonObject user{{"format"_L1, u"iss_sub"_s}, {"iss"_L1, kIssuerName}, {"sub"_L1, u"ada"_s}};
    const Result<ProviderEvents> read = readSecurityEvents(event(type, user, more), m_now);
    QVERIFY(read);
    QCOMPARE(read->statements.size(), mode < 0 ? 0 : 1);
    if (mode < 0)
        return;
    const ProviderStatement &statement = read->statements.first();
    QCOMPARE(int(statement.mode), mode);
    QCOMPARE(statement.before, std::optional<WallTime>(m_now - 1000s));
    QCOMPARE(statement.initiator, u"policy"_s);
}

void TestProviderStatement::brokenEvents_data()
{
    QTest::addColumn<QString>("member");
    QTest::addColumn<QJsonValue>("value");
    QTest::addColumn<int>("code");
    const int missing = int(ErrorCode::MissingClaim);
    QTest::newRow("no jti") << u"jti"_s << QJsonValue(QJsonValue::Undefined) << missing;
    QTest::newRow("no iat") << u"iat"_s << QJsonValue(QJsonValue::Undefined) << missing;
    QTest::newRow("no events") << u"events"_s << QJsonValue(QJsonObject()) << missing;
    QTest::newRow("event is a list") << u"events"_s << QJsonValue(QJsonObject{{kCaepEvents + u"session-revoked"_s, QJsonArray()}})
                                     << int(ErrorCode::MalformedToken);
    QJsonObject many;
    for (int i = 0; i < 11; ++i)
        many.insert(u"urn:%1"_s.arg(i), QJsonObject());
    QTest::newRow("many events") << u"events"_s << QJsonValue(many) << missing;
    QTest::newRow("another issuer's user") << u"sub_id"_s
                                           << QJsonValue(QJsonObject{{"format"_L1, u"iss_sub"_s},
                                                                     {"iss"_L1, u"https://other.test"_s},
                                                                     {"sub"_L1, u"ada"_s}})
                                           << int(ErrorCode::WrongIssuer);
    QTest::newRow("a user without name") << u"sub_id"_s
                                         << QJsonValue(QJsonObject{{"format"_L1, u"iss_sub"_s}, {"iss"_L1, kIssuerName}})
                                         << missing;
}

void TestProviderStatement::brokenEvents()
{
    QFETCH(QString, member);
    QFETCH(QJsonValue, value);
    QFETCH(int, code);
    QJsonObject claims = event(u"session-revoked"_s, {{"format"_L1, u"opaque"_s}, {"id"_L1, u"s-1"_s}});
    if (value.isUndefined())
        claims.remove(member);
    else
        claims.insert(member, value);
    const Result<ProviderEvents> read = readSecurityEvents(claims, m_now);
    QVERIFY(!read);
    QCOMPARE(int(read.error().code()), code);
}

void TestProviderStatement::verification()
{
    QJsonObject claims = event(u"x"_s, {{"format"_L1, u"opaque"_s}, {"id"_L1, u"stream-1"_s}});
    claims.insert(
        "events"_L1,
        QJsonObject{{u"https://schemas.openid.net/secevent/ssf/event-type/verification"_s, QJsonObject{{"state"_L1, u"abc"_s}}}});
    const Result<ProviderEvents> read = readSecurityEvents(claims, m_now);
    QVERIFY(read);
    QVERIFY(read->statements.isEmpty());
    QCOMPARE(read->verification, std::optional<QString>(u"abc"_s));
}

WATCHWORD_TEST_MAIN(TestProviderStatement)
#include "tst_providerstatement.moc"
