// SPDX-License-Identifier: Apache-2.0
#include "gatefixture.h"
#include "socketlog.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QJsonDocument>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! Servers and clients that nobody here wrote, with their default options, on both sides of the relay. */
class TestRelayedPeers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void socketIo();
    void graphQlWs();
    void graphQlWsRefusesItself();
    void upstreamWantsACertificate();
    void certificateIsReadAnew();
    void withoutACertificate();

private:
    // What the program says, in lines.
    static QByteArray run(const QString &program, const QStringList &arguments);
    static std::optional<QString> startEcho(Support::ReadyProcess &process, const GateFixture &gate);
    static EndpointConfig &relay(GateFixture &gate, const QString &path, const QString &upstream);
    static QString serialOf(const GateFixture &gate, const QString &name);
    static QString serialSeen(GateFixture &gate);
};

#define REQUIRE_PEERS REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers")

QByteArray TestRelayedPeers::run(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(u"node"_s, QStringList{Support::peersFolder() + u'/' + program} + arguments);
    waitUntil([&] { return process.state() == QProcess::NotRunning; }, 60s);
    return process.readAllStandardOutput().trimmed();
}

EndpointConfig &TestRelayedPeers::relay(GateFixture &gate, const QString &path, const QString &upstream)
{
    EndpointConfig &endpoint = gate.addEndpoint(path, EndpointConfig::Service::Upstream);
    endpoint.upstream = QUrl(upstream);
    return endpoint;
}

// HTTP long polling first, then the upgrade to WebSocket in the same session.
void TestRelayedPeers::socketIo()
{
    REQUIRE_PEERS;
    Support::ReadyProcess server;
    const auto url = server.start(u"node"_s, {Support::peersFolder() + u"/socketio-server.mjs"_s}, u"READY "_s);
    QVERIFY(url);
    GateFixture gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = relay(gate, u"/socket.io"_s, *url + u"socket.io"_s);
    endpoint.isPrefix = true;
    endpoint.passHttp = true;
    endpoint.limits.messageBytes = 1024 * 1024;
    endpoint.limits.messagesPerSecond = 0;
    QVERIFY(gate.start());
    const QString address = u"https://127.0.0.1:%1"_s.arg(gate.gateway->port());
    const QByteArray said = run(u"socketio-client.mjs"_s, {address, gate.file(u"ca.pem"_s), QString::fromLatin1(gate.token())});
    QCOMPARE(said, QByteArray("OK"));
    QVERIFY(waitUntil([&] { return gate.gateway->connectionCount() == 0; }));
}

void TestRelayedPeers::graphQlWs()
{
    REQUIRE_PEERS;
    Support::ReadyProcess server;
    server.setEnvironment(u"TOKENS"_s, u"secret"_s);
    const auto url = server.start(u"node"_s, {Support::peersFolder() + u"/graphql-server.mjs"_s}, u"READY "_s);
    QVERIFY(url);
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/graphql"_s, *url).subprotocols = QStringList{u"graphql-transport-ws"_s};
    QVERIFY(gate.start());
    const QStringList arguments{gate.gateway->url().toString() + u"/graphql"_s, gate.file(u"ca.pem"_s),
                                QString::fromLatin1(gate.token())};
    QCOMPARE(run(u"graphql-client.mjs"_s, arguments + QStringList{u"secret"_s}), QByteArray("OK"));
}

// The server's own code and reason arrive.
void TestRelayedPeers::graphQlWsRefusesItself()
{
    REQUIRE_PEERS;
    Support::ReadyProcess server;
    server.setEnvironment(u"TOKENS"_s, u"secret"_s);
    const auto url = server.start(u"node"_s, {Support::peersFolder() + u"/graphql-server.mjs"_s}, u"READY "_s);
    QVERIFY(url);
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/graphql"_s, *url).subprotocols = QStringList{u"graphql-transport-ws"_s};
    QVERIFY(gate.start());
    const QStringList arguments{gate.gateway->url().toString() + u"/graphql"_s, gate.file(u"ca.pem"_s),
                                QString::fromLatin1(gate.token())};
    QCOMPARE(run(u"graphql-client.mjs"_s, arguments + QStringList{u"wrong"_s, u"once"_s}), QByteArray("CLOSED 4403 Forbidden"));
}

