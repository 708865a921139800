// SPDX-License-Identifier: Apache-2.0
#include "audit/auditwriter.h"

#include "watchword/core/log.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

AuditWriter::AuditWriter(const AuditOptions &options, std::function<void()> wake)
    : m_wake(std::move(wake))
    , m_store(options)
{
}

AuditWriter::~AuditWriter()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    m_wanted.notify_one();
    m_hurry.notify_one();
    if (m_thread.joinable())
        m_thread.join();
}

Result<AuditStore::State> AuditWriter::open(WallTime now)
{
    m_thread = std::thread([this, now] { loop(now); });
    std::unique_lock lock(m_mutex);
    m_finished.wait(lock, [this] { return m_opened.has_value(); });
    return *m_opened;
}

quint64 AuditWriter::post(AuditStore::Pending pending)
{
    const quint64 ticket = ++m_lastTicket;
    std::unique_lock lock(m_mutex);
    const auto hasRoom = [this] { return m_queue.size() < kMostQueued; };
    if (!hasRoom()) {
        m_awaited = m_queue.back().ticket;
        m_hurry.notify_one();
        if (!m_finished.wait_for(lock, kPatience, hasRoom)) {
            const Error slow(ErrorCode::StorageFailed, u"the audit log cannot be written: the disk does not keep up"_s);
            m_done.push_back({ticket, slow, {}});
            fail(1, pending.at);
            return ticket;
        }
    }
    m_lastQueued = ticket;
    const bool wasEmpty = m_queue.empty();
    m_queue.push_back({ticket, std::move(pending)});
    lock.unlock();
    if (wasEmpty)
        m_wanted.notify_one();
    return ticket;
}

void AuditWriter::settle(quint64 ticket)
{
    ticket = std::min(ticket, m_lastQueued);
    std::unique_lock lock(m_mutex);
    if (m_doneTicket >= ticket)
        return;
    m_awaited = std::max(m_awaited, ticket);
    m_hurry.notify_one();
    m_finished.wait(lock, [&] { return m_doneTicket >= ticket; });
}

std::deque<AuditWriter::Done> AuditWriter::takeDone()
{
    const std::lock_guard lock(m_mutex);
    m_isWoken = false;
    return std::exchange(m_done, {});
}

void AuditWriter::run(const std::function<void(AuditStore &)> &job)
{
    bool isDone = false;
    std::unique_lock lock(m_mutex);
    m_jobs.push_back([&](AuditStore &store) {
        job(store);
        const std::lock_guard guard(m_mutex);
        isDone = true;
    });
    m_wanted.notify_one();
    m_hurry.notify_one();
    m_finished.wait(lock, [&] { return isDone; });
}

void AuditWriter::retry(WallTime now)
{
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.emplace_back([this, now](AuditStore &store) {
            std::unique_lock guard(m_mutex);
            const quint64 lost = m_lost;
            const WallTime since = m_lostSince;
            guard.unlock();
            if (lost == 0)
                return;
            Result<std::vector<AuditRecord>> written = store.writeGap(lost, since, now);
            guard.lock();
            if (!written)
                return;
            m_lost -= lost;
            m_done.push_back({0, std::move(written.value().front()), store.state()});
        });
    }
    m_wanted.notify_one();
}

void AuditWriter::checkpoint(WallTime now)
{
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.emplace_back([now](AuditStore &store) {
            if (const Result<void> done = store.checkpoint(now); !done)
                qCWarning(logGateway).noquote() << "the audit has no new checkpoint:" << done.error().toString();
        });
    }
    m_wanted.notify_one();
}

qint64 AuditWriter::purge(WallTime now, int batches, bool isAwaited)
{
    if (isAwaited) {
        qint64 removed = 0;
        run([&](AuditStore &) { removed = purgeNow(now, batches); });
        return removed;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.emplace_back([this, now, batches](AuditStore &) { purgeNow(now, batches); });
    }
    m_wanted.notify_one();
    return 0;
}

// Called in the writer's thread, without the lock.
qint64 AuditWriter::purgeNow(WallTime now, int batches)
{
    qint64 removed = 0;
    for (int batch = 0; batch < batches; ++batch) {
        const quint64 before = m_store.state().oldest;
        Result<std::optional<AuditRecord>> purged = m_store.purgeBatch(now);
        const std::lock_guard lock(m_mutex);
        if (!purged) {
            m_done.push_back({0, purged.error(), m_store.state()});
            break;
        }
        if (!*purged)
            break;
        removed += qint64(m_store.state().oldest - before);
        m_done.push_back({0, **purged, m_store.state()});
    }
    return removed;
}

// With the lock.
void AuditWriter::fail(std::size_t count, WallTime since)
{
    if (m_lost == 0)
        m_lostSince = since;
    m_lost += count;
}

// Whoever is not awaited lets the ones behind it catch up, so that they share a transaction.
void AuditWriter::waitForMore(std::unique_lock<std::mutex> &lock)
{
    m_hurry.wait_until(lock, m_lastCommit + kPace, [this] {
        return m_isEnding || !m_jobs.empty() || m_queue.size() >= kLargestBatch || m_awaited >= m_queue.front().ticket;
    });
}

void AuditWriter::write(std::unique_lock<std::mutex> &lock)
{
    std::vector<AuditStore::Pending> batch;
    std::vector<quint64> tickets;
    while (!m_queue.empty() && batch.size() < kLargestBatch) {
        tickets.push_back(m_queue.front().ticket);
        batch.push_back(std::move(m_queue.front().pending));
        m_queue.pop_front();
    }
    const quint64 lost = m_lost;
    const WallTime lostSince = m_lostSince;
    lock.unlock();
    Result<std::vector<AuditRecord>> written = m_store.write(batch, lost, lostSince);
    lock.lock();
    m_lastCommit = std::chrono::steady_clock::now();
    if (written) {
        m_lost -= lost;
        // A gap comes before them and has no ticket.
        const std::size_t extra = written->size() - tickets.size();
        for (std::size_t i = 0; i < written->size(); ++i)
            m_done.push_back({i < extra ? 0 : tickets.at(i - extra), std::move(written.value()[i]), m_store.state()});
    } else {
        for (const quint64 ticket : tickets)
            m_done.push_back({ticket, written.error(), m_store.state()});
        fail(tickets.size(), batch.front().at);
    }
    m_doneTicket = std::max(m_doneTicket, tickets.back());
}

void AuditWriter::loop(WallTime now)
{
    const Result<void> opened = m_store.open(now);
    std::unique_lock lock(m_mutex);
    m_opened = opened ? Result<AuditStore::State>(m_store.state()) : Result<AuditStore::State>(opened.error());
    m_finished.notify_all();
    while (opened) {
        m_wanted.wait(lock, [this] { return m_isEnding || !m_queue.empty() || !m_jobs.empty(); });
        if (m_queue.empty() && m_jobs.empty())
            break;
        if (!m_queue.empty()) {
            waitForMore(lock);
            write(lock);
        }
        if (m_queue.empty() && !m_jobs.empty()) {
            const std::function<void(AuditStore &)> job = std::move(m_jobs.front());
            m_jobs.pop_front();
            lock.unlock();
            job(m_store);
            lock.lock();
        }
        const bool isWakeNeeded = !m_done.empty() && !std::exchange(m_isWoken, m_isWoken || !m_done.empty());
        m_finished.notify_all();
        if (isWakeNeeded) {
            lock.unlock();
            m_wake();
            lock.lock();
        }
    }
    lock.unlock();
    m_store.close();
}

} // namespace Watchword::Gateway
