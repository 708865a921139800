// SPDX-License-Identifier: Apache-2.0
#include "partsbench.h"
#include "support/testmain.h"

using namespace PartsTest;
using Fault = M::RenewalRefused::Fault;

/*! What is made of what comes on a link. */
class TestReceiver : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void messages();
    void framesAboutTheConnection();
    void helloOnTheServersClock();
    void wildHello();
    void byeWithoutSecrets();
    void byeWithAnEnd();
    void endOfASessionIsNoReasonToRenew();
    void refusedRenewals_data();
    void refusedRenewals();
    void brokenFrames();
    void acknowledgedOnce();
    void beforeHello();
    void inTheOrderOfTheSwap();
    void ofTheLinkThatLeaves();
    void tooMuchTooEarly();
    void noticesOfAStrategy();
    void strangers();
};

void TestReceiver::messages()
{
    Parts plain;
    plain.use({});
    plain.receiver.takeText(1, u"\x1e{\"t\":\"ping\"}"_s); // no frame for a server that knows none
    plain.receiver.takeText(1, u"gr\u00fcn"_s);
    plain.receiver.takeBinary(1, "bytes");
    QCOMPARE(plain.told, QStringList({u"\x1e{\"t\":\"ping\"}"_s, u"gr\u00fcn"_s, u"binary bytes"_s}));
    QCOMPARE(plain.context.counts.messagesReceived, 3);
    QCOMPARE(plain.context.counts.bytesReceived, 13 + 5 + 5);
    Parts watchword;
    watchword.use();
    watchword.receiver.takeText(1, u"\x1e\x1etext"_s);
    watchword.give(1, u"of the application"_s);
    QCOMPARE(watchword.told, QStringList({u"\x1etext"_s, u"frame of the application"_s}));
    QVERIFY(watchword.events.empty());
}