std::optional<QString> TestRelayedPeers::startEcho(Support::ReadyProcess &process, const GateFixture &gate)
{
    process.setEnvironment(u"TLS_CERT"_s, gate.file(u"server.pem"_s));
    process.setEnvironment(u"TLS_KEY"_s, gate.file(u"server.key"_s));
    process.setEnvironment(u"CLIENT_CA"_s, gate.file(u"ca.pem"_s));
    process.setEnvironment(u"ECHO_HEADERS"_s, u"1"_s);
    return process.start(u"node"_s, {Support::peersFolder() + u"/ws-echo.mjs"_s}, u"READY "_s);
}

QString TestRelayedPeers::serialOf(const GateFixture &gate, const QString &name)
{
    const QByteArray serial = QSslCertificate::fromPath(gate.file(name)).value(0).serialNumber();
    return QString::fromLatin1(serial).remove(u':').toUpper();
}

// What the upstream says of the certificate that it was shown.
QString TestRelayedPeers::serialSeen(GateFixture &gate)
{
    const auto client = gate.client(u"/mutual"_s, gate.token(), false);
    const SocketLog log(*client);
    waitUntil([&] { return !log.texts.isEmpty() || log.closed; });
    return QJsonDocument::fromJson(log.texts.value(0).toUtf8()).object().value("client"_L1).toString();
}

void TestRelayedPeers::upstreamWantsACertificate()
{
    REQUIRE_PEERS;
    GateFixture gate;
    QVERIFY(gate.prepare());
    Support::ReadyProcess echo;
    const auto url = startEcho(echo, gate);
    QVERIFY(url);
    EndpointConfig &endpoint = relay(gate, u"/mutual"_s, *url);
    endpoint.upstreamCaFile = gate.file(u"ca.pem"_s);
    endpoint.upstreamCertificateFile = gate.file(u"client.pem"_s);
    endpoint.upstreamKeyFile = gate.file(u"client.key"_s);
    QVERIFY(gate.start());
    QVERIFY(!serialOf(gate, u"client.pem"_s).isEmpty());
    QCOMPARE(serialSeen(gate), serialOf(gate, u"client.pem"_s));
}

// The files stay the same and get another content, as when a certificate is renewed; then they name others, and bad ones.
void TestRelayedPeers::certificateIsReadAnew()
{
    REQUIRE_PEERS;
    GateFixture gate;
    QVERIFY(gate.prepare());
    Support::ReadyProcess echo;
    const auto url = startEcho(echo, gate);
    QVERIFY(url);
    const auto copy = [&gate](const QString &from, const QString &to) {
        QFile::remove(gate.file(to));
        return QFile::copy(gate.file(from), gate.file(to));
    };
    QVERIFY(copy(u"client.pem"_s, u"own.pem"_s) && copy(u"client.key"_s, u"own.key"_s));
    EndpointConfig &endpoint = relay(gate, u"/mutual"_s, *url);
    endpoint.upstreamCaFile = gate.file(u"ca.pem"_s);
    endpoint.upstreamCertificateFile = gate.file(u"own.pem"_s);
    endpoint.upstreamKeyFile = gate.file(u"own.key"_s);
    QVERIFY(gate.start());
    const auto open = gate.client(u"/mutual"_s, gate.token(), false);
    const SocketLog log(*open);
    QVERIFY(waitUntil([&] { return !log.texts.isEmpty(); }));
    QVERIFY(copy(u"client2.pem"_s, u"own.pem"_s) && copy(u"client2.key"_s, u"own.key"_s));
    QVERIFY(gate.gateway->reload(gate.config));
    QCOMPARE(serialSeen(gate), serialOf(gate, u"client2.pem"_s));
    QVERIFY(copy(u"client.key"_s, u"own.key"_s)); // of another certificate
    const Result<void> refused = gate.gateway->reload(gate.config);
    QVERIFY(!refused);
    QVERIFY2(refused.error().detail().contains(u"own.key is not the key of the first certificate in"_s),
             qPrintable(refused.error().detail()));
    QCOMPARE(serialSeen(gate), serialOf(gate, u"client2.pem"_s));
    open->sendTextMessage(u"still here"_s);
    QVERIFY(waitUntil([&] { return log.texts.contains(u"still here"_s); }));
}

void TestRelayedPeers::withoutACertificate()
{
    REQUIRE_PEERS;
    GateFixture gate;
    QVERIFY(gate.prepare());
    Support::ReadyProcess echo;
    const auto url = startEcho(echo, gate);
    QVERIFY(url);
    relay(gate, u"/mutual"_s, *url).upstreamCaFile = gate.file(u"ca.pem"_s);
    QVERIFY(gate.start());
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/mutual", gate.token()))), 502);
}

WATCHWORD_TEST_MAIN(TestRelayedPeers)
#include "tst_relayedpeers.moc"
