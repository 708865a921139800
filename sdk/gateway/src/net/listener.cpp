// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include "net/proxyintake.h"
#include "net/streamsocket.h"

#include <algorithm>
#include <cerrno>
#include <future>
#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace Watchword::Gateway::Net {

namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::size_t kMostIntakes = 1000; // where no number of handshakes is set

// POSIX hands out the lowest free descriptor: a high one says that nearly all below it are in use.
std::optional<int> firstSpareDescriptor()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return {};
    const int all = int(std::min<rlim_t>(limit.rlim_cur, 1 << 30));
    return all - std::clamp(all / 4, Listener::kLeastSpare, Listener::kMostSpare);
}

std::error_code lastError()
{
    return {errno, std::generic_category()};
}

void setOption(int descriptor, int level, int name, int value)
{
    ::setsockopt(descriptor, level, name, &value, sizeof value);
}

} // namespace

/*! What lives in the first reactor. Descriptors that wait hold it; close() lets it go. */
class Listener::Core : public std::enable_shared_from_this<Listener::Core>
{
public:
    Core(ReactorPool &pool, const ListenerOptions &options, HandlerFactory factory)
        : m_pool(pool)
        , m_reactor(pool.first())
        , m_listening(m_reactor.executor())
        , m_backOff(*this)
        , m_sendBuffer(options.sendBuffer)
        , m_factory(std::move(factory))
        , m_firstSpare(firstSpareDescriptor())
    {
    }

    void take(const Generation &generation)
    {
        m_generation = generation;
        m_guard.setLimits(generation.accept);
    }

    void start(int descriptor)
    {
        m_listening.assign(descriptor);
        arm();
    }

    void close()
    {
        m_isClosed = true;
        boost::system::error_code ignored;
        m_listening.close(ignored);
        m_backOff.cancel();
        m_intakes.clear();
    }

    const ListenerCounters &counters() const { return m_counters; }

private:
    class BackOff final : public TimingWheel::Timer
    {
    public:
        explicit BackOff(Core &core)
            : m_core(core)
        {
        }

    private:
        void due() override { m_core.arm(); }
        Core &m_core;
    };

    void arm();
    void acceptSome();
    bool acceptOne();
    void take(UniqueDescriptor socket, const SocketAddress &peer);
    void admit(UniqueDescriptor socket, const SocketAddress &peer, const SocketAddress &proxy, std::vector<std::uint8_t> prefix);
    void awaitHeader(UniqueDescriptor socket, const SocketAddress &proxy);
    void count(AcceptVerdict verdict);

    ReactorPool &m_pool;
    Reactor &m_reactor;
    boost::asio::posix::basic_stream_descriptor<Reactor::Executor> m_listening;
    BackOff m_backOff;
    const int m_sendBuffer;
    const HandlerFactory m_factory;
    const std::optional<int> m_firstSpare;
    Generation m_generation;
    AcceptGuard m_guard;
    std::shared_ptr<TicketOffice> m_office = std::make_shared<TicketOffice>();
    ListenerCounters m_counters;
    ProxyIntakes m_intakes{m_reactor};
    bool m_isClosed = false;
};

void Listener::Core::arm()
{
    if (m_isClosed)
        return;
    m_listening.async_wait(decltype(m_listening)::wait_read, [self = shared_from_this()](const boost::system::error_code &error) {
        if (error || self->m_isClosed)
            return;
        const Reactor::Turn turn(self->m_reactor);
        self->acceptSome();
    });
}

void Listener::Core::acceptSome()
{
    m_office->collectInto(m_guard);
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        if (acceptOne())
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            // Level by level it would come again at once, for ever, and nothing else would get a turn.
            m_counters.noDescriptor.add();
            m_reactor.startTimer(m_backOff, kBackOff);
            return;
        }
    }
    arm();
}

