// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"
#include "monitor/models/text.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int lineHeight = 24;
constexpr int relatedPadding = 16;
constexpr qsizetype maxLines = 40;
constexpr quint64 maxScanned = 400'000; // Newest rows that are looked at; more would be felt.

} // namespace

RelatedView::RelatedView(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Events of the same session"));
}

QSize RelatedView::sizeHint() const
{
    return {280, int(std::max<qsizetype>(2, m_rows.size() + 1)) * lineHeight + 2 * relatedPadding};
}

void RelatedView::setContent(const DetailContent &content)
{
    m_rows.clear();
    m_current = 0;
    const AuditTable &table = m_workspace.audit();
    const QString key = content.sessionId.isEmpty() ? content.connectionId : content.sessionId;
    const quint32 id = key.isEmpty() ? Interner::notFound() : table.strings().find(key.toUtf8());
    m_key = key;
    quint64 scanned = 0;
    const AuditTable::Snapshot snapshot = table.snapshot();
    const auto column = content.sessionId.isEmpty() ? AuditSegment::Connection : AuditSegment::Session;
    for (auto segment = snapshot.rbegin(); segment != snapshot.rend() && id != Interner::notFound(); ++segment) {
        const quint32 *ids = (*segment)->ids(column);
        for (quint32 row = (*segment)->count(); row-- > 0 && scanned < maxScanned && m_rows.size() < maxLines; ++scanned) {
            if (ids[row] != id)
                continue;
            const AuditRecord record = (*segment)->record(row);
            m_rows.append({(*segment)->firstRow() + row + 1, record.time,
                           int(describeEvent(table, (*segment)->firstRow() + row + 1).severity), table.kindName(record.kind),
                           table.strings().text(record.message)});
        }
    }
    setMinimumHeight(sizeHint().height());
    update();
}

void RelatedView::mousePressEvent(QMouseEvent *event)
{
    const int row = int(event->position().y() - relatedPadding) / lineHeight - 1;
    if (row < 0 || row >= m_rows.size())
        return;
    m_current = row;
    Q_EMIT eventRequested(m_rows.at(row).id);
}

void RelatedView::keyPressEvent(QKeyEvent *event)
{
    const int count = int(m_rows.size());
    if (count > 0 && (event->key() == Qt::Key_Up || event->key() == Qt::Key_Down)) {
        m_current = std::clamp(m_current + (event->key() == Qt::Key_Up ? -1 : 1), 0, count - 1);
        update();
    } else if (count > 0 && event->key() == Qt::Key_Return) {
        Q_EMIT eventRequested(m_rows.at(m_current).id);
    } else {
        event->ignore();
    }
}

void RelatedView::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    const QRectF head(relatedPadding, relatedPadding, width() - 2 * relatedPadding, lineHeight);
    const QString title = m_rows.isEmpty() ? tr("No event of this session was received.")
                                           : tr("%n event(s) of this session", nullptr, int(m_rows.size()));
    drawText(painter, head, Face::CaptionStrong, ink(Ink::TextMuted), title, Qt::AlignLeft, true);
    for (qsizetype row = 0; row < m_rows.size(); ++row) {
        const Row &entry = m_rows.at(row);
        const QRectF area(relatedPadding, head.bottom() + row * lineHeight, width() - 2 * relatedPadding, lineHeight);
        if (hasFocus() && row == m_current)
            drawBox(painter, area.adjusted(-6, 0, 6, 0), px(Metric::RadiusControl), QColor(), ink(Ink::AccentFocus), 2);
        const auto severity = Severity(entry.severity); // as the table shows it
        drawIcon(painter, {area.left(), area.center().y() - 6}, Text::severityGlyph(severity), 12,
                 ink(Theme::named(Text::severityColour(severity))));
        drawNumber(painter, area.adjusted(20, 0, 0, 0), Face::Table, ink(Ink::TextSecondary), Text::clockTime(entry.time),
                   Qt::AlignLeft);
        const QRectF words = area.adjusted(84, 0, 0, 0);
        const qreal used = drawText(painter, words, Face::Table, ink(Ink::TextPrimary), entry.kind);
        if (words.width() - used > 40)
            drawText(painter, words.adjusted(used + 8, 0, 0, 0), Face::Table, ink(Ink::TextMuted), entry.message, Qt::AlignLeft);
    }
}

} // namespace Monitor
