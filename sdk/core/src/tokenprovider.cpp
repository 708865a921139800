// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/tokenprovider.h"

#include "watchword/core/internal/futures.h"

namespace Watchword {

TokenProvider::TokenProvider(QObject *parent)
    : QObject(parent)
{
}

TokenProvider::~TokenProvider() = default;

FixedTokenProvider::FixedTokenProvider(AccessToken token, QObject *parent)
    : TokenProvider(parent)
    , m_token(std::move(token))
{
}

QFuture<Result<AccessToken>> FixedTokenProvider::requestToken(const TokenRequest &request)
{
    Result<AccessToken> result = m_token;
    if (m_token.value.isEmpty())
        result = Error(ErrorCode::SignInRequired, QStringLiteral("no token was given"));
    else if (request.rejectedFingerprint == m_token.value.fingerprint())
        result = Error(ErrorCode::Unauthorized, QStringLiteral("the given token was refused"));
    return finishedFuture(std::move(result));
}

void FixedTokenProvider::setToken(AccessToken token)
{
    m_token = std::move(token);
    Q_EMIT tokenChanged(m_token.generation);
}

} // namespace Watchword
