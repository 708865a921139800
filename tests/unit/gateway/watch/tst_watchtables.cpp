// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watch/watchtables.h"
#include "watchword/core/random.h"
#include "watchword/testing/manualclock.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

ConnectionRow openConnection(const QString &id, const QString &sid = u"s-1"_s)
{
    ConnectionRow row;
    row.id = id;
    row.sid = sid;
    row.sub = u"alice"_s;
    return row;
}

TokenRow accessToken(const QString &id, std::optional<WallTime> exp = {})
{
    TokenRow row;
    row.id = id;
    row.sid = u"s-1"_s;
    row.exp = exp;
    return row;
}

// A reader as the watch service is one: snapshot of a version in pages, then changes in pages.
template <typename Row>
class Mirror
{
public:
    using Read = std::function<TableChanges<Row>(quint64, qsizetype, quint64)>;

    void restart(quint64 version)
    {
        m_until = version;
        m_cursor = 0;
        m_rows.clear();
        m_snapshot = version != 0;
    }
    void page(const Read &read, qsizetype limit)
    {
        const TableChanges<Row> changes = read(m_cursor, limit, m_snapshot ? m_until : 0);
        if (!m_snapshot && changes.lost) {
            m_lost = true;
            return;
        }
        for (const Row &row : changes.updated) {
            QVERIFY2(!changes.removed.contains(row.id), "an id is both updated and removed");
            m_rows.insert(row.id, row);
        }
        for (const QString &id : changes.removed)
            m_rows.remove(id);
        m_cursor = changes.cursor;
        m_more = changes.more;
        if (!changes.more)
            m_snapshot = false;
    }
    void catchUp(const Read &read, quint64 version)
    {
        do
            page(read, 7);
        while ((m_more || m_snapshot || m_cursor < version) && !m_lost);
    }
    const QHash<QString, Row> &rows() const { return m_rows; }
    bool isLost() const { return m_lost; }

private:
    QHash<QString, Row> m_rows;
    quint64 m_cursor = 0;
    quint64 m_until = 0;
    bool m_snapshot = false;
    bool m_more = false;
    bool m_lost = false;
};

} // namespace

class TestWatchTables : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyMirrorEqualsTheTruth_data();
    void everyMirrorEqualsTheTruth();
    void closedConnectionsLeaveAfterAMinute();
    void aClosedConnectionThatComesBackStays();
    void theFirstEndIsTheTrueOne();
    void connectionsExpireAndRecover();
    void tokensEndByThemselves();
    void endedTokensAreBounded();
    void changesBetweenReadsAreOne();
    void anOldCursorIsToldSo();
    void unknownIdsChangeNothing();
    void sessionsAreIndexed();
    void textsOfClientsAreCut();
};

void TestWatchTables::everyMirrorEqualsTheTruth_data()
{
    QTest::addColumn<quint64>("seed");
    for (quint64 seed = 1; seed <= 20; ++seed)
        QTest::addRow("seed %llu", static_cast<unsigned long long>(seed)) << seed;
}

namespace {

/*! What the tables should hold of one connection. */
struct Truth
{
    ConnectionRow row;
    Instant leaves = Instant::max();

    void close(const Clock &clock)
    {
        row.state = ConnectionState::Closed;
        row.closeCode = 1001;
        row.closeReason = u"bye"_s;
        row.closed = clock.wallNow();
        leaves = clock.now() + WatchTables::kClosedStays;
    }
};

void compareWithTruth(const Mirror<ConnectionRow> &mirror, const QHash<QString, Truth> &truth)
{
    QVERIFY(!mirror.isLost());
    QCOMPARE(mirror.rows().size(), truth.size());
    for (const Truth &expected : truth)
        QVERIFY2(mirror.rows().value(expected.row.id) == expected.row, qPrintable(expected.row.id));
}

} // namespace

