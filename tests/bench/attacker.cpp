// SPDX-License-Identifier: Apache-2.0
#include "attacker.h"

#include "loadgenerator.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace Bench {

namespace {

constexpr auto kAttackTime = std::chrono::seconds(10);
constexpr int kFragments = 100'000;
constexpr std::uint64_t kAnnounced = 1ULL << 30;
constexpr std::size_t kMostOfAnnounced = 16 * 1024 * 1024; // is sent by each

/*! A TCP connection from an address of its own. */
class AttackSocket
{
public:
    explicit AttackSocket(unsigned short port)
        : m_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in end{};
        end.sin_family = AF_INET;
        end.sin_addr.s_addr = ::inet_addr("127.0.0.2");
        ::bind(m_descriptor, reinterpret_cast<const sockaddr *>(&end), sizeof end);
        end.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        end.sin_port = htons(port);
        if (m_descriptor < 0 || ::connect(m_descriptor, reinterpret_cast<const sockaddr *>(&end), sizeof end) != 0)
            throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    }
    ~AttackSocket() { ::close(m_descriptor); }
    AttackSocket(const AttackSocket &) = delete;
    AttackSocket &operator=(const AttackSocket &) = delete;

    int descriptor() const { return m_descriptor; }
    bool isOpen() const
    {
        pollfd state{m_descriptor, POLLRDHUP, 0};
        return ::poll(&state, 1, 0) == 0;
    }

private:
    int m_descriptor;
};

/*! A client that was let in. Writing never waits. */
class AttackClient
{
public:
    AttackClient(SSL_CTX *tls, const LoadTarget &target, const std::string &token)
        : m_socket(target.port)
        , m_tls(SSL_new(tls), SSL_free)
    {
        SSL_set_fd(m_tls.get(), m_socket.descriptor());
        if (SSL_connect(m_tls.get()) != 1)
            throw std::runtime_error("the TLS handshake of an attacker");
        Wire::ClientHandshake handshake(loadRequest(target, token), loadNonce());
        const std::string request = handshake.request();
        SSL_write(m_tls.get(), request.data(), int(request.size()));
        std::array<std::uint8_t, 16 * 1024> bytes;
        while (handshake.state() == Wire::ClientHandshake::State::Waiting) {
            std::size_t count = 0;
            if (SSL_read_ex(m_tls.get(), bytes.data(), bytes.size(), &count) != 1)
                throw std::runtime_error("an attacker got no answer");
            handshake.feed({bytes.data(), count});
        }
        if (handshake.state() != Wire::ClientHandshake::State::Open)
            throw std::runtime_error("an attacker was not let in");
        ::fcntl(m_socket.descriptor(), F_SETFL, O_NONBLOCK);
    }

    //! How many bytes were taken. An attempt that was not taken is made again with the same bytes.
    std::size_t write(const std::string &bytes, std::size_t from)
    {
        std::size_t count = 0;
        ERR_clear_error();
        const int done = SSL_write_ex(m_tls.get(), bytes.data() + from, bytes.size() - from, &count);
        if (done == 1)
            return count;
        const int error = SSL_get_error(m_tls.get(), done);
        m_isBroken = error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ;
        return 0;
    }
    bool isOpen() const { return !m_isBroken && m_socket.isOpen(); }

private:
    AttackSocket m_socket;
    std::unique_ptr<SSL, decltype(&SSL_free)> m_tls;
    bool m_isBroken = false;
};

std::string headerOf(const Wire::FrameHeader &header)
{
    std::array<std::uint8_t, Wire::kLargestHeader> bytes{};
    const Wire::MaskKey mask{1, 2, 3, 4};
    return std::string(Wire::textOf({bytes.data(), Wire::writeHeader(bytes.data(), header, &mask)}));
}

