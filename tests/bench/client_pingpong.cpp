// SPDX-License-Identifier: Apache-2.0
// Echoes over several connections from one thread, which costs the client little and leaves the server all turns it wants.
#include "client_asio.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

namespace Bench {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int kWarmUp = 100; // rounds
constexpr std::size_t kPayload = 256;

// A client's text frame, masked with zeros.
std::string pingPongFrame()
{
    return std::string("\x81\xfe\x01\x00\0\0\0\0", 8) + std::string(kPayload, 'x');
}

class PingPongPeer
{
public:
    PingPongPeer(asio::io_context &context, asio::ssl::context &tls, const AsioTarget &target, const std::string &token)
        : m_stream(context, tls)
    {
        m_stream.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), target.port});
        m_stream.lowest_layer().set_option(tcp::no_delay(true));
        m_stream.handshake(asio::ssl::stream_base::client);
        // Without a subprotocol nothing but echoes comes back.
        asio::write(m_stream,
                    asio::buffer("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(target.port)
                                 + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer "
                                 + token + "\r\n\r\n"));
        asio::read_until(m_stream, asio::dynamic_buffer(m_received), "\r\n\r\n");
        m_received.erase(0, m_received.find("\r\n\r\n") + 4);
    }
    void send(const std::string &bytes) { asio::write(m_stream, asio::buffer(bytes)); }
    //! \a count text frames of kPayload; others, as pings, are read over.
    void receive(int count)
    {
        while (count > 0) {
            need(2);
            const auto opcode = static_cast<unsigned char>(m_received[0]) & 0xf;
            const std::size_t shortLength = static_cast<unsigned char>(m_received[1]);
            const std::size_t size = shortLength == 126 ? 4 + kPayload : 2 + shortLength;
            need(size);
            m_received.erase(0, size);
            count -= opcode == 1 ? 1 : 0;
        }
    }

private:
    void need(std::size_t size)
    {
        while (m_received.size() < size) {
            char bytes[16 * 1024];
            m_received.append(bytes, m_stream.read_some(asio::buffer(bytes)));
        }
    }
    asio::ssl::stream<tcp::socket> m_stream;
    std::string m_received;
};

} // namespace

double pingPongByAsio(const AsioTarget &target, int messages, int connections, int inFlight)
{
    try {
        asio::io_context context{1};
        asio::ssl::context tls(asio::ssl::context::tls_client);
        tls.load_verify_file(target.authorityFile);
        tls.set_verify_mode(asio::ssl::verify_peer);
        std::vector<std::unique_ptr<PingPongPeer>> peers;
        for (int i = 0; i < connections; ++i)
            peers.push_back(
                std::make_unique<PingPongPeer>(context, tls, target, target.tokens.at(std::size_t(i) % target.tokens.size())));
        std::string burst;
        for (int i = 0; i < inFlight; ++i)
            burst += pingPongFrame();
        const auto rounds = [&](int count) {
            for (int round = 0; round < count; ++round) {
                for (const auto &peer : peers)
                    peer->send(burst);
                for (const auto &peer : peers)
                    peer->receive(inFlight);
            }
        };
        rounds(kWarmUp / inFlight + 1);
        const auto start = std::chrono::steady_clock::now();
        const int count = std::max(1, messages / (connections * inFlight));
        rounds(count);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        return double(count) * connections * inFlight / took.count();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "asio: %s\n", error.what());
        return -1;
    }
}

} // namespace Bench
