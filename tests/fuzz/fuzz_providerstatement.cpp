// SPDX-License-Identifier: Apache-2.0
// Logout tokens and security event tokens: as compact JWT, and their claims when the signature would be good.
#include "api/providerstatement.h"
#include "watchword/jose/jwt.h"

#include <QJsonDocument>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace Watchword;
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const WallTime now = wallTimeFromSeconds(1'700'000'000);
    const Result<Jwt> jwt = Jwt::parse(bytes);
    const QJsonObject claims = jwt ? jwt->claims() : QJsonDocument::fromJson(bytes).object();
    (void)Gateway::readLogoutToken(claims, now);
    (void)Gateway::readSecurityEvents(claims, now);
    return 0;
}
