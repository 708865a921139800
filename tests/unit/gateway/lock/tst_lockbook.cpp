// SPDX-License-Identifier: Apache-2.0
#include "lock/lockbook.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QFile>
#include <QSignalSpy>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! Who is kept out, by what, for how long, and over a restart. */
class TestLockBook : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void targets_data();
    void targets();
    void onlyEarlierSignIns();
    void hardestModeCounts();
    void endsByItself();
    void longerOneReplaces();
    void survivesARestart();
    void newerFormatIsRefused();
    void fileOfAnOlderProgram();
    void unwritableHoldsNevertheless();
    void addressesAreBounded();

private:
    static Identity ada();
    Lock lockOf(LockTarget::Kind kind, const QString &value, const QString &issuer = {}) const;

    ManualClock m_clock;
    std::unique_ptr<LockBook> m_book;
    QTemporaryDir m_folder;
};

Identity TestLockBook::ada()
{
    Identity identity;
    identity.issuer = u"https://issuer.test"_s;
    identity.subject = u"ada"_s;
    identity.sessionId = u"s-1"_s;
    identity.tokenId = u"j-1"_s;
    identity.clientId = u"app"_s;
    return identity;
}

Lock TestLockBook::lockOf(LockTarget::Kind kind, const QString &value, const QString &issuer) const
{
    Lock lock;
    lock.target = {kind, issuer, value};
    lock.since = m_clock.wallNow();
    return lock;
}

void TestLockBook::init()
{
    WatchwordTest::init();
    m_book = std::make_unique<LockBook>(m_clock);
    QVERIFY(m_book->open({}));
}

void TestLockBook::targets_data()
{
    using Kind = LockTarget::Kind;
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("issuer");
    QTest::addColumn<bool>("isOut");
    QTest::newRow("user") << int(Kind::User) << u"ada"_s << QString() << true;
    QTest::newRow("user of the issuer") << int(Kind::User) << u"ada"_s << u"https://issuer.test"_s << true;
    QTest::newRow("user of another issuer") << int(Kind::User) << u"ada"_s << u"https://other.test"_s << false;
    QTest::newRow("another user") << int(Kind::User) << u"Ada"_s << QString() << false;
    QTest::newRow("session") << int(Kind::Session) << u"s-1"_s << u"https://issuer.test"_s << true;
    QTest::newRow("a user's name is no session") << int(Kind::Session) << u"ada"_s << QString() << false;
    QTest::newRow("token") << int(Kind::Token) << u"j-1"_s << QString() << true;
    QTest::newRow("client") << int(Kind::Client) << u"app"_s << QString() << true;
    QTest::newRow("address") << int(Kind::Address) << u"192.0.2.7"_s << QString() << true;
    QTest::newRow("subnet") << int(Kind::Address) << u"192.0.2.0/24"_s << QString() << true;
    QTest::newRow("another subnet") << int(Kind::Address) << u"192.0.3.0/24"_s << QString() << false;
}

void TestLockBook::targets()
{
    QFETCH(int, kind);
    QFETCH(QString, value);
    QFETCH(QString, issuer);
    QFETCH(bool, isOut);
    const QHostAddress peer(u"192.0.2.7"_s);
    QVERIFY(!m_book->lockOn(ada(), peer));
    QSignalSpy added(m_book.get(), &LockBook::added);
    const Result<Lock> lock = m_book->add(lockOf(LockTarget::Kind(kind), value, issuer));
    QVERIFY(lock);
    QCOMPARE(added.size(), 1);
    QCOMPARE(m_book->lockOn(ada(), peer).has_value(), isOut);
    QVERIFY(*m_book->remove(lock->id));
    QVERIFY(!*m_book->remove(lock->id));
    QVERIFY(!m_book->lockOn(ada(), peer));
}

