// SPDX-License-Identifier: Apache-2.0
#include "gate/dpopnonces.h"

#include "watchword/jose/base64url.h"

#include <QMessageAuthenticationCode>

namespace Watchword::Gateway {

namespace {

constexpr qsizetype kNonceBytes = 16;

qint64 periodOf(WallTime time)
{
    return time.time_since_epoch() / DpopNonces::kPeriod;
}

} // namespace

DpopNonces::DpopNonces(Secret key)
    : m_key(std::move(key))
{
}

QByteArray DpopNonces::ofPeriod(qint64 period) const
{
    const QByteArray hash = QMessageAuthenticationCode::hash("watchword.dpop.nonce.v1 " + QByteArray::number(period),
                                                             m_key.reveal().toByteArray(), QCryptographicHash::Sha256);
    return toBase64Url(hash.first(kNonceBytes));
}

QByteArray DpopNonces::current(WallTime now) const
{
    return ofPeriod(periodOf(now));
}

bool DpopNonces::accepts(const QByteArray &nonce, WallTime now) const
{
    // Compared as they are: every answer shows the nonce to whoever asks, there is nothing to find out by timing.
    const qint64 period = periodOf(now);
    return nonce == ofPeriod(period) || nonce == ofPeriod(period - 1);
}

} // namespace Watchword::Gateway
