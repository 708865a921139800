// SPDX-License-Identifier: Apache-2.0
// The chunks of a request as an upstream gets them: however they come, one body, which others read as it was read here.
#include "relay/chunkfilter.h"
#include "watchword/wire/httphead.h"

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

struct Passed
{
    std::size_t used = 0;
    std::string out;
    bool isComplete = false;
    bool isFaulty = false;
};

Passed passed(std::span<const std::uint8_t> bytes, std::size_t step)
{
    ChunkFilter filter;
    Passed result;
    while (result.used < bytes.size() && !filter.isComplete() && !filter.isFaulty()) {
        const auto piece = bytes.subspan(result.used, std::min(step, bytes.size() - result.used));
        const std::size_t used = filter.feed(piece, result.out);
        require(used <= piece.size() && (used == piece.size() || filter.isComplete() || filter.isFaulty()));
        result.used += used;
    }
    result.isComplete = filter.isComplete();
    result.isFaulty = filter.isFaulty();
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::span<const std::uint8_t> bytes(data, size);
    const Passed whole = passed(bytes, std::max<std::size_t>(size, 1));
    for (const std::size_t step : {std::size_t(1), std::size_t(7)}) {
        const Passed cut = passed(bytes, step);
        require(cut.used == whole.used && cut.out == whole.out && cut.isComplete == whole.isComplete
                && cut.isFaulty == whole.isFaulty);
    }
    // Another implementation reads all of it as one body, without a word behind its end.
    Wire::HeadReader reader(Wire::HeadKind::Request);
    reader.feed(Wire::bytesOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    Wire::BodyReader body(Wire::HeadKind::Request, reader.head(), 0);
    const std::size_t read = body.feed(Wire::bytesOf(whole.out));
    require(!body.isFaulty() && read == whole.out.size() && body.isComplete() == whole.isComplete);
    // Passing it on once more changes nothing.
    const std::string &out = whole.out;
    const Passed again =
        passed({reinterpret_cast<const std::uint8_t *>(out.data()), out.size()}, std::max<std::size_t>(out.size(), 1));
    require(!again.isFaulty && (!whole.isComplete || again.out == out));
    return 0;
}
