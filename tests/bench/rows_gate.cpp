// SPDX-License-Identifier: Apache-2.0
#include "gatewaysite.h"
#include "loadprocess.h"
#include "processfacts.h"
#include "rows.h"

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kUsers = 200;
constexpr int kUpgrades = 1'000;
constexpr int kIdle = 800; // below the 1024 descriptors that a process may have by default

LoadOptions clientsOf(const GatewaySite &site, quint16 port)
{
    LoadOptions options;
    options.port = port;
    options.authorityFile = site.file(u"ca.pem"_s);
    options.tokensFile = site.file(u"tokens.txt"_s);
    return options;
}

//! \a command is "handshakes" or "upgrades".
std::optional<double> loadRow(const QString &command)
{
    GatewaySite site;
    if (!site.prepare(kUsers) || !site.start())
        return std::nullopt;
    const PeerServer bare({u"echo-server"_s, site.file(QString())});
    if (bare.port() == 0)
        return std::nullopt;
    LoadProcess ours(clientsOf(site, site.port()));
    LoadProcess theirs(clientsOf(site, bare.port()));
    const QString warmUp = command + u" 16"_s;
    const QString load = command + u' ' + QString::number(kUpgrades);
    if (!ours.run(warmUp) || !theirs.run(warmUp))
        return std::nullopt;
    return ratioInTurns([&] { return ours.run(load, {site.pid()}); }, [&] { return theirs.run(load, {bare.pid()}); }, 11);
}

//! Bytes that each of kIdle connections adds to a server that has served before.
std::optional<Figure> idleBytes(GatewaySite &site, quint16 port, qint64 server)
{
    LoadOptions options = clientsOf(site, port);
    LoadProcess first(options);
    if (!first.run(u"upgrades 100"_s))
        return std::nullopt;
    const qint64 before = residentBytes(server);
    options.connections = kIdle;
    LoadProcess clients(options);
    // As long as these take, the others had to settle.
    if (!clients.run(u"upgrades 16"_s))
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

} // namespace

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
