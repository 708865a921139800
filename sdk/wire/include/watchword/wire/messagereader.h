// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/frameparser.h"

#include <memory>
#include <vector>

namespace Watchword::Wire {

class Compression;

/*! Gets whole messages and control frames in the order of the wire. The rules of FrameSink hold. */
class MessageSink
{
public:
    //! Text or Binary, inflated. The bytes live as long as the call and may be changed.
    virtual Flow messageReceived(Opcode type, MutableBytes message) = 0;
    virtual Flow pingReceived(Bytes payload) = 0;
    virtual Flow pongReceived(Bytes payload) = 0;
    virtual Flow closeReceived(const CloseFrame &close) = 0;

protected:
    ~MessageSink() = default;
};

/*!
    Puts the messages of one direction together. A message that lies in one frame and in the fed bytes is not copied; else
    the buffer grows with what really comes, never by an announced length, up to FrameLimits::message, and is given back
    behind a large message.

    Life and threads: as FrameParser. Inflated messages are bound by FrameLimits::message, too.
*/
class MessageReader final : private FrameSink
{
public:
    //! \a compression is what FrameRules::compression stands for; null if it was not agreed on.
    explicit MessageReader(FrameRules rules, std::shared_ptr<Compression> compression = {});

    FeedResult feed(MutableBytes bytes, MessageSink &sink);
    void setLimits(const FrameLimits &limits); //!< From the next frame on.

    Fault fault() const { return m_fault != Fault::None ? m_fault : m_parser.fault(); }
    std::uint16_t peerCloseCode() const { return m_parser.peerCloseCode(); }
    bool isInMessage() const { return m_parser.isInMessage(); }
    std::uint64_t controlFrames() const { return m_parser.controlFrames(); }

private:
    struct Call
    {
        MessageSink &sink;
        Fault fault = Fault::None; //!< Found while the call runs. It lies on the stack, where it can be read at its end.
    };

    Flow frameStarted(const FrameHeader &header) override;
    Flow frameData(MutableBytes bytes) override;
    Flow frameEnded() override;
    Flow pingReceived(Bytes payload) override { return m_call->sink.pingReceived(payload); }
    Flow pongReceived(Bytes payload) override { return m_call->sink.pongReceived(payload); }
    Flow closeReceived(const CloseFrame &close) override { return m_call->sink.closeReceived(close); }
    Flow deliver(Opcode type, MutableBytes message);
    Flow deliverInflated(Opcode type, Bytes message);

    FrameParser m_parser;
    std::shared_ptr<Compression> m_compression;
    std::uint64_t m_limit;
    bool m_checkText;
    Fault m_fault = Fault::None;
    Call *m_call = nullptr;
    FrameHeader m_header{}; //!< Of the frame that is read.
    bool m_compressed = false; //!< The message is.
    MutableBytes m_direct{}; //!< The whole message, where it was fed.
    std::vector<std::uint8_t> m_gathered; //!< Of a message that comes in pieces.
};

} // namespace Watchword::Wire
