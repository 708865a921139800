// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <optional>
#include <vector>

namespace Watchword {

/*! What a server's Date header says about the time: the date, and when the request left and the answer came. */
struct ServerTime
{
    WallTime date{};
    Instant sent{};
    Instant received{};
};

/*!
    The one place that knows what time it is for tokens: the machine's date plus what is known about its error.

    The error is estimated from the Date of HTTPS answers: Date + 0.5 s (it has no fractions) against the middle of the
    exchange, known to half the round trip and a second. The median of the last five counts; an exchange of more than 5 s
    says nothing. A step of the machine's date (more than 2 s against the suspend-counting clock) makes the estimate void.
*/
class WATCHWORD_TEST_EXPORT CorrectedClock
{
public:
    explicit CorrectedClock(Clock &clock);

    WallTime now() const { return m_clock.wallNow() + offset(); }
    Instant instant() const { return m_clock.now(); }
    Clock &source() const { return m_clock; }
    //! Names the time line of instant(): the run of the machine or, where that has no name, this object.
    QByteArray run() const { return m_run; }

    void observe(const ServerTime &time);
    //! What an earlier start knew; counts until something better is observed.
    void assume(Duration offset);
    //! What is to be added to the machine's date; zero while nothing is known.
    Duration offset() const;
    //! How far now() may be off. While nothing is known: as much as people's clocks usually are.
    Duration uncertainty() const;
    bool isMeasured() const;
    //! True once for each time that the date was stepped.
    bool takeStep();
    //! The error of the machine's date in seconds (ahead: positive) when it became one that breaks checks, or 0 when it was
    //! put right; empty if there is nothing new to say.
    std::optional<std::chrono::seconds> takeWarning();

private:
    void lookForStep() const;
    Duration wallAgainstInstant() const;

    struct Sample
    {
        Duration offset;
        Duration uncertainty;
    };

    Clock &m_clock;
    QByteArray m_run;
    mutable std::vector<Sample> m_samples; // oldest first
    mutable std::optional<Duration> m_assumed;
    mutable Duration m_base{}; // the date against the suspend-counting clock
    mutable bool m_stepped = false;
    std::chrono::seconds m_warned{0};
};

} // namespace Watchword
