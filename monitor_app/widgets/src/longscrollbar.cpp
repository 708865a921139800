// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/longscrollbar.h"

#include "monitor/widgets/painting.h"

#include <QMouseEvent>
#include <QPainter>

namespace Monitor {

namespace {

constexpr qreal thumbWidth = 6;
constexpr qreal shortestThumb = 24;

} // namespace

LongScrollBar::LongScrollBar(QWidget *parent)
    : QWidget(parent)
{
    setFixedWidth(px(Metric::LayoutScrollGutter));
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Expanding);
    setCursor(Qt::ArrowCursor);
}

QSize LongScrollBar::sizeHint() const
{
    return {px(Metric::LayoutScrollGutter), 80};
}

void LongScrollBar::setRange(qint64 total, qint64 page, qint64 first)
{
    if (m_total == total && m_page == page && m_first == first)
        return;
    m_total = total;
    m_page = page;
    m_first = first;
    update();
}

qint64 LongScrollBar::last() const
{
    return std::max<qint64>(0, m_total - m_page);
}

QRectF LongScrollBar::thumb() const
{
    const qreal length = std::max(shortestThumb, height() * double(m_page) / double(std::max<qint64>(1, m_total)));
    const qreal top = last() == 0 ? 0 : (height() - length) * double(m_first) / double(last());
    return {(width() - thumbWidth) / 2, top, thumbWidth, length};
}

void LongScrollBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    if (last() > 0)
        drawBox(painter, thumb().adjusted(0, 2, 0, -2), thumbWidth / 2, ink(m_grip >= 0 ? Ink::TextMuted : Ink::LineControl),
                QColor());
}

void LongScrollBar::mousePressEvent(QMouseEvent *event)
{
    if (last() == 0)
        return;
    const QRectF shape = thumb();
    const qreal y = event->position().y();
    if (y >= shape.top() && y < shape.bottom()) {
        m_grip = y - shape.top();
        update();
        return;
    }
    Q_EMIT moved(std::clamp<qint64>(m_first + (y < shape.top() ? -m_page : m_page), 0, last()));
}

void LongScrollBar::mouseMoveEvent(QMouseEvent *event)
{
    if (m_grip < 0)
        return;
    const qreal room = height() - thumb().height();
    const double fraction = room <= 0 ? 0 : std::clamp((event->position().y() - m_grip) / room, 0.0, 1.0);
    Q_EMIT moved(qint64(std::llround(fraction * double(last()))));
}

void LongScrollBar::mouseReleaseEvent(QMouseEvent *)
{
    m_grip = -1;
    update();
}

} // namespace Monitor
