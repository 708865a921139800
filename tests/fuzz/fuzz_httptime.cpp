// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/internal/httptime.h"

#include <cstdlib>

using namespace Watchword;
using namespace std::chrono_literals;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView text(data, qsizetype(size));
    const WallTime now = wallTimeFromSeconds(1'800'000'000);
    if (const auto date = parseHttpDate(text, now)) {
        // Whole seconds within the calendar; what is written of it reads back as the same.
        require(*date == wallTimeFromSeconds(toSecondsSinceEpoch(*date)));
        require(parseHttpDate(toHttpDate(*date), now) == date);
    }
    if (const auto wait = parseRetryAfter(text, now))
        require(*wait >= 0s && *wait <= 7 * 24h);
    return 0;
}
