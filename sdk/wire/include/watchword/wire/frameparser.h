// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/fault.h"
#include "watchword/wire/frame.h"
#include "watchword/wire/utf8.h"

namespace Watchword::Wire {

enum class Flow : std::uint8_t { GoOn, Stop };

/*! What a close frame says. */
struct CloseFrame
{
    std::uint16_t code = 1005; //!< 1005 if the frame is empty (RFC 6455 section 7.1.5).
    std::string_view reason{}; //!< UTF-8; lives as long as the call.
};

/*!
    Gets what a FrameParser finds, in the order of the wire. A data frame is frameStarted(), any number of frameData(), and
    frameEnded(); control frames come whole, also between the pieces of a data frame's message.

    Stop makes feed() return after this call; the next feed() goes on behind it. A sink may destroy the parser if it then
    returns Stop.
*/
class FrameSink
{
public:
    virtual Flow frameStarted(const FrameHeader &header) = 0;
    virtual Flow frameData(MutableBytes bytes) = 0; //!< Unmasked, in the caller's buffer; never empty.
    virtual Flow frameEnded() = 0;
    virtual Flow pingReceived(Bytes payload) = 0;
    virtual Flow pongReceived(Bytes payload) = 0;
    virtual Flow closeReceived(const CloseFrame &close) = 0; //!< The last call: what comes after it is thrown away.

protected:
    ~FrameSink() = default;
};

struct FrameLimits
{
    std::uint64_t frame = 16 * 1024 * 1024; //!< Payload of a frame.
    std::uint64_t message = 16 * 1024 * 1024; //!< Sum of the payloads of a message; of a compressed one, as it travels.
    std::uint32_t fragments = 65536; //!< Frames of a message.
};

struct FrameRules
{
    Role role = Role::Client; //!< Ours.
    bool compression = false; //!< permessage-deflate is agreed: RSV1 may be set.
    bool checkText = true; //!< Text that is not compressed must be UTF-8.
    FrameLimits limits{};
};

enum class FeedStatus : std::uint8_t {
    Hungry, //!< All bytes are consumed.
    Stopped, //!< By the sink; feed() the rest when there is room for it.
    Failed, //!< fault() says why. Nothing is consumed any more.
    Closed //!< A close frame came; all bytes are consumed.
};

struct FeedResult
{
    std::size_t consumed = 0;
    FeedStatus status = FeedStatus::Hungry;
};

/*!
    Parses the frames of one direction of one connection (RFC 6455 section 5), wherever the stream is cut. It passes payload
    on as it comes, which is what a relay needs; MessageReader puts messages together.

    Life: one for a connection, from the byte behind the HTTP head to the close frame or the first fault.
    Threads: none of its own, no state outside. Memory: no allocation. Destruction: at any time, see FrameSink.
*/
class FrameParser
{
public:
    explicit FrameParser(const FrameRules &rules);

    //! From the next frame on.
    void setLimits(const FrameLimits &limits) { m_rules.limits = limits; }
    //! \a bytes is unmasked in place. Never to be called from inside a call to its own sink.
    FeedResult feed(MutableBytes bytes, FrameSink &sink);

    Fault fault() const { return m_fault; }
    //! The valid code of a close frame whose reason is refused (Fault::CloseReasonNotUtf8), else 0.
    std::uint16_t peerCloseCode() const { return m_peerCloseCode; }
    //! True between the first byte of a message and its end, also while a control frame comes in between.
    bool isInMessage() const { return m_fragments > 0 || m_stage != Stage::Header || m_headerBytes > 0; }
    //! In a sink's frameData(): text so far does not end inside a character. True for what is not text or not checked.
    bool isTextWhole() const { return m_text.isComplete(); }
    //! Control frames so far, for a caller that allows only so many a second.
    std::uint64_t controlFrames() const { return m_controlFrames; }

private:
    enum class Stage : std::uint8_t { Header, Data, Control, Closed, Failed };

    const std::uint8_t *completeHeader(MutableBytes &rest);
    void readHeader(const std::uint8_t *bytes);
    Fault checkHeader(std::uint8_t first, bool masked, unsigned shortLength) const;
    Fault beginMessageFrame();
    Fault takeData(MutableBytes bytes);
    Fault endFrame();
    MutableBytes controlPayload(MutableBytes &rest);
    Flow deliverControl(MutableBytes payload, FrameSink &sink);
    FeedResult fail(Fault fault, std::size_t consumed);

    FrameRules m_rules;
    Stage m_stage = Stage::Header;
    Fault m_fault = Fault::None;
    std::uint16_t m_peerCloseCode = 0;
    std::uint32_t m_fragments = 0; //!< Of the message that is open; 0 if none is.
    FrameHeader m_header{}; //!< Of the frame that is read.
    Opcode m_message = Opcode::Binary; //!< Of the message that is open.
    bool m_messageCompressed = false;
    std::uint8_t m_headerBytes = 0; //!< In m_gathered, of a header that came in pieces.
    std::uint8_t m_controlBytes = 0; //!< In m_gathered, of a control frame that came in pieces.
    MaskKey m_mask{};
    Utf8Validator m_text;
    std::uint64_t m_taken = 0; //!< Payload of the frame so far.
    std::uint64_t m_messageSize = 0; //!< Announced so far.
    std::uint64_t m_controlFrames = 0;
    std::array<std::uint8_t, kLargestControl> m_gathered{};
};

} // namespace Watchword::Wire
