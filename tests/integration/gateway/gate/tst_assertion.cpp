// SPDX-License-Identifier: Apache-2.0
// What an upstream is told of a client, signed, and what it can verify it with.
#include "relay/assertionsigner.h"
#include "relaypeers.h"
#include "socketlog.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QJsonDocument>
#include <QProcess>
#include <QProcessEnvironment>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

JwtPolicy policyFor(const QString &audience)
{
    JwtPolicy policy;
    policy.types = QStringList{u"watchword-assertion+jwt"_s};
    policy.typeRequired = true;
    policy.audiences = QStringList{audience};
    policy.maximumLifetime = 60s;
    policy.leeway = 1s;
    return policy;
}

} // namespace

class TestAssertion : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void upgradesAreSigned();
    void othersVerifyIt();
    void requestsAreSigned();
    void clientsCannotSendOne();
    void keysAreServedOnlyWhereTheySign();
    void keysChangeAndOverlap();
    void keysThatOthersCanRead();
    void changedScopesBeginAnew();
    void configuration();

private:
    QByteArray served(const QByteArray &path) { return m_gate.exchange("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"); }
    JwkSet keys()
    {
        const QByteArray answer = served("/.well-known/watchword-keys");
        return JwkSet::fromBytes(answer.mid(answer.indexOf("\r\n\r\n") + 4)).valueOr({});
    }

    RawUpstream m_upstream;
    GateFixture m_gate;
};

void TestAssertion::initTestCase()
{
    QVERIFY(m_gate.prepare() && m_upstream.listen());
    EndpointConfig &endpoint = m_gate.addEndpoint(u"/app"_s, EndpointConfig::Service::Upstream);
    endpoint.upstream = m_upstream.url(u"/app"_s);
    endpoint.assertionAudience = u"https://orders.inside"_s;
    endpoint.passHttp = true;
    EndpointConfig &plain = m_gate.addEndpoint(u"/plain"_s, EndpointConfig::Service::Upstream);
    plain.upstream = m_upstream.url(u"/plain"_s);
    m_gate.config.cluster = u"orders"_s;
    m_gate.config.node = u"one"_s;
    QVERIFY(m_gate.start());
}

void TestAssertion::upgradesAreSigned()
{
    QJsonObject claims = m_gate.claims();
    claims.insert(u"client_id"_s, u"desk"_s);
    claims.insert(u"acr"_s, u"mfa"_s);
    const auto socket = m_gate.client(u"/app"_s, m_gate.token(claims));
    QVERIFY(m_upstream.awaitRequest());
    const QByteArray first = m_upstream.value("X-Watchword-Assertion");
    const Result<Jwt> jwt = Jwt::verify(first, keys(), policyFor(u"https://orders.inside"_s), Clock::system().wallNow());
    QVERIFY2(jwt, qPrintable(jwt ? QString() : jwt.error().toString()));
    QCOMPARE(jwt->issuer(), u"wss-gateway://orders/one"_s);
    QCOMPARE(jwt->subject(), u"ada"_s);
    QCOMPARE(jwt->claim(u"sub_iss").toString(), m_gate.issuerUrl().toString());
    QCOMPARE(jwt->scopes(), (QStringList{u"use"_s, u"more"_s}));
    QCOMPARE(jwt->claim(u"client_id").toString(), u"desk"_s);
    QCOMPARE(jwt->claim(u"acr").toString(), u"mfa"_s);
    QCOMPARE(jwt->claim(u"connection").toString(), QString::fromLatin1(m_upstream.value("X-Watchword-Connection")));
    QCOMPARE(jwt->claim(u"address").toString(), u"127.0.0.1"_s);
    QCOMPARE(*jwt->expiresAt() - *jwt->issuedAt(), Duration(60s));
    // It is for this upstream and nobody else, and good for a minute.
    QCOMPARE(Jwt::verify(first, keys(), policyFor(u"https://invoices.inside"_s), Clock::system().wallNow()).error().code(),
             ErrorCode::WrongAudience);
    QCOMPARE(Jwt::verify(first, keys(), policyFor(u"https://orders.inside"_s), Clock::system().wallNow() + 62s).error().code(),
             ErrorCode::TokenExpired);
    m_upstream.accept();
    const auto again = m_gate.client(u"/app"_s, m_gate.token());
    QVERIFY(m_upstream.awaitRequest());
    const Result<Jwt> second = Jwt::verify(m_upstream.value("X-Watchword-Assertion"), keys(),
                                           policyFor(u"https://orders.inside"_s), Clock::system().wallNow());
    QVERIFY(second && second->id() != jwt->id());
    m_upstream.accept();
}

