// SPDX-License-Identifier: Apache-2.0
#include "store/keyvault.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/auth/envelopetokenstore.h"
#include "watchword/testing/manualclock.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

TokenSet sample(quint64 generation)
{
    TokenSet tokens;
    tokens.issuer = u"https://login.test"_s;
    tokens.subject = u"alice"_s;
    tokens.accountName = u"Alice \u00c4"_s;
    tokens.accessToken = Secret::copy("CANARY-access");
    tokens.refreshToken = Secret::copy("CANARY-refresh");
    tokens.scopes = {u"openid"_s, u"api"_s};
    tokens.issuedAt = wallTimeFromSeconds(1'700'000'000);
    tokens.expiresAt = wallTimeFromSeconds(1'700'000'300);
    tokens.generation = generation;
    return tokens;
}

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void put(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    QCOMPARE(file.write(bytes), bytes.size());
}

} // namespace

class TestTokenStore : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void roundTrip();
    void nothingInPlainText();
    void olderNeverWins();
    void everyDamagedByteIsNoticed();
    void otherKeyQuarantines();
    void anotherAccountsFileDoesNotOpen();
    void lockExcludes();
    void journal();
    void wrongKeySize();
    void unwritableFolder();
    void keyIsMadeOnce();
    void missingKeyIsNotReplaced();

private:
    EnvelopeTokenStore open(const QString &account = u"default"_s);

    std::unique_ptr<QTemporaryDir> m_folder;
    Secret m_key;
    ManualClock m_clock;
};

void TestTokenStore::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_key = Secret::random(32);
}

EnvelopeTokenStore TestTokenStore::open(const QString &account)
{
    return EnvelopeTokenStore({m_folder->path() + u"/data"_s, u"app/../x"_s, account, u"realm"_s}, m_key, m_clock);
}

void TestTokenStore::roundTrip()
{
    EnvelopeTokenStore store = open();
    QCOMPARE(store.load().error().code(), ErrorCode::NotFound);
    QVERIFY(store.save(sample(1)));
    const Result<TokenSet> loaded = open().load();
    QVERIFY(loaded);
    QCOMPARE(loaded->accountName, u"Alice \u00c4"_s);
    QVERIFY(loaded->refreshToken.equals(Secret::copy("CANARY-refresh")));
    QCOMPARE(loaded->expiresAt, sample(1).expiresAt);
    QCOMPARE(loaded->scopes, sample(1).scopes);
    QCOMPARE(loaded->generation, quint64(1));
    const auto permissions = QFile::permissions(store.tokenFile());
    QVERIFY(!(permissions & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup | QFile::WriteOther)));
}

void TestTokenStore::nothingInPlainText()
{
    EnvelopeTokenStore store = open();
    QVERIFY(store.save(sample(1)));
    QVERIFY(store.writeJournal({sample(1).refreshToken.fingerprint(), u"id"_s, {}, 1}));
    const QDir folder(m_folder->path() + u"/data"_s);
    const QStringList files = folder.entryList(QDir::Files);
    QVERIFY(files.size() >= 2);
    for (const QString &name : files) {
        const QByteArray bytes = contentOf(folder.filePath(name));
        QVERIFY(!bytes.contains("CANARY"));
        QVERIFY(!bytes.contains("alice"));
        QVERIFY(!bytes.contains(m_key.reveal().toByteArray()));
    }
}

void TestTokenStore::olderNeverWins()
{
    EnvelopeTokenStore store = open();
    QVERIFY(store.save(sample(5)));
    for (const quint64 generation : {1ULL, 4ULL, 5ULL})
        QCOMPARE(store.save(sample(generation)).error().code(), ErrorCode::WrongState);
    QCOMPARE(store.load()->generation, quint64(5));
    TokenSet tombstone;
    tombstone.tombstone = true;
    tombstone.generation = 6;
    QVERIFY(store.save(tombstone));
    QVERIFY(store.load()->tombstone);
}

void TestTokenStore::everyDamagedByteIsNoticed()
{
    EnvelopeTokenStore store = open();
    QVERIFY(store.save(sample(1)));
    const QByteArray good = contentOf(store.tokenFile());
    for (qsizetype i = 0; i < good.size(); i += 7) {
        QByteArray bad = good;
        bad[i] = char(bad.at(i) ^ 1);
        put(store.tokenFile(), bad);
        QCOMPARE(store.load().error().code(), ErrorCode::StoreCorrupt);
        QVERIFY(!QFile::exists(store.tokenFile())); // set aside
        QCOMPARE(store.load().error().code(), ErrorCode::NotFound); // and not in the way of a new sign-in
    }
    for (const QByteArray &bad : {QByteArray(), good.first(3), good.first(good.size() - 1), QByteArray(2 << 20, 'x')}) {
        put(store.tokenFile(), bad);
        QCOMPARE(store.load().error().code(), ErrorCode::StoreCorrupt);
    }
    // Nothing was thrown away: as many files were set aside as there were damages.
    const QDir folder(m_folder->path() + u"/data"_s);
    QCOMPARE(folder.entryList({u"*.quarantined-*"_s}, QDir::Files).size(), (good.size() + 6) / 7 + 4);
}

