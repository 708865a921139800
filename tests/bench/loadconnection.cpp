// SPDX-License-Identifier: Apache-2.0
#include "loadconnection.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace Bench {

namespace {

// Of all connections: what one of them reads is done with before the next one reads.
std::array<std::uint8_t, 64 * 1024> g_loadScratch;

Wire::MaskKey loadMask()
{
    Wire::MaskKey mask{};
    RAND_bytes(mask.data(), int(mask.size()));
    return mask;
}

} // namespace

SSL_CTX *makeLoadTls(const LoadTarget &target)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls || SSL_CTX_load_verify_file(tls, target.authorityFile.c_str()) != 1)
        throw std::runtime_error("cannot read " + target.authorityFile);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(tls, 1);
    // Each connection is a new client.
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    return tls;
}

std::string loadFrame(Wire::Opcode opcode, std::size_t size)
{
    const std::string payload(size, 'x');
    const Wire::MaskKey mask = loadMask();
    std::vector<std::uint8_t> frame(Wire::headerSize(size, true) + size);
    Wire::FrameHeader header;
    header.opcode = opcode;
    const std::size_t written = Wire::writeFrame(frame.data(), header, Wire::bytesOf(payload), &mask);
    return std::string(Wire::textOf({frame.data(), written}));
}

Wire::UpgradeRequest loadRequest(const LoadTarget &target, const std::string &token)
{
    Wire::UpgradeRequest request;
    request.target = target.path;
    request.host = "127.0.0.1:" + std::to_string(target.port);
    if (!target.subprotocol.empty())
        request.subprotocols.push_back(target.subprotocol);
    if (!token.empty())
        request.fields.emplace_back("Authorization", "Bearer " + token);
    return request;
}

std::array<std::uint8_t, 16> loadNonce()
{
    std::array<std::uint8_t, 16> nonce{};
    RAND_bytes(nonce.data(), int(nonce.size()));
    return nonce;
}

LoadConnection::LoadConnection(SSL_CTX *tls, const LoadTarget &target, const std::string &token, Goal goal, LoadUser &user)
    : m_user(user)
    , m_goal(goal)
    , m_tls(SSL_new(tls))
    , m_handshake(std::make_unique<Wire::ClientHandshake>(loadRequest(target, token), loadNonce()))
    , m_parser(Wire::FrameRules{})
{
}

LoadConnection::~LoadConnection()
{
    close();
    SSL_free(m_tls);
}

bool LoadConnection::start(int epoll, unsigned short port)
{
    m_startedAt = LoadClock::now();
    m_descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (m_descriptor < 0)
        return false;
    const int on = 1;
    ::setsockopt(m_descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(m_descriptor, reinterpret_cast<const sockaddr *>(&server), sizeof server) != 0 && errno != EINPROGRESS)
        return false;
    SSL_set_fd(m_tls, m_descriptor);
    SSL_set_connect_state(m_tls);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = this;
    return ::epoll_ctl(epoll, EPOLL_CTL_ADD, m_descriptor, &event) == 0;
}

void LoadConnection::wakeUp()
{
    m_isAwake = true;
    if (m_state != State::Ended && finishConnect() && shakeHands()) {
        flush();
        readAll();
        flush();
    }
    m_isAwake = false;
}

void LoadConnection::send(const std::string &frames)
{
    m_output += frames;
    if (!m_isAwake)
        flush();
}

void LoadConnection::close()
{
    if (m_descriptor < 0)
        return;
    if (m_state == State::Open || m_state == State::Upgrading)
        SSL_shutdown(m_tls);
    ERR_clear_error();
    ::close(m_descriptor);
    m_descriptor = -1;
    m_state = State::Ended;
}

