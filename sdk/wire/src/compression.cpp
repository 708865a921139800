// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/compression.h"

#include <algorithm>

namespace Watchword::Wire {

std::shared_ptr<Deflater> DeflatePool::deflater(int windowBits, int memoryLevel, int level)
{
    const std::array<int, 3> key{windowBits, memoryLevel, level};
    std::erase_if(m_deflaters, [](const auto &entry) { return entry.second.expired(); });
    const auto found =
        std::find_if(m_deflaters.begin(), m_deflaters.end(), [&](const auto &entry) { return entry.first == key; });
    if (found != m_deflaters.end())
        return found->second.lock();
    auto made = std::make_shared<Deflater>(windowBits, memoryLevel, level);
    m_deflaters.emplace_back(key, made);
    return made;
}

std::shared_ptr<Inflater> DeflatePool::inflater()
{
    auto inflater = m_inflater.lock();
    if (!inflater)
        m_inflater = inflater = std::make_shared<Inflater>(15);
    return inflater;
}

Compression::Compression(Role role, const DeflateParameters &agreed, const DeflateOptions &options, DeflatePool *pool)
    : m_smallest(options.smallest)
    , m_keepsSent(role == Role::Server ? agreed.serverKeepsContext : agreed.clientKeepsContext)
    , m_keepsReceived(role == Role::Server ? agreed.clientKeepsContext : agreed.serverKeepsContext)
{
    const int sent = role == Role::Server ? agreed.serverWindowBits : agreed.clientWindowBits;
    const int received = role == Role::Server ? agreed.clientWindowBits : agreed.serverWindowBits;
    m_deflater = pool && !m_keepsSent ? pool->deflater(sent, options.memoryLevel, options.level)
                                      : std::make_shared<Deflater>(sent, options.memoryLevel, options.level);
    m_inflater = pool && !m_keepsReceived ? pool->inflater() : std::make_shared<Inflater>(received);
}

bool Compression::deflate(Bytes message, std::vector<std::uint8_t> &out)
{
    if (message.size() < m_smallest)
        return false;
    const std::size_t before = out.size();
    if (!m_keepsSent)
        m_deflater->reset();
    const bool isDone = m_deflater->deflate(message, out);
    // What went through a context must be sent, even if it grew.
    if (isDone && (m_keepsSent || out.size() - before < message.size()))
        return true;
    if (!isDone)
        m_deflater->reset(); // legal at any time: the peer's window only holds more than is used
    out.resize(before);
    return false;
}

InflateResult Compression::inflate(Bytes message, std::vector<std::uint8_t> &out, std::size_t limit)
{
    out.clear();
    if (!m_keepsReceived)
        m_inflater->reset();
    return m_inflater->inflate(message, out, limit);
}

} // namespace Watchword::Wire
