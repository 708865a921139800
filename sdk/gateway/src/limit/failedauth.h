// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "limit/addressrates.h"
#include "watchword/gateway/identity.h"

namespace Watchword::Gateway {

/*!
    Counts credentials that were refused, wherever they were presented: at an upgrade, in a first message, in a renewal on an open
    connection, at the API, at the token endpoint and in what providers push. One budget for each address (an IPv6 /64 is one)
    and one for each account, so that no way in is a way around another.

    Only refusals are counted, and only refusals are turned into "come back later": who shares an address or the name of an
    account with somebody who guesses is not held up. What says nothing about the credential (keys that cannot be fetched, a nonce
    that is wanted) must not be counted. Bounded like AddressRates. Threads: one. Ownership: borrows the clock.
*/
class WATCHWORD_TEST_EXPORT FailedAuth
{
public:
    explicit FailedAuth(Clock &clock);

    void setPerMinute(int failures) { m_perMinute = failures; } //!< 0: no limit.
    int perMinute() const { return m_perMinute; }
    //! One more was refused; how long to wait, if that are too many. \a account is whose it is, null if nobody knows.
    std::optional<Duration> count(const QHostAddress &address, const Identity *account = nullptr);

private:
    Clock &m_clock;
    int m_perMinute = 0;
    AddressRates m_ofAddress;
    AddressRates m_ofAccount;
};

} // namespace Watchword::Gateway
