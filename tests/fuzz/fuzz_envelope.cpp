// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/envelope.h"

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
    static const Secret key = Secret::random(32);
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    // Nobody without the key makes an envelope.
    const Result<Secret> opened = openEnvelope(key, input, "context");
    require(!opened && opened.error().code() == ErrorCode::DecryptionFailed);

    const qsizetype cut = input.isEmpty() ? 0 : uchar(input.at(0)) % (input.size() + 1);
    const QByteArray plain = input.first(cut);
    const QByteArray aad = input.sliced(cut);
    QByteArray sealed = sealEnvelope(key, plain, aad).value();
    require(openEnvelope(key, sealed, aad).value().reveal().toByteArray() == plain);
    require(!openEnvelope(key, sealed, aad + 'x'));
    const qsizetype place = (input.isEmpty() ? 0 : uchar(input.back())) % sealed.size();
    sealed[place] = char(sealed.at(place) ^ 1);
    require(!openEnvelope(key, sealed, aad));
    return 0;
}
