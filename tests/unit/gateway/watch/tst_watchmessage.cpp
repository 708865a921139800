// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watch/watchmessage.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

class TestWatchMessage : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void garbageHasItsError_data();
    void garbageHasItsError();
    void ratesAreBroughtIntoRange_data();
    void ratesAreBroughtIntoRange();
    void actionsSayWhatIsWrong_data();
    void actionsSayWhatIsWrong();
    void aGoodActionIsRead();
    void unknownTypesAreUnknown();
    void errorsNeverRepeatAToken();
    void cursors_data();
    void cursors();
};

void TestWatchMessage::garbageHasItsError_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("empty") << QString() << ErrorCode::InvalidResponse;
    QTest::newRow("no JSON") << u"hello"_s << ErrorCode::InvalidResponse;
    QTest::newRow("cut") << u"{\"t\":\"view\""_s << ErrorCode::InvalidResponse;
    QTest::newRow("array") << u"[]"_s << ErrorCode::InvalidResponse;
    QTest::newRow("null character") << QString(QChar(0)) << ErrorCode::InvalidResponse;
    QTest::newRow("lone surrogate") << QString(QChar(0xd800)) << ErrorCode::InvalidResponse;
    QTest::newRow("deep") << u"["_s.repeated(100'000) << ErrorCode::InvalidResponse;
    QTest::newRow("no type") << u"{}"_s << ErrorCode::ProtocolViolation;
    QTest::newRow("type is a number") << u"{\"t\":1}"_s << ErrorCode::ProtocolViolation;
    QTest::newRow("rate is a text") << u"{\"t\":\"view\",\"rate_ms\":\"x\"}"_s << ErrorCode::ProtocolViolation;
    QTest::newRow("no request") << u"{\"t\":\"disconnect\"}"_s << ErrorCode::ProtocolViolation;
    QTest::newRow("long request") << u"{\"t\":\"disconnect\",\"req\":\"%1\"}"_s.arg(QString(65, u'r'))
                                  << ErrorCode::ProtocolViolation;
    QTest::newRow("no token") << u"{\"t\":\"auth.refresh\"}"_s << ErrorCode::ProtocolViolation;
    QTest::newRow("ping without number") << u"{\"t\":\"ping\"}"_s << ErrorCode::ProtocolViolation;
}

void TestWatchMessage::garbageHasItsError()
{
    QFETCH(QString, text);
    QFETCH(ErrorCode, code);
    const auto message = WatchMessage::parseWatch(text);
    QVERIFY(!message);
    QCOMPARE(message.error().code(), code);
}

void TestWatchMessage::ratesAreBroughtIntoRange_data()
{
    QTest::addColumn<QString>("rate");
    QTest::addColumn<int>("expected");
    QTest::newRow("default") << QString() << 500;
    QTest::newRow("zero") << u",\"rate_ms\":0"_s << 250;
    QTest::newRow("negative") << u",\"rate_ms\":-1e300"_s << 250;
    QTest::newRow("slow") << u",\"rate_ms\":1e300"_s << 5000;
    QTest::newRow("good") << u",\"rate_ms\":1000"_s << 1000;
}

void TestWatchMessage::ratesAreBroughtIntoRange()
{
    QFETCH(QString, rate);
    QFETCH(int, expected);
    const auto message = WatchMessage::parseWatch(u"{\"t\":\"view\"%1}"_s.arg(rate));
    QVERIFY(message);
    QCOMPARE(std::get<WatchMessage::View>(*message).rate.count(), expected);
}

void TestWatchMessage::actionsSayWhatIsWrong_data()
{
    QTest::addColumn<QString>("members");
    QTest::addColumn<QString>("reason");
    const QString good = u"\"connections\":[\"c\"],\"code\":4411,\"reason\":\"r\""_s;
    QStringList many;
    for (int i = 0; i < 1001; ++i)
        many.append(u"\"c-%1\""_s.arg(i));
    QTest::newRow("good") << good << QString();
    QTest::newRow("no connections") << u"\"code\":4411,\"reason\":\"r\""_s << u"invalid_request"_s;
    QTest::newRow("empty list") << u"\"connections\":[],\"code\":4411,\"reason\":\"r\""_s << u"invalid_request"_s;
    QTest::newRow("numbers") << u"\"connections\":[1],\"code\":4411,\"reason\":\"r\""_s << u"invalid_request"_s;
    QTest::newRow("empty id") << u"\"connections\":[\"\"],\"code\":4411,\"reason\":\"r\""_s << u"invalid_request"_s;
    QTest::newRow("1001") << u"\"connections\":[%1],\"code\":4411,\"reason\":\"r\""_s.arg(many.join(u',')) << u"too_many"_s;
    QTest::newRow("no code") << u"\"connections\":[\"c\"],\"reason\":\"r\""_s << u"invalid_code"_s;
    QTest::newRow("normal close") << u"\"connections\":[\"c\"],\"code\":1000,\"reason\":\"r\""_s << u"invalid_code"_s;
    QTest::newRow("fraction") << u"\"connections\":[\"c\"],\"code\":4411.5,\"reason\":\"r\""_s << u"invalid_code"_s;
    QTest::newRow("no reason") << u"\"connections\":[\"c\"],\"code\":4411"_s << u"reason_missing"_s;
    QTest::newRow("blank reason") << u"\"connections\":[\"c\"],\"code\":4411,\"reason\":\" \\n\""_s << u"reason_missing"_s;
    QTest::newRow("reason is a number") << u"\"connections\":[\"c\"],\"code\":4411,\"reason\":5"_s << u"reason_missing"_s;
    QTest::newRow("long reason") << u"\"connections\":[\"c\"],\"code\":4411,\"reason\":\"%1\""_s.arg(QString(501, u'r'))
                                 << u"reason_too_long"_s;
    QTest::newRow("negative wait") << good + u",\"after_ms\":-1"_s << u"invalid_request"_s;
    QTest::newRow("endless wait") << good + u",\"after_ms\":1e18"_s << u"invalid_request"_s;
}

