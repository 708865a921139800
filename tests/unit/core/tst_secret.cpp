// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/secret.h"

#include <QDebug>
#include <QSet>

#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

// Every block that "delete[]" gives back is looked at just before: wiping can be seen without touching freed
// memory.
QByteArray canary;
int blocksWithCanary = 0;
int blocksSeen = 0;

bool holds(const void *block, size_t size)
{
    return canary.size() > 0 && size >= size_t(canary.size())
        && QByteArrayView(static_cast<const char *>(block), qsizetype(size)).contains(canary);
}

constexpr size_t kHead = 16; // keeps the alignment; holds the size

} // namespace

void *operator new[](size_t size)
{
    auto *block = static_cast<char *>(std::malloc(size + kHead));
    if (!block)
        std::abort();
    std::memcpy(block, &size, sizeof size);
    return block + kHead;
}

void operator delete[](void *pointer) noexcept
{
    if (!pointer)
        return;
    char *block = static_cast<char *>(pointer) - kHead;
    size_t size = 0;
    std::memcpy(&size, block, sizeof size);
    ++blocksSeen;
    if (holds(pointer, size))
        ++blocksWithCanary;
    std::free(block);
}

void operator delete[](void *pointer, size_t) noexcept
{
    operator delete[](pointer);
}

class TestSecret : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void hasNoWayOut();
    void copiesShareOneBuffer();
    void lastCopyWipes();
    void takeEmptiesItsSource();
    void takeLeavesSharedSources();
    void wipeOverwrites();
    void comparing();
    void fingerprints();
    void random();
    void empty();
};

void TestSecret::init()
{
    WatchwordTest::init();
    canary.clear();
    blocksWithCanary = 0;
    blocksSeen = 0;
}

template <typename T>
concept Streams = requires(QDebug debug, T value)
{
    debug << value;
};
template <typename T>
concept Compares = requires(T a, T b)
{
    a == b;
};

void TestSecret::hasNoWayOut()
{
    static_assert(!Streams<Secret>);
    static_assert(!Compares<Secret>);
    static_assert(
        !std::is_convertible_v<
            Secret,
            QByteArray> && !std::is_convertible_v<Secret, QString> && !std::is_convertible_v<Secret, QByteArrayView> && !std::is_convertible_v<Secret, bool>);
    static_assert(!std::is_convertible_v<QByteArray, Secret>); // and none comes to be by accident
    static_assert(Streams<QString> && Compares<QString>); // the concepts do find operators
    QVERIFY(!QMetaType::fromType<Secret>().hasRegisteredDebugStreamOperator());
    QVERIFY(!QMetaType::canConvert(QMetaType::fromType<Secret>(), QMetaType::fromType<QString>()));
}

void TestSecret::copiesShareOneBuffer()
{
    const Secret one = Secret::copy("token");
    const Secret two = one;
    QVERIFY(two.reveal().data() == one.reveal().data());
    Secret three;
    three = two;
    Secret four = std::move(three);
    QVERIFY(four.reveal().data() == one.reveal().data());
    four.clear();
    QVERIFY(four.isEmpty());
    QCOMPARE(one.reveal().toByteArray(), QByteArray("token"));
}

void TestSecret::lastCopyWipes()
{
    canary = "canary of the last copy";
    {
        Secret one = Secret::copy(canary);
        {
            const Secret two = one;
            QCOMPARE(two.size(), canary.size());
        }
        QCOMPARE(blocksSeen, 0);
        QCOMPARE(one.reveal().toByteArray(), canary); // still whole: one copy lives
    }
    QCOMPARE(blocksSeen, 1);
    QCOMPARE(blocksWithCanary, 0);

    Secret assigned = Secret::copy(canary);
    assigned = Secret();
    QCOMPARE(blocksSeen, 2);
    QCOMPARE(blocksWithCanary, 0);

    char *unwiped = new char[64]; // the observation itself works
    std::memcpy(unwiped, canary.constData(), size_t(canary.size()));
    delete[] unwiped;
    QCOMPARE(blocksWithCanary, 1);
}

void TestSecret::takeEmptiesItsSource()
{
    QByteArray bytes(64, 'x');
    const Secret secret = Secret::take(std::move(bytes));
    QVERIFY(bytes.isEmpty());
    QCOMPARE(secret.reveal().toByteArray(), QByteArray(64, 'x'));
}

void TestSecret::takeLeavesSharedSources()
{
    QByteArray bytes(40, 'y');
    const QByteArray shared = bytes;
    const Secret secret = Secret::take(std::move(bytes));
    QCOMPARE(shared, QByteArray(40, 'y')); // another owner's bytes are not ours to overwrite
    QCOMPARE(secret.reveal().toByteArray(), shared);
}

void TestSecret::wipeOverwrites()
{
    QByteArray bytes(100, 'z');
    wipe(bytes.data() + 10, 80);
    QCOMPARE(bytes, QByteArray(10, 'z') + QByteArray(80, '\0') + QByteArray(10, 'z'));
    wipe(nullptr, 0);
}

void TestSecret::comparing()
{
    QVERIFY(Secret::copy("abc").equals(Secret::copy("abc")));
    QVERIFY(!Secret::copy("abc").equals(Secret::copy("abd")));
    QVERIFY(!Secret::copy("abc").equals(Secret::copy("abcd")));
    QVERIFY(!Secret::copy("abc").equals(Secret()));
    QVERIFY(Secret().equals(Secret::copy("")));
    QVERIFY(Secret::copy(QByteArrayView("a\0b", 3)).equals(Secret::copy(QByteArrayView("a\0b", 3))));
    QVERIFY(!Secret::copy(QByteArrayView("a\0b", 3)).equals(Secret::copy(QByteArrayView("a\0c", 3))));
}

void TestSecret::fingerprints()
{
    QCOMPARE(Secret::copy("abc").fingerprint(), u"ba7816bf"_s); // SHA-256 of FIPS 180-2 appendix B.1
    QCOMPARE(Secret().fingerprint(), u"-"_s);
    QVERIFY(Secret::copy("abd").fingerprint() != Secret::copy("abc").fingerprint());
}

void TestSecret::random()
{
    QSet<QByteArray> seen;
    for (int i = 0; i < 200; ++i)
        seen.insert(Secret::random(32).reveal().toByteArray());
    QCOMPARE(seen.size(), 200);
    QVERIFY(Secret::random(0).isEmpty());
    int counts[256] = {};
    const Secret many = Secret::random(256 * 1000);
    for (const char c : many.reveal())
        ++counts[uchar(c)];
    for (const int count : counts) // each byte about 1000 times; six standard deviations are 190
        QVERIFY2(count > 800 && count < 1200, qPrintable(QString::number(count)));
}

void TestSecret::empty()
{
    const Secret secret;
    QVERIFY(secret.isEmpty());
    QCOMPARE(secret.size(), 0);
    QVERIFY(secret.reveal().isEmpty());
    QVERIFY(Secret::take(QByteArray()).isEmpty());
    QVERIFY(!Secret::copy(QByteArrayView("\0", 1)).isEmpty());
}

WATCHWORD_TEST_MAIN(TestSecret)
#include "tst_secret.moc"
