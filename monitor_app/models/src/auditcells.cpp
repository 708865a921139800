// SPDX-License-Identifier: Apache-2.0
#include "auditcells.h"

#include "monitor/models/text.h"
#include "monitor/store/query.h"

namespace Monitor {

AuditCells::AuditCells(const AuditTable &table, const AuditTable::Located &at)
    : m_table(table)
    , m_at(at)
    , m_record(at.segment->record(at.row))
    , m_brokenWhy(table.brokenWhy(at.segment->firstRow() + at.row))
{
}

RowKind AuditCells::kind() const
{
    if (m_record.outcome & AuditRecord::Gap)
        return RowKind::Gap;
    return m_record.outcome & AuditRecord::Bad ? RowKind::Bad : RowKind::Data;
}

Severity AuditCells::severityOf(const AuditRecord &record, const QString &kind)
{
    switch (record.severity) {
    case 5:
        return Severity::Critical;
    case 4:
        return Severity::Error;
    case 3:
        return Severity::Warning;
    case 2:
        return Severity::Neutral;
    case 1:
        break;
    default:
        return Severity::Neutral;
    }
    const bool isGood =
        record.outcome == 1 && (kind == u"token.refreshed" || kind == u"signin.succeeded" || kind == u"conn.opened");
    return isGood ? Severity::Ok : Severity::Info;
}

Severity AuditCells::severity() const
{
    if (!m_brokenWhy.isEmpty())
        return Severity::Error; // whatever the event says of itself
    return severityOf(m_record, m_table.kindName(m_record.kind));
}

QString AuditCells::gapText() const
{
    const AuditGap gap = m_at.segment->gap(m_at.row);
    if (gap.cause == AuditGap::Cause::Restart)
        return tr("The log begins again at %1, it had come to %2")
            .arg(Text::count(qint64(gap.from)), Text::count(qint64(gap.to)));
    QStringList parts;
    parts.append(gap.count == 1 ? tr("1 event not received") : tr("%1 events not received").arg(Text::count(qint64(gap.count))));
    parts.append(tr("seq %1 to %2").arg(Text::count(qint64(gap.from)), Text::count(qint64(gap.to))));
    if (gap.durationMs >= 0)
        parts.append(tr("%1 s").arg(QString::number(double(gap.durationMs) / 1000, 'f', 2)));
    switch (gap.cause) {
    case AuditGap::Cause::Server:
        parts.append(tr("the gateway no longer has them"));
        break;
    case AuditGap::Cause::Monitor:
        parts.append(tr("this monitor fell behind"));
        break;
    case AuditGap::Cause::Sequence:
        parts.append(tr("missing in the sequence"));
        break;
    case AuditGap::Cause::Restart:
        break;
    }
    return parts.join(QStringLiteral(", "));
}

QString AuditCells::message() const
{
    const Interner &strings = m_table.strings();
    if (!m_brokenWhy.isEmpty())
        return tr("The chain is broken here: %1").arg(m_brokenWhy);
    if (kind() == RowKind::Bad)
        return tr("Line could not be read: %1").arg(strings.text(m_record.message));
    if (m_record.message != Interner::Empty) // to the letter: it is evidence, and may begin with a name
        return strings.text(m_record.message);
    if (m_record.reason != Interner::Empty) {
        return m_record.closeCode != 0 ? QString::number(m_record.closeCode) + u' ' + strings.text(m_record.reason)
                                       : strings.text(m_record.reason);
    }
    return m_record.closeCode != 0 ? QString::number(m_record.closeCode) : QString();
}

QString AuditCells::fullText(int column) const
{
    if (kind() == RowKind::Gap)
        return column == 0 ? gapText() : QString();
    const Interner &strings = m_table.strings();
    switch (column) {
    case AuditModel::Time:
        return m_record.time == 0 ? QString() : Text::clockTime(m_record.time, true);
    case AuditModel::Sequence:
        return m_record.sequence == 0 ? QString() : Text::count(qint64(m_record.sequence));
    case AuditModel::SeverityColumn:
        return Text::severityWord(severity());
    case AuditModel::Kind:
        return kind() == RowKind::Bad ? tr("unreadable") : m_table.kindName(m_record.kind);
    case AuditModel::User:
        return strings.text(m_record.actor);
    case AuditModel::Node:
        return m_table.nodeName(m_record.node);
    case AuditModel::Address:
        return strings.text(m_record.ip);
    case AuditModel::Message:
        return message();
    default:
        return {};
    }
}

QString AuditCells::text(int column) const
{
    const QString full = fullText(column);
    return full.isEmpty() && kind() != RowKind::Gap && column != AuditModel::Message ? QStringLiteral("–") : full;
}

QString AuditCells::textColour(int column) const
{
    if ((column == AuditModel::SeverityColumn && severity() >= Severity::Error)
        || (column == AuditModel::Message && !m_brokenWhy.isEmpty()))
        return Text::severityColour(severity());
    if (column == AuditModel::Sequence || fullText(column).isEmpty())
        return QStringLiteral("text.muted");
    if (column == AuditModel::Message && severity() < Severity::Warning)
        return QStringLiteral("text.secondary");
    return QStringLiteral("text.primary");
}

QString AuditCells::state() const
{
    return kind() == RowKind::Gap ? QStringLiteral("gap")
        : !m_brokenWhy.isEmpty()  ? QStringLiteral("broken")
        : kind() == RowKind::Bad  ? QStringLiteral("bad")
                                  : QString();
}

QString AuditCells::glyph(int column) const
{
    if (kind() == RowKind::Gap)
        return column == 0 ? QStringLiteral("gap") : QString();
    return column == AuditModel::SeverityColumn ? Text::severityGlyph(severity()) : QString();
}

QString AuditCells::glyphColour(int) const
{
    return Text::severityColour(severity());
}

bool AuditCells::isStrong(int column) const
{
    return column == AuditModel::SeverityColumn && severity() >= Severity::Error;
}

QString AuditCells::sentence() const
{
    if (kind() == RowKind::Gap)
        return gapText();
    QStringList parts;
    for (const int column : {AuditModel::Time, AuditModel::SeverityColumn, AuditModel::Kind, AuditModel::User, AuditModel::Node,
                             AuditModel::Address, AuditModel::Message}) {
        const QString full = fullText(column);
        if (full.isEmpty())
            continue;
        if (column == AuditModel::User)
            parts.append(tr("user %1").arg(full));
        else if (column == AuditModel::Node)
            parts.append(tr("node %1").arg(full));
        else
            parts.append(full);
    }
    return parts.join(QStringLiteral(", "));
}

QString AuditCells::value(int column) const
{
    static const QStringList severities = {QStringLiteral("unknown"), QStringLiteral("info"),  QStringLiteral("notice"),
                                           QStringLiteral("warning"), QStringLiteral("error"), QStringLiteral("critical")};
    if (kind() == RowKind::Gap)
        return {};
    switch (column) {
    case AuditModel::SeverityColumn:
        return severities.value(m_record.severity);
    case AuditModel::Sequence:
        return m_record.sequence == 0 ? QString() : QString::number(m_record.sequence);
    case AuditModel::Kind:
        return quoted(m_table.kindName(m_record.kind));
    case AuditModel::Message:
        return quoted(m_table.strings().text(m_record.message != Interner::Empty ? m_record.message : m_record.reason));
    case AuditModel::User:
    case AuditModel::Node:
    case AuditModel::Address:
        return quoted(fullText(column));
    default:
        return {};
    }
}

} // namespace Monitor
