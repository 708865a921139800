// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/base64url.h"

namespace Watchword {

QByteArray toBase64Url(QByteArrayView bytes)
{
    return bytes.toByteArray().toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
}

Result<QByteArray> fromBase64Url(QByteArrayView text)
{
    const Error error(ErrorCode::MalformedToken, QStringLiteral("not canonical base64url"));
    // What Qt lets pass: padding, a lone last character, and unused bits that are not zero.
    const qsizetype rest = text.size() % 4;
    if (rest == 1 || text.endsWith('='))
        return error;
    constexpr QByteArrayView fourZeroBits("AQgw");
    constexpr QByteArrayView twoZeroBits("AEIMQUYcgkosw048");
    if ((rest == 2 && !fourZeroBits.contains(text.back()))
        || (rest == 3 && !twoZeroBits.contains(text.back())))
        return error;
    auto decoded = QByteArray::fromBase64Encoding(QByteArray::fromRawData(text.data(), text.size()),
                                                  QByteArray::Base64UrlEncoding
                                                      | QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded || (*decoded).size() != text.size() * 3 / 4)
        return error;
    return std::move(*decoded);
}

} // namespace Watchword
