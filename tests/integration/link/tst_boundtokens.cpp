// SPDX-License-Identifier: Apache-2.0
// Tokens that are bound to a key (RFC 9449): a proof for every request, and the nonces that servers want in it.
#include "linkfixture.h"

#include "provider/dpopsigner.h"

#include "watchword/link/centrifugoauth.h"
#include "watchword/link/firstmessageauth.h"
#include "watchword/link/graphqlauth.h"
#include "watchword/link/subprotocolauth.h"

using namespace LinkTest;

class TestBoundTokens : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void everyAttemptHasItsOwnProof();
    void nonceCostsOneRoundAndNoFailure_data();
    void nonceCostsOneRoundAndNoFailure();
    void nonceIsKept();
    void nonceWithoutEnd();
    void nonceThatIsNotGiven();
    void refusedProofKeepsTheToken();
    void redirectWithinTheOrigin();
    void redirectToAnotherOrigin();
    void renewal();
    void renewalWantsANonce();
    void anotherConnectionLearnedItFirst();
    void unboundTokensAreAsBefore();
    void strategiesRefuse_data();
    void strategiesRefuse();
    void keyThatIsNotHere();
    void neverInLogs();

private:
    QList<QByteArray> proofs() const;
    std::unique_ptr<Connection> open(const std::function<void(ConnectionOptions &)> &change = {});
    static FakeGateway::Step wantsNonce(const QByteArray &nonce, int status = 401);

    std::unique_ptr<FakeGateway> m_gateway;
    std::unique_ptr<CanaryTokens> m_tokens;
    std::shared_ptr<DpopSigner> m_signer;
    int m_failures = 0; // of attempts, and errors that were reported
};

void TestBoundTokens::init()
{
    m_signer = *DpopSigner::create(Clock::system());
    m_tokens = std::make_unique<CanaryTokens>();
    m_tokens->proof = m_signer;
    m_gateway = std::make_unique<FakeGateway>();
    m_gateway->requireProof(m_signer->thumbprint());
    QVERIFY(m_gateway->listen());
    m_failures = 0;
}

void TestBoundTokens::cleanup()
{
    m_gateway.reset();
}

QList<QByteArray> TestBoundTokens::proofs() const
{
    QList<QByteArray> all;
    for (const FakeGateway::Request &request : m_gateway->requests())
        all.append(request.headers.value("dpop"));
    return all;
}

std::unique_ptr<Connection> TestBoundTokens::open(const std::function<void(ConnectionOptions &)> &change)
{
    ConnectionOptions options = quickOptions(*m_gateway);
    if (change)
        change(options);
    auto connection = std::make_unique<Connection>(m_tokens.get(), options);
    connect(connection.get(), &Connection::attemptFailed, this, [this] { ++m_failures; });
    connect(connection.get(), &Connection::errorOccurred, this, [this] { ++m_failures; });
    connection->open();
    return connection;
}

FakeGateway::Step TestBoundTokens::wantsNonce(const QByteArray &nonce, int status)
{
    QMap<QByteArray, QByteArray> headers{{"WWW-Authenticate", "Bearer realm=\"/\", DPoP error=\"use_dpop_nonce\""}};
    if (!nonce.isEmpty())
        headers.insert("DPoP-Nonce", nonce);
    return FakeGateway::refuse(status, headers);
}

void TestBoundTokens::everyAttemptHasItsOwnProof()
{
    const auto connection = open();
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(m_gateway->requests().first().headers.value("authorization"), "DPoP " + CanaryTokens::value(1));
    QCOMPARE(m_failures, 0);
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 2 && connection->state() == State::Ready; }));
    QCOMPARE(m_gateway->requests().at(1).bearer(), CanaryTokens::value(1)); // the token is the same
    QVERIFY(proofs().at(0) != proofs().at(1));
}

void TestBoundTokens::nonceCostsOneRoundAndNoFailure_data()
{
    QTest::addColumn<int>("status");
    QTest::newRow("as the standard says") << 401;
    QTest::newRow("as providers say it") << 400;
}

void TestBoundTokens::nonceCostsOneRoundAndNoFailure()
{
    QFETCH(int, status);
    m_gateway->setProofNonce("n-1");
    m_gateway->next(wantsNonce("n-1", status));
    const auto connection = open([](ConnectionOptions &o) { o.backoff.base = o.backoff.floor = 1h; }); // at once, or never
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(m_gateway->requests().size(), 2);
    QCOMPARE(m_failures, 0);
    QCOMPARE(m_tokens->number, 1);
    QCOMPARE(m_tokens->requests.last().rejectedFingerprint, QString()); // nobody refused the token
    QCOMPARE(connection->attempts().size(), 2);
    QCOMPARE(connection->attempts().last().why, u"the server gave a nonce for the proof"_s);
    QVERIFY(!connection->attempts().first().failure);
}