void TestTokenStore::otherKeyQuarantines()
{
    QVERIFY(open().save(sample(3)));
    m_key = Secret::random(32);
    EnvelopeTokenStore store = open();
    QVERIFY(store.save(sample(1))); // the old one cannot be compared with, and is kept beside
    QCOMPARE(store.load()->generation, quint64(1));
    QCOMPARE(QDir(m_folder->path() + u"/data"_s).entryList({u"*.quarantined-*"_s}, QDir::Files).size(), 1);
}

void TestTokenStore::anotherAccountsFileDoesNotOpen()
{
    EnvelopeTokenStore alice = open(u"alice"_s);
    EnvelopeTokenStore bob = open(u"bob"_s);
    QVERIFY(alice.tokenFile() != bob.tokenFile());
    QVERIFY(alice.save(sample(1)));
    QVERIFY(QFile::copy(alice.tokenFile(), bob.tokenFile()));
    QCOMPARE(bob.load().error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(alice.load());
}

void TestTokenStore::lockExcludes()
{
    EnvelopeTokenStore one = open();
    EnvelopeTokenStore two = open();
    auto held = one.tryLock();
    QVERIFY(held);
    QCOMPARE(two.tryLock().error().code(), ErrorCode::LockBusy);
    QVERIFY(open(u"other"_s).tryLock());
    held = Error(ErrorCode::Cancelled);
    QVERIFY(two.tryLock());
}

void TestTokenStore::journal()
{
    EnvelopeTokenStore store = open();
    QVERIFY(store.readJournal() && !store.readJournal()->has_value());
    const RefreshJournal entry{u"0011aabb"_s, u"attempt"_s, wallTimeFromSeconds(5), 2};
    QVERIFY(store.writeJournal(entry));
    QCOMPARE(open().readJournal()->value(), entry);
    QString file = store.tokenFile();
    file.replace(u".tokens"_s, u".journal"_s);
    put(file, "garbage");
    QVERIFY(store.readJournal() && !store.readJournal()->has_value());
}

void TestTokenStore::wrongKeySize()
{
    m_key = Secret::random(31);
    EnvelopeTokenStore store = open();
    QCOMPARE(store.load().error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(store.save(sample(1)).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(store.tryLock().error().code(), ErrorCode::InvalidArgument);
}

void TestTokenStore::unwritableFolder()
{
    put(m_folder->path() + u"/data"_s, "a file where a folder should be");
    EnvelopeTokenStore store = open();
    QCOMPARE(store.save(sample(1)).error().code(), ErrorCode::StorageFailed);
    QCOMPARE(store.tryLock().error().code(), ErrorCode::StorageFailed);
}

void TestTokenStore::keyIsMadeOnce()
{
    const auto keys = std::make_shared<MemoryKeyStore>();
    KeyVault one(keys, m_folder->path(), m_clock);
    KeyVault two(keys, m_folder->path(), m_clock);
    std::optional<Result<Secret>> never, first, second;
    one.open(KeyVault::Creation::Never, [&](const Result<Secret> &key) { never = key; });
    QVERIFY(Support::waitUntil([&] { return never.has_value(); }));
    QCOMPARE(never->error().code(), ErrorCode::NotFound);
    one.open(KeyVault::Creation::IfNeverMade, [&](const Result<Secret> &key) { first = key; });
    two.open(KeyVault::Creation::IfNeverMade, [&](const Result<Secret> &key) { second = key; });
    QVERIFY(Support::waitUntil([&] {
        m_clock.advance(std::chrono::milliseconds(100));
        return first && second;
    }));
    QVERIFY(*first && *second && first->value().equals(second->value()));
    QCOMPARE(first->value().size(), 32);
}

void TestTokenStore::missingKeyIsNotReplaced()
{
    const auto keys = std::make_shared<MemoryKeyStore>();
    KeyVault vault(keys, m_folder->path(), m_clock);
    std::optional<Result<Secret>> made, again, forced;
    vault.open(KeyVault::Creation::IfNeverMade, [&](const Result<Secret> &key) { made = key; });
    QVERIFY(Support::waitUntil([&] { return made.has_value(); }));
    QVERIFY(Support::waitFor(keys->removeKey())); // as a locked keychain looks like
    for (const auto creation : {KeyVault::Creation::Never, KeyVault::Creation::IfNeverMade}) {
        again.reset();
        vault.open(creation, [&](const Result<Secret> &key) { again = key; });
        QVERIFY(Support::waitUntil([&] { return again.has_value(); }));
        QCOMPARE(again->error().code(), ErrorCode::KeychainInconsistent);
    }
    vault.open(KeyVault::Creation::Always, [&](const Result<Secret> &key) { forced = key; });
    QVERIFY(Support::waitUntil([&] { return forced.has_value(); }));
    QVERIFY(*forced && !forced->value().equals(made->value()));
}

WATCHWORD_TEST_MAIN(TestTokenStore)
#include "tst_tokenstore.moc"
