// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <monitor/store/connectionrows.h>
#include <monitor/store/tokentable.h>

#include <support/testmain.h>

#include <QMap>
#include <QRandomGenerator>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestConnectionTable : public WatchwordTest
{
    Q_OBJECT

    static constexpr qint64 Now = 1'795'357'960'000;

    static ConnectionEntry randomRow(const QString &id, QRandomGenerator &random)
    {
        static const QStringList states = {u"open"_s, u"expiring"_s, u"failing"_s, u"closed"_s, u"revoked"_s};
        ConnectionEntry row;
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
    static ConnectionOrder order(const ConnectionTable &table, const QString &text, const std::vector<ConnectionSort> &sort,
                                 size_t limit = 0)
    {
        const auto parsed = parseQuery(text, {connectionFields(), Now, {}});
        CompiledQuery query(parsed.root, ConnectionRows(table, Now), connectionFields());
        const std::atomic<bool> stop{false};
        return orderConnections(table, query, sort, Now, stop, limit);
    }

private Q_SLOTS:
    void followsRandomDeltas()
    {
        QRandomGenerator random(11);
        ConnectionTable table;
        QMap<QString, ConnectionEntry> naive;
        for (int step = 0; step < 20'000; ++step) {
            const QString id = u"c-%1"_s.arg(random.bounded(300));
            switch (random.bounded(8)) {
            case 0:
            case 1:
                QCOMPARE(table.remove(id), naive.remove(id) == 1);
                break;
            case 2:
                if (random.bounded(10) == 0)
                    table.releaseRemoved();
                break;
            case 3:
                if (random.bounded(500) == 0) {
                    table.clear();
                    naive.clear();
                }
                break;
            default: {
                const ConnectionEntry row = randomRow(id, random);
                table.upsert(row, Now + step);
                naive[id] = row;
            }
            }
        }
        QCOMPARE(table.size(), naive.size());
        qsizetype live = 0;
        QHash<QString, qsizetype> nodes;
        for (const ConnectionEntry &row : std::as_const(naive)) {
            const quint32 slot = table.slotOf(row.id);
            QVERIFY(slot != ConnectionTable::noSlot());
            QVERIFY(table.isLive(slot));
            QCOMPARE(table.slotOfKey(table.key(slot)), slot);
            QCOMPARE(table.stateName(slot), row.state);
            QCOMPARE(table.text(slot, ConnectionTable::User), row.user);
            QCOMPARE(table.number(slot, ConnectionTable::MessagesIn), row.messagesIn);
            const bool open = row.state != u"closed" && row.state != u"revoked";
            live += open;
            if (open)
                ++nodes[row.node];
        }
        QCOMPARE(table.liveCount(), live);
        QCOMPARE(table.countByNode(), nodes);
        QCOMPARE(qsizetype(order(table, {}, {}).keys.size()), naive.size());
    }

    void keepsRemovedRowsReadable()
    {
        ConnectionTable table;
        ConnectionEntry row;
        row.id = u"c-1"_s;
        row.user = u"alice"_s;
        table.upsert(row, Now);
        const quint64 key = table.key(table.slotOf(u"c-1"_s));
        QVERIFY(table.remove(u"c-1"_s));
        QVERIFY(!table.remove(u"c-1"_s));
        row.id = u"c-2"_s;
        row.user = u"bob"_s;
        table.upsert(row, Now);
        QCOMPARE(table.text(table.slotOfKey(key), ConnectionTable::User), u"alice"_s);
        QVERIFY(!table.isLive(table.slotOfKey(key)));
        table.releaseRemoved();
        row.id = u"c-3"_s;
        table.upsert(row, Now);
        QCOMPARE(table.slotOfKey(key), ConnectionTable::noSlot());
        QCOMPARE(table.slotCount(), 2u);
    }

    void measuresRates()
    {
        ConnectionTable table;
        ConnectionEntry row;
        row.id = u"c-1"_s;
        for (int second = 0; second <= 120; ++second) {
            row.messagesIn = second * 12;
            table.upsert(row, Now + second * 1000);
        }
        const quint32 slot = table.slotOf(row.id);
        const qint64 end = Now + 120'000;
        QVERIFY(qAbs(table.inRate(slot, end) - 12) < 0.1);
        QVERIFY(table.inRate(slot, end + 60'000) < 0.1); // silence decays
        QCOMPARE(table.outRate(slot, end), 0.0);
        row.messagesIn = 0; // a counter that starts again is no negative rate
        table.upsert(row, end + 1000);
        QVERIFY(table.inRate(slot, end + 1000) >= 0);
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
        ConnectionTable table;
        for (int i = 0; i < 20'000; ++i)
            table.upsert(randomRow(u"c-%1"_s.arg(i), random), Now);
        const ConnectionSort sort{ConnectionColumn(column), descending};
        const auto sorted = order(table, {}, {sort});
        // -1, 0, 1 with unknown values last whatever the direction is; the row key breaks ties
        const ConnectionRows rows(table, Now);
        const auto compare = [&](quint64 x, quint64 y) {
            const quint32 a = table.slotOfKey(x);
            const quint32 b = table.slotOfKey(y);
            if (sort.column == ConnectionColumn::User) {
                const int c = QString::compare(table.text(a, ConnectionTable::User), table.text(b, ConnectionTable::User));
                return c != 0 ? (c < 0) != descending : x < y;
            }
            const qint64 v = rows.value(sort.column, a);
            const qint64 w = rows.value(sort.column, b);
            if (v == w)
                return x < y;
            if (v == ConnectionTable::Unknown || w == ConnectionTable::Unknown)
                return w == ConnectionTable::Unknown;
            return (v < w) != descending;
        };
        auto expected = sorted.keys;
        std::sort(expected.begin(), expected.end(), compare);
        QCOMPARE(sorted.keys, expected);
        const auto first = order(table, {}, {sort}, 100);
        QCOMPARE(first.matched, size_t(20'000));
        QCOMPARE(first.keys, std::vector<quint64>(expected.begin(), expected.begin() + 100));
    }

    void filters()
    {
        QRandomGenerator random(4);
        ConnectionTable table;
        for (int i = 0; i < 40'000; ++i)
            table.upsert(randomRow(u"c-%1"_s.arg(i), random), Now);
        const auto count = [&](const char *text) { return order(table, QString::fromLatin1(text), {}).keys.size(); };
        size_t failing = 0;
        size_t soon = 0;
        for (quint32 slot = 0; slot < table.slotCount(); ++slot) {
            const qint64 expires = table.number(slot, ConnectionTable::Expires);
            failing += table.state(slot) == ConnectionTable::FailingState;
            soon += !table.isOver(slot) && expires != ConnectionTable::Unknown && expires - Now < 300'000;
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
        TokenTable table;
        QMap<QString, TokenEntry> naive;
        for (int step = 0; step < 20'000; ++step) {
            const QString id = u"t-%1"_s.arg(random.bounded(400));
            if (random.bounded(3) == 0) {
                QCOMPARE(table.remove(id), naive.remove(id) == 1);
                continue;
            }
            TokenEntry row;
            row.id = id;
            row.session = u"s-%1"_s.arg(random.bounded(30));
            row.kind = random.bounded(2) ? u"access"_s : u"refresh"_s;
            row.issued = Now + random.bounded(100'000);
            row.expires = row.issued + 600'000;
            row.failures = random.bounded(4);
            table.upsert(row);
            naive[id] = row;
        }
        QCOMPARE(table.size(), naive.size());
        QSet<QString> sessions;
        for (const TokenEntry &row : std::as_const(naive))
            sessions.insert(row.session);
        QCOMPARE(table.laneCount(), sessions.size());
        for (const QString &session : sessions) {
            const TokenLane &lane = table.lane(table.laneOf(session));
            qsizetype tokens = 0;
            for (const auto *chain : {&lane.access, &lane.refresh}) {
                tokens += qsizetype(chain->size());
                for (size_t i = 1; i < chain->size(); ++i)
                    QVERIFY(table.token((*chain)[i - 1]).issued <= table.token((*chain)[i]).issued);
            }
            QCOMPARE(tokens,
                     std::count_if(naive.begin(), naive.end(), [&](const TokenEntry &r) { return r.session == session; }));
        }
    }

    void measuresSorting()
    {
        constexpr int Rows = 1'000'000;
        QRandomGenerator random(5);
        ConnectionTable table;
        double start = Events::cpuMs();
        for (int i = 0; i < Rows; ++i)
            table.upsert(randomRow(u"c-%1"_s.arg(i), random), Now);
        qInfo("insert: %.0f rows/s", Rows * 1000 / (Events::cpuMs() - start));
        for (const size_t limit : {size_t(2000), size_t(0)}) {
            start = Events::cpuMs();
            const auto sorted = order(table, {}, {{ConnectionColumn::State, true}, {ConnectionColumn::TokenLeft, false}}, limit);
            qInfo("sort 1,000,000 rows by state, token left%s: %.0f ms", limit ? ", first 2,000" : "", Events::cpuMs() - start);
            QCOMPARE(sorted.matched, size_t(Rows));
        }
        start = Events::cpuMs();
        QVERIFY(
            !order(table, u"node:gw-2 and (state:failing or state:revoked)"_s, {{ConnectionColumn::User, false}}).keys.empty());
        qInfo("filter 1,000,000 rows and sort by user: %.0f ms", Events::cpuMs() - start);
    }
};

WATCHWORD_TEST_MAIN(TestConnectionTable)
#include "tst_connectiontable.moc"
