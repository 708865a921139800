// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    std::shared_ptr<Wire::Compression> compression{}; //!< As it was agreed on; null: none.
};

/*! How a WebSocket connection ended. */
struct WebSocketEnd
{
    enum class By {
        Peer, //!< It sent the first close frame: its code and reason as they came, 1005 if there was none.
        Us, //!< close(): our code.
        Fault, //!< The peer broke the protocol or a limit: our code.
        Transport //!< No close frame at all: 1006.
    };
    By by = By::Transport;
    std::uint16_t code = 1006;
    std::string reason{};
    StreamEnd stream = StreamEnd::Closed;
    std::string_view limit{}; //!< The name of the setting that the peer broke, for Fault; empty: it broke the protocol.
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
    virtual void pongReceived(WebSocketHandler &, Wire::Bytes) { }
    virtual void bytesReceived(WebSocketHandler &, std::size_t) { } //!< Of any kind: the peer is there.
    virtual void drained(WebSocketHandler &) { } //!< As StreamHandler::drained().
    virtual void flushed(WebSocketHandler &) { } //!< As StreamHandler::flushed().
    virtual void ended(WebSocketHandler &, const WebSocketEnd &) { } //!< The last call.
};

/*!
    The server's side of a WebSocket connection (RFC 6455) on a stream, from the byte behind the 101: frames both ways, pings
    answered, the closing handshake, and its bounds. All that is sent in a turn leaves together at its end.

    A peer that pings and reads nothing costs one pong: while output waits above the high mark, a later ping replaces the one
    that is not answered yet (section 5.5.3).

    Compressed messages are inflated up to the limit of a message. What is sent is compressed where that was agreed on.

    Close: the first of close(), the peer's close frame and a fault decides. Messages that the peer sent before it saw ours
    are dropped. The server ends TCP first; a peer that does not answer has closeTime.

    Life cycle: of its stream; ended() once. Threads: the reactor's.
*/
class WebSocketHandler final : public StreamHandler, private Wire::MessageSink
{
public:
    WebSocketHandler(Stream &stream, const WebSocketOptions &options, std::unique_ptr<WebSocketUser> user);
    ~WebSocketHandler() override;

    Stream &stream() const { return m_stream; }
    WebSocketUser &user() const { return *m_user; }
    bool isOpen() const { return m_state == State::Open; }
    //! False when it is not open any more. \a type is Text, whose UTF-8 is the caller's to know, or Binary.
    bool send(Wire::Opcode type, Wire::Bytes message);
    bool ping(Wire::Bytes payload); //!< At most 125 bytes.
    void close(std::uint16_t code, std::string_view reason);
    void setReadPaused(bool isPaused);
    void setLimits(const WebSocketLimits &limits); //!< From the next frame on.

    std::size_t received(Stream &stream, std::span<std::uint8_t> bytes) override;
    void inputEnded(Stream &stream) override;
    void drained(Stream &stream) override;
    void flushed(Stream &) override { m_user->flushed(*this); }
    void timedOut(Stream &stream) override;
    void ended(Stream &stream, StreamEnd reason) override;

private:
    enum class State { Open, Closing, Ended };

    Wire::Flow messageReceived(Wire::Opcode type, Wire::MutableBytes message) override;
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes payload) override;
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;
    Wire::Flow flow() const;
    bool takeControlFrame();
    void beginClose(const WebSocketEnd &end);
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
    State m_state = State::Open;
    WebSocketEnd m_end;
    std::unique_ptr<std::string> m_pong; // that has to be sent
    bool m_isInMessage = false; // and the deadline is its
    double m_controlCredit;
    Reactor::Clock::time_point m_creditAt;
};

} // namespace Watchword::Gateway::Net
