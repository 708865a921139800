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
    void readsProofsOfPossession();
    void readsThePolicyForClients();
    void readsBoundsAndCompression();
    void readsUpstreams();
    void tablesHaveNames_data();
    void tablesHaveNames();
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
    QCOMPARE(config->issuers.first().audiences, QStringList{u"wss://orders.example.com"_s});
    const EndpointConfig endpoint = config->endpoints.first();
    QCOMPARE(endpoint.service, EndpointConfig::Service::Upstream);
    QCOMPARE(endpoint.origins, QStringList{u"https://orders.example.com"_s});
    QCOMPARE(endpoint.limits.connectionsPerUser, 5);
    QCOMPARE(endpoint.limits.messageBytes, 65536);
    QVERIFY(!config->watch);
}

void TestGatewayConfig::readsProofsOfPossession()
{
    QString text = kExample;
    text.replace("[[issuer]]\n"_L1,
                 "public_names = \"Orders.example.com:8443\"\n[dpop]\nnonce = true\n[[issuer]]\nrequire_dpop = true\n"_L1);
    text.replace("[[endpoint]]\n"_L1, "[[endpoint]]\nrequire_dpop = true\n"_L1);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY2(config, config ? "" : qPrintable(config.error().detail()));
    QVERIFY(config->dpop.nonce && config->issuers.first().requireDpop && config->endpoints.first().requireDpop);
    QCOMPARE(config->listen.publicNames, QStringList{u"Orders.example.com:8443"_s});
    const Result<GatewayConfig> plain = GatewayConfig::fromToml(kExample, u"g.toml"_s);
    QVERIFY(!plain->dpop.nonce && !plain->issuers.first().requireDpop && !plain->endpoints.first().requireDpop);
}

void TestGatewayConfig::readsBoundsAndCompression()
{
    QString text = kExample;
    text.replace("upstream = \"ws://127.0.0.1:9000/stream\"\n"_L1, "serves = \"echo\"\n"_L1);
    text.replace(
        "[[issuer]]\n"_L1,
        "[limits]\nmemory = \"512 MiB\"\n[trusted_proxy]\naddresses = \"10.0.0.1\"\nheader = \"forwarded\"\n[[issuer]]\n"_L1);
    text.replace("message_bytes = \"64 KiB\" }\n"_L1,
                 "control_frames_per_second = 7, fragments = 9, message_time = \"3 s\" }\n"
                 "compression = { window_bits = 11, keep_context = false, memory_level = 4, smallest = \"1 KiB\" }\n"_L1);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY2(config, config ? "" : qPrintable(config.error().detail()));
    QCOMPARE(config->memory, qint64(512) * 1024 * 1024);
    const EndpointConfig &endpoint = config->endpoints.first();
    QCOMPARE(endpoint.limits.controlFramesPerSecond, 7);
    QCOMPARE(endpoint.limits.fragments, 9);
    QCOMPARE(endpoint.limits.messageTime, Duration(3000));
    QVERIFY(endpoint.compression == (EndpointCompression{11, false, 4, 1024}));
    const Result<GatewayConfig> plain = GatewayConfig::fromToml(kExample, u"g.toml"_s);
    QVERIFY(!plain->endpoints.first().compression && plain->memory == 0);
    QCOMPARE(config->proxyHeader, GatewayConfig::ProxyHeader::Forwarded);
    QCOMPARE(plain->proxyHeader, GatewayConfig::ProxyHeader::XForwardedFor);
    QString relayed = text;
    relayed.replace("serves = \"echo\"\n"_L1, "upstream = \"ws://127.0.0.1:9000/stream\"\n"_L1);
    QVERIFY(!GatewayConfig::fromToml(relayed, u"g.toml"_s));
    text.replace("window_bits = 11"_L1, "window_bits = 16"_L1);
    QVERIFY(!GatewayConfig::fromToml(text, u"g.toml"_s));
}

