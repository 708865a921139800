// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/roles.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/rowtable.h"

#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int cellPadding = 8;
constexpr int firstPadding = 12;
constexpr int fractionWidth = 24;
constexpr int fractionCell = 76; // the track and its number

bool looksNumeric(const QString &text)
{
    return !text.isEmpty() && (text.front().isDigit() || text.front() == u'\u2264' || text.front() == u'\u2265');
}

} // namespace

TableHeader::TableHeader(QWidget *parent)
    : QHeaderView(Qt::Horizontal, parent)
{
    setFixedHeight(px(Metric::RowHeader));
    setSectionsClickable(true);
    setSectionsMovable(true);
    setContextMenuPolicy(Qt::CustomContextMenu);
    setHighlightSections(false);
    setMinimumSectionSize(36);
    setSectionResizeMode(QHeaderView::Interactive);
}

int TableHeader::firstShown() const
{
    for (int visual = 0; visual < count(); ++visual) {
        if (!isSectionHidden(logicalIndex(visual)))
            return logicalIndex(visual);
    }
    return -1;
}

void TableHeader::mouseReleaseEvent(QMouseEvent *event)
{
    QHeaderView::mouseReleaseEvent(event);
    Q_EMIT dragged();
}

void TableHeader::setMarks(const QList<Mark> &marks)
{
    if (m_marks == marks)
        return;
    m_marks = marks;
    viewport()->update();
}

QSize TableHeader::sectionSizeFromContents(int section) const
{
    const QString title = model()->headerData(section, orientation()).toString();
    return {int(textWidth(Face::CaptionMedium, title)) + 2 * cellPadding + 24, px(Metric::RowHeader)};
}

void TableHeader::paintSection(QPainter *painter, const QRect &rect, int section) const
{
    painter->fillRect(rect, ink(Ink::SurfaceSunk));
    drawHairline(*painter, {qreal(rect.left()), qreal(rect.bottom())}, {rect.right() + 1.0, qreal(rect.bottom())},
                 ink(Ink::LineDivider));
    const QString title = model()->headerData(section, orientation()).toString();
    const bool right = Qt::Alignment(model()->headerData(section, orientation(), Qt::TextAlignmentRole).toInt()) & Qt::AlignRight;
    qsizetype rank = -1;
    for (qsizetype index = 0; index < m_marks.size(); ++index)
        rank = m_marks.at(index).column == section ? index : rank;
    const bool first = section == firstShown();
    const QRectF area = QRectF(rect).adjusted(first ? firstPadding : cellPadding, 0, -cellPadding, 0);
    const Face titleFace = rank >= 0 ? Face::CaptionStrong : Face::CaptionMedium;
    const qreal width = drawText(*painter, area, titleFace, ink(rank >= 0 ? Ink::TextPrimary : Ink::TextSecondary), title,
                                 right ? Qt::AlignRight : Qt::AlignLeft);
    if (rank < 0)
        return;
    const QString arrow = m_marks.at(rank).order == Qt::AscendingOrder ? u"sort-up"_s : u"sort-down"_s;
    constexpr qreal arrowWidth = 10;
    const QString number = m_marks.size() > 1 ? QString::number(rank + 1) : QString();
    const qreal numberSpace = number.isEmpty() ? 0 : 10;
    qreal x = right ? area.right() - width - 4 - numberSpace - arrowWidth : area.left() + width + 4;
    if (x < rect.left())
        return;
    drawIcon(*painter, {x, rect.top() + (rect.height() - arrowWidth) / 2}, arrow, int(arrowWidth), ink(Ink::TextPrimary));
    x += arrowWidth + 2;
    drawNumber(*painter, QRectF(x, rect.top(), 10, rect.height() - 4.0), Face::Micro, ink(Ink::TextMuted), number, Qt::AlignLeft);
}

bool RowDelegate::isMarked(const QModelIndex &index) const
{
    return m_marked && m_marked(index.data(RawIdRole).toULongLong());
}

QColor RowDelegate::groundOf(const QModelIndex &index, bool hovered, bool marked)
{
    if (index.data(SelectedRole).toBool())
        return ink(Ink::SelectFill);
    if (hovered)
        return ink(Ink::SelectHover);
    if (marked)
        return ink(Ink::BannerFill);
    const QString tint = index.data(RowTintRole).toString();
    return tint.isEmpty() ? ink(Ink::SurfacePanel) : ink(Theme::named(tint));
}

void RowDelegate::paintBar(QPainter &painter, QRectF &area, const QModelIndex &index, double fraction) const
{
    // Right before its number, however wide the column is.
    const QRectF track(std::max(area.left(), area.right() - fractionCell), std::round(area.center().y() - 2), fractionWidth, 4);
    painter.fillRect(track, ink(Ink::LineDivider));
    const Ink color = Theme::named(index.data(FractionColourRole).toString());
    const qreal width = std::max(fraction > 0 ? 2.0 : 0.0, std::round(fractionWidth * fraction));
    painter.fillRect(QRectF(track.topLeft(), QSizeF(width, 4)), ink(m_stale ? Ink::TextMuted : color));
    area.setLeft(track.right() + 4);
}

void RowDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const QRectF cell = option.rect;
    painter->fillRect(option.rect, groundOf(index, index.row() == m_hovered, isMarked(index)));
    if (const auto kind = RowKind(index.data(RowKindRole).toInt()); kind == RowKind::Gap || kind == RowKind::Folded)
        return;
    drawHairline(*painter, {cell.left(), cell.bottom() - 1}, {cell.right(), cell.bottom() - 1}, ink(Ink::LineRow));
    const bool first = index.column() == m_firstColumn;
    const bool selected = index.data(SelectedRole).toBool();
    QRectF area = cell.adjusted(first ? firstPadding : cellPadding, 0, -cellPadding, -1);
    const QString glyph = index.data(GlyphRole).toString();
    if (!glyph.isEmpty()) {
        const int size = glyph.startsWith("sev-"_L1) || first ? 12 : 14;
        const bool plain = Theme::instance().scheme() == Theme::Scheme::HighContrast && selected;
        const QColor color = plain ? ink(Ink::SelectText) : ink(Theme::named(index.data(GlyphColourRole).toString()));
        drawIcon(*painter, {area.left(), std::floor(area.center().y() - size / 2.0) + 0.0}, glyph, size, color);
        area.setLeft(area.left() + size + 6);
    }
    if (const double fraction = index.data(FractionRole).toDouble(); fraction >= 0 && index.data(FractionRole).isValid())
        paintBar(*painter, area, index, fraction);
    const QString text = index.data(Qt::DisplayRole).toString();
    const Ink role = selected ? Ink::SelectText : Theme::named(index.data(TextColourRole).toString());
    const bool mono = index.data(MonospaceRole).toBool();
    const Face textFace = mono ? Face::Mono : index.data(StrongRole).toBool() ? Face::TableStrong : Face::Table;
    const bool right = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt()) & Qt::AlignRight;
    const Qt::Alignment alignment = right ? Qt::AlignRight : Qt::AlignLeft;
    drawText(*painter, area, textFace, ink(role), text, alignment, !mono && looksNumeric(text));
}

} // namespace Monitor
