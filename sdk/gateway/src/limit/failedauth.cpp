// SPDX-License-Identifier: Apache-2.0
#include "limit/failedauth.h"

namespace Watchword::Gateway {

FailedAuth::FailedAuth(Clock &clock)
    : m_clock(clock)
{
}

std::optional<Duration> FailedAuth::count(const QHostAddress &address, const Identity *account)
{
    const double most = m_perMinute;
    const Instant now = m_clock.now();
    const std::optional<Duration> wait = m_ofAddress.take({}, address, most / 60, most, now);
    if (wait || !account)
        return wait;
    return m_ofAccount.take(account->issuer + u' ' + account->subject, QHostAddress(), most / 60, most, now);
}

} // namespace Watchword::Gateway
