// SPDX-License-Identifier: Apache-2.0
#include "provider/dpopsigner.h"

#include "watchword/jose/dpop.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostOrigins = 64;

// RFC 9449 section 8.2: a nonce of one server is not for another one.
QString originOf(const QUrl &url)
{
    const QUrl target(DpopProof::targetOf(url));
    return target.scheme() + u"://"_s + target.authority();
}

} // namespace

DpopSigner::DpopSigner(const SigningKey &key, Clock &clock)
    : m_key(key)
    , m_clock(clock)
{
}

DpopSigner::~DpopSigner() = default;

Result<std::shared_ptr<DpopSigner>> DpopSigner::create(Clock &clock)
{
    const Result<SigningKey> key = SigningKey::generate(u"ES256"_s);
    if (!key)
        return key.error();
    return std::make_shared<DpopSigner>(*key, clock);
}

Result<std::shared_ptr<DpopSigner>> DpopSigner::fromPem(const Secret &pem, Clock &clock)
{
    const Result<SigningKey> key = SigningKey::fromPem(pem, u"ES256"_s);
    if (!key)
        return key.error();
    return std::make_shared<DpopSigner>(*key, clock);
}

Result<QByteArray> DpopSigner::headerFor(const QByteArray &method, const QUrl &url, const Secret &accessToken)
{
    const QString nonce = QString::fromLatin1(nonceFor(url));
    return DpopProof::create(m_key, {method, url, accessToken, nonce}, m_clock.wallNow() + Duration(m_offset.load()));
}

QByteArray DpopSigner::nonceFor(const QUrl &url)
{
    const std::scoped_lock guard(m_mutex);
    return m_nonces.value(originOf(url)).toLatin1();
}

bool DpopSigner::rememberNonce(const QUrl &url, const QByteArray &nonce)
{
    if (nonce.isEmpty() || nonce.size() > 512)
        return false;
    for (const char c : nonce) { // RFC 9449 section 8.1: NQCHAR
        if (c <= ' ' || c == '"' || c == '\\' || c >= 0x7f)
            return false;
    }
    const std::scoped_lock guard(m_mutex);
    QString &known = m_nonces[originOf(url)];
    const QString text = QString::fromLatin1(nonce);
    if (known == text)
        return false;
    known = text;
    if (m_nonces.size() > kMostOrigins)
        m_nonces.removeIf([&](const auto &one) { return one.key() != originOf(url); });
    return true;
}

} // namespace Watchword
