// SPDX-License-Identifier: Apache-2.0
#include "lock/addressrange.h"
#include "support/testmain.h"

using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

class TestAddressRange : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void spellings_data();
    void spellings();
    void notOnes_data();
    void notOnes();
    void contains_data();
    void contains();
    void together_data();
    void together();
};

void TestAddressRange::spellings_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("canonical");
    QTest::newRow("address") << u"192.0.2.1"_s << u"192.0.2.1"_s;
    QTest::newRow("full length") << u"192.0.2.1/32"_s << u"192.0.2.1"_s;
    QTest::newRow("bits behind the length") << u"10.1.2.3/8"_s << u"10.0.0.0/8"_s;
    QTest::newRow("netmask") << u"10.1.2.3/255.0.0.0"_s << u"10.0.0.0/8"_s;
    QTest::newRow("all of IPv4") << u"1.2.3.4/0"_s << u"0.0.0.0/0"_s;
    QTest::newRow("mapped") << u"::ffff:192.0.2.1"_s << u"192.0.2.1"_s;
    QTest::newRow("mapped subnet") << u"::ffff:10.0.0.0/104"_s << u"10.0.0.0/8"_s;
    QTest::newRow("all that is mapped") << u"::ffff:0.0.0.0/96"_s << u"0.0.0.0/0"_s;
    QTest::newRow("more than what is mapped") << u"::ffff:0.0.0.0/80"_s << u"::/80"_s;
    QTest::newRow("IPv6") << u"2001:DB8:0::1"_s << u"2001:db8::1"_s;
    QTest::newRow("IPv6 subnet") << u"2001:db8:ffff::/33"_s << u"2001:db8:8000::/33"_s;
    QTest::newRow("all of IPv6") << u"2001:db8::/0"_s << u"::/0"_s;
}

void TestAddressRange::spellings()
{
    QFETCH(QString, text);
    QFETCH(QString, canonical);
    const auto range = AddressRange::parse(text);
    QVERIFY(range);
    QCOMPARE(range->toText(), canonical);
    QCOMPARE(AddressRange::parse(canonical), range);
}

void TestAddressRange::notOnes_data()
{
    QTest::addColumn<QString>("text");
    for (const char *text : {"", "here", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "/0", "10.0.0.0/", "fe80::1%lo", "10.0.0.0/8/8"})
        QTest::newRow(text) << QString::fromLatin1(text);
}

void TestAddressRange::notOnes()
{
    QFETCH(QString, text);
    QVERIFY(!AddressRange::parse(text));
}

void TestAddressRange::contains_data()
{
    QTest::addColumn<QString>("range");
    QTest::addColumn<QString>("address");
    QTest::addColumn<bool>("is");
    QTest::newRow("itself") << u"192.0.2.1"_s << u"192.0.2.1"_s << true;
    QTest::newRow("neighbour") << u"192.0.2.1"_s << u"192.0.2.2"_s << false;
    QTest::newRow("odd length") << u"192.0.2.0/25"_s << u"192.0.2.127"_s << true;
    QTest::newRow("behind the odd length") << u"192.0.2.0/25"_s << u"192.0.2.128"_s << false;
    QTest::newRow("all") << u"0.0.0.0/0"_s << u"203.0.113.9"_s << true;
    QTest::newRow("mapped client") << u"10.0.0.0/8"_s << u"::ffff:10.9.9.9"_s << true;
    QTest::newRow("mapped lock") << u"::ffff:10.0.0.0/104"_s << u"10.9.9.9"_s << true;
    QTest::newRow("all of IPv6 has no IPv4") << u"::/0"_s << u"10.9.9.9"_s << false;
    QTest::newRow("all of IPv6 has nothing mapped") << u"::/0"_s << u"::ffff:10.9.9.9"_s << false;
    QTest::newRow("all of IPv4 has no IPv6") << u"0.0.0.0/0"_s << u"2001:db8::1"_s << false;
    QTest::newRow("IPv6") << u"2001:db8::/32"_s << u"2001:db8:1::1"_s << true;
}

void TestAddressRange::contains()
{
    QFETCH(QString, range);
    QFETCH(QString, address);
    QTEST(AddressRange::parse(range)->contains(QHostAddress(address)), "is");
    QVERIFY(!AddressRange::parse(range)->contains(QHostAddress()));
}

void TestAddressRange::together_data()
{
    QTest::addColumn<QStringList>("ranges");
    QTest::addColumn<double>("ipv4");
    QTest::addColumn<double>("ipv6");
    QTest::newRow("none") << QStringList() << 0.0 << 0.0;
    QTest::newRow("one in the other") << QStringList{u"10.0.0.0/8"_s, u"10.1.0.0/16"_s} << 16'777'216.0 << 0.0;
    QTest::newRow("twice") << QStringList{u"10.0.0.0/8"_s, u"::ffff:10.0.0.0/104"_s} << 16'777'216.0 << 0.0;
    QTest::newRow("two halves") << QStringList{u"0.0.0.0/1"_s, u"128.0.0.0/1"_s} << 4'294'967'296.0 << 0.0;
    QTest::newRow("both") << QStringList{u"192.0.2.1"_s, u"2001:db8::/127"_s} << 1.0 << 2.0;
}

void TestAddressRange::together()
{
    QFETCH(QStringList, ranges);
    QList<AddressRange> list;
    for (const QString &range : std::as_const(ranges))
        list.append(*AddressRange::parse(range));
    QTEST(countAddresses(list).ipv4, "ipv4");
    QTEST(countAddresses(list).ipv6, "ipv6");
}

WATCHWORD_TEST_MAIN(TestAddressRange)

#include "tst_addressrange.moc"
