// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connectionoptions.h"

#include "wire_p.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error invalid(const QString &what)
{
    return Error(ErrorCode::InvalidArgument, u"ConnectionOptions: "_s + what);
}

Result<void> validateNames(const ConnectionOptions &options)
{
    if (!Wire::isHeaderValue(options.origin))
        return invalid(u"origin holds a control character"_s);
    for (const QString &name : options.subprotocols) {
        if (!Wire::isHeaderName(name.toLatin1()) || name != QString::fromLatin1(name.toLatin1()))
            return invalid(u"subprotocols: \"%1\" is not an RFC 9110 token"_s.arg(name.left(60)));
    }
    for (auto header = options.headers.cbegin(); header != options.headers.cend(); ++header) {
        if (!Wire::isHeaderName(header.key()))
            return invalid(u"headers: a name is empty or holds a character that names may not have"_s);
        if (Wire::isReservedHeader(header.key()))
            return invalid(u"headers: %1 is set by the connection"_s.arg(QString::fromLatin1(header.key())));
        if (!Wire::isHeaderValue(header.value()))
            return invalid(u"headers: the value of %1 holds a control character"_s.arg(
                QString::fromLatin1(header.key())));
    }
    return {};
}

} // namespace

Result<void> ConnectionOptions::validate() const
{
    if (const Result<void> checked = Wire::checkUrl(url, allowLoopbackPlain); !checked)
        return checked;
    if (const Result<void> checked = validateNames(*this); !checked)
        return checked;
    for (const QByteArray &pin : pinnedKeys) {
        if (pin.size() != 32)
            return invalid(u"pinnedKeys: a pin is not the 32 bytes of a SHA-256"_s);
    }
    for (const Duration duration :
         {connectTimeout, tokenTimeout, readyTimeout, pongTimeout, probeTimeout, closeTimeout, renewTimeout,
          heartbeat, stableAfter, budgetWindow, backoff.base}) {
        if (duration <= Duration::zero())
            return invalid(u"a time is zero or negative"_s);
    }
    if (budgetAttempts < 1)
        return invalid(u"budgetAttempts is less than 1"_s);
    if (lowWater < 0 || highWater <= lowWater || offlineQueue < 0 || unacknowledged < 0 || maximumMessage < 1)
        return invalid(u"a size is negative, or lowWater is not below highWater"_s);
    return {};
}

} // namespace Watchword
