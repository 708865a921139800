// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

#include <memory>

namespace Monitor {

/*!
    What a .gz or .zst file holds, piece by piece; anything else passes as it is. Its first bytes tell what a file is, not its
   name. Parts one behind the other (gzip members, zstd frames), as log rotation appends them, are one text.

    Use: give() bytes, take() until it returns 0, give() the next ones. Memory is bounded whatever the bytes are: a window of at
    most 128 MiB for zstd, 32 KiB for gzip; how much comes out at once is the caller's.
    Threads: reentrant value. Errors: take() returns -1 from the first bad byte on, and error() says what is wrong.
*/
class Decompressor
{
public:
    enum class Format { Plain, Gzip, Zstd };
    static constexpr qsizetype FirstBytes = 4;
    static Format formatOf(QByteArrayView first); //!< Of the first FirstBytes bytes, or of all if there are fewer.

    explicit Decompressor(Format format);
    ~Decompressor();
    Q_DISABLE_COPY_MOVE(Decompressor)

    Format format() const;
    void give(QByteArrayView input); //!< Borrowed until take() returned 0. What was given before must be used up.
    qsizetype take(char *out, qsizetype capacity);
    bool isComplete() const; //!< The bytes so far end where a part ends: an end here is no truncation.
    const char *error() const; //!< English, static; null while all is well.

private:
    qsizetype inflatePiece(char *out, qsizetype capacity);
    qsizetype zstdPiece(char *out, qsizetype capacity);
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
