// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditstore.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace Watchword::Gateway {

/*!
    The thread that owns the AuditStore, behind a bounded queue.

    What is posted is written in its order, many entries in one transaction: an entry that comes after a pause at once, one
    that comes right behind a transaction within kPace, so that a busy log commits a hundred times a second and not for each
    event. settle() waits for nothing but the disk.
    Life cycle: open(), then anything; the destructor writes what is left and closes the file.
    Threads: open(), post(), settle(), run(), takeDone() and the destructor in one thread; \a wake is called in the writer's.
*/
class AuditWriter
{
public:
    static constexpr std::chrono::milliseconds kPace{10};
    static constexpr std::size_t kMostQueued = 20'000;

    //! What became of a ticket, or an event that nobody posted: a gap, a purge (ticket 0).
    struct Done
    {
        quint64 ticket = 0;
        Result<AuditRecord> record;
        AuditStore::State state; //!< After it.
    };

    AuditWriter(const AuditOptions &options, std::function<void()> wake);
    ~AuditWriter();

    Result<AuditStore::State> open(WallTime now);

    //! The ticket of what will be written. If the disk does not keep up, it waits for kPatience, and then the event is lost:
    //! its Done is an error, and it counts for the next audit.gap.
    quint64 post(AuditStore::Pending pending);
    void settle(quint64 ticket); //!< Waits until \a ticket and everything before it is done.
    quint64 lastTicket() const { return m_lastTicket; }
    std::deque<Done> takeDone();
    //! Runs \a job in the writer's thread behind everything that was posted, and waits for it.
    void run(const std::function<void(AuditStore &)> &job);
    void retry(WallTime now); //!< Tries to say how many events were lost: it shows whether there is room again.
    void checkpoint(WallTime now); //!< Signs the state of the log behind what was posted, without waiting.
    //! Removes what retention no longer keeps; at most \a batches. \a isAwaited: returns how many events went.
    qint64 purge(WallTime now, int batches, bool isAwaited);

private:
    static constexpr std::chrono::milliseconds kPatience{500};
    static constexpr std::size_t kLargestBatch = 500;

    void loop(WallTime now);
    void write(std::unique_lock<std::mutex> &lock);
    void waitForMore(std::unique_lock<std::mutex> &lock);
    qint64 purgeNow(WallTime now, int batches);
    void fail(std::size_t count, WallTime since);

    struct Queued
    {
        quint64 ticket = 0;
        AuditStore::Pending pending;
    };

    const std::function<void()> m_wake;
    AuditStore m_store; //!< The thread's own while it runs.
    std::thread m_thread;
    quint64 m_lastTicket = 0; //!< Of who posts, as the next.
    quint64 m_lastQueued = 0; //!< The last one that found room.

    std::mutex m_mutex; //!< For all below.
    std::condition_variable m_wanted; //!< There is something to do.
    std::condition_variable m_hurry; //!< Somebody waits.
    std::condition_variable m_finished; //!< Something is done.
    std::deque<Queued> m_queue;
    std::deque<std::function<void(AuditStore &)>> m_jobs;
    std::deque<Done> m_done;
    quint64 m_doneTicket = 0;
    quint64 m_awaited = 0; //!< The last ticket that somebody waits for.
    quint64 m_lost = 0;
    WallTime m_lostSince{};
    std::chrono::steady_clock::time_point m_lastCommit{};
    std::optional<Result<AuditStore::State>> m_opened;
    bool m_isEnding = false;
    bool m_isWoken = false;
};

} // namespace Watchword::Gateway
