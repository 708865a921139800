// SPDX-License-Identifier: Apache-2.0
#include "codesfixture.h"
#include "provider/dpopsigner.h"
#include "support/testmain.h"

using namespace Codes;

namespace {

const QByteArray kEndpoint = "[[endpoint]]\npath = \"/bound\"\nscopes = [\"use\"]\nserves = \"echo\"\nrequire_dpop = true\n"
                             "limits = { handshakes_per_second = 0 }\n";
const QByteArray kNonces = "[dpop]\nnonce = true\n";

} // namespace

/*! Tokens that are bound to a key (RFC 9449): a Connection at one end, the program watchword-gateway at the other. */
class TestGatewayBound : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void connectsAndRenews();
    void nonceCostsNoFailure();
    void nonceAtARenewal();
    void stolenTokenIsRefused_data();
    void stolenTokenIsRefused();
    void renewalWithAnotherKey();

private:
    std::function<QByteArray()> tokens(const std::shared_ptr<DpopSigner> &owner)
    {
        return [this, owner] {
            return m_gateway.token(u"ada"_s, 3600, {{u"cnf"_s, QJsonObject{{u"jkt"_s, owner->thumbprint()}}}});
        };
    }

    Support::GatewayProcess m_gateway;
    std::shared_ptr<DpopSigner> m_key;
};

void TestGatewayBound::initTestCase()
{
    QVERIFY(m_gateway.prepare(kEndpoint));
    QVERIFY(m_gateway.start());
}

void TestGatewayBound::init()
{
    WatchwordTest::init();
    QVERIFY(m_gateway.reload(kEndpoint));
    m_key = *DpopSigner::create(Clock::system());
}

void TestGatewayBound::connectsAndRenews()
{
    Program program(m_gateway, u"/bound"_s, tokens(m_key), m_key);
    QVERIFY(program.awaitReady());
    for (int number = 1; number <= 3; ++number) {
        program.tokens.renew();
        QVERIFY(waitUntil([&] { return program.renewals->size() == number; }));
    }
    const auto answer = program.connection->request(u"echo"_s, "here");
    QVERIFY(waitUntil([&] { return answer.isFinished(); }));
    QCOMPARE(answer.result().valueOr({}), QByteArray("here"));
    QVERIFY(program.errors->isEmpty() && program.failures->isEmpty() && program.byes->isEmpty());
}

void TestGatewayBound::nonceCostsNoFailure()
{
    QVERIFY(m_gateway.reload(kEndpoint + kNonces));
    Program program(m_gateway, u"/bound"_s, tokens(m_key), m_key);
    QVERIFY(program.awaitReady());
    QVERIFY(program.failures->isEmpty() && program.errors->isEmpty());
    QCOMPARE(program.tokens.made, 1);
    // The nonce came with "hello", so that the next proof carries it.
    program.tokens.renew();
    QVERIFY(waitUntil([&] { return program.renewals->size() == 1; }));
    QVERIFY(program.errors->isEmpty());
}

void TestGatewayBound::nonceAtARenewal()
{
    Program program(m_gateway, u"/bound"_s, tokens(m_key), m_key);
    QVERIFY(program.awaitReady());
    QVERIFY(m_gateway.reload(kEndpoint + kNonces));
    program.tokens.renew();
    QVERIFY(waitUntil([&] { return program.renewals->size() == 1; }));
    QVERIFY(program.errors->isEmpty() && program.failures->isEmpty() && program.byes->isEmpty());
}

void TestGatewayBound::stolenTokenIsRefused_data()
{
    QTest::addColumn<bool>("withAKey");
    QTest::newRow("as bearer") << false;
    QTest::newRow("with the thief's key") << true;
}

void TestGatewayBound::stolenTokenIsRefused()
{
    QFETCH(bool, withAKey);
    const auto thief = *DpopSigner::create(Clock::system());
    Program program(m_gateway, u"/bound"_s, tokens(m_key), withAKey ? thief : nullptr);
    QVERIFY(program.awaitClosed());
    QVERIFY(program.readies->isEmpty());
    QCOMPARE(program.failure().httpStatus, 401);
    QVERIFY2(program.failure().httpHeaders.value(u"www-authenticate"_s).contains("error=\"invalid_token\""_L1),
             qPrintable(program.failure().httpHeaders.value(u"www-authenticate"_s)));
    QCOMPARE(program.signIns->size(), 1);
}

void TestGatewayBound::renewalWithAnotherKey()
{
    Program program(m_gateway, u"/bound"_s, tokens(m_key), m_key);
    QVERIFY(program.awaitReady());
    const auto other = *DpopSigner::create(Clock::system());
    program.tokens.make = tokens(other);
    program.tokens.proof = other;
    program.tokens.renew();
    // The live connection keeps its key; whatever the client does next, it must not be told that this was good.
    QVERIFY(waitUntil([&] { return !program.errors->isEmpty() || program.readies->size() > 1; }));
    QVERIFY(program.renewals->isEmpty());
    QVERIFY(program.closes->isEmpty() && program.signIns->isEmpty());
}

WATCHWORD_TEST_MAIN(TestGatewayBound)
#include "tst_gatewaybound.moc"
