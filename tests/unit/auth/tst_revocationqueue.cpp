// SPDX-License-Identifier: Apache-2.0
#include "refresh/revocationqueue.h"
#include "support/testmain.h"
#include "watchword/auth/envelopetokenstore.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Queue = RevocationQueue;

/* What a sign-out leaves to be done, for a day. */
class TestRevocationQueue : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void answers_data();
    void answers();
    void triesForADay();
    void retryAfterCounts();
    void mergesByToken();
    void whatIsDoneStaysDone();
    void survivesAsBytes();
    void refusesGarbage();
    void dateThatWasSetBack();
    void isSealedBesideTheTokens();

private:
    const WallTime m_now = wallTimeFromSeconds(1'800'000'000);
    const Secret m_token = Secret::copy("refresh-canary-1");
};

void TestRevocationQueue::answers_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<bool>("again");
    for (const int status : {0, 408, 429, 500, 502, 503, 504})
        QTest::addRow("%d", status) << status << true;
    for (const int status : {400, 401, 403, 404, 405, 302})
        QTest::addRow("%d", status) << status << false;
}

void TestRevocationQueue::answers()
{
    QFETCH(int, status);
    QFETCH(bool, again);
    const Error error = Error(status ? ErrorCode::HttpStatus : ErrorCode::Offline).withHttpStatus(status);
    QCOMPARE(judgeRevocation(error) == Queue::Answer::Again, again);
    QVERIFY(judgeRevocation({}) == Queue::Answer::Done);
}

void TestRevocationQueue::triesForADay()
{
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    WallTime now = m_now;
    int attempts = 0;
    while (true) {
        const auto dropped = queue.expire(now);
        if (!dropped.isEmpty()) {
            QVERIFY(dropped.first().equals(m_token));
            break;
        }
        const auto due = queue.due(now);
        QVERIFY(due && due->equals(m_token));
        ++attempts;
        queue.answered(*due, Queue::Answer::Again, {}, now);
        QVERIFY(!queue.due(now)); // never at once
        QVERIFY(*queue.nextAt() > now && *queue.nextAt() <= now + 15min);
        now = *queue.nextAt();
    }
    QVERIFY(now - m_now > 24h && now - m_now < 25h);
    QVERIFY2(attempts > 90 && attempts < 2000, qPrintable(QString::number(attempts)));
    QVERIFY(queue.isEmpty() && !queue.nextAt());
}

void TestRevocationQueue::retryAfterCounts()
{
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    queue.answered(m_token, Queue::Answer::Again, 40min, m_now);
    QCOMPARE(*queue.nextAt(), m_now + 40min);
    queue.answered(m_token, Queue::Answer::Again, 9h, m_now);
    QCOMPARE(*queue.nextAt(), m_now + 1h); // nobody is made to wait longer
    queue.answered(m_token, Queue::Answer::Done, {}, m_now);
    QVERIFY(queue.isEmpty());
    queue.answered(m_token, Queue::Answer::Done, {}, m_now); // twice
}

void TestRevocationQueue::mergesByToken()
{
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    queue.add(m_token, m_now + 1s);
    queue.add({}, m_now);
    QCOMPARE(queue.entries().size(), 1);
    QCOMPARE(queue.entries().first().since, m_now);
    for (int i = 0; i < 100; ++i)
        queue.add(Secret::random(16), m_now);
    QCOMPARE(queue.entries().size(), Queue::kMostEntries);
}

// The file was read before the answer came, and is looked at after it.
void TestRevocationQueue::whatIsDoneStaysDone()
{
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    const QList<Queue::Entry> read = queue.entries();
    queue.answered(m_token, Queue::Answer::Again, {}, m_now);
    queue.merge(read);
    QCOMPARE(queue.entries().size(), 1);
    queue.answered(m_token, Queue::Answer::Done, {}, m_now);
    queue.merge(read);
    QVERIFY(queue.isEmpty());
    queue.add(m_token, m_now); // a decision of a person is stored after what it ends was revoked
    QVERIFY(queue.isEmpty());
}

void TestRevocationQueue::survivesAsBytes()
{
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    queue.answered(m_token, Queue::Answer::Again, 5min, m_now);
    const auto back = Queue::decode(Queue::encode(queue.entries()));
    QVERIFY(back && back->size() == 1);
    QVERIFY(back->first().token.equals(m_token));
    QCOMPARE(back->first().since, m_now);
    QCOMPARE(back->first().notBefore, m_now + 5min);
    QCOMPARE(back->first().attempts, 1);
}

void TestRevocationQueue::refusesGarbage()
{
    QCOMPARE(Queue::decode(Secret::copy("nonsense")).error().code(), ErrorCode::StoreCorrupt);
    QCOMPARE(Queue::decode({}).error().code(), ErrorCode::StoreCorrupt);
    QCOMPARE(Queue::decode(Secret::copy("[1, {}, {\"token\":\"\"}]"))->size(), 0);
}

void TestRevocationQueue::dateThatWasSetBack()
{
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    const WallTime before = m_now - 24h * 365;
    QVERIFY(queue.expire(before).isEmpty());
    QVERIFY(queue.due(before)); // and not in a year
}

void TestRevocationQueue::isSealedBesideTheTokens()
{
    QTemporaryDir folder;
    const Secret key = Secret::random(32);
    const EnvelopeTokenStore::Location where{folder.path(), u"app"_s, u"default"_s, u"realm"_s};
    Queue queue(RandomSource::system());
    queue.add(m_token, m_now);
    {
        EnvelopeTokenStore store(where, key);
        QCOMPARE(store.loadRecord(u"revocations"_s).error().code(), ErrorCode::NotFound);
        QVERIFY(store.saveRecord(u"revocations"_s, Queue::encode(queue.entries())));
    }
    const QStringList files = QDir(folder.path()).entryList({u"*.record-revocations"_s});
    QCOMPARE(files.size(), 1);
    QFile file(folder.filePath(files.first()));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(!file.readAll().contains("canary"));
    QCOMPARE(file.permissions() & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup | QFile::WriteOther), 0);
    file.close();
    EnvelopeTokenStore again(where, key);
    QVERIFY(Queue::decode(*again.loadRecord(u"revocations"_s))->first().token.equals(m_token));
    // Under another name, or with another key, it does not open, and is set aside.
    EnvelopeTokenStore stranger(where, Secret::random(32));
    QCOMPARE(stranger.loadRecord(u"revocations"_s).error().code(), ErrorCode::StoreCorrupt);
    QCOMPARE(again.loadRecord(u"revocations"_s).error().code(), ErrorCode::NotFound);
    QCOMPARE(QDir(folder.path()).entryList({u"*.quarantined-*"_s}).size(), 1);
}

WATCHWORD_TEST_MAIN(TestRevocationQueue)
#include "tst_revocationqueue.moc"
