// SPDX-License-Identifier: Apache-2.0
#include "connection/outbox.h"

#include "watchword/core/internal/futures.h"

#include <QUuid>

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

void finishPromise(QPromise<Result<void>> &promise, const Result<void> &result)
{
    promise.addResult(result);
    promise.finish();
}

} // namespace

void Outbox::Held::finish(const Result<void> &result)
{
    if (const auto waiting = std::exchange(promise, nullptr))
        finishPromise(*waiting, result);
}

Outbox::Outbox()
    : m_prefix(QUuid::createUuid().toString(QUuid::Id128).left(16) + u'-')
{
}

Outbox::~Outbox()
{
    const Error gone(ErrorCode::Cancelled, u"the connection was destroyed"_s);
    failAll(gone);
    discardHeld(gone);
}

Outbox::Held Outbox::remove(HeldList::iterator entry)
{
    Held held = std::move(*entry);
    m_heldBytes -= sizeOf(held.message);
    if (held.key)
        m_latest.remove(*held.key);
    if (held.deadline) {
        auto [first, last] = m_deadlines.equal_range(*held.deadline);
        while (first != last && first->second != entry)
            ++first;
        if (first != last)
            m_deadlines.erase(first);
    }
    m_held.erase(entry);
    return held;
}

Result<void> Outbox::hold(Held held, qint64 limit)
{
    const qint64 size = sizeOf(held.message);
    const auto older = held.key ? m_latest.constFind(*held.key) : m_latest.cend();
    const qint64 freed = older == m_latest.cend() ? 0 : sizeOf(older.value()->message);
    if (m_heldBytes - freed + size > limit)
        return Error(ErrorCode::QueueFull, u"%1 bytes wait for the connection already"_s.arg(m_heldBytes));
    std::optional<Held> superseded;
    if (older != m_latest.cend())
        superseded = remove(older.value());
    m_heldBytes += size;
    m_held.push_back(std::move(held));
    const auto entry = std::prev(m_held.end());
    if (entry->key)
        m_latest.insert(*entry->key, entry);
    if (entry->deadline)
        m_deadlines.emplace(*entry->deadline, entry);
    // Last: a continuation may call back.
    if (superseded)
        superseded->finish(Error(ErrorCode::Superseded, u"a newer message of the same key took its place"_s));
    return {};
}

std::optional<Outbox::Held> Outbox::takeHeld()
{
    if (m_held.empty())
        return std::nullopt;
    return remove(m_held.begin());
}

qsizetype Outbox::discardHeld(const Error &error)
{
    // Continuations may hold new messages; those are not part of what is discarded now.
    HeldList held = std::exchange(m_held, {});
    m_latest.clear();
    m_deadlines.clear();
    m_heldBytes = 0;
    for (Held &entry : held)
        entry.finish(error);
    return qsizetype(held.size());
}

std::optional<Instant> Outbox::deadline() const
{
    return m_deadlines.empty() ? std::nullopt : std::optional(m_deadlines.begin()->first);
}

void Outbox::expire(Instant now)
{
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
        Held held = remove(m_deadlines.begin()->second);
        held.finish(Error(ErrorCode::Timeout, u"the message could not be sent before its deadline"_s));
    }
}

QFuture<Result<void>> Outbox::add(Acknowledged message, qint64 limit)
{
    if (const auto known = m_numbers.constFind(message.id); known != m_numbers.cend())
        return m_pending.at(*known).promise.future();
    const qint64 size = message.payload.size();
    if (m_pendingBytes + size > limit) {
        return finishedFuture<void>(
            Error(ErrorCode::QueueFull, u"%1 bytes wait for their acknowledgement"_s.arg(m_pendingBytes)));
    }
    const quint64 number = ++m_counter;
    if (message.id.isEmpty())
        message.id = m_prefix + QString::number(number);
    m_numbers.insert(message.id, number);
    m_unsent.insert(m_unsent.end(), number);
    m_pendingBytes += size;
    Entry &entry = m_pending[number];
    entry.message = std::move(message);
    entry.promise.start();
    return entry.promise.future();
}

std::optional<Outbox::Acknowledged> Outbox::takeNext(LinkId link)
{
    if (m_unsent.empty())
        return std::nullopt;
    Entry &entry = m_pending.at(*m_unsent.begin());
    m_unsent.erase(m_unsent.begin());
    entry.link = link;
    return entry.message;
}

bool Outbox::hasUnacknowledged(LinkId link) const
{
    return std::any_of(m_pending.cbegin(), m_pending.cend(), [this, link](const auto &pending) {
        return pending.second.link == link && !m_unsent.contains(pending.first);
    });
}

void Outbox::linkLost(LinkId link)
{
    for (const auto &[number, entry] : m_pending) {
        if (entry.link == link)
            m_unsent.insert(number);
    }
}

void Outbox::acknowledge(const QString &id)
{
    const auto known = m_numbers.constFind(id);
    if (known == m_numbers.cend())
        return; // acknowledged before: the message went out twice, and both arrived
    auto node = m_pending.extract(*known);
    m_unsent.erase(node.key());
    m_numbers.erase(known);
    m_pendingBytes -= node.mapped().message.payload.size();
    finishPromise(node.mapped().promise, Result<void>::ok());
}

void Outbox::failAll(const Error &error)
{
    // Continuations may add new messages; those are not part of what fails now.
    std::map<quint64, Entry> pending = std::exchange(m_pending, {});
    m_numbers.clear();
    m_unsent.clear();
    m_pendingBytes = 0;
    for (auto &[number, entry] : pending)
        finishPromise(entry.promise, error);
}

bool SeenIds::insert(const QString &id)
{
    if (m_ids.contains(id))
        return false;
    m_ids.insert(id);
    m_order.push_back(id);
    if (m_order.size() > kSize) {
        m_ids.remove(m_order.front());
        m_order.pop_front();
    }
    return true;
}

} // namespace Watchword
