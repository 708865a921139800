// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace Watchword::Gateway::Net {

/*!
    Carries values from one or several threads to one other, in batches: the bridge between the reactors and the Qt thread.

    Bounded by weight (bytes, or one for each value; the producer says which). put() takes a whole batch or nothing: who is
    refused keeps what it has, stops what feeds it (a reactor stops reading the connection), and is called by "room" once there
    is room again. So a slow consumer becomes back-pressure in TCP, and a producer never waits.

    "wake" is called once for each run of batches that the consumer has not taken; it posts an event to the consumer. Both
    callbacks are called without the lock: wake in the producer's thread, room in the consumer's.

    Threads: put() from any, take() from one. Order is kept for each producer. Destruction: after all producers have ended.
*/
template <typename T>
class Mailbox
{
public:
    using Callback = std::function<void()>;

    Mailbox(std::size_t most, Callback wake, Callback room = {})
        : m_most(most)
        , m_wake(std::move(wake))
        , m_room(std::move(room))
    {
    }
    Mailbox(const Mailbox &) = delete;
    Mailbox &operator=(const Mailbox &) = delete;

    //! Empties \a batch if it is taken. One that is heavier than the whole mailbox is taken when that is empty.
    bool put(std::vector<T> &batch, std::size_t weight)
    {
        bool wasEmpty = false;
        {
            const std::lock_guard lock(m_mutex);
            if (m_weight > 0 && m_weight + weight > m_most) {
                m_wasRefused = true;
                ++m_refusals;
                return false;
            }
            wasEmpty = m_items.empty();
            m_weight += weight;
            if (wasEmpty) {
                m_items.swap(batch);
            } else {
                m_items.insert(m_items.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
                batch.clear();
            }
            wasEmpty = wasEmpty && !m_items.empty();
        }
        if (wasEmpty)
            m_wake();
        return true;
    }

    //! Everything that is there, in \a batch, whose memory is used again.
    void take(std::vector<T> &batch)
    {
        batch.clear();
        bool wasRefused = false;
        {
            const std::lock_guard lock(m_mutex);
            m_items.swap(batch);
            m_weight = 0;
            wasRefused = std::exchange(m_wasRefused, false);
        }
        if (wasRefused && m_room)
            m_room();
    }

    std::size_t weight() const
    {
        const std::lock_guard lock(m_mutex);
        return m_weight;
    }
    //! How often a batch was refused.
    std::size_t refusals() const
    {
        const std::lock_guard lock(m_mutex);
        return m_refusals;
    }

private:
    const std::size_t m_most;
    const Callback m_wake;
    const Callback m_room;
    mutable std::mutex m_mutex;
    std::vector<T> m_items;
    std::size_t m_weight = 0;
    std::size_t m_refusals = 0;
    bool m_wasRefused = false;
};

} // namespace Watchword::Gateway::Net
