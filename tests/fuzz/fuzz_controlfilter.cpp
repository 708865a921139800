// SPDX-License-Identifier: Apache-2.0
// The relay's look at texts that come in pieces: however a text is cut, it is the same kind and has the same content.
#include "relay/controlfilter.h"

#include <algorithm>
#include <cstdlib>

using namespace Watchword;
using namespace Watchword::Gateway;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

struct Seen
{
    bool isControl = false;
    std::vector<std::uint8_t> content;
};

// Cuts \a text by the bytes of \a cuts: so many bytes go into the next piece; 0 is an empty one.
Seen lookAt(Wire::Bytes text, Wire::Opcode type, Wire::Bytes cuts)
{
    ControlFilter filter;
    filter.begin(type);
    Seen seen;
    std::size_t at = 0;
    std::size_t cut = 0;
    bool isLast = false;
    while (!isLast) {
        const std::size_t wanted = cut < cuts.size() ? cuts[cut++] % 8U : text.size();
        const std::size_t size = std::min(wanted, text.size() - at);
        std::vector<std::uint8_t> bytes(text.begin() + std::ptrdiff_t(at), text.begin() + std::ptrdiff_t(at + size));
        at += size;
        isLast = at == text.size() && cut >= cuts.size();
        Wire::MutableBytes piece(bytes);
        switch (filter.look(piece, isLast)) {
        case ControlFilter::Verdict::Pass:
            require(!seen.isControl && filter.heldBytes() == 0);
            seen.content.insert(seen.content.end(), piece.begin(), piece.end());
            break;
        case ControlFilter::Verdict::Hold:
            require(!isLast && !seen.isControl && seen.content.empty());
            break;
        case ControlFilter::Verdict::Control:
            require(seen.content.empty() && filter.heldBytes() <= at);
            seen.isControl = true;
            break;
        }
    }
    if (seen.isControl)
        seen.content = filter.takeControl();
    require(filter.heldBytes() == 0);
    return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size < 2)
        return 0;
    const Wire::Opcode type = (data[0] & 1) != 0 ? Wire::Opcode::Text : Wire::Opcode::Binary;
    const std::size_t cutCount = std::min<std::size_t>(data[1], size - 2);
    const Wire::Bytes cuts(data + 2, cutCount);
    const Wire::Bytes text(data + 2 + cutCount, size - 2 - cutCount);
    const Seen seen = lookAt(text, type, cuts);
    const bool hasMark = type == Wire::Opcode::Text && !text.empty() && text[0] == ControlFilter::kMark;
    const bool isDoubled = hasMark && text.size() > 1 && text[1] == ControlFilter::kMark;
    require(seen.isControl == (hasMark && !isDoubled));
    const Wire::Bytes expected = text.subspan(isDoubled ? 1 : 0);
    require(std::equal(seen.content.begin(), seen.content.end(), expected.begin(), expected.end()));
    return 0;
}
