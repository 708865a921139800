// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/fault.h"

namespace Watchword::Wire {

std::uint16_t closeCodeOf(Fault fault)
{
    switch (fault) {
    case Fault::None:
        return 0;
    case Fault::FrameTooBig:
    case Fault::MessageTooBig:
    case Fault::InflatedTooBig:
        return 1009;
    case Fault::TooManyFragments:
        return 1008;
    case Fault::TextNotUtf8:
    case Fault::CloseReasonNotUtf8:
    case Fault::CompressedDataInvalid:
        return 1007;
    default:
        return 1002;
    }
}

std::string_view describe(Fault fault)
{
    switch (fault) {
    case Fault::None:
        return "no fault";
    case Fault::ReservedBits:
        return "a reserved bit is set without an extension";
    case Fault::ReservedOpcode:
        return "the opcode is reserved";
    case Fault::MaskMissing:
        return "a frame of the client is not masked";
    case Fault::MaskUnexpected:
        return "a frame of the server is masked";
    case Fault::LengthNotShortest:
        return "a length is not written in its shortest form";
    case Fault::LengthOutOfRange:
        return "a length has its highest bit set";
    case Fault::ControlFragmented:
        return "a control frame is fragmented";
    case Fault::ControlTooLong:
        return "a control frame has more than 125 bytes";
    case Fault::ContinuationUnexpected:
        return "a continuation without a message";
    case Fault::ContinuationMissing:
        return "a new message before the end of the last one";
    case Fault::FrameTooBig:
        return "a frame is larger than allowed";
    case Fault::MessageTooBig:
        return "a message is larger than allowed";
    case Fault::TooManyFragments:
        return "a message has more fragments than allowed";
    case Fault::TextNotUtf8:
        return "a text is not UTF-8";
    case Fault::CloseTooShort:
        return "a close frame of one byte";
    case Fault::CloseCodeInvalid:
        return "a close code that must not be sent";
    case Fault::CloseReasonNotUtf8:
        return "the reason of a close frame is not UTF-8";
    case Fault::CompressedDataInvalid:
        return "a compressed message cannot be inflated";
    case Fault::InflatedTooBig:
        return "a compressed message inflates to more than allowed";
    }
    return "unknown fault";
}

} // namespace Watchword::Wire
