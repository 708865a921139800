// SPDX-License-Identifier: Apache-2.0
#include "watchrig.h"

#include "support/testmain.h"
#include "watchword/core/auditevent.h"
#include "watchword/core/random.h"
#include "watchword/core/tokenprovider.h"
#include "watchword/watch/chainverifier.h"

#include <QSignalSpy>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

ConnectionRow row(int number)
{
    ConnectionRow out;
    out.id = u"c-%1"_s.arg(number);
    out.sub = u"user-%1"_s.arg(number % 7);
    out.opened = Clock::system().wallNow();
    return out;
}

template <typename Row>
QHash<QString, Row> byId(const QList<Row> &rows)
{
    QHash<QString, Row> out;
    for (const Row &entry : rows)
        out.insert(entry.id, entry);
    return out;
}

// Collects the audit stream of a client and verifies its chain.
struct AuditSink
{
    explicit AuditSink(WatchClient &client)
    {
        QObject::connect(&client, &WatchClient::auditReceived, &client, [this](const QList<QByteArray> &lines) {
            for (const QByteArray &line : lines) {
                const Result<AuditEvent> event = AuditEvent::fromBytes(line);
                QVERIFY(event);
                sequences.append(event->sequence);
                broken += chain.push(*event).verdict == ChainVerifier::Verdict::Broken ? 1 : 0;
            }
        });
    }
    QList<quint64> sequences;
    ChainVerifier chain;
    int broken = 0;
};

} // namespace

class TestWatchClient : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void mirrorsAndFollows();
    void mirrorEqualsTruthThroughCuts();
    void auditIsCompleteThroughCuts();
    void auditNamesWhatWasPurged();
    void actions();
    void actionsNeedTheirScope();
    void actionsNeedTheAudit();
    void pendingActionsFailWithTheLink();
    void continuationsThatAskAgain_data();
    void continuationsThatAskAgain();
    void missingScopeEnds_data();
    void missingScopeEnds();
    void tokensAreRenewedOnTheLiveLink();
    void theTokenEndsTheStream();
    void emptyTables();
    void stopKeepsTheTables();
};

