// SPDX-License-Identifier: Apache-2.0
#include "support/fulldisk.h"
#include "support/testmain.h"
#include "watchword/core/internal/durablefile.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;

/* Files that must not be lost, and the disk that has no room for them. */
class TestDurableFile : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void writesAndReads();
    void refusals();
    void fullDiskKeepsTheOldFile_data();
    void fullDiskKeepsTheOldFile();
};

void TestDurableFile::writesAndReads()
{
    const QTemporaryDir folder;
    const QString path = folder.filePath(u"file"_s);
    QCOMPARE(readBounded(path, 10).error().code(), ErrorCode::NotFound);
    for (const QByteArray &content : {QByteArray("one"), QByteArray(), QByteArray(100'000, 'x'), QByteArray("\0\xff", 2)}) {
        QVERIFY(writeDurably(path, content));
        QCOMPARE(readBounded(path, content.size()).valueOr("unread"), content);
        QCOMPARE(QFile::permissions(path) & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup | QFile::WriteOther),
                 QFile::Permissions());
    }
    QCOMPARE(readBounded(path, 1).error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(writeDurably(path, "shown", kOwnerOnly | QFile::ReadOther));
    QVERIFY(QFile::permissions(path) & QFile::ReadOther);
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files), QStringList{u"file"_s}); // nothing is left beside it
}

void TestDurableFile::refusals()
{
    const QTemporaryDir folder;
    QCOMPARE(writeDurably(folder.filePath(u"none/file"_s), "x").error().code(), ErrorCode::StorageFailed);
    QVERIFY(QDir(folder.path()).mkdir(u"folder"_s));
    QCOMPARE(writeDurably(folder.filePath(u"folder"_s), "x").error().code(), ErrorCode::StorageFailed);
    QVERIFY(makePrivateFolder(folder.filePath(u"a/b"_s)));
    QVERIFY(makePrivateFolder(folder.filePath(u"a/b"_s)));
    QVERIFY(writeDurably(folder.filePath(u"a/b/file"_s), "x"));
    QCOMPARE(makePrivateFolder(folder.filePath(u"a/b/file"_s)).error().code(), ErrorCode::StorageFailed);
}

void TestDurableFile::fullDiskKeepsTheOldFile_data()
{
    QTest::addColumn<int>("size");
    QTest::newRow("fits into the buffer of QSaveFile") << 200;
    QTest::newRow("does not") << 40'000;
}

void TestDurableFile::fullDiskKeepsTheOldFile()
{
    QFETCH(int, size);
    Support::SmallDisk disk;
    REQUIRE_SMALL_DISK(disk);
    const QString path = disk.path() + u"/file"_s;
    const QByteArray before(200, 'b');
    QVERIFY(writeDurably(path, before));
    QVERIFY(disk.fill());
    const Result<void> written = writeDurably(path, QByteArray(size, 'a'));
    QVERIFY(!written);
    QCOMPARE(written.error().code(), ErrorCode::StorageFailed);
    QVERIFY2(written.error().detail().contains(u"the disk is full"_s), qPrintable(written.error().detail()));
    QCOMPARE(readBounded(path, 1'000).valueOr({}), before);
    disk.empty();
    QCOMPARE(QDir(disk.path()).entryList(QDir::Files), QStringList{u"file"_s});
    QVERIFY(writeDurably(path, QByteArray(size, 'a')));
}

WATCHWORD_TEST_MAIN(TestDurableFile)
#include "tst_durablefile.moc"
