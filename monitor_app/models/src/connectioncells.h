// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/connectionsmodel.h"
#include "rowcells.h"

#include <QCoreApplication>

namespace Monitor {

/*! One connection as the cells of the table. */
class ConnectionCells : public RowCells
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::ConnectionsModel)

public:
    ConnectionCells(const ConnectionTable &table, quint32 slot, qint64 now, bool stale)
        : m_table(table)
        , m_slot(slot)
        , m_now(now)
        , m_stale(stale)
    {
    }

    QString state() const override; //!< "gone" once the row left the table.
    Severity severity() const override;
    bool isStale() const override { return m_stale; }
    bool isOver() const; //!< Closed, revoked or gone.
    QString text(int column) const override;
    QString fullText(int column) const override;
    QString textColour(int column) const override;
    QString glyph(int column) const override;
    QString glyphColour(int column) const override;
    bool isMonospace(int column) const override { return column == ConnectionsModel::Address; }
    bool isStrong(int column) const override;
    double fraction(int column) const override; //!< Of the token's life that is left, -1 if not known.
    QString sentence() const override;
    QString value(int column) const override;

private:
    QString span(qint64 from, qint64 to, QStringView bound) const;
    QString tokenLeft() const;
    QString wasWord() const; //!< Of a live state that is not known any more.
    qint64 number(ConnectionTable::NumberColumn column) const { return m_table.number(m_slot, column); }

    const ConnectionTable &m_table;
    const quint32 m_slot;
    const qint64 m_now;
    const bool m_stale;
};

/*! The line that stands for rows that went while the order was held. */
class FoldedCells : public RowCells
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::ConnectionsModel)

public:
    explicit FoldedCells(qint64 count)
        : m_count(count)
    {
    }

    RowKind kind() const override { return RowKind::Folded; }
    Severity severity() const override { return Severity::Neutral; }
    QString state() const override { return QStringLiteral("folded"); }
    QString text(int column) const override { return column == 0 ? sentence() : QString(); }
    QString fullText(int column) const override { return text(column); }
    QString textColour(int) const override { return QStringLiteral("text.secondary"); }
    QString glyphColour(int) const override { return QStringLiteral("text.muted"); }
    QString sentence() const override;
    QString value(int) const override { return {}; }

private:
    const qint64 m_count;
};

} // namespace Monitor
