// SPDX-License-Identifier: Apache-2.0
#include "sessiontable.h"
#include "sessionworld.h"
#include "support/testmain.h"

#include <cstdio>

using namespace SessionTest;

/*
    A million steps through the machines of a session, led by chance, against the four laws of SessionMachine. What is called
    impossible in the table of tst_sessionmachine never happens on the way.
*/
class TestSessionWalk : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void lawsHold();
};

void TestSessionWalk::lawsHold()
{
    const int steps = qEnvironmentVariableIsSet("WATCHWORD_STEPS") ? qEnvironmentVariableIntValue("WATCHWORD_STEPS") : 1'000'000;
    constexpr int kSteps = 20'000; // of one seed
    QHash<QString, int> counts;
    QStringList faults;
    for (int seed = 1; seed <= std::max(steps / kSteps, 1); ++seed) {
        World world{quint64(seed)};
        QString fault, last;
        world.onEvent = [&](const M &machine, const M::Event &event) {
            last = nameOf(machine) + u" + "_s + nameOf(event);
            if (!isPossible(machine, event))
                fault = u"called impossible: "_s + last;
        };
        for (int i = 0; i < kSteps && fault.isEmpty(); ++i) {
            world.step();
            if (!world.violations().isEmpty())
                fault = world.violations().join(u"; ") + u", after "_s + last;
        }
        if (!fault.isEmpty())
            qInfo().noquote() << world.story().join(u'\n');
        if (!fault.isEmpty())
            faults += u"seed %1: %2"_s.arg(seed).arg(fault);
        for (auto it = world.counts().cbegin(); it != world.counts().cend(); ++it)
            counts[it.key()] += it.value();
    }
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
    QStringList seen;
    for (auto it = counts.cbegin(); it != counts.cend(); ++it)
        seen += u"%1 %2"_s.arg(it.value()).arg(it.key());
    seen.sort();
    std::printf("walk: %s\n", qPrintable(seen.join(u", ")));
    for (const QString &what : {u"received"_s, u"sent"_s, u"quiet"_s, u"signed out"_s, u"signed out unread"_s, u"signed in"_s,
                                u"other user accepted"_s, u"taken back"_s, u"another process signed out"_s, u"kill"_s})
        QVERIFY2(counts.value(what) > steps / 10'000, qPrintable(what));
}

WATCHWORD_TEST_MAIN(TestSessionWalk)
#include "tst_sessionwalk.moc"