void TestWatchMessage::actionsSayWhatIsWrong()
{
    QFETCH(QString, members);
    QFETCH(QString, reason);
    const auto message = WatchMessage::parseWatch(u"{\"t\":\"disconnect\",\"req\":\"1\",%1}"_s.arg(members));
    QVERIFY(message);
    QCOMPARE(std::get<WatchMessage::Disconnect>(*message).invalid, reason);
}

void TestWatchMessage::aGoodActionIsRead()
{
    const auto message = WatchMessage::parseWatch(
        u"{\"t\":\"disconnect\",\"req\":\"7\",\"connections\":[\"a\",\"b\",\"a\"],\"code\":4410,\"after_ms\":1500,"
        "\"reason\":\" leaked \"}"_s);
    QVERIFY(message);
    const auto &action = std::get<WatchMessage::Disconnect>(*message);
    QCOMPARE(action.request, u"7"_s);
    QCOMPARE(action.connections, QStringList({u"a"_s, u"b"_s}));
    QCOMPARE(action.code, 4410);
    QCOMPARE(action.after, Duration(1500));
    QCOMPARE(action.reason, u"leaked"_s);
    QVERIFY(action.invalid.isEmpty());
}

void TestWatchMessage::unknownTypesAreUnknown()
{
    QVERIFY(std::holds_alternative<WatchMessage::Unknown>(*WatchMessage::parseWatch(u"{\"t\":\"later\"}"_s)));
    QVERIFY(std::holds_alternative<WatchMessage::Unknown>(*WatchMessage::parseAudit(u"{}"_s)));
    const auto refresh = WatchMessage::parseAudit(u"{\"auth.refresh\":{\"token\":\"abc\"}}"_s);
    QVERIFY(std::holds_alternative<WatchMessage::Refresh>(*refresh));
    QVERIFY(!WatchMessage::parseAudit(u"{\"auth.refresh\":{}}"_s));
}

void TestWatchMessage::errorsNeverRepeatAToken()
{
    const QString canary = u"canary-token-4711"_s;
    const QStringList texts{u"{\"t\":\"auth.refresh\",\"token\":[\"%1\"]}"_s.arg(canary),
                            u"{\"t\":\"auth.refresh\",\"token\":\"%1\""_s.arg(canary), canary};
    for (const QString &text : texts) {
        const auto message = WatchMessage::parseWatch(text);
        QVERIFY(!message);
        QVERIFY(!message.error().toString().contains(canary));
    }
}

void TestWatchMessage::cursors_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("valid");
    QTest::newRow("none") << QString() << true;
    QTest::newRow("oldest") << u"0"_s << true;
    QTest::newRow("cursor") << u"e1.17"_s << true;
    QTest::newRow("dots in the epoch") << u"e.1.17"_s << true;
    QTest::newRow("no epoch") << u".17"_s << false;
    QTest::newRow("number alone") << u"17"_s << false;
    QTest::newRow("no number") << u"e1."_s << false;
    QTest::newRow("negative") << u"e1.-5"_s << false;
    QTest::newRow("too big") << u"e1.99999999999999999999999"_s << false;
    QTest::newRow("text") << u"e1.x"_s << false;
    QTest::newRow("long") << QString(5'000, u'e') + u".1"_s << false;
}

void TestWatchMessage::cursors()
{
    QFETCH(QString, text);
    QFETCH(bool, valid);
    QCOMPARE(AuditCursor::parse(text).isOk(), valid);
}

WATCHWORD_TEST_MAIN(TestWatchMessage)
#include "tst_watchmessage.moc"