void TestBoundTokens::nonceIsKept()
{
    m_gateway->setProofNonce("n-1");
    const auto connection = open();
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(m_gateway->requests().size(), 2);
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 3 && connection->state() == State::Ready; }));
    // Any answer can bring the next one, not only a refusal for its sake.
    m_gateway->next(FakeGateway::refuse(503, {{"DPoP-Nonce", "n-2"}}));
    m_gateway->setProofNonce("n-2");
    m_gateway->setHelloMember(u"dpop_nonce"_s, u"n-2"_s);
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 5 && connection->state() == State::Ready; }));
    m_gateway->setHelloMember(u"dpop_nonce"_s, u"n-4"_s); // which the next one is told by the connection itself
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 6 && connection->state() == State::Ready; }));
    m_gateway->setProofNonce("n-4");
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 7 && connection->state() == State::Ready; }));
    // And when it changed unsaid, the next attempt learns it in one round again.
    m_gateway->setProofNonce("n-3");
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 9 && connection->state() == State::Ready; }));
    QCOMPARE(m_tokens->number, 1);
}

void TestBoundTokens::nonceWithoutEnd()
{
    for (const char *nonce : {"a", "b", "c"})
        m_gateway->next(wantsNonce(nonce));
    const auto connection = open();
    QSignalSpy failed(connection.get(), &Connection::attemptFailed);
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(m_gateway->requests().size(), 4);
    QCOMPARE(failed.size(), 2); // all but the first
    QCOMPARE(failed.first().first().value<ConnectError>().error.code(), ErrorCode::WrongNonce);
    QCOMPARE(m_tokens->number, 1);
}

void TestBoundTokens::nonceThatIsNotGiven()
{
    m_gateway->next(wantsNonce({}));
    const auto connection = open();
    QSignalSpy failed(connection.get(), &Connection::attemptFailed);
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(failed.size(), 1);
    QCOMPARE(failed.first().first().value<ConnectError>().error.code(), ErrorCode::WrongNonce);
    QCOMPARE(m_tokens->number, 1);
}

// A wrong clock, or a proxy that hides the address: another token does not help, and neither does a person.
void TestBoundTokens::refusedProofKeepsTheToken()
{
    m_gateway->requireProof(u"another key"_s);
    const auto connection = open();
    QSignalSpy failed(connection.get(), &Connection::attemptFailed);
    QSignalSpy person(connection.get(), &Connection::authenticationRequired);
    QVERIFY(waitUntil([&] { return failed.size() == 3; }));
    const ConnectError failure = failed.last().first().value<ConnectError>();
    QCOMPARE(failure.error.code(), ErrorCode::InvalidRequest);
    QVERIFY(failure.remedy.contains("clock"_L1));
    QCOMPARE(m_tokens->number, 1);
    QCOMPARE(person.size(), 0);
    m_gateway->requireProof(m_signer->thumbprint());
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
}

void TestBoundTokens::redirectWithinTheOrigin()
{
    m_gateway->next(FakeGateway::refuse(307, {{"Location", "/b?x=1"}}));
    const auto connection = open([](ConnectionOptions &o) { o.maximumRedirects = 1; });
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(m_gateway->requests().at(1).path(), u"/b"_s); // whose proof the gateway took
    QVERIFY(proofs().at(0) != proofs().at(1));
    // On the live link it is the new address that counts.
    QSignalSpy renewed(connection.get(), &Connection::tokenRenewed);
    m_gateway->peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
}

void TestBoundTokens::redirectToAnotherOrigin()
{
    FakeGateway other;
    other.setTls(m_gateway->tls());
    other.onToken = [](const QByteArray &) { return 0; };
    other.setTokenLifetime(1s);
    QVERIFY(other.listen());
    m_gateway->next(FakeGateway::refuse(307, {{"Location", other.url(u"/x"_s).toEncoded()}, {"DPoP-Nonce", "n"}}));
    const auto connection = open([](ConnectionOptions &o) { o.maximumRedirects = 1; });
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QVERIFY(!other.requests().first().headers.contains("authorization"));
    QVERIFY(!other.requests().first().headers.contains("dpop"));
    // Nor does it get the next one, however much it asks.
    other.peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    m_tokens->lifetime = 2h;
    Q_EMIT m_tokens->tokenChanged(2);
    other.peer()->sendFrame(Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, 1}}));
    QVERIFY(waitUntil([&] { return !other.peer()->frames().isEmpty(); }));
    QCOMPARE(other.peer()->frames().first().type(), u"pong"_s);
    QCOMPARE(other.peer()->frames().size(), 1);
}

void TestBoundTokens::renewal()
{
    const auto connection = open();
    QSignalSpy renewed(connection.get(), &Connection::tokenRenewed);
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    m_gateway->peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
    QCOMPARE(m_gateway->peer()->frames().size(), 1);
    QVERIFY(m_gateway->peer()->frames().first().fields().value("dpop"_L1).toString() != QString::fromLatin1(proofs().first()));
    QCOMPARE(m_gateway->peer()->token().reveal(), QByteArrayView(CanaryTokens::value(2)));
    QCOMPARE(m_failures, 0);
}

