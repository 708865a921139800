// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/compression.h"

#include <algorithm>
#include <cstdlib>

using namespace Watchword::Wire;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

// The first byte chooses; the rest is inflated as a stranger's message, and deflated and inflated as ours.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const int bits = 8 + (data[0] & 7);
    const bool keeps = data[0] & 8;
    const DeflateParameters agreed{bits, bits, keeps, keeps};
    constexpr std::size_t limit = 50'000;
    const Bytes bytes(data + 1, size - 1);
    std::vector<std::uint8_t> out;
    {
        Compression reader(Role::Client, agreed, {});
        for (int i = 0; i < 2; ++i) {
            const InflateResult result = reader.inflate(bytes, out, limit);
            require(out.size() <= limit);
            if (result != InflateResult::Ok)
                break;
        }
    }
    Compression writer(Role::Server, agreed, {.memoryLevel = 1 + (data[0] >> 5), .smallest = 0});
    Compression reader(Role::Client, agreed, {});
    const std::size_t half = bytes.size() / 2;
    for (const Bytes message : {bytes.first(half), bytes.subspan(half), bytes}) {
        std::vector<std::uint8_t> wire;
        if (!writer.deflate(message, wire))
            continue;
        const InflateResult result = reader.inflate(wire, out, limit);
        if (message.size() > limit) {
            require(result == InflateResult::TooBig);
            break;
        }
        require(result == InflateResult::Ok && std::equal(out.begin(), out.end(), message.begin(), message.end()));
    }
    return 0;
}
