// SPDX-License-Identifier: Apache-2.0
#include "issuer/sealer.h"

#include "watchword/jose/base64url.h"

#include <QCryptographicHash>
#include <QMessageAuthenticationCode>

namespace Watchword::Gateway {

Sealer::Sealer(QByteArray purpose)
    : m_purpose(std::move(purpose))
    , m_key(Secret::random(32))
{
}

QByteArray Sealer::tagOf(QByteArrayView text) const
{
    QMessageAuthenticationCode code(QCryptographicHash::Sha256);
    code.setKey(m_key.reveal().toByteArray());
    code.addData(m_purpose + '\0');
    code.addData(text.data(), int(text.size()));
    return toBase64Url(code.result());
}

QByteArray Sealer::seal(QByteArrayView text) const
{
    return toBase64Url(text) + '.' + tagOf(text);
}

std::optional<QByteArray> Sealer::open(QByteArrayView sealed) const
{
    const qsizetype dot = sealed.indexOf('.');
    if (dot < 0)
        return {};
    const Result<QByteArray> text = fromBase64Url(sealed.first(dot));
    if (!text || !Secret::copy(tagOf(*text)).equals(Secret::copy(sealed.sliced(dot + 1))))
        return {};
    return *text;
}

} // namespace Watchword::Gateway
