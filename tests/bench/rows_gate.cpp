// SPDX-License-Identifier: Apache-2.0
#include "client_asio.h"
#include "gatewaysite.h"
#include "peers.h"
#include "processfacts.h"
#include "rows.h"

#include <QFile>
#include <QUrl>

#include <algorithm>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kUsers = 200;
constexpr int kUpgrades = 1'000;
constexpr int kParallel = 16;
constexpr int kIdle = 800; // below the 1024 descriptors that a process may have by default

QStringList clientArguments(const GatewaySite &site, const QString &name, quint16 port, int count)
{
    return {name, u"wss://127.0.0.1:%1/"_s.arg(port), site.file(u"ca.pem"_s), site.file(u"tokens.txt"_s), QString::number(count)};
}

std::optional<Figure> load(const GatewaySite &site, const QString &client, quint16 port, qint64 server)
{
    const double before = processorSeconds(server);
    std::optional<Figure> figure = runPeer(clientArguments(site, client, port, kUpgrades));
    if (figure)
        figure->processorSeconds = processorSeconds(server) - before;
    return figure;
}

std::optional<double> loadRow(const QString &client)
{
    GatewaySite site;
    if (!site.prepare(kUsers) || !site.start())
        return std::nullopt;
    const PeerServer bare({u"echo-server"_s, site.file(QString())});
    if (bare.port() == 0)
        return std::nullopt;
    return ratioInTurns([&] { return load(site, client, site.port(), site.pid()); },
                        [&] { return load(site, client, bare.port(), bare.pid()); }, 11);
}

//! Bytes that each of kIdle connections adds to a server that has served before.
std::optional<Figure> idleBytes(GatewaySite &site, quint16 port, qint64 server)
{
    if (!runPeer(clientArguments(site, u"upgrades"_s, port, 100)))
        return std::nullopt;
    const qint64 before = residentBytes(server);
    const PeerServer clients(clientArguments(site, u"hold"_s, port, kIdle));
    if (!clients.isRunning())
        return std::nullopt;
    return Figure{double(residentBytes(server) - before) / kIdle, 0};
}

std::optional<double> memoryRow()
{
    GatewaySite site;
    if (!site.prepare(kIdle))
        return std::nullopt;
    // A new process each time: what an allocator keeps would hide what the second turn needs.
    return ratioInTurns(
        [&]() -> std::optional<Figure> {
            if (!site.start())
                return std::nullopt;
            const auto figure = idleBytes(site, site.port(), site.pid());
            site.stop();
            return figure;
        },
        [&]() -> std::optional<Figure> {
            const PeerServer bare({u"echo-server"_s, site.file(QString())});
            return bare.port() == 0 ? std::nullopt : idleBytes(site, bare.port(), bare.pid());
        },
        3);
}

AsioTarget asioTarget(const QStringList &arguments)
{
    AsioTarget target;
    target.port = quint16(QUrl(arguments.value(0)).port());
    target.authorityFile = arguments.value(1).toStdString();
    QFile file(arguments.value(2));
    if (arguments.value(2) == "-"_L1) {
        target.tokens.push_back("none");
    } else if (file.open(QIODevice::ReadOnly)) {
        const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
        for (const QByteArray &line : lines)
            target.tokens.push_back(line.toStdString());
    }
    return target;
}

} // namespace

int upgradesByClients(const QStringList &arguments)
{
    const double figure = upgradesByAsio(asioTarget(arguments), arguments.value(3).toInt(), kParallel);
    std::printf("%.6f\n", figure);
    return figure > 0 ? 0 : 1;
}

int pingPongByClients(const QStringList &arguments)
{
    const double figure = pingPongByAsio(asioTarget(arguments), arguments.value(3).toInt(), kParallel, 1);
    std::printf("%.6f\n", figure);
    return figure > 0 ? 0 : 1;
}

int handshakesByClients(const QStringList &arguments)
{
    const double figure = handshakesByAsio(asioTarget(arguments), arguments.value(3).toInt(), kParallel);
    std::printf("%.6f\n", figure);
    return figure > 0 ? 0 : 1;
}

int holdConnections(const QStringList &arguments)
{
    return holdByAsio(asioTarget(arguments), arguments.value(3).toInt());
}

QList<Row> gateRows()
{
    return {
        {u"gate-handshakes"_s, u"TLS handshakes through the gate"_s, u"bare QWebSocketServer"_s, 0.95, false,
         [] { return loadRow(u"handshakes"_s); }},
        // Ours verifies a token and writes two events of the audit chain, which the bare server has not.
        {u"gate-upgrades"_s, u"TLS, token, audit and upgrade"_s, u"bare QWebSocketServer's 101"_s, 0.6, false,
         [] { return loadRow(u"upgrades"_s); }},
        {u"gate-memory"_s, u"memory of an idle TLS connection"_s, u"bare QWebSocketServer"_s, 1.25, true, memoryRow},
    };
}

} // namespace Bench
