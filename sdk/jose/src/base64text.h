// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

namespace Watchword {

//! How many bytes \a text stands for, if it is base64url.
constexpr qsizetype sizeFromBase64Url(QByteArrayView text)
{
    const qsizetype rest = text.size() % 4;
    return text.size() / 4 * 3 + (rest > 0 ? rest - 1 : 0);
}

//! fromBase64Url() into memory of the caller, who has room for sizeFromBase64Url(); false if \a text is not
//! canonical.
bool decodeBase64Url(QByteArrayView text, uchar *out);

} // namespace Watchword