//! What one client sends.
std::string attackBytes(const std::string &kind)
{
    Wire::FrameHeader header;
    std::string bytes;
    if (kind == "pings") {
        header.opcode = Wire::Opcode::Ping;
        header.length = Wire::kLargestControl;
        const std::string ping = headerOf(header) + std::string(Wire::kLargestControl, 'p');
        for (int i = 0; i < 100; ++i)
            bytes += ping;
    } else if (kind == "fragments") {
        header.opcode = Wire::Opcode::Text;
        header.fin = false;
        bytes = headerOf(header);
        header.opcode = Wire::Opcode::Continuation;
        const std::string fragment = headerOf(header);
        for (int i = 0; i < kFragments; ++i)
            bytes += fragment;
    } else {
        header.opcode = Wire::Opcode::Binary;
        header.length = kAnnounced;
        bytes = headerOf(header) + std::string(kMostOfAnnounced, 'b');
    }
    return bytes;
}

SSL_CTX *attackTls(const LoadTarget &target)
{
    SSL_CTX *tls = makeLoadTls(target);
    SSL_CTX_set_mode(tls, SSL_MODE_AUTO_RETRY);
    return tls;
}

using AttackClients = std::vector<std::unique_ptr<AttackClient>>;

std::size_t openOf(const AttackClients &clients)
{
    return std::size_t(std::count_if(clients.begin(), clients.end(), [](const auto &client) { return client->isOpen(); }));
}

//! Sends \a bytes by all clients, once or again and again, until the time is over or nobody is left. Returns what was taken.
std::size_t sendAll(const AttackClients &clients, const std::string &bytes, bool isEndless)
{
    std::vector<std::size_t> sent(clients.size());
    const auto end = LoadClock::now() + kAttackTime;
    std::size_t all = 0;
    while (LoadClock::now() < end && openOf(clients) > 0) {
        std::size_t taken = 0;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (sent[i] == bytes.size() && isEndless)
                sent[i] = 0;
            if (sent[i] == bytes.size() || !clients[i]->isOpen())
                continue;
            const std::size_t now = clients[i]->write(bytes, sent[i]);
            sent[i] += now;
            taken += now;
        }
        all += taken;
        if (taken == 0)
            ::poll(nullptr, 0, 10);
    }
    return all;
}

void attackWith(const LoadTarget &target, const std::string &kind, int count)
{
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls(attackTls(target), SSL_CTX_free);
    AttackClients clients;
    for (int i = 0; i < count; ++i)
        clients.push_back(
            std::make_unique<AttackClient>(tls.get(), target, target.tokens.at(std::size_t(i) % target.tokens.size())));
    const std::string bytes = attackBytes(kind);
    std::printf("READY 0\n");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        const std::size_t sent = sendAll(clients, bytes, kind == "pings");
        std::printf("RESULT %zu %zu 0\n", sent, clients.size() - openOf(clients));
        std::fflush(stdout);
    }
}

//! TLS's ClientHello, as a client of today sends it.
std::string helloBytes(const LoadTarget &target)
{
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(makeLoadTls(target), SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.get(), BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(tls.get());
    SSL_do_handshake(tls.get());
    char *bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    return std::string(bytes, std::size_t(size));
}

void holdHalfOpen(const LoadTarget &target, const std::string &greeting, int count)
{
    std::vector<std::unique_ptr<AttackSocket>> sockets;
    for (int i = 0; i < count; ++i) {
        sockets.push_back(std::make_unique<AttackSocket>(target.port));
        if (::send(sockets.back()->descriptor(), greeting.data(), greeting.size(), MSG_NOSIGNAL) != ssize_t(greeting.size()))
            throw std::runtime_error("a half-open connection was closed at once");
    }
    std::printf("READY 0\n");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        std::size_t closed = 0;
        for (const auto &socket : sockets)
            closed += socket->isOpen() ? 0 : 1;
        std::printf("RESULT %d %zu 0\n", count, closed);
        std::fflush(stdout);
    }
}

} // namespace

int runAttack(const std::vector<std::string> &arguments)
{
    try {
        const LoadTarget target = loadTarget(arguments);
        const std::string kind = loadArgument(arguments, "kind");
        const int count = std::stoi(loadArgument(arguments, "connections"));
        if (kind == "silent")
            holdHalfOpen(target, {}, count);
        else if (kind == "half-open")
            holdHalfOpen(target, helloBytes(target), count);
        else
            attackWith(target, kind, count);
        return 0;
    } catch (const std::exception &error) {
        std::printf("FAILED %s\n", error.what());
        std::fflush(stdout);
        return 1;
    }
}

} // namespace Bench
