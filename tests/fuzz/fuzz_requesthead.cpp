// SPDX-License-Identifier: Apache-2.0
#include "gate/gatepeer.h"
#include "http/httpmessage.h"
#include "http/requesthead.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace Watchword::Gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    Watchword::Wire::HeadReader reader(Watchword::Wire::HeadKind::Request, kHeadLimits);
    reader.feed({data, size});
    const ParsedHead parsed = reader.isComplete() ? requestHeadOf(reader.head()) : lateHead();
    if (parsed.isGood()) {
        const RequestHead &head = parsed.head;
        // What the callers rely on without a second look.
        if (!head.path.startsWith('/') || head.contentLength() < 0 || head.values("Host").size() > 1
            || (head.isChunked() && head.contains("Content-Length")))
            std::abort();
        // The address of a client behind a proxy is one, and nobody else is believed.
        GatewayConfig config;
        config.trustedProxies = QStringList{QStringLiteral("10.0.0.0/8")};
        const QHostAddress proxy(QStringLiteral("10.0.0.1"));
        using Header = GatewayConfig::ProxyHeader;
        for (const auto &[header, name] :
             {std::pair(Header::XForwardedFor, "X-Forwarded-For"), std::pair(Header::Forwarded, "Forwarded")}) {
            config.proxyHeader = header;
            const GatePeer behind = peerOf(head, proxy, 1, true, config);
            if (behind.address.isNull() || (behind.viaProxy && !head.contains(name)))
                std::abort();
        }
        const QHostAddress stranger(QStringLiteral("192.0.2.1"));
        if (peerOf(head, stranger, 1, true, config).address != stranger)
            std::abort();
    }
    const FormFields fields = FormFields::parse(QByteArrayView(data, qMin<qsizetype>(qsizetype(size), 2048)));
    if (!fields.contains(QStringLiteral("a")) && !fields.value(QStringLiteral("a")).isEmpty())
        std::abort();
    return 0;
}
