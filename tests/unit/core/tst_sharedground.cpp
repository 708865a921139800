// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/core/internal/futures.h"
#include "watchword/core/internal/loopback.h"
#include "watchword/core/internal/overloaded.h"
#include "watchword/core/internal/utf8.h"

#include <memory>
#include <variant>

using namespace Watchword;
using namespace Qt::StringLiterals;

/*! The small things that all libraries share. */
class TestSharedGround : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void finished();
    void doneLater();
    void doneWhenCancelled();
    void notDoneForNobody();
    void overloads();
    void loopback_data();
    void loopback();
    void sizeOfText_data();
    void sizeOfText();
    void validity_data();
    void validity();
    void halves_data();
    void halves();
};

void TestSharedGround::finished()
{
    const QFuture<Result<int>> value = finishedFuture<int>(7);
    QVERIFY(value.isFinished());
    QCOMPARE(resultOf(value).value(), 7);
    QCOMPARE(resultOf(finishedFuture<int>(Error(ErrorCode::Offline))).error().code(), ErrorCode::Offline);
    QVERIFY(resultOf(finishedFuture<void>({})).isOk());
    QPromise<Result<int>> cancelled;
    cancelled.start();
    cancelled.future().cancel();
    cancelled.finish();
    QCOMPARE(resultOf(cancelled.future()).error().code(), ErrorCode::Cancelled);
}

void TestSharedGround::doneLater()
{
    QList<int> seen;
    whenDone(finishedFuture<int>(1), this, [&seen](const Result<int> &result) { seen.append(*result); });
    QCOMPARE(seen, QList<int>()); // never inside the call
    QPromise<Result<int>> promise;
    promise.start();
    whenDone(promise.future(), this, [&seen](const Result<int> &result) { seen.append(*result); });
    QTRY_COMPARE(seen, QList<int>{1});
    promise.addResult(Result<int>(2));
    promise.finish();
    QTRY_COMPARE(seen, (QList<int>{1, 2}));
}

void TestSharedGround::doneWhenCancelled()
{
    QList<ErrorCode> seen;
    const auto add = [&seen](const Result<void> &result) { seen.append(result.error().code()); };
    {
        QPromise<Result<void>> forgotten;
        forgotten.start();
        whenDone(forgotten.future(), this, add);
    }
    QTRY_COMPARE(seen, QList<ErrorCode>{ErrorCode::Cancelled});
    QPromise<Result<void>> promise;
    promise.start();
    whenDone(promise.future(), this, add);
    promise.future().cancel();
    promise.finish();
    QTRY_COMPARE(seen, (QList<ErrorCode>{ErrorCode::Cancelled, ErrorCode::Cancelled}));
}

void TestSharedGround::notDoneForNobody()
{
    bool called = false;
    auto context = std::make_unique<QObject>();
    whenDone(finishedFuture<int>(1), context.get(), [&called](const Result<int> &) { called = true; });
    context.reset();
    bool isLater = false;
    whenDone(finishedFuture<int>(2), this, [&isLater](const Result<int> &) { isLater = true; });
    QTRY_VERIFY(isLater);
    QVERIFY(!called);
}

void TestSharedGround::overloads()
{
    const auto nameOf = [](const std::variant<int, QString> &value) {
        return std::visit(Overloaded{[](int) { return 'i'; }, [](const QString &) { return 's'; }}, value);
    };
    QCOMPARE(nameOf(1), 'i');
    QCOMPARE(nameOf(u"x"_s), 's');
}

void TestSharedGround::loopback_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<bool>("is");
    for (const QString &host : {u"localhost"_s, u"LocalHost"_s, u"127.0.0.1"_s, u"127.8.9.10"_s, u"::1"_s, u"::ffff:127.0.0.1"_s})
        QTest::newRow(qPrintable(host)) << host << true;
    for (const QString &host : {QString(), u"localhost.example.com"_s, u"127.0.0.1.example.com"_s, u"128.0.0.1"_s, u"0.0.0.0"_s,
                                u"::"_s, u"192.168.0.1"_s, u"xlocalhost"_s})
        QTest::newRow(qPrintable(u"not "_s + host)) << host << false;
}

void TestSharedGround::loopback()
{
    QFETCH(QString, host);
    QTEST(isLoopbackHost(host), "is");
}

void TestSharedGround::sizeOfText_data()
{
    QTest::addColumn<QString>("text");
    const QString smile = u"\U0001f600"_s;
    QTest::newRow("empty") << QString();
    // Around the blocks of sixteen, with what is not ASCII at each place.
    for (int length = 1; length < 40; ++length) {
        QTest::addRow("ASCII, %d", length) << QString(length, u'x');
        for (const QString &other : {u"\u00e4"_s, u"\u0080"_s, u"\u20ac"_s, smile})
            QTest::addRow("%d, U+%x", length, uint(other.at(0).unicode())) << QString(length - 1, u'\x7f') + other + u'y';
    }
    QTest::newRow("long") << (u"\u20ac\u00e4x"_s + smile).repeated(10'000);
}

void TestSharedGround::sizeOfText()
{
    QFETCH(QString, text);
    QCOMPARE(utf8Size(text), qint64(text.toUtf8().size()));
}

void TestSharedGround::validity_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("is");
    QTest::newRow("empty") << QByteArray() << true;
    QTest::newRow("ASCII with NUL") << QByteArray("a\0b", 3) << true;
    QTest::newRow("four bytes") << QByteArray("\xf0\x9f\x98\x80") << true;
    QTest::newRow("behind NUL") << QByteArray("a\0\xff", 3) << false;
    QTest::newRow("cut off") << QByteArray("\xe2\x82") << false;
    QTest::newRow("longer than needed") << QByteArray("\xc0\xaf") << false;
    QTest::newRow("surrogate") << QByteArray("\xed\xa0\x80") << false;
    QTest::newRow("beyond Unicode") << QByteArray("\xf4\x90\x80\x80") << false;
}

void TestSharedGround::validity()
{
    QFETCH(QByteArray, bytes);
    QTEST(isUtf8(bytes), "is");
}

void TestSharedGround::halves_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("whole");
    const QString high(QChar(0xd83d));
    const QString low(QChar(0xde00));
    const QString no = u"\ufffd"_s;
    QTest::newRow("empty") << QString() << QString();
    QTest::newRow("plain") << u"text"_s << u"text"_s;
    QTest::newRow("pair") << high + low << high + low;
    QTest::newRow("high alone") << high << no;
    QTest::newRow("low alone") << low << no;
    QTest::newRow("high at the end") << u"a"_s + high << u"a"_s + no;
    QTest::newRow("high before a letter") << high + u'a' << no + u'a';
    QTest::newRow("wrong way round") << low + high << no + no;
    QTest::newRow("high before a pair") << high + high + low << no + high + low;
    QTest::newRow("low behind a pair") << high + low + low << high + low + no;
}

void TestSharedGround::halves()
{
    QFETCH(QString, text);
    QTEST(toWellFormed(text), "whole");
}

WATCHWORD_TEST_MAIN(TestSharedGround)
#include "tst_sharedground.moc"
