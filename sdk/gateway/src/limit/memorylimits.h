// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <optional>

namespace Watchword::Gateway {

/*!
    Says when the process has so much memory that newcomers must wait: from the limit on, until it is a twentieth below.
    Pure: the caller measures. Threads: one.
*/
class WATCHWORD_TEST_EXPORT MemoryLimit
{
public:
    void setLimit(qint64 bytes) { m_limit = bytes; } //!< 0 is none.
    qint64 limit() const { return m_limit; }
    void take(qint64 resident);
    bool isReached() const { return m_isReached; }

private:
    qint64 m_limit = 0;
    bool m_isReached = false;
};

/*!
    Says when the heap is to be given back to the system. glibc keeps what closed connections and their queues leave. Giving it
    back takes time, so it is for the end of many connections or for much that is free, and at most once in kPause. While
    newcomers are refused for want of memory, nothing else would ever end that: then it is due each kPauseWhileFull.
    Pure. Threads: one.
*/
class WATCHWORD_TEST_EXPORT HeapTrim
{
public:
    static constexpr std::chrono::minutes kPause{1};
    static constexpr std::chrono::seconds kPauseWhileFull{3};
    static constexpr int kLeast = 500; //!< Connections that ended since the most there were.
    static constexpr qint64 kLeastIdle = 32 * 1024 * 1024; //!< More idle bytes than after the last time.

    //! \a idle: resident bytes that are not in use.
    bool isDue(int connections, qint64 idle, bool isFull, Instant now);
    void trimmed(qint64 idle) { m_idle = idle; } //!< What could not be given back.

private:
    int m_most = 0;
    qint64 m_idle = 0;
    std::optional<Instant> m_last;
};

WATCHWORD_TEST_EXPORT qint64 residentBytes(); //!< Of this process; 0 where the system does not tell.
WATCHWORD_TEST_EXPORT qint64 memoryOfControlGroup(); //!< What the process may have in all; 0 without such a limit.
//! Resident bytes beside those that are allocated: what the heap keeps, and programs and libraries. 0 where it is not told.
WATCHWORD_TEST_EXPORT qint64 idleBytes();
WATCHWORD_TEST_EXPORT void trimHeap(); //!< Threads: any.

} // namespace Watchword::Gateway
