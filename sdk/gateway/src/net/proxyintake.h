// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/descriptor.h"
#include "net/proxyheader.h"
#include "net/reactor.h"

#include <functional>
#include <unordered_map>

namespace Watchword::Gateway::Net {

/*!
    Sockets of trusted proxies until the PROXY header is read. What came behind it is kept for the stream.
    Threads: the reactor's.
*/
class ProxyIntakes
{
public:
    struct Outcome
    {
        bool isValid = false; //!< Else the socket is closed: a wrong header, none in time, or the end.
        UniqueDescriptor socket;
        std::optional<SocketAddress> source; //!< Empty: the proxy itself.
        std::vector<std::uint8_t> rest;
    };
    using Callback = std::function<void(Outcome)>;

    explicit ProxyIntakes(Reactor &reactor);
    ~ProxyIntakes();

    void add(UniqueDescriptor socket, std::chrono::milliseconds patience, Callback done);
    std::size_t size() const { return m_intakes.size(); }
    void clear(); //!< Closes them without a call.

private:
    class Intake;
    void finish(std::uint64_t id, Outcome outcome);

    Reactor &m_reactor;
    std::uint64_t m_lastId = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<Intake>> m_intakes;
};

} // namespace Watchword::Gateway::Net
