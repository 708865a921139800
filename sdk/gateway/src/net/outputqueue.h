// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace Watchword::Gateway::Net {

/*!
    Buffers of one reactor for what the kernel has not taken yet. Keeps some for the next who needs one; the rest goes back to
    the allocator. Threads: one.
*/
class BufferPool
{
public:
    static constexpr std::size_t kKept = 32;
    static constexpr std::size_t kSize = 32 * 1024; //!< With its header.

    struct Buffer
    {
        Buffer *next;
        std::uint32_t begin;
        std::uint32_t end;
        std::uint8_t bytes[kSize - 16];
    };

    BufferPool() = default;
    ~BufferPool();
    BufferPool(const BufferPool &) = delete;
    BufferPool &operator=(const BufferPool &) = delete;

    Buffer *take();
    void give(Buffer *buffer);
    std::size_t inUse() const { return m_inUse; }

private:
    Buffer *m_kept = nullptr;
    std::size_t m_keptCount = 0;
    std::size_t m_inUse = 0;
};

/*!
    Bytes on their way out, in buffers of a pool. Empty, it owns nothing. front() is one stretch of memory that stays where it
    is until it is taken: a TLS write that was interrupted can be repeated with it.
    Threads: that of the pool, which outlives it.
*/
class OutputQueue
{
public:
    explicit OutputQueue(BufferPool &pool)
        : m_pool(pool)
    {
    }
    ~OutputQueue() { clear(); }
    OutputQueue(const OutputQueue &) = delete;
    OutputQueue &operator=(const OutputQueue &) = delete;

    void append(std::span<const std::uint8_t> bytes);
    std::span<const std::uint8_t> front() const;
    void take(std::size_t count); //!< At most front().size().
    void clear();
    std::size_t size() const { return m_size; }

private:
    BufferPool &m_pool;
    BufferPool::Buffer *m_first = nullptr;
    BufferPool::Buffer *m_last = nullptr;
    std::size_t m_size = 0;
};

} // namespace Watchword::Gateway::Net
