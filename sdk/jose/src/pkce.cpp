// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/pkce.h"

#include "watchword/jose/base64url.h"

#include <QCryptographicHash>

#include <openssl/crypto.h>

#include <algorithm>

namespace Watchword {

namespace {

bool isVerifier(QByteArrayView text)
{
    const auto isUnreserved = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
            || c == '~';
    };
    return text.size() >= 43 && text.size() <= 128 && std::all_of(text.begin(), text.end(), isUnreserved);
}

} // namespace

Pkce Pkce::create()
{
    Pkce pkce;
    const Secret seed = Secret::random(32);
    pkce.verifier = Secret::take(toBase64Url(seed.reveal()));
    pkce.challenge = challengeOf(pkce.verifier.reveal());
    return pkce;
}

QString Pkce::challengeOf(QByteArrayView verifier)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(verifier);
    return QString::fromLatin1(toBase64Url(hash.result()));
}

bool Pkce::matches(QByteArrayView verifier, const QString &challenge)
{
    const QByteArray expected = challengeOf(verifier).toLatin1();
    const QByteArray given = challenge.toUtf8();
    return isVerifier(verifier) && given.size() == expected.size()
        && CRYPTO_memcmp(given.constData(), expected.constData(), size_t(expected.size())) == 0;
}

} // namespace Watchword
