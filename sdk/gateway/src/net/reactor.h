// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/counters.h"
#include "net/outputqueue.h"
#include "net/timingwheel.h"

#include <utility> // Asio of Boost 1.74 does not include what GCC 12 needs for C++20

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace Watchword::Gateway::Net {

class Stream;

/*! Names a connection for other threads. Never a pointer: what it named may be gone, and then it names nothing. */
struct StreamId
{
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    std::uint32_t reactor = 0;
    friend bool operator==(const StreamId &, const StreamId &) = default;
};

/*!
    One event loop in one thread, and all that its connections share: a scratch to read into, buffers for output, a wheel of
    timers. A connection lives and dies in its reactor, so nothing here needs a lock.

    Everything happens in turns: a descriptor that is ready, a posted function, a tick of the wheel. At the end of a turn
    each connection that was touched is flushed once, so that many messages become one TLS record and one send; and what
    ended is destroyed, when nothing of it is on the stack any more.

    Life cycle: start(), stop(), destruction; stop() ends all connections. post() before start() is run after it; after
    stop() it does nothing.
    Threads: start(), stop(), post() and the counters from any; all else only from the reactor's own.
*/
class Reactor
{
public:
    using Context = boost::asio::io_context;
    using Executor = Context::executor_type;
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kScratch = 64 * 1024;

    explicit Reactor(unsigned index);
    ~Reactor();
    Reactor(const Reactor &) = delete;
    Reactor &operator=(const Reactor &) = delete;

    void start();
    void stop(); //!< From another thread; returns when the reactor's has ended. Twice does nothing.
    unsigned index() const { return m_index; }
    bool isCurrent() const { return std::this_thread::get_id() == m_thread.get_id(); }
    const StreamCounters &counters() const { return m_counters; } //!< Of accepted connections.
    const StreamCounters &outgoing() const { return m_outgoing; } //!< Of those that we opened.
    //! Connections here and on their way here: what ReactorPool balances by.
    std::size_t load() const { return m_load.load(std::memory_order_relaxed); }
    void addLoad() { m_load.fetch_add(1, std::memory_order_relaxed); }

    template <typename Function>
    void post(Function &&function)
    {
        boost::asio::post(m_context, [this, work = std::forward<Function>(function)]() mutable {
            const Turn turn(*this);
            work();
        });
    }

    //! Ends the turn when it is left. Every entry from outside has one.
    class Turn
    {
    public:
        explicit Turn(Reactor &reactor)
            : m_reactor(reactor)
        {
            m_reactor.m_now = Clock::now();
        }
        ~Turn() { m_reactor.endTurn(); }
        Turn(const Turn &) = delete;
        Turn &operator=(const Turn &) = delete;

    private:
        Reactor &m_reactor;
    };

    Executor executor() { return m_context.get_executor(); }
    Clock::time_point now() const { return m_now; } //!< The begin of the turn.
    std::span<std::uint8_t> scratch() { return {m_scratch.get(), kScratch}; }
    BufferPool &buffers() { return m_buffers; }
    StreamCounters &mutableCounters() { return m_counters; }
    StreamCounters &mutableOutgoing() { return m_outgoing; }
    void startTimer(TimingWheel::Timer &timer, TimingWheel::Duration after);

    StreamId add(std::unique_ptr<Stream> stream); //!< Consumes one addLoad(). Starts the stream.
    Stream *find(const StreamId &id) const; //!< Null if it has gone.
    void touch(Stream &stream); //!< Its output is flushed at the end of the turn.
    void bury(Stream &stream); //!< It has ended; destroyed at the end of the turn.
    //! Called at the end of every turn, for what is passed on in batches. From the reactor's thread, or before start().
    void addTurnEnd(std::function<void()> action) { m_turnEnds.push_back(std::move(action)); }
    //! Keeps \a object until the end of the turn: it may be one of those on the stack.
    void buryLater(std::shared_ptr<void> object) { m_leftovers.push_back(std::move(object)); }

    template <typename Function>
    void forEachStream(Function &&function)
    {
        for (std::size_t i = 0; i < m_slots.size(); ++i) {
            if (m_slots[i].stream)
                function(*m_slots[i].stream);
        }
    }

private:
    struct Slot
    {
        std::unique_ptr<Stream> stream;
        std::uint32_t generation = 0;
    };

    void endTurn();
    void flushTouched();
    void armWheel();
    void endAll();

    const unsigned m_index;
    Context m_context{1};
    boost::asio::executor_work_guard<Executor> m_work;
    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor> m_ticker;
    bool m_isTicking = false;
    bool m_isStopping = false;
    std::thread m_thread;
    std::atomic<std::size_t> m_load{0};
    Clock::time_point m_now;
    StreamCounters m_counters;
    StreamCounters m_outgoing;
    std::unique_ptr<std::uint8_t[]> m_scratch;
    BufferPool m_buffers;
    TimingWheel m_wheel;
    std::vector<StreamId> m_touched;
    std::vector<StreamId> m_flushing;
    std::vector<std::unique_ptr<Stream>> m_dead;
    std::vector<std::shared_ptr<void>> m_leftovers;
    std::vector<std::function<void()>> m_turnEnds;
    std::vector<Slot> m_slots;
    std::vector<std::uint32_t> m_freeSlots;
};

} // namespace Watchword::Gateway::Net
