// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/canonicaljson.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Watchword;

class TestCanonicalJson : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void numbers_data();
    void numbers();
    void sortsByUtf16();
    void escapes();
};

void TestCanonicalJson::numbers_data()
{
    QTest::addColumn<double>("value");
    QTest::addColumn<QByteArray>("text");
    // RFC 8785 appendix B and the edges of ECMAScript's Number::toString.
    QTest::newRow("zero") << 0.0 << QByteArray("0");
    QTest::newRow("minus zero") << -0.0 << QByteArray("0");
    QTest::newRow("integer") << 1234567.0 << QByteArray("1234567");
    QTest::newRow("fraction") << 4.5 << QByteArray("4.5");
    QTest::newRow("2e-3") << 2e-3 << QByteArray("0.002");
    QTest::newRow("1e-27") << 1e-27 << QByteArray("1e-27");
    QTest::newRow("1e21") << 1e21 << QByteArray("1e+21");
    QTest::newRow("1e20") << 1e20 << QByteArray("100000000000000000000");
    QTest::newRow("min") << 5e-324 << QByteArray("5e-324");
    QTest::newRow("max") << 1.7976931348623157e308 << QByteArray("1.7976931348623157e+308");
    QTest::newRow("negative") << -333333333.33333329 << QByteArray("-333333333.3333333");
    QTest::newRow("0.000001") << 1e-6 << QByteArray("0.000001");
    QTest::newRow("1e-7") << 1e-7 << QByteArray("1e-7");
}

void TestCanonicalJson::numbers()
{
    QFETCH(double, value);
    QFETCH(QByteArray, text);
    QCOMPARE(toCanonicalJson(value), text);
}

void TestCanonicalJson::sortsByUtf16()
{
    // RFC 8785 section 3.2.3: the emoji (surrogates D83D DE00) sorts before U+FB33.
    const QJsonObject object{
        {QStringLiteral("\u20ac"), true}, {QStringLiteral("\r"), true},         {QStringLiteral("\ufb33"), true},
        {QStringLiteral("1"), true},      {QStringLiteral("\U0001f600"), true}, {QStringLiteral("\u00f6"), true},
    };
    const QString sorted =
        QStringLiteral("{\"\\r\":true,\"1\":true,\"\u00f6\":true,\"\u20ac\":true,\"\U0001f600\":true,\"\ufb33\":true}");
    QCOMPARE(QString::fromUtf8(toCanonicalJson(object)), sorted);
}

void TestCanonicalJson::escapes()
{
    QCOMPARE(toCanonicalJson(QJsonArray{QStringLiteral("\"\\\b\f\n\r\t\x01/\u20ac")}),
             QByteArray("[\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001/\xe2\x82\xac\"]"));
}

WATCHWORD_TEST_MAIN(TestCanonicalJson)
#include "tst_canonicaljson.moc"
