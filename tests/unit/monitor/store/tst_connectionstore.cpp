// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <monitor/store/connectionrows.h>
#include <monitor/store/tokenstore.h>

#include <support/testmain.h>

#include <QMap>
#include <QRandomGenerator>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestConnectionStore : public WatchwordTest
{
    Q_OBJECT

    static constexpr qint64 Now = 1'795'357'960'000;

    static ConnectionRow randomRow(const QString &id, QRandomGenerator &random)
    {
        static const QStringList states = {u"open"_s, u"expiring"_s, u"failing"_s, u"closed"_s, u"revoked"_s};
        ConnectionRow row;
        row.id = id;
        row.user = u"user%1"_s.arg(random.bounded(50));
        row.node = u"gw-%1"_s.arg(1 + random.bounded(3));
        row.state = states[random.bounded(5)];
        row.opened = Now - random.bounded(1'000'000);
        row.expires = random.bounded(10) == 0 ? -1 : Now + random.bounded(600'000) - 60'000;
        row.messagesIn = random.bounded(1000);
        row.scope = {u"orders:read"_s, u"orders:write"_s};
        return row;
    }
    static ConnectionOrder order(const ConnectionStore &store, const QString &text, const std::vector<ConnectionSort> &sort,
                                 size_t limit = 0)
    {
        const auto parsed = parseQuery(text, {connectionFields(), Now, {}});
        CompiledQuery query(parsed.root, ConnectionRows(store, Now), connectionFields());
        const std::atomic<bool> stop{false};
        return orderConnections(store, query, sort, Now, stop, limit);
    }

private Q_SLOTS:
    void followsRandomDeltas()
    {
        QRandomGenerator random(11);
        ConnectionStore store;
        QMap<QString, ConnectionRow> naive;
        for (int step = 0; step < 20'000; ++step) {
            const QString id = u"c-%1"_s.arg(random.bounded(300));
            switch (random.bounded(8)) {
            case 0:
            case 1:
                QCOMPARE(store.remove(id), naive.remove(id) == 1);
                break;
            case 2:
                if (random.bounded(10) == 0)
                    store.releaseRemoved();
                break;
            case 3:
                if (random.bounded(500) == 0) {
                    store.clear();
                    naive.clear();
                }
                break;
            default: {
                const ConnectionRow row = randomRow(id, random);
                store.upsert(row, Now + step);
                naive[id] = row;
            }
            }
        }
        QCOMPARE(store.size(), naive.size());
        qsizetype live = 0;
        QHash<QString, qsizetype> nodes;
        for (const ConnectionRow &row : std::as_const(naive)) {
            const quint32 slot = store.slotOf(row.id);
            QVERIFY(slot != ConnectionStore::noSlot());
            QVERIFY(store.isLive(slot));
            QCOMPARE(store.slotOfKey(store.key(slot)), slot);
            QCOMPARE(store.stateName(slot), row.state);
            QCOMPARE(store.text(slot, ConnectionStore::User), row.user);
            QCOMPARE(store.number(slot, ConnectionStore::MessagesIn), row.messagesIn);
            const bool open = row.state != u"closed" && row.state != u"revoked";
            live += open;
            if (open)
                ++nodes[row.node];
        }
        QCOMPARE(store.liveCount(), live);
        QCOMPARE(store.countByNode(), nodes);
        QCOMPARE(qsizetype(order(store, {}, {}).keys.size()), naive.size());
    }

    void keepsRemovedRowsReadable()
    {
        ConnectionStore store;
        ConnectionRow row;
        row.id = u"c-1"_s;
        row.user = u"alice"_s;
        store.upsert(row, Now);
        const quint64 key = store.key(store.slotOf(u"c-1"_s));
        QVERIFY(store.remove(u"c-1"_s));
        QVERIFY(!store.remove(u"c-1"_s));
        row.id = u"c-2"_s;
        row.user = u"bob"_s;
        store.upsert(row, Now);
        QCOMPARE(store.text(store.slotOfKey(key), ConnectionStore::User), u"alice"_s);
        QVERIFY(!store.isLive(store.slotOfKey(key)));
        store.releaseRemoved();
        row.id = u"c-3"_s;
        store.upsert(row, Now);
        QCOMPARE(store.slotOfKey(key), ConnectionStore::noSlot());
        QCOMPARE(store.slotCount(), 2u);
    }

    void measuresRates()
    {
        ConnectionStore store;
        ConnectionRow row;
        row.id = u"c-1"_s;
        for (int second = 0; second <= 120; ++second) {
            row.messagesIn = second * 12;
            store.upsert(row, Now + second * 1000);
        }
        const quint32 slot = store.slotOf(row.id);
        const qint64 end = Now + 120'000;
        QVERIFY(qAbs(store.inRate(slot, end) - 12) < 0.1);
        QVERIFY(store.inRate(slot, end + 60'000) < 0.1); // silence decays
        QCOMPARE(store.outRate(slot, end), 0.0);
        row.messagesIn = 0; // a counter that starts again is no negative rate
        store.upsert(row, end + 1000);
        QVERIFY(store.inRate(slot, end + 1000) >= 0);
    }

    void sortsLikeAStableSort_data()
    {
        QTest::addColumn<int>("column");
        QTest::addColumn<bool>("descending");
        for (const auto &[name, column] : {std::pair{"state", ConnectionColumn::State},
                                           {"user", ConnectionColumn::User},
                                           {"left", ConnectionColumn::TokenLeft},
                                           {"messages", ConnectionColumn::MessagesIn}}) {
            QTest::addRow("%s up", name) << int(column) << false;
            QTest::addRow("%s down", name) << int(column) << true;
        }
    }
    void sortsLikeAStableSort()
    {
        QFETCH(int, column);
        QFETCH(bool, descending);
        QRandomGenerator random(3);
        ConnectionStore store;
        for (int i = 0; i < 20'000; ++i)
            store.upsert(randomRow(u"c-%1"_s.arg(i), random), Now);
        const ConnectionSort sort{ConnectionColumn(column), descending};
        const auto sorted = order(store, {}, {sort});
        // -1, 0, 1 with unknown values last whatever the direction is; the row key breaks ties
        const ConnectionRows rows(store, Now);
        const auto compare = [&](quint64 x, quint64 y) {
            const quint32 a = store.slotOfKey(x);
            const quint32 b = store.slotOfKey(y);
            if (sort.column == ConnectionColumn::User) {
                const int c = QString::compare(store.text(a, ConnectionStore::User), store.text(b, ConnectionStore::User));
                return c != 0 ? (c < 0) != descending : x < y;
            }
            const qint64 v = rows.value(sort.column, a);
            const qint64 w = rows.value(sort.column, b);
            if (v == w)
                return x < y;
            if (v == ConnectionStore::Unknown || w == ConnectionStore::Unknown)
                return w == ConnectionStore::Unknown;
            return (v < w) != descending;
        };
        auto expected = sorted.keys;
        std::sort(expected.begin(), expected.end(), compare);
        QCOMPARE(sorted.keys, expected);
        const auto first = order(store, {}, {sort}, 100);
        QCOMPARE(first.matched, size_t(20'000));
        QCOMPARE(first.keys, std::vector<quint64>(expected.begin(), expected.begin() + 100));
    }

    void filters()
    {
        QRandomGenerator random(4);
        ConnectionStore store;
        for (int i = 0; i < 40'000; ++i)
            store.upsert(randomRow(u"c-%1"_s.arg(i), random), Now);
        const auto count = [&](const char *text) { return order(store, QString::fromLatin1(text), {}).keys.size(); };
        size_t failing = 0;
        size_t soon = 0;
        for (quint32 slot = 0; slot < store.slotCount(); ++slot) {
            const qint64 expires = store.number(slot, ConnectionStore::Expires);
            failing += store.state(slot) == ConnectionStore::FailingState;
            soon += expires != ConnectionStore::Unknown && expires - Now < 300'000;
        }
        QCOMPARE(count("state:failing"), failing);
        QCOMPARE(count("token.left < 5m"), soon);
        QCOMPARE(count("state>=expiring or not state>=expiring"), size_t(40'000));
        QCOMPARE(count("scope:orders:write"), size_t(40'000));
        QCOMPARE(count("scope!=orders:read"), size_t(0)); // of several values, none is
        QCOMPARE(count("node in (gw-1, gw-2, gw-3)"), size_t(40'000));
        QCOMPARE(count("node:gw-9"), size_t(0));
    }

    void keepsChainsInOrder()
    {
        QRandomGenerator random(9);
        TokenStore store;
        QMap<QString, TokenRow> naive;
        for (int step = 0; step < 20'000; ++step) {
            const QString id = u"t-%1"_s.arg(random.bounded(400));
            if (random.bounded(3) == 0) {
                QCOMPARE(store.remove(id), naive.remove(id) == 1);
                continue;
            }
            TokenRow row;
            row.id = id;
            row.session = u"s-%1"_s.arg(random.bounded(30));
            row.kind = random.bounded(2) ? u"access"_s : u"refresh"_s;
            row.issued = Now + random.bounded(100'000);
            row.expires = row.issued + 600'000;
            row.failures = random.bounded(4);
            store.upsert(row);
            naive[id] = row;
        }
        QCOMPARE(store.size(), naive.size());
        QSet<QString> sessions;
        for (const TokenRow &row : std::as_const(naive))
            sessions.insert(row.session);
        QCOMPARE(store.laneCount(), sessions.size());
        for (const QString &session : sessions) {
            const TokenLane &lane = store.lane(store.laneOf(session));
            qsizetype tokens = 0;
            for (const auto *chain : {&lane.access, &lane.refresh}) {
                tokens += qsizetype(chain->size());
                for (size_t i = 1; i < chain->size(); ++i)
                    QVERIFY(store.token((*chain)[i - 1]).issued <= store.token((*chain)[i]).issued);
            }
            QCOMPARE(tokens, std::count_if(naive.begin(), naive.end(), [&](const TokenRow &r) { return r.session == session; }));
        }
    }

    void measuresSorting()
    {
        constexpr int Rows = 1'000'000;
        QRandomGenerator random(5);
        ConnectionStore store;
        double start = Events::cpuMs();
        for (int i = 0; i < Rows; ++i)
            store.upsert(randomRow(u"c-%1"_s.arg(i), random), Now);
        qInfo("insert: %.0f rows/s", Rows * 1000 / (Events::cpuMs() - start));
        for (const size_t limit : {size_t(2000), size_t(0)}) {
            start = Events::cpuMs();
            const auto sorted = order(store, {}, {{ConnectionColumn::State, true}, {ConnectionColumn::TokenLeft, false}}, limit);
            qInfo("sort 1,000,000 rows by state, token left%s: %.0f ms", limit ? ", first 2,000" : "", Events::cpuMs() - start);
            QCOMPARE(sorted.matched, size_t(Rows));
        }
        start = Events::cpuMs();
        QVERIFY(
            !order(store, u"node:gw-2 and (state:failing or state:revoked)"_s, {{ConnectionColumn::User, false}}).keys.empty());
        qInfo("filter 1,000,000 rows and sort by user: %.0f ms", Events::cpuMs() - start);
    }
};

WATCHWORD_TEST_MAIN(TestConnectionStore)
#include "tst_connectionstore.moc"