void TestGatewayConfig::readsThePolicyForClients()
{
    QString text = kExample;
    text.replace("[[issuer]]\n"_L1,
                 "[policy]\nattempts_per_minute = 4\n[policy.status]\n503 = { action = \"slow\", after_s = 30 }\n"
                 "[policy.close.1012]\nafter_s = 20\n[policy.backoff]\nbase_ms = 2000\ncap_s = 60\n[[issuer]]\n"_L1);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY2(config, config ? "" : qPrintable(config.error().detail()));
    // The example of the protocol, member by member.
    const QJsonObject example{{u"status"_s, QJsonObject{{u"503"_s, QJsonObject{{u"action"_s, u"slow"_s}, {u"after_s"_s, 30}}}}},
                              {u"close"_s, QJsonObject{{u"1012"_s, QJsonObject{{u"after_s"_s, 20}}}}},
                              {u"backoff"_s, QJsonObject{{u"base_ms"_s, 2000}, {u"cap_s"_s, 60}}},
                              {u"attempts_per_minute"_s, 4}};
    QCOMPARE(config->policy, example);
    QVERIFY(config->endpoints.first().policy.isEmpty());
    text.replace("scopes ="_L1, "policy = { attempts_per_minute = 9 }\nscopes ="_L1);
    QCOMPARE(GatewayConfig::fromToml(text, u"g.toml"_s)->endpoints.first().policy, (QJsonObject{{u"attempts_per_minute"_s, 9}}));
    // What comes from a program and not from a file is checked as well.
    GatewayConfig made = *config;
    made.policy = QJsonObject{{u"attempts_per_minute"_s, 0}};
    QCOMPARE(made.validate().error().code(), ErrorCode::ConfigInvalid);
    QString many = u"status = {"_s;
    for (int status = 200; status <= 264; ++status)
        many += u"%1%2 = { after_s = 1 }"_s.arg(status == 200 ? u" "_s : u", "_s).arg(status);
    text = kExample;
    text.replace("scopes ="_L1, "policy = { "_L1 + many + " } }\nscopes ="_L1);
    const Result<GatewayConfig> tooMany = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY(!tooMany);
    QVERIFY2(tooMany.error().detail().contains("more than 64 rows"_L1), qPrintable(tooMany.error().detail()));
}

void TestGatewayConfig::readsUpstreams()
{
    QString text = kExample;
    text.replace("upstream = \"ws://127.0.0.1:9000/stream\""_L1,
                 "upstream = [\"ws://a.test/x\", \"ws://b.test\"]\nupstream_plain = true\nupstream_draining = "
                 "\"ws://b.test\"\nprefix = true\n"
                 "pass_http = true\npass_headers = [\"Accept-Language\"]\npass_cookies = [\"theme\"]\n"
                 "upstream_health = { every = \"2 s\", path = \"/health\" }"_L1);
    const Result<GatewayConfig> config = GatewayConfig::fromToml(text, u"g.toml"_s);
    QVERIFY2(config, qPrintable(config.isOk() ? QString() : config.error().toString()));
    const EndpointConfig &endpoint = config->endpoints.first();
    QCOMPARE(endpoint.upstream, QUrl(u"ws://a.test/x"_s));
    QCOMPARE(endpoint.moreUpstreams, QList<QUrl>{QUrl(u"ws://b.test"_s)});
    QCOMPARE(endpoint.drainingUpstreams, endpoint.moreUpstreams);
    QCOMPARE(endpoint.upstreamHealth.every, Duration(2000));
    QCOMPARE(endpoint.upstreamHealth.path, u"/health"_s);
    QCOMPARE(endpoint.passHeaders, QStringList{u"Accept-Language"_s});
    QCOMPARE(endpoint.passCookies, QStringList{u"theme"_s});
    QVERIFY(endpoint.isPrefix && endpoint.passHttp);
}

void TestGatewayConfig::tablesHaveNames_data()
{
    QTest::addColumn<QString>("header");
    for (const char *header : {"[", "[[", "  [.listen]", "[=", "[#", "[\xc3\xa9]", "[]"})
        QTest::newRow(header) << QString::fromUtf8(header);
}

