// SPDX-License-Identifier: Apache-2.0
#include "net/reactor.h"

#include "net/stream.h"

namespace Watchword::Gateway::Net {

Reactor::Reactor(unsigned index)
    : m_index(index)
    , m_work(m_context.get_executor())
    , m_ticker(m_context.get_executor())
    , m_now(Clock::now())
    , m_scratch(new std::uint8_t[kScratch])
    , m_wheel(m_now)
{
}

Reactor::~Reactor()
{
    stop();
}

void Reactor::start()
{
    m_thread = std::thread([this] { m_context.run(); });
}

void Reactor::stop()
{
    if (!m_thread.joinable())
        return;
    post([this] {
        m_isStopping = true;
        endAll();
        m_ticker.cancel();
        m_work.reset();
        // What others posted meanwhile is dropped with what it owns when the context goes.
        m_context.stop();
    });
    m_thread.join();
}

void Reactor::endAll()
{
    forEachStream([](Stream &stream) { stream.end(StreamEnd::Shutdown); });
}

void Reactor::startTimer(TimingWheel::Timer &timer, TimingWheel::Duration after)
{
    m_wheel.start(timer, after, m_now);
    armWheel();
}

void Reactor::armWheel()
{
    if (m_isTicking || m_isStopping || m_wheel.size() == 0)
        return;
    m_isTicking = true;
    m_ticker.expires_after(TimingWheel::kSlot);
    m_ticker.async_wait([this](const boost::system::error_code &error) {
        m_isTicking = false;
        if (error)
            return;
        const Turn turn(*this);
        // Thousands of pings can be due at once: one buffer in turn for all of them, and not one for each.
        m_wheel.advance(m_now, [this] { flushTouched(); });
        armWheel();
    });
}

StreamId Reactor::add(std::unique_ptr<Stream> stream)
{
    std::uint32_t index = 0;
    if (m_freeSlots.empty()) {
        index = std::uint32_t(m_slots.size());
        m_slots.emplace_back();
    } else {
        index = m_freeSlots.back();
        m_freeSlots.pop_back();
    }
    Slot &slot = m_slots[index];
    const StreamId id{index, ++slot.generation, m_index};
    slot.stream = std::move(stream);
    slot.stream->counters().live.add();
    slot.stream->begin(id);
    return id;
}

Stream *Reactor::find(const StreamId &id) const
{
    if (id.index >= m_slots.size() || id.reactor != m_index || m_slots[id.index].generation != id.generation)
        return nullptr;
    return m_slots[id.index].stream.get();
}

void Reactor::touch(Stream &stream)
{
    m_touched.push_back(stream.id());
}

void Reactor::bury(Stream &stream)
{
    const StreamId id = stream.id();
    Slot &slot = m_slots[id.index];
    ++slot.generation; // nobody finds it any more
    m_dead.push_back(std::move(slot.stream));
    m_freeSlots.push_back(id.index);
    stream.counters().live.subtract();
    stream.counters().ended.add();
    m_load.fetch_sub(1, std::memory_order_relaxed);
}

// A flush can call handlers, which touch others.
void Reactor::flushTouched()
{
    while (!m_touched.empty()) {
        m_flushing.swap(m_touched);
        for (const StreamId &id : m_flushing) {
            if (Stream *stream = find(id))
                stream->flush();
        }
        m_flushing.clear();
    }
}

void Reactor::endTurn()
{
    flushTouched();
    for (const std::function<void()> &action : m_turnEnds)
        action();
    m_dead.clear();
    m_leftovers.clear();
}

} // namespace Watchword::Gateway::Net