void TestReceiver::framesAboutTheConnection()
{
    Parts parts;
    FaultyTransport *server = parts.use();
    parts.give(1, u"ping"_s, {{u"n"_s, 7}});
    QCOMPARE(Frame::parse(server->texts().last())->fields().value("n"_L1).toInt(), 7);
    QVERIFY(parts.events.empty());
    parts.give(1, u"pong"_s, {{u"n"_s, 3}});
    QVERIFY(parts.last<M::Pong>());
    QCOMPARE(parts.last<M::Pong>()->nonce, 3u);
    parts.give(1, u"auth.due"_s);
    QVERIFY(parts.last<M::RenewalDue>());
    parts.give(1, u"auth.ok"_s, {{u"exp"_s, double(parts.clock.wallNow().time_since_epoch().count() + 60'000) / 1000}});
    QVERIFY(parts.last<M::RenewalAccepted>());
    QCOMPARE(*parts.last<M::RenewalAccepted>()->expiresAt, parts.clock.now() + 60s);
    parts.give(1, u"reconnect"_s, {{u"in_ms"_s, 1500}, {u"reason"_s, u"restart"_s}});
    QVERIFY(parts.last<M::EndAnnounced>());
    QCOMPARE(parts.last<M::EndAnnounced>()->in, Duration(1500));
    QVERIFY(parts.told.isEmpty());
}

void TestReceiver::helloOnTheServersClock()
{
    Parts parts;
    parts.start(1);
    parts.at(1)->open(QLatin1StringView(kSubprotocol));
    parts.give(1, u"hello"_s,
               {{u"server_time"_s, 1'000'000.0}, // half a century behind this machine's
                {u"exp"_s, 1'300.0},
                {u"sid"_s, u"s-1"_s},
                {u"heartbeat_s"_s, 20},
                {u"limits"_s, QJsonObject{{u"message_bytes"_s, 4096}}},
                {u"policy"_s, QJsonObject()}});
    const auto *hello = parts.last<M::Hello>();
    QVERIFY(hello);
    QCOMPARE(*hello->expiresAt, parts.clock.now() + 300s);
    QCOMPARE(*hello->heartbeat, Duration(20s));
    QVERIFY(!hello->refreshBefore);
    QVERIFY(hello->keepsToken && !hello->inBandRenewal); // there is no token
    QCOMPARE(parts.context.swap.current().largestMessage, 4096);
    QCOMPARE(parts.context.swap.current().session, u"s-1"_s);
}

void TestReceiver::wildHello()
{
    Parts parts;
    parts.start(1);
    parts.at(1)->open(QLatin1StringView(kSubprotocol));
    parts.give(1, u"hello"_s,
               {{u"server_time"_s, 1e300},
                {u"exp"_s, -1},
                {u"sid"_s, QString(10'000, u'x')},
                {u"heartbeat_s"_s, 1e12},
                {u"refresh_before_s"_s, u"soon"_s},
                {u"limits"_s, QJsonObject{{u"message_bytes"_s, -5}}},
                {u"policy"_s, u"all"_s}});
    const auto *hello = parts.last<M::Hello>();
    QVERIFY(hello);
    QVERIFY(!hello->expiresAt && !hello->heartbeat && !hello->refreshBefore);
    QCOMPARE(parts.faults, QList<ErrorCode>{ErrorCode::ProtocolViolation}); // the policy; the connection lives
    QCOMPARE(parts.context.swap.current().largestMessage, 0);
    QCOMPARE(parts.context.swap.current().session.size(), 128);
}

void TestReceiver::byeWithAnEnd()
{
    Parts parts;
    parts.use();
    const WallTime until = parts.clock.wallNow() + 2h;
    parts.give(1, u"bye"_s, {{u"code"_s, 4423}, {u"retry"_s, u"retry"_s}, {u"after_ms"_s, 5}, {u"until"_s, toRfc3339(until)}});
    QCOMPARE(parts.byes.size(), 1);
    QCOMPARE(*parts.byes[0].until, until);
    QCOMPARE(parts.byes[0].after, Duration(2h));
    QCOMPARE(parts.last<M::Farewell>()->after, Duration(2h)); // it does not come before
    parts.give(1, u"bye"_s, {{u"code"_s, 4423}, {u"after_ms"_s, 5}, {u"until"_s, u"tomorrow"_s}});
    QVERIFY(!parts.byes[1].until);
    QCOMPARE(parts.byes[1].after, Duration(5ms));
    parts.give(1, u"bye"_s, {{u"code"_s, 4423}, {u"after_ms"_s, 5}, {u"until"_s, toRfc3339(until - 3h)}}); // over already
    QCOMPARE(parts.byes[2].after, Duration(5ms));
}

void TestReceiver::endOfASessionIsNoReasonToRenew()
{
    Parts parts;
    parts.use();
    parts.give(1, u"auth.due"_s, {{u"in_s"_s, 60}, {u"reason"_s, u"session_idle"_s}});
    QVERIFY(!parts.last<M::RenewalDue>());
    parts.give(1, u"auth.due"_s, {{u"in_s"_s, 60}});
    QVERIFY(parts.last<M::RenewalDue>());
}

void TestReceiver::byeWithoutSecrets()
{
    FixedTokenProvider provider(tokenOf("secret-token"));
    Parts parts(&provider);
    parts.context.log.begin(1, parts.context.options.url, u"test"_s);
    parts.context.swap.current().token = tokenOf("secret-token");
    parts.use();
    parts.give(1, u"bye"_s,
               {{u"code"_s, 4442},
                {u"retry"_s, u"sign_in"_s},
                {u"after_ms"_s, -4},
                {u"reason"_s, u"not with secret-token\nat all"_s},
                {u"acr_values"_s, u"gold silver"_s},
                {u"max_age"_s, 60}});
    QVERIFY(parts.last<M::Farewell>());
    QCOMPARE(parts.last<M::Farewell>()->code, 4442);
    QCOMPARE(*parts.last<M::Farewell>()->action, RetryAction::SignIn);
    QCOMPARE(parts.byes.size(), 1);
    QCOMPARE(parts.byes[0].reason, u"not with [token] at all"_s);
    QCOMPARE(parts.byes[0].after, Duration::zero());
    QCOMPARE(parts.byes[0].acrValues, QStringList({u"gold"_s, u"silver"_s}));
    QCOMPARE(*parts.byes[0].maxAge, 60s);
}

void TestReceiver::refusedRenewals_data()
{
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QString>("nonce");
    QTest::addColumn<int>("fault");
    QTest::newRow("token") << u"expired"_s << QString() << int(Fault::Token);
    QTest::newRow("no reason") << QString() << u"n"_s << int(Fault::Token);
    QTest::newRow("proof") << u"invalid_dpop_proof"_s << u"n"_s << int(Fault::Proof);
    QTest::newRow("nonce") << u"use_dpop_nonce"_s << u"n"_s << int(Fault::Nonce);
    QTest::newRow("nonce that is missing") << u"use_dpop_nonce"_s << QString() << int(Fault::Proof);
    QTest::newRow("key") << u"key_changed"_s << QString() << int(Fault::Key);
}

void TestReceiver::refusedRenewals()
{
    QFETCH(QString, reason);
    QFETCH(QString, nonce);
    QFETCH(int, fault);
    const auto proof = std::make_shared<TextProof>();
    FixedTokenProvider provider(tokenOf("t", proof));
    Parts parts(&provider);
    parts.context.swap.current().token = tokenOf("t", proof);
    parts.use();
    parts.give(1, u"auth.fail"_s, {{u"code"_s, 4401}, {u"reason"_s, reason}, {u"nonce"_s, nonce}});
    QVERIFY(parts.last<M::RenewalRefused>());
    QCOMPARE(int(parts.last<M::RenewalRefused>()->fault), fault);
    QCOMPARE(parts.last<M::RenewalRefused>()->code, 4401);
    QCOMPARE(proof->nonces, nonce.isEmpty() ? QByteArrayList() : QByteArrayList{"example.test n"});
}

void TestReceiver::brokenFrames()
{
    Parts parts;
    FaultyTransport *server = parts.use();
    parts.receiver.takeText(1, u"\x1e{"_s);
    parts.receiver.takeText(1, u"\x1e"_s);
    parts.give(1, u"msg"_s, {}, "without an id");
    parts.give(1, u"msg"_s, {{u"id"_s, QString(129, u'x')}}, "with too much of it");
    QCOMPARE(parts.faults.size(), 4);
    parts.give(1, u"res"_s, {{u"id"_s, u"nobody asked"_s}, {u"ok"_s, true}});
    parts.give(1, u"ack"_s, {{u"id"_s, u"nobody sent"_s}});
    QVERIFY(parts.told.isEmpty() && parts.events.empty() && server->texts().isEmpty());
}

void TestReceiver::acknowledgedOnce()
{
    Parts parts;
    FaultyTransport *server = parts.use();
    for (const QString &id : {u"a"_s, u"b"_s, u"a"_s})
        parts.give(1, u"msg"_s, {{u"id"_s, id}}, "text " + id.toLatin1());
    QCOMPARE(parts.told, QStringList({u"once text a"_s, u"once text b"_s}));
    QCOMPARE(server->texts().size(), 3); // who sends again did not get the first one
    QCOMPARE(parts.context.counts.messagesReceived, 2);
}

void TestReceiver::beforeHello()
{
    Parts parts;
    parts.start(1);
    parts.at(1)->open(QLatin1StringView(kSubprotocol));
    parts.receiver.takeText(1, u"a plain server"_s);
    QVERIFY(parts.last<M::SpokePlainly>());
    parts.receiver.takeText(1, u"\x1e more"_s); // behind the first, whatever it looks like
    QVERIFY(parts.told.isEmpty());
    parts.context.swap.current().speech = Link::Speech::PresumedPlain; // as the machine decides
    parts.context.swap.current().stage = Link::Stage::InUse;
    parts.receiver.takeHeldBack();
    QCOMPARE(parts.told, QStringList({u"a plain server"_s, u"\x1e more"_s}));
}

void TestReceiver::inTheOrderOfTheSwap()
{
    Parts parts;
    FaultyTransport *older = parts.use();
    parts.openReplacement(2);
    parts.receiver.takeText(1, u"old 1"_s);
    QVERIFY(parts.links->takeOver(2));
    parts.receiver.takeText(2, u"new 1"_s);
    parts.give(2, u"msg"_s, {{u"id"_s, u"x"_s}}, "new 2");
    parts.give(2, u"ping"_s, {{u"n"_s, 1}}); // about the connection: now
    QCOMPARE(parts.at(2)->texts().size(), 1);
    parts.receiver.takeText(1, u"old 2"_s);
    QCOMPARE(parts.told, QStringList({u"old 1"_s, u"old 2"_s}));
    QVERIFY(parts.events.empty()); // nobody knows yet whether the server read all that was sent to it
    const Result<Frame> asked = Frame::parse(older->texts().last());
    parts.give(1, u"pong"_s, asked->fields());
    QVERIFY(parts.last<M::Drained>());
    QCOMPARE(parts.last<M::Drained>()->id, 1u);
    QVERIFY(parts.links->endDrain(1));
    parts.receiver.takeHeldBack();
    QCOMPARE(parts.told.mid(2), QStringList({u"new 1"_s, u"once new 2"_s}));
}

void TestReceiver::ofTheLinkThatLeaves()
{
    Parts parts;
    parts.use();
    parts.openReplacement(2);
    parts.links->takeOver(2);
    parts.give(1, u"bye"_s, {{u"code"_s, 1001}});
    parts.give(1, u"hello"_s);
    parts.give(1, u"auth.due"_s);
    QVERIFY(parts.events.empty() && parts.byes.isEmpty()); // what it says of itself does not matter any more
    parts.give(1, u"msg"_s, {{u"id"_s, u"x"_s}}, "last");
    QCOMPARE(parts.told, QStringList{u"once last"_s});
    QCOMPARE(Frame::parse(parts.at(1)->texts().last())->type(), u"ack"_s); // where it came from
}

void TestReceiver::tooMuchTooEarly()
{
    Parts parts(nullptr, [](ConnectionOptions &options) { options.drainBytes = 10; });
    parts.start(1);
    parts.at(1)->open(QLatin1StringView(kSubprotocol));
    parts.receiver.takeBinary(1, QByteArray(10, 'x'));
    QVERIFY(parts.ends.isEmpty());
    parts.receiver.takeBinary(1, "y");
    QCOMPARE(parts.ends, QStringList{u"1 0 ProtocolViolation"_s});
    Parts swap(nullptr, [](ConnectionOptions &options) { options.drainBytes = 10; });
    swap.use();
    swap.openReplacement(2);
    swap.links->takeOver(2);
    swap.receiver.takeBinary(2, QByteArray(11, 'x'));
    QVERIFY(swap.last<M::Drained>()); // the old one is cut
    QVERIFY(swap.ends.isEmpty());
}

/*! Says what the test wants. */
class Script final : public AuthStrategy
{
public:
    Reading received(const QString &) const override { return reading; }
    std::optional<QString> renewal(const AccessToken &token) const override
    {
        return u"renew "_s + QString::fromLatin1(token.value.reveal());
    }
    bool awaitsReady() const override { return true; }
    Reading reading;
};

void TestReceiver::noticesOfAStrategy()
{
    const auto script = std::make_shared<Script>();
    Parts parts(nullptr, [&](ConnectionOptions &options) { options.strategy = script; });
    FaultyTransport *server = parts.use({});
    using Kind = AuthStrategy::Notice::Kind;
    script->reading.notices = {{.kind = Kind::Reply, .text = u"answer"_s}, {.kind = Kind::Pong, .nonce = 4}};
    script->reading.application = u"rest"_s;
    parts.receiver.takeText(1, u"anything"_s);
    QCOMPARE(server->texts(), QStringList{u"answer"_s});
    QVERIFY(parts.last<M::Pong>());
    QCOMPARE(parts.told, QStringList{u"rest"_s});
    script->reading = {.notices = {{.kind = Kind::Ready, .tokenLifetime = 60s, .heartbeat = 5s}}};
    parts.receiver.takeText(1, u"anything"_s);
    QVERIFY(parts.last<M::Hello>());
    QCOMPARE(*parts.last<M::Hello>()->expiresAt, parts.clock.now() + 60s);
    QVERIFY(!parts.last<M::Hello>()->inBandRenewal); // it could, but there are no tokens
    script->reading = {.notices = {{.kind = Kind::Refused, .code = 4401, .reason = u"no"_s}}};
    parts.receiver.takeText(1, u"anything"_s);
    QCOMPARE(parts.ends, QStringList{u"1 4401 ClosedByPeer"_s});
}

void TestReceiver::strangers()
{
    Parts parts;
    parts.use();
    parts.receiver.takeText(9, u"text"_s);
    parts.receiver.takeBinary(9, "bytes");
    parts.give(9, u"hello"_s);
    QVERIFY(parts.told.isEmpty() && parts.events.empty());
}

WATCHWORD_TEST_MAIN(TestReceiver)
#include "tst_receiver.moc"
