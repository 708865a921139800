// SPDX-License-Identifier: Apache-2.0
#include "net/connector.h"

#include <boost/asio/connect.hpp>

namespace Watchword::Gateway::Net {

Connector::Connector(Reactor &reactor, Done done)
    : m_reactor(reactor)
    , m_resolver(reactor.executor())
    , m_socket(reactor.executor())
    , m_done(std::move(done))
{
}

std::shared_ptr<Connector> Connector::start(Reactor &reactor, const std::string &host, std::uint16_t port, Done done)
{
    const std::shared_ptr<Connector> connector(new Connector(reactor, std::move(done)));
    boost::system::error_code noAddress;
    const IpAddress address = boost::asio::ip::make_address(host, noAddress);
    if (!noAddress) {
        connector->connect({Tcp::endpoint(address, port)});
        return connector;
    }
    connector->m_resolver.async_resolve(
        host, std::to_string(port), Tcp::resolver::numeric_service,
        [connector](const boost::system::error_code &error, const Tcp::resolver::results_type &found) {
            const Reactor::Turn turn(connector->m_reactor);
            std::vector<Tcp::endpoint> endpoints;
            for (const auto &entry : found)
                endpoints.push_back(entry.endpoint());
            if (error || endpoints.empty())
                connector->finish(error ? error : make_error_code(boost::asio::error::host_not_found));
            else if (connector->m_done)
                connector->connect(std::move(endpoints));
        });
    return connector;
}

void Connector::connect(std::vector<Tcp::endpoint> endpoints)
{
    const auto list = std::make_shared<const std::vector<Tcp::endpoint>>(std::move(endpoints));
    boost::asio::async_connect(m_socket, *list,
                               [self = shared_from_this(), list](const boost::system::error_code &error, const Tcp::endpoint &) {
                                   const Reactor::Turn turn(self->m_reactor);
                                   self->finish(error);
                               });
}

void Connector::finish(const boost::system::error_code &error)
{
    const Done done = std::exchange(m_done, {});
    if (!done)
        return;
    Result result;
    result.error = error;
    if (!error) {
        boost::system::error_code failed;
        m_socket.set_option(Tcp::no_delay(true), failed);
        const Tcp::endpoint peer = m_socket.remote_endpoint(failed);
        result.peer = {normalised(peer.address()), peer.port()};
        if (!failed)
            m_socket.native_non_blocking(true, failed);
        if (!failed)
            result.socket = UniqueDescriptor(m_socket.release(failed));
        result.error = failed;
    }
    done(std::move(result));
}

void Connector::cancel()
{
    m_done = {};
    m_resolver.cancel();
    boost::system::error_code ignored;
    m_socket.close(ignored);
}

} // namespace Watchword::Gateway::Net
