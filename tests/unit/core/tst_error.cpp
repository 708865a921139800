// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/result.h"

#include <QDebug>
#include <QMetaEnum>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! Error and Result. */
class TestError : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyCode_data();
    void everyCode();
    void conditions_data();
    void conditions();
    void details();
    void texts();
    void resultOfValue();
    void resultOfVoid();
    void andThen();
};

void TestError::everyCode_data()
{
    QTest::addColumn<ErrorCode>("code");
    const QMetaEnum codes = QMetaEnum::fromType<ErrorCode>();
    QVERIFY(codes.keyCount() > 70);
    for (int i = 0; i < codes.keyCount(); ++i)
        QTest::newRow(codes.key(i)) << ErrorCode(codes.value(i));
}

void TestError::everyCode()
{
    QFETCH(ErrorCode, code);
    const Error error(code, u"why"_s);
    QCOMPARE(error.codeName(), QString::fromLatin1(QTest::currentDataTag()));
    QCOMPARE(error.toString(), error.codeName() + u": why"_s);
    QVERIFY(QMetaEnum::fromType<ErrorCondition>().valueToKey(int(error.condition())));
    // Who cancelled knows what to do; all others are told.
    QCOMPARE(error.remedy().isEmpty(), code == ErrorCode::Cancelled);
    if (!error.remedy().isEmpty()) {
        QVERIFY(error.remedy().endsWith(u'.'));
        QVERIFY(error.remedy().at(0).isUpper());
        QVERIFY(error.remedy().size() < 120);
    }
    // A person or an administrator has to act: trying again by itself is no use.
    if (error.condition() == ErrorCondition::Unauthorized || error.condition() == ErrorCondition::Forbidden
        || error.condition() == ErrorCondition::Configuration)
        QVERIFY(!error.isRetryable());
    if (error.condition() == ErrorCondition::Offline)
        QVERIFY(error.isRetryable());
}

void TestError::conditions_data()
{
    QTest::addColumn<ErrorCode>("code");
    QTest::addColumn<ErrorCondition>("condition");
    using C = ErrorCondition;
    const auto row = [](ErrorCode code, C condition) {
        QTest::newRow(QMetaEnum::fromType<ErrorCode>().valueToKey(int(code))) << code << condition;
    };
    row(ErrorCode::Cancelled, C::Cancelled);
    row(ErrorCode::Timeout, C::Timeout);
    row(ErrorCode::Internal, C::Internal);
    row(ErrorCode::Offline, C::Offline); // the borders of each group of codes
    row(ErrorCode::ConnectionLost, C::Offline);
    row(ErrorCode::TlsFailed, C::Protocol);
    row(ErrorCode::PinMismatch, C::Protocol);
    row(ErrorCode::HttpStatus, C::Rejected);
    row(ErrorCode::RotationLost, C::Unauthorized);
    row(ErrorCode::InvalidGrant, C::Unauthorized);
    row(ErrorCode::TemporarilyUnavailable, C::Offline);
    row(ErrorCode::DeviceCodeExpired, C::Timeout);
    row(ErrorCode::MalformedToken, C::Unauthorized);
    row(ErrorCode::TokenLifetimeTooLong, C::Unauthorized);
    row(ErrorCode::UnsupportedAlgorithm, C::Protocol);
    row(ErrorCode::DecryptionFailed, C::Storage);
    row(ErrorCode::KeychainLocked, C::Storage);
    row(ErrorCode::StorageFailed, C::Storage);
    row(ErrorCode::NotFound, C::Storage);
    row(ErrorCode::UpgradeRejected, C::Rejected);
    row(ErrorCode::Forbidden, C::Forbidden);
    row(ErrorCode::Locked, C::Forbidden);
    row(ErrorCode::SessionRevoked, C::Unauthorized);
    row(ErrorCode::IdentityChanged, C::Unauthorized);
    row(ErrorCode::ConfigInvalid, C::Configuration);
    row(ErrorCode::InsecureTransport, C::Configuration);
    row(ErrorCode::ChainBroken, C::Protocol);
    row(ErrorCode::Gap, C::Protocol);
}

