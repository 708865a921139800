// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomlog.h"

#include <QRandomGenerator>

#include <utility>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

qint64 costOf(const RoomLog::Entry &entry)
{
    return qint64(sizeof entry) + entry.payload.size();
}

} // namespace

RoomLog::RoomLog(const RoomHistoryConfig &config, QString epoch)
    : m_config(config)
    , m_epoch(std::move(epoch))
{
}

QString RoomLog::newEpoch()
{
    return QString::number(QRandomGenerator::system()->generate64(), 36);
}

quint64 RoomLog::append(const QString &from, const QByteArray &payload)
{
    const quint64 offset = m_next++;
    m_entries.push_back({offset, from, payload});
    m_bytes += costOf(m_entries.back());
    while (!m_entries.empty() && (m_entries.size() > size_t(m_config.messages) || m_bytes > m_config.bytes))
        dropOldest();
    return offset;
}

void RoomLog::dropOldest()
{
    m_bytes -= costOf(m_entries.front());
    m_entries.pop_front();
}

void RoomLog::dropOlderHalf()
{
    const size_t left = m_entries.size() / 2;
    while (m_entries.size() > left)
        dropOldest();
}

RoomLog::Page RoomLog::page(const QString &epoch, quint64 after) const
{
    Page page;
    page.to = after;
    const quint64 reachesBackTo = oldest() - 1;
    if (epoch != m_epoch || after > newest()) {
        page.gap = Gap{after + 1, 0, u"epoch"_s, reachesBackTo};
        return page;
    }
    if (after < reachesBackTo) {
        page.gap = Gap{after + 1, reachesBackTo, u"trimmed"_s, reachesBackTo};
        return page;
    }
    qint64 bytes = 0;
    for (size_t i = size_t(after - reachesBackTo); i < m_entries.size(); ++i) {
        const Entry &entry = m_entries[i];
        bytes += costOf(entry);
        if (page.entries.size() == kPageMessages || (!page.entries.empty() && bytes > kPageBytes)) {
            page.isLast = false;
            break;
        }
        page.entries.push_back(entry);
        page.to = entry.offset;
    }
    return page;
}

} // namespace Watchword::Gateway
