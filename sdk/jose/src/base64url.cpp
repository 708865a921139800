// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/base64url.h"

namespace Watchword {

QByteArray toBase64Url(QByteArrayView bytes)
{
    return bytes.toByteArray().toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
}

Result<QByteArray> fromBase64Url(QByteArrayView text)
{
    const QByteArray input = text.toByteArray();
    const auto decoded =
        QByteArray::fromBase64Encoding(input,
                                       QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals
                                           | QByteArray::AbortOnBase64DecodingErrors);
    // Encoding again finds what Qt lets pass: padding, and different texts for the same bytes.
    if (!decoded || toBase64Url(*decoded) != input)
        return Error(ErrorCode::MalformedToken, QStringLiteral("not canonical base64url"));
    return *decoded;
}

} // namespace Watchword
