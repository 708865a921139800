// SPDX-License-Identifier: Apache-2.0
#include "gate/tokenverifier.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/jose/jwt.h"
#include "watchword/jose/keycache.h"
#include "watchword/testing/manualclock.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTcpServer>
#include <QTcpSocket>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/*! Answers by path, and remembers what was asked. */
class DocumentServer : public QTcpServer
{
public:
    DocumentServer()
    {
        connect(this, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *socket = nextPendingConnection();
            connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { answer(socket); });
        });
    }
    QString url() const { return u"http://127.0.0.1:%1"_s.arg(serverPort()); }

    QHash<QByteArray, QByteArray> documents;
    QHash<QByteArray, QByteArray> redirects;
    QList<QByteArray> asked;
    QByteArray userAgent;

private:
    void answer(QTcpSocket *socket)
    {
        const QByteArray head = socket->peek(16 * 1024);
        if (!head.contains("\r\n\r\n"))
            return;
        socket->readAll();
        const QByteArray path = head.split(' ').value(1);
        asked += path;
        const qsizetype agent = head.toLower().indexOf("\r\nuser-agent: "); // as Qt 6.8 writes it
        userAgent = agent < 0 ? QByteArray() : head.sliced(agent + 14).split('\r').first();
        const bool isThere = documents.contains(path);
        const QByteArray body = documents.value(path);
        const QByteArray status = redirects.contains(path) ? "303 See Other\r\nLocation: " + redirects.value(path)
            : isThere                                      ? QByteArray("200 OK")
                                                           : QByteArray("404 Not Found");
        socket->write("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                      + QByteArray::number(body.size()) + "\r\n\r\n" + body);
        socket->disconnectFromHost();
    }
};

QByteArray toJson(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

} // namespace

/* What the gateway believes of an issuer that runs elsewhere. */
class TestRemoteIssuer : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void issuerIsComparedAsText_data();
    void issuerIsComparedAsText();
    void redirects_data();
    void redirects();
    void keyThatWasLeftOutIsNamed_data();
    void keyThatWasLeftOutIsNamed();
    void byteOrderMark();
    void knownTokenEnds();
    void knownTokenGoesWithItsKey();
    void knownTokenGoesWithTheRules();
    void everyByteOfAKnownTokenCounts();
    void twinSignatureIsNoOtherToken();

private:
    //! The issuer at \a path of the server, with its document where it belongs.
    QString publish(const QByteArray &path)
    {
        const QString issuer = m_server->url() + QString::fromLatin1(path);
        m_server->documents.insert(path + "/.well-known/openid-configuration",
                                   toJson({{u"issuer"_s, issuer}, {u"jwks_uri"_s, m_server->url() + u"/keys"_s}}));
        JwkSet keys;
        keys.insert(m_key.publicKey());
        m_server->documents.insert("/keys", keys.toBytes());
        return issuer;
    }
    Result<Identity> verify(const QString &issuer, const SigningKey &key)
    {
        IssuerConfig config;
        config.url = QUrl(issuer, QUrl::StrictMode);
        config.audiences = {u"orders"_s};
        TokenVerifier verifier({config}, Clock::system());
        const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
        const auto token =
            signJwt(key, u"at+jwt"_s,
                    {{u"iss"_s, issuer}, {u"aud"_s, u"orders"_s}, {u"sub"_s, u"alice"_s}, {u"iat"_s, now}, {u"exp"_s, now + 60}});
        const auto future = verifier.verify(Secret::copy(*token));
        if (!Support::waitFor(future, 20s))
            return Error(ErrorCode::Timeout, u"the test's own"_s);
        return future.result();
    }

    static IssuerConfig configOf(const QString &issuer)
    {
        IssuerConfig config;
        config.url = QUrl(issuer, QUrl::StrictMode);
        config.audiences = {u"orders"_s};
        return config;
    }
    //! Of one minute.
    QByteArray tokenOf(const QString &issuer, WallTime at) const
    {
        const qint64 now = toSecondsSinceEpoch(at);
        return *signJwt(
            m_key, u"at+jwt"_s,
            {{u"iss"_s, issuer}, {u"aud"_s, u"orders"_s}, {u"sub"_s, u"alice"_s}, {u"nbf"_s, now}, {u"exp"_s, now + 60}});
    }
    static Result<Identity> ask(TokenVerifier &verifier, const QByteArray &token)
    {
        const auto future = verifier.verify(Secret::copy(token));
        return Support::waitFor(future, 20s) ? future.result() : Error(ErrorCode::Timeout, u"the test's own"_s);
    }

    SigningKey m_key = SigningKey::generate(u"RS256"_s).valueOr({});
    std::unique_ptr<DocumentServer> m_server;
};

void TestRemoteIssuer::init()
{
    WatchwordTest::init();
    m_server = std::make_unique<DocumentServer>();
    QVERIFY(m_server->listen(QHostAddress::LocalHost));
}

