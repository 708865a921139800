// SPDX-License-Identifier: Apache-2.0
#include <monitor/models/connectionsmodel.h>
#include <monitor/models/detail.h>

#include <support/await.h>
#include <support/testmain.h>

#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestConnectionsModel : public WatchwordTest
{
    Q_OBJECT

    static constexpr qint64 Start = 1'795'357'960'000;
    qint64 m_now = Start;

    ConnectionEntry row(int number, const QString &state = u"open"_s) const
    {
        ConnectionEntry r;
        r.id = u"c-%1"_s.arg(number, 4, 10, QLatin1Char('0'));
        r.user = u"user%1"_s.arg(number, 4, 10, QLatin1Char('0'));
        r.client = u"desk"_s;
        r.node = u"gw-%1"_s.arg(1 + number % 2);
        r.ip = u"10.0.0.%1"_s.arg(number % 250);
        r.session = u"s-%1"_s.arg(number);
        r.state = state;
        r.opened = Start - 60'000;
        r.issued = Start - 60'000;
        r.expires = Start + 540'000 + number * 10;
        return r;
    }
    static QStringList users(const ConnectionsModel &model)
    {
        QStringList result;
        for (int i = 0; i < model.rowCount(); ++i)
            result.append(model.index(i, ConnectionsModel::User).data().toString());
        return result;
    }
    //! Ticks until a sort of everything that the table holds was taken over.
    static bool settle(ConnectionsModel &model, qint64 rows)
    {
        return Support::waitUntil([&] {
            model.tick();
            return model.totalRows() == rows && model.queryState().status != QueryState::Status::Running;
        });
    }

private Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        m_now = Start;
    }

    void sortsWorstFirst()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setWindow(0, 3);
        table.upsert(row(1), m_now);
        table.upsert(row(2, u"failing"_s), m_now);
        table.upsert(row(3, u"revoked"_s), m_now);
        table.upsert(row(4, u"closed"_s), m_now);
        QVERIFY(settle(model, 4));
        QCOMPARE(users(model), (QStringList{u"user0003"_s, u"user0002"_s, u"user0001"_s}));
        QCOMPARE(model.index(0, 0).data().toString(), u"Revoked"_s);
        QCOMPARE(model.index(0, 0).data(RowBarRole).toInt(), 4);
        QCOMPARE(model.index(0, ConnectionsModel::TokenLeft).data().toString(), u"revoked"_s);
        QCOMPARE(model.index(2, ConnectionsModel::TokenLeft).data().toString(), u"9:00"_s);
        QCOMPARE(model.index(2, ConnectionsModel::Age).data().toString(), u"1:00"_s);
        QCOMPARE(model.index(2, ConnectionsModel::TokenLeft).data(FractionRole).toDouble() > 0.89, true);
        model.setStale(true);
        QCOMPARE(model.index(2, ConnectionsModel::Age).data().toString(), u"≥ 1:00"_s);
        QCOMPARE(model.index(2, ConnectionsModel::TokenLeft).data().toString(), u"≤ 9:00"_s);
        QCOMPARE(model.index(0, 0).data(TextColourRole).toString(), u"text.secondary"_s);
        // Nothing claims to be open; what ended has ended.
        QCOMPARE(model.index(0, 0).data().toString(), u"Revoked"_s);
        QCOMPARE(model.index(1, 0).data().toString(), u"Was failing"_s);
        QCOMPARE(model.index(2, 0).data().toString(), u"Was open"_s);
        model.setStale(false);
        model.setSortKeys({{ConnectionsModel::User, Qt::DescendingOrder}});
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return users(model).front() == u"user0004";
        }));
    }

    void holdsTheOrderWhileRowsAreSelected()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QSignalSpy held(&model, &ConnectionsModel::orderHeldChanged);
        model.setSortKeys({{ConnectionsModel::User, Qt::AscendingOrder}});
        model.setWindow(0, 10);
        for (int i = 2; i <= 5; ++i)
            table.upsert(row(i), m_now);
        QVERIFY(settle(model, 4));
        const quint64 id = model.idAt(1);
        model.select(id);
        QVERIFY(model.orderHeld());
        QCOMPARE(model.connectionIds(model.selectedIds()), QStringList{u"c-0003"_s});
        table.upsert(row(1), m_now); // would come first
        table.remove(u"c-0002"_s);
        QVERIFY(settle(model, 5));
        QCOMPARE(users(model), (QStringList{u"user0002"_s, u"user0003"_s, u"user0004"_s, u"user0005"_s, u"user0001"_s}));
        QCOMPARE(model.index(0, 0).data(StateRole).toString(), u"gone"_s);
        model.clearSelection();
        QCOMPARE(held.size(), 2);
        QVERIFY(settle(model, 4));
        QCOMPARE(users(model), (QStringList{u"user0001"_s, u"user0003"_s, u"user0004"_s, u"user0005"_s}));
    }

    void whatIsOverHasNoTimeLeft()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        model.setWindow(0, 10);
        ConnectionEntry soon = row(1);
        soon.expires = Start + 20'000;
        table.upsert(soon, m_now);
        for (const QString &state : {u"closed"_s, u"revoked"_s}) {
            ConnectionEntry over = soon;
            over.id = state;
            over.state = state;
            over.lastIn = Start - 3'600'000;
            table.upsert(over, m_now);
        }
        QVERIFY(settle(model, 3));
        model.setQuery(u"token.left < 30s"_s);
        QVERIFY(settle(model, 1));
        model.setQuery(u"idle > 1m"_s);
        QVERIFY(settle(model, 0));
        model.setQuery({});
        QVERIFY(settle(model, 3));
        // Nor can it be disconnected.
        model.selectAll();
        QCOMPARE(model.selectedIds().size(), 3);
        QCOMPARE(model.connectionIds(model.selectedIds()), QStringList{soon.id});
    }

    void openedWithinSlides()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        model.setWindow(0, 10);
        table.upsert(row(1), m_now); // a minute old
        model.setQuery(u"opened within last 2m"_s);
        QVERIFY(settle(model, 1));
        m_now += 90'000;
        QVERIFY(settle(model, 0));
    }

    void filtersAndKeepsTheSelection()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setSortKeys({{ConnectionsModel::User, Qt::AscendingOrder}});
        model.setWindow(0, 10);
        for (int i = 1; i <= 100; ++i)
            table.upsert(row(i, i % 10 == 0 ? u"failing"_s : u"open"_s), m_now);
        QVERIFY(settle(model, 100));
        model.select(model.idOf(u"c-0030"_s));
        model.setQuery(u"state:failing node:gw-1"_s);
        QVERIFY(settle(model, 10));
        QVERIFY(model.selectedIds().contains(model.idOf(u"c-0030"_s)));
        QCOMPARE(model.viewRowOf(model.idOf(u"c-0030"_s)), 2);
        QCOMPARE(model.filterTermFor(model.index(0, ConnectionsModel::Node), false), u"node:gw-1"_s);
        QCOMPARE(model.queryState().matched, 10);
        QCOMPARE(model.queryState().total, 100);
        model.setQuery(u"stat:failing"_s);
        QVERIFY(model.queryState().message.contains(u"Did you mean state?"_s));
        QCOMPARE(model.totalRows(), 10);
        const Completion completion = model.completionAt(u"state:f"_s, 7);
        QCOMPARE(completion.items.front().text, u"failing"_s);
        QCOMPARE(completion.items.front().count, 10);
        model.moveCurrent(1);
        QCOMPARE(model.connectionIds(model.selectedIds()), QStringList{u"c-0040"_s});
        model.moveCurrent(2, true);
        QCOMPARE(model.selectedIds().size(), 3);
    }

    void sortsBigTablesInTheBackground()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setSortKeys({{ConnectionsModel::TokenLeft, Qt::AscendingOrder}});
        model.setWindow(0, 10);
        for (int i = 1; i <= 60'000; ++i)
            table.upsert(row(i), m_now);
        QVERIFY(settle(model, 60'000));
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return model.idAt(59'999) != 0;
        }));
        QCOMPARE(model.viewRowOf(model.idOf(u"c-60000"_s)), 59'999);
        model.setWindow(59'000, 10);
        QCOMPARE(users(model).front(), u"user59001"_s);
    }

    void emitsOneChangePerTick()
    {
        ConnectionTable table;
        ConnectionsModel model(table, [this] { return m_now; });
        model.setWindow(0, 10);
        for (int i = 1; i <= 50; ++i)
            table.upsert(row(i), m_now);
        QVERIFY(settle(model, 50));
        model.tick();
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.tick();
        QCOMPARE(changed.size(), 0);
        table.upsert(row(3), m_now);
        table.upsert(row(6), m_now);
        model.setHovered(true); // no new order in between
        model.tick();
        QCOMPARE(changed.size(), 1);
        QCOMPARE(changed[0][0].toModelIndex().row(), 2);
        QCOMPARE(changed[0][1].toModelIndex().row(), 5);
        m_now += 1000;
        model.tick(); // ages move
        QCOMPARE(changed.size(), 2);
    }

    void describesConnections()
    {
        ConnectionTable table;
        TokenTable tokens;
        ConnectionEntry r = row(1, u"failing"_s);
        r.renewalsFailed = 3;
        r.expires = Start + 73'000;
        table.upsert(r, m_now);
        TokenEntry token;
        token.id = u"at-1"_s;
        token.session = r.session;
        token.kind = u"access"_s;
        token.issued = Start - 60'000;
        token.expires = r.expires;
        tokens.upsert(token);
        const DetailContent content = describeConnection(table, tokens, table.key(table.slotOf(r.id)), m_now);
        QVERIFY(content.valid);
        QCOMPARE(content.title, u"user0001"_s);
        QCOMPARE(content.plainSentences(),
                 u"The last 3 renewals of the token were refused. If none succeeds, gw-2 closes this connection in 1:13, at "
                 "14:33:53, with 4401 token_expired."_s);
        QCOMPARE(content.blocks.size(), 3);
        QVERIFY(!describeConnection(table, tokens, 0, m_now).valid);
        QVERIFY(describeSession(tokens, r.session, m_now).valid);
        QVERIFY(!describeSession(tokens, u"s-none"_s, m_now).valid);
    }
};

WATCHWORD_GUI_TEST_MAIN(TestConnectionsModel)
#include "tst_connectionsmodel.moc"
