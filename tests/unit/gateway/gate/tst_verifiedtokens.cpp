// SPDX-License-Identifier: Apache-2.0
#include "gate/verifiedtokens.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

VerifiedTokens::Entry entryOf(const QString &subject, quint64 keys = 1)
{
    VerifiedTokens::Entry entry;
    entry.identity.issuer = u"https://issuer.example"_s;
    entry.identity.subject = subject;
    entry.keys = keys;
    return entry;
}

QByteArray digest(int number)
{
    return VerifiedTokens::digestOf("token " + QByteArray::number(number));
}

} // namespace

/* What the gateway remembers of tokens that it has verified, and how little anybody can do to it. */
class TestVerifiedTokens : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void foundByAllBytes();
    void aPersonHasAShare();
    void sameSubjectOfAnotherIssuer();
    void lastUsedStays();
    void boundedInBytes();
    void insertedTwice();
};

void TestVerifiedTokens::foundByAllBytes()
{
    VerifiedTokens tokens;
    tokens.insert(VerifiedTokens::digestOf("a.b.c"), entryOf(u"alice"_s, 7), 5);
    const VerifiedTokens::Entry *found = tokens.find(VerifiedTokens::digestOf("a.b.c"));
    QVERIFY(found);
    QCOMPARE(found->identity.subject, u"alice"_s);
    QCOMPARE(found->keys, quint64(7));
    QVERIFY(!tokens.find(VerifiedTokens::digestOf("a.b.C")));
    QVERIFY(!tokens.find(VerifiedTokens::digestOf("a.b.c ")));
    tokens.remove(VerifiedTokens::digestOf("a.b.c"));
    QVERIFY(!tokens.find(VerifiedTokens::digestOf("a.b.c")));
    QCOMPARE(tokens.bytes(), qsizetype(0));
}

void TestVerifiedTokens::aPersonHasAShare()
{
    VerifiedTokens tokens(100);
    for (int i = 0; i < 50; ++i)
        tokens.insert(digest(i), entryOf(QString::number(i)), 100);
    for (int i = 1000; i < 2000; ++i)
        tokens.insert(digest(i), entryOf(u"mallory"_s), 100);
    QCOMPARE(tokens.size(), qsizetype(50 + VerifiedTokens::kMostOfAPerson));
    for (int i = 0; i < 50; ++i)
        QVERIFY(tokens.find(digest(i)));
    QVERIFY(!tokens.find(digest(1999 - int(VerifiedTokens::kMostOfAPerson))));
    QVERIFY(tokens.find(digest(1999)));
}

void TestVerifiedTokens::sameSubjectOfAnotherIssuer()
{
    VerifiedTokens tokens;
    tokens.insert(digest(0), entryOf(u"alice"_s), 100);
    VerifiedTokens::Entry other = entryOf(u"alice"_s);
    other.identity.issuer = u"https://other.example"_s;
    for (int i = 1; i < 20; ++i)
        tokens.insert(digest(i), other, 100);
    QVERIFY(tokens.find(digest(0)));
}

void TestVerifiedTokens::lastUsedStays()
{
    VerifiedTokens tokens(3);
    for (int i = 0; i < 3; ++i)
        tokens.insert(digest(i), entryOf(QString::number(i)), 100);
    QVERIFY(tokens.find(digest(0)));
    tokens.insert(digest(3), entryOf(u"3"_s), 100);
    QVERIFY(tokens.find(digest(0)));
    QVERIFY(!tokens.find(digest(1)));
    QCOMPARE(tokens.size(), qsizetype(3));
}

void TestVerifiedTokens::boundedInBytes()
{
    constexpr qsizetype kMost = 1024 * 1024;
    constexpr qsizetype kToken = 16 * 1024; // the largest there is
    VerifiedTokens tokens(10'000, kMost);
    for (int i = 0; i < 1000; ++i) {
        tokens.insert(digest(i), entryOf(QString::number(i)), kToken);
        QVERIFY(tokens.bytes() <= kMost);
    }
    QVERIFY(tokens.size() >= 8);
    QVERIFY(tokens.find(digest(999)));
    tokens.insert(digest(1000), entryOf(u"large"_s), kMost);
    QVERIFY(!tokens.find(digest(1000)));
    QVERIFY(tokens.find(digest(999)));
    tokens.clear();
    QCOMPARE(tokens.bytes(), qsizetype(0));
    QVERIFY(!tokens.find(digest(999)));
}

void TestVerifiedTokens::insertedTwice()
{
    VerifiedTokens tokens;
    for (int i = 0; i < 20; ++i)
        tokens.insert(digest(0), entryOf(u"alice"_s, quint64(i)), 100);
    QCOMPARE(tokens.size(), qsizetype(1));
    QCOMPARE(tokens.find(digest(0))->keys, quint64(19));
}

WATCHWORD_TEST_MAIN(TestVerifiedTokens)
#include "tst_verifiedtokens.moc"
