// SPDX-License-Identifier: Apache-2.0
#pragma once

// What passes between the reactors and the Qt thread: values only. Private to the bridge.

#include "bridge/socketrules.h"
#include "http/requesthead.h"
#include "net/counters.h"
#include "net/reactor.h"
#include "net/websockethandler.h"

#include <QHostAddress>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

namespace Watchword::Gateway {

/*! The head of a request on a new connection. */
struct HeadArrival
{
    ParsedHead parsed; //!< Good, or why not.
    QHostAddress peer; //!< The client; behind a proxy with a PROXY header, whom that named.
    quint16 peerPort = 0;
    QHostAddress proxy; //!< The other end of the TCP connection.
    bool isSecure = false; //!< TLS with us.
    QString tlsProtocol; //!< "TLSv1.3"
    QString cipher;
};

//! What both threads see of a connection.
struct SocketGauge
{
    static qint64 millisecondsOf(Net::Reactor::Clock::time_point now)
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    }
    // Bytes that the kernel has not taken.
    std::atomic<qint64> underway{0}; //!< On their way to the reactor.
    std::atomic<qint64> queued{0}; //!< In the stream.
    std::atomic<quint64> received{0}; //!< Since the upgrade.
    std::atomic<qint64> lastIn{
        millisecondsOf(Net::Reactor::Clock::now())}; //!< When that was, in milliseconds of the reactors' clock.
    std::atomic<qint64> roundTrip{-1}; //!< Of the last ping that was answered, in milliseconds; -1: none was.
    void bytesCame(std::size_t count, Net::Reactor::Clock::time_point now)
    {
        received += count;
        lastIn = millisecondsOf(now);
    }
    // Of a relayed one, whose messages do not reach the Qt thread.
    Net::Counter messagesIn;
    Net::Counter messagesOut;
    Net::Counter bytesIn; //!< Payload, as it came.
    Net::Counter bytesOut;
    Net::Counter applicationIn; //!< Messages without control frames.
    Net::Counter applicationOut;
    std::atomic<bool> isNoted{false}; //!< The Qt thread was told that there is traffic, and has not looked yet.
};

class BridgePort;

/*! What a reactor tells the Qt thread about a connection, beside messages and its end. */
struct BridgeEvent
{
    BridgeEvent() = default;
    BridgeEvent(const BridgeEvent &) = delete;
    BridgeEvent &operator=(const BridgeEvent &) = delete;
    virtual ~BridgeEvent() = default;
};

//! With what a WebSocket connection begins.
struct SocketOpening
{
    SocketRules rules;
    std::shared_ptr<SocketGauge> gauge;
    struct Compression
    {
        Wire::DeflateParameters agreed;
        Wire::DeflateOptions options;
    };
    std::optional<Compression> compression;
    bool speaksControl = false; //!< watchword.v1: a fault has its "bye".
};

struct ToCore
{
    enum class Kind { Head, Text, Binary, Pong, Traffic, Event, Ended };
    Kind kind = Kind::Ended;
    Net::StreamId id;
    QByteArray bytes{};
    std::shared_ptr<const HeadArrival> head{};
    std::shared_ptr<const Net::WebSocketEnd> end{};
    std::shared_ptr<const BridgeEvent> event{};
};

struct ToReactor
{
    enum class Kind { Answer, Upgrade, Text, Binary, Ping, Close, Abort, Pause, Resume, Rules, Task };
    Kind kind = Kind::Abort;
    Net::StreamId id;
    QByteArray bytes{}; //!< The answer, the message, or the reason of a close.
    quint16 code = 0;
    std::shared_ptr<const SocketOpening> opening{}; //!< Of an upgrade; its rules of Rules.
    //! For a Task: runs in the reactor. The stream is null if it has gone.
    std::function<void(BridgePort &port, Net::Stream *stream)> task{};
};

//! What a message that is sent takes beside its payload.
inline constexpr qint64 kFrameOverhead = 14;

} // namespace Watchword::Gateway
