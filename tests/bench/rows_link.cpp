// SPDX-License-Identifier: Apache-2.0
#include "client_beast.h"
#include "peers.h"
#include "processfacts.h"
#include "rows.h"

#include "support/process.h"

#include <QUrl>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMessages = 1'500'000; // more than a second, in which the start and the stop of processes do not count
constexpr int kRounds = 5'000;
constexpr int kFewClients = 20;
constexpr int kManyClients = 220;

std::function<std::optional<Figure>()> peer(const QString &name, quint16 port, int count)
{
    const QStringList arguments{name, u"wss://127.0.0.1:%1/"_s.arg(port), certificateFolder() + u"/ca.pem"_s,
                                QString::number(count)};
    return [arguments] { return runPeer(arguments); };
}

std::optional<double> receiveAgainst(const std::function<std::optional<Figure>(quint16)> &theirs)
{
    const PeerServer server({u"flood-server"_s, certificateFolder()});
    if (server.port() == 0)
        return std::nullopt;
    return ratioInTurns(peer(u"receive-sdk"_s, server.port(), kMessages), [&] { return theirs(server.port()); });
}

std::optional<double> receiveAgainstNode()
{
    const QString folder = Support::peersFolder();
    if (folder.isEmpty())
        return std::nullopt;
    return receiveAgainst([&](quint16 port) {
        return runProgram(u"node"_s,
                          {folder + u"/ws-receive.mjs"_s, u"wss://127.0.0.1:%1/"_s.arg(port), certificateFolder() + u"/ca.pem"_s,
                           QString::number(kMessages)});
    });
}

std::optional<double> receiveProcessor()
{
    const PeerServer server({u"flood-server"_s, certificateFolder()});
    if (server.port() == 0)
        return std::nullopt;
    return processorRatioInTurns(peer(u"receive-sdk"_s, server.port(), kMessages),
                                 peer(u"receive-qwebsocket"_s, server.port(), kMessages));
}

//! KiB (PSS) for each of the clients that come to a process which has some.
std::optional<Figure> idleClient(const QString &name, const PeerServer &server)
{
    const auto bytes = [&](int clients) -> std::optional<double> {
        const PeerServer process(
            {name, u"wss://127.0.0.1:%1/"_s.arg(server.port()), certificateFolder() + u"/ca.pem"_s, QString::number(clients)});
        return process.isRunning() ? std::optional(double(proportionalBytes(process.pid()))) : std::nullopt;
    };
    const auto few = bytes(kFewClients);
    const auto many = bytes(kManyClients);
    return few && many ? std::optional(Figure{(*many - *few) / (kManyClients - kFewClients) / 1024, 0}) : std::nullopt;
}

std::optional<double> idleClientRow()
{
    const PeerServer server({u"echo-server"_s, certificateFolder()});
    if (server.port() == 0)
        return std::nullopt;
    return ratioInTurns([&] { return idleClient(u"idle-sdk"_s, server); },
                        [&] { return idleClient(u"idle-qwebsocket"_s, server); }, 3);
}

std::optional<double> roundTrip()
{
    const PeerServer server({u"echo-server"_s, certificateFolder()});
    if (server.port() == 0)
        return std::nullopt;
    return ratioInTurns(peer(u"roundtrip-sdk"_s, server.port(), kRounds),
                        peer(u"roundtrip-qwebsocket"_s, server.port(), kRounds));
}

} // namespace

int receiveWithBeast(const QStringList &arguments)
{
    const double figure = receiveByBeast(quint16(QUrl(arguments.value(0)).port()), arguments.value(1).toLocal8Bit().constData(),
                                         arguments.value(2).toInt());
    std::printf("%.6f\n", figure);
    return figure > 0 ? 0 : 1;
}

QList<Row> linkRows()
{
    const QString what = u"SDK receive, TLS, 256 B text"_s;
    return {
        {u"receive-qwebsocket"_s, what, u"bare QWebSocket"_s, 0.97, false,
         [] { return receiveAgainst([](quint16 port) { return peer(u"receive-qwebsocket"_s, port, kMessages)(); }); }},
        {u"receive-processor"_s, what + u": processor time"_s, u"bare QWebSocket"_s, 0.75, true, receiveProcessor},
        {u"receive-ws"_s, what, u"npm ws"_s, 1.5, false, receiveAgainstNode},
        {u"receive-beast"_s, what, u"Boost.Beast"_s, 1.2, false,
         [] { return receiveAgainst([](quint16 port) { return peer(u"receive-beast"_s, port, kMessages)(); }); }},
        {u"roundtrip-qwebsocket"_s, u"SDK round trip p50, TLS, 256 B text"_s, u"bare QWebSocket"_s, 1.0, true, roundTrip},
        {u"client-memory"_s, u"PSS of an idle client"_s, u"bare QWebSocket"_s, 1.1, true, idleClientRow},
    };
}

} // namespace Bench
