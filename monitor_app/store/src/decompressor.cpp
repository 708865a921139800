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
};

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
    ZSTD_inBuffer input{d->input.data(), size_t(d->input.size()), 0};
    bool mayHaveMore = true; // what was decoded and did not fit comes without more input
    while (output.pos < output.size && (input.pos < input.size || mayHaveMore)) {
        if (d->complete && input.pos == input.size)
            break;
        const size_t before = output.pos + input.pos;
        const size_t result = ZSTD_decompressStream(d->zstd, &output, &input);
        if (ZSTD_isError(result)) {
            d->error = ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
                ? "the zstd data asks for more than 128 MiB of memory"
                : "the zstd data is damaged";
            d->input = {};
            return output.pos > 0 ? qsizetype(output.pos) : -1;
        }
        d->complete = result == 0;
        mayHaveMore = output.pos + input.pos > before;
    }
    d->input = d->input.sliced(qsizetype(input.pos));
    return qsizetype(output.pos);
}

bool Decompressor::isComplete() const
{
    return d->complete;
}

const char *Decompressor::error() const
{
    return d->error;
}

} // namespace Monitor
