// SPDX-License-Identifier: Apache-2.0
#include "gatewaysite.h"
#include "histogram.h"
#include "loadprocess.h"
#include "processfacts.h"
#include "rows.h"

#include "support/await.h"
#include "watchword/link/connectionoptions.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <chrono>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kClients = 2'000;
constexpr int kDescriptors = 4 * kClients;

qint64 steadyNow()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

QList<qint64> times(const QJsonValue &value)
{
    QList<qint64> all;
    const QJsonArray array = value.toArray();
    for (const QJsonValue &time : array)
        all.append(time.toInteger());
    return all;
}

QJsonObject readReport(const QString &name)
{
    QFile file(name);
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

void draw(const QJsonObject &report, qint64 stopped, qint64 up)
{
    const qint64 until = report.value("back"_L1).toInteger() + 500;
    Histogram histogram;
    histogram.title = u"%1 SDK clients over a restart of their gateway"_s.arg(kClients);
    histogram.tried = Histogram::counted(times(report.value("starts"_L1)), stopped, until, histogram.width);
    histogram.succeeded = Histogram::counted(times(report.value("readies"_L1)), stopped, until, histogram.width);
    histogram.mark = up - stopped;
    histogram.markName = u"listens again"_s;
    writeOutput(u"restart-clients.svg"_s, histogram.toSvg());
}

/*! What the row promises beside its ratio. */
bool keptPromises(const QJsonObject &report)
{
    const Watchword::ConnectionOptions defaults;
    const qint64 lost = report.value("lost"_L1).toInteger();
    const qint64 mostStarts = report.value("mostStarts"_L1).toInteger();
    std::fprintf(stderr,
                 "  %lld messages, %lld lost, %lld echoed twice; at most %lld attempts of one client in 60 s (budget %d)\n",
                 static_cast<long long>(report.value("sent"_L1).toInteger()), static_cast<long long>(lost),
                 static_cast<long long>(report.value("doubled"_L1).toInteger()), static_cast<long long>(mostStarts),
                 defaults.budgetAttempts);
    return report.value("back"_L1).toInteger() > 0 && lost == 0 && mostStarts <= defaults.budgetAttempts;
}

std::optional<double> restartRow()
{
    GatewaySite site;
    if (!raiseDescriptorLimit(kDescriptors) || !site.prepare(kClients) || !site.start())
        return std::nullopt;
    const QStringList target{u"wss://127.0.0.1:%1/"_s.arg(site.port()), site.file(u"ca.pem"_s), site.file(u"tokens.txt"_s)};
    // The same number by clients that cost nearly nothing and never wait: no herd can be back sooner.
    LoadOptions upgrades;
    upgrades.port = site.port();
    upgrades.authorityFile = site.file(u"ca.pem"_s);
    upgrades.tokensFile = site.file(u"tokens.txt"_s);
    const auto rate = LoadProcess(upgrades).run(u"upgrades %1"_s.arg(kClients));
    if (!rate)
        return std::nullopt;
    const double minimum = 1000.0 * kClients / rate->perSecond;

    Support::ReadyProcess fleet;
    const QString reportFile = site.file(u"report.json"_s);
    const auto storm = fleet.start(
        QCoreApplication::applicationFilePath(),
        QStringList{u"--peer"_s, u"fleet"_s} + target + QStringList{QString::number(kClients), reportFile}, u"READY "_s, 180'000);
    if (!storm)
        return std::nullopt;
    const qint64 stopped = steadyNow();
    site.stop();
    if (!site.start())
        return std::nullopt;
    const qint64 up = steadyNow();
    if (!Support::waitUntil([&] { return fleet.process().state() == QProcess::NotRunning; }, 300s)) {
        std::fprintf(stderr, "the clients are not back after five minutes\n");
        return std::nullopt;
    }
    const QJsonObject report = readReport(reportFile);
    if (!keptPromises(report))
        return std::nullopt;
    draw(report, stopped, up);
    const qint64 back = report.value("back"_L1).toInteger() - up;
    std::fprintf(stderr,
                 "  down for %lld ms; all back %lld ms later; accept-limited minimum %.0f ms; the first connecting took %s ms\n",
                 static_cast<long long>(up - stopped), static_cast<long long>(back), minimum, qPrintable(*storm));
    return double(back) / minimum;
}

} // namespace

QList<Row> restartRows()
{
    return {{u"restart-clients"_s, u"2,000 clients back after a gateway restart"_s, u"accept-limited minimum"_s, 2.0, true,
             restartRow}};
}

} // namespace Bench