void TestWatchClient::mirrorsAndFollows()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    for (int i = 0; i < 1'234; ++i)
        rig.tables.putConnection(row(i));
    TokenRow access;
    access.id = u"t-1"_s;
    rig.tables.putToken(access);
    rig.appendAudit(3);

    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    QSignalSpy reset(&client, &WatchClient::connectionsReset);
    QSignalSpy completed(&client, &WatchClient::snapshotCompleted);
    AuditSink sink(client);
    client.start();
    QCOMPARE(client.state(), WatchClient::State::Loading);
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));
    QCOMPARE(reset.count(), 1);
    QCOMPARE(completed.count(), 1);
    QCOMPARE(client.connectionCount(), 1'234);
    QVERIFY(byId(client.connections()) == byId(rig.tables.connections()));
    QCOMPARE(client.token(u"t-1"_s), std::optional(access));
    QCOMPARE(client.progress(), (WatchProgress{1'235, 1'235}));
    QCOMPARE(client.server().node, u"node-1"_s);
    QCOMPARE(client.server().tlsDaysLeft, std::optional(30));
    QVERIFY(client.canDisconnect());
    QCOMPARE(rig.authorizations.first(), QByteArray("Bearer good"));

    rig.tables.updateConnection(u"c-5"_s, [](ConnectionRow &changed) { changed.msgsIn = 99; });
    rig.tables.putConnection(row(5'000));
    QVERIFY(Support::waitUntil([&] { return client.connectionCount() == 1'235 && client.connection(u"c-5"_s)->msgsIn == 99; }));
    QVERIFY(Support::waitUntil([&] { return client.rttMs() >= 0; }));
    QVERIFY(std::chrono::abs(client.server().clockOffset) <= client.server().clockUncertainty + 5ms);

    rig.appendAudit(2);
    QVERIFY(Support::waitUntil([&] { return sink.sequences.size() == 5; }));
    QCOMPARE(sink.sequences, QList<quint64>({1, 2, 3, 4, 5}));
    QCOMPARE(client.auditState(), WatchClient::AuditState::Live);
    QCOMPARE(client.auditCursor(), rig.audit->epoch() + u".5"_s);
    QCOMPARE(sink.broken, 0);
}

// Random changes while the link is cut again and again: after each "Live", the mirror is exactly the truth.
void TestWatchClient::mirrorEqualsTruthThroughCuts()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    rig.limits.rowsPerFrame = 10;
    QVERIFY(rig.prepare());
    FixedTokenProvider tokens(token("good"));
    WatchOptions options = rig.clientOptions();
    options.auditPath.clear();
    WatchClient client(&tokens, options);
    // A second reader keeps no rows in the client, only what the signals say.
    QHash<QString, ConnectionRow> told;
    connect(&client, &WatchClient::connectionsChanged, &client,
            [&](const QList<ConnectionRow> &updated, const QStringList &removed) {
                for (const ConnectionRow &changed : updated)
                    told.insert(changed.id, changed);
                for (const QString &id : removed)
                    QVERIFY(told.remove(id));
            });
    SeededRandom random(42);
    const auto upTo = [&](int n) { return int(random.nextUnit() * n); };
    for (int i = 0; i < 50; ++i)
        rig.tables.putConnection(row(i));
    client.start();
    for (int round = 0; round < 4; ++round) {
        QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));
        for (int i = 0; i < 400; ++i) {
            const int number = upTo(150);
            if (upTo(3) == 0)
                rig.tables.putConnection(row(number));
            else if (upTo(3) == 0)
                rig.tables.closeConnection(u"c-%1"_s.arg(number), 1000, {}, Clock::system().wallNow());
            else
                rig.tables.updateConnection(u"c-%1"_s.arg(number), [&](ConnectionRow &r) { r.bytesIn += 1; });
            if (i % 50 == 0)
                QCoreApplication::processEvents();
        }
        if (round == 3)
            break;
        rig.cut();
        QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Reconnecting; }));
        QVERIFY(client.disconnectedSince().isValid());
        QVERIFY(client.connectionCount() > 0); // old, not gone
        for (int i = 0; i < 100; ++i)
            rig.tables.putConnection(row(upTo(300)));
        client.retryNow();
    }
    QVERIFY(Support::waitUntil([&] { return byId(client.connections()) == byId(rig.tables.connections()); }));
    QVERIFY(told == byId(rig.tables.connections()));
}

void TestWatchClient::auditIsCompleteThroughCuts()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    rig.appendAudit(300);
    FixedTokenProvider tokens(token("good"));
    WatchOptions options = rig.clientOptions();
    options.auditAfter = u"0"_s;
    WatchClient client(&tokens, options);
    AuditSink sink(client);
    QSignalSpy gaps(&client, &WatchClient::auditGap);
    client.start();
    quint64 total = 300;
    for (int round = 0; round < 3; ++round) {
        QVERIFY(Support::waitUntil([&] { return sink.sequences.size() > round * 400 + 50; }));
        rig.cut();
        rig.appendAudit(400);
        total += 400;
        QVERIFY(Support::waitUntil([&] { return client.auditState() == WatchClient::AuditState::Reconnecting; }));
        client.retryNow();
        QVERIFY(Support::waitUntil([&] { return quint64(sink.sequences.size()) == total; }));
    }
    for (quint64 i = 0; i < total; ++i)
        QCOMPARE(sink.sequences.at(qsizetype(i)), i + 1);
    QCOMPARE(gaps.count(), 0);
    QCOMPARE(sink.broken, 0);
    QVERIFY(sink.chain.startIsProven());
    QCOMPARE(sink.chain.verifiedCount(), total);
    QVERIFY(rig.requests.last().query().startsWith("after="_L1));
    QVERIFY(rig.requests.last().query() != "after=0"_L1);
}

