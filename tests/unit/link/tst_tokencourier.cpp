// SPDX-License-Identifier: Apache-2.0
#include "partsbench.h"
#include "support/testmain.h"

#include "watchword/link/subprotocolauth.h"

using namespace PartsTest;

/*! The way of a token from its provider to the server. */
class TestTokenCourier : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void brings();
    void fails();
    void lateAnswers();
    void withoutAProvider();
    void destroyedMeanwhile();
    void boundTokens_data();
    void boundTokens();
    void renewals();
    void noncesOfTheServer();
};

namespace {

void turn()
{
    QCoreApplication::processEvents();
}

//! The attempt that the machine has begun; what is asked for it has this id.
M::RequestToken begun(Parts &parts)
{
    for (const M::Action &action : parts.context.machine.step(M::Open{}, parts.clock.now())) {
        if (const auto *request = std::get_if<M::RequestToken>(&action))
            return *request;
    }
    return {};
}

} // namespace

void TestTokenCourier::brings()
{
    SlowTokens provider;
    Parts parts(&provider);
    const M::RequestToken request = begun(parts);
    parts.tokens.request(request);
    AccessToken token = tokenOf("t");
    token.expiresAt = parts.clock.wallNow() + 90s;
    token.subject = u"ann"_s;
    provider.answer(0, token);
    QVERIFY(parts.events.empty()); // never from inside a call
    turn();
    QVERIFY(parts.last<M::TokenReady>());
    QCOMPARE(parts.last<M::TokenReady>()->id, request.id);
    QCOMPARE(parts.last<M::TokenReady>()->fingerprint, token.value.fingerprint());
    QCOMPARE(*parts.last<M::TokenReady>()->expiresAt, parts.clock.now() + 90s);
    QCOMPARE(parts.last<M::TokenReady>()->subject, u"ann"_s);
    QCOMPARE(parts.context.swap.current().token.value.fingerprint(), token.value.fingerprint());
}

void TestTokenCourier::fails()
{
    SlowTokens provider;
    Parts parts(&provider);
    parts.tokens.request(begun(parts));
    provider.answer(0, Error(ErrorCode::RevokedOrExpired));
    turn();
    QVERIFY(parts.last<M::TokenFailed>());
    QCOMPARE(parts.last<M::TokenFailed>()->error.code(), ErrorCode::RevokedOrExpired);
    QVERIFY(parts.context.swap.current().token.value.isEmpty());
}

void TestTokenCourier::lateAnswers()
{
    SlowTokens provider;
    Parts parts(&provider);
    const M::RequestToken request = begun(parts);
    parts.tokens.request({.id = request.id + 5, .request = {}, .why = {}}); // of an attempt that is not, or not any more
    parts.tokens.request(request);
    provider.answer(1, tokenOf("new"));
    provider.answer(0, tokenOf("old"));
    turn();
    QCOMPARE(parts.events.size(), 1u);
    QCOMPARE(parts.context.swap.current().token.value.fingerprint(), tokenOf("new").value.fingerprint());
}

void TestTokenCourier::withoutAProvider()
{
    auto provider = std::make_unique<SlowTokens>();
    Parts parts(provider.get());
    const M::RequestToken request = begun(parts);
    parts.tokens.request(request);
    provider.reset(); // its promise goes with it
    turn();
    QVERIFY(parts.last<M::TokenFailed>());
    QCOMPARE(parts.last<M::TokenFailed>()->error.code(), ErrorCode::Cancelled);
    parts.events.clear();
    parts.tokens.request(request);
    QVERIFY(parts.last<M::TokenFailed>());
    QVERIFY(parts.tokens.isUsed()); // the server still wants one
}

void TestTokenCourier::destroyedMeanwhile()
{
    SlowTokens provider;
    int posted = 0;
    ManualClock clock;
    ConnectionOptions options;
    options.clock = &clock;
    ConnectionContext context(options, LinkContext::Tokens::Used, [&posted](const M::Event &) { ++posted; }, {});
    {
        TokenCourier courier(&provider, context);
        courier.request({.id = 1, .request = {}, .why = {}});
    }
    provider.answer(0, Error(ErrorCode::Offline));
    turn();
    QCOMPARE(posted, 0);
}

void TestTokenCourier::boundTokens_data()
{
    QTest::addColumn<bool>("hasKey");
    QTest::addColumn<bool>("inHeader");
    QTest::addColumn<bool>("sent");
    QTest::newRow("header and key") << true << true << true;
    QTest::newRow("no key") << false << true << false;
    QTest::newRow("not in the header") << true << false << false;
}

void TestTokenCourier::boundTokens()
{
    QFETCH(bool, hasKey);
    QFETCH(bool, inHeader);
    QFETCH(bool, sent);
    SlowTokens provider;
    Parts parts(&provider, [&](ConnectionOptions &options) {
        if (!inHeader)
            options.strategy = std::make_shared<SubprotocolAuth>();
    });
    parts.tokens.request(begun(parts));
    AccessToken token = tokenOf("t", std::make_shared<TextProof>());
    if (!hasKey)
        token.proof.reset();
    provider.answer(0, token);
    turn();
    QCOMPARE(parts.last<M::TokenReady>() != nullptr, sent);
    if (sent)
        return;
    QVERIFY(parts.last<M::TokenFailed>());
    QCOMPARE(parts.last<M::TokenFailed>()->error.code(), ErrorCode::InvalidArgument);
    QVERIFY(!parts.last<M::TokenFailed>()->error.remedy().isEmpty());
}

void TestTokenCourier::renewals()
{
    const auto proof = std::make_shared<TextProof>();
    FixedTokenProvider provider(tokenOf("t", proof));
    Parts parts(&provider);
    parts.tokens.renew({1}); // there is no link
    QVERIFY(parts.events.empty());
    FaultyTransport *server = parts.use();
    parts.context.swap.current().token = tokenOf("t", proof);
    parts.tokens.renew({1});
    const Result<Frame> frame = Frame::parse(server->texts().value(0));
    QVERIFY(frame);
    QCOMPARE(frame->type(), u"auth.refresh"_s);
    QCOMPARE(frame->fields().value("token"_L1).toString(), u"t"_s);
    QCOMPARE(frame->fields().value("dpop"_L1).toString(), u"proof for wss://example.test/"_s);
    proof->isBroken = true;
    parts.tokens.renew({1});
    QCOMPARE(server->texts().size(), 1);
    QVERIFY(parts.last<M::RenewalRefused>());
    QCOMPARE(parts.last<M::RenewalRefused>()->fault, M::RenewalRefused::Fault::Proof);
}

void TestTokenCourier::noncesOfTheServer()
{
    const auto proof = std::make_shared<TextProof>();
    FixedTokenProvider provider(tokenOf("t", proof));
    Parts parts(&provider);
    parts.use();
    QVERIFY(!parts.tokens.rememberNonce(1, u"n"_s)); // the token is not bound
    parts.context.swap.current().token = tokenOf("t", proof);
    QVERIFY(!parts.tokens.rememberNonce(1, {}));
    QVERIFY(!parts.tokens.rememberNonce(2, u"n"_s));
    QVERIFY(parts.tokens.rememberNonce(1, u"n"_s));
    parts.links->drop(1, 0);
    QVERIFY(!parts.tokens.rememberNonce(1, u"late"_s));
    QCOMPARE(proof->nonces, QByteArrayList{"example.test n"});
}

WATCHWORD_TEST_MAIN(TestTokenCourier)
#include "tst_tokencourier.moc"
