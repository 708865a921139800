// SPDX-License-Identifier: Apache-2.0
// Compressed files: whatever they hold, what comes out is bounded by what is asked for, and the pieces in which they are read
// change nothing.
#include <monitor/store/decompressor.h>

#include <QByteArray>

#include <algorithm>
#include <cstdlib>

namespace {

QByteArray readAll(QByteArrayView bytes, qsizetype give, qsizetype take, bool &failed)
{
    using namespace Monitor;
    Decompressor decompressor(Decompressor::formatOf(bytes.first(std::min<qsizetype>(bytes.size(), Decompressor::FirstBytes))));
    QByteArray out;
    QByteArray piece(take, '\0');
    constexpr qsizetype most = qsizetype(1) << 20;
    for (qsizetype at = 0; at < bytes.size() && out.size() < most; at += give) {
        decompressor.give(bytes.sliced(at).first(std::min(give, bytes.size() - at)));
        qsizetype got = 0;
        while (out.size() < most && (got = decompressor.take(piece.data(), piece.size())) > 0) {
            if (got > piece.size())
                std::abort();
            out += piece.first(got);
        }
        if (got < 0)
            break;
    }
    failed = decompressor.error() != nullptr;
    return out.left(most);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    bool failed = false;
    bool failedToo = false;
    const QByteArray whole = readAll(bytes, std::max<qsizetype>(1, bytes.size()), 4096, failed);
    const QByteArray pieces = readAll(bytes, 3, 64, failedToo);
    if (failed != failedToo && whole.size() < (1 << 20) && pieces.size() < (1 << 20))
        std::abort();
    if (!failed && !failedToo && whole != pieces)
        std::abort();
    return 0;
}