void TestRemoteIssuer::issuerIsComparedAsText_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::newRow("root") << QByteArray();
    QTest::newRow("path") << QByteArray("/realms/one");
    QTest::newRow("encoded blank") << QByteArray("/realms/My%20Realm");
    QTest::newRow("encoded letter") << QByteArray("/realms/%C3%A9");
    QTest::newRow("encoded slash") << QByteArray("/realms/a%2Fb");
}

void TestRemoteIssuer::issuerIsComparedAsText()
{
    QFETCH(QByteArray, path);
    const QString issuer = publish(path);
    const Result<Identity> identity = verify(issuer, m_key);
    QVERIFY2(identity, qPrintable(identity ? QString() : identity.error().toString()));
    QCOMPARE(identity->issuer, issuer);
    QCOMPARE(m_server->asked.first(), path + "/.well-known/openid-configuration");
    QVERIFY2(m_server->userAgent.startsWith("Watchword/"), m_server->userAgent.constData());
    // Another text is another issuer, whatever it means.
    m_server->documents.insert(path + "/.well-known/openid-configuration",
                               toJson({{u"issuer"_s, issuer + u'/'}, {u"jwks_uri"_s, m_server->url() + u"/keys"_s}}));
    QVERIFY(!verify(issuer, m_key));
}

void TestRemoteIssuer::redirects_data()
{
    QTest::addColumn<QList<QByteArray>>("way"); // from the usual address
    QTest::addColumn<bool>("followed");
    QTest::newRow("none") << QList<QByteArray>() << true;
    QTest::newRow("one") << QList<QByteArray>{"/moved"} << true;
    QTest::newRow("three") << QList<QByteArray>{"/1", "/2", "/moved"} << true;
    QTest::newRow("four") << QList<QByteArray>{"/1", "/2", "/3", "/moved"} << false;
    QTest::newRow("round") << QList<QByteArray>{"/1", "/.well-known/openid-configuration"} << false;
    QTest::newRow("to http elsewhere") << QList<QByteArray>{"http://login.example/moved"} << false;
    QTest::newRow("to a file") << QList<QByteArray>{"file:///etc/passwd"} << false;
}

void TestRemoteIssuer::redirects()
{
    QFETCH(QList<QByteArray>, way);
    QFETCH(bool, followed);
    const QString issuer = publish({});
    QByteArray from = "/.well-known/openid-configuration";
    const QByteArray document = m_server->documents.value(from);
    for (const QByteArray &to : way) {
        m_server->redirects.insert(from, to);
        from = to;
    }
    m_server->documents.insert(from, document);
    m_server->documents.insert("/moved-keys", m_server->documents.value("/keys"));
    m_server->redirects.insert("/keys", "/moved-keys");
    const Result<Identity> identity = verify(issuer, m_key);
    QCOMPARE(identity.isOk(), followed);
    if (!followed)
        QVERIFY2(identity.error().toString().contains(u"redirect"_s), qPrintable(identity.error().toString()));
    QVERIFY(m_server->asked.size() <= 32); // of all tries together
}

void TestRemoteIssuer::keyThatWasLeftOutIsNamed_data()
{
    QTest::addColumn<bool>("isOnlyKey");
    QTest::newRow("the only key") << true;
    QTest::newRow("beside another") << false;
}

void TestRemoteIssuer::keyThatWasLeftOutIsNamed()
{
    QFETCH(bool, isOnlyKey);
    const QString issuer = publish({});
    QJsonObject padded = m_key.publicKey().toPublicJson();
    padded.insert(u"n"_s, padded.value("n"_L1).toString() + u'=');
    QJsonArray keys{padded};
    if (!isOnlyKey)
        keys.append(SigningKey::generate(u"ES256"_s)->publicKey().toPublicJson());
    m_server->documents.insert("/keys", toJson({{u"keys"_s, keys}}));
    const Result<Identity> identity = verify(issuer, m_key);
    QVERIFY(!identity);
    const QString said = identity.error().detail();
    QVERIFY2(said.contains(u'"' + m_key.keyId() + u"\": the member \"n\" is not base64url"_s), qPrintable(said));
    if (!isOnlyKey)
        QCOMPARE(identity.error().code(), ErrorCode::UnknownKey);
}

void TestRemoteIssuer::byteOrderMark()
{
    const QString issuer = publish({});
    for (QByteArray &document : m_server->documents)
        document.prepend("\xef\xbb\xbf");
    const Result<Identity> identity = verify(issuer, m_key);
    QVERIFY2(identity, qPrintable(identity ? QString() : identity.error().toString()));
}

void TestRemoteIssuer::knownTokenEnds()
{
    const QString issuer = publish({});
    ManualClock clock;
    TokenVerifier verifier({configOf(issuer)}, clock);
    const QByteArray token = tokenOf(issuer, clock.wallNow());
    for (int i = 0; i < 3; ++i)
        QVERIFY(ask(verifier, token));
    const Duration skew = configOf(issuer).clockSkew;
    clock.stepWall(-skew - 1s); // somebody set the date
    QCOMPARE(ask(verifier, token).error().code(), ErrorCode::TokenNotYetValid);
    clock.stepWall(skew + 1s);
    clock.advance(60s + skew - 1ms);
    QVERIFY(ask(verifier, token));
    clock.advance(1ms);
    QCOMPARE(ask(verifier, token).error().code(), ErrorCode::TokenExpired);
}