void TestGatewayConfig::tablesHaveNames()
{
    QFETCH(const QString, header);
    const auto config = GatewayConfig::fromToml(u"# one line\n"_s + header + u"\n"_s, u"g.toml"_s);
    QVERIFY(!config);
    QVERIFY2(config.error().detail().startsWith("g.toml:2:1: a table has no name"_L1), qPrintable(config.error().detail()));
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
    const QByteArray upstream = "upstream = \"ws://127.0.0.1:9000/stream\"\n";
    const auto behind = [&row, &upstream](const char *name, const char *line, const char *position, const char *hint) {
        row(name, upstream.constData(), QByteArray(upstream + line + '\n').constData(), position, hint);
    };
    row("mixed upstreams", "upstream = \"ws://127.0.0.1:9000/stream\"", "upstream = [\"ws://a.test\", \"wss://b.test\"]",
        "g.toml:12:12:", "all be ws:// or all be wss://");
    row("plain to another machine", "ws://127.0.0.1:9000", "ws://10.0.0.5:9000", "g.toml:12:12:", "upstream_plain = true");
    row("plain to a name", "ws://127.0.0.1:9000", "ws://localhost.example.com", "g.toml:12:12:", "would not be encrypted");
    behind("draining a stranger", "upstream_draining = [\"ws://a.test\"]", "g.toml:13:21:", "is not in upstream");
    behind("passing the token", "pass_headers = [\"Authorization\"]", "g.toml:13:16:", "cannot be passed on");
    behind("passing no name", "pass_headers = [\"a b\"]", "g.toml:13:16:", "no name of a header");
    behind("health path", "upstream_health = { path = \"health\" }", "g.toml:13:28:", "start with /");
    row("prefix of rooms", upstream.constData(), "serves = \"rooms\"\nprefix = true\n", "g.toml:8:", "with an upstream");
    row("no audience", "audience = \"wss://orders.example.com\"\n", "", "g.toml:5:", "audience");
    row("single brackets", "[[issuer]]", "[issuer]", "g.toml:5:", "[[issuer]]");
    row("no service", "upstream = \"ws://127.0.0.1:9000/stream\"\n", "", "g.toml:8:", "upstream");
    row("no path slash", "\"/v1/stream\"", "\"v1\"", "g.toml:9:8:", "start with /");
    row("reserved path", "\"/v1/stream\"", "\"/metrics\"", "g.toml: ", "twice");
    row("plain to the world", "certificate = \"/etc/watchword/tls.pem\"", "plain = true", "g.toml: ", "loopback");
    row("drain", "[[issuer]]", "[drain]\nseconds = -1\n[[issuer]]", "g.toml:6:11:", "from 0 to 3600");
    const auto policy = [&row](const char *name, const char *text, const char *position, const char *hint) {
        row(name, "scopes =", QByteArray(QByteArray("policy = ") + text + "\nscopes =").constData(), position, hint);
    };
    policy("policy: unknown member", "{ stati = {} }", "g.toml:10:12:", "did you mean \"status\"");
    policy("policy: no status", "{ status = { 600 = { after_s = 1 } } }", "g.toml:10:29:", "from 200 to 599");
    policy("policy: a word for a number", "{ close = { restart = { after_s = 1 } } }", "g.toml:10:32:", "from 1000 to 4999");
    policy("policy: leading zero", "{ close = { 01012 = { after_s = 1 } } }", "g.toml:10:30:", "from 1000 to 4999");
    policy("policy: action", "{ close = { 1012 = { action = \"wait\" } } }", "g.toml:10:40:", "retry, slow, refresh");
    policy("policy: row member", "{ close = { 1012 = { after = 1 } } }", "g.toml:10:31:", "did you mean \"after_s\"");
    policy("policy: wait", "{ status = { 503 = { after_s = 301 } } }", "g.toml:10:41:", "from 0 to 300");
    policy("policy: no row", "{ status = { 503 = 7 } }", "g.toml:10:29:", "must be a table");
    policy("policy: base", "{ backoff = { base_ms = 99 } }", "g.toml:10:34:", "from 100 to 60000");
    policy("policy: cap", "{ backoff = { cap_s = \"1\" } }", "g.toml:10:32:", "from 1 to 300");
    policy("policy: attempts", "{ attempts_per_minute = 0 }", "g.toml:10:34:", "from 1 to 600");
    row("public name", "key = \"tls.key\"\n", "key = \"tls.key\"\npublic_names = [\"a.test\", \"https://b.test\"]\n",
        "g.toml:5:16:", "host or host:port");
    row("dpop", "[[issuer]]", "[dpop]\nnonce = 1\n[[issuer]]", "g.toml:6:9:", "true or false");
    row("unknown in dpop", "[[issuer]]", "[dpop]\nnonces = true\n[[issuer]]", "g.toml:6:1:", "did you mean \"nonce\"");
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
    // Shorter than a day is not for ever, and what is no time is no limit that was left out.
    const auto retention = [](const QString &value) {
        return GatewayConfig::fromToml(kExample + u"\n[audit]\ndatabase = \"a.sqlite\"\nretention = "_s + value + u"\n"_s,
                                       u"g.toml"_s);
    };
    const Result<GatewayConfig> half = retention(u"\"30 m\""_s);
    QVERIFY2(half, half ? "" : qPrintable(half.error().detail()));
    QCOMPARE(half->audit.retention, std::optional<Duration>(std::chrono::minutes(30)));
    for (const QString &bad : {u"\"30 x\""_s, u"\"\""_s, u"\"1 s\""_s, u"true"_s})
        QVERIFY2(!retention(bad), qPrintable(bad));
}

WATCHWORD_TEST_MAIN(TestGatewayConfig)
#include "tst_gatewayconfig.moc"
