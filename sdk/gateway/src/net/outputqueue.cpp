// SPDX-License-Identifier: Apache-2.0
#include "net/outputqueue.h"

#include <algorithm>
#include <cstring>

namespace Watchword::Gateway::Net {

BufferPool::~BufferPool()
{
    while (m_kept) {
        Buffer *next = m_kept->next;
        delete m_kept;
        m_kept = next;
    }
}

BufferPool::Buffer *BufferPool::take()
{
    ++m_inUse;
    Buffer *buffer = m_kept;
    if (buffer) {
        m_kept = buffer->next;
        --m_keptCount;
    } else {
        buffer = new Buffer; // the bytes are not touched before they are written
    }
    buffer->next = nullptr;
    buffer->begin = buffer->end = 0;
    return buffer;
}

void BufferPool::give(Buffer *buffer)
{
    --m_inUse;
    if (m_keptCount >= kKept) {
        delete buffer;
        return;
    }
    buffer->next = m_kept;
    m_kept = buffer;
    ++m_keptCount;
}

void OutputQueue::append(std::span<const std::uint8_t> bytes)
{
    m_size += bytes.size();
    while (!bytes.empty()) {
        if (!m_last || m_last->end == sizeof m_last->bytes) {
            BufferPool::Buffer *buffer = m_pool.take();
            (m_last ? m_last->next : m_first) = buffer;
            m_last = buffer;
        }
        const std::size_t part = std::min(bytes.size(), sizeof m_last->bytes - m_last->end);
        std::memcpy(m_last->bytes + m_last->end, bytes.data(), part);
        m_last->end += std::uint32_t(part);
        bytes = bytes.subspan(part);
    }
}

std::span<const std::uint8_t> OutputQueue::front() const
{
    if (!m_first)
        return {};
    return {m_first->bytes + m_first->begin, m_first->end - m_first->begin};
}

void OutputQueue::take(std::size_t count)
{
    if (count == 0)
        return;
    m_size -= count;
    m_first->begin += std::uint32_t(count);
    if (m_first->begin < m_first->end)
        return;
    BufferPool::Buffer *done = m_first;
    m_first = done->next;
    if (!m_first)
        m_last = nullptr;
    m_pool.give(done);
}

void OutputQueue::clear()
{
    while (m_first) {
        BufferPool::Buffer *next = m_first->next;
        m_pool.give(m_first);
        m_first = next;
    }
    m_last = nullptr;
    m_size = 0;
}

} // namespace Watchword::Gateway::Net
