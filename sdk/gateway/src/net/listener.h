// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/acceptguard.h"
#include "net/counters.h"
#include "net/reactorpool.h"
#include "net/stream.h"

#include <functional>
#include <system_error>

namespace Watchword::Gateway::Net {

struct ListenerOptions
{
    //! "::" takes IPv4 too, and shows such clients with their IPv4 address. Port 0 takes a free one.
    SocketAddress address;
    int backlog = 1024;
    //! SO_SNDBUF: left to itself the kernel hides megabytes of what a slow peer has not read. 0 leaves it.
    int sendBuffer = 256 * 1024;
    AcceptLimits accept;
    StreamLimits stream;
    //! Peers of these addresses must begin with a header of the PROXY protocol, and their clients count in their place. Empty:
    //! nobody may send one.
    SubnetList proxies;
    SubnetList shared{}; //!< As Listener::Generation::shared.
};

/*! Who was accepted. */
struct Accepted
{
    SocketAddress peer; //!< The client, also behind a proxy.
    SocketAddress proxy; //!< The other end of the TCP connection.
    bool isSecure = false; //!< TLS with us.
};

/*!
    Accepts TCP on the pool's first reactor and gives each connection to the reactor with the fewest. Who is over a limit is
    closed without a byte of answer, before TLS costs anything, and counted.

    The last descriptors of the process are not for connections (see kLeastSpare): the audit, a reload and the issuers' keys
    need some too. When the system has none at all, accepting rests for kBackOff and then goes on.

    Life cycle: open(), close(), destruction; close() keeps the connections. reload() changes what later connections get.
    Threads: all calls from one thread, which is none of the reactors'; the factory is called in the connection's reactor.
    The pool outlives the listener.
*/
class Listener
{
public:
    using HandlerFactory = std::function<std::unique_ptr<StreamHandler>(Reactor &, const Accepted &)>;
    static constexpr int kLeastSpare = 16; //!< Descriptors kept from connections; a quarter of the limit, within these.
    static constexpr int kMostSpare = 128;
    static constexpr std::chrono::milliseconds kBackOff{100};

    //! What a reload replaces. Immutable; connections keep the generation that they began with.
    struct Generation
    {
        std::shared_ptr<const TlsContext> tls; //!< Null: plain.
        AcceptLimits accept;
        StreamLimits stream;
        SubnetList proxies;
        SubnetList shared{}; //!< Peers that bring clients of many addresses, and do not say which: no limit for one counts.
    };

    Listener(ReactorPool &pool, const ListenerOptions &options, HandlerFactory factory);
    ~Listener();
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

    //! The errno of socket(), bind() or listen(). A null \a tls is plain TCP.
    std::error_code open(std::shared_ptr<const TlsContext> tls);
    void reload(const Generation &generation);
    void close(); //!< Returns when the address is free. Twice does nothing.
    SocketAddress address() const { return m_address; } //!< With the port that was taken.
    const ListenerCounters &counters() const;

private:
    class Core;

    ReactorPool &m_pool;
    ListenerOptions m_options;
    SocketAddress m_address;
    std::shared_ptr<Core> m_core; // of which the counters are read after close(), too
    bool m_isOpen = false;
};

} // namespace Watchword::Gateway::Net
