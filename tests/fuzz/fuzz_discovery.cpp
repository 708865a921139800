// SPDX-License-Identifier: Apache-2.0
#include "provider/discovery.h"

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QString issuer = QStringLiteral("https://login.test");
    const Result<ProviderMetadata> metadata = parseDiscovery(QByteArrayView(data, qsizetype(size)), issuer, false);
    if (!metadata)
        return 0;
    require(metadata->issuer == issuer);
    for (const QUrl &url : {metadata->authorizationEndpoint, metadata->tokenEndpoint, metadata->jwksUri}) {
        require(url.scheme() == QLatin1String("https") && !url.host().isEmpty() && url.userInfo().isEmpty());
    }
    for (const QUrl &url : {metadata->revocationEndpoint, metadata->endSessionEndpoint, metadata->deviceAuthorizationEndpoint,
                            metadata->pushedAuthorizationRequestEndpoint})
        require(url.isEmpty() || url.scheme() == QLatin1String("https"));
    return 0;
}
