// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/utf8.h"

#include <QStringDecoder>

#include <cstdlib>

using namespace Watchword::Wire;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

// Whole, cut at every place, and as Qt sees it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Bytes bytes(data, size);
    const bool valid = isUtf8(bytes);
    for (std::size_t cut = 0; cut <= std::min<std::size_t>(size, 200); ++cut) {
        Utf8Validator validator;
        require((validator.feed(bytes.first(cut)) && validator.feed(bytes.subspan(cut)) && validator.isComplete()) == valid);
    }
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless | QStringDecoder::Flag::ConvertInitialBom);
    const QString text = decoder.decode(QByteArrayView(reinterpret_cast<const char *>(data), qsizetype(size)));
    require(!decoder.hasError() == valid);
    // What is valid survives the way through a QString.
    require(!valid || text.toUtf8() == QByteArrayView(reinterpret_cast<const char *>(data), qsizetype(size)));
    return 0;
}
