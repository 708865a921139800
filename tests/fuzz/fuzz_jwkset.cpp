// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/jwkset.h"

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
    const Result<JwkSet> set = JwkSet::fromBytes(QByteArrayView(data, qsizetype(size)));
    if (!set)
        return 0;
    require(set->keys().size() <= JwkSet::kMostKeys);
    for (const Jwk &key : set->keys()) {
        require(!key.isNull() && key.thumbprint().size() == 43);
        require(!key.toPublicJson().contains(QStringLiteral("d")));
        require(!key.canVerify(QStringLiteral("none")) && !key.canVerify(QStringLiteral("HS256")));
        for (const char *name : {"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"})
            require(!key.verify(QString::fromLatin1(name), "message", QByteArray(64, '\0')));
        const QList<Jwk> named = set->candidates(key.keyId(), key.algorithm());
        require(key.keyId().isEmpty() || named.size() <= 1);
    }
    const Result<JwkSet> again = JwkSet::fromBytes(set->toBytes());
    require(again && again->refusals().isEmpty() && again->toBytes() == set->toBytes());
    return 0;
}
