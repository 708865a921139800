// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/connector.h"
#include "net/stream.h"
#include "relay/relayevents.h"
#include "watchword/wire/clienthandshake.h"

namespace Watchword::Gateway {

/*! A server behind an endpoint. */
struct UpstreamTarget
{
    std::string host; //!< A name or an address, without brackets.
    std::uint16_t port = 0;
    std::string authority; //!< For the Host header: with the port unless it is the scheme's.
    std::string path; //!< And query.
    std::shared_ptr<const Net::TlsContext> tls; //!< Null: plain.
};

/*! What a dial has to reach. */
struct UpstreamOrder
{
    std::vector<UpstreamTarget> targets; //!< In the order of trying; at least one.
    //! All but host and target. None: only a connection is wanted, on which nothing was said yet.
    std::optional<Wire::UpgradeRequest> request;
    std::chrono::milliseconds time{10'000}; //!< For all of it.
    std::chrono::milliseconds connectTime{3000}; //!< For TCP and TLS of each target but the last.
};

/*!
    Finds an upstream for one client: connects, in the order of the targets, and shakes hands as a WebSocket client
    (RFC 6455 section 4.1). As long as no request was sent the next target may be tried; after that the answer counts.

        Connecting -- TCP and TLS --> Asking -- 101 --> done: opened
            |  ^                        |-- another status, nonsense, end --> done: refused
            |  '-- failed, next target  '-- deadline --> done: refused
            '-- failed, no other --> done: refused

    The stream of an opened one is not read until it gets another handler; what came behind the 101 waits in it.

    Life cycle: start() once; done comes once unless it is cancelled, in a turn of the reactor; alive until then, whoever else
    holds it. Threads: the reactor's.
*/
class UpstreamDial : public std::enable_shared_from_this<UpstreamDial>
{
public:
    //! UpstreamOpened or UpstreamRefused.
    using Done = std::function<void(std::shared_ptr<const BridgeEvent> outcome)>;

    static std::shared_ptr<UpstreamDial> start(Net::Reactor &reactor, UpstreamOrder order, Done done);
    ~UpstreamDial();
    void cancel();

private:
    friend class DialHandler;
    enum class State { Connecting, Asking, Done };

    class Deadline final : public Net::TimingWheel::Timer
    {
    public:
        Deadline(UpstreamDial &dial, void (UpstreamDial::*action)())
            : m_dial(dial)
            , m_action(action)
        {
        }

    private:
        void due() override { (m_dial.*m_action)(); }
        UpstreamDial &m_dial;
        void (UpstreamDial::*m_action)();
    };

    UpstreamDial(Net::Reactor &reactor, UpstreamOrder order, Done done);
    const UpstreamTarget &target() const { return m_order.targets[m_at]; }
    void tryTarget();
    void connected(Net::Connector::Result result);
    void established(Net::Stream &stream);
    std::size_t received(Net::Stream &stream, std::span<std::uint8_t> bytes);
    void answered(Net::Stream &stream);
    void hand(Net::Stream &stream, std::string_view subprotocol);
    void streamEnded(Net::Stream &stream, Net::StreamEnd reason);
    void attemptFailed(UpstreamRefused::Reason reason, const std::string &detail);
    void attemptTimedOut();
    void timedOut();
    void refuse(UpstreamRefused::Reason reason, const std::string &detail);
    void finish(std::shared_ptr<UpstreamOutcome> outcome);
    void dropAttempt();

    Net::Reactor &m_reactor;
    const UpstreamOrder m_order;
    Done m_done;
    State m_state = State::Connecting;
    std::size_t m_at = 0; // the target
    std::vector<std::size_t> m_failed;
    std::shared_ptr<Net::Connector> m_connector;
    std::optional<Net::StreamId> m_stream; // of this attempt
    std::optional<Wire::ClientHandshake> m_handshake;
    Deadline m_deadline;
    Deadline m_attemptDeadline;
};

} // namespace Watchword::Gateway
