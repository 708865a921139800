// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/connectionrows.h"

#include <future>
#include <memory>
#include <mutex>
#include <optional>

namespace Monitor {

/*!
    Computes orders of the connection table: at once when it is small, in a thread when it is big, where the first screen comes
    before the rest. A new request replaces the running one.
*/
class ConnectionSorter
{
public:
    struct Order
    {
        std::vector<quint64> keys;
        std::vector<qint64> rowOfSlot; //!< -1 for slots that are not in the order.
        qint64 total = 0; //!< Larger than keys.size() while only the first screen is there.
        bool complete = true;
    };

    explicit ConnectionSorter(const ConnectionTable &table)
        : m_table(table)
    {
    }
    ~ConnectionSorter() { cancel(); }

    void request(std::shared_ptr<const QueryNode> root, std::vector<ConnectionSort> sort, qint64 now, bool firstScreen);
    std::optional<Order> take(); //!< The newest order that is ready.
    bool isRunning() const { return m_job && m_job->running; }
    void cancel();

    static void index(Order &order, quint32 slots); //!< Fills rowOfSlot.

private:
    struct Job
    {
        std::atomic<bool> stop{false};
        std::atomic<bool> running{true};
        std::mutex mutex;
        std::optional<Order> ready;
        std::future<void> done;
    };
    static void run(const ConnectionTable &table, Job &job, const std::shared_ptr<const QueryNode> &root,
                    const std::vector<ConnectionSort> &sort, qint64 now, bool firstScreen);

    const ConnectionTable &m_table;
    std::shared_ptr<Job> m_job;
};

} // namespace Monitor
