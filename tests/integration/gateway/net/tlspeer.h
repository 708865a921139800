// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/descriptor.h"

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/*! A client by blocking system calls, in the test's thread. Each wait ends after kPatience. */
class RawPeer
{
public:
    static constexpr std::chrono::seconds kPatience{10};

    //! \a from is the address of this end: all of 127.0.0.0/8 is the machine itself.
    explicit RawPeer(std::uint16_t port, const std::string &from = {}, int receiveBuffer = 0);

    bool isConnected() const { return m_socket.get() >= 0; }
    int descriptor() const { return m_socket.get(); }
    bool send(const std::string &bytes) const;
    //! Exactly \a size bytes, or fewer if the other side ends.
    std::string receive(std::size_t size) const;
    //! True if the other end comes, by FIN or RST, after at most \a dropped bytes.
    bool ends(std::size_t dropped = 1024 * 1024) const;
    void finish() const; //!< FIN
    void reset(); //!< RST
    void close() { m_socket.reset(); }

private:
    Watchword::Gateway::Net::UniqueDescriptor m_socket;
};

struct TlsPeerOptions
{
    std::string from{};
    int receiveBuffer = 0;
    std::string greeting{}; //!< Before TLS.
    std::string protocols{}; //!< ALPN as on the wire: each name behind its length.
    int version = 0; //!< Only this one.
    SSL_SESSION *session = nullptr; //!< To resume.
};

/*! A TLS client by OpenSSL on a RawPeer. */
class TlsPeer
{
public:
    //! \a authority is the file of the certificate that the server's is checked against.
    TlsPeer(std::uint16_t port, const std::string &authority, const TlsPeerOptions &options = {});

    bool isConnected() const { return m_isConnected; }
    RawPeer &raw() { return m_raw; }
    SSL *session() const { return m_session.get(); }
    std::string protocol() const; //!< By ALPN.
    bool isResumed() const { return SSL_session_reused(m_session.get()) == 1; }
    bool send(const std::string &bytes) const;
    std::string receive(std::size_t size) const;
    bool endsCleanly() const; //!< close_notify comes.
    bool askForNewKeys() const; //!< TLS 1.3: ours change, and the server's have to.
    //! The ticket that came last; the caller frees it.
    SSL_SESSION *takeTicket() const;

private:
    RawPeer m_raw;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> m_context;
    std::unique_ptr<SSL, decltype(&SSL_free)> m_session;
    bool m_isConnected = false;
};
