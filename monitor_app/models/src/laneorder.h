// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lanebuilder.h"
#include "lanequery.h"
#include "monitor/models/tokenlanesmodel.h"

#include <QSet>

namespace Monitor {

/*!
    The rows of the timeline: lanes behind the filter, sorted and grouped. While the order is held, lanes that are there stay in
    their places, those that went stay while they are in sight, and new ones come at the end of their group.
*/
class LaneOrder
{
public:
    explicit LaneOrder(const TokenTable &table)
        : lanes(table)
        , m_table(table)
    {
    }

    bool rebuild(const std::shared_ptr<const QueryNode> &root, qint64 now,
                 bool hold); //!< Returns false if the rows are the same.

    LaneQuery lanes;
    TokenLanesModel::Sort sort = TokenLanesModel::Sort::NextToExpire;
    TokenLanesModel::Group group = TokenLanesModel::Group::None;
    QSet<QString> collapsed;
    QString selected; //!< Its lane stays, too.
    int sightFirst = 0; //!< What is shown.
    int sightRows = 0;

    const std::vector<TimelineRow> &rows() const { return m_rows; }
    const std::vector<quint32> &visible() const { return m_visible; } //!< Lanes behind the filter, in the order they would have.
    int rowOfLane(quint32 lane) const { return m_rowOfLane.value(lane, -1); }
    bool isHeld() const { return m_held; }
    qint64 changed() const { return m_held ? m_changed : 0; } //!< Lanes that come, go or move when the hold ends.

private:
    using Groups = std::vector<std::pair<QString, std::vector<TimelineRow>>>;
    QString groupOf(quint32 lane) const;
    quint64 sortKey(quint32 lane, const LaneBuilder &builder) const;
    TimelineRow laneRow(quint32 lane) const;
    void addGroup(std::vector<TimelineRow> &out, const QString &name, const std::vector<TimelineRow> &members) const;
    std::vector<quint32> sorted(const std::shared_ptr<const QueryNode> &root);
    std::vector<TimelineRow> freshRows() const;
    std::vector<TimelineRow> heldRows();
    QHash<quint32, qint64> freshPlaces() const;

    const TokenTable &m_table;
    qint64 m_now = 0;
    std::vector<TimelineRow> m_rows;
    std::vector<quint32> m_visible;
    QHash<quint32, int> m_rowOfLane;
    bool m_held = false;
    qint64 m_changed = 0;
};

} // namespace Monitor
