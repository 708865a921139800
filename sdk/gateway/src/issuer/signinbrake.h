// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueroptions.h"
#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QHash>

#include <optional>

namespace Watchword::Gateway {

/*! Somebody's try to give a password. */
struct SignInTry
{
    QString user; //!< As typed.
    QString network; //!< From where; an IPv6 address stands for its /64.
    //! A browser in which this user has given the right password before; empty: none that is known.
    QString device;
};

/*!
    Counts tries to guess passwords: by user name and network, by network, and by user name wherever they come from.

    A try counts before its password is looked at, so that many at once are no more than one after the other. What turns out
    right is taken off again.

    A browser that is known for the user has a counter of its own and no other. So neither a guesser behind the same proxy nor
    one with many addresses locks out who signs in where she did before.

    Bounded memory: at most 10,000 counters, the oldest windows go first. Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT SignInBrake
{
public:
    explicit SignInBrake(const SignInLimits &limits);

    //! Counts the try; or does not, and says how long to wait, when there were too many.
    std::optional<Duration> take(const SignInTry &attempt, Instant now);
    void succeeded(const SignInTry &attempt); //!< The password of a try that was taken is right.
    void notMade(const SignInTry &attempt); //!< The password of a try that was taken was not looked at.

private:
    struct Counter
    {
        int tries = 0;
        Instant since;
    };
    struct Limited
    {
        QString key;
        int most = 0;
    };

    QList<Limited> countersOf(const SignInTry &attempt) const; // the first is the one of user and place
    void count(const QString &key, Instant now);
    void uncount(const QString &key);
    std::optional<Duration> waitOf(const Limited &counter, Instant now) const;
    void makeRoom(Instant now);

    SignInLimits m_limits;
    QHash<QString, Counter> m_counters;
};

} // namespace Watchword::Gateway
