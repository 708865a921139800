// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/completionlist.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"

#include <QMouseEvent>
#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int listWidth = 416;
constexpr int itemHeight = 28;
constexpr int maxItems = 9;

} // namespace

CompletionList::CompletionList(QWidget *parent)
    : QWidget(parent)
{
    setFocusPolicy(Qt::NoFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Completion"));
    hide();
}

void CompletionList::setCompletion(const Completion &completion)
{
    m_completion = completion;
    m_first = 0;
    m_current = completion.items.isEmpty() ? -1 : 0;
    const int rows = std::min<int>(maxItems, int(completion.items.size()));
    resize(listWidth, itemHeight * (rows + 2));
    update();
}

void CompletionList::step(int delta)
{
    const int count = int(m_completion.items.size());
    if (count == 0)
        return;
    m_current = (m_current + delta + count) % count;
    m_first = std::clamp(m_first, std::max(0, m_current - maxItems + 1), m_current);
    update();
}

int CompletionList::itemAt(QPointF position) const
{
    const int row = int(position.y()) / itemHeight - 1;
    const int item = m_first + row;
    return row >= 0 && row < maxItems && item < m_completion.items.size() ? item : -1;
}

void CompletionList::mouseMoveEvent(QMouseEvent *event)
{
    if (const int item = itemAt(event->position()); item >= 0 && item != m_current) {
        m_current = item;
        update();
    }
}

void CompletionList::mousePressEvent(QMouseEvent *event)
{
    if (const int item = itemAt(event->position()); item >= 0)
        Q_EMIT chosen(item);
}

void CompletionList::paintItem(QPainter &painter, const QRectF &row, int item) const
{
    const Completion::Item &entry = m_completion.items.at(item);
    const bool selected = item == m_current;
    if (selected)
        painter.fillRect(row.adjusted(1, 0, -1, 0), ink(Ink::SelectFill));
    const Ink main = selected                         ? Ink::SelectText
        : entry.kind == Completion::Item::Kind::Field ? Ink::AccentText
                                                      : Ink::TextPrimary;
    const QRectF area = row.adjusted(12, 0, -12, 0);
    const qreal width = drawText(painter, area, Face::MonoTable, ink(main), entry.text);
    const qreal countWidth = entry.count >= 0 ? numberWidth(Face::Table, Text::count(entry.count)) + 12 : 0;
    const qreal left = std::max(area.left() + 120, area.left() + width + 16);
    drawText(painter, QRectF(left, row.top(), area.right() - left - countWidth, row.height()), Face::Table,
             ink(selected ? Ink::SelectText : Ink::TextMuted), entry.meaning);
    if (entry.count >= 0)
        drawNumber(painter, area, Face::Table, ink(selected ? Ink::SelectText : Ink::TextSecondary), Text::count(entry.count));
}

void CompletionList::paintFooter(QPainter &painter) const
{
    const QRectF footer(12, height() - itemHeight, width() - 24, itemHeight);
    qreal x = footer.left();
    for (const auto &[key, words] :
         {std::pair(tr("Tab"), tr("accept")), std::pair(tr("Enter"), tr("apply")), std::pair(tr("Esc"), tr("close"))}) {
        x += drawKeyCap(painter, {x, footer.top() + 6}, key, ink(Ink::LineControl), ink(Ink::TextMuted)) + 6;
        x += drawText(painter, QRectF(x, footer.top(), 120, itemHeight), Face::Caption, ink(Ink::TextMuted), words) + 14;
    }
}

void CompletionList::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawBox(painter, rect(), px(Metric::RadiusCard), ink(Ink::SurfaceRaised), ink(Ink::LineControl));
    drawText(painter, QRectF(12, 0, width() - 24, itemHeight), Face::Caption, ink(Ink::TextMuted), m_completion.expected);
    drawHairline(painter, {1, itemHeight - 1.0}, {width() - 2.0, itemHeight - 1.0}, ink(Ink::LineDivider));
    for (int row = 0; row < maxItems && m_first + row < m_completion.items.size(); ++row)
        paintItem(painter, QRectF(0, itemHeight * (row + 1), width(), itemHeight), m_first + row);
    const qreal bottom = height() - itemHeight;
    drawHairline(painter, {1, bottom}, {width() - 2.0, bottom}, ink(Ink::LineDivider));
    paintFooter(painter);
}

} // namespace Monitor
