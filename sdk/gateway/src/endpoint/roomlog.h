// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QByteArray>
#include <QString>

#include <deque>
#include <optional>
#include <vector>

namespace Watchword::Gateway {

/*!
    The last publications of one room, numbered from 1 without holes. Bounded by count and bytes: the oldest go first.
    Whoever asks for what is gone is told exactly what that is.

    Threads: none; a value with one owner.
*/
class WATCHWORD_TEST_EXPORT RoomLog
{
public:
    static constexpr size_t kPageMessages = 200;
    static constexpr qint64 kPageBytes = 256 * 1024;

    struct Entry
    {
        quint64 offset = 0;
        QString from;
        QByteArray payload;
    };
    struct Gap
    {
        quint64 from = 0;
        quint64 to = 0; //!< 0: cannot be numbered.
        QString reason;
        quint64 continueAfter = 0;
    };
    struct Page
    {
        std::optional<Gap> gap; //!< Then there are no entries.
        std::vector<Entry> entries; //!< At most kPageMessages and, but for the first, kPageBytes.
        quint64 to = 0; //!< Offset of the last entry, or what was asked for.
        bool isLast = true;
    };

    explicit RoomLog(const RoomHistoryConfig &config, QString epoch = newEpoch());
    static QString newEpoch();

    quint64 append(const QString &from, const QByteArray &payload); //!< Its offset.
    Page page(const QString &epoch, quint64 after) const;
    const QString &epoch() const { return m_epoch; }
    quint64 newest() const { return m_next - 1; }
    quint64 oldest() const { return m_next - m_entries.size(); } //!< newest() + 1 if nothing is kept.
    size_t size() const { return m_entries.size(); }
    qint64 bytes() const { return m_bytes; }
    void dropOlderHalf();

private:
    void dropOldest();

    RoomHistoryConfig m_config;
    QString m_epoch;
    std::deque<Entry> m_entries;
    quint64 m_next = 1;
    qint64 m_bytes = 0;
};

} // namespace Watchword::Gateway
