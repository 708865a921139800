// SPDX-License-Identifier: Apache-2.0
#include "net/proxyheader.h"
#include "support/testmain.h"

#include <string>

using namespace Watchword::Gateway::Net;

namespace {

using State = ProxyHeader::State;

ProxyHeader parse(const std::string &bytes)
{
    return parseProxyHeader({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()});
}

// Version 2 of \a command and \a family with \a body.
std::string binary(unsigned char command, unsigned char family, const std::string &body)
{
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += char(0x20 | command);
    header += char(family);
    header += char(body.size() >> 8);
    header += char(body.size() & 0xff);
    return header + body;
}

const std::string kV4Body("\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb", 12);

} // namespace

class TestProxyHeader : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void valid_data();
    void valid();
    void invalid_data();
    void invalid();
    void subnets();
};

void TestProxyHeader::valid_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<std::string>("source");
    const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\1' + std::string(16, '\2')
        + std::string("\x30\x39\x01\xbb", 4);
    const std::string mapped = std::string(10, '\0') + "\xff\xff" + std::string("\xc0\x00\x02\x05", 4) + std::string(16, '\2')
        + std::string("\x30\x39\x01\xbb", 4);
    QTest::newRow("v1 TCP4") << std::string("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n") << std::string("192.0.2.1:56324");
    QTest::newRow("v1 TCP6") << std::string("PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n") << std::string("[2001:db8::1]:1");
    QTest::newRow("v1 mapped") << std::string("PROXY TCP6 ::ffff:192.0.2.9 ::1 7 443\r\n") << std::string("192.0.2.9:7");
    QTest::newRow("v1 unknown") << std::string("PROXY UNKNOWN\r\n") << std::string();
    QTest::newRow("v1 unknown with rest") << std::string("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n") << std::string();
    QTest::newRow("v2 TCP4") << binary(1, 0x11, kV4Body) << std::string("192.0.2.1:56324");
    QTest::newRow("v2 TCP4 with additions") << binary(1, 0x11, kV4Body + std::string(300, 'x')) << std::string("192.0.2.1:56324");
    QTest::newRow("v2 TCP6") << binary(1, 0x21, v6) << std::string("[2001:db8::1]:12345");
    QTest::newRow("v2 mapped") << binary(1, 0x21, mapped) << std::string("192.0.2.5:12345");
    QTest::newRow("v2 local") << binary(0, 0, {}) << std::string();
    QTest::newRow("v2 unix") << binary(1, 0x31, std::string(216, 'u')) << std::string();
}

void TestProxyHeader::valid()
{
    QFETCH(std::string, bytes);
    QFETCH(std::string, source);
    const std::string followed = bytes + "\x16\x03\x01 what follows";
    const ProxyHeader header = parse(followed);
    QCOMPARE(header.state, State::Complete);
    QCOMPARE(header.size, bytes.size());
    QCOMPARE(header.source ? header.source->toText() : std::string(), source);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        QCOMPARE(parse(bytes.substr(0, cut)).state, State::Incomplete);
}

void TestProxyHeader::invalid_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::newRow("TLS") << std::string("\x16\x03\x01\x02");
    QTest::newRow("HTTP") << std::string("GET / HTTP/1.1\r\n\r\n");
    QTest::newRow("family") << std::string("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n");
    QTest::newRow("wrong family") << std::string("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n");
    QTest::newRow("no port") << std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n");
    QTest::newRow("port") << std::string("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n");
    QTest::newRow("zero byte") << std::string("PROXY TCP4 9.9.9.9\0 192.0.2.2 1 2\r\n", 35);
    QTest::newRow("interface") << std::string("PROXY TCP6 fe80::1%1 ::1 1 2\r\n");
    QTest::newRow("port with a zero") << std::string("PROXY TCP4 192.0.2.1 192.0.2.2 0111 2\r\n");
    QTest::newRow("target port with a zero") << std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1 02\r\n");
    QTest::newRow("target of the other family") << std::string("PROXY TCP4 192.0.2.1 ::1 1 2\r\n");
    QTest::newRow("six words") << std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n");
    QTest::newRow("two spaces") << std::string("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n");
    QTest::newRow("endless") << "PROXY UNKNOWN " + std::string(200, 'x');
    QTest::newRow("v2 version") << std::string("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", 16);
    QTest::newRow("v2 command") << binary(2, 0x11, kV4Body);
    QTest::newRow("v2 short") << binary(1, 0x11, kV4Body.substr(1));
    QTest::newRow("v2 short TCP6") << binary(1, 0x21, kV4Body);
    QTest::newRow("v2 too large") << binary(1, 0x11, std::string(kLargestProxyHeader, 'x'));
}

void TestProxyHeader::invalid()
{
    QFETCH(std::string, bytes);
    QCOMPARE(parse(bytes).state, State::Invalid);
}

void TestProxyHeader::subnets()
{
    const auto ip = [](const char *text) { return boost::asio::ip::make_address(text); };
    SubnetList list;
    QVERIFY(!list.contains(ip("10.0.0.1")));
    for (const char *good : {"10.0.0.0/8", "192.0.2.128/25", "2001:db8::/33", "::1", "::ffff:198.51.100.0/120"})
        QVERIFY2(list.add(good), good);
    for (const char *bad : {"", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/", "2001:db8::/129", "::ffff:1.2.3.4/90", "host"})
        QVERIFY2(!list.add(bad), bad);
    for (const char *inside : {"10.255.0.1", "192.0.2.200", "2001:db8:7fff::", "::1", "::ffff:10.1.1.1", "198.51.100.77"})
        QVERIFY2(list.contains(ip(inside)), inside);
    for (const char *outside : {"11.0.0.1", "192.0.2.127", "2001:db8:8000::", "::2", "198.51.101.1"})
        QVERIFY2(!list.contains(ip(outside)), outside);
}

WATCHWORD_TEST_MAIN(TestProxyHeader)
#include "tst_proxyheader.moc"
