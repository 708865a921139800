// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <algorithm>
#include <vector>

namespace Monitor {

//! Length of the longest run of growing numbers that may have others in between: the rows that need not move.
inline qint64 longestGrowing(const std::vector<qint64> &numbers)
{
    std::vector<qint64> ends;
    for (const qint64 number : numbers) {
        const auto at = std::lower_bound(ends.begin(), ends.end(), number);
        if (at == ends.end())
            ends.push_back(number);
        else
            *at = number;
    }
    return qint64(ends.size());
}

} // namespace Monitor
