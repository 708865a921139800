// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/transport.h"

#include <algorithm>

namespace Watchword {

QByteArray HttpAnswer::header(QByteArrayView lowerCaseName) const
{
    const auto found =
        std::find_if(headers.cbegin(), headers.cend(), [&](const auto &entry) { return entry.first == lowerCaseName; });
    return found == headers.cend() ? QByteArray() : found->second;
}

Transport::Transport(QObject *parent)
    : QObject(parent)
{
}

Transport::~Transport() = default;

} // namespace Watchword
