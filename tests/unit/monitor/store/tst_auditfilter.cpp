// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <monitor/store/auditfilter.h>
#include <monitor/store/auditrows.h>

#include <support/testmain.h>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestAuditFilter : public WatchwordTest
{
    Q_OBJECT

    static std::shared_ptr<const QueryNode> parsed(const QString &text)
    {
        return parseQuery(text, {auditFields(), 1'795'357'960'000, {}}).root;
    }

    //! Row ids by looking at every row alone, without zone maps and without bitmaps.
    static std::vector<quint64> naive(const AuditTable &table, const std::function<bool(const AuditRecord &)> &accept)
    {
        std::vector<quint64> rows;
        for (const auto &segment : table.snapshot()) {
            for (quint32 row = 0; row < segment->count(); ++row) {
                const AuditRecord record = segment->record(row);
                if ((record.outcome & AuditRecord::Gap) || accept(record))
                    rows.push_back(segment->firstRow() + row);
            }
        }
        return rows;
    }
    static std::vector<quint64> rowsOf(const AuditFilterResult &result)
    {
        std::vector<quint64> rows;
        for (quint64 i = 0; i < result.total(); ++i)
            rows.push_back(result.rowAt(i));
        return rows;
    }
    static QByteArray lines(int rows, QRandomGenerator &random, quint64 &sequence)
    {
        QByteArray buffer;
        for (int i = 0; i < rows; ++i) {
            sequence += random.bounded(500) == 0 ? 7 : 1;
            buffer += Events::randomLine(sequence, random) + '\n';
        }
        return buffer;
    }
    static void fill(AuditTable &table, int rows, QRandomGenerator &random, quint64 &sequence)
    {
        table.appendBuffer(lines(rows, random, sequence));
    }
    //! Over two segments, so that a small budget evicts; odd sizes end inside the words of bitmaps. Made once.
    static const QByteArrayList &history()
    {
        static const QByteArrayList parts = [] {
            QByteArrayList made;
            QRandomGenerator random(42);
            quint64 sequence = 0;
            for (const int rows : {1, 63, 1000, 40'001, 30'000, 65'536, 17})
                made.append(lines(rows, random, sequence));
            return made;
        }();
        return parts;
    }

private Q_SLOTS:
    void equalsLookingAtEachRow_data()
    {
        QTest::addColumn<QString>("query");
        for (const char *query :
             {"", "sev>=error", "user:user7", "user:user1*", "not user:user7", "kind:token.reused or sev<notice",
              "ip in 10.2.0.0/16 and sev:warning", "message ~ /[357]$/", "user in (user1, user2) -kind:limit.hit",
              "seq between 100..70000", "user!=user3 outcome:success", "attempt 7", "user:nobody", "is:gap",
              "data.actor.name:user7", "ts between 14:10..14:20", "user:USER9", "user=USER9"})
            QTest::newRow(query) << QString::fromLatin1(query);
    }
    void equalsLookingAtEachRow()
    {
        QFETCH(QString, query);
        AuditTable::Budget budget;
        budget.columnBytes = 2 * AuditSegment::BytesPerRow * AuditSegment::Capacity;
        AuditTable table(budget);
        AuditFilter incremental(table);
        incremental.setQuery(parsed(query));
        for (const QByteArray &part : history()) {
            table.appendBuffer(part);
            incremental.update();
            QVERIFY(incremental.wait(20'000));
        }
        QVERIFY(table.evictedRows() > 0);
        AuditFilter fresh(table);
        fresh.setQuery(parsed(query));
        QVERIFY(fresh.wait(20'000));
        const auto a = incremental.result();
        const auto b = fresh.result();
        QVERIFY(a->complete && b->complete);
        const auto rows = rowsOf(*b);
        QCOMPARE(rowsOf(*a), rows);
        QCOMPARE(a->severe, b->severe);
        QCOMPARE(a->gaps, b->gaps);
        // A compiled query run over single rows has neither zone maps nor neighbours to lean on.
        CompiledQuery single(parsed(query), AuditRows(table, nullptr), auditFields());
        std::vector<quint64> alone;
        for (const auto &segment : table.snapshot()) {
            for (quint32 row = 0; row < segment->count(); ++row) {
                quint64 bit = 0;
                single.evaluate(AuditRows(table, segment.get()), row, row + 1, &bit);
                const bool gap = segment->outcomes()[row] & AuditRecord::Gap;
                if (bit || (gap && !single.tests(int(AuditColumn::Row))))
                    alone.push_back(segment->firstRow() + row);
            }
        }
        QCOMPARE(rows, alone);
        for (size_t i = 0; i < rows.size(); i += 97) {
            QCOMPARE(b->viewRowOf(rows[i]), qint64(i));
            QCOMPARE(b->lowerBound(rows[i]), quint64(i));
        }
        QCOMPARE(b->viewRowOf(table.endRow()), -1);
    }

    void meansWhatItSays()
    {
        QRandomGenerator random(5);
        AuditTable table;
        quint64 sequence = 0;
        fill(table, 70'000, random, sequence);
        const auto user = [&](const AuditRecord &r) { return table.strings().text(r.actor); };
        const auto ip = [&](const AuditRecord &r) { return table.strings().text(r.ip); };
        const auto kind = [&](const AuditRecord &r) { return table.kindName(r.kind); };
        const QList<std::pair<QString, std::function<bool(const AuditRecord &)>>> cases = {
            {u"user:user1*"_s, [&](const AuditRecord &r) { return user(r).startsWith(u"user1"); }},
            {u"sev>=error and not kind:token.reused"_s,
             [&](const AuditRecord &r) { return r.severity >= 4 && kind(r) != u"token.reused"; }},
            {u"ip in 10.2.0.0/16 or user=user5"_s,
             [&](const AuditRecord &r) { return ip(r).startsWith(u"10.2.") || user(r) == u"user5"; }},
            {u"user!=user3"_s, [&](const AuditRecord &r) { return user(r) != u"user3"; }},
            {u"sev>=error data.actor.name:user7"_s, [&](const AuditRecord &r) { return r.severity >= 4 && user(r) == u"user7"; }},
            {u"seq<=1000 sev:info..notice"_s,
             [](const AuditRecord &r) { return r.sequence <= 1000 && r.severity >= 1 && r.severity <= 2; }}};
        for (const auto &[query, accept] : cases) {
            AuditFilter filter(table);
            filter.setQuery(parsed(query));
            QVERIFY(filter.wait(20'000));
            QVERIFY2(rowsOf(*filter.result()) == naive(table, accept), qPrintable(query));
        }
    }

    void missingMatchesNoComparison_data()
    {
        QTest::addColumn<QString>("query");
        QTest::addColumn<int>("rows"); // of a row with everything and one with nothing
        for (const auto &[query, rows] : {std::pair("user:alice", 1),
                                          std::pair("user!=bob", 1),
                                          std::pair("user!~/b/", 1),
                                          std::pair("user:*", 1),
                                          std::pair("user~/.*/", 1),
                                          std::pair("user has e", 1),
                                          std::pair("not user:*", 1),
                                          std::pair("not user:bob", 2),
                                          std::pair("close.code<9999", 1),
                                          std::pair("close.code!=7", 1),
                                          std::pair("close.code:0", 0),
                                          std::pair("close.code in (0, 1006)", 1),
                                          std::pair("close.code:..9999", 1),
                                          std::pair("seq<99", 1),
                                          std::pair("seq!=98", 1),
                                          std::pair("ts<2030-01-01", 1),
                                          std::pair("ts!=2030-01-01", 1),
                                          std::pair("sev<=critical", 1),
                                          std::pair("sev!=critical", 1),
                                          std::pair("sev:unknown", 1),
                                          std::pair("outcome!=success", 1),
                                          std::pair("outcome:unknown", 1),
                                          std::pair("ip in 0.0.0.0/0", 1),
                                          std::pair("ip!=10.0.0.1", 1),
                                          std::pair("data.actor.name:alice", 1),
                                          std::pair("data.actor.name!=bob", 1),
                                          std::pair("data.ws.close_code>1000", 1),
                                          std::pair("data.roles:admin", 1),
                                          std::pair("data.roles!=admin", 0),
                                          std::pair("data.nothing:*", 0),
                                          std::pair("id:e-1", 1),
                                          std::pair("subject!=x", 1),
                                          std::pair("not data.actor.name:alice", 1)})
            QTest::newRow(query) << QString::fromLatin1(query) << rows;
    }
    void missingMatchesNoComparison()
    {
        QFETCH(QString, query);
        QFETCH(int, rows);
        AuditTable table;
        table.appendLines({R"({"type":"x"})",
                           R"({"type":"dev.watchword.conn.closed.v1","id":"e-1","source":"s","subject":"y","sequence":"5",)"
                           R"("time":"2026-11-22T14:00:00Z","data":{"severity":2,"outcome":"failure","actor":{"name":"alice"},)"
                           R"("src":{"ip":"10.1.2.3"},"ws":{"close_code":1006},"roles":["reader","admin"]}})"});
        const ParsedQuery parsed = parseQuery(query, {auditFields(), 1'795'357'960'000});
        QVERIFY2(parsed.root, qPrintable(parsed.error.message));
        AuditFilter filter(table);
        filter.setQuery(parsed.root);
        QVERIFY(filter.wait(20'000));
        QCOMPARE(int(filter.result()->matched()), rows);
    }

    void aNewQueryDoesNotWaitForReadingEvents()
    {
        QRandomGenerator random(9);
        AuditTable table;
        quint64 sequence = 0;
        fill(table, 130'000, random, sequence);
        AuditFilter filter(table);
        QVERIFY(filter.wait(20'000));
        filter.setQuery(parsed(u"data.nothing.there:x"_s));
        filter.update();
        const auto started = std::chrono::steady_clock::now();
        const quint64 id = filter.setQuery(parsed(u"user:user7"_s));
        QVERIFY(filter.wait(20'000));
        QCOMPARE(filter.result()->queryId, id);
        const auto took = std::chrono::steady_clock::now() - started;
        qInfo("the next filter was there after %lld ms",
              qint64(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    }

    void newestQueryWins()
    {
        QRandomGenerator random(6);
        AuditTable table;
        quint64 sequence = 0;
        fill(table, 70'000, random, sequence);
        AuditFilter filter(table);
        quint64 id = 0;
        for (int i = 0; i < 40; ++i)
            id = filter.setQuery(parsed(u"user:user%1"_s.arg(i)));
        QVERIFY(filter.wait(20'000));
        QCOMPARE(filter.result()->queryId, id);
        QVERIFY(filter.result()->complete);
        const quint32 wanted = table.strings().find("user39");
        QCOMPARE(rowsOf(*filter.result()), naive(table, [&](const AuditRecord &r) { return r.actor == wanted; }));
    }

    void measuresFiltering()
    {
        QRandomGenerator random(8);
        AuditTable table;
        quint64 sequence = 0;
        const QByteArray part = lines(100'000, random, sequence);
        for (int i = 0; i < 10; ++i)
            table.appendBuffer(part);
        for (const char *query : {"sev>=error", "user:user7 sev>=error", "message ~ /attempt [3-5]/"}) {
            AuditFilter filter(table);
            QVERIFY(filter.wait(20'000));
            const double start = Events::cpuMs();
            filter.setQuery(parsed(QString::fromLatin1(query)));
            QVERIFY(filter.wait(20'000));
            qInfo("filter %llu rows by \"%s\": %.1f ms, %llu rows", table.rows(), query, Events::cpuMs() - start,
                  filter.result()->matched());
            QVERIFY(filter.result()->matched() > 0);
        }
    }
};

WATCHWORD_TEST_MAIN(TestAuditFilter)
#include "tst_auditfilter.moc"