void TestBoundTokens::renewalWantsANonce()
{
    const auto connection = open();
    QSignalSpy renewed(connection.get(), &Connection::tokenRenewed);
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    m_gateway->setProofNonce("n-9");
    m_gateway->peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
    QCOMPARE(m_gateway->peer()->frames().size(), 2);
    QCOMPARE(m_failures, 0);
    QCOMPARE(m_tokens->number, 2);
    // It holds for the next upgrade too.
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return m_gateway->requests().size() == 2 && connection->state() == State::Ready; }));
}

// Each proof was made before, and its refusal came after another connection of the session had told the signer the nonce.
class ToldBefore final : public TokenProof
{
public:
    explicit ToldBefore(std::shared_ptr<DpopSigner> signer)
        : m_signer(std::move(signer))
    {
    }
    Result<QByteArray> headerFor(const QByteArray &method, const QUrl &url, const Secret &accessToken) override
    {
        return m_signer->headerFor(method, url, accessToken);
    }
    bool rememberNonce(const QUrl &url, const QByteArray &nonce) override
    {
        m_signer->rememberNonce(url, nonce);
        return m_signer->rememberNonce(url, nonce);
    }

private:
    const std::shared_ptr<DpopSigner> m_signer;
};

void TestBoundTokens::anotherConnectionLearnedItFirst()
{
    m_tokens->proof = std::make_shared<ToldBefore>(m_signer);
    m_gateway->setProofNonce("n-1");
    const auto connection = open([](ConnectionOptions &o) { o.backoff.base = o.backoff.floor = 1h; }); // at once, or never
    QSignalSpy renewed(connection.get(), &Connection::tokenRenewed);
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    m_gateway->setProofNonce("n-2");
    m_gateway->peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
    QCOMPARE(m_gateway->requests().size(), 2);
    QCOMPARE(m_failures, 0);
}

void TestBoundTokens::unboundTokensAreAsBefore()
{
    m_tokens->proof.reset();
    FakeGateway plain;
    QVERIFY(plain.listen());
    Connection connection(m_tokens.get(), quickOptions(plain));
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(plain.requests().first().headers.value("authorization"), "Bearer " + CanaryTokens::value(1));
    QVERIFY(!plain.requests().first().headers.contains("dpop"));
    plain.peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    QSignalSpy renewed(&connection, &Connection::tokenRenewed);
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
    QVERIFY(!plain.peer()->frames().first().fields().contains("dpop"_L1));
}

void TestBoundTokens::strategiesRefuse_data()
{
    QTest::addColumn<std::shared_ptr<const AuthStrategy>>("strategy");
    const auto row = [](const char *name, std::shared_ptr<const AuthStrategy> strategy) {
        QTest::newRow(name) << std::move(strategy);
    };
    row("subprotocol", std::make_shared<SubprotocolAuth>());
    row("first message", std::make_shared<FirstMessageAuth>([](const QByteArray &token) { return QString::fromLatin1(token); }));
    row("GraphQL", std::make_shared<GraphQlAuth>());
    row("Centrifugo", std::make_shared<CentrifugoAuth>());
}

void TestBoundTokens::strategiesRefuse()
{
    QFETCH(std::shared_ptr<const AuthStrategy>, strategy);
    const auto connection = open([&](ConnectionOptions &o) { o.strategy = strategy; });
    QVERIFY(waitUntil([&] { return connection->state() == State::Disconnected; }));
    QCOMPARE(connection->lastError().code(), ErrorCode::InvalidArgument);
    QVERIFY(connection->lastError().detail().contains("DPoP"_L1));
    QVERIFY(connection->lastError().remedy().contains("Authorization"_L1));
    QCOMPARE(m_gateway->connectionsSeen(), 0);
}

void TestBoundTokens::keyThatIsNotHere()
{
    FixedTokenProvider fixed({.value = Secret::copy("canary"), .type = u"DPoP"_s, .expiresAt = {}, .scopes = {}, .subject = {}});
    Connection connection(&fixed, quickOptions(*m_gateway));
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Disconnected; }));
    QCOMPARE(connection.lastError().code(), ErrorCode::InvalidArgument);
    QCOMPARE(m_gateway->connectionsSeen(), 0);
}

// A proof is no secret, and does not belong into logs either: it says when and with which key somebody was where.
void TestBoundTokens::neverInLogs()
{
    LogCapture capture;
    m_gateway->next(FakeGateway::refuse(503, {{"Via", "{proof}"}}, "you sent {proof}"));
    const auto connection = open();
    QSignalSpy failed(connection.get(), &Connection::attemptFailed);
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    QCOMPARE(failed.first().first().value<ConnectError>().bodySnippet, u"you sent [proof]"_s);
    QSignalSpy renewed(connection.get(), &Connection::tokenRenewed);
    m_gateway->peer()->sendFrame(Frame(QLatin1StringView(FrameType::AuthDue)));
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
    const QString told = LogCapture::text() + connection->explain();
    QVERIFY(!told.isEmpty());
    QVERIFY(!told.contains("canary-"_L1));
    for (const QByteArray &proof : proofs())
        QVERIFY(!proof.isEmpty() && !told.contains(QString::fromLatin1(proof.left(40))));
}

WATCHWORD_TEST_MAIN(TestBoundTokens)
#include "tst_boundtokens.moc"
