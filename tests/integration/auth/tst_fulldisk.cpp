// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "support/fulldisk.h"
#include "watchword/testing/manualclock.h"

#include <QDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/* A session whose disk has no room any more. */
class TestFullDisk : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void refreshesGoOnInMemory();
    void signInGoesOnInMemory();

private:
    SessionOptions onDisk(const Support::SmallDisk &disk)
    {
        SessionOptions o = options();
        o.storageFolder = disk.path() + u"/data"_s;
        o.clock = &m_clock;
        m_issuer->setCalendar(m_clock.wallNow() - Clock::system().wallNow());
        return o;
    }
    static QByteArray tokensOn(const Support::SmallDisk &disk)
    {
        const QDir folder(disk.path() + u"/data"_s);
        const QStringList names = folder.entryList({u"*.tokens"_s}, QDir::Files);
        QFile file(names.isEmpty() ? QString() : folder.filePath(names.first()));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    static QStringList quarantined(const Support::SmallDisk &disk)
    {
        return QDir(disk.path() + u"/data"_s).entryList({u"*.quarantined*"_s}, QDir::Files);
    }

    ManualClock m_clock;
};

void TestFullDisk::refreshesGoOnInMemory()
{
    Support::SmallDisk disk;
    REQUIRE_SMALL_DISK(disk);
    {
        SessionProbe probe(onDisk(disk));
        QVERIFY(signedIn(probe));
        const QByteArray before = tokensOn(disk);
        QVERIFY(!before.isEmpty());
        QVERIFY(disk.fill());

        // As long as the access token is good, no refresh token is spent that could not be kept.
        const auto finished = [&] { return probe.events.count(u"refresh.finished"_s); };
        const auto earlier = finished();
        m_clock.advance(250s);
        QVERIFY(Support::waitUntil([&] { return finished() > earlier; }));
        QCOMPARE(m_issuer->refreshCount(), 0);
        QCOMPARE(probe.session.state(), State::Active);

        // Then it goes on in memory.
        for (int round = 1; round <= 3; ++round) {
            m_clock.advance(301s);
            QVERIFY(Support::waitUntil([&] {
                m_clock.advance(100ms); // for pauses before the next try
                return m_issuer->refreshCount() == round;
            }));
            QVERIFY(probe.reaches(State::Degraded));
            QVERIFY(probe.token());
            QCOMPARE(probe.session.stateReason().code(), ErrorCode::StorageFailed);
            QCOMPARE(tokensOn(disk), before);
        }
        QVERIFY(probe.session.stateReason().detail().contains(u"the disk is full"_s));
        QCOMPARE(probe.degraded.size(), 1); // said once
        QCOMPARE(probe.needed.size(), 0);
        QCOMPARE(quarantined(disk), QStringList());

        disk.empty();
        m_clock.advance(61s); // the longest pause between two attempts to save
        QVERIFY(probe.reaches(State::Active));
        QVERIFY(tokensOn(disk) != before);
        QCOMPARE(m_issuer->reuseCount(), 0);
    }
    SessionProbe again(onDisk(disk));
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QCOMPARE(m_issuer->refreshCount(), 4);
    QCOMPARE(m_issuer->reuseCount(), 0);
}

void TestFullDisk::signInGoesOnInMemory()
{
    Support::SmallDisk disk;
    REQUIRE_SMALL_DISK(disk);
    {
        SessionProbe first(onDisk(disk)); // so that the key and the folder are there
        QVERIFY(signedIn(first));
        first.session.signOut();
        QVERIFY(Support::waitUntil([&] { return first.signedOut.size() == 1 && m_issuer->activeFamilies() == 0; }));
        QVERIFY(disk.fill());
        first.session.signIn();
        QVERIFY(first.reaches(State::Degraded));
        QVERIFY(first.token());
        disk.empty();
        m_clock.advance(61s);
        QVERIFY(first.reaches(State::Active));
    }
    SessionProbe again(onDisk(disk));
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QCOMPARE(quarantined(disk), QStringList());
}

WATCHWORD_TEST_MAIN(TestFullDisk)
#include "tst_fulldisk.moc"