void TestLockBook::onlyEarlierSignIns()
{
    Lock lock = lockOf(LockTarget::Kind::User, u"ada"_s);
    lock.mode = Lock::Mode::Revoked;
    lock.before = m_clock.wallNow();
    QVERIFY(m_book->add(lock));
    Identity identity = ada();
    QVERIFY(m_book->lockOn(identity)); // says neither
    identity.issuedAt = m_clock.wallNow() + 60s;
    QVERIFY(!m_book->lockOn(identity));
    identity.authTime = m_clock.wallNow(); // a new token of the old sign-in
    QVERIFY(m_book->lockOn(identity));
    identity.authTime = m_clock.wallNow() + 1s;
    QVERIFY(!m_book->lockOn(identity));
    lock.mode = Lock::Mode::Outdated; // asks for a new token, not for a new sign-in
    lock.before = m_clock.wallNow() + 30s;
    QVERIFY(m_book->add(lock));
    QVERIFY(!m_book->lockOn(identity));
    identity.issuedAt = m_clock.wallNow() + 30s;
    QCOMPARE(m_book->lockOn(identity)->mode, Lock::Mode::Outdated);
}

void TestLockBook::hardestModeCounts()
{
    const auto add = [this](Lock::Mode mode, LockTarget::Kind kind, const QString &value) {
        Lock lock = lockOf(kind, value);
        lock.mode = mode;
        lock.until = m_clock.wallNow() + 60s;
        lock.message = u"m"_s;
        QVERIFY(m_book->add(lock));
    };
    add(Lock::Mode::Held, LockTarget::Kind::Session, u"s-1"_s);
    QCOMPARE(m_book->lockOn(ada())->toError(m_clock.wallNow()).code(), ErrorCode::Forbidden);
    add(Lock::Mode::Revoked, LockTarget::Kind::Token, u"j-1"_s);
    QCOMPARE(m_book->lockOn(ada())->closeCode(), CloseCode::SessionRevoked);
    add(Lock::Mode::Forbidden, LockTarget::Kind::Client, u"app"_s);
    QCOMPARE(m_book->lockOn(ada())->closeCode(), CloseCode::Forbidden);
    add(Lock::Mode::Locked, LockTarget::Kind::User, u"ada"_s);
    const Error error = m_book->lockOn(ada())->toError(m_clock.wallNow());
    QCOMPARE(error.code(), ErrorCode::Locked);
    QCOMPARE(error.remedy(), u"m"_s);
    QCOMPARE(error.retryAfter(), std::optional<std::chrono::milliseconds>(60s));
}

void TestLockBook::endsByItself()
{
    Lock lock = lockOf(LockTarget::Kind::User, u"ada"_s);
    lock.until = m_clock.wallNow() + 10s;
    QVERIFY(m_book->add(lock));
    m_clock.advance(9s);
    QVERIFY(m_book->lockOn(ada()));
    m_clock.advance(1s);
    QVERIFY(!m_book->lockOn(ada()));
    QVERIFY(m_book->locks().isEmpty());
    m_clock.advance(60s);
    QTRY_COMPARE(m_book->size(), 0);
}

void TestLockBook::longerOneReplaces()
{
    Lock lock = lockOf(LockTarget::Kind::User, u"ada"_s);
    lock.until = m_clock.wallNow() + 10s;
    const QString id = m_book->add(lock)->id;
    lock.until = m_clock.wallNow() + 5s;
    QCOMPARE(m_book->add(lock)->until, std::optional<WallTime>(m_clock.wallNow() + 10s));
    lock.until.reset();
    QCOMPARE(m_book->add(lock)->id, id);
    QCOMPARE(m_book->size(), 1);
    m_clock.advance(3600s);
    QVERIFY(m_book->lockOn(ada()));
}

