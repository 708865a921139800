// SPDX-License-Identifier: Apache-2.0
#include <monitor/models/alertengine.h>

#include <support/await.h>
#include <support/testmain.h>

#include <QDateTime>
#include <QRandomGenerator>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>

#include <map>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestAlertEngine : public WatchwordTest
{
    Q_OBJECT

    static constexpr qint64 Start = 1'795'357'960'000; // 2026-11-22 14:32:40 UTC
    qint64 m_now = Start;
    quint64 m_sequence = 0;

    void append(AuditTable &table, qint64 time, const QByteArray &kind, const QByteArray &user, const QByteArray &node = "gw-1")
    {
        const QByteArray at = QDateTime::fromMSecsSinceEpoch(time, Qt::UTC).toString(Qt::ISODateWithMs).toUtf8();
        table.appendLines({R"({"type":"dev.watchword.)" + kind + R"(.v1","time":")" + at + R"(","sequence":")"
                           + QByteArray::number(++m_sequence) + R"(","data":{"severity":3,"actor":{"name":")" + user
                           + R"("},"node":{"id":")" + node + R"("}}})"});
    }
    static AlertRule rule(const QString &filter, int events, qint64 window, const QString &by = {})
    {
        return {u"rule"_s, filter, events, window, by, Severity::Error, true, true};
    }
    template <typename F>
    static bool settles(AlertEngine &engine, F &&condition)
    {
        return Support::waitUntil([&] {
            engine.tick();
            return condition();
        });
    }

private Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        m_now = Start;
        m_sequence = 0;
    }

    void countsLikeANaiveOne()
    {
        // Against looking at every window anew, for random events of three groups.
        QRandomGenerator random(11);
        for (int round = 0; round < 200; ++round) {
            const int events = 1 + int(random.bounded(5));
            const qint64 window = 1 + random.bounded(20);
            AlertCounter counter(events, window);
            std::map<QString, QList<qint64>> all;
            std::map<QString, bool> firing;
            qint64 time = 0;
            for (int step = 0; step < 100; ++step) {
                time += random.bounded(6);
                for (const AlertCounter::Episode &over : counter.settle(time)) {
                    QVERIFY(firing[over.group]);
                    QVERIFY(over.end <= time && over.end >= over.last);
                    firing[over.group] = false;
                }
                const QString group = QString::number(random.bounded(3));
                all[group] << time;
                const auto inside =
                    std::count_if(all[group].begin(), all[group].end(), [&](qint64 t) { return t > time - window; });
                const bool begun = counter.add(group, time, quint64(step)).has_value();
                QCOMPARE(begun, !firing[group] && inside >= events);
                firing[group] = firing[group] || begun;
                QCOMPARE(counter.current(group).has_value(), firing[group]);
                for (const auto &[name, times] : all) {
                    const auto now = std::count_if(times.begin(), times.end(), [&](qint64 t) { return t > time - window; });
                    QCOMPARE(counter.current(name).has_value(), now >= events && firing[name]);
                }
            }
        }
    }

    void boundsWhatAStrangerMakes()
    {
        AlertCounter counter(3, 1000);
        for (int i = 0; i < int(AlertCounter::MostGroups); ++i)
            QVERIFY(!counter.add(QString::number(i), 1, 1));
        QVERIFY(!counter.add(u"one more"_s, 1, 1));
        QVERIFY(!counter.add(u"another"_s, 1, 1));
        QCOMPARE(counter.add(u"third"_s, 1, 9).value_or(AlertCounter::Episode()).group, u"…"_s);
        counter.settle(5000);
        QVERIFY(!counter.add(u"after"_s, 5000, 1));
        QVERIFY(!counter.current(u"…"_s));
    }

    void firesGoesOnAndEnds()
    {
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        QSignalSpy due(&engine, &AlertEngine::notificationDue);
        engine.setRules({rule(u"kind:token.refresh_failed"_s, 3, 60'000, u"node"_s)});
        for (int i = 0; i < 2; ++i)
            append(table, m_now += 1000, "token.refresh_failed", "alice", "gw-1");
        append(table, m_now += 1000, "token.refresh_failed", "alice", "gw-2");
        append(table, m_now += 1000, "token.refreshed", "alice", "gw-1");
        engine.tick();
        QCOMPARE(engine.firingCount(), 0);
        append(table, m_now += 1000, "token.refresh_failed", "bob", "gw-1");
        QVERIFY(settles(engine, [&] { return engine.firingCount() == 1; }));
        QCOMPARE(engine.alerts().first().episode.group, u"gw-1"_s);
        QCOMPARE(due.size(), 1);
        QCOMPARE(due.first().at(1).toString(), u"gw-1"_s);
        append(table, m_now += 1000, "token.refresh_failed", "carl", "gw-1");
        QVERIFY(settles(engine, [&] { return engine.alerts().first().episode.events == 4; }));
        QCOMPARE(due.size(), 1); // once for an episode
        m_now += 70'000;
        QVERIFY(settles(engine, [&] { return !engine.alerts().first().isFiring(); }));
        QCOMPARE(engine.firingCount(), 0);
        QCOMPARE(engine.alerts().size(), 1); // it stays in the history
    }

    void thePastIsNoAlert()
    {
        AuditTable table;
        for (int i = 0; i < 6; ++i) // two episodes, ten minutes apart
            append(table, Start - 3'600'000 + (i / 3) * 600'000 + i * 1000, "token.reused", "alice");
        AlertEngine engine(table, [this] { return m_now; });
        QSignalSpy due(&engine, &AlertEngine::notificationDue);
        engine.setRules({rule(u"kind:token.reused"_s, 3, 60'000)});
        QVERIFY(settles(engine, [&] { return engine.wouldHave(u"rule"_s).size() == 2; }));
        QVERIFY(engine.alerts().isEmpty());
        QVERIFY(due.isEmpty());
        // A rule that is only tried says the same.
        const auto preview = engine.preview(rule(u"kind:token.reused"_s, 6, 3'600'000));
        QVERIFY(Support::waitUntil([&] {
            preview->tick();
            return preview->isCaughtUp();
        }));
        preview->settle(m_now);
        QCOMPARE(preview->takeBegun().size(), 1);
    }

    void whatGoesOnFires()
    {
        // An operator who comes in the middle of an attack hears of it, once.
        AuditTable table;
        for (int i = 0; i < 4; ++i)
            append(table, Start - 3'600'000 + i * 1000, "token.reused", "alice"); // over
        for (int i = 0; i < 4; ++i)
            append(table, Start - 30'000 + i * 1000, "token.reused", "alice"); // goes on
        AlertEngine engine(table, [this] { return m_now; });
        QSignalSpy due(&engine, &AlertEngine::notificationDue);
        engine.setRules({rule(u"kind:token.reused"_s, 3, 60'000, u"user"_s)});
        QVERIFY(settles(engine, [&] { return engine.firingCount() == 1; }));
        QCOMPARE(engine.alerts().size(), 1);
        QCOMPARE(engine.alerts().first().episode.begin, Start - 28'000);
        QCOMPARE(engine.alerts().first().episode.events, 4);
        QCOMPARE(engine.wouldHave(u"rule"_s).size(), 1);
        QCOMPARE(due.size(), 1);
        append(table, m_now += 1000, "token.reused", "alice");
        QVERIFY(settles(engine, [&] { return engine.alerts().first().episode.events == 5; }));
        QCOMPARE(due.size(), 1);
        m_now += 70'000;
        QVERIFY(settles(engine, [&] { return !engine.alerts().first().isFiring(); }));
        QCOMPARE(engine.alerts().size(), 1);
        QCOMPARE(engine.wouldHave(u"rule"_s).size(), 1);
    }

    void theEndOfAnOldFileIsNoAlert()
    {
        // The clock of a file is its last event.
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        QSignalSpy due(&engine, &AlertEngine::notificationDue);
        engine.setRules({rule(u"kind:token.reused"_s, 3, 60'000, u"user"_s)});
        for (int i = 0; i < 3; ++i)
            append(table, m_now = Start - 86'400'000 + i * 1000, "token.reused", "alice");
        const auto preview = engine.preview(engine.rules().first());
        QVERIFY(settles(engine, [&] {
            preview->tick();
            return preview->isCaughtUp() && preview->matched() == 3;
        }));
        engine.tick();
        QVERIFY(engine.alerts().isEmpty());
        QVERIFY(due.isEmpty());
        m_now = Start; // connected to a gateway: it is long over
        QVERIFY(settles(engine, [&] { return engine.wouldHave(u"rule"_s).size() == 1; }));
        QVERIFY(engine.alerts().isEmpty());
    }

    void aBacklogThatComesAfterTheRulesIsThePast()
    {
        // The rules are there first, then the gateway sends what happened: what is over is no alert, what goes on is one.
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        QSignalSpy due(&engine, &AlertEngine::notificationDue);
        engine.setRules({rule(u"kind:token.reused"_s, 3, 60'000, u"user"_s)});
        engine.tick();
        for (int episode = 0; episode < 3; ++episode) {
            for (int i = 0; i < 3; ++i)
                append(table, Start - 3'600'000 + episode * 600'000 + i * 1000, "token.reused", "alice");
        }
        QVERIFY(settles(engine, [&] { return engine.wouldHave(u"rule"_s).size() == 3; }));
        QVERIFY(engine.alerts().isEmpty());
        for (int i = 0; i < 3; ++i)
            append(table, Start - 20'000 + i * 1000, "token.reused", "alice");
        QVERIFY(settles(engine, [&] { return engine.firingCount() == 1; }));
        QCOMPARE(engine.wouldHave(u"rule"_s).size(), 3);
        QCOMPARE(due.size(), 1);
    }

    void snoozeAndAcknowledge()
    {
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        QSignalSpy due(&engine, &AlertEngine::notificationDue);
        engine.setRules({rule(u"kind:token.reused"_s, 1, 60'000, u"user"_s)});
        engine.snooze(u"rule"_s, m_now + 3'600'000);
        append(table, m_now += 1000, "token.reused", "alice");
        QVERIFY(settles(engine, [&] { return engine.alerts().size() == 1; }));
        QVERIFY(engine.alerts().first().snoozed);
        QCOMPARE(engine.firingCount(), 0);
        QVERIFY(due.isEmpty()); // nobody was told
        engine.snooze(u"rule"_s, 0);
        QCOMPARE(engine.firingCount(), 1);
        engine.acknowledge(engine.alerts().first().id);
        QCOMPARE(engine.firingCount(), 0);
        for (const char *user : {"bob", "carl", "dora"})
            append(table, m_now += 1000, "token.reused", user);
        QVERIFY(settles(engine, [&] { return engine.firingCount() == 3; }));
        // However many begin at once, one sentence tells it; how they fall into ticks is the filter's.
        QVERIFY(!due.isEmpty() && due.size() <= 3);
        m_now += 4'000'000;
        QCOMPARE(engine.snoozedUntil(u"rule"_s), 0);
    }

    void aWrongFilterSaysWhy()
    {
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        engine.setRules({rule(u"usr:alice"_s, 1, 60'000)});
        append(table, m_now += 1000, "token.reused", "alice");
        engine.tick();
        QVERIFY(engine.alerts().isEmpty());
        QVERIFY2(engine.errorOf(u"rule"_s).contains(u"Did you mean user?"_s), qPrintable(engine.errorOf(u"rule"_s)));
        engine.setSavedFilters({{u"bad"_s, u"kind:token.reused"_s}});
        engine.setRules({rule(u"$bad"_s, 1, 60'000)});
        QVERIFY(engine.errorOf(u"rule"_s).isEmpty());
        append(table, m_now += 1000, "token.reused", "alice");
        QVERIFY(settles(engine, [&] { return engine.firingCount() == 1; }));
        // Without its rule nothing fires.
        engine.setRules({});
        QCOMPARE(engine.firingCount(), 0);
        QVERIFY(!engine.alerts().first().isFiring());
    }

    void gapsCountOnlyWhenTheyAreAskedFor()
    {
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        AlertRule gaps = rule(u"is:gap"_s, 1, 60'000);
        gaps.name = u"gaps"_s;
        engine.setRules({rule(u"user:nobody"_s, 1, 60'000), gaps});
        append(table, m_now += 1000, "token.refreshed", "alice");
        m_sequence += 5;
        append(table, m_now += 1000, "token.refreshed", "alice");
        QVERIFY(settles(engine, [&] { return engine.firingCount() == 1; }));
        QCOMPARE(engine.alerts().first().rule, u"gaps"_s);
    }

    void rulesAreKept()
    {
        QTemporaryDir folder;
        AuditTable table;
        AlertEngine engine(table, [this] { return m_now; });
        QSettings settings(folder.filePath(u"s.ini"_s), QSettings::IniFormat);
        engine.load(settings);
        QCOMPARE(engine.rules(), usualAlertRules());
        for (const AlertRule &usual : engine.rules())
            QVERIFY2(engine.errorOf(usual.name).isEmpty(), qPrintable(usual.filter));
        AlertRule own = rule(u"user:a*"_s, 7, 300'000, u"ip"_s);
        own.severity = Severity::Critical;
        engine.setRules({own});
        engine.store(settings);
        AlertEngine next(table, [this] { return m_now; });
        next.load(settings);
        QCOMPARE(next.rules(), QList<AlertRule>{own});
        // Nonsense is clamped or left out.
        const auto read =
            alertRulesFrom(R"([{"name":"x","filter":"y","events":-4,"window_ms":1e18,"by":"moon","severity":99},7,{}])");
        QCOMPARE(read.size(), 1);
        QCOMPARE(read.first().events, 1);
        QCOMPARE(read.first().windowMs, AlertRule::LongestWindowMs);
        QVERIFY(read.first().by.isEmpty());
        QCOMPARE(read.first().severity, Severity::Critical);
        QVERIFY(alertRulesFrom("nonsense").isEmpty());
    }
};

WATCHWORD_TEST_MAIN(TestAlertEngine)
#include "tst_alertengine.moc"
