// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/signednote.h"

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
    const QByteArrayView bytes(data, qsizetype(size));
    if (const Result<NoteVerifier> verifier = NoteVerifier::fromText(bytes)) {
        require(verifier->toText() == bytes.toByteArray().trimmed());
        require(verifier->keyId().size() == 4);
    }
    const Result<SignedNote> note = SignedNote::fromBytes(bytes);
    if (!note)
        return 0;
    require(note->toBytes() == bytes.toByteArray());
    require(!note->signatures().isEmpty());
    const Result<Checkpoint> checkpoint = Checkpoint::fromText(note->text());
    if (checkpoint)
        require(note->text().startsWith(checkpoint->toText()));
    return 0;
}
