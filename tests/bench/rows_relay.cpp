// SPDX-License-Identifier: Apache-2.0
// What passing messages on to an upstream costs the gateway, and what it costs nginx.
#include "processfacts.h"
#include "relaysite.h"
#include "rows.h"

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRelayConnections = 16;
constexpr int kRelayCrowd = 5'000;
constexpr int kRelayDescriptors = 2 * kRelayCrowd + 1'000; // of the server, which has two for each client
constexpr int kRelayUpgrades = 400;
constexpr int kUsersWhoComeBack = 200;
constexpr int kNewUsers = 6'000; // more than upgrades in all turns: no token is seen twice
// Short and many, so that what else the machine does hits both sides alike.
constexpr int kRelayTurns = 25;

/*! What one row sends. */
struct RelayLoad
{
    int messages;
    int bytes = 256;
    int inFlight = 1;
    bool binary = false;
    int perSecond = 0; //!< 0: the next messages of a connection follow when the last ones came back.

    QString command(int count) const
    {
        return perSecond == 0 ? u"echo %1"_s.arg(count) : u"pace %1 %2"_s.arg(count).arg(perSecond);
    }
};

LoadOptions loadedBy(LoadOptions options, const RelayLoad &load)
{
    options.connections = kRelayConnections;
    options.bytes = load.bytes;
    options.inFlight = load.inFlight;
    options.binary = load.binary;
    return options;
}

//! Messages for one turn, after as many as warm both ends up.
Measure echoesOf(LoadProcess &clients, const RelayLoad &load, qint64 server)
{
    clients.run(load.command(load.messages / 10));
    return [&clients, load, server] { return clients.run(load.command(load.messages), QList<qint64>{server}); };
}

std::optional<double> againstNginx(const RelayLoad &load)
{
    RelaySite site;
    if (!site.prepare() || !site.startNginx())
        return std::nullopt;
    LoadProcess ours(loadedBy(site.toGateway(), load));
    LoadProcess theirs(loadedBy(site.toNginx(), load));
    return processorRatioInTurns(echoesOf(ours, load, site.gateway().pid()), echoesOf(theirs, load, site.nginx().pid()),
                                 kRelayTurns);
}

//! Messages for each second of processor time.
Measure forProcessor(const Measure &measure, int messages)
{
    return [measure, messages]() -> std::optional<Figure> {
        auto figure = measure();
        if (figure)
            figure->value = messages / figure->processorSeconds;
        return figure;
    };
}

std::optional<double> besideIdle(const RelayLoad &load)
{
    RelaySite crowded;
    RelaySite alone;
    if (!raiseDescriptorLimit(kRelayDescriptors) || !crowded.prepare() || !alone.prepare())
        return std::nullopt;
    LoadOptions many = crowded.toGateway();
    many.connections = kRelayCrowd;
    const LoadProcess crowd(many);
    if (!crowd.isReady())
        return std::nullopt;
    LoadProcess beside(loadedBy(crowded.toGateway(), load));
    LoadProcess without(loadedBy(alone.toGateway(), load));
    return ratioInTurns(forProcessor(echoesOf(beside, load, crowded.gateway().pid()), load.messages),
                        forProcessor(echoesOf(without, load, alone.gateway().pid()), load.messages), kRelayTurns);
}

std::optional<double> verifiedUpgrades(int users)
{
    RelaySite site;
    if (!site.prepare(1, {}, users) || !site.startNginx())
        return std::nullopt;
    LoadOptions verified = site.toNginx();
    verified.path = u"/verified"_s;
    LoadProcess ours(site.toGateway());
    LoadProcess theirs(verified);
    const QString command = u"upgrades %1"_s.arg(kRelayUpgrades);
    const QString warmUp = u"upgrades 100"_s;
    if (!ours.run(warmUp) || !theirs.run(warmUp))
        return std::nullopt;
    return processorRatioInTurns([&] { return ours.run(command, {site.gateway().pid()}); },
                                 [&] {
                                     return theirs.run(command, {site.nginx().pid(), site.nginx().verifierPid()});
                                 });
}

std::optional<double> twoReactors(const RelayLoad &load)
{
    RelaySite two;
    RelaySite one;
    if (!two.prepare(2) || !one.prepare(1))
        return std::nullopt;
    LoadProcess byTwo(loadedBy(two.toGateway(), load));
    LoadProcess byOne(loadedBy(one.toGateway(), load));
    return processorRatioInTurns(echoesOf(byTwo, load, two.gateway().pid()), echoesOf(byOne, load, one.gateway().pid()),
                                 kRelayTurns);
}

} // namespace

QList<Row> relayRows()
{
    // At one rate for both: how many messages a server finds at a wake-up is what one of them costs, and clients that wait for
    // their echoes fall in step with it, in one way or another.
    const RelayLoad text{4'000, 256, 1, false, 8'000};
    const RelayLoad binary{4'000, 256, 1, true, 8'000};
    const RelayLoad burst{80'000, 256, 16};
    const RelayLoad large{1'200, 64 * 1024, 1, true};
    const QString nginx = u"nginx"_s;
    const QString idle = u"the same alone"_s;
    const QString verifier = u"nginx and JWT verifier"_s;
    return {
        {u"relay-text"_s, u"relay of 256 B text, processor time"_s, nginx, 1.1, true, [=] { return againstNginx(text); }},
        {u"relay-binary"_s, u"relay of 256 B binary, processor time"_s, nginx, 1.1, true, [=] { return againstNginx(binary); }},
        {u"relay-burst"_s, u"the same, 16 in flight, processor time"_s, nginx, 0.9, true, [=] { return againstNginx(burst); }},
        {u"relay-large"_s, u"relay of 64 KiB, processor time"_s, nginx, 0.6, true, [=] { return againstNginx(large); }},
        {u"relay-idle"_s, u"relay for a second of processor, 5,000 idle"_s, idle, 0.95, false, [=] { return besideIdle(text); }},
        {u"relay-idle-burst"_s, u"the same, 16 in flight"_s, idle, 0.95, false, [=] { return besideIdle(burst); }},
        {u"relay-upgrades"_s, u"TLS, token, audit, upgrade: processor time"_s, verifier, 0.7, true,
         [] { return verifiedUpgrades(kNewUsers); }},
        {u"relay-upgrades-known"_s, u"the same with tokens that come back"_s, verifier, 0.7, true,
         [] { return verifiedUpgrades(kUsersWhoComeBack); }},
        {u"relay-reactors"_s, u"relay by two reactors, processor time"_s, u"one reactor"_s, 1.1, true,
         [=] { return twoReactors(text); }},
    };
}

} // namespace Bench