void TestWatchClient::auditNamesWhatWasPurged()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare(200));
    rig.appendAudit(50);
    FixedTokenProvider tokens(token("good"));
    WatchOptions options = rig.clientOptions();
    options.auditAfter = rig.audit->epoch() + u".10"_s;
    // Retention removes 11 to beyond before the client ever connects.
    rig.appendAudit(2'500);
    rig.audit->applyRetention();
    const quint64 oldest = rig.audit->oldest();
    QVERIFY(oldest > 11);
    WatchClient client(&tokens, options);
    AuditSink sink(client);
    QSignalSpy gaps(&client, &WatchClient::auditGap);
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.auditState() == WatchClient::AuditState::Live; }));
    QVERIFY(Support::waitUntil([&] { return !sink.sequences.isEmpty() && sink.sequences.last() == rig.audit->newest(); }));
    QCOMPARE(gaps.count(), 1);
    QCOMPARE(gaps.first().at(0).toULongLong(), quint64(11));
    QCOMPARE(gaps.first().at(1).toULongLong(), oldest - 1);
    QCOMPARE(sink.sequences.first(), oldest);
    QCOMPARE(sink.broken, 0);
    QVERIFY2(sink.chain.startIsProven(), "the purge event proves where the log starts");
}

void TestWatchClient::actions()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    rig.tables.putConnection(row(1));
    rig.tables.putConnection(row(2));
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    auto early = client.disconnectConnections({u"c-1"_s}, 4411, 0ms, u"test"_s);
    QCOMPARE(early.result().error().code(), ErrorCode::WrongState);
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));

    const auto codeOf = [](const QFuture<Result<ActionOutcome>> &future) {
        return Support::waitFor(future) && !future.result() ? future.result().error().code() : ErrorCode::Internal;
    };
    QCOMPARE(codeOf(client.disconnectConnections({}, 4411, 0ms, u"r"_s)), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(client.disconnectConnections({u"c-1"_s}, 4411, 0ms, u" "_s)), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(client.disconnectConnections({u"c-1"_s}, 1000, 0ms, u"r"_s)), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(client.disconnectConnections({u"c-1"_s}, 4411, -1ms, u"r"_s)), ErrorCode::InvalidArgument);
    QVERIFY(rig.calls.isEmpty());
    QCOMPARE(rig.audit->newest(), quint64(0));

    const auto future = client.disconnectConnections({u"c-1"_s, u"c-404"_s}, 4411, 2s, u"maintenance"_s);
    QVERIFY(Support::waitFor(future));
    QVERIFY(future.result());
    QCOMPARE(future.result()->matched, 1);
    QCOMPARE(future.result()->done, QStringList(u"c-1"_s));
    QCOMPARE(future.result()->gone, QStringList(u"c-404"_s));
    QCOMPARE(rig.calls, QStringList(u"c-1,c-404 4411 maintenance 2000 by olga"_s));
    QCOMPARE(rig.auditedBefore, quint64(1)); // written before it was done
    const AuditEvent event = rig.audit->read(0, 1)->first();
    QCOMPARE(event.shortType(), u"admin.disconnect"_s);
    QCOMPARE(event.data.value("admin"_L1)["justification"_L1].toString(), u"maintenance"_s);
    QCOMPARE(event.data.value("actor"_L1)["sub"_L1].toString(), u"olga"_s);
    QVERIFY(Support::waitUntil([&] { return client.connection(u"c-1"_s)->state == ConnectionState::Closed; }));
    QCOMPARE(client.connection(u"c-2"_s)->state, ConnectionState::Open);
}

void TestWatchClient::actionsNeedTheirScope()
{
    WatchRig rig;
    rig.identity = operatorIdentity({u"gw:read"_s});
    QVERIFY(rig.prepare());
    rig.tables.putConnection(row(1));
    FixedTokenProvider tokens(token("good"));
    WatchOptions options = rig.clientOptions();
    WatchClient client(&tokens, options);
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));
    QVERIFY(!client.canDisconnect());
    const auto future = client.disconnectConnections({u"c-1"_s}, 4411, 0ms, u"r"_s);
    QVERIFY(Support::waitFor(future));
    QCOMPARE(future.result().error().code(), ErrorCode::Forbidden);
    // The tables go on without the audit.
    QVERIFY(Support::waitUntil([&] { return client.auditState() == WatchClient::AuditState::Denied; }));
    QCOMPARE(client.state(), WatchClient::State::Live);
    QVERIFY(rig.calls.isEmpty());
}

