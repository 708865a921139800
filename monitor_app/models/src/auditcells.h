// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/auditmodel.h"

#include <QCoreApplication>

namespace Monitor {

/*! One audit row as the cells of the table: what each column shows, and in which colour. */
class AuditCells
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::AuditModel)

public:
    AuditCells(const AuditTable &table, const AuditTable::Located &at);

    RowKind kind() const;
    Severity severity() const;
    QString text(int column) const;
    QString fullText(int column) const;
    QString textColour(int column) const;
    QString sentence() const; //!< The whole row, for screen readers.
    QString value(int column) const; //!< For a filter term; empty when there is none.
    const AuditRecord &record() const { return m_record; }

    static Severity severityOf(const AuditRecord &record, const QString &kind);

private:
    QString gapText() const;
    QString message() const;

    const AuditTable &m_table;
    const AuditTable::Located m_at;
    const AuditRecord m_record;
};

} // namespace Monitor
