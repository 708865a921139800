// SPDX-License-Identifier: Apache-2.0
// Whom the gateway asks about a token, how often, and how long it believes the answer.
#include "gate/identityclaims.h"
#include "gate/tokenverifier.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/*! An issuer with keys and an introspection endpoint, which knows the tokens of "answers". */
class AskedIssuer : public QTcpServer
{
public:
    AskedIssuer()
    {
        keys.insert(key.publicKey());
        connect(this, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *socket = nextPendingConnection();
            connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { answer(socket); });
        });
    }
    QString url() const { return u"http://127.0.0.1:%1"_s.arg(serverPort()); }

    SigningKey key = SigningKey::generate(u"ES256"_s).valueOr({});
    JwkSet keys;
    QHash<QByteArray, QJsonObject> answers;
    QList<QByteArray> asked; // tokens
    int keysAsked = 0;

private:
    void answer(QTcpSocket *socket)
    {
        const QByteArray request = socket->peek(64 * 1024);
        const qsizetype end = request.indexOf("\r\n\r\n");
        if (end < 0)
            return;
        const QByteArray path = request.split(' ').value(1);
        const qsizetype length = request.toLower().indexOf("content-length: ");
        if (length > 0 && request.size() < end + 4 + request.mid(length + 16).split('\r').first().toLongLong())
            return;
        socket->readAll();
        QByteArray body;
        if (path == "/introspect") {
            const QByteArray token = request.mid(end + 4).split('&').first().mid(6);
            asked += token;
            body = QJsonDocument(answers.value(token, {{u"active"_s, false}})).toJson(QJsonDocument::Compact);
        } else if (path == "/keys") {
            ++keysAsked;
            body = keys.toBytes();
        } else {
            body = "{\"issuer\":\"" + url().toLatin1() + "\",\"jwks_uri\":\"" + url().toLatin1()
                + "/keys\",\"introspection_endpoint\":\"" + url().toLatin1() + "/introspect\"}";
        }
        socket->write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                      + QByteArray::number(body.size()) + "\r\n\r\n" + body);
        socket->disconnectFromHost();
    }
};

} // namespace

class TestIntrospection : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void answersEndWithTheToken();
    void withoutAnEnd();
    void otherKindsOfTokens_data();
    void otherKindsOfTokens();
    void eachAtItsOwnIssuer();
    void issuerThatCannotBeAsked();
    void madeUpTokensCostLittle();
    void oneQuestionForOneToken();
    void ages_data();
    void ages();
    void unknownKeysAreNotWaitedFor();

private:
    IssuerConfig configOf(const AskedIssuer &issuer) const
    {
        IssuerConfig config;
        config.url = QUrl(issuer.url());
        config.audiences = {u"orders"_s};
        config.clockSkew = 0s;
        config.introspection.clientId = u"gateway"_s;
        config.introspection.clientSecretFile = m_folder.filePath(u"secret"_s);
        return config;
    }
    QJsonObject active(int seconds = 60) const
    {
        const qint64 now = toSecondsSinceEpoch(m_clock.wallNow());
        QJsonObject answer{{u"active"_s, true}, {u"sub"_s, u"ada"_s}, {u"aud"_s, u"orders"_s}, {u"iat"_s, now}};
        if (seconds > 0)
            answer.insert(u"exp"_s, now + seconds);
        return answer;
    }
    Result<Identity> ask(TokenVerifier &verifier, const QByteArray &token, const QHostAddress &from = {})
    {
        std::optional<Result<Identity>> verdict;
        verifier.verify(
            Secret::copy(token), this, [&verdict](const Result<Identity> &result) { verdict = result; }, from);
        if (!Support::waitUntil([&verdict] { return verdict.has_value(); }))
            return Error(ErrorCode::Internal, u"the test's own"_s);
        return *verdict;
    }

    QTemporaryDir m_folder;
    ManualClock m_clock;
    std::unique_ptr<AskedIssuer> m_first;
    std::unique_ptr<AskedIssuer> m_second;
};

