// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/transport.h"

#include "transport/websockettransport_p.h"
#include "transport/wiretransport.h"

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

std::unique_ptr<Transport> makeWebSocketTransport(const ConnectionOptions &options)
{
#ifndef Q_OS_WASM // which has no sockets
    if (options.engine == Engine::Wire)
        return std::make_unique<WireTransport>(options);
#endif
    return std::make_unique<WebSocketTransport>(options);
}

} // namespace Watchword
