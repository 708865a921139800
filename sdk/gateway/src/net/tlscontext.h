// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

struct ssl_ctx_st;
struct ssl_st;
struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace Watchword::Gateway::Net {

/*!
    The keys that session tickets are sealed with. They outlive a change of the certificate, so that clients resume across it;
    a new one is made every kLifetime, and the one before still opens tickets, which then are renewed.
    Threads: any; OpenSSL asks from all reactors.
*/
class TicketKeys
{
public:
    static constexpr std::chrono::hours kLifetime{12};

    TicketKeys();
    ~TicketKeys();
    TicketKeys(const TicketKeys &) = delete;
    TicketKeys &operator=(const TicketKeys &) = delete;

    //! OpenSSL's callback (SSL_CTX_set_tlsext_ticket_key_evp_cb).
    int prepare(unsigned char *name, unsigned char *iv, evp_cipher_ctx_st *cipher, evp_mac_ctx_st *mac, bool isNew);

private:
    struct Key
    {
        std::array<unsigned char, 16> name{};
        std::array<unsigned char, 32> cipher{};
        std::array<unsigned char, 32> mac{};
        std::chrono::steady_clock::time_point madeAt{};
    };
    static Key makeKey();

    std::mutex m_mutex;
    Key m_current;
    Key m_previous;
};

struct TlsOptions
{
    std::string certificatePem{}; //!< The server's certificate first, then its chain.
    std::string keyPem{}; //!< Without a pass phrase. The caller wipes its own copy.
    bool tls13Only = false;
    std::shared_ptr<TicketKeys> ticketKeys{}; //!< Null: sessions are not resumed.
};

/*! TLS towards a server of ours. */
struct TlsClientOptions
{
    std::string authoritiesPem{}; //!< Beside the system's.
    std::string certificatePem{}; //!< Of the gateway, for servers that ask for one; with keyPem.
    std::string keyPem{};
};

/*!
    What TLS needs to know about one generation of a listener: certificate, key, versions, groups, ALPN. Immutable and shared
    by all reactors; a reload makes a new one, and connections keep that with which they began.

    TLS 1.2 or later with forward secrecy and authenticated encryption only, no renegotiation, no compression, no early data.
    The hybrid group X25519MLKEM768 is preferred where the installed OpenSSL has it. ALPN answers "http/1.1"; a client that
    offers other protocols only gets the alert no_application_protocol (RFC 7301 section 3.2). A resumed session saves the key
    exchange and nothing else: each request is judged by its own token.

    Threads: reentrant, const.
*/
class TlsContext
{
public:
    //! Null with \a problem, one plain sentence, if certificate and key cannot be used.
    static std::shared_ptr<const TlsContext> create(const TlsOptions &options, std::string &problem);
    /*!
        The other side, for connections to servers: their certificate has to lead to an authority and to be good for the name
        that TlsSession is given. There is no way to accept another one.
    */
    static std::shared_ptr<const TlsContext> createClient(const TlsClientOptions &options, std::string &problem);
    ~TlsContext();
    TlsContext(const TlsContext &) = delete;
    TlsContext &operator=(const TlsContext &) = delete;

    ssl_st *makeSession() const; //!< Null without memory. The caller frees it.
    bool isClient() const { return m_isClient; }

private:
    TlsContext(ssl_ctx_st *context, std::shared_ptr<TicketKeys> keys);

    ssl_ctx_st *m_context;
    std::shared_ptr<TicketKeys> m_ticketKeys;
    bool m_isClient = false;
};

} // namespace Watchword::Gateway::Net
