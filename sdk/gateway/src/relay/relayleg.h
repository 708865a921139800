// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridgeport.h"
#include "net/websockethandler.h"
#include "watchword/wire/frameparser.h"

#include <memory>
#include <vector>

namespace Watchword::Gateway {

class RelayLeg;

/*! Who uses legs. All calls come from the reactor's thread, and each may close any leg. */
class RelayLegUser
{
public:
    RelayLegUser() = default;
    RelayLegUser(const RelayLegUser &) = delete;
    RelayLegUser &operator=(const RelayLegUser &) = delete;
    virtual ~RelayLegUser() = default;

    //! The header of a data frame, before any of its payload.
    virtual void frameAnnounced(RelayLeg &leg, const Wire::FrameHeader &header) = 0;
    //! Payload, unmasked; \a isLast ends the message. Text is UTF-8 so far, and whole characters at its end.
    virtual void pieceReceived(RelayLeg &leg, Wire::MutableBytes bytes, bool isLast) = 0;
    virtual void pongReceived(RelayLeg &leg, Wire::Bytes payload) = 0; //!< Not of the heartbeat.
    virtual void roundTripMeasured(RelayLeg &leg, std::chrono::milliseconds time) = 0; //!< By the heartbeat.
    virtual void batchEnded(RelayLeg &leg, std::size_t size) = 0; //!< All \a size bytes that came in one go were passed.
    virtual void flushed(RelayLeg &leg) = 0; //!< As StreamHandler::flushed().
    virtual void controlsFlooded(RelayLeg &leg) = 0; //!< Each frame beyond the rate; it is not answered.
    virtual void quiet(RelayLeg &leg) = 0; //!< The deadline of an open leg.
    virtual void failing(RelayLeg &leg, const Net::WebSocketEnd &end) = 0; //!< As WebSocketUser::failing().
    virtual void closing(RelayLeg &leg, const Net::WebSocketEnd &end) = 0; //!< The peer's close frame, or a fault of it.
    virtual void ended(RelayLeg &leg, const Net::WebSocketEnd &end) = 0; //!< The last call.
    virtual void execute(RelayLeg &leg, ToReactor &command) = 0;
    virtual void roomCame(RelayLeg &leg) = 0;
};

/*!
    One of the two WebSocket connections of a relay (RFC 6455), from the byte behind the 101, in either role: reads data as
    it comes, piece by piece, and sends it as it goes. No message is put together.

    What a peer sends in one frame leaves as one frame if it was read at once, else as a frame for each piece: an
    intermediary may do so where no extension was agreed on (section 5.4). So pings, pongs and close frames never wait for the
    end of a frame, and a message that cannot go on leaves no frame half sent.

    Pings are answered here, as long as output does not wait above the high mark, and then again; see ControlFrames, also for
    the closing handshake. After our close frame the peer has closeTime for its own; a fault is not waited for.

    Life cycle: of its stream; ended() once. Threads: the reactor's.
*/
class RelayLeg final : public BridgeEnd, private Wire::FrameSink, private Net::Heartbeat::Owner
{
public:
    struct Options
    {
        Wire::Role role = Wire::Role::Server; //!< Ours.
        //! Pings and pongs a second; a burst of twice as many is allowed, then controlsFlooded(). 0: no limit.
        double controlFramesPerSecond = 100;
        std::chrono::milliseconds closeTime{2000}; //!< For the peer's close frame after ours.
        std::chrono::milliseconds heartbeat{0}; //!< As WebSocketOptions::heartbeat.
    };

    RelayLeg(Net::Stream &stream, const Options &options, std::shared_ptr<RelayLegUser> user);
    ~RelayLeg() override;

    Net::Stream &stream() const { return m_stream; }
    RelayLegUser &user() const { return *m_user; }
    bool isOpen() const { return m_control.isOpen(); }

    void beginMessage(Wire::Opcode type); //!< Text or Binary; its pieces follow. Nothing is written yet.
    //! \a prefix goes before \a bytes, which are masked in place where our role asks for it. Only a server has a prefix.
    void sendPiece(Wire::MutableBytes bytes, bool isLast, Wire::Bytes prefix = {});
    bool isInMessage() const { return m_isInMessage; } //!< Of what we send.
    bool isReadingMessage() const { return m_parser.isInMessage(); } //!< Of what the peer sends.
    void setHeartbeat(std::chrono::milliseconds period) { m_heartbeat.setPeriod(period); }
    void setControlFramesPerSecond(double rate) { m_control.setRate(rate); }
    //! Whole; behind the message that goes on, if one does.
    void sendMessage(Wire::Opcode type, Wire::Bytes message);
    std::size_t waitingBytes() const { return m_waitingBytes; } //!< Of messages that wait for the end of another one.
    void dropWaiting();
    void ping(Wire::Bytes payload);
    void fail(std::uint16_t code, std::string_view reason); //!< The peer broke a rule: closes without waiting for it.
    void close(std::uint16_t code, std::string_view reason); //!< 1005: a close frame without a code.
    void setReadPaused(bool isPaused);
    std::size_t queuedBytes() const { return m_stream.queuedBytes(); }
    std::uint64_t bytesWritten() const { return m_written; } //!< Handed to the stream so far, frames and all.

    std::size_t received(Net::Stream &stream, std::span<std::uint8_t> bytes) override;
    void inputEnded(Net::Stream &stream) override;
    void drained(Net::Stream &stream) override;
    void flushed(Net::Stream &) override { m_user->flushed(*this); }
    void timedOut(Net::Stream &stream) override;
    void ended(Net::Stream &stream, Net::StreamEnd reason) override;
    void execute(Net::Stream &, ToReactor &command) override { m_user->execute(*this, command); }
    void roomCame(Net::Stream &) override { m_user->roomCame(*this); }

private:
    Wire::Flow frameStarted(const Wire::FrameHeader &header) override;
    Wire::Flow frameData(Wire::MutableBytes bytes) override;
    Wire::Flow frameEnded() override { return flow(); }
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes payload) override;
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;
    Net::Liveness::Traffic traffic() const override;
    void pingDue(Wire::Bytes payload) override { ping(payload); }
    void peerGone() override { m_stream.abort(Net::StreamEnd::Silent); }
    Wire::Flow flow() const;
    void deliver(Wire::MutableBytes bytes, bool isLast);
    Net::ControlFrames::Verdict judged(Net::ControlFrames::Verdict verdict);
    void answerPing();
    void beginClose(const Net::WebSocketEnd &end);
    void perform(const Net::ControlFrames::CloseStep &step);
    //! \a payload is masked in place.
    void writeFrame(Wire::Opcode opcode, bool isLast, Wire::Bytes prefix, Wire::MutableBytes payload);
    void writeControl(Wire::Opcode opcode, Wire::Bytes payload);

    Net::Stream &m_stream;
    const std::shared_ptr<RelayLegUser> m_user;
    Options m_options;
    Wire::FrameParser m_parser;
    Net::ControlFrames m_control;
    Net::Heartbeat m_heartbeat;
    std::uint64_t m_received = 0;
    Wire::FrameHeader m_header; // of the frame that is read
    std::uint64_t m_left = 0; // of its payload
    Wire::Opcode m_outType = Wire::Opcode::Binary;
    bool m_isInMessage = false;
    bool m_isFirstPiece = false;
    std::uint64_t m_written = 0;
    std::vector<std::pair<Wire::Opcode, std::vector<std::uint8_t>>> m_waiting;
    std::size_t m_waitingBytes = 0;
};

} // namespace Watchword::Gateway
