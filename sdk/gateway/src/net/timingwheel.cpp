// SPDX-License-Identifier: Apache-2.0
#include "net/timingwheel.h"

#include <algorithm>

namespace Watchword::Gateway::Net {

void TimingWheel::Link::unlink()
{
    previous->next = next;
    next->previous = previous;
    previous = next = this;
}

void TimingWheel::Link::insertBefore(Link &other)
{
    previous = other.previous;
    next = &other;
    previous->next = this;
    other.previous = this;
}

void TimingWheel::Timer::cancel()
{
    if (!m_wheel)
        return;
    --m_wheel->m_size;
    m_wheel = nullptr;
    unlink();
}

TimingWheel::TimingWheel(Instant now)
    : m_start(now)
{
}

TimingWheel::~TimingWheel()
{
    for (Link &slot : m_slots) {
        while (slot.isLinked())
            static_cast<Timer *>(slot.next)->cancel();
    }
}

std::uint64_t TimingWheel::tickOf(Instant now) const
{
    return now <= m_start ? 0 : std::uint64_t((now - m_start) / kSlot);
}

void TimingWheel::start(Timer &timer, Duration after, Instant now)
{
    timer.cancel();
    // An empty wheel was not ticked: time passed all the same.
    if (m_size == 0)
        m_tick = std::max(m_tick, tickOf(now));
    // One more, since the slot of "now" has begun already.
    timer.m_tick = std::max(tickOf(now + std::max(after, Duration(0))) + 1, m_tick + 1);
    timer.m_wheel = this;
    timer.insertBefore(m_slots[timer.m_tick % kSlots]);
    ++m_size;
}

void TimingWheel::advance(Instant now, const std::function<void()> &between)
{
    const std::uint64_t last = tickOf(now);
    while (m_tick < last && m_size > 0)
        runSlot(++m_tick, between);
    m_tick = std::max(m_tick, last);
}

void TimingWheel::runSlot(std::uint64_t tick, const std::function<void()> &between)
{
    Link &slot = m_slots[tick % kSlots];
    if (!slot.isLinked())
        return;
    // What due() starts goes to other slots or, a whole turn ahead, into this one: it is not looked at again.
    Link batch;
    batch.insertBefore(slot);
    slot.unlink();
    while (batch.isLinked()) {
        auto *timer = static_cast<Timer *>(batch.next);
        if (timer->m_tick > tick) {
            timer->unlink();
            timer->insertBefore(slot);
            continue;
        }
        timer->cancel();
        timer->due();
        if (between)
            between();
    }
}

} // namespace Watchword::Gateway::Net
