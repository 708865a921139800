// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/connectionrows.h"

#include <QSet>

#include <future>
#include <memory>
#include <mutex>
#include <optional>

namespace Monitor {

/*!
    Computes orders of the connection table: at once when it is small, in a thread when it is big, where the first screen comes
    before the rest. A new request replaces the running one.

    While the order is held, a request carries the held order: what comes out has the same rows in the same places, without
    those that went and are not in sight, and with the new ones at the end.
*/
class ConnectionSorter
{
public:
    static constexpr quint64 FoldedKey = ~quint64(0); //!< The line that stands for the rows that went.

    struct Order
    {
        std::vector<quint64> keys;
        std::vector<qint64> rowOfSlot; //!< -1 for slots that are not in the order.
        qint64 total = 0; //!< Larger than keys.size() while only the first screen is there.
        qint64 matched = 0; //!< Rows behind the filter as it is now.
        qint64 folded = 0; //!< Rows that went since the order is held; the last row stands for them.
        qint64 changed = 0; //!< Rows that come, go or move when the order is made anew.
        quint32 tooHard = 0; //!< Texts on which a pattern of the filter gave up.
        bool complete = true;
        bool held = false;
        bool asked = false; //!< The person wanted this order now.
        bool has(quint64 key) const;
    };
    struct Request
    {
        std::shared_ptr<const QueryNode> root;
        std::vector<ConnectionSort> sort;
        qint64 now = 0;
        bool asked = false; //!< The first screen of a big table comes before the rest.
        std::shared_ptr<const Order> held; //!< Null: the order is not held.
        QSet<quint64> stay; //!< Rows of the held order that stay also when they went: in sight, or selected.
    };

    explicit ConnectionSorter(const ConnectionTable &table)
        : m_table(table)
    {
    }
    ~ConnectionSorter() { cancel(); }

    void request(Request request);
    std::optional<Order> take(); //!< The newest order that is ready.
    bool isRunning() const { return m_job && m_job->running; }
    void cancel();

private:
    struct Job
    {
        std::atomic<bool> stop{false};
        std::atomic<bool> running{true};
        std::mutex mutex;
        std::optional<Order> ready;
        std::future<void> done;
    };
    static void run(const ConnectionTable &table, Job &job, const Request &request, bool firstScreen);
    static void index(Order &order);
    static void hold(const ConnectionTable &table, Order &fresh, const Request &request);

    const ConnectionTable &m_table;
    std::shared_ptr<Job> m_job;
};

} // namespace Monitor
