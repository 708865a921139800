// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/incidentnote.h"

#include <watchword/core/auditevent.h>

#include <QCoreApplication>
#include <QDateTime>

#include <optional>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

struct NoteText
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::IncidentNote)
};

//! Characters that turn or hide what stands around them (Unicode TR 9).
bool isInvisible(QChar c)
{
    return c.category() == QChar::Other_Format || c.category() == QChar::Other_Control || c.category() == QChar::Other_Surrogate;
}

QString tableRow(const QStringList &cells)
{
    return u"| "_s + cells.join(u" | "_s) + u" |"_s;
}

} // namespace

QString markdownCell(const QString &text)
{
    static const QString markup = u"\\`*_{}[]<>#|~!&"_s;
    QString cell;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const QChar c = text.at(at);
        if (c.isHighSurrogate() && at + 1 < text.size() && text.at(at + 1).isLowSurrogate()) {
            cell += c;
            cell += text.at(++at);
        } else if (isInvisible(c) || c.isSpace()) {
            cell += c.isSpace() ? QChar(u' ') : QChar(QChar::ReplacementCharacter);
        } else {
            if (markup.contains(c))
                cell += u'\\';
            cell += c;
        }
    }
    return cell.trimmed();
}

QString proofOfEvents(const QList<QByteArray> &lines)
{
    std::optional<Watchword::AuditEvent> first;
    std::optional<Watchword::AuditEvent> last;
    for (const QByteArray &line : lines) {
        const Watchword::Result<Watchword::AuditEvent> event = Watchword::AuditEvent::fromBytes(line);
        if (!event || event->sequence == 0 || event->chainHash().isEmpty())
            continue;
        if (!first || event->sequence < first->sequence)
            first = *event;
        if (!last || event->sequence > last->sequence)
            last = *event;
    }
    if (!first)
        return {};
    if (first->sequence == last->sequence)
        return NoteText::tr("event %1 with hash %2").arg(QString::number(first->sequence), u'`' + first->chainHash() + u'`');
    return NoteText::tr("events %1 to %2, from hash %3 to hash %4")
        .arg(QString::number(first->sequence), QString::number(last->sequence), u'`' + first->chainHash() + u'`',
             u'`' + last->chainHash() + u'`');
}

QString IncidentNote::toMarkdown() const
{
    QStringList lines;
    const QString heading = isDemo ? NoteText::tr("DEMO: %1 of %2") : NoteText::tr("%1 of %2");
    lines << u"## "_s + heading.arg(markdownCell(title), markdownCell(source)) << QString();
    const auto fact = [&lines](const QString &name, const QString &value) {
        if (!value.isEmpty())
            lines << u"- %1: %2"_s.arg(name, value);
    };
    QString taken = QDateTime::fromMSecsSinceEpoch(takenAt, Qt::UTC).toString(Qt::ISODate);
    if (!takenBy.isEmpty())
        taken = NoteText::tr("%1 by %2").arg(taken, markdownCell(takenBy));
    fact(NoteText::tr("Taken"), taken);
    fact(NoteText::tr("Filter"), filter.isEmpty() ? NoteText::tr("none") : markdownCell(filter));
    fact(NoteText::tr("Completeness"), completeness);
    fact(NoteText::tr("Proof"), proof);
    lines << QString();
    lines << tableRow(columns) << u"|"_s + u"---|"_s.repeated(columns.size());
    for (const QStringList &row : rows) {
        QStringList cells;
        for (const QString &cell : row)
            cells << markdownCell(cell);
        lines << tableRow(cells);
    }
    if (leftOut > 0)
        lines << QString() << NoteText::tr("%n more row(s) were selected and are not here.", nullptr, int(leftOut));
    return lines.join(u'\n') + u'\n';
}

} // namespace Monitor
