// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/address.h"
#include "net/descriptor.h"
#include "net/reactor.h"

#include <boost/asio/ip/tcp.hpp>

namespace Watchword::Gateway::Net {

/*!
    Finds the addresses of a host and connects to the first that answers, in the reactor. An address in digits is not looked
    up. There is no deadline of its own: who started it cancels it.

    Life cycle: one attempt; alive until it is done or cancelled, whoever else holds it. Threads: the reactor's; names are
    looked up in a thread of Asio's.
*/
class Connector : public std::enable_shared_from_this<Connector>
{
public:
    struct Result
    {
        std::error_code error{};
        UniqueDescriptor socket{}; //!< Without an error: connected and non-blocking.
        SocketAddress peer{};
    };
    using Done = std::function<void(Result)>;

    //! \a done comes once, in a turn of its own, and not after cancel().
    static std::shared_ptr<Connector> start(Reactor &reactor, const std::string &host, std::uint16_t port, Done done);
    void cancel();

private:
    using Tcp = boost::asio::ip::tcp;
    using Resolver = boost::asio::ip::basic_resolver<Tcp, Reactor::Executor>;
    using Socket = boost::asio::basic_stream_socket<Tcp, Reactor::Executor>;

    Connector(Reactor &reactor, Done done);
    void connect(std::vector<Tcp::endpoint> endpoints);
    void finish(const boost::system::error_code &error);

    Reactor &m_reactor;
    Resolver m_resolver;
    Socket m_socket;
    Done m_done; //!< Empty: done or cancelled.
};

} // namespace Watchword::Gateway::Net
