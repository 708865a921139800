// SPDX-License-Identifier: Apache-2.0
// What clients cost that say nothing.
#include "processfacts.h"
#include "relaysite.h"
#include "rows.h"

#include "support/await.h"

#include <QDeadlineTimer>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kFewIdle = 500; // what a server allocates once is in the figure before
constexpr int kManyIdle = 4'000;
constexpr int kMostIdle = 9'500;
constexpr int kIdleUsers = 5'000; // a token for each connection
constexpr int kSpare = 500; // descriptors that are no connections
constexpr auto kRest = 1s;
constexpr auto kHeartbeatTime = 50s; // twice the gateway's period
constexpr auto kLongestTrim = 75s; // a server may give memory back once a minute
constexpr auto kTimeOfNginx = 5s; // which has no timer for it

void rest(std::chrono::milliseconds time)
{
    const QDeadlineTimer end(time);
    Support::waitUntil([&end] { return end.hasExpired(); }, time + 1s);
}

/*! Of one server, in bytes. */
struct IdleMemory
{
    double each = 0; //!< Of an idle connection.
    double remains = 0; //!< When all of them are closed.
};

//! The smallest of a time in which servers give back what they can.
double memoryAfterwards(qint64 server, double wanted, std::chrono::seconds time)
{
    double least = double(proportionalBytes(server));
    Support::waitUntil(
        [&] {
            rest(kRest);
            least = std::min(least, double(proportionalBytes(server)));
            return least <= wanted;
        },
        time);
    return least;
}

//! Nothing is measured afterwards if that is 0.
std::optional<IdleMemory> idleMemory(LoadOptions options, qint64 server, std::chrono::seconds afterwards)
{
    IdleMemory memory;
    {
        LoadProcess first(options);
        if (!first.run(u"upgrades 100"_s))
            return std::nullopt;
    }
    rest(kRest);
    const double empty = double(proportionalBytes(server));
    {
        options.connections = kFewIdle;
        const LoadProcess few(options);
        rest(kRest);
        const double before = double(proportionalBytes(server));
        options.connections = kManyIdle;
        const LoadProcess many(options);
        if (!few.isReady() || !many.isReady())
            return std::nullopt;
        rest(kRest);
        memory.each = (double(proportionalBytes(server)) - before) / kManyIdle;
    }
    if (afterwards > 0s) {
        constexpr double little = 1024 * 1024;
        memory.remains = memoryAfterwards(server, empty + little, afterwards) - empty;
    }
    return memory;
}

std::optional<IdleMemory> idleMemoryOfRelay(std::chrono::seconds afterwards)
{
    RelaySite site;
    return site.prepare(1, {}, kIdleUsers) ? idleMemory(site.toGateway(), site.gateway().pid(), afterwards) : std::nullopt;
}

std::optional<IdleMemory> idleMemoryOfRooms()
{
    GatewaySite site;
    if (!site.prepare(kIdleUsers, "serves = \"rooms\"", "threads = 1\nmax_connections = 20000\n") || !site.start())
        return std::nullopt;
    LoadOptions options;
    options.port = site.port();
    options.authorityFile = site.file(u"ca.pem"_s);
    options.tokensFile = site.file(u"tokens.txt"_s);
    options.subprotocol = u"watchword.v1"_s;
    return idleMemory(options, site.pid(), 0s);
}

std::optional<IdleMemory> idleMemoryOfNginx(std::chrono::seconds afterwards)
{
    RelaySite site;
    if (!site.prepare(1, {}, kIdleUsers) || !site.startNginx())
        return std::nullopt;
    return idleMemory(site.toNginx(), site.nginx().pid(), afterwards);
}

Measure kibibytes(const std::function<std::optional<IdleMemory>()> &measure, double IdleMemory::*part)
{
    return [measure, part]() -> std::optional<Figure> {
        const auto memory = measure();
        return memory ? std::optional(Figure{(*memory).*part / 1024, 0}) : std::nullopt;
    };
}

bool mayHold(int connections)
{
    return raiseDescriptorLimit(2 * connections + kSpare);
}

std::optional<double> relayMemoryRow()
{
    if (!mayHold(kFewIdle + kManyIdle))
        return std::nullopt;
    return ratioInTurns(kibibytes([] { return idleMemoryOfRelay(0s); }, &IdleMemory::each),
                        kibibytes([] { return idleMemoryOfNginx(0s); }, &IdleMemory::each), 3);
}

std::optional<double> relayRemainsRow()
{
    if (!mayHold(kFewIdle + kManyIdle))
        return std::nullopt;
    return ratioInTurns(kibibytes([] { return idleMemoryOfRelay(kLongestTrim); }, &IdleMemory::remains),
                        kibibytes([] { return idleMemoryOfNginx(kTimeOfNginx); }, &IdleMemory::remains), 1);
}

std::optional<double> roomsMemoryRow()
{
    if (!mayHold(kFewIdle + kManyIdle))
        return std::nullopt;
    return medianOf(kibibytes(idleMemoryOfRooms, &IdleMemory::each));
}

//! Percent of a core.
std::optional<double> heartbeatRow()
{
    const int connections = std::min(kMostIdle, (descriptorLimit() - kSpare) / 2);
    RelaySite site;
    if (!mayHold(connections) || !site.prepare())
        return std::nullopt;
    LoadOptions options = site.toGateway();
    options.connections = connections;
    const LoadProcess clients(options);
    if (!clients.isReady())
        return std::nullopt;
    rest(kRest);
    const double before = processorSeconds(site.gateway().pid());
    rest(kHeartbeatTime);
    const double used = processorSeconds(site.gateway().pid()) - before;
    const double percent = 100 * used / std::chrono::duration<double>(kHeartbeatTime).count();
    std::fprintf(stderr, "  %.2f %% of a core with %d connections\n", percent, connections);
    return percent * kMostIdle / connections;
}

} // namespace

QList<Row> idleRows()
{
    return {
        {u"relay-memory"_s, u"PSS of an idle relayed connection"_s, u"nginx"_s, 0.5, true, relayMemoryRow},
        {u"relay-remains"_s, u"PSS that remains after 4,500 closed"_s, u"nginx"_s, 0.5, true, relayRemainsRow},
        {u"rooms-memory"_s, u"PSS of an idle connection with rooms"_s, u"1 KiB"_s, 16, true, roomsMemoryRow},
        {u"relay-heartbeats"_s, u"9,500 idle relayed connections"_s, u"1 % of a core"_s, 1, true, heartbeatRow},
    };
}

} // namespace Bench
