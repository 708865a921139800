// SPDX-License-Identifier: Apache-2.0
#include "loadprocess.h"
#include "netserver.h"
#include "peers.h"
#include "processfacts.h"
#include "rows.h"

#include <algorithm>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMessages = 20'000;
constexpr int kConnections = 16;
constexpr int kCrowd = 5'000;
constexpr int kDescriptors = 6'000; // of the process that holds them

LoadOptions clientsOfNet(const PeerServer &server, int connections)
{
    LoadOptions options;
    options.port = server.port();
    options.authorityFile = certificateFolder() + u"/ca.pem"_s;
    options.connections = connections;
    return options;
}

//! Messages that the server echoes for each second of its processor time.
std::optional<Figure> echoes(LoadProcess &clients, const PeerServer &server)
{
    auto figure = clients.run(u"echo %1"_s.arg(kMessages), {server.pid()});
    if (figure)
        figure->value = kMessages / std::max(figure->processorSeconds, 0.01);
    return figure;
}

std::optional<double> idleRow()
{
    if (!raiseDescriptorLimit(kDescriptors))
        return std::nullopt;
    const PeerServer alone({u"net-echo"_s, certificateFolder()});
    const PeerServer crowded({u"net-echo"_s, certificateFolder()});
    if (alone.port() == 0 || crowded.port() == 0)
        return std::nullopt;
    const LoadProcess crowd(clientsOfNet(crowded, kCrowd));
    LoadProcess beside(clientsOfNet(crowded, kConnections));
    LoadProcess without(clientsOfNet(alone, kConnections));
    if (!crowd.isReady() || !beside.run(u"echo 2000"_s) || !without.run(u"echo 2000"_s))
        return std::nullopt;
    return ratioInTurns([&] { return echoes(beside, crowded); }, [&] { return echoes(without, alone); });
}

std::optional<Figure> idleKilobytes()
{
    const PeerServer server({u"net-echo"_s, certificateFolder()});
    if (server.port() == 0)
        return std::nullopt;
    LoadProcess first(clientsOfNet(server, 0));
    if (!first.run(u"upgrades 100"_s))
        return std::nullopt;
    const qint64 before = proportionalBytes(server.pid());
    LoadProcess clients(clientsOfNet(server, kCrowd));
    // As long as these take, the others had to settle.
    if (!clients.run(u"upgrades 16"_s))
        return std::nullopt;
    return Figure{double(proportionalBytes(server.pid()) - before) / kCrowd / 1024, 0};
}

std::optional<double> memoryOfIdleRow()
{
    if (!raiseDescriptorLimit(kDescriptors))
        return std::nullopt;
    return medianOf(idleKilobytes);
}

} // namespace

int echoServerOfNet(const QStringList &arguments)
{
    return echoByNet(arguments.value(0).toStdString());
}

int plainEchoServer(const QStringList &)
{
    return echoByNet({});
}

QList<Row> netRows()
{
    return {
        {u"net-idle"_s, u"echoes for a second of processor, beside 5,000 idle"_s, u"the same alone"_s, 0.95, false, idleRow},
        {u"net-memory"_s, u"PSS of an idle TLS connection"_s, u"1 KiB"_s, 16, true, memoryOfIdleRow},
    };
}

} // namespace Bench