bool LoadConnection::finishConnect()
{
    if (m_state != State::Connecting)
        return true;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(m_descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
        fail(std::string("TCP: ") + std::strerror(error));
    else
        m_state = State::Tls;
    return error == 0;
}

bool LoadConnection::shakeHands()
{
    if (m_state != State::Tls)
        return m_state != State::Ended;
    ERR_clear_error();
    const int done = SSL_do_handshake(m_tls);
    if (done != 1) {
        const int error = SSL_get_error(m_tls, done);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            fail("the TLS handshake");
        return false;
    }
    m_state = State::Upgrading;
    if (m_goal == Goal::Tls)
        m_user.opened(*this);
    else
        m_output += m_handshake->request();
    return m_state != State::Ended;
}

void LoadConnection::readAll()
{
    while (m_state == State::Upgrading || m_state == State::Open) {
        std::size_t count = 0;
        ERR_clear_error();
        const int done = SSL_read_ex(m_tls, g_loadScratch.data(), g_loadScratch.size(), &count);
        if (done == 1) {
            take({g_loadScratch.data(), count});
            continue;
        }
        const int error = SSL_get_error(m_tls, done);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            fail(m_state == State::Open ? "the connection ended" : "the connection ended before the answer");
        return;
    }
}

void LoadConnection::take(Wire::MutableBytes bytes)
{
    if (m_state == State::Upgrading && m_handshake) {
        bytes = bytes.subspan(m_handshake->feed(bytes));
        switch (m_handshake->state()) {
        case Wire::ClientHandshake::State::Waiting:
            return;
        case Wire::ClientHandshake::State::Refused:
            return fail("refused with " + std::to_string(m_handshake->answer().status()));
        case Wire::ClientHandshake::State::Failed:
            return fail("the answer: " + std::string(describe(m_handshake->fault())));
        case Wire::ClientHandshake::State::Open:
            m_handshake.reset();
            m_state = State::Open;
            m_user.opened(*this);
        }
    }
    if (m_state != State::Open || bytes.empty())
        return;
    if (m_parser.feed(bytes, *this).status == Wire::FeedStatus::Failed)
        fail("a frame: " + std::string(describe(m_parser.fault())));
}

void LoadConnection::flush()
{
    while (m_written < m_output.size() && (m_state == State::Upgrading || m_state == State::Open)) {
        std::size_t count = 0;
        ERR_clear_error();
        const int done = SSL_write_ex(m_tls, m_output.data() + m_written, m_output.size() - m_written, &count);
        if (done != 1) {
            const int error = SSL_get_error(m_tls, done);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
                fail("writing");
            return;
        }
        m_written += count;
    }
    m_output.clear();
    m_written = 0;
}

void LoadConnection::fail(const std::string &what)
{
    if (m_state == State::Ended)
        return;
    close();
    m_state = State::Ended;
    m_user.failed(*this, what);
}

Wire::Flow LoadConnection::frameStarted(const Wire::FrameHeader &header)
{
    if (header.opcode != Wire::Opcode::Continuation)
        m_size = 0;
    m_isLastFrame = header.fin;
    return Wire::Flow::GoOn;
}

Wire::Flow LoadConnection::frameData(Wire::MutableBytes bytes)
{
    m_size += bytes.size();
    return Wire::Flow::GoOn;
}

Wire::Flow LoadConnection::frameEnded()
{
    if (m_isLastFrame)
        m_user.messageReceived(*this, m_size);
    return m_state == State::Open ? Wire::Flow::GoOn : Wire::Flow::Stop;
}

Wire::Flow LoadConnection::pingReceived(Wire::Bytes payload)
{
    std::array<std::uint8_t, Wire::kLargestHeader + Wire::kLargestControl> frame{};
    const Wire::MaskKey mask = loadMask();
    Wire::FrameHeader header;
    header.opcode = Wire::Opcode::Pong;
    m_output += Wire::textOf({frame.data(), Wire::writeFrame(frame.data(), header, payload, &mask)});
    return Wire::Flow::GoOn;
}

Wire::Flow LoadConnection::closeReceived(const Wire::CloseFrame &close)
{
    fail("closed with " + std::to_string(close.code) + ' ' + std::string(close.reason));
    return Wire::Flow::Stop;
}

} // namespace Bench