void TestIntrospection::initTestCase()
{
    QFile file(m_folder.filePath(u"secret"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("secret\n");
}

void TestIntrospection::init()
{
    WatchwordTest::init();
    m_first = std::make_unique<AskedIssuer>();
    m_second = std::make_unique<AskedIssuer>();
    QVERIFY(m_first->listen(QHostAddress::LocalHost) && m_second->listen(QHostAddress::LocalHost));
}

void TestIntrospection::answersEndWithTheToken()
{
    TokenVerifier verifier({configOf(*m_first)}, m_clock);
    m_first->answers.insert("opaque", active(3));
    QVERIFY(ask(verifier, "opaque"));
    QVERIFY(ask(verifier, "opaque"));
    QCOMPARE(m_first->asked.size(), 1);
    m_clock.advance(3s); // of the 10 s of the cache
    QCOMPARE(ask(verifier, "opaque").error().code(), ErrorCode::TokenExpired);
    QCOMPARE(m_first->asked.size(), 2);
    // What was refused is asked about again when the cache ends, not before.
    QCOMPARE(ask(verifier, "nobody's").error().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(ask(verifier, "nobody's").error().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(m_first->asked.size(), 3);
    m_first->answers.insert("nobody%27s", active());
    m_clock.advance(10s);
    QVERIFY(ask(verifier, "nobody's"));
}

void TestIntrospection::withoutAnEnd()
{
    IssuerConfig config = configOf(*m_first);
    config.introspection.withoutExp = 90s;
    TokenVerifier verifier({config}, m_clock);
    m_first->answers.insert("opaque", active(0));
    const Result<Identity> identity = ask(verifier, "opaque");
    QVERIFY(identity);
    QCOMPARE(*identity->expiresAt, m_clock.wallNow() + 90s);
}

void TestIntrospection::otherKindsOfTokens_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    QTest::addColumn<bool>("isAccess");
    QTest::newRow("nothing said") << u"x"_s << QString() << true;
    QTest::newRow("Bearer") << u"token_type"_s << u"Bearer"_s << true;
    QTest::newRow("DPoP, unbound") << u"token_type"_s << u"DPoP"_s << true;
    QTest::newRow("refresh_token") << u"token_type"_s << u"refresh_token"_s << false;
    QTest::newRow("Refresh") << u"token_type"_s << u"Refresh"_s << false;
    QTest::newRow("Keycloak's refresh token") << u"typ"_s << u"Refresh"_s << false;
    QTest::newRow("Keycloak's offline token") << u"typ"_s << u"Offline"_s << false;
    QTest::newRow("Keycloak's ID token") << u"typ"_s << u"ID"_s << false;
    QTest::newRow("Keycloak's access token") << u"typ"_s << u"Bearer"_s << true;
    QTest::newRow("Hydra's refresh token") << u"token_use"_s << u"refresh_token"_s << false;
    QTest::newRow("Hydra's access token") << u"token_use"_s << u"access_token"_s << true;
}

void TestIntrospection::otherKindsOfTokens()
{
    QFETCH(QString, name);
    QFETCH(QString, value);
    QFETCH(bool, isAccess);
    TokenVerifier verifier({configOf(*m_first)}, m_clock);
    QJsonObject answer = active();
    answer.insert(name, value);
    m_first->answers.insert("opaque", answer);
    const Result<Identity> identity = ask(verifier, "opaque");
    QCOMPARE(identity.isOk(), isAccess);
    if (!isAccess)
        QCOMPARE(identity.error().code(), ErrorCode::WrongTokenType);
}

void TestIntrospection::eachAtItsOwnIssuer()
{
    TokenVerifier verifier({configOf(*m_first), configOf(*m_second)}, m_clock);
    m_first->answers.insert("of-the-first", active());
    m_second->answers.insert("of-the-second", active());
    QCOMPARE(ask(verifier, "of-the-first")->issuer, m_first->url());
    QCOMPARE(m_second->asked.size(), 0);
    QCOMPARE(ask(verifier, "of-the-second")->issuer, m_second->url());
    QCOMPARE(ask(verifier, "of-nobody").error().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(m_first->asked, (QList<QByteArray>{"of-the-first", "of-the-second", "of-nobody"}));
    QCOMPARE(m_second->asked, (QList<QByteArray>{"of-the-second", "of-nobody"}));
    // Who says that it is active and for somebody else has the last word.
    QJsonObject foreign = active();
    foreign.insert(u"aud"_s, u"invoices"_s);
    m_first->answers.insert("foreign", foreign);
    m_second->answers.insert("foreign", active());
    QCOMPARE(ask(verifier, "foreign").error().code(), ErrorCode::WrongAudience);
}

void TestIntrospection::issuerThatCannotBeAsked()
{
    TokenVerifier verifier({configOf(*m_first), configOf(*m_second)}, m_clock);
    m_second->answers.insert("of-the-second", active());
    QVERIFY(!ask(verifier, "x"));
    m_first->close();
    QVERIFY(ask(verifier, "of-the-second")); // the first is not needed for it
    const Result<Identity> unknown = ask(verifier, "of-the-first");
    QVERIFY(!unknown);
    QCOMPARE(unknown.error().condition(), ErrorCondition::Offline); // nobody knows whether it is good
}

void TestIntrospection::madeUpTokensCostLittle()
{
    TokenVerifier verifier({configOf(*m_first)}, m_clock);
    const QHostAddress stranger(u"203.0.113.9"_s);
    int limited = 0;
    for (int i = 0; i < 30; ++i) {
        const Result<Identity> verdict = ask(verifier, "made-up-" + QByteArray::number(i), stranger);
        QVERIFY(!verdict);
        if (verdict.error().code() == ErrorCode::RateLimited) {
            ++limited;
            QVERIFY(verdict.error().retryAfter());
        }
    }
    QCOMPARE(limited, 20);
    QCOMPARE(m_first->asked.size(), 10);
    // Others go on, one who has a good token at the same address after a second, and good ones cost nothing.
    for (int i = 0; i < 30; ++i)
        m_first->answers.insert("good-" + QByteArray::number(i), active());
    for (int i = 0; i < 30; ++i)
        QVERIFY(ask(verifier, "good-" + QByteArray::number(i), QHostAddress(u"203.0.113.10"_s)));
    m_clock.advance(11s);
    for (int i = 0; i < 30; ++i)
        m_first->answers.insert("good-" + QByteArray::number(i), active());
    for (int i = 0; i < 30; ++i)
        QVERIFY(ask(verifier, "good-" + QByteArray::number(i), stranger));
}

void TestIntrospection::oneQuestionForOneToken()
{
    TokenVerifier verifier({configOf(*m_first)}, m_clock);
    m_first->answers.insert("opaque", active());
    int answers = 0;
    for (int i = 0; i < 5; ++i)
        verifier.verify(Secret::copy("opaque"), this, [&answers](const Result<Identity> &result) { answers += result ? 1 : 0; });
    QVERIFY(Support::waitUntil([&answers] { return answers == 5; }));
    QCOMPARE(m_first->asked.size(), 1);
    // Who waits is told when the issuers change.
    ErrorCode code = ErrorCode::Internal;
    verifier.verify(Secret::copy("other"), this, [&code](const Result<Identity> &result) { code = result.error().code(); });
    verifier.setIssuers({configOf(*m_second)});
    QCOMPARE(code, ErrorCode::Cancelled);
}

void TestIntrospection::ages_data()
{
    QTest::addColumn<QJsonObject>("times"); // seconds from now
    QTest::addColumn<int>("maxAge");
    QTest::addColumn<int>("error"); // 0: none
    const auto row = [](const char *name, const QJsonObject &times, ErrorCode error, int maxAge = 0) {
        QTest::newRow(name) << times << maxAge << int(error);
    };
    const auto good = ErrorCode::Cancelled; // is 0
    const int day = 24 * 3600;
    row("good", {{u"iat"_s, 0}, {u"exp"_s, 60}}, good);
    row("a week", {{u"iat"_s, 0}, {u"exp"_s, 7 * day}}, good);
    row("longer than a week", {{u"iat"_s, 0}, {u"exp"_s, 7 * day + 11}}, ErrorCode::TokenLifetimeTooLong);
    row("100 years", {{u"iat"_s, 0}, {u"exp"_s, 100.0 * 365 * day}}, ErrorCode::TokenLifetimeTooLong);
    row("100 years without iat", {{u"exp"_s, 100.0 * 365 * day}}, ErrorCode::TokenLifetimeTooLong);
    row("nearly over, and long", {{u"iat"_s, -30 * day}, {u"exp"_s, 60}}, ErrorCode::TokenLifetimeTooLong);
    row("iat in a year", {{u"iat"_s, 365 * day}, {u"exp"_s, 365 * day + 60}}, ErrorCode::TokenNotYetValid);
    row("iat within the skew", {{u"iat"_s, 10}, {u"exp"_s, 60}}, good);
    row("iat beyond the skew", {{u"iat"_s, 12}, {u"exp"_s, 60}}, ErrorCode::TokenNotYetValid);
    row("auth_time in the future", {{u"iat"_s, 0}, {u"exp"_s, 60}, {u"auth_time"_s, 600}}, ErrorCode::TokenNotYetValid);
    row("auth_time before", {{u"iat"_s, 0}, {u"exp"_s, 60}, {u"auth_time"_s, -600}}, good);
    row("young enough", {{u"iat"_s, -100}, {u"exp"_s, 60}}, good, 100);
    row("too old", {{u"iat"_s, -120}, {u"exp"_s, 60}}, ErrorCode::TokenExpired, 100);
    row("nobody knows how old", {{u"exp"_s, 60}}, ErrorCode::MissingClaim, 100);
}

void TestIntrospection::ages()
{
    QFETCH(QJsonObject, times);
    QFETCH(int, maxAge);
    QFETCH(int, error);
    IssuerConfig config = configOf(*m_first);
    config.clockSkew = 10s;
    config.maxAge = std::chrono::seconds(maxAge);
    TokenVerifier verifier({config}, m_clock);
    QJsonObject claims{{u"iss"_s, m_first->url()}, {u"aud"_s, u"orders"_s}, {u"sub"_s, u"ada"_s}};
    for (auto it = times.begin(); it != times.end(); ++it)
        claims.insert(it.key(), toSecondsSinceEpoch(m_clock.wallNow()) + it->toDouble());
    QJsonObject answer = claims;
    answer.insert(u"active"_s, true);
    m_first->answers.insert("opaque", answer);
    for (const QByteArray &token : {signJwt(m_first->key, u"at+jwt"_s, claims).value(), QByteArray("opaque")}) {
        const Result<Identity> identity = ask(verifier, token);
        QCOMPARE(identity ? ErrorCode::Cancelled : identity.error().code(), ErrorCode(error));
    }
}

void TestIntrospection::unknownKeysAreNotWaitedFor()
{
    TokenVerifier verifier({configOf(*m_first)}, m_clock);
    QJsonObject claims = active();
    claims.insert(u"iss"_s, m_first->url());
    QVERIFY(ask(verifier, signJwt(m_first->key, u"at+jwt"_s, claims).value()));
    m_clock.advance(60s);
    claims.insert(u"exp"_s, toSecondsSinceEpoch(m_clock.wallNow()) + 60);
    const int before = m_first->keysAsked;
    // Each has a key of its own. One fetch answers for the first; nobody waits after it, by the clock of the gateway.
    for (int i = 0; i < 60; ++i) {
        const SigningKey stranger = SigningKey::generate(u"ES256"_s).valueOr({});
        QCOMPARE(ask(verifier, signJwt(stranger, u"at+jwt"_s, claims).value()).error().code(), ErrorCode::UnknownKey);
    }
    QCOMPARE(m_first->keysAsked, before + 1);
    QVERIFY(ask(verifier, signJwt(m_first->key, u"at+jwt"_s, claims).value()));
    // A key that is really new is found as soon as it may be asked for.
    const SigningKey next = SigningKey::generate(u"ES256"_s).valueOr({});
    m_first->keys.insert(next.publicKey());
    m_clock.advance(30s);
    QVERIFY(ask(verifier, signJwt(next, u"at+jwt"_s, claims).value()));
}

WATCHWORD_TEST_MAIN(TestIntrospection)
#include "tst_introspection.moc"