bool Listener::Core::acceptOne()
{
    sockaddr_storage native{};
    UniqueDescriptor socket = acceptedSocket(m_listening.native_handle(), native);
    if (socket.get() < 0)
        return false;
    m_counters.accepted.add();
    if (m_firstSpare && socket.get() >= *m_firstSpare) {
        m_counters.noDescriptor.add();
        return true;
    }
    if (const std::optional<SocketAddress> peer = SocketAddress::fromNative(native)) {
        setOption(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
        if (m_sendBuffer > 0)
            setOption(socket.get(), SOL_SOCKET, SO_SNDBUF, m_sendBuffer);
        take(std::move(socket), *peer);
    }
    return true;
}

void Listener::Core::take(UniqueDescriptor socket, const SocketAddress &peer)
{
    if (m_generation.proxies.contains(peer.address))
        awaitHeader(std::move(socket), peer);
    else
        admit(std::move(socket), peer, peer, {});
}

void Listener::Core::awaitHeader(UniqueDescriptor socket, const SocketAddress &proxy)
{
    const std::size_t most = m_generation.accept.handshakes > 0 ? m_generation.accept.handshakes : kMostIntakes;
    if (m_intakes.size() >= most) {
        count(AcceptVerdict::HandshakesReached);
        return;
    }
    m_intakes.add(std::move(socket), m_generation.stream.handshake, [this, proxy](ProxyIntakes::Outcome outcome) {
        if (!outcome.isValid) {
            m_counters.badProxyHeader.add();
            return;
        }
        m_office->collectInto(m_guard);
        admit(std::move(outcome.socket), outcome.source.value_or(proxy), proxy, std::move(outcome.rest));
    });
}

void Listener::Core::admit(UniqueDescriptor socket, const SocketAddress &peer, const SocketAddress &proxy,
                           std::vector<std::uint8_t> prefix)
{
    IpAddress counted;
    const bool isShared = m_generation.shared.contains(peer.address);
    const AcceptVerdict verdict = m_guard.admit(peer.address, m_reactor.now(), counted, isShared);
    if (verdict != AcceptVerdict::Admitted) {
        count(verdict);
        return;
    }
    Stream::Options options{m_generation.tls, peer, proxy, std::move(prefix), Ticket(m_office, counted), m_generation.stream};
    Reactor &target = m_pool.leastLoaded();
    target.addLoad();
    target.post([&target, socket = std::move(socket), options = std::move(options), factory = m_factory]() mutable {
        std::unique_ptr<StreamHandler> handler = factory(target, {options.peer, options.proxy, options.tls != nullptr});
        target.add(std::make_unique<Stream>(target, socket.release(), std::move(options), std::move(handler)));
    });
}

void Listener::Core::count(AcceptVerdict verdict)
{
    switch (verdict) {
    case AcceptVerdict::Admitted:
        break;
    case AcceptVerdict::TotalReached:
        m_counters.totalReached.add();
        break;
    case AcceptVerdict::AddressReached:
        m_counters.addressReached.add();
        break;
    case AcceptVerdict::TooFast:
        m_counters.tooFast.add();
        break;
    case AcceptVerdict::HandshakesReached:
        m_counters.handshakesReached.add();
        break;
    case AcceptVerdict::AddressHandshakesReached:
        m_counters.addressHandshakesReached.add();
        break;
    }
}

Listener::Listener(ReactorPool &pool, const ListenerOptions &options, HandlerFactory factory)
    : m_pool(pool)
    , m_options(options)
    , m_core(std::make_shared<Core>(pool, options, std::move(factory)))
{
}

Listener::~Listener()
{
    close();
}

std::error_code Listener::open(std::shared_ptr<const TlsContext> tls)
{
    sockaddr_storage native{};
    std::size_t size = m_options.address.toNative(native);
    UniqueDescriptor socket = streamSocket(native.ss_family);
    if (socket.get() < 0 && errno == EAFNOSUPPORT && m_options.address.address == IpAddress(boost::asio::ip::address_v6::any())) {
        // "All addresses" of a machine without IPv6.
        size = SocketAddress{boost::asio::ip::address_v4::any(), m_options.address.port}.toNative(native);
        socket = streamSocket(native.ss_family);
    }
    if (socket.get() < 0)
        return lastError();
    setOption(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (native.ss_family == AF_INET6)
        setOption(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    // The system's calls take all families by this one.
    if (::bind(socket.get(), reinterpret_cast<const sockaddr *>(&native), socklen_t(size)) != 0
        || ::listen(socket.get(), m_options.backlog) != 0)
        return lastError();
    socklen_t taken = sizeof native;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr *>(&native), &taken) != 0)
        return lastError();
    m_address = SocketAddress::fromNative(native).value_or(m_options.address);
    const Generation generation{std::move(tls), m_options.accept, m_options.stream, m_options.proxies, m_options.shared};
    m_isOpen = true;
    m_pool.first().post([core = m_core, generation, socket = std::move(socket)]() mutable {
        core->take(generation);
        core->start(socket.release());
    });
    return {};
}

void Listener::reload(const Generation &generation)
{
    m_pool.first().post([core = m_core, generation] { core->take(generation); });
}

void Listener::close()
{
    if (!std::exchange(m_isOpen, false))
        return;
    std::promise<void> closed;
    std::future<void> done = closed.get_future();
    m_pool.first().post([core = m_core, closed = std::move(closed)]() mutable {
        core->close();
        closed.set_value();
    });
    done.wait();
}

const ListenerCounters &Listener::counters() const
{
    return m_core->counters();
}

} // namespace Watchword::Gateway::Net
