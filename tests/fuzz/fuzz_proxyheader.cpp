// SPDX-License-Identifier: Apache-2.0
#include "net/proxyheader.h"

#include <cstddef>
#include <cstdlib>

using namespace Watchword::Gateway::Net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const ProxyHeader header = parseProxyHeader({data, size});
    if (header.state == ProxyHeader::State::Complete) {
        // What the listener relies on without a second look.
        if (header.size == 0 || header.size > size || header.size > kLargestProxyHeader)
            std::abort();
        if (header.source && header.source->address.is_v6() && header.source->address.to_v6().is_v4_mapped())
            std::abort();
        // A complete header stays what it is, whatever follows it, and is incomplete without its last byte.
        const ProxyHeader alone = parseProxyHeader({data, header.size});
        if (alone.state != header.state || alone.size != header.size || alone.source != header.source
            || parseProxyHeader({data, header.size - 1}).state != ProxyHeader::State::Incomplete)
            std::abort();
    } else if (size >= kLargestProxyHeader && header.state == ProxyHeader::State::Incomplete) {
        std::abort(); // it would be waited for, for ever
    }
    return 0;
}
