// SPDX-License-Identifier: Apache-2.0
#include "connectionsorter.h"

namespace Monitor {

namespace {
constexpr quint32 SmallTable = 20'000;
constexpr size_t FirstScreen = 2000;
} // namespace

void ConnectionSorter::index(Order &order, quint32 slotCount)
{
    order.rowOfSlot.assign(slotCount, -1);
    for (size_t row = 0; row < order.keys.size(); ++row)
        order.rowOfSlot[quint32(order.keys[row]) - 1] = qint64(row);
}

void ConnectionSorter::run(const ConnectionTable &table, Job &job, const std::shared_ptr<const QueryNode> &root,
                           const std::vector<ConnectionSort> &sort, qint64 now, bool firstScreen)
{
    CompiledQuery query(root, ConnectionRows(table, now), connectionFields());
    for (const size_t limit : {FirstScreen, size_t(0)}) {
        if (limit != 0 && !firstScreen)
            continue;
        ConnectionOrder computed = orderConnections(table, query, sort, now, job.stop, limit);
        if (computed.cancelled)
            break;
        Order order;
        order.total = qint64(computed.matched);
        order.complete = computed.keys.size() == computed.matched;
        order.keys = std::move(computed.keys);
        quint32 highest = 0;
        for (const quint64 key : order.keys)
            highest = std::max(highest, quint32(key));
        index(order, highest);
        const bool complete = order.complete;
        const std::lock_guard lock(job.mutex);
        job.ready = std::move(order);
        if (complete)
            break;
    }
    job.running = false;
}

void ConnectionSorter::request(std::shared_ptr<const QueryNode> root, std::vector<ConnectionSort> sort, qint64 now,
                               bool firstScreen)
{
    cancel();
    m_job = std::make_shared<Job>();
    if (m_table.slotCount() <= SmallTable)
        return run(m_table, *m_job, root, sort, now, false);
    m_job->done = std::async(std::launch::async,
                             [&table = m_table, job = m_job.get(), root = std::move(root), sort = std::move(sort), now,
                              firstScreen] { run(table, *job, root, sort, now, firstScreen); });
}

std::optional<ConnectionSorter::Order> ConnectionSorter::take()
{
    if (!m_job)
        return {};
    const std::lock_guard lock(m_job->mutex);
    return std::exchange(m_job->ready, std::nullopt);
}

void ConnectionSorter::cancel()
{
    if (!m_job)
        return;
    m_job->stop = true;
    if (m_job->done.valid())
        m_job->done.wait();
    m_job.reset();
}

} // namespace Monitor
