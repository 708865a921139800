// SPDX-License-Identifier: Apache-2.0
#include "net/reactorpool.h"

#include "net/stream.h"

#include <algorithm>

namespace Watchword::Gateway::Net {

ReactorPool::ReactorPool(unsigned threads)
{
    for (unsigned i = 0; i < std::max(threads, 1u); ++i)
        m_reactors.push_back(std::make_unique<Reactor>(i));
}

ReactorPool::~ReactorPool()
{
    stop();
}

void ReactorPool::start()
{
    for (const auto &reactor : m_reactors)
        reactor->start();
}

void ReactorPool::stop()
{
    for (const auto &reactor : m_reactors)
        reactor->stop();
}

Reactor &ReactorPool::leastLoaded() const
{
    const auto least = std::min_element(m_reactors.begin(), m_reactors.end(),
                                        [](const auto &a, const auto &b) { return a->load() < b->load(); });
    return **least;
}

std::uint64_t ReactorPool::sum(Counter StreamCounters::*counter) const
{
    std::uint64_t all = 0;
    for (const auto &reactor : m_reactors)
        all += (reactor->counters().*counter).value();
    return all;
}

std::uint64_t ReactorPool::sumOutgoing(Counter StreamCounters::*counter) const
{
    std::uint64_t all = 0;
    for (const auto &reactor : m_reactors)
        all += (reactor->outgoing().*counter).value();
    return all;
}

} // namespace Watchword::Gateway::Net
