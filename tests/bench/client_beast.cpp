// SPDX-License-Identifier: Apache-2.0
#include "client_beast.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace Bench {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

// The executor by its type: one that can be any costs a third of all that Beast does.
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

} // namespace

double receiveByBeast(unsigned short port, const char *authorityFile, int wanted)
{
    constexpr int warmUp = 2000;
    try {
        asio::io_context context(1);
        asio::ssl::context tls(asio::ssl::context::tls_client);
        tls.load_verify_file(authorityFile);
        tls.set_verify_mode(asio::ssl::verify_peer);
        beast::websocket::stream<beast::ssl_stream<Socket>> socket(context, tls);
        beast::get_lowest_layer(socket).connect({asio::ip::make_address("127.0.0.1"), port});
        socket.next_layer().handshake(asio::ssl::stream_base::client);
        socket.handshake("127.0.0.1:" + std::to_string(port), "/");

        // Asynchronous reads, as every program with an event loop does them; a QString is not made of them.
        beast::flat_buffer buffer;
        int seen = 0;
        std::chrono::steady_clock::time_point start;
        const auto next = [&](const auto &self) -> void {
            socket.async_read(buffer, [&, self](beast::error_code error, std::size_t) {
                if (error)
                    return;
                buffer.clear();
                if (++seen == warmUp)
                    start = std::chrono::steady_clock::now();
                if (seen < warmUp + wanted)
                    self(self);
            });
        };
        next(next);
        context.run();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        return seen == warmUp + wanted ? wanted / took.count() : -1;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "beast: %s\n", error.what());
        return -1;
    }
}

} // namespace Bench
