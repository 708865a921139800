// SPDX-License-Identifier: Apache-2.0
#include "linkstage.h"
#include "support/testmain.h"

using namespace MachineTest;

/*! The question whether the server is there, alone. */
class TestHeartbeat : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void firstPingInAnyCase();
    void intervalOfTheServer_data();
    void intervalOfTheServer();
    void silence();
    void oneQuestionIsEnough();
    void lateAnswers();

private:
    static Heartbeat begun(Stage &stage, std::optional<Duration> ofServer = {})
    {
        return stage.run([&](LinkStep &step) { return Heartbeat(ofServer, step); });
    }
    static QStringList tick(Stage &stage, Heartbeat &heartbeat)
    {
        stage.run([&](LinkStep &step) { heartbeat.tick(1, step); });
        return stage.log;
    }
};

void TestHeartbeat::firstPingInAnyCase()
{
    Stage stage;
    Heartbeat heartbeat = begun(stage);
    const Duration interval = stage.context.options().heartbeat;
    QCOMPARE(heartbeat.deadline(), kStart + interval / 2); // spread
    QCOMPARE(tick(stage, heartbeat), QStringList());
    stage.now = heartbeat.deadline();
    heartbeat.onActivity(stage.now);
    QCOMPARE(tick(stage, heartbeat), QStringList({u"SendPing 1 1"_s}));
    // The next one only after a while without anything.
    heartbeat.onActivity(stage.now += interval - 1s);
    stage.now = heartbeat.deadline();
    QCOMPARE(tick(stage, heartbeat), QStringList());
    QCOMPARE(heartbeat.deadline(), stage.now - 1s + interval);
    stage.now = heartbeat.deadline();
    QCOMPARE(tick(stage, heartbeat), QStringList({u"SendPing 1 2"_s}));
}

void TestHeartbeat::intervalOfTheServer_data()
{
    QTest::addColumn<std::optional<Duration>>("ofServer");
    QTest::addColumn<Duration>("interval");
    QTest::newRow("none") << std::optional<Duration>() << ConnectionOptions().heartbeat;
    QTest::newRow("zero") << std::optional<Duration>(0ms) << ConnectionOptions().heartbeat;
    QTest::newRow("usual") << std::optional<Duration>(20s) << Duration(20s);
    QTest::newRow("too fast") << std::optional<Duration>(1ms) << Duration(1s);
    QTest::newRow("too slow") << std::optional<Duration>(24h) << Duration(5min);
}

void TestHeartbeat::intervalOfTheServer()
{
    QFETCH(std::optional<Duration>, ofServer);
    QFETCH(Duration, interval);
    Stage stage;
    QCOMPARE(begun(stage, ofServer).deadline(), kStart + interval / 2);
}

void TestHeartbeat::silence()
{
    Stage stage;
    Heartbeat heartbeat = begun(stage);
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 5s, step); });
    QCOMPARE(stage.log, QStringList({u"SendPing 1 1"_s}));
    QCOMPARE(heartbeat.deadline(), kStart + 5s);
    QVERIFY(!heartbeat.isSilent(kStart + 5s - 1ms));
    QVERIFY(heartbeat.isSilent(kStart + 5s));
    heartbeat.onActivity(kStart + 1s); // anything is a sign of life
    QVERIFY(!heartbeat.isSilent(kStart + 1h));
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 5s, step); });
    heartbeat.forgetQuestion();
    QVERIFY(!heartbeat.isSilent(kStart + 1h));
    heartbeat.askLater(kStart + 7s);
    QCOMPARE(heartbeat.deadline(), kStart + 7s);
}

void TestHeartbeat::oneQuestionIsEnough()
{
    Stage stage;
    Heartbeat heartbeat = begun(stage);
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 5s, step); });
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 10s, step); });
    QCOMPARE(stage.log, QStringList());
    QVERIFY(heartbeat.isSilent(kStart + 5s)); // the first one's time holds
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 2s, step); });
    QCOMPARE(stage.log, QStringList()); // but who cannot wait so long need not
    QVERIFY(heartbeat.isSilent(kStart + 2s));
}

void TestHeartbeat::lateAnswers()
{
    Stage stage;
    Heartbeat heartbeat = begun(stage);
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 5s, step); });
    stage.now += 40ms;
    stage.run([&](LinkStep &step) { heartbeat.onPong(1, step); });
    QCOMPARE(stage.log, QStringList({u"ReportRtt 40"_s}));
    stage.run([&](LinkStep &step) { heartbeat.ask(1, 5s, step); });
    stage.now += 10ms;
    stage.run([&](LinkStep &step) { heartbeat.onPong(1, step); }); // of the question before
    QCOMPARE(stage.log, QStringList());
    QVERIFY(!heartbeat.isSilent(stage.now + 1h)); // but a sign of life
}

WATCHWORD_TEST_MAIN(TestHeartbeat)
#include "tst_heartbeat.moc"
