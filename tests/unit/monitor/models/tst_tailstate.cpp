// SPDX-License-Identifier: Apache-2.0
#include <monitor/models/linkstatus.h>
#include <monitor/models/tailstate.h>
#include <monitor/models/text.h>

#include <support/testmain.h>

#include <QRandomGenerator>
#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestTailState : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void followsANaiveModel()
    {
        QRandomGenerator random(21);
        TailState tail;
        // The naive model: rows are numbers; what is in sight is a row, not a position.
        qint64 oldest = 0;
        qint64 newest = 0;
        qint64 top = 0;
        int page = 0;
        qint64 fresh = 0;
        TailMode mode = TailMode::Following;
        const auto lastTop = [&] { return std::max(oldest, newest - page); };
        for (int step = 0; step < 50'000; ++step) {
            switch (random.bounded(7)) {
            case 0:
                page = int(random.bounded(60));
                tail.resized(page);
                break;
            case 1:
            case 2: {
                const qint64 add = random.bounded(100);
                newest += add;
                fresh += mode == TailMode::Following ? 0 : add;
                tail.grown(newest - oldest);
                break;
            }
            case 3: {
                const qint64 evict = std::min<qint64>(random.bounded(60), newest - oldest);
                oldest += evict;
                tail.shifted(-evict, newest - oldest);
                break;
            }
            case 4: {
                const qint64 to = std::clamp(top + random.bounded(-100, 100), oldest, lastTop());
                tail.scrolledTo(to - oldest);
                if (mode == TailMode::Following && to < lastTop()) {
                    mode = TailMode::Detached;
                    fresh = 0;
                } else if (mode == TailMode::Detached && to == lastTop()) {
                    mode = TailMode::Following;
                    fresh = 0;
                }
                top = to;
                break;
            }
            case 5:
                tail.followed();
                mode = TailMode::Following;
                fresh = 0;
                break;
            case 6:
                tail.paused();
                fresh = mode == TailMode::Following ? 0 : fresh;
                mode = TailMode::Paused;
                break;
            }
            top = mode == TailMode::Following ? lastTop() : std::clamp(top, oldest, lastTop());
            QCOMPARE(tail.mode(), mode);
            QCOMPARE(tail.first(), top - oldest);
            QCOMPARE(tail.newRows(), fresh);
            QCOMPARE(tail.total(), newest - oldest);
        }
    }

    void writesNumbers()
    {
        QCOMPARE(Text::count(12455), u"12,455"_s);
        QCOMPARE(Text::count(-1234567), u"-1,234,567"_s);
        QCOMPARE(Text::count(999), u"999"_s);
        QCOMPARE(Text::countShort(7'400'000), u"7.4M"_s);
        QCOMPARE(Text::percent(0.412), u"41 %"_s);
        QCOMPARE(Text::duration(348'000), u"5:48"_s);
        QCOMPARE(Text::duration(3'723'000), u"1:02:03"_s);
        QCOMPARE(Text::duration(273'600'000), u"3 d 4 h"_s);
        QCOMPARE(Text::duration(-5), u"0:00"_s);
        QCOMPARE(Text::clockTime(1'795'357'960'592, true), u"14:32:40.592"_s);
        QCOMPARE(Text::bytes(412'000'000), u"412 MB"_s);
        QCOMPARE(Text::elideId(u"s-4c19aabbccddeea7"_s), u"s-4c19…a7"_s);
        QCOMPARE(Text::elideId(u"s-4c19"_s), u"s-4c19"_s);
    }

    void saysWhyItIsNotLive()
    {
        LinkStatus status;
        LinkStatus::Facts facts;
        facts.state = LinkStatus::State::Live;
        facts.lagMs = 40;
        facts.heardAt = 1'795'357'960'000;
        status.setNow(facts.heardAt + 1000);
        status.setFacts(facts);
        QCOMPARE(status.lagText(), u"lag 40 ms"_s);
        QSignalSpy changed(&status, &LinkStatus::changed);
        status.setNow(facts.heardAt + 7000); // stopped, and not yet silent
        QCOMPARE(status.lagText(), u"heard 0:07 ago"_s);
        QCOMPARE(changed.size(), 1);
        facts.state = LinkStatus::State::Reconnecting;
        facts.failure = u"The certificate is not trusted."_s;
        status.setFacts(facts);
        QCOMPARE(status.failure(), facts.failure);
        facts.state = LinkStatus::State::Live;
        status.setFacts(facts);
        QVERIFY(status.failure().isEmpty());
    }

    void saysHowTheLinkIs()
    {
        LinkStatus status;
        QSignalSpy changed(&status, &LinkStatus::changed);
        QCOMPARE(status.text(), u"Not connected"_s);
        LinkStatus::Facts facts;
        facts.state = LinkStatus::State::Loading;
        facts.loaded = 412'000;
        facts.expected = 1'000'000;
        status.setFacts(facts);
        status.setFacts(facts);
        QCOMPARE(changed.size(), 1);
        QCOMPARE(status.text(), u"Loading snapshot 412,000 of 1,000,000 (41 %)"_s);
        facts.state = LinkStatus::State::Live;
        facts.eventRate = 640;
        facts.silentSince = 1'795'357'960'000;
        status.setNow(1'795'357'981'000);
        status.setFacts(facts);
        QVERIFY(status.isSilent());
        QCOMPARE(status.text(), u"Silent 0:21"_s); // and not "Live"
        facts.silentSince = 0;
        status.setFacts(facts);
        QVERIFY(!status.isSilent());
        QCOMPARE(status.text(), u"Live 640/s"_s);
        facts.state = LinkStatus::State::Reconnecting;
        facts.silentSince = 1'795'357'960'000;
        QVERIFY(!status.isSilent()); // the banner says it then
        facts.noDataSince = 1'795'357'960'000;
        facts.nextTryAt = 1'795'357'981'000;
        status.setNow(1'795'357'977'000);
        status.setFacts(facts);
        QCOMPARE(status.detail(), u"No data since 14:32:40 (0:17). Next try in 4 s."_s);
        status.setNow(1'795'357'982'000);
        QCOMPARE(status.detail(), u"No data since 14:32:40 (0:22). Trying now."_s);
        facts.state = LinkStatus::State::Lost;
        facts.lostReason = u"Sign in again."_s;
        facts.missedEvents = 1203;
        facts.brokenAt = 48'102'244;
        status.setFacts(facts);
        QCOMPARE(status.detail(), u"Sign in again."_s);
        QCOMPARE(status.completenessText(), u"1,203 events not received"_s);
        QCOMPARE(status.verificationText(), u"Chain broken at 48,102,244"_s);
    }
};

WATCHWORD_TEST_MAIN(TestTailState)
#include "tst_tailstate.moc"
