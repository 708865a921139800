// SPDX-License-Identifier: Apache-2.0
#include "connection/requests.h"

#include "watchword/core/internal/futures.h"

#include <QStringList>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

Requests::~Requests()
{
    failAll(Error(ErrorCode::Cancelled, u"the connection was destroyed"_s));
}

QFuture<Requests::Answer> Requests::add(LinkId link, Instant deadline, QString *id)
{
    id->clear();
    if (m_pending.size() >= size_t(kMostPending)) {
        return finishedFuture<QByteArray>(
            Error(ErrorCode::QueueFull, u"%1 requests wait for their answer"_s.arg(m_pending.size())));
    }
    *id = u"r-"_s + QString::number(++m_counter);
    Entry &entry = m_pending[*id];
    entry.link = link;
    entry.due = m_due.emplace(deadline, *id);
    entry.promise.start();
    return entry.promise.future();
}

void Requests::answer(const QString &id, const Answer &answer)
{
    auto node = m_pending.extract(id);
    if (!node)
        return;
    m_due.erase(node.mapped().due);
    node.mapped().promise.addResult(answer);
    node.mapped().promise.finish();
}

std::optional<Instant> Requests::deadline() const
{
    return m_due.empty() ? std::nullopt : std::optional(m_due.begin()->first);
}

void Requests::expire(Instant now)
{
    while (!m_due.empty() && m_due.begin()->first <= now)
        answer(QString(m_due.begin()->second), Error(ErrorCode::Timeout, u"the server did not answer in time"_s));
}

bool Requests::hasUnanswered(LinkId link) const
{
    return std::any_of(m_pending.cbegin(), m_pending.cend(), [link](const auto &asked) { return asked.second.link == link; });
}

void Requests::linkLost(LinkId link)
{
    QStringList lost;
    for (const auto &[id, entry] : m_pending) {
        if (entry.link == link)
            lost.append(id);
    }
    for (const QString &id : std::as_const(lost))
        answer(id, Error(ErrorCode::ConnectionLost, u"the connection was lost before the answer came"_s));
}

void Requests::failAll(const Error &error)
{
    // Continuations may ask again; those are not part of what fails now.
    QStringList all;
    for (const auto &[id, entry] : m_pending)
        all.append(id);
    for (const QString &id : std::as_const(all))
        answer(id, error);
}

} // namespace Watchword
