// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <functional>
#include <optional>
#include <set>

namespace Watchword::Gateway {

/*!
    Many deadlines behind one Alarm: an Alarm wakes four times a minute by itself, and thousands of them are what an idle
    gateway would be busy with.

    Threads: one. Ownership: borrows the clock; outlives its entries.
*/
class WATCHWORD_TEST_EXPORT Deadlines
{
public:
    /*! One deadline. \a due is called once for each that is reached, never from inside startAt(); it may destroy the entry. */
    class WATCHWORD_TEST_EXPORT Entry
    {
    public:
        Entry(Deadlines &deadlines, std::function<void()> due);
        ~Entry() { cancel(); }
        Entry(const Entry &) = delete;
        Entry &operator=(const Entry &) = delete;

        void startAt(Instant deadline); //!< Moves one that runs.
        void cancel();

    private:
        friend class Deadlines;
        Deadlines &m_deadlines;
        const std::function<void()> m_due;
        std::optional<Instant> m_at;
    };

    explicit Deadlines(Clock &clock);
    Deadlines(const Deadlines &) = delete;
    Deadlines &operator=(const Deadlines &) = delete;

private:
    void look();
    void arm();

    Clock &m_clock;
    Alarm m_alarm;
    std::set<std::pair<Instant, Entry *>> m_entries;
};

} // namespace Watchword::Gateway
