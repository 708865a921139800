// SPDX-License-Identifier: Apache-2.0
#include "tlspeer.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <csignal>

using Watchword::Gateway::Net::UniqueDescriptor;

namespace {

sockaddr_in loopback(std::uint16_t port, const std::string &text = "127.0.0.1")
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, text.c_str(), &address.sin_addr);
    return address;
}

template <typename Call>
bool withAddress(const sockaddr_in &address, Call call)
{
    return call(reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
}

} // namespace

RawPeer::RawPeer(std::uint16_t port, const std::string &from, int receiveBuffer)
    : m_socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    const int descriptor = m_socket.get();
    const timeval patience{kPatience.count(), 0};
    const int one = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (receiveBuffer > 0)
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    const bool isBound = from.empty()
        || withAddress(loopback(0, from), [descriptor](auto *to, auto size) { return ::bind(descriptor, to, size); });
    if (!isBound || !withAddress(loopback(port), [descriptor](auto *to, auto size) { return ::connect(descriptor, to, size); }))
        m_socket.reset();
}

bool RawPeer::send(const std::string &bytes) const
{
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t count = ::send(m_socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0)
            return false;
        sent += std::size_t(count);
    }
    return true;
}

std::string RawPeer::receive(std::size_t size) const
{
    std::string bytes(size, '\0');
    const ssize_t count = size == 0 ? 0 : ::recv(m_socket.get(), bytes.data(), size, MSG_WAITALL);
    bytes.resize(count > 0 ? std::size_t(count) : 0);
    return bytes;
}

bool RawPeer::ends(std::size_t dropped) const
{
    char bytes[4096];
    for (std::size_t all = 0; all <= dropped;) {
        const ssize_t count = ::recv(m_socket.get(), bytes, sizeof bytes, 0);
        if (count <= 0)
            return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        all += std::size_t(count);
    }
    return false;
}

void RawPeer::finish() const
{
    ::shutdown(m_socket.get(), SHUT_WR);
}

void RawPeer::reset()
{
    const linger now{1, 0};
    ::setsockopt(m_socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    m_socket.reset();
}

TlsPeer::TlsPeer(std::uint16_t port, const std::string &authority, const TlsPeerOptions &options)
    : m_raw(port, options.from, options.receiveBuffer)
    , m_context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free)
    , m_session(nullptr, &SSL_free)
{
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes to sockets without MSG_NOSIGNAL
    ERR_clear_error();
    if (!m_raw.isConnected() || !m_raw.send(options.greeting))
        return;
    if (SSL_CTX_load_verify_locations(m_context.get(), authority.c_str(), nullptr) != 1)
        return;
    SSL_CTX_set_verify(m_context.get(), SSL_VERIFY_PEER, nullptr);
    if (options.version > 0) {
        SSL_CTX_set_min_proto_version(m_context.get(), options.version);
        SSL_CTX_set_max_proto_version(m_context.get(), options.version);
    }
    m_session.reset(SSL_new(m_context.get()));
    SSL_set1_host(m_session.get(), "localhost");
    SSL_set_tlsext_host_name(m_session.get(), "localhost");
    if (!options.protocols.empty()) {
        SSL_set_alpn_protos(m_session.get(), reinterpret_cast<const unsigned char *>(options.protocols.data()),
                            unsigned(options.protocols.size()));
    }
    if (options.session)
        SSL_set_session(m_session.get(), options.session);
    SSL_set_fd(m_session.get(), m_raw.descriptor());
    m_isConnected = SSL_connect(m_session.get()) == 1;
}

std::string TlsPeer::protocol() const
{
    const unsigned char *name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(m_session.get(), &name, &size);
    return {reinterpret_cast<const char *>(name), size};
}

bool TlsPeer::send(const std::string &bytes) const
{
    ERR_clear_error();
    return bytes.empty() || SSL_write(m_session.get(), bytes.data(), int(bytes.size())) == int(bytes.size());
}

std::string TlsPeer::receive(std::size_t size) const
{
    std::string bytes(size, '\0');
    std::size_t got = 0;
    ERR_clear_error();
    while (got < size) {
        const int count = SSL_read(m_session.get(), bytes.data() + got, int(size - got));
        if (count <= 0)
            break;
        got += std::size_t(count);
    }
    bytes.resize(got);
    return bytes;
}

bool TlsPeer::endsCleanly() const
{
    char bytes[4096];
    ERR_clear_error();
    int count = 0;
    do {
        count = SSL_read(m_session.get(), bytes, sizeof bytes);
    } while (count > 0);
    return SSL_get_error(m_session.get(), count) == SSL_ERROR_ZERO_RETURN;
}

bool TlsPeer::askForNewKeys() const
{
    ERR_clear_error();
    return SSL_key_update(m_session.get(), SSL_KEY_UPDATE_REQUESTED) == 1;
}

SSL_SESSION *TlsPeer::takeTicket() const
{
    return SSL_get1_session(m_session.get());
}
