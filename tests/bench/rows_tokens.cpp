// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "tokensimulation.h"

#include <QRandomGenerator>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kLifetimes = 1'000'000;

// Another seed at each run; WATCHWORD_SEED repeats one.
quint64 seedOfThisRun()
{
    bool given = false;
    const quint64 seed = qEnvironmentVariable("WATCHWORD_SEED").toULongLong(&given);
    return given ? seed : QRandomGenerator::global()->generate();
}

std::optional<double> simulateLifetimes()
{
    const quint64 seed = seedOfThisRun();
    const SimulationResult result = simulateTokens(kLifetimes, seed);
    std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed), qPrintable(result.toString()));
    if (result.isGood())
        return result.requestsPerLifetime();
    std::fprintf(stderr, "%s\n", qPrintable(result.firstProblem));
    return std::nullopt;
}

} // namespace

QList<Row> tokenRows()
{
    return {{u"token-lifetimes"_s, u"1,000,000 simulated token lifetimes"_s, u"one request for each"_s, 1.1, true,
             simulateLifetimes}};
}

} // namespace Bench
