// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/controlframes.h"
#include "net/heartbeat.h"
#include "net/stream.h"

#include "watchword/wire/compression.h"
#include "watchword/wire/messagereader.h"

#include <string>

namespace Watchword::Gateway::Net {

class WebSocketHandler;

/*! What a peer may make us do. 0 is no limit. */
struct WebSocketLimits
{
    Wire::FrameLimits frames{};
    double controlFramesPerSecond = 100; //!< Pings and pongs; a burst of twice as many is allowed, then 1008.
    //! From the first byte of a message to its last, while we read; then 1008. Silence inside is fine.
    std::chrono::milliseconds messageTime{60'000};
};

struct WebSocketOptions
{
    WebSocketLimits limits{};
    std::chrono::milliseconds closeTime{2000}; //!< For the peer's close frame after ours.
    std::chrono::milliseconds heartbeat{0}; //!< How often the peer is pinged; 0: by its user only.
    std::shared_ptr<Wire::Compression> compression{}; //!< As it was agreed on; null: none.
};

/*! Who uses a WebSocketHandler. All calls come from the reactor's thread, and each may close it. */
class WebSocketUser
{
public:
    WebSocketUser() = default;
    WebSocketUser(const WebSocketUser &) = delete;
    WebSocketUser &operator=(const WebSocketUser &) = delete;
    virtual ~WebSocketUser() = default;

    //! Whole and unmasked; text is UTF-8. The bytes live as long as the call.
    virtual void messageReceived(WebSocketHandler &socket, Wire::Opcode type, Wire::MutableBytes message) = 0;
    virtual void pongReceived(WebSocketHandler &, Wire::Bytes) { } //!< Not of the heartbeat.
    virtual void roundTripMeasured(WebSocketHandler &, std::chrono::milliseconds) { } //!< By the heartbeat.
    virtual void bytesReceived(WebSocketHandler &, std::size_t) { } //!< Of any kind: the peer is there.
    virtual void drained(WebSocketHandler &) { } //!< As StreamHandler::drained().
    virtual void flushed(WebSocketHandler &) { } //!< As StreamHandler::flushed().
    //! The peer broke a rule, and the close frame comes next: what is sent now is the last.
    virtual void failing(WebSocketHandler &, const WebSocketEnd &) { }
    virtual void ended(WebSocketHandler &, const WebSocketEnd &) { } //!< The last call.
};

/*!
    The server's side of a WebSocket connection (RFC 6455) on a stream, from the byte behind the 101: frames both ways, pings
    answered, the closing handshake, and its bounds. All that is sent in a turn leaves together at its end. Pings are answered
    as long as output does not wait above the high mark, and then again; see ControlFrames.

    With a heartbeat the peer is pinged, and the stream ends with Silent when it has gone.

    Compressed messages are inflated up to the limit of a message. What is sent is compressed where that was agreed on.

    Close: the first of close(), the peer's close frame and a fault decides. Messages that the peer sent before it saw ours
    are dropped. The server ends TCP first; a peer that does not answer has closeTime.

    Life cycle: of its stream; ended() once. Threads: the reactor's.
*/
class WebSocketHandler final : public StreamHandler, private Wire::MessageSink, private Heartbeat::Owner
{
public:
    WebSocketHandler(Stream &stream, const WebSocketOptions &options, std::unique_ptr<WebSocketUser> user);
    ~WebSocketHandler() override;

    Stream &stream() const { return m_stream; }
    WebSocketUser &user() const { return *m_user; }
    bool isOpen() const { return m_control.isOpen(); }
    //! False when it is not open any more. \a type is Text, whose UTF-8 is the caller's to know, or Binary.
    bool send(Wire::Opcode type, Wire::Bytes message);
    bool ping(Wire::Bytes payload); //!< At most 125 bytes.
    void close(std::uint16_t code, std::string_view reason);
    void setReadPaused(bool isPaused);
    void setLimits(const WebSocketLimits &limits); //!< From the next frame on.
    void setHeartbeat(std::chrono::milliseconds period) { m_heartbeat.setPeriod(period); }

    std::size_t received(Stream &stream, std::span<std::uint8_t> bytes) override;
    void inputEnded(Stream &stream) override;
    void drained(Stream &stream) override;
    void flushed(Stream &) override { m_user->flushed(*this); }
    void timedOut(Stream &stream) override;
    void ended(Stream &stream, StreamEnd reason) override;

private:
    Wire::Flow messageReceived(Wire::Opcode type, Wire::MutableBytes message) override;
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes payload) override;
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;
    Liveness::Traffic traffic() const override;
    void pingDue(Wire::Bytes payload) override { ping(payload); }
    void peerGone() override { m_stream.abort(StreamEnd::Silent); }
    Wire::Flow flow() const;
    ControlFrames::Verdict judged(ControlFrames::Verdict verdict);
    void beginClose(const WebSocketEnd &end);
    void perform(const ControlFrames::CloseStep &step);
    void failForLimit(std::string_view limit, std::uint16_t code, std::string_view reason);
    void answerPing();
    void fail(const Wire::Fault &fault);
    void watchMessageTime();
    void writeFrame(Wire::Opcode opcode, Wire::Bytes payload);
    bool writeCompressed(Wire::Opcode opcode, Wire::Bytes message);

    Stream &m_stream;
    std::unique_ptr<WebSocketUser> m_user;
    WebSocketOptions m_options;
    Wire::MessageReader m_reader;
    ControlFrames m_control;
    Heartbeat m_heartbeat;
    std::uint64_t m_received = 0;
    bool m_isInMessage = false; // and the deadline is its
};

} // namespace Watchword::Gateway::Net
