// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "tokensimulation.h"

#include <cstdio>

/* Ten thousand lifetimes; ./dev bench --only token-lifetimes lives through a million. */
class TestTokenSimulation : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void lifetimes();
    void tokensOfTheLastSecond();
};

void TestTokenSimulation::lifetimes()
{
    const quint64 seed = 20'261'122;
    const SimulationResult result = simulateTokens(10'000, seed);
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), qPrintable(result.toString()));
    QVERIFY2(result.isGood(), qPrintable(result.firstProblem));
    QVERIFY(result.lifetimes >= 10'000 && result.handedOut > result.lifetimes);
    QVERIFY(result.crashes > 0 && result.reboots > 0 && result.sleeps > 0 && result.steps > 0 && result.outages > 0);
    QVERIFY2(result.requestsPerLifetime() < 1.1, qPrintable(QString::number(result.requestsPerLifetime())));
}

// A provider gives the same token until it ends, and its last answers bring one with less than a second to live.
void TestTokenSimulation::tokensOfTheLastSecond()
{
    const SimulationResult result = simulateTokens(200, 2'124'885'391, 876);
    QVERIFY2(result.isGood(), qPrintable(result.firstProblem));
    QVERIFY(result.handedOut > 0);
}

WATCHWORD_TEST_MAIN(TestTokenSimulation)
#include "tst_tokensimulation.moc"