void TestWatchClient::actionsNeedTheAudit()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare(0, 200'000));
    rig.tables.putConnection(row(1));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u".*audit.*"_s));
    for (int i = 0; i < 5'000 && rig.audit->isWritable(); ++i)
        rig.appendAudit(1);
    QVERIFY(!rig.audit->isWritable());
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));
    const auto future = client.disconnectConnections({u"c-1"_s}, 4410, 0ms, u"leaked"_s);
    QVERIFY(Support::waitFor(future));
    QCOMPARE(future.result().error().code(), ErrorCode::StorageFailed);
    QVERIFY(rig.calls.isEmpty());
    QCOMPARE(rig.tables.connection(u"c-1"_s)->state, ConnectionState::Open);
}

void TestWatchClient::pendingActionsFailWithTheLink()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    FixedTokenProvider tokens(token("good"));
    auto client = std::make_unique<WatchClient>(&tokens, rig.clientOptions());
    client->start();
    QVERIFY(Support::waitUntil([&] { return client->state() == WatchClient::State::Live; }));
    const auto lost = client->disconnectConnections({u"c-1"_s}, 4411, 0ms, u"r"_s);
    rig.cut();
    QVERIFY(Support::waitFor(lost));
    QCOMPARE(lost.result().error().code(), ErrorCode::ConnectionLost);
    client->retryNow();
    QVERIFY(Support::waitUntil([&] { return client->state() == WatchClient::State::Live; }));
    const auto cancelled = client->disconnectConnections({u"c-1"_s}, 4411, 0ms, u"r"_s);
    client.reset();
    QVERIFY(cancelled.isFinished());
    QCOMPARE(cancelled.result().error().code(), ErrorCode::Cancelled);
}

void TestWatchClient::continuationsThatAskAgain_data()
{
    using End = void (*)(WatchRig & rig, std::unique_ptr<WatchClient> & client);
    QTest::addColumn<End>("end");
    QTest::newRow("stop()") << End([](WatchRig &, std::unique_ptr<WatchClient> &client) { client->stop(); });
    QTest::newRow("destroyed") << End([](WatchRig &, std::unique_ptr<WatchClient> &client) { delete client.get(); });
    QTest::newRow("cut") << End([](WatchRig &rig, std::unique_ptr<WatchClient> &) { rig.cut(); });
}

void TestWatchClient::continuationsThatAskAgain()
{
    using End = void (*)(WatchRig & rig, std::unique_ptr<WatchClient> & client);
    QFETCH(End, end);
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    FixedTokenProvider tokens(token("good"));
    auto client = std::make_unique<WatchClient>(&tokens, rig.clientOptions());
    client->start();
    QVERIFY(Support::waitUntil([&] { return client->state() == WatchClient::State::Live; }));
    QList<ErrorCode> again;
    const auto ask = [&](const Result<ActionOutcome> &result) {
        QVERIFY(!result);
        const auto asked = client->disconnectConnections({u"c-1"_s}, 4411, 0ms, u"once more"_s);
        QVERIFY(asked.isFinished());
        again += asked.result().error().code();
        client->retryNow();
        client->stop();
    };
    for (int i = 0; i < 3; ++i)
        client->disconnectConnections({u"c-1"_s}, 4411, 0ms, u"r"_s).then(ask);
    end(rig, client);
    QVERIFY(Support::waitUntil([&] { return again.size() == 3; }));
    QCOMPARE(again, QList<ErrorCode>(3, ErrorCode::WrongState));
    if (QLatin1StringView(QTest::currentDataTag()) == "destroyed"_L1)
        (void)client.release();
}

void TestWatchClient::missingScopeEnds_data()
{
    QTest::addColumn<QStringList>("scopes");
    QTest::newRow("none") << QStringList();
    QTest::newRow("other") << QStringList({u"gw:audit"_s, u"orders:read"_s});
}

