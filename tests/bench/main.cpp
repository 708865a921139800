// SPDX-License-Identifier: Apache-2.0
#include "peers.h"
#include "processfacts.h"
#include "rows.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QFile>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <cstdio>

using namespace Qt::StringLiterals;

namespace {

using Peer = int (*)(const QStringList &);

int runAsPeer(const QStringList &arguments)
{
    const QHash<QString, Peer> peers{
        {u"flood-server"_s, Bench::floodServer},
        {u"echo-server"_s, Bench::echoServer},
        {u"net-echo"_s, Bench::echoServerOfNet},
        {u"plain-echo"_s, Bench::plainEchoServer},
        {u"load"_s, Bench::generateLoad},
        {u"attack"_s, Bench::attackServer},
        {u"fleet"_s, Bench::runFleet},
        {u"receive-sdk"_s, Bench::receiveWithSdk},
        {u"receive-qwebsocket"_s, Bench::receiveWithQWebSocket},
        {u"receive-beast"_s, Bench::receiveWithBeast},
        {u"roundtrip-sdk"_s, Bench::roundTripWithSdk},
        {u"roundtrip-qwebsocket"_s, Bench::roundTripWithQWebSocket},
        {u"idle-sdk"_s, Bench::idleWithSdk},
        {u"idle-qwebsocket"_s, Bench::idleWithQWebSocket},
        {u"verify-jwt"_s, Bench::verifyJwt},
    };
    const auto peer = arguments.isEmpty() ? nullptr : peers.value(arguments.first());
    if (!peer) {
        std::fprintf(stderr, "unknown peer\n");
        return 2;
    }
    return peer(arguments.mid(1));
}

QJsonObject toJson(const Bench::Row &row, std::optional<double> ratio, bool met)
{
    return {
        {"id"_L1, row.id},
        {"what"_L1, row.what},
        {"against"_L1, row.against},
        {"ratio"_L1, ratio ? QJsonValue(*ratio) : QJsonValue()},
        {"reach"_L1, (row.atMost ? u"<= "_s : u">= "_s) + QString::number(row.reach)},
        {"met"_L1, met},
        {"command"_L1, u"./dev bench --only "_s + row.id},
    };
}

QList<Bench::Row> allRows()
{
    return Bench::linkRows() + Bench::relayRows() + Bench::idleRows() + Bench::attackRows() + Bench::gateRows() + Bench::netRows()
        + Bench::restartRows() + Bench::jwtRows() + Bench::tokenRows();
}

int listRows()
{
    const QList<Bench::Row> rows = allRows();
    for (const Bench::Row &row : rows)
        std::printf("%-22s %s against %s\n", qPrintable(row.id), qPrintable(row.what), qPrintable(row.against));
    return 0;
}

// Nothing of ours runs before a row: what is used then is used by others.
void hintIfBusy()
{
    constexpr int window = 400;
    constexpr double little = 0.05;
    if (const double share = Bench::busyShare(window); share > little)
        std::fprintf(stderr, "  other programs use %.0f %% of this machine: compare the spread before quoting the next row\n",
                     share * 100);
}

int runRows(const QString &only, const QString &jsonFile)
{
    const QList<Bench::Row> all = allRows();
    QJsonArray rows;
    std::printf("%-22s %-44s %-26s %8s %8s\n", "id", "what", "against", "ratio", "reach");
    for (const Bench::Row &row : all) {
        if (!only.isEmpty() && row.id != only)
            continue;
        hintIfBusy();
        const auto ratio = row.measure();
        const bool met = ratio && (row.atMost ? *ratio <= row.reach : *ratio >= row.reach);
        const QString shown = ratio ? QString::number(*ratio, 'f', 3) : u"failed"_s;
        std::printf("%-22s %-44s %-26s %8s %5s%.2f  %s\n", qPrintable(row.id), qPrintable(row.what), qPrintable(row.against),
                    qPrintable(shown), row.atMost ? "<= " : ">= ", row.reach, met ? "met" : "NOT MET");
        std::fflush(stdout);
        rows.append(toJson(row, ratio, met));
    }
    if (rows.isEmpty()) {
        std::fprintf(stderr, "there is no row \"%s\"\n", qPrintable(only));
        return 2;
    }
    if (jsonFile.isEmpty())
        return 0;
    QFile file(jsonFile);
    if (!file.open(QIODevice::WriteOnly) || file.write(QJsonDocument(rows).toJson()) < 0) {
        std::fprintf(stderr, "cannot write %s: %s\n", qPrintable(jsonFile), qPrintable(file.errorString()));
        return 1;
    }
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    if (arguments.size() > 1 && arguments.at(1) == "--peer"_L1)
        return runAsPeer(arguments.mid(2));

    QCommandLineParser parser;
    parser.setApplicationDescription(u"Measures Watchword against its peers, as ratios within one run. "
                                     "tests/bench/README.md says what each row is."_s);
    parser.addHelpOption();
    const QCommandLineOption only(u"only"_s, u"Run one row."_s, u"id"_s);
    const QCommandLineOption json(u"json"_s, u"Write the rows as JSON."_s, u"file"_s);
    const QCommandLineOption list(u"list"_s, u"Name the rows."_s);
    parser.addOptions({only, json, list});
    parser.process(application);
    if (parser.isSet(list))
        return listRows();
    return runRows(parser.value(only), parser.value(json));
}
