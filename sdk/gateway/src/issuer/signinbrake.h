// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueroptions.h"
#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QHash>

#include <optional>

namespace Watchword::Gateway {

/*!
    Counts wrong passwords by user name and address, and by address alone.

    Never by user name alone: then anybody could lock anybody out. Bounded memory: at most 10,000 counters, the oldest
    windows go first. Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT SignInBrake
{
public:
    explicit SignInBrake(const SignInLimits &limits);

    //! How long \a user from \a address has to wait; nothing if a try is allowed.
    std::optional<Duration> wait(const QString &user, const QString &address, Instant now) const;
    void failed(const QString &user, const QString &address, Instant now);
    void succeeded(const QString &user, const QString &address);

private:
    struct Counter
    {
        int failures = 0;
        Instant since;
    };

    void count(const QString &key, Instant now);
    std::optional<Duration> waitOf(const QString &key, int most, Instant now) const;
    void makeRoom(Instant now);

    SignInLimits m_limits;
    QHash<QString, Counter> m_counters;
};

} // namespace Watchword::Gateway
