// SPDX-License-Identifier: Apache-2.0
#include "codesfixture.h"
#include "provider/dpopsigner.h"
#include "support/testmain.h"
#include "watchword/watch/watchclient.h"

using namespace Codes;

namespace {

const QByteArray kWatch = "[gateway]\ngrace = \"3s\"\n[watch]\n";
const QByteArray kNonces = "[dpop]\nnonce = true\n";

/*! A signer that can fail, or be deaf to nonces. */
class FaultyProof final : public TokenProof
{
public:
    explicit FaultyProof(std::shared_ptr<DpopSigner> signer)
        : m_signer(std::move(signer))
    {
    }
    Result<QByteArray> headerFor(const QByteArray &method, const QUrl &url, const Secret &accessToken) override
    {
        asked += url.path();
        if (fails)
            return Error(ErrorCode::UnusableKey, u"the key is in a drawer"_s);
        const Result<QByteArray> proof = m_signer->headerFor(method, url, accessToken);
        made += proof.valueOr({});
        return proof;
    }
    bool rememberNonce(const QUrl &url, const QByteArray &nonce) override
    {
        return isDeaf || m_signer->rememberNonce(url, nonce);
    }

    bool fails = false;
    bool isDeaf = false;
    QStringList asked; // paths
    QList<QByteArray> made;

private:
    const std::shared_ptr<DpopSigner> m_signer;
};

/*! An operator's program, and everything that it was told since both of its streams are live. */
class Operator
{
public:
    Operator(const Support::GatewayProcess &gateway, const std::shared_ptr<DpopSigner> &key, int lifetime)
        : proof(std::make_shared<FaultyProof>(key))
        , m_gateway(gateway)
        , m_lifetime(lifetime)
    {
        use(key);
        tokens.proof = proof;
        WatchOptions options;
        options.gateway = gateway.url({});
        options.additionalCertificateAuthorities = QSslCertificate::fromPath(gateway.file(u"ca.pem"_s));
        client = std::make_unique<WatchClient>(&tokens, options);
    }
    bool awaitLive()
    {
        client->start();
        if (!waitUntil([this] { return isLive(); }, 20s))
            return false;
        states = std::make_unique<QSignalSpy>(client.get(), &WatchClient::stateChanged);
        auditStates = std::make_unique<QSignalSpy>(client.get(), &WatchClient::auditStateChanged);
        errors = std::make_unique<QSignalSpy>(client.get(), &WatchClient::lastErrorChanged);
        QObject::connect(client.get(), &WatchClient::serverChanged, client.get(), [this] { noteExpiry(); });
        noteExpiry();
        renewals = 0;
        proof->asked.clear();
        return true;
    }
    //! Tokens of \a key from now on.
    void use(const std::shared_ptr<DpopSigner> &key)
    {
        tokens.make = [this, key] { return token({{u"cnf"_s, QJsonObject{{u"jkt"_s, key->thumbprint()}}}}); };
    }
    QByteArray token(const QJsonObject &more = {})
    {
        QJsonObject claims{{u"scope"_s, u"gw:read gw:audit gw:kick"_s}};
        for (auto claim = more.begin(); claim != more.end(); ++claim)
            claims.insert(claim.key(), claim.value());
        // Long ones end at different seconds, so that each renewal shows.
        return m_gateway.token(u"olga"_s, m_lifetime > 60 ? m_lifetime++ : m_lifetime, claims);
    }
    bool isLive() const
    {
        return client->state() == WatchClient::State::Live && client->auditState() == WatchClient::AuditState::Live;
    }
    //! Neither stream was ever anything but live.
    bool stayed() const { return isLive() && states->isEmpty() && auditStates->isEmpty(); }
    int proofsOf(const QString &path) const { return int(proof->asked.count(path)); }

    Tokens tokens;
    const std::shared_ptr<FaultyProof> proof;
    std::unique_ptr<WatchClient> client;
    std::unique_ptr<QSignalSpy> states;
    std::unique_ptr<QSignalSpy> auditStates;
    std::unique_ptr<QSignalSpy> errors;
    int renewals = 0; // of the watch stream
    std::optional<WallTime> expiry;

private:
    void noteExpiry()
    {
        const std::optional<WallTime> now = client->server().tokenExpiresAt;
        if (std::exchange(expiry, now) != now)
            ++renewals;
    }

    const Support::GatewayProcess &m_gateway;
    int m_lifetime;
};

} // namespace

/*! The streams of operators whose tokens are bound to a key (RFC 9449), at the program watchword-gateway. */
class TestWatchBound : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void streamsOutliveTheirTokens_data();
    void streamsOutliveTheirTokens();
    void nonceAtARenewal();
    void nonceRefusedTwice();
    void signerFails();
    void anotherKey();
    void aKeyForAStreamWithoutOne();
    void neverInWords();

private:
    std::unique_ptr<Support::GatewayProcess> m_gateway;
    std::shared_ptr<DpopSigner> m_key;
};

// A gateway for each: programs may connect to one only so often in a minute.
void TestWatchBound::init()
{
    WatchwordTest::init();
    m_gateway = std::make_unique<Support::GatewayProcess>();
    QVERIFY(m_gateway->prepare(kWatch));
    QVERIFY(m_gateway->start());
    m_key = *DpopSigner::create(Clock::system());
}