// By a library that nobody here wrote, with nothing but the address of the keys.
void TestAssertion::othersVerifyIt()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    const auto socket = m_gate.client(u"/app"_s, m_gate.token());
    QVERIFY(m_upstream.awaitRequest());
    const QByteArray assertion = m_upstream.value("X-Watchword-Assertion");
    m_upstream.accept();
    const QString keys = u"https://localhost:%1/.well-known/watchword-keys"_s.arg(m_gate.gateway->port());
    const auto verify = [&](const QString &audience, const QByteArray &lines) {
        QProcess verifier;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"NODE_EXTRA_CA_CERTS"_s, m_gate.file(u"ca.pem"_s));
        verifier.setProcessEnvironment(environment);
        verifier.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        verifier.start(u"node"_s,
                       {Support::peersFolder() + u"/assertion-verifier.mjs"_s, keys, u"wss-gateway://orders/one"_s, audience});
        verifier.write(lines);
        verifier.closeWriteChannel();
        Support::waitUntil([&] { return verifier.state() == QProcess::NotRunning; }, 60s);
        QList<QJsonObject> answers;
        const QList<QByteArray> said = verifier.readAllStandardOutput().trimmed().split('\n');
        for (const QByteArray &line : said)
            answers.append(QJsonDocument::fromJson(line).object());
        return answers;
    };
    QByteArray changed = assertion;
    changed[assertion.indexOf('.') + 5] = changed.at(assertion.indexOf('.') + 5) == 'A' ? 'B' : 'A';
    const QList<QJsonObject> answers =
        verify(u"https://orders.inside"_s, assertion + '\n' + changed + '\n' + m_gate.token() + '\n');
    QCOMPARE(answers.size(), 3);
    QCOMPARE(answers[0].value("sub"_L1).toString(), u"ada"_s);
    QCOMPARE(answers[0].value("sub_iss"_L1).toString(), m_gate.issuerUrl().toString());
    QCOMPARE(answers[1].value("error"_L1).toString(), u"ERR_JWS_SIGNATURE_VERIFICATION_FAILED"_s);
    QVERIFY(answers[2].contains("error"_L1)); // a token of the issuer is no assertion
    QCOMPARE(verify(u"https://invoices.inside"_s, assertion + '\n').first().value("error"_L1).toString(),
             u"ERR_JWT_CLAIM_VALIDATION_FAILED"_s);
}

