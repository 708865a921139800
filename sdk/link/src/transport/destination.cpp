// SPDX-License-Identifier: Apache-2.0
#include "transport/destination.h"

#include "transport/transporterrors.h"
#include "transport/upgrade.h"

#include "watchword/core/frame.h"
#include "watchword/link/connectbudget.h"

namespace Watchword {

using namespace Qt::StringLiterals;

Destination::Destination(const ConnectionOptions &options)
    : m_options(options)
    , m_url(Upgrade::normalised(options.url))
    , m_authorizedUrl(m_url)
    , m_redirectsLeft(options.maximumRedirects)
{
}

Result<void> Destination::setToken(const AccessToken &token)
{
    if (!token.value.isEmpty() && !Upgrade::isToken68(token.value.reveal()))
        return Error(ErrorCode::MalformedToken, u"the token cannot travel in a header (RFC 9110 token68)"_s);
    m_token = token;
    return {};
}

bool Destination::takeNonce(const QByteArray &nonce) const
{
    if (nonce.isEmpty() || !isOrigin() || !m_token.proof)
        return false;
    m_token.proof->rememberNonce(m_url, nonce);
    return true;
}

std::optional<TransportEnd> Destination::refusedBy(const HttpAnswer &answer, const QByteArray &nonce)
{
    const bool nonceCounts = takeNonce(nonce);
    const QUrl target = m_redirectsLeft > 0 ? followedRedirect(answer, m_url, m_options) : QUrl();
    if (target.isEmpty())
        return refusedUpgrade(answer, m_url, nonceCounts, m_options);
    --m_redirectsLeft;
    const bool staysThere = ConnectBudget::serverOf(target) == ConnectBudget::serverOf(m_url);
    m_authorizedUrl = isOrigin() && staysThere ? target : QUrl();
    m_url = target;
    return std::nullopt;
}

QStringList offeredSubprotocols(const ConnectionOptions &options)
{
    QStringList offered;
    if (options.offerWatchword)
        offered.append(QString::fromLatin1(kSubprotocol));
    return offered + options.subprotocols;
}

std::optional<Error> pinFault(const QSslCertificate &certificate, const ConnectionOptions &options)
{
    const QByteArray key = options.pinnedKeys.isEmpty() ? QByteArray() : Upgrade::keyHash(certificate);
    if (options.pinnedKeys.isEmpty() || options.pinnedKeys.contains(key))
        return std::nullopt;
    return Error(ErrorCode::PinMismatch,
                 u"the key of the server's certificate is not a pinned one: sha256/"_s + QString::fromLatin1(key.toBase64()));
}

} // namespace Watchword
