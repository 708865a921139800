// SPDX-License-Identifier: Apache-2.0
#include "config/configvalues.h"
#include "support/testmain.h"
#include "watchword/gateway/gatewayconfig.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

// The example of the design, line by line.
const QString kExample = u"[listen]\n"
                         "address = \"0.0.0.0:8443\"\n"
                         "certificate = \"/etc/watchword/tls.pem\"\n"
                         "key = \"tls.key\"\n"
                         "[[issuer]]\n"
                         "url = \"https://login.example.com\"\n"
                         "audience = \"wss://orders.example.com\"\n"
                         "[[endpoint]]\n"
                         "path = \"/v1/stream\"\n"
                         "scopes = [\"orders:read\"]\n"
                         "origins = [\"https://Orders.example.com:443\"]\n"
                         "upstream = \"ws://127.0.0.1:9000/stream\"\n"
                         "limits = { connections_per_user = 5, messages_per_second = 50, message_bytes = \"64 KiB\" }\n"_s;

} // namespace

class TestGatewayConfig : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void readsTheExample();
    void mistakesHaveAPosition_data();
    void mistakesHaveAPosition();
    void allMistakesAreReported();
    void sizesAndTimes();
};

void TestGatewayConfig::readsTheExample()
{
    const Result<GatewayConfig> config = GatewayConfig::fromToml(kExample, u"/etc/watchword/gateway.toml"_s);
    QVERIFY2(config, config ? "" : qPrintable(config.error().detail()));
    QCOMPARE(config->listen.port, quint16(8443));
    QCOMPARE(config->listen.keyFile, u"/etc/watchword/tls.key"_s);
    QCOMPARE(config->issuers.first().audiences, QStringList {u"wss://orders.example.com"_s});
    const EndpointConfig endpoint = config->endpoints.first();
    QCOMPARE(endpoint.service, EndpointConfig::Service::Upstream);
    QCOMPARE(endpoint.origins, QStringList {u"https://orders.example.com"_s});
    QCOMPARE(endpoint.limits.connectionsPerUser, 5);
    QCOMPARE(endpoint.limits.messageBytes, 65536);
    QVERIFY(!config->watch);
}

void TestGatewayConfig::mistakesHaveAPosition_data()
{
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    QTest::addColumn<QString>("position");
    QTest::addColumn<QString>("hint");
    const auto row = [](const char *name, const char *from, const char *to, const char *position, const char *hint) {
        QTest::newRow(name) << QString::fromUtf8(from) << QString::fromUtf8(to) << QString::fromUtf8(position)
                            << QString::fromUtf8(hint);
    };
    row("not TOML", "[listen]", "[listen", "g.toml:1:", "");
    row("unknown key", "scopes =", "scope =", "g.toml:10:1:", "did you mean \"scopes\"");
    row("unknown table", "[[endpoint]]", "[[endpiont]]", "g.toml:8:", "did you mean \"endpoint\"");
    row("unknown limit", "connections_per_user", "conections_per_user", "g.toml:13:12:", "connections_per_user");
    row("wrong kind", "key = \"tls.key\"", "key = 7", "g.toml:4:7:", "must be a string");
    row("size", "\"64 KiB\"", "\"64 parsecs\"", "g.toml:13:", "a size");
    row("number", "= 50,", "= -1,", "g.toml:13:", "whole number");
    row("address", "0.0.0.0:8443", "example.com:8443", "g.toml:2:11:", "IP address");
    row("origin", "https://Orders.example.com:443", "orders.example.com/app", "g.toml:11:", "no Origin");
    row("upstream scheme", "ws://127", "http://127", "g.toml:12:12:", "ws:// or wss://");
    row("no audience", "audience = \"wss://orders.example.com\"\n", "", "g.toml:5:", "audience");
    row("single brackets", "[[issuer]]", "[issuer]", "g.toml:5:", "[[issuer]]");
    row("no service", "upstream = \"ws://127.0.0.1:9000/stream\"\n", "", "g.toml:8:", "upstream");
    row("no path slash", "\"/v1/stream\"", "\"v1\"", "g.toml:9:8:", "start with /");
    row("reserved path", "\"/v1/stream\"", "\"/metrics\"", "g.toml: ", "twice");
    row("plain to the world", "certificate = \"/etc/watchword/tls.pem\"", "plain = true", "g.toml: ", "loopback");
    row("issuer without TLS", "https://login", "http://login", "g.toml: ", "must be https");
}

void TestGatewayConfig::mistakesHaveAPosition()
{
    QFETCH(QString, from);
    QFETCH(QString, to);
    QFETCH(QString, position);
    QFETCH(QString, hint);
    QVERIFY(kExample.contains(from));
    QString text = kExample;
    text.replace(text.indexOf(from), from.size(), to);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY(!config);
    QCOMPARE(config.error().code(), ErrorCode::ConfigInvalid);
    QVERIFY2(config.error().detail().startsWith(position), qPrintable(config.error().detail()));
    QVERIFY2(config.error().detail().contains(hint), qPrintable(config.error().detail()));
}

void TestGatewayConfig::allMistakesAreReported()
{
    QString text = kExample;
    text.replace("address"_L1, "adress"_L1);
    text.replace("64 KiB"_L1, "many"_L1);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY(!config);
    QVERIFY2(config.error().detail().count(u'\n') >= 1, qPrintable(config.error().detail()));
}

void TestGatewayConfig::sizesAndTimes()
{
    QCOMPARE(parseSize(u"64 KiB"_s), std::optional<qint64>(65536));
    QCOMPARE(parseSize(u"1MB"_s), std::optional<qint64>(1'000'000));
    QCOMPARE(parseSize(u"0"_s), std::optional<qint64>(0));
    for (const char *bad : {"", "KiB", "-1", "1.5 MB", "1 lightyear", "99999999999999999999", "999999999999999 GiB"})
        QVERIFY2(!parseSize(QString::fromLatin1(bad)), bad);
    QCOMPARE(parseDuration(u"500 ms"_s), std::optional<Duration>(500));
    QCOMPARE(parseDuration(u"5m"_s), std::optional<Duration>(300'000));
    QCOMPARE(parseDuration(u"7"_s), std::optional<Duration>(7'000));
    for (const char *bad : {"", "s", "-1 s", "1 week", "99999999999 d"})
        QVERIFY2(!parseDuration(QString::fromLatin1(bad)), bad);
}

WATCHWORD_TEST_MAIN(TestGatewayConfig)
#include "tst_gatewayconfig.moc"
