// SPDX-License-Identifier: Apache-2.0
#include "outbox_p.h"

#include <QUuid>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

qint64 sizeOf(const Message &message)
{
    return std::visit([](const auto &content) { return qint64(content.size()); }, message);
}

void finish(QPromise<Result<void>> &promise, const Result<void> &result)
{
    promise.addResult(result);
    promise.finish();
}

} // namespace

QFuture<Result<void>> finishedFuture(Result<void> result)
{
    QPromise<Result<void>> promise;
    promise.start();
    finish(promise, result);
    return promise.future();
}

Outbox::Outbox()
    : m_prefix(QUuid::createUuid().toString(QUuid::Id128).left(16) + u'-')
{
}

Outbox::~Outbox()
{
    failAll(Error(ErrorCode::Cancelled, u"the connection was destroyed"_s));
}

Result<void> Outbox::hold(Message message, qint64 limit)
{
    const qint64 size = sizeOf(message);
    if (m_heldBytes + size > limit)
        return Error(ErrorCode::QueueFull, u"%1 bytes wait for the connection already"_s.arg(m_heldBytes));
    m_heldBytes += size;
    m_held.push_back(std::move(message));
    return {};
}

std::vector<Message> Outbox::takeHeld()
{
    std::vector<Message> messages(std::make_move_iterator(m_held.begin()),
                                  std::make_move_iterator(m_held.end()));
    m_held.clear();
    m_heldBytes = 0;
    return messages;
}

qsizetype Outbox::discardHeld()
{
    return qsizetype(takeHeld().size());
}

QFuture<Result<void>> Outbox::add(const QByteArray &payload, qint64 limit)
{
    if (m_pendingBytes + payload.size() > limit) {
        return finishedFuture(
            Error(ErrorCode::QueueFull, u"%1 bytes wait for their acknowledgement"_s.arg(m_pendingBytes)));
    }
    const quint64 number = ++m_counter;
    Entry &entry = m_pending[number];
    entry.payload = payload;
    entry.promise.start();
    m_pendingBytes += payload.size();
    return entry.promise.future();
}

bool Outbox::hasUnsent() const
{
    return m_pending.lower_bound(m_next) != m_pending.end();
}

std::optional<Outbox::Acknowledged> Outbox::takeNext()
{
    const auto found = m_pending.lower_bound(m_next);
    if (found == m_pending.end())
        return std::nullopt;
    m_next = found->first + 1;
    return Acknowledged{m_prefix + QString::number(found->first), found->second.payload};
}

void Outbox::acknowledge(const QString &id)
{
    if (!id.startsWith(m_prefix))
        return;
    const auto found = m_pending.find(QStringView(id).mid(m_prefix.size()).toULongLong());
    if (found == m_pending.end())
        return; // acknowledged before: the message went out twice, and both arrived
    auto node = m_pending.extract(found);
    m_pendingBytes -= node.mapped().payload.size();
    finish(node.mapped().promise, Result<void>::ok());
}

void Outbox::failAll(const Error &error)
{
    // Continuations may add new messages; those are not part of what fails now.
    std::map<quint64, Entry> pending = std::exchange(m_pending, {});
    m_pendingBytes = 0;
    for (auto &[number, entry] : pending)
        finish(entry.promise, error);
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
