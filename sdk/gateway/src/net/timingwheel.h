// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace Watchword::Gateway::Net {

/*!
    Timers of one reactor: slots of 100 ms with intrusive lists. Starting, moving and cancelling a timer costs a few pointers
    and no allocation, so that each connection can have several. A timer comes due up to one slot late, never early.

    Nobody ticks an empty wheel. Threads: one. Ownership: none; a Timer leaves the wheel when it is destroyed, a wheel lets
    its timers go.
*/
class TimingWheel
{
    struct Link
    {
        Link *previous = this;
        Link *next = this;

        bool isLinked() const { return next != this; }
        void unlink();
        void insertBefore(Link &other);
    };

public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::milliseconds;
    static constexpr Duration kSlot{100};

    /*! Base of what waits. due() may start or cancel any timer and destroy this one. */
    class Timer : private Link
    {
    public:
        Timer() = default;
        Timer(const Timer &) = delete;
        Timer &operator=(const Timer &) = delete;
        bool isActive() const { return m_wheel != nullptr; }
        void cancel();

    protected:
        virtual ~Timer() { cancel(); }
        virtual void due() = 0;

    private:
        friend class TimingWheel;
        TimingWheel *m_wheel = nullptr;
        std::uint64_t m_tick = 0;
    };

    explicit TimingWheel(Instant now);
    ~TimingWheel();
    TimingWheel(const TimingWheel &) = delete;
    TimingWheel &operator=(const TimingWheel &) = delete;

    //! Moves \a timer if it runs already.
    void start(Timer &timer, Duration after, Instant now);
    //! Calls due() of everything that is, and \a between behind each. Never from inside a due().
    void advance(Instant now, const std::function<void()> &between = {});
    std::size_t size() const { return m_size; }

private:
    static constexpr std::size_t kSlots = 512;

    std::uint64_t tickOf(Instant now) const;
    void runSlot(std::uint64_t tick, const std::function<void()> &between);

    Instant m_start;
    std::uint64_t m_tick = 0; //!< The last one that was run.
    std::size_t m_size = 0;
    std::array<Link, kSlots> m_slots;
};

} // namespace Watchword::Gateway::Net
