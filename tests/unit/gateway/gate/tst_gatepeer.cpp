// SPDX-License-Identifier: Apache-2.0
#include "gate/gatepeer.h"
#include "headtext.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

QByteArray upgrade(const QByteArray &target, const QByteArray &fields)
{
    return "GET " + target + " HTTP/1.1\r\nHost: gw.test\r\n" + fields + "\r\n";
}

} // namespace

class TestGatePeer : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void forwardedAddressesCountOnlyFromProxies_data();
    void forwardedAddressesCountOnlyFromProxies();
    void forwardedHeader_data();
    void forwardedHeader();
};

void TestGatePeer::forwardedAddressesCountOnlyFromProxies_data()
{
    QTest::addColumn<QString>("peer");
    QTest::addColumn<QByteArray>("forwarded");
    QTest::addColumn<QString>("address");
    QTest::addColumn<quint16>("port");
    QTest::newRow("no proxy") << u"192.0.2.1"_s << QByteArray("203.0.113.9") << u"192.0.2.1"_s << quint16(99);
    QTest::newRow("proxy") << u"10.0.0.1"_s << QByteArray("203.0.113.9") << u"203.0.113.9"_s << quint16(0);
    QTest::newRow("made up on the left") << u"10.0.0.1"_s << QByteArray("1.1.1.1, 203.0.113.9") << u"203.0.113.9"_s << quint16(0);
    QTest::newRow("two proxies") << u"10.0.0.1"_s << QByteArray("203.0.113.9, 10.0.0.2") << u"203.0.113.9"_s << quint16(0);
    QTest::newRow("garbage") << u"10.0.0.1"_s << QByteArray("nobody") << u"10.0.0.1"_s << quint16(99);
    QTest::newRow("nothing") << u"10.0.0.1"_s << QByteArray() << u"10.0.0.1"_s << quint16(99);
    const auto row = [](const char *name, const char *forwarded, const char *address, quint16 port = 0) {
        QTest::newRow(name) << u"10.0.0.1"_s << QByteArray(forwarded) << QString::fromLatin1(address) << port;
    };
    row("with a port", "203.0.113.9:51008", "203.0.113.9", 51008);
    row("IPv6", "2001:db8::9", "2001:db8::9");
    row("IPv6 in brackets", "[2001:db8::9]", "2001:db8::9");
    row("IPv6 with a port", "[2001:db8::9]:443", "2001:db8::9", 443);
    row("ports at two proxies", "203.0.113.9:1, 10.0.0.2:2", "203.0.113.9", 1);
    for (const char *garbage :
         {"203.0.113.9:", "203.0.113.9:x", "203.0.113.9:-1", "203.0.113.9:65536", "[2001:db8::9", "2001:db8::9]",
          "[2001:db8::9]443", "[2001:db8::9]:", "[203.0.113.9]:443", "[]", "[]:1", "[", ":", ":1", "::1:x"})
        row(garbage, garbage, "10.0.0.1", 99);
}

void TestGatePeer::forwardedAddressesCountOnlyFromProxies()
{
    QFETCH(QString, peer);
    QFETCH(QByteArray, forwarded);
    QFETCH(QString, address);
    GatewayConfig config;
    config.trustedProxies = QStringList{u"10.0.0.0/24"_s};
    const QByteArray field = forwarded.isEmpty() ? QByteArray() : "X-Forwarded-For: " + forwarded + "\r\n";
    const ParsedHead parsed = parseHead(upgrade("/v1/stream", field));
    const GatePeer read = peerOf(parsed.head, QHostAddress(peer), 99, true, config);
    QCOMPARE(read.address, QHostAddress(address));
    QTEST(read.port, "port");
}

void TestGatePeer::forwardedHeader_data()
{
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<QString>("address");
    QTest::addColumn<quint16>("port");
    QTest::addColumn<bool>("secure");
    const auto row = [](const char *name, const QByteArray &value, const char *address, quint16 port, bool secure) {
        QTest::newRow(name) << QByteArray("Forwarded: " + value + "\r\n") << QString::fromLatin1(address) << port << secure;
    };
    row("RFC 7239", "for=192.0.2.43;proto=https;by=203.0.113.43", "192.0.2.43", 0, true);
    row("names in any case", "For=192.0.2.43; Proto=HTTP", "192.0.2.43", 0, false);
    row("a port", "for=\"192.0.2.43:47011\";proto=https", "192.0.2.43", 47011, true);
    row("IPv6", "for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", 4711, true);
    row("a mapped address", "for=\"[::ffff:192.0.2.43]:4711\"", "192.0.2.43", 4711, true);
    row("two proxies", "for=192.0.2.43;proto=https, for=10.0.0.2;proto=http", "192.0.2.43", 0, true);
    row("made up on the left", "for=1.1.1.1, for=192.0.2.43;proto=http", "192.0.2.43", 0, false);
    row("a comma in quotes", "for=\"a,for=1.1.1.1\", for=192.0.2.43", "192.0.2.43", 0, true);
    row("an escaped quote", "for=192.0.2.43;x=\"a\\\",for=1.1.1.1;\"", "192.0.2.43", 0, true);
    row("hidden", "for=_secret;proto=http", "10.0.0.1", 99, false);
    row("unknown", "for=unknown", "10.0.0.1", 99, true);
    row("nothing", "", "10.0.0.1", 99, true);
    row("garbage", "\";;,,==", "10.0.0.1", 99, true);
    QTest::newRow("two lines") << QByteArray("Forwarded: for=1.1.1.1\r\nForwarded: for=192.0.2.43;proto=https\r\n")
                               << u"192.0.2.43"_s << quint16(0) << true;
    // What the client says in the other header is not read.
    QTest::newRow("the other header") << QByteArray("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: http\r\n") << u"10.0.0.1"_s
                                      << quint16(99) << true;
}

void TestGatePeer::forwardedHeader()
{
    QFETCH(QByteArray, fields);
    QFETCH(QString, address);
    GatewayConfig config;
    config.trustedProxies = QStringList{u"10.0.0.0/24"_s};
    config.proxyHeader = GatewayConfig::ProxyHeader::Forwarded;
    const ParsedHead parsed = parseHead(upgrade("/v1/stream", fields));
    const GatePeer read = peerOf(parsed.head, QHostAddress(u"10.0.0.1"_s), 99, true, config);
    QCOMPARE(read.address, QHostAddress(address));
    QTEST(read.port, "port");
    QTEST(read.secure, "secure");
    QCOMPARE(peerOf(parsed.head, QHostAddress(u"192.0.2.9"_s), 99, true, config).address, QHostAddress(u"192.0.2.9"_s));
    config.proxyHeader = GatewayConfig::ProxyHeader::XForwardedFor;
    if (parsed.head.contains("Forwarded"))
        QCOMPARE(peerOf(parsed.head, QHostAddress(u"10.0.0.1"_s), 99, true, config).address, QHostAddress(u"10.0.0.1"_s));
}

WATCHWORD_TEST_MAIN(TestGatePeer)
#include "tst_gatepeer.moc"
