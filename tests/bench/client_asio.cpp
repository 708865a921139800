// SPDX-License-Identifier: Apache-2.0
// Clients that cost little themselves, so that the server is what is measured.
#include "client_asio.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>

namespace Bench {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/*! One connection up to its 101. Ends by done(true) or done(false), once. */
class Upgrade : public std::enable_shared_from_this<Upgrade>
{
public:
    Upgrade(asio::io_context &context, asio::ssl::context &tls, const AsioTarget &target, const std::string &token,
            bool isTlsEnough, std::function<void(bool)> done)
        : m_stream(context, tls)
        , m_done(std::move(done))
        , m_isTlsEnough(isTlsEnough)
        , m_server(asio::ip::make_address("127.0.0.1"), target.port)
        , m_request("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(target.port)
                    + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: watchword.v1\r\n"
                      "Authorization: Bearer "
                    + token + "\r\n\r\n")
    {
    }

    void start()
    {
        const auto self = shared_from_this();
        m_stream.lowest_layer().async_connect(m_server, [self](error_code error) {
            if (error)
                return self->end(error, "TCP");
            self->m_stream.lowest_layer().set_option(tcp::no_delay(true));
            self->m_stream.async_handshake(asio::ssl::stream_base::client, [self](error_code tlsError) {
                if (tlsError)
                    self->end(tlsError, "TLS");
                else if (self->m_isTlsEnough)
                    self->m_done(true);
                else
                    self->ask();
            });
        });
    }
    void close()
    {
        error_code ignored;
        m_stream.lowest_layer().close(ignored);
    }

private:
    void ask()
    {
        const auto self = shared_from_this();
        asio::async_write(m_stream, asio::buffer(m_request), [self](error_code error, std::size_t) {
            if (error)
                return self->end(error, "the request");
            asio::async_read_until(self->m_stream, asio::dynamic_buffer(self->m_answer), "\r\n\r\n",
                                   [self](error_code readError, std::size_t) { self->end(readError, "the answer"); });
        });
    }
    void end(error_code error, const char *step)
    {
        const bool good = !error && m_answer.compare(0, 12, "HTTP/1.1 101") == 0;
        if (!good)
            std::fprintf(stderr, "%s failed: %s %s\n", step, error.message().c_str(), m_answer.c_str());
        m_done(good);
    }

    asio::ssl::stream<tcp::socket> m_stream;
    std::function<void(bool)> m_done;
    bool m_isTlsEnough;
    tcp::endpoint m_server;
    std::string m_request;
    std::string m_answer;
};

asio::ssl::context tlsContext(const AsioTarget &target)
{
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.load_verify_file(target.authorityFile);
    tls.set_verify_mode(asio::ssl::verify_peer);
    return tls;
}

/*! Keeps \a parallel upgrades going until \a count succeeded or one failed. */
class Load
{
public:
    enum class What { Tls, Upgrade, Hold };

    Load(const AsioTarget &target, int count, What what)
        : m_tls(tlsContext(target))
        , m_target(target)
        , m_count(count)
        , m_what(what)
    {
    }
    bool run(int parallel)
    {
        for (int i = 0; i < parallel; ++i)
            next();
        m_context.run();
        m_context.restart();
        return !m_failed && m_good == m_count;
    }
    asio::io_context &context() { return m_context; }

private:
    void next()
    {
        if (m_failed || m_started == m_count)
            return;
        const std::string &token = m_target.tokens.at(size_t(m_started) % m_target.tokens.size());
        ++m_started;
        const auto slot = std::make_shared<std::weak_ptr<Upgrade>>();
        const auto upgrade =
            std::make_shared<Upgrade>(m_context, m_tls, m_target, token, m_what == What::Tls, [this, slot](bool good) {
                m_failed |= !good;
                m_good += good ? 1 : 0;
                if (const auto ended = slot->lock(); ended && m_what != What::Hold)
                    ended->close();
                else if (ended)
                    m_kept.push_back(ended);
                next();
            });
        *slot = upgrade;
        upgrade->start();
    }

    asio::io_context m_context{1};
    asio::ssl::context m_tls;
    const AsioTarget &m_target;
    int m_count;
    What m_what;
    int m_started = 0;
    int m_good = 0;
    bool m_failed = false;
    std::vector<std::shared_ptr<Upgrade>> m_kept;
};

} // namespace

namespace {

double perSecond(const AsioTarget &target, int count, int parallel, Load::What what)
{
    try {
        if (!Load(target, parallel, what).run(parallel)) // warms both ends up
            return -1;
        Load load(target, count, what);
        const auto start = std::chrono::steady_clock::now();
        const bool done = load.run(parallel);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        return done ? count / took.count() : -1;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "asio: %s\n", error.what());
        return -1;
    }
}

} // namespace

double upgradesByAsio(const AsioTarget &target, int count, int parallel)
{
    return perSecond(target, count, parallel, Load::What::Upgrade);
}

double handshakesByAsio(const AsioTarget &target, int count, int parallel)
{
    return perSecond(target, count, parallel, Load::What::Tls);
}

int holdByAsio(const AsioTarget &target, int count)
{
    try {
        Load load(target, count, Load::What::Hold);
        if (!load.run(8))
            return 1;
        asio::steady_timer quiet(load.context(), std::chrono::seconds(1));
        quiet.async_wait([](error_code) {
            std::printf("READY %d\n", 0);
            std::fflush(stdout);
        });
        // What the servers send stays unread: it fits into the sockets' buffers.
        asio::steady_timer end(load.context(), std::chrono::minutes(2));
        end.async_wait([](error_code) {});
        load.context().run();
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "asio: %s\n", error.what());
        return 1;
    }
}

} // namespace Bench