// Random operations on the tables and on a naive map of what they should hold; readers that page at random moments,
// some of which start anew in the middle, must all end with exactly that map.
void TestWatchTables::everyMirrorEqualsTheTruth()
{
    QFETCH(quint64, seed);
    ManualClock clock;
    WatchTables tables(clock);
    SeededRandom random(seed);
    const auto upTo = [&](int n) { return int(random.nextUnit() * n); };
    QHash<QString, Truth> truth;
    std::array<Mirror<ConnectionRow>, 4> mirrors;
    const Mirror<ConnectionRow>::Read read = [&](quint64 cursor, qsizetype limit, quint64 until) {
        return tables.connectionChanges(cursor, limit, until);
    };

    for (int step = 0; step < 4'000; ++step) {
        const QString id = u"c-%1"_s.arg(upTo(60));
        switch (upTo(8)) {
        case 0:
        case 1:
            truth.insert(id, {openConnection(id, u"s-%1"_s.arg(upTo(9)))});
            tables.putConnection(truth[id].row);
            break;
        case 2:
        case 3:
        case 4: {
            const quint64 bytes = quint64(upTo(1'000'000));
            const bool there = tables.updateConnection(id, [&](ConnectionRow &row) { row.bytesIn = bytes; });
            QCOMPARE(there, truth.contains(id));
            if (there)
                truth[id].row.bytesIn = bytes;
            break;
        }
        case 5: {
            const bool closed = tables.closeConnection(id, 1001, u"bye"_s, clock.wallNow());
            QCOMPARE(closed, truth.contains(id) && truth[id].row.isOpen());
            if (closed)
                truth[id].close(clock);
            break;
        }
        case 6:
            clock.advance(Duration(upTo(20'000)));
            QCoreApplication::processEvents();
            truth.removeIf([&](const auto &entry) { return entry.value().leaves <= clock.now(); });
            break;
        default: {
            Mirror<ConnectionRow> &mirror = mirrors[size_t(upTo(int(mirrors.size())))];
            if (upTo(20) == 0)
                mirror.restart(tables.version());
            mirror.page(read, 1 + upTo(10));
        }
        }
    }

    QCOMPARE(tables.connectionCount(), truth.size());
    for (Mirror<ConnectionRow> &mirror : mirrors) {
        mirror.catchUp(read, tables.version());
        compareWithTruth(mirror, truth);
    }
    QCOMPARE(tables.openConnectionCount(),
             std::count_if(truth.cbegin(), truth.cend(), [](const Truth &entry) { return entry.row.isOpen(); }));
}

void TestWatchTables::closedConnectionsLeaveAfterAMinute()
{
    ManualClock clock;
    WatchTables tables(clock);
    tables.putConnection(openConnection(u"c-1"_s));
    QVERIFY(tables.closeConnection(u"c-1"_s, 4410, u"session_revoked"_s, clock.wallNow()));
    QCOMPARE(tables.connection(u"c-1"_s)->state, ConnectionState::Revoked);
    QCOMPARE(tables.openConnectionCount(), 0);
    clock.advance(59'999ms);
    QVERIFY(tables.connection(u"c-1"_s));
    clock.advance(1ms);
    QVERIFY(!tables.connection(u"c-1"_s));
    QCOMPARE(tables.connectionChanges(0, 10).removed, QStringList(u"c-1"_s));
}

void TestWatchTables::aClosedConnectionThatComesBackStays()
{
    ManualClock clock;
    WatchTables tables(clock);
    tables.putConnection(openConnection(u"c-1"_s));
    tables.closeConnection(u"c-1"_s, 1000, {}, clock.wallNow());
    clock.advance(30s);
    tables.putConnection(openConnection(u"c-1"_s));
    clock.advance(120s);
    QVERIFY(tables.connection(u"c-1"_s));
    QCOMPARE(tables.openConnectionCount(), 1);
}

void TestWatchTables::theFirstEndIsTheTrueOne()
{
    ManualClock clock;
    WatchTables tables(clock);
    tables.putToken(accessToken(u"t-1"_s));
    QVERIFY(tables.endToken(u"t-1"_s, TokenEnd::Replaced, clock.wallNow()));
    QVERIFY(!tables.endToken(u"t-1"_s, TokenEnd::Revoked, clock.wallNow()));
    QCOMPARE(tables.token(u"t-1"_s)->end, TokenEnd::Replaced);
    tables.putConnection(openConnection(u"c-1"_s));
    QVERIFY(tables.closeConnection(u"c-1"_s, 4411, u"kicked"_s, clock.wallNow()));
    QVERIFY(!tables.closeConnection(u"c-1"_s, 1006, {}, clock.wallNow()));
    QCOMPARE(tables.connection(u"c-1"_s)->closeCode, 4411);
}

void TestWatchTables::connectionsExpireAndRecover()
{
    ManualClock clock;
    WatchTables tables(clock);
    ConnectionRow row = openConnection(u"c-1"_s);
    row.iat = clock.wallNow();
    row.exp = clock.wallNow() + 100s;
    tables.putConnection(row);
    clock.advance(79s);
    QCOMPARE(tables.connection(u"c-1"_s)->state, ConnectionState::Open);
    clock.advance(1s);
    QCOMPARE(tables.connection(u"c-1"_s)->state, ConnectionState::Expiring);
    tables.updateConnection(u"c-1"_s, [&](ConnectionRow &renewed) {
        renewed.iat = clock.wallNow();
        renewed.exp = clock.wallNow() + 100s;
    });
    QCOMPARE(tables.connection(u"c-1"_s)->state, ConnectionState::Open);
    clock.advance(80s);
    QCOMPARE(tables.connection(u"c-1"_s)->state, ConnectionState::Expiring);
    // What the gate says about a failure is not overruled by the clock.
    tables.updateConnection(u"c-1"_s, [](ConnectionRow &failing) { failing.state = ConnectionState::Failing; });
    clock.advance(5s);
    QCOMPARE(tables.connection(u"c-1"_s)->state, ConnectionState::Failing);
}

void TestWatchTables::tokensEndByThemselves()
{
    ManualClock clock;
    WatchTables tables(clock);
    const WallTime exp = clock.wallNow() + 60s;
    tables.putToken(accessToken(u"t-1"_s, exp));
    tables.putToken(accessToken(u"opaque"_s));
    clock.advance(60s);
    QCOMPARE(tables.token(u"t-1"_s)->end, TokenEnd::Expired);
    QCOMPARE(tables.token(u"t-1"_s)->ended, std::optional(exp));
    QCOMPARE(tables.token(u"opaque"_s)->end, TokenEnd::None);
    clock.advance(WatchTables::kEndedStays);
    QVERIFY(!tables.token(u"t-1"_s));
    QVERIFY(tables.token(u"opaque"_s));
}

void TestWatchTables::endedTokensAreBounded()
{
    ManualClock clock;
    WatchTables tables(clock);
    const int count = int(WatchTables::kMostEndedTokens) + 100;
    for (int i = 0; i < count; ++i) {
        const QString id = u"t-%1"_s.arg(i);
        tables.putToken(accessToken(id));
        tables.endToken(id, TokenEnd::Replaced, clock.wallNow());
    }
    QCOMPARE(tables.tokenCount(), WatchTables::kMostEndedTokens);
    QVERIFY(!tables.token(u"t-99"_s));
    QVERIFY(tables.token(u"t-100"_s));
}

void TestWatchTables::changesBetweenReadsAreOne()
{
    ManualClock clock;
    WatchTables tables(clock);
    tables.putConnection(openConnection(u"c-1"_s));
    tables.putConnection(openConnection(u"c-2"_s));
    quint64 cursor = tables.connectionChanges(0, 100).cursor;
    for (quint64 i = 1; i <= 1'000; ++i)
        tables.updateConnection(u"c-1"_s, [i](ConnectionRow &row) { row.msgsIn = i; });
    const auto changes = tables.connectionChanges(cursor, 100);
    QCOMPARE(changes.updated.size(), 1);
    QCOMPARE(changes.updated.first().msgsIn, quint64(1'000));
    QVERIFY(tables.version() <= cursor + 1);
    // An update that changes nothing is no change.
    tables.updateConnection(u"c-1"_s, [](ConnectionRow &) {});
    QVERIFY(tables.connectionChanges(changes.cursor, 100).updated.isEmpty());
}

void TestWatchTables::anOldCursorIsToldSo()
{
    ManualClock clock;
    WatchTables tables(clock);
    tables.putConnection(openConnection(u"first"_s));
    const quint64 cursor = tables.connectionChanges(0, 10).cursor;
    const auto churn = [&](qsizetype rows) {
        for (qsizetype i = 0; i < rows; ++i) {
            const QString id = u"c-%1"_s.arg(i);
            tables.putConnection(openConnection(id));
            tables.closeConnection(id, 1000, {}, clock.wallNow());
        }
        for (int turn = 0; turn < 30; ++turn) {
            clock.advance(10s);
            QCoreApplication::processEvents();
        }
    };
    churn(WatchTables::kMostRemovals);
    QVERIFY(!tables.connectionChanges(cursor, 10).lost);
    tables.putConnection(openConnection(u"one-more"_s));
    tables.closeConnection(u"one-more"_s, 1000, {}, clock.wallNow());
    clock.advance(2min);
    QVERIFY(tables.connectionChanges(cursor, 10).lost);
    QVERIFY(!tables.connectionChanges(0, 10).lost);
    QCOMPARE(tables.connectionCount(), 1);
}

void TestWatchTables::unknownIdsChangeNothing()
{
    ManualClock clock;
    WatchTables tables(clock);
    QVERIFY(!tables.updateConnection(u"nobody"_s, [](ConnectionRow &) { QFAIL("called"); }));
    QVERIFY(!tables.closeConnection(u"nobody"_s, 1000, {}, clock.wallNow()));
    QVERIFY(!tables.updateToken(u"nobody"_s, [](TokenRow &) { QFAIL("called"); }));
    QVERIFY(!tables.endToken(u"nobody"_s, TokenEnd::Expired, clock.wallNow()));
    tables.putConnection({});
    tables.putToken({});
    QCOMPARE(tables.version(), quint64(0));
    // The id is the key: a change cannot move a row.
    tables.putConnection(openConnection(u"c-1"_s));
    tables.updateConnection(u"c-1"_s, [](ConnectionRow &row) { row.id = u"c-2"_s; });
    QVERIFY(tables.connection(u"c-1"_s));
    QVERIFY(!tables.connection(u"c-2"_s));
}

void TestWatchTables::sessionsAreIndexed()
{
    ManualClock clock;
    WatchTables tables(clock);
    tables.putConnection(openConnection(u"c-1"_s, u"s-1"_s));
    tables.putConnection(openConnection(u"c-2"_s, u"s-1"_s));
    tables.putConnection(openConnection(u"c-3"_s, u"s-2"_s));
    tables.closeConnection(u"c-2"_s, 1000, {}, clock.wallNow());
    QCOMPARE(tables.openConnectionsOfSession(u"s-1"_s), QStringList(u"c-1"_s));
    tables.updateConnection(u"c-3"_s, [](ConnectionRow &row) { row.sid = u"s-1"_s; });
    QCOMPARE(tables.openConnectionsOfSession(u"s-1"_s).size(), 2);
    QVERIFY(tables.openConnectionsOfSession(u"s-2"_s).isEmpty());
    QVERIFY(tables.openConnectionsOfSession({}).isEmpty());
    tables.putToken(accessToken(u"t-1"_s));
    tables.putToken(accessToken(u"t-2"_s));
    tables.endToken(u"t-1"_s, TokenEnd::Replaced, clock.wallNow());
    QCOMPARE(tables.endTokensOfSession(u"s-1"_s, TokenEnd::Revoked, clock.wallNow()), 1);
    QCOMPARE(tables.token(u"t-1"_s)->end, TokenEnd::Replaced);
    QCOMPARE(tables.token(u"t-2"_s)->end, TokenEnd::Revoked);
}

void TestWatchTables::textsOfClientsAreCut()
{
    ManualClock clock;
    WatchTables tables(clock);
    ConnectionRow row = openConnection(u"c-1"_s);
    row.ua = QString(100'000, u'x');
    row.origin = row.ua;
    tables.putConnection(row);
    QVERIFY(tables.connection(u"c-1"_s)->ua.size() <= 256);
    QVERIFY(tables.connection(u"c-1"_s)->origin.size() <= 256);
}

WATCHWORD_TEST_MAIN(TestWatchTables)
#include "tst_watchtables.moc"
