// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/tokenset.h"

namespace Watchword {

TokenProof::~TokenProof() = default;

bool AccessToken::isValidAt(WallTime now, Duration leeway) const
{
    return !value.isEmpty() && (!expiresAt || now + leeway < *expiresAt);
}

bool AccessToken::isBound() const
{
    return type.compare(QLatin1StringView("DPoP"), Qt::CaseInsensitive) == 0;
}

Result<RequestHeaders> AccessToken::headersFor(const QByteArray &method, const QUrl &url) const
{
    RequestHeaders headers;
    // RFC 9449 section 7.1 and RFC 6750 section 2.1 spell the schemes so; providers write them in any case.
    const bool bound = isBound();
    if (bound && !proof)
        return Error(ErrorCode::WrongState, QStringLiteral("the token is bound to a key that is not here"));
    if (bound) {
        const Result<QByteArray> made = proof->headerFor(method, url, value);
        if (!made)
            return made.error();
        headers.proof = *made;
    }
    QByteArray text = bound ? QByteArray("DPoP ") : QByteArray("Bearer ");
    text += value.reveal();
    headers.authorization = Secret::take(std::move(text));
    return headers;
}

AccessToken TokenSet::toAccessToken() const
{
    return {accessToken, tokenType, expiresAt, scopes, subject, generation, nullptr};
}

} // namespace Watchword
