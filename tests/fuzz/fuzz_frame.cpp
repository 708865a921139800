// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/frame.h"

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QString text = QString::fromUtf8(reinterpret_cast<const char *>(data), qsizetype(size));
    // Application text survives, and never looks like a control frame.
    const QString escaped = Frame::escape(text);
    require(!Frame::isControl(escaped));
    require(Frame::unescape(escaped) == text);

    const Result<Frame> frame = Frame::parse(text);
    require(!frame || Frame::isControl(text));
    if (!frame)
        return 0;
    require(!frame->type().isEmpty() && !frame->fields().contains(QStringLiteral("t")));
    const Result<Frame> again = Frame::parse(frame->toText());
    if (!again) {
        // Rewriting may lengthen the object (escapes of control characters) over the limit.
        require(frame->toText().indexOf(u'\n') != 1 && frame->toText().toUtf8().size() > 16 * 1024);
        return 0;
    }
    require(again->type() == frame->type() && again->fields() == frame->fields());
    require(again->payload() == frame->payload() && again->payload().isNull() == frame->payload().isNull());
    require(again->toText() == frame->toText());
    return 0;
}
