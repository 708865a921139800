// SPDX-License-Identifier: Apache-2.0
// An answer with its body as the relay passes it on: it ends at the same byte, however it is cut.
#include "watchword/wire/httphead.h"

#include <algorithm>
#include <cstdlib>

using namespace Watchword::Wire;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

struct End
{
    std::size_t size = 0;
    bool isComplete = false;
    bool isFaulty = false;
};

End endOf(const HttpHead &head, Bytes bytes, std::size_t step)
{
    BodyReader body(HeadKind::Response, head, 0);
    End end;
    while (end.size < bytes.size() && !body.isComplete() && !body.isFaulty()) {
        const std::size_t given = std::min(step, bytes.size() - end.size);
        const std::size_t used = body.feed(bytes.subspan(end.size, given));
        require(used <= given);
        end.size += used;
        if (used < given)
            break; // what follows is not the body's
    }
    end.isFaulty = body.isFaulty();
    end.isComplete = body.isComplete();
    body.finish();
    require(body.body().empty() && (body.isComplete() || body.isFaulty()));
    return end;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const Bytes bytes(data, size);
    HeadReader reader(HeadKind::Response);
    const std::size_t used = reader.feed(bytes);
    if (!reader.isComplete() || reader.head().status() < 200)
        return 0;
    const Bytes rest = bytes.subspan(used);
    const End whole = endOf(reader.head(), rest, size);
    for (const std::size_t step : {std::size_t(1), std::size_t(7)}) {
        const End cut = endOf(reader.head(), rest, step);
        require(cut.isFaulty == whole.isFaulty && (whole.isFaulty || cut.isComplete == whole.isComplete));
        require(whole.isFaulty || cut.size == whole.size);
    }
    return 0;
}