void TestError::conditions()
{
    QFETCH(ErrorCode, code);
    QFETCH(ErrorCondition, condition);
    QCOMPARE(Error(code).condition(), condition);
}

void TestError::details()
{
    const Error error(ErrorCode::HttpStatus, u"gone"_s);
    const Error full = error.withHttpStatus(503).withCloseCode(1013).withRetryAfter(1500ms).withRemedy(u"Wait."_s);
    QCOMPARE(full.toString(), u"HttpStatus: gone (HTTP 503) (close 1013)"_s);
    QCOMPARE(full.remedy(), u"Wait."_s);
    QCOMPARE(full.retryAfter(), std::optional<std::chrono::milliseconds>(1500ms));
    QCOMPARE(full.withDetail(u"other"_s).detail(), u"other"_s);
    QCOMPARE(full.withDetail(u"other"_s).httpStatus(), 503);
    QVERIFY(!(full == error) && full == Error(full));
    QVERIFY(!(error == error.withDetail({})) && !(error == Error(ErrorCode::Internal, u"gone"_s)));
    QCOMPARE(error.httpStatus(), 0);
    QCOMPARE(error.closeCode(), 0);
    QVERIFY(!error.retryAfter());
    QCOMPARE(Error().code(), ErrorCode::Internal);
}

void TestError::texts()
{
    QString text;
    QDebug(&text) << Error(ErrorCode::Timeout, u"no \"answer\""_s) << 1;
    QCOMPARE(text.trimmed(), u"Error(Timeout: no \"answer\") 1"_s);
}

void TestError::resultOfValue()
{
    Result<QString> good = u"text"_s;
    QVERIFY(good && good.isOk());
    QCOMPARE(good.value(), u"text"_s);
    QCOMPARE(good->size(), 4);
    QCOMPARE(*good, u"text"_s);
    QCOMPARE(good.valueOr(u"other"_s), u"text"_s);
    *good = u"new"_s;
    QCOMPARE(std::move(good).value(), u"new"_s);
    QVERIFY_THROWS_EXCEPTION(std::bad_variant_access, (void)good.error());

    const Result<QString> bad = Error(ErrorCode::Timeout);
    QVERIFY(!bad && !bad.isOk());
    QCOMPARE(bad.error().code(), ErrorCode::Timeout);
    QCOMPARE(bad.valueOr(u"other"_s), u"other"_s);
    QVERIFY_THROWS_EXCEPTION(std::bad_variant_access, (void)bad.value());
    QVERIFY(!Result<int>()); // what an unfinished QFuture would hold is a failure
    QCOMPARE(Result<int>().error().code(), ErrorCode::Internal);
}

void TestError::resultOfVoid()
{
    QVERIFY(Result<void>());
    QVERIFY(Result<void>::ok());
    const Result<void> bad = Error(ErrorCode::Locked);
    QVERIFY(!bad);
    QCOMPARE(bad.error().code(), ErrorCode::Locked);
    QVERIFY_THROWS_EXCEPTION(std::bad_optional_access, (void)Result<void>().error());
}

void TestError::andThen()
{
    int calls = 0;
    const auto half = [&calls](int value) -> Result<int> {
        ++calls;
        if (value % 2)
            return Error(ErrorCode::InvalidArgument, u"odd"_s);
        return value / 2;
    };
    QCOMPARE(Result<int>(8).andThen(half).andThen(half).value(), 2);
    QCOMPARE(calls, 2);
    QCOMPARE(Result<int>(6).andThen(half).andThen(half).error().detail(), u"odd"_s);
    QCOMPARE(calls, 4);
    QCOMPARE(Result<int>(Error(ErrorCode::Gap)).andThen(half).error().code(), ErrorCode::Gap);
    QCOMPARE(calls, 4); // not called for a failure
}

WATCHWORD_TEST_MAIN(TestError)
#include "tst_error.moc"
