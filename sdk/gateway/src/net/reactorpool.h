// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/reactor.h"

namespace Watchword::Gateway::Net {

/*!
    The reactors of a gateway, a thread each. Threads: any. Life cycle: start(), stop(), destruction; listeners and all else
    that posts to it end before.
*/
class ReactorPool
{
public:
    explicit ReactorPool(unsigned threads); //!< At least one.
    ~ReactorPool();

    void start();
    void stop();
    std::size_t size() const { return m_reactors.size(); }
    Reactor &at(std::size_t index) const { return *m_reactors[index]; }
    Reactor &first() const { return *m_reactors.front(); } //!< Where listeners live.
    Reactor &leastLoaded() const; //!< By live connections, not by hash: long ones pile up by chance else.
    //! Sum of one counter over all reactors.
    std::uint64_t sum(Counter StreamCounters::*counter) const; //!< Of accepted connections.
    std::uint64_t sumOutgoing(Counter StreamCounters::*counter) const;

private:
    std::vector<std::unique_ptr<Reactor>> m_reactors;
};

} // namespace Watchword::Gateway::Net
