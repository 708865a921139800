// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/base64url.h"
#include "watchword/jose/jws.h"

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

// Nothing that was not signed here is accepted; what was is given back byte by byte.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const SigningKey key = SigningKey::generate(QStringLiteral("ES256")).valueOr({});
    static const JwkSet keys = [] {
        JwkSet set;
        set.insert(key.publicKey());
        return set;
    }();
    const QByteArrayView input(data, qsizetype(size));
    require(!Jws::verify(input, keys));
    // The input as the header of a text that the right key signed.
    const QByteArray text = toBase64Url(input) + ".cGF5bG9hZA";
    const Result<Jws> headed = Jws::verify(text + '.' + toBase64Url(key.sign(text).valueOr({})), keys);
    require(!headed || (headed->payload() == "payload" && headed->algorithm() == QStringLiteral("ES256")));
    if (headed)
        require(headed->keyId().isEmpty() || headed->keyId() == key.keyId());
    // And as its payload.
    const Result<QByteArray> made = Jws::sign(key, input);
    require(made && Jws::verify(*made, keys)->payload() == input);
    return 0;
}
