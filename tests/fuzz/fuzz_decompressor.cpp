// SPDX-License-Identifier: Apache-2.0
// Compressed files: whatever they hold, what comes out is bounded by what is asked for, and the pieces in which they are read
// change nothing.
#include <monitor/store/decompressor.h>

#include <QByteArray>

#include <algorithm>
#include <cstdlib>

namespace {

QByteArray readAll(QByteArrayView bytes, qsizetype give, qsizetype take, bool &isSound)
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
    isSound = !decompressor.error() && decompressor.isComplete();
    return out.left(most);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    bool isSound = false;
    bool isSoundInPieces = false;
    const QByteArray whole = readAll(bytes, std::max<qsizetype>(1, bytes.size()), 4096, isSound);
    const QByteArray pieces = readAll(bytes, 3, 64, isSoundInPieces);
    // Of what is damaged near its end one reading may find the damage, where the other waits for more.
    if (std::max(whole.size(), pieces.size()) < (qsizetype(1) << 20) && isSound != isSoundInPieces)
        std::abort();
    if (isSound && isSoundInPieces && whole != pieces)
        std::abort();
    return 0;
}