void TestLockBook::survivesARestart()
{
    const QString file = m_folder.filePath(u"a/locks.sqlite"_s);
    m_book = std::make_unique<LockBook>(m_clock);
    QVERIFY(m_book->open(file));
    Lock lock = lockOf(LockTarget::Kind::Session, u"s-1"_s, u"https://issuer.test"_s);
    lock.mode = Lock::Mode::Revoked;
    lock.before = m_clock.wallNow();
    lock.until = m_clock.wallNow() + 100s;
    lock.message = u"why \"so\""_s;
    lock.reason = u"provider"_s;
    lock.by = u"olga"_s;
    const Result<Lock> added = m_book->add(lock);
    QVERIFY(added);
    QVERIFY(m_book->add(lockOf(LockTarget::Kind::Address, u"192.0.2.0/24"_s)));
    m_book = std::make_unique<LockBook>(m_clock);
    QVERIFY(m_book->open(file));
    QCOMPARE(m_book->find(added->id)->toJson(), added->toJson());
    QVERIFY(m_book->lockOn(ada()));
    Identity other = ada();
    other.sessionId = u"s-2"_s;
    QVERIFY(!m_book->lockOn(other));
    QVERIFY(m_book->lockOn(other, QHostAddress(u"192.0.2.1"_s)));
    QCOMPARE(QFile::permissions(file) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
}

void TestLockBook::newerFormatIsRefused()
{
    const QString file = m_folder.filePath(u"newer.sqlite"_s);
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"newer"_s);
        database.setDatabaseName(file);
        QVERIFY(database.open());
        QVERIFY(QSqlQuery(database).exec(u"PRAGMA user_version=3"_s));
    }
    QSqlDatabase::removeDatabase(u"newer"_s);
    LockBook book(m_clock);
    const Result<void> opened = book.open(file);
    QVERIFY(!opened);
    QCOMPARE(opened.error().code(), ErrorCode::StoreCorrupt);
}

void TestLockBook::fileOfAnOlderProgram()
{
    const QString file = m_folder.filePath(u"older.sqlite"_s);
    {
        QSqlDatabase older = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"older"_s);
        older.setDatabaseName(file);
        QVERIFY(older.open());
        QSqlQuery query(older);
        QVERIFY(query.exec(
            u"CREATE TABLE lock (id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, issuer TEXT NOT NULL, value TEXT NOT "
            "NULL, mode TEXT NOT NULL, before_time INTEGER, since INTEGER NOT NULL, until INTEGER, message TEXT NOT "
            "NULL, reason TEXT NOT NULL, made_by TEXT NOT NULL) STRICT, WITHOUT ROWID"_s));
        QVERIFY(query.exec(
            u"INSERT INTO lock VALUES ('l-1', 'address', '', '192.0.2.0/24', 'locked', NULL, 0, NULL, '', 'admin', 'olga')"_s));
        QVERIFY(query.exec(
            u"INSERT INTO lock VALUES ('l-2', 'session', '', 's-1', 'revoked', NULL, 0, NULL, '', 'admin', 'olga')"_s));
        QVERIFY(query.exec(u"PRAGMA user_version=1"_s));
    }
    QSqlDatabase::removeDatabase(u"older"_s);
    for (int i = 0; i < 2; ++i) { // it is brought up to date once
        LockBook book(m_clock);
        QVERIFY(book.open(file));
        QCOMPARE(book.size(), 2);
        QVERIFY(!book.find(u"l-1"_s)->includesOperators);
        QVERIFY(book.lockOn(ada(), QHostAddress(u"192.0.2.9"_s)));
        QVERIFY(book.find(u"l-2"_s)->target.subject.isEmpty());
    }
}

void TestLockBook::unwritableHoldsNevertheless()
{
    const QString file = m_folder.filePath(u"busy.sqlite"_s);
    m_book = std::make_unique<LockBook>(m_clock);
    QVERIFY(m_book->open(file));
    QVERIFY(m_book->add(lockOf(LockTarget::Kind::User, u"eve"_s)));
    LockBook second(m_clock); // one program at a time
    QVERIFY(!second.open(file));
    QVERIFY(!second.add(lockOf(LockTarget::Kind::User, u"ada"_s)));
    QVERIFY(second.lockOn(ada()));
}

void TestLockBook::addressesAreBounded()
{
    for (int i = 0; i < LockBook::kMostAddresses; ++i)
        QVERIFY(m_book->add(lockOf(LockTarget::Kind::Address, u"10.0.%1.%2"_s.arg(i / 250).arg(i % 250))));
    const Result<Lock> refused = m_book->add(lockOf(LockTarget::Kind::Address, u"192.0.2.1"_s));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code(), ErrorCode::RateLimited);
    QVERIFY(!refused.error().remedy().isEmpty());
}

WATCHWORD_TEST_MAIN(TestLockBook)
#include "tst_lockbook.moc"
