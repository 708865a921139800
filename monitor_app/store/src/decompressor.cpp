// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/decompressor.h"

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace Monitor {

namespace {

constexpr int gzipOnly = 16; // added to zlib's window bits
constexpr int largestZstdWindow = 27; // 128 MiB, as the program zstd takes without being asked

} // namespace

class Decompressor::Private
{
public:
    explicit Private(Format format)
        : format(format)
    {
        if (format == Format::Gzip) {
            hasGzip = inflateInit2(&gzip, MAX_WBITS + gzipOnly) == Z_OK;
            if (!hasGzip)
                error = "no memory for reading gzip";
        } else if (format == Format::Zstd) {
            zstd = ZSTD_createDStream();
            if (!zstd || ZSTD_isError(ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, largestZstdWindow)))
                error = "no memory for reading zstd";
        }
    }
    ~Private()
    {
        if (hasGzip)
            inflateEnd(&gzip);
        ZSTD_freeDStream(zstd);
    }
    Q_DISABLE_COPY_MOVE(Private)

    const Format format;
    QByteArrayView input;
    bool complete = true;
    const char *error = nullptr;
    z_stream gzip{};
    bool hasGzip = false;
    ZSTD_DStream *zstd = nullptr;
    QByteArray magic; // of the next zstd frame, until all of it is here
    bool readsZstdHead();
};

//! False while the first bytes of a frame are not all here, or are none of today's format: libzstd may also read those of
//! before 1.0.
bool Decompressor::Private::readsZstdHead()
{
    const qsizetype wanted = std::min(FirstBytes - magic.size(), input.size());
    magic.append(input.first(wanted));
    input = input.sliced(wanted);
    if (magic.size() < FirstBytes)
        return false;
    const bool isSkippable = (magic[0] & 0xf0) == 0x50 && QByteArrayView(magic).sliced(1) == QByteArrayView("\x2a\x4d\x18");
    if (!isSkippable && formatOf(magic) != Format::Zstd) {
        error = "the zstd data is damaged";
        return false;
    }
    ZSTD_inBuffer head{magic.constData(), size_t(magic.size()), 0};
    ZSTD_outBuffer nothing{nullptr, 0, 0};
    const size_t result = ZSTD_decompressStream(zstd, &nothing, &head);
    magic.clear();
    complete = false;
    if (ZSTD_isError(result) || head.pos != head.size)
        error = "the zstd data is damaged";
    return error == nullptr;
}

Decompressor::Format Decompressor::formatOf(QByteArrayView first)
{
    if (first.startsWith("\x1f\x8b"))
        return Format::Gzip;
    return first.startsWith("\x28\xb5\x2f\xfd") ? Format::Zstd : Format::Plain;
}

Decompressor::Decompressor(Format format)
    : d(std::make_unique<Private>(format))
{
}

Decompressor::~Decompressor() = default;

Decompressor::Format Decompressor::format() const
{
    return d->format;
}

void Decompressor::give(QByteArrayView input)
{
    Q_ASSERT(d->input.isEmpty());
    d->input = input;
}

qsizetype Decompressor::take(char *out, qsizetype capacity)
{
    if (d->error)
        return -1;
    switch (d->format) {
    case Format::Gzip:
        return inflatePiece(out, capacity);
    case Format::Zstd:
        return zstdPiece(out, capacity);
    case Format::Plain:
        break;
    }
    const qsizetype size = std::min(capacity, d->input.size());
    std::copy_n(d->input.data(), size, out);
    d->input = d->input.sliced(size);
    return size;
}

qsizetype Decompressor::inflatePiece(char *out, qsizetype capacity)
{
    constexpr auto most = qsizetype(std::numeric_limits<uInt>::max());
    capacity = std::min(capacity, most);
    d->gzip.next_out = reinterpret_cast<Bytef *>(out);
    d->gzip.avail_out = uInt(capacity);
    while (d->gzip.avail_out > 0 && !d->input.isEmpty()) {
        if (d->complete) {
            // Some programs fill the last block of a tape or disk with zeros.
            while (!d->input.isEmpty() && d->input.front() == '\0')
                d->input = d->input.sliced(1);
            if (d->input.isEmpty())
                break;
        }
        const qsizetype size = std::min(d->input.size(), most);
        d->gzip.next_in = reinterpret_cast<const Bytef *>(d->input.data());
        d->gzip.avail_in = uInt(size);
        d->complete = false;
        const int result = inflate(&d->gzip, Z_NO_FLUSH);
        d->input = d->input.sliced(size - qsizetype(d->gzip.avail_in));
        if (result == Z_STREAM_END) {
            d->complete = true;
            inflateReset(&d->gzip);
        } else if (result == Z_BUF_ERROR) {
            break;
        } else if (result != Z_OK) {
            d->error = "the gzip data is damaged";
            d->input = {};
            break;
        }
    }
    const qsizetype written = capacity - qsizetype(d->gzip.avail_out);
    return written > 0 || !d->error ? written : -1;
}

qsizetype Decompressor::zstdPiece(char *out, qsizetype capacity)
{
    ZSTD_outBuffer output{out, size_t(capacity), 0};
    bool mayHaveMore = true; // what was decoded and did not fit comes without more input
    while (output.pos < output.size && !d->error) {
        if (d->complete && (d->input.isEmpty() || !d->readsZstdHead()))
            break;
        if (d->input.isEmpty() && !mayHaveMore)
            break;
        ZSTD_inBuffer input{d->input.data(), size_t(d->input.size()), 0};
        const size_t before = output.pos;
        const size_t result = ZSTD_decompressStream(d->zstd, &output, &input);
        d->input = d->input.sliced(qsizetype(input.pos));
        if (ZSTD_isError(result)) {
            d->error = ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
                ? "the zstd data asks for more than 128 MiB of memory"
                : "the zstd data is damaged";
            break;
        }
        d->complete = result == 0;
        mayHaveMore = output.pos > before || input.pos > 0;
    }
    if (d->error)
        d->input = {};
    return output.pos > 0 || !d->error ? qsizetype(output.pos) : -1;
}

bool Decompressor::isComplete() const
{
    return d->complete && d->magic.isEmpty();
}

const char *Decompressor::error() const
{
    return d->error;
}

} // namespace Monitor
