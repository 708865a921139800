// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/auditmodel.h"
#include "rowcells.h"

#include <QCoreApplication>

namespace Monitor {

/*! One audit row as the cells of the table: what each column shows, and in which colour. */
class AuditCells : public RowCells
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::AuditModel)

public:
    AuditCells(const AuditTable &table, const AuditTable::Located &at);

    RowKind kind() const override;
    Severity severity() const override;
    QString state() const override;
    QString text(int column) const override;
    QString fullText(int column) const override;
    QString textColour(int column) const override;
    QString glyph(int column) const override;
    QString glyphColour(int column) const override;
    bool isMonospace(int column) const override { return column == AuditModel::Address; }
    bool isStrong(int column) const override;
    QString sentence() const override;
    QString value(int column) const override;
    const AuditRecord &record() const { return m_record; }

    static Severity severityOf(const AuditRecord &record, const QString &kind);

private:
    QString gapText() const;
    QString message() const;

    const AuditTable &m_table;
    const AuditTable::Located m_at;
    const AuditRecord m_record;
    const QString m_brokenWhy; // English; empty for a sound event
};

} // namespace Monitor
