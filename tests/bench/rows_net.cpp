// SPDX-License-Identifier: Apache-2.0
#include "client_asio.h"
#include "netserver.h"
#include "peers.h"
#include "processfacts.h"
#include "rows.h"

#include <QFile>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMessages = 20'000;
constexpr int kConnections = 16;
constexpr int kCrowd = 5'000;
constexpr int kDescriptors = 6'000; // of the process that holds them

QStringList netArguments(const QString &name, quint16 port, int count)
{
    return {name, u"wss://127.0.0.1:%1/"_s.arg(port), certificateFolder() + u"/ca.pem"_s, u"-"_s, QString::number(count)};
}

//! Messages that the server echoes for each second of its processor time.
std::optional<Figure> echoes(const PeerServer &server)
{
    const double before = processorSeconds(server.pid());
    std::optional<Figure> figure = runPeer(netArguments(u"ping-pong"_s, server.port(), kMessages));
    if (!figure)
        return std::nullopt;
    figure->processorSeconds = processorSeconds(server.pid()) - before;
    figure->value = kMessages / std::max(figure->processorSeconds, 0.01);
    return figure;
}

std::optional<double> idleRow()
{
    if (!raiseDescriptorLimit(kDescriptors))
        return std::nullopt;
    const PeerServer alone({u"net-echo"_s, certificateFolder()});
    const PeerServer crowded({u"net-echo"_s, certificateFolder()});
    const PeerServer crowd(netArguments(u"hold"_s, crowded.port(), kCrowd));
    if (alone.port() == 0 || crowded.port() == 0 || !crowd.isRunning())
        return std::nullopt;
    return ratioInTurns([&] { return echoes(crowded); }, [&] { return echoes(alone); });
}

std::optional<Figure> idleKilobytes()
{
    const PeerServer server({u"net-echo"_s, certificateFolder()});
    if (server.port() == 0 || !runPeer(netArguments(u"upgrades"_s, server.port(), 100)))
        return std::nullopt;
    const qint64 before = proportionalBytes(server.pid());
    const PeerServer clients(netArguments(u"hold"_s, server.port(), kCrowd));
    if (!clients.isRunning())
        return std::nullopt;
    return Figure{double(proportionalBytes(server.pid()) - before) / kCrowd / 1024, 0};
}

std::optional<double> memoryOfIdleRow()
{
    if (!raiseDescriptorLimit(kDescriptors))
        return std::nullopt;
    return ratioInTurns(
        idleKilobytes,
        [] {
            return std::optional<Figure>(Figure{1, 0});
        },
        3);
}

} // namespace

int echoServerOfNet(const QStringList &arguments)
{
    return echoByNet(arguments.value(0).toStdString());
}

QList<Row> netRows()
{
    return {
        {u"net-idle"_s, u"echoes for a second of processor, beside 5,000 idle"_s, u"the same alone"_s, 0.95, false, idleRow},
        {u"net-memory"_s, u"PSS of an idle TLS connection"_s, u"1 KiB"_s, 16, true, memoryOfIdleRow},
    };
}

} // namespace Bench
