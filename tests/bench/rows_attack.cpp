// SPDX-License-Identifier: Apache-2.0
// What a stranger costs those who work, and what a bad client costs the gateway.
#include "processfacts.h"
#include "relaysite.h"
#include "rows.h"

#include <algorithm>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostStrangers = 5'000;
constexpr int kWorkers = 100;
constexpr int kBadClients = 10;
constexpr int kDescriptorsBesideStrangers = 1'000;
// So that all of them are there while it is measured: no limit of the gateway helps it.
constexpr auto kPatientListener = "max_handshakes = 20000\nhead_timeout = \"120 s\"\n";
// The same with the default of what keeps one address from it.
constexpr auto kGuardedListener = "max_handshakes = 20000\nhead_timeout = \"120 s\"\nhandshakes_per_address = 250\n";

//! The 99th percentile of the workers' round trips, in microseconds: 1,000 messages a second for three seconds.
std::optional<Figure> workersP99(LoadProcess &workers)
{
    const auto result = workers.run(u"pace 3000 1000"_s);
    return result ? std::optional(Figure{result->p99, 0}) : std::nullopt;
}

std::optional<double> strangersRow(const QString &kind, const QByteArray &listen = kPatientListener)
{
    const int strangers = std::min(kMostStrangers, descriptorLimit() - kDescriptorsBesideStrangers);
    RelaySite site;
    if (!raiseDescriptorLimit(strangers + kDescriptorsBesideStrangers) || !site.prepare(1, listen))
        return std::nullopt;
    LoadOptions working = site.toGateway();
    working.connections = kWorkers;
    LoadProcess workers(working);
    LoadOptions attacking = site.toGateway();
    attacking.connections = strangers;
    if (!workersP99(workers))
        return std::nullopt;
    const qint64 before = proportionalBytes(site.gateway().pid());
    return ratioInTurns(
        [&]() -> std::optional<Figure> {
            LoadProcess attack(attacking, kind);
            const auto figure = workersP99(workers);
            const auto seen = attack.run(u"look"_s);
            if (!seen)
                return std::nullopt;
            std::fprintf(stderr, "  %d of %d were closed; the gateway grew by %.1f MiB\n", int(seen->median), strangers,
                         double(proportionalBytes(site.gateway().pid()) - before) / 1024 / 1024);
            return figure;
        },
        [&] { return workersP99(workers); }, 5);
}

//! MiB by which the gateway's memory rises at most while they attack, for each of them.
std::optional<double> badClientsRow(const QString &kind)
{
    return medianOf([kind]() -> std::optional<Figure> {
        RelaySite site;
        if (!site.prepare())
            return std::nullopt;
        LoadOptions options = site.toGateway();
        options.connections = kBadClients;
        LoadProcess clients(options, kind);
        const qint64 gateway = site.gateway().pid();
        const qint64 before = residentBytes(gateway);
        if (!clients.isReady() || !forgetMostResident(gateway))
            return std::nullopt;
        const auto result = clients.run(u"attack"_s);
        if (!result)
            return std::nullopt;
        const double growth = double(mostResidentBytes(gateway) - before) / 1024 / 1024;
        std::fprintf(stderr, "  they sent %.1f MiB, %d of %d were closed; memory %.1f MiB before, %.2f MiB more at most\n",
                     result->perSecond / 1024 / 1024, int(result->median), kBadClients, double(before) / 1024 / 1024, growth);
        return Figure{growth / kBadClients, 0};
    });
}

} // namespace

QList<Row> attackRows()
{
    const QString what = u"p99 of 100 clients beside 5,000 "_s;
    const QString quiet = u"the same without them"_s;
    const QString unit = u"1 MiB of memory"_s;
    return {
        {u"attack-silent"_s, what + u"silent"_s, quiet, 2, true, [] { return strangersRow(u"silent"_s); }},
        {u"attack-half-open"_s, what + u"half-open"_s, quiet, 2, true, [] { return strangersRow(u"half-open"_s); }},
        {u"attack-half-open-guarded"_s, u"the same, handshakes_per_address = 250"_s, quiet, 2, true,
         [] { return strangersRow(u"half-open"_s, kGuardedListener); }},
        {u"attack-pings"_s, u"a client that pings and never reads"_s, unit, 1, true, [] { return badClientsRow(u"pings"_s); }},
        {u"attack-fragments"_s, u"a client of 100,000 empty fragments"_s, unit, 1, true,
         [] { return badClientsRow(u"fragments"_s); }},
        {u"attack-announced"_s, u"a client that announces 1 GiB"_s, unit, 1, true, [] { return badClientsRow(u"announced"_s); }},
    };
}

} // namespace Bench