void TestAssertion::requestsAreSigned()
{
    QSslSocket socket;
    socket.setSslConfiguration(m_gate.clientTls());
    connect(&socket, &QSslSocket::encrypted, &socket, [&] {
        socket.write("GET /app HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + m_gate.token() + "\r\n\r\n");
    });
    socket.connectToHostEncrypted(u"127.0.0.1"_s, m_gate.gateway->port());
    QVERIFY(m_upstream.awaitRequest());
    QVERIFY(Jwt::verify(m_upstream.value("X-Watchword-Assertion"), keys(), policyFor(u"https://orders.inside"_s),
                        Clock::system().wallNow()));
    m_upstream.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    socket.disconnect();
}

void TestAssertion::clientsCannotSendOne()
{
    for (const QString &path : {u"/plain"_s, u"/app"_s}) {
        QWebSocket socket;
        socket.setSslConfiguration(m_gate.clientTls());
        QNetworkRequest request(QUrl(m_gate.gateway->url().toString() + path));
        request.setRawHeader("Authorization", "Bearer " + m_gate.token());
        request.setRawHeader("X-Watchword-Assertion", "a.b.c");
        socket.open(request);
        QVERIFY(m_upstream.awaitRequest());
        QVERIFY(!m_upstream.request.contains("a.b.c"));
        QCOMPARE(int(m_upstream.request.toLower().count("x-watchword-assertion:")), path == "/app"_L1 ? 1 : 0);
        m_upstream.accept();
    }
}

void TestAssertion::keysAreServedOnlyWhereTheySign()
{
    const QByteArray answer = served("/.well-known/watchword-keys");
    QVERIFY(answer.startsWith("HTTP/1.1 200 "));
    QVERIFY(answer.contains("\r\nContent-Type: application/jwk-set+json\r\n"));
    QVERIFY(answer.contains("\r\nCache-Control: public, max-age=300\r\n"));
    QVERIFY(!answer.contains("\"d\""));
    GateFixture other;
    QVERIFY(other.prepare() && other.start());
    QVERIFY(other.exchange("GET /.well-known/watchword-keys HTTP/1.1\r\nHost: a\r\n\r\n").startsWith("HTTP/1.1 404 "));
}

void TestAssertion::keysChangeAndOverlap()
{
    ManualClock clock;
    const QString file = m_gate.file(u"assertion.key"_s);
    auto signer = std::move(AssertionSigner::open(file, u"me"_s, clock)).value();
    Admission admission;
    admission.identity.subject = u"ada"_s;
    const QByteArray first = signer->sign(u"a"_s, admission, u"c-1"_s);
    const JwkSet before = JwkSet::fromBytes(signer->publicKeys()).valueOr({});
    const auto keyOf = [](const QByteArray &jwt) { return Jwt::parse(jwt)->keyId(); };
    signer.reset();
    signer = std::move(AssertionSigner::open(file, u"me"_s, clock)).value(); // a restart keeps them
    QCOMPARE(keyOf(signer->sign(u"a"_s, admission, u"c-2"_s)), keyOf(first));
    clock.advance(AssertionSigner::kKeyLifetime + 1s);
    const QByteArray next = signer->sign(u"a"_s, admission, u"c-3"_s);
    QVERIFY(keyOf(next) != keyOf(first));
    QVERIFY(before.containsKeyId(keyOf(next))); // was published ahead
    QVERIFY(JwkSet::fromBytes(signer->publicKeys()).valueOr({}).containsKeyId(keyOf(first))); // is published on
    clock.advance(AssertionSigner::kKeepOld + 61s);
    QVERIFY(!JwkSet::fromBytes(signer->publicKeys()).valueOr({}).containsKeyId(keyOf(first)));
}

void TestAssertion::keysThatOthersCanRead()
{
    GateFixture other;
    QVERIFY(other.prepare());
    const QString file = other.file(u"assertion.key"_s);
    QVERIFY(AssertionSigner::open(file, u"me"_s, Clock::system()));
    QVERIFY(QFile::setPermissions(file, QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther));
    QCOMPARE(AssertionSigner::open(file, u"me"_s, Clock::system()).error().code(), ErrorCode::PermissionDenied);
}

// The upstream learnt the scopes with the upgrade: it would go on believing them.
void TestAssertion::changedScopesBeginAnew()
{
    const auto socket = m_gate.client(u"/app"_s, m_gate.token());
    SocketLog log(*socket);
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.accept();
    QVERIFY(log.awaitFrame(u"hello"_s));
    const auto renew = [&](const QString &scope) {
        QJsonObject claims = m_gate.claims();
        claims.insert(u"scope"_s, scope);
        socket->sendTextMessage(Frame(u"auth.refresh"_s, {{u"token"_s, QString::fromLatin1(m_gate.token(claims))}}).toText());
    };
    renew(u"more use"_s); // the same
    QVERIFY(log.await(u"auth.ok"_s, 1));
    QVERIFY(!log.closed);
    renew(u"use"_s);
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4441);
}

void TestAssertion::configuration()
{
    const auto read = [](const QByteArray &key, const QByteArray &endpoint) {
        return GatewayConfig::fromToml(
            QString::fromLatin1("[listen]\naddress = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"" + key
                                + "\"\n[[issuer]]\nurl = \"https://a.example\"\naudience = \"a\"\n[[endpoint]]\npath = \"/a\"\n"
                                + endpoint),
            u"/etc/g.toml"_s);
    };
    QVERIFY(read("k.pem", "upstream = \"ws://127.0.0.1:1/\"\nassertion_audience = \"x\"\n"));
    QVERIFY(!read("k.pem", "serves = \"echo\"\nassertion_audience = \"x\"\n"));
    // Secrets of a service come from its manager, if it has one.
    qunsetenv("CREDENTIALS_DIRECTORY");
    QVERIFY(read("credential:tls", "serves = \"echo\"\n").error().detail().contains("LoadCredential=tls:FILE"_L1));
    qputenv("CREDENTIALS_DIRECTORY", "/run/credentials/watchword-gateway.service");
    QCOMPARE(read("credential:tls", "serves = \"echo\"\n")->listen.keyFile, u"/run/credentials/watchword-gateway.service/tls"_s);
    QVERIFY(!read("credential:../tls", "serves = \"echo\"\n"));
    qunsetenv("CREDENTIALS_DIRECTORY");
}

WATCHWORD_TEST_MAIN(TestAssertion)
#include "tst_assertion.moc"
