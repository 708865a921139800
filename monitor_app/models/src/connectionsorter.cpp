// SPDX-License-Identifier: Apache-2.0
#include "connectionsorter.h"

#include "longestgrowing.h"

#include <algorithm>
#include <shared_mutex>

namespace Monitor {

namespace {

constexpr quint32 SmallTable = 20'000;
constexpr size_t FirstScreen = 2000;

bool usesPattern(const QueryNode &node)
{
    if (node.shared)
        return usesPattern(*node.shared);
    if (node.kind == QueryNode::Kind::Test && (node.op == QueryNode::Op::Regex || node.op == QueryNode::Op::NotRegex))
        return true;
    return std::any_of(node.children.begin(), node.children.end(), [](const auto &child) { return usesPattern(*child); });
}

} // namespace

bool ConnectionSorter::Order::has(quint64 key) const
{
    const quint32 slot = quint32(key) - 1;
    return slot < rowOfSlot.size() && rowOfSlot[slot] >= 0 && keys[size_t(rowOfSlot[slot])] == key;
}

void ConnectionSorter::index(Order &order)
{
    quint32 highest = 0;
    for (const quint64 key : order.keys)
        highest = key == FoldedKey ? highest : std::max(highest, quint32(key));
    order.rowOfSlot.assign(highest, -1);
    for (size_t row = 0; row < order.keys.size(); ++row) {
        if (order.keys[row] != FoldedKey)
            order.rowOfSlot[quint32(order.keys[row]) - 1] = qint64(row);
    }
}

void ConnectionSorter::hold(const ConnectionTable &table, Order &fresh, const Request &request)
{
    const Order &held = *request.held;
    Order out;
    out.held = true;
    out.matched = fresh.matched;
    out.folded = held.folded;
    std::vector<qint64> common; // places in the fresh order of the rows that are in both
    {
        const std::shared_lock lock(table.mutex());
        for (const quint64 key : held.keys) {
            if (key == FoldedKey)
                continue;
            const quint32 slot = table.slotOfKey(key);
            const bool matches = fresh.has(key);
            if (slot == ConnectionTable::noSlot() || (!matches && !request.stay.contains(key))) {
                ++out.folded;
                continue;
            }
            if (matches)
                common.push_back(fresh.rowOfSlot[quint32(key) - 1]);
            out.keys.push_back(key);
        }
    }
    out.changed = out.folded + qint64(out.keys.size() - common.size()); // these go
    for (const quint64 key : fresh.keys) {
        if (!held.has(key))
            out.keys.push_back(key);
    }
    out.changed += qint64(fresh.keys.size() - common.size()); // these came
    out.changed += qint64(common.size()) - longestGrowing(common); // these move
    if (out.folded > 0)
        out.keys.push_back(FoldedKey);
    out.total = qint64(out.keys.size());
    index(out);
    fresh = std::move(out);
}

void ConnectionSorter::run(const ConnectionTable &table, Job &job, const Request &request, bool firstScreen)
{
    CompiledQuery query(request.root, ConnectionRows(table, request.now), connectionFields(),
                        [&job] { return job.stop.load(std::memory_order_relaxed); });
    for (const size_t limit : {FirstScreen, size_t(0)}) {
        if (limit != 0 && !firstScreen)
            continue;
        ConnectionOrder computed = orderConnections(table, query, request.sort, request.now, job.stop, limit);
        if (computed.cancelled)
            break;
        Order order;
        order.total = qint64(computed.matched);
        order.matched = order.total;
        order.complete = computed.keys.size() == computed.matched;
        order.keys = std::move(computed.keys);
        index(order);
        const bool complete = order.complete;
        if (request.held && complete)
            hold(table, order, request);
        order.asked = request.asked;
        order.tooHard = query.tooHard();
        const std::lock_guard lock(job.mutex);
        job.ready = std::move(order);
        if (complete)
            break;
    }
    job.running = false;
}

void ConnectionSorter::request(Request request)
{
    cancel();
    m_job = std::make_shared<Job>();
    if (m_table.slotCount() <= SmallTable && !usesPattern(*request.root))
        return run(m_table, *m_job, request, false);
    m_job->done = std::async(std::launch::async, [&table = m_table, job = m_job.get(), request = std::move(request)] {
        run(table, *job, request, request.asked);
    });
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