void TestWatchBound::streamsOutliveTheirTokens_data()
{
    QTest::addColumn<QByteArray>("configuration");
    QTest::newRow("without nonces") << kWatch;
    QTest::newRow("with nonces") << kWatch + kNonces;
}

void TestWatchBound::streamsOutliveTheirTokens()
{
    QFETCH(QByteArray, configuration);
    QVERIFY(m_gateway->reload(configuration));
    Operator person(*m_gateway, m_key, 5);
    QVERIFY2(person.awaitLive(), qPrintable(person.client->explain()));
    const int connects = person.tokens.count(TokenRequest::Reason::Connect);
    const WallTime firstIsOver = *person.expiry + 4s; // with its grace
    QVERIFY2(waitUntil([&] { return person.renewals >= 3 && Clock::system().wallNow() > firstIsOver; }, 60s),
             qPrintable(person.client->lastError().toString()));
    QVERIFY2(person.stayed(), qPrintable(person.client->explain()));
    QCOMPARE(person.tokens.count(TokenRequest::Reason::Connect), connects);
    QVERIFY2(person.errors->isEmpty(), qPrintable(person.client->lastError().toString()));
}

void TestWatchBound::nonceAtARenewal()
{
    Operator person(*m_gateway, m_key, 3600);
    QVERIFY(person.awaitLive());
    QVERIFY(m_gateway->reload(kWatch + kNonces));
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.renewals == 1; }));
    // Of the two streams the first paid for the nonce with one proof; the other may have had it in time.
    QVERIFY(person.proof->asked.size() >= 3 && person.proof->asked.size() <= 4);
    // What the gateway wants next is known by now.
    person.proof->asked.clear();
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.renewals == 2; }));
    QCOMPARE(person.proofsOf(u"/watch"_s), 1);
    QVERIFY(person.stayed());
    QVERIFY(person.errors->isEmpty());
}

void TestWatchBound::nonceRefusedTwice()
{
    Operator person(*m_gateway, m_key, 3600);
    QVERIFY(person.awaitLive());
    QVERIFY(m_gateway->reload(kWatch + kNonces));
    person.proof->isDeaf = true;
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.client->lastError().code() == ErrorCode::WrongNonce; }));
    QCOMPARE(person.client->lastError().closeCode(), 4402);
    QVERIFY(waitUntil([&] { return person.proof->asked.size() == 4; }));
    QCOMPARE(person.proofsOf(u"/watch"_s), 2);
    QCOMPARE(person.proofsOf(u"/audit"_s), 2);
    QCOMPARE(person.renewals, 0);
    // The token of before holds, and the next renewal is as good as any.
    person.proof->isDeaf = false;
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.renewals == 1; }));
    QVERIFY(person.stayed());
}

void TestWatchBound::signerFails()
{
    Operator person(*m_gateway, m_key, 3600);
    QVERIFY(person.awaitLive());
    person.proof->fails = true;
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.proof->asked.size() >= 2 && !person.errors->isEmpty(); }));
    QCOMPARE(person.client->lastError().code(), ErrorCode::UnusableKey);
    QCOMPARE(person.renewals, 0);
    person.proof->fails = false;
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.renewals == 1 && person.proof->asked.size() >= 4; }));
    QVERIFY(person.stayed());
}

void TestWatchBound::anotherKey()
{
    Operator person(*m_gateway, m_key, 3600);
    QVERIFY(person.awaitLive());
    const auto other = *DpopSigner::create(Clock::system());
    person.use(other);
    person.tokens.proof = other;
    person.tokens.renew();
    // A stream keeps its key; another one is begun with the new.
    QVERIFY(waitUntil([&] { return !person.states->isEmpty() && !person.auditStates->isEmpty() && person.isLive(); }));
    QCOMPARE(person.client->lastError().code(), ErrorCode::ConnectionLost);
    const auto before = person.renewals;
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.renewals > before; }));
    QVERIFY(person.isLive());
}

void TestWatchBound::aKeyForAStreamWithoutOne()
{
    Operator person(*m_gateway, m_key, 3600);
    const std::shared_ptr<TokenProof> proof = std::exchange(person.tokens.proof, nullptr);
    const auto bound = std::exchange(person.tokens.make, [&person] { return person.token(); });
    QVERIFY(person.awaitLive());
    person.tokens.proof = proof;
    person.tokens.make = bound;
    QVERIFY(m_gateway->reload(kWatch + kNonces));
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return person.renewals == 1 && person.proofsOf(u"/audit"_s) > 0; }));
    QVERIFY(person.stayed());
    QVERIFY(person.errors->isEmpty());
}

void TestWatchBound::neverInWords()
{
    Operator person(*m_gateway, m_key, 3600);
    QVERIFY(person.awaitLive());
    person.proof->isDeaf = true;
    QVERIFY(m_gateway->reload(kWatch + kNonces));
    person.tokens.renew();
    QVERIFY(waitUntil([&] { return !person.errors->isEmpty() && person.proof->made.size() >= 6; }));
    const QString told = person.client->explain() + person.client->lastError().toString() + person.client->lastError().remedy();
    for (const QByteArray &proof : std::as_const(person.proof->made))
        QVERIFY(!told.contains(QString::fromLatin1(proof.left(40))));
    QVERIFY(!told.contains("eyJ"_L1)); // nor a token
}

WATCHWORD_TEST_MAIN(TestWatchBound)
#include "tst_watchbound.moc"
