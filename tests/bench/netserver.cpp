// SPDX-License-Identifier: Apache-2.0
// What the gateway's engine costs without the gateway on it.
#include "netserver.h"

#include "net/headhandler.h"
#include "net/listener.h"
#include "net/websockethandler.h"
#include "watchword/wire/handshake.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace Bench {

using namespace Watchword;
using namespace Watchword::Gateway::Net;

namespace {

std::string contentsOf(const std::string &file)
{
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

class NetEcho : public WebSocketUser
{
    void messageReceived(WebSocketHandler &socket, Wire::Opcode type, Wire::MutableBytes message) override
    {
        socket.send(type, message);
        if (socket.stream().isAboveHigh())
            socket.setReadPaused(true);
    }
    void drained(WebSocketHandler &socket) override { socket.setReadPaused(false); }
};

class NetUpgrade : public HeadHandler
{
    void requestReceived(Stream &stream, const Wire::HttpHead &head) override
    {
        stream.handshakeDone();
        stream.clearDeadline();
        if (Wire::checkUpgrade(head) != Wire::UpgradeFault::None) {
            stream.abort();
            return;
        }
        const std::vector<std::string_view> offered = Wire::offeredSubprotocols(head);
        stream.write(Wire::bytesOf(Wire::upgradeAnswer(head, offered.empty() ? std::string_view() : offered.front(), {})));
        stream.setHandler(std::make_unique<WebSocketHandler>(stream, WebSocketOptions(), std::make_unique<NetEcho>()));
        stream.setReadPaused(false);
    }
    void requestRefused(Stream &stream, const RequestProblem &) override { stream.abort(); }
};

} // namespace

namespace {

std::shared_ptr<const TlsContext> tlsOf(const std::string &folder, std::string &problem)
{
    TlsOptions options;
    options.certificatePem = contentsOf(folder + "/server.pem");
    options.keyPem = contentsOf(folder + "/server.key");
    return TlsContext::create(options, problem);
}

} // namespace

int echoByNet(const std::string &folder)
{
    // Blocked before the reactor's thread starts, which inherits it.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    std::string problem;
    const std::shared_ptr<const TlsContext> tls = folder.empty() ? nullptr : tlsOf(folder, problem);
    ReactorPool pool(1);
    pool.start();
    ListenerOptions listen;
    listen.address.address = boost::asio::ip::make_address("127.0.0.1");
    listen.accept = {.connections = 0, .handshakes = 0};
    Listener listener(pool, listen, [](Reactor &, const Accepted &) { return std::make_unique<NetUpgrade>(); });
    const std::error_code error = problem.empty() ? listener.open(tls) : std::error_code();
    if (!problem.empty() || error) {
        std::fprintf(stderr, "%s %s\n", problem.c_str(), error.message().c_str());
        return 1;
    }
    std::printf("READY %d\n", int(listener.address().port));
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
    listener.close();
    pool.stop();
    return 0;
}

} // namespace Bench