void TestRemoteIssuer::knownTokenGoesWithItsKey()
{
    const QString issuer = publish({});
    ManualClock clock;
    TokenVerifier verifier({configOf(issuer)}, clock);
    const QByteArray token = tokenOf(issuer, clock.wallNow());
    QVERIFY(ask(verifier, token));
    QVERIFY(ask(verifier, token));
    // The issuer takes its key back. The gateway hears of it when a token names a key that it does not have.
    const SigningKey next = SigningKey::generate(u"ES256"_s).valueOr({});
    JwkSet keys;
    keys.insert(next.publicKey());
    m_server->documents.insert("/keys", keys.toBytes());
    clock.advance(KeyCachePolicy().unknownKeyInterval);
    const qint64 end = toSecondsSinceEpoch(clock.wallNow()) + 60;
    const auto other =
        signJwt(next, u"at+jwt"_s, {{u"iss"_s, issuer}, {u"aud"_s, u"orders"_s}, {u"sub"_s, u"bob"_s}, {u"exp"_s, end}});
    QVERIFY(ask(verifier, *other));
    clock.advance(KeyCachePolicy().unknownKeyInterval);
    QCOMPARE(ask(verifier, token).error().code(), ErrorCode::UnknownKey);
}

void TestRemoteIssuer::knownTokenGoesWithTheRules()
{
    const QString issuer = publish({});
    TokenVerifier verifier({configOf(issuer)}, Clock::system());
    const QByteArray token = tokenOf(issuer, Clock::system().wallNow());
    QVERIFY(ask(verifier, token));
    IssuerConfig strict = configOf(issuer);
    strict.audiences = {u"invoices"_s};
    verifier.setIssuers({strict});
    QCOMPARE(ask(verifier, token).error().code(), ErrorCode::WrongAudience);
    verifier.setIssuers({});
    QCOMPARE(ask(verifier, token).error().code(), ErrorCode::WrongIssuer);
}

// Of an ECDSA signature (r, s) the twin (r, n - s) is good, too: who has a token can write it in two ways.
void TestRemoteIssuer::twinSignatureIsNoOtherToken()
{
    const QString issuer = publish({});
    const SigningKey key = SigningKey::generate(u"ES256"_s).valueOr({});
    JwkSet keys;
    keys.insert(key.publicKey());
    m_server->documents.insert("/keys", keys.toBytes());
    ManualClock clock;
    TokenVerifier verifier({configOf(issuer)}, clock);
    const qint64 soon = toSecondsSinceEpoch(clock.wallNow()) + 60;
    const QByteArray token =
        *signJwt(key, u"at+jwt"_s, {{u"iss"_s, issuer}, {u"aud"_s, u"orders"_s}, {u"sub"_s, u"alice"_s}, {u"exp"_s, soon}});
    const QByteArray order = QByteArray::fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"); // P-256
    const qsizetype end = token.lastIndexOf('.');
    QByteArray signature = QByteArray::fromBase64(token.sliced(end + 1), QByteArray::Base64UrlEncoding);
    QCOMPARE(signature.size(), 64);
    int borrow = 0;
    for (qsizetype i = 31; i >= 0; --i) {
        const int digit = int(uchar(order.at(i))) - int(uchar(signature.at(32 + i))) - borrow;
        borrow = digit < 0 ? 1 : 0;
        signature[32 + i] = char(digit & 0xff);
    }
    const QByteArray twin =
        token.first(end + 1) + signature.toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
    QVERIFY(twin != token);
    const Result<Identity> first = ask(verifier, token);
    const Result<Identity> second = ask(verifier, twin);
    QVERIFY(first && second);
    QCOMPARE(second->tokenId, first->tokenId);
    QCOMPARE(second->sessionId, first->sessionId);
    QCOMPARE(first->tokenId.size(), 32);
}

void TestRemoteIssuer::everyByteOfAKnownTokenCounts()
{
    const QString issuer = publish({});
    TokenVerifier verifier({configOf(issuer)}, Clock::system());
    const QByteArray token = tokenOf(issuer, Clock::system().wallNow());
    QVERIFY(ask(verifier, token));
    // The header names the key, and one that the issuer does not have is waited for.
    for (qsizetype i = token.indexOf('.'); i < token.size(); ++i) {
        QByteArray changed = token;
        changed[i] = changed.at(i) == 'A' ? 'B' : 'A';
        QVERIFY2(!ask(verifier, changed), qPrintable(QString::number(i)));
    }
    QVERIFY(!ask(verifier, token + 'A'));
    QVERIFY(!ask(verifier, token.chopped(1)));
    QVERIFY(ask(verifier, token));
}

WATCHWORD_TEST_MAIN(TestRemoteIssuer)
#include "tst_remoteissuer.moc"
