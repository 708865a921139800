// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridgemessage.h"
#include "net/headhandler.h"
#include "net/listener.h"
#include "net/mailbox.h"

#include <vector>

namespace Watchword::Gateway {

/*!
    The end of the bridge in one reactor: collects during a turn what goes to the Qt thread, and passes it on at the turn's
    end. While the Qt thread does not keep up, the connections that send are not read, so that TCP brakes their peers.

    Threads: the reactor's, but inbox(). Lives as long as the reactor's thread.
*/
class BridgePort
{
public:
    static constexpr std::size_t kBatch = 256 * 1024; //!< Waiting in the reactor; beyond that nothing more is read.

    BridgePort(Net::Reactor &reactor, Net::Mailbox<ToCore> &toCore);

    Net::Mailbox<ToReactor> &inbox() { return m_inbox; }
    void send(ToCore message);
    bool isFull() const { return m_weight > kBatch; }
    void waitForRoom(const Net::StreamId &id) { m_waiting.push_back(id); }
    void wake(); //!< From any thread: the Qt thread has room again.
    Net::Reactor &reactor() const { return m_reactor; }

private:
    void turnEnded();
    void drainInbox();
    void execute(ToReactor &command);
    static void execute(Net::WebSocketHandler &socket, ToReactor &command);
    void upgrade(Net::Stream &stream, const ToReactor &command);

    Net::Reactor &m_reactor;
    Net::Mailbox<ToCore> &m_toCore;
    Net::Mailbox<ToReactor> m_inbox;
    std::vector<ToCore> m_batch;
    std::size_t m_weight = 0;
    std::vector<Net::StreamId> m_waiting;
    std::vector<ToReactor> m_commands;
    Wire::DeflatePool m_deflaters; // of the connections whose messages are compressed one by one
};

/*! A connection that is no plain WebSocket of the Qt thread's, and gets its commands itself. Threads: the reactor's. */
class BridgeEnd : public Net::StreamHandler
{
public:
    //! Text, Binary, Ping, Close, Pause or Resume.
    virtual void execute(Net::Stream &stream, ToReactor &command) = 0;
    virtual void roomCame(Net::Stream &) { } //!< After BridgePort::waitForRoom().
};

/*! Reads the head of a request and lets the Qt thread decide. Threads: the reactor's. */
class BridgeHead final : public Net::HeadHandler
{
public:
    BridgeHead(BridgePort &port, const Net::Accepted &accepted);

private:
    void requestReceived(Net::Stream &stream, const Wire::HttpHead &head) override;
    void requestRefused(Net::Stream &stream, const Net::RequestProblem &problem) override;
    void decide(Net::Stream &stream, const ParsedHead &parsed);

    BridgePort &m_port;
    const Net::Accepted m_accepted;
};

/*! Passes the messages of one connection to the Qt thread. Threads: the reactor's. */
class BridgeUser : public Net::WebSocketUser
{
public:
    BridgeUser(BridgePort &port, std::shared_ptr<SocketGauge> gauge, bool speaksControl);

    void messageReceived(Net::WebSocketHandler &socket, Wire::Opcode type, Wire::MutableBytes message) override;
    void pongReceived(Net::WebSocketHandler &socket, Wire::Bytes payload) override;
    void roundTripMeasured(Net::WebSocketHandler &socket, std::chrono::milliseconds time) override;
    void bytesReceived(Net::WebSocketHandler &socket, std::size_t count) override;
    void flushed(Net::WebSocketHandler &socket) override;
    void failing(Net::WebSocketHandler &socket, const Net::WebSocketEnd &end) override;
    void ended(Net::WebSocketHandler &socket, const Net::WebSocketEnd &end) override;

    void greeted() { m_isGreeted = true; } //!< Something was sent: the first is "hello" where that is due.
    void setPausedByCore(Net::WebSocketHandler &socket, bool isPaused);
    void roomCame(Net::WebSocketHandler &socket);
    SocketGauge &gauge() { return *m_gauge; }

private:
    BridgePort &m_port;
    std::shared_ptr<SocketGauge> m_gauge;
    const bool m_speaksControl;
    bool m_isGreeted = false;
    bool m_isPausedByCore = false;
    bool m_waitsForRoom = false;
};

} // namespace Watchword::Gateway
