// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace Watchword::Wire {

/*! What is wrong with the frames that a peer sent. It ends the connection; closeCodeOf() is what to tell the peer. */
enum class Fault : std::uint8_t {
    None,
    ReservedBits, //!< RSV1 to RSV3 without an extension that gives them a meaning.
    ReservedOpcode,
    MaskMissing, //!< A client must mask.
    MaskUnexpected, //!< A server must not.
    LengthNotShortest, //!< RFC 6455 section 5.2: the shortest of the three forms.
    LengthOutOfRange, //!< Bit 63 is set.
    ControlFragmented,
    ControlTooLong,
    ContinuationUnexpected, //!< There is no message to go on with.
    ContinuationMissing, //!< A new message inside another one.
    FrameTooBig, //!< All limits are judged by the announced length, before a byte of payload.
    MessageTooBig,
    TooManyFragments,
    TextNotUtf8,
    CloseTooShort, //!< One byte; a code has two.
    CloseCodeInvalid,
    CloseReasonNotUtf8, //!< Our verdict on a close frame whose code is valid: FrameParser::peerCloseCode() has that.
    CompressedDataInvalid,
    InflatedTooBig,
};

//! 1002, 1007, 1008 or 1009; 0 for None.
std::uint16_t closeCodeOf(Fault fault);
//! One plain sentence without a full stop, in ASCII: for logs and for the reason of the close frame.
std::string_view describe(Fault fault);

} // namespace Watchword::Wire
