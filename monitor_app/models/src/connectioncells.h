// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/connectionsmodel.h"

#include <QCoreApplication>

namespace Monitor {

/*! One connection as the cells of the table. */
class ConnectionCells
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

    QString state() const; //!< "gone" once the row left the table.
    Severity severity() const;
    bool isOver() const; //!< Closed, revoked or gone.
    QString text(int column) const;
    QString fullText(int column) const;
    QString textColour(int column) const;
    QString glyph(int column) const;
    QString glyphColour(int column) const;
    double fraction() const; //!< Of the token's life that is left, -1 if not known.
    QString sentence() const;
    QString value(int column) const; //!< For a filter term; empty when there is none.

private:
    QString span(qint64 from, qint64 to, QStringView bound) const;
    QString tokenLeft() const;
    qint64 number(ConnectionTable::NumberColumn column) const { return m_table.number(m_slot, column); }

    const ConnectionTable &m_table;
    const quint32 m_slot;
    const qint64 m_now;
    const bool m_stale;
};

} // namespace Monitor
