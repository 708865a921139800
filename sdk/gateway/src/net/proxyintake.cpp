// SPDX-License-Identifier: Apache-2.0
#include "net/proxyintake.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

namespace Watchword::Gateway::Net {

class ProxyIntakes::Intake final : public TimingWheel::Timer, public std::enable_shared_from_this<ProxyIntakes::Intake>
{
public:
    Intake(ProxyIntakes &owner, std::uint64_t id, UniqueDescriptor socket, Callback done)
        : m_owner(owner)
        , m_id(id)
        , m_descriptor(owner.m_reactor.executor(), socket.release())
        , m_done(std::move(done))
    {
    }

    void read();
    Callback takeCallback() { return std::exchange(m_done, nullptr); }
    void drop()
    {
        m_done = nullptr;
        cancel();
        boost::system::error_code ignored;
        m_descriptor.close(ignored);
    }

private:
    void due() override { m_owner.finish(m_id, {}); }
    void arm();

    ProxyIntakes &m_owner;
    const std::uint64_t m_id;
    boost::asio::posix::basic_stream_descriptor<Reactor::Executor> m_descriptor;
    Callback m_done;
    std::vector<std::uint8_t> m_bytes;
};

void ProxyIntakes::Intake::arm()
{
    m_descriptor.async_wait(decltype(m_descriptor)::wait_read,
                            [self = shared_from_this()](const boost::system::error_code &error) {
                                if (error || !self->m_done)
                                    return;
                                const Reactor::Turn turn(self->m_owner.m_reactor);
                                self->read();
                            });
}

void ProxyIntakes::Intake::read()
{
    // A whole header comes in one packet from every proxy; behind it may be the client's first bytes.
    const std::size_t before = m_bytes.size();
    m_bytes.resize(kLargestProxyHeader);
    const ssize_t count = ::recv(m_descriptor.native_handle(), m_bytes.data() + before, m_bytes.size() - before, 0);
    const bool isBlocked = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    m_bytes.resize(before + std::size_t(std::max<ssize_t>(0, count)));
    if (count <= 0 && !isBlocked) {
        m_owner.finish(m_id, {});
        return;
    }
    const ProxyHeader header = parseProxyHeader(m_bytes);
    switch (header.state) {
    case ProxyHeader::State::Incomplete:
        arm();
        return;
    case ProxyHeader::State::Invalid:
        m_owner.finish(m_id, {});
        return;
    case ProxyHeader::State::Complete:
        break;
    }
    Outcome outcome;
    outcome.isValid = true;
    outcome.source = header.source;
    outcome.rest.assign(m_bytes.begin() + std::ptrdiff_t(header.size), m_bytes.end());
    outcome.socket = UniqueDescriptor(m_descriptor.release());
    m_owner.finish(m_id, std::move(outcome));
}

ProxyIntakes::ProxyIntakes(Reactor &reactor)
    : m_reactor(reactor)
{
}

ProxyIntakes::~ProxyIntakes()
{
    clear();
}

void ProxyIntakes::add(UniqueDescriptor socket, std::chrono::milliseconds patience, Callback done)
{
    const std::uint64_t id = ++m_lastId;
    auto intake = std::make_shared<Intake>(*this, id, std::move(socket), std::move(done));
    m_intakes.emplace(id, intake);
    m_reactor.startTimer(*intake, patience);
    intake->read();
}

void ProxyIntakes::finish(std::uint64_t id, Outcome outcome)
{
    const auto found = m_intakes.extract(id);
    if (!found)
        return;
    const std::shared_ptr<Intake> intake = found.mapped();
    m_reactor.buryLater(intake);
    const Callback done = intake->takeCallback();
    // Counted first: who sees the end of the connection finds it in the counters.
    done(std::move(outcome));
    intake->drop();
}

void ProxyIntakes::clear()
{
    for (const auto &[id, intake] : std::exchange(m_intakes, {}))
        intake->drop();
}

} // namespace Watchword::Gateway::Net