void TestWatchClient::missingScopeEnds()
{
    QFETCH(QStringList, scopes);
    WatchRig rig;
    rig.identity = operatorIdentity(scopes);
    QVERIFY(rig.prepare());
    rig.tables.putConnection(row(1));
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Lost; }));
    QCOMPARE(client.lastError().condition(), ErrorCondition::Forbidden);
    QCOMPARE(client.connectionCount(), 0);
}

void TestWatchClient::tokensAreRenewedOnTheLiveLink()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    rig.identity.expiresAt = Clock::system().wallNow() + 1min;
    QList<QByteArray> seen;
    rig.check = [&](const Gateway::WatchService::Renewal &renewal) {
        seen.append(renewal.token.reveal().toByteArray());
        QPromise<Result<Gateway::Identity>> promise;
        promise.start();
        Gateway::Identity next = rig.identity;
        next.expiresAt = Clock::system().wallNow() + 1h;
        if (seen.last() == "stranger")
            next.subject = u"mallory"_s;
        promise.addResult(Result<Gateway::Identity>(next));
        promise.finish();
        return promise.future();
    };
    QVERIFY(rig.prepare());
    FixedTokenProvider tokens(token("first"));
    WatchClient client(&tokens, rig.clientOptions());
    client.start();
    QVERIFY(Support::waitUntil(
        [&] { return client.state() == WatchClient::State::Live && client.auditState() == WatchClient::AuditState::Live; }));
    const std::optional<WallTime> before = client.server().tokenExpiresAt;
    QSignalSpy states(&client, &WatchClient::stateChanged);
    tokens.setToken(token("second"));
    QVERIFY(Support::waitUntil([&] { return client.server().tokenExpiresAt > before; }));
    QVERIFY(Support::waitUntil([&] { return seen.size() == 2; })); // both streams
    QCOMPARE(seen, QList<QByteArray>({"second", "second"}));
    // Another person's token is refused, and the stream goes on with the old one.
    const std::optional<WallTime> held = client.server().tokenExpiresAt;
    tokens.setToken(token("stranger"));
    QVERIFY(Support::waitUntil([&] { return client.lastError().closeCode() == 4402; }));
    QCOMPARE(client.server().tokenExpiresAt, held);
    QCOMPARE(states.count(), 0);
    QCOMPARE(rig.requests.size(), 2);
}

void TestWatchClient::theTokenEndsTheStream()
{
    WatchRig rig;
    rig.limits.tokenGrace = 0ms;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    rig.identity.expiresAt = Clock::system().wallNow() + 4s; // enough to connect on a busy machine
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));
    rig.identity.expiresAt = Clock::system().wallNow() + 1h;
    // A fixed token cannot be refreshed: the end is stated, and names what happened.
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Lost; }));
    QCOMPARE(client.lastError().condition(), ErrorCondition::Unauthorized);
}

void TestWatchClient::emptyTables()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    client.start();
    QVERIFY(Support::waitUntil(
        [&] { return client.state() == WatchClient::State::Live && client.auditState() == WatchClient::AuditState::Live; }));
    QCOMPARE(client.connectionCount(), 0);
    QCOMPARE(client.auditReceivedCount(), quint64(0));
    rig.tables.putConnection(row(1));
    QVERIFY(Support::waitUntil([&] { return client.connectionCount() == 1; }));
}

void TestWatchClient::stopKeepsTheTables()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    rig.tables.putConnection(row(1));
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    // Stopping from inside a signal is allowed.
    connect(&client, &WatchClient::snapshotCompleted, &client, &WatchClient::stop);
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Idle; }));
    QCOMPARE(client.connectionCount(), 1);
    QVERIFY(Support::waitUntil([&] { return rig.service->monitorCount() == 0; }));
    QSignalSpy changes(&client, &WatchClient::connectionsChanged);
    rig.tables.putConnection(row(2));
    QCoreApplication::processEvents();
    QCOMPARE(changes.count(), 0);
}

WATCHWORD_TEST_MAIN(TestWatchClient)
#include "tst_watchclient.moc"
