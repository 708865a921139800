// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/seenids.h"

#include <mutex>

namespace Watchword::Gateway {

/*! The ids of what an upstream got and was acknowledged, for the connections of all reactors. Threads: any. */
class TakenIds
{
public:
    bool contains(const QString &sender, const QString &id) const
    {
        const std::lock_guard lock(m_mutex);
        return m_ids.contains(sender, id);
    }
    void add(const QString &sender, const QString &id)
    {
        const std::lock_guard lock(m_mutex);
        m_ids.add(sender, id);
    }

private:
    mutable std::mutex m_mutex;
    SeenIds m_ids;
};

} // namespace Watchword::Gateway
