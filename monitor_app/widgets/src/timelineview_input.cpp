// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/painting.h"
#include "monitor/widgets/timelineview.h"
#include "monitor/widgets/workspace.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QLineF>

#include <algorithm>

namespace Monitor {

namespace {

constexpr qreal hitRadius = 7;

} // namespace

bool TimelineView::handleZoomKey(int key)
{
    switch (key) {
    case Qt::Key_W:
    case Qt::Key_Plus:
        setSpan(m_span * 4 / 5);
        return true;
    case Qt::Key_S:
    case Qt::Key_Minus:
        setSpan(m_span * 5 / 4);
        return true;
    case Qt::Key_A:
        pan(-scale().width / 8);
        return true;
    case Qt::Key_D:
        pan(scale().width / 8);
        return true;
    case Qt::Key_N:
        setFollowing(true);
        return true;
    case Qt::Key_F:
        fitAll();
        return true;
    default:
        return false;
    }
}

bool TimelineView::handleFocusKey(int key)
{
    switch (key) {
    case Qt::Key_Up:
        moveFocusRow(-1);
        return true;
    case Qt::Key_Down:
        moveFocusRow(1);
        return true;
    case Qt::Key_PageUp:
    case Qt::Key_PageDown: {
        const int step = key == Qt::Key_PageUp ? -1 : 1;
        const int from = m_focus.row >= 0 ? m_focus.row : m_firstRow;
        focusRow(std::clamp(from + step * std::max(1, rowsInSight() - 1), 0, m_model.rowCount() - 1), -step);
        return true;
    }
    case Qt::Key_Home:
        focusRow(0, 1);
        return true;
    case Qt::Key_End:
        focusRow(m_model.rowCount() - 1, -1);
        return true;
    case Qt::Key_Delete:
        Q_EMIT keyRequested(key);
        return true;
    case Qt::Key_Left:
        moveFocusBar(-1);
        return true;
    case Qt::Key_Right:
        moveFocusBar(1);
        return true;
    case Qt::Key_Period:
        moveFocusMark(1);
        return true;
    case Qt::Key_Comma:
        moveFocusMark(-1);
        return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        Q_EMIT detailRequested();
        return true;
    case Qt::Key_Escape:
        m_focus = {};
        m_model.setSelectedSession({});
        describe();
        return true;
    default:
        return false;
    }
}

void TimelineView::keyPressEvent(QKeyEvent *event)
{
    if (event->matches(QKeySequence::Copy)) {
        Q_EMIT keyRequested(Qt::Key_Copy);
        return;
    }
    if (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier)
        || !(handleZoomKey(event->key()) || handleFocusKey(event->key())))
        event->ignore();
}

TimelineLane TimelineView::laneAt(int row) const
{
    const TimeScale s = scale();
    return m_model.lane(row, s.from, s.to(), s.msPerPixel, m_workspace.now());
}

void TimelineView::moveFocusRow(int delta)
{
    int row = m_focus.row >= 0 ? m_focus.row : m_model.rowOfSession(m_model.selectedSession());
    if (row < 0)
        row = delta > 0 ? m_firstRow - 1 : m_firstRow + 1;
    focusRow(row + delta, delta);
}

void TimelineView::focusRow(int row, int step)
{
    while (row >= 0 && row < m_model.rowCount() && m_model.row(row).isGroup)
        row += step < 0 ? -1 : 1;
    if (row < 0 || row >= m_model.rowCount())
        return;
    m_focus = {row, -1, -1};
    if (row < m_firstRow)
        m_firstRow = row;
    else if (row >= m_firstRow + rowsInSight())
        m_firstRow += row - (m_firstRow + rowsInSight()) + 1;
    refreshBar();
    m_model.setSelectedSession(laneAt(row).sessionId);
    describe();
}

void TimelineView::moveFocusBar(int delta)
{
    if (m_focus.row < 0)
        moveFocusRow(1);
    if (m_focus.row < 0)
        return;
    const TimelineLane lane = laneAt(m_focus.row);
    if (lane.bars.isEmpty())
        return;
    const int count = int(lane.bars.size());
    m_focus.mark = -1;
    m_focus.bar = m_focus.bar < 0 ? (delta > 0 ? 0 : count - 1) : std::clamp(m_focus.bar + delta, 0, count - 1);
    describe();
}

void TimelineView::moveFocusMark(int delta)
{
    if (m_focus.row < 0)
        moveFocusRow(1);
    if (m_focus.row < 0)
        return;
    const TimelineLane lane = laneAt(m_focus.row);
    if (lane.marks.isEmpty())
        return;
    const int count = int(lane.marks.size());
    m_focus.bar = -1;
    m_focus.mark = m_focus.mark < 0 ? (delta > 0 ? 0 : count - 1) : std::clamp(m_focus.mark + delta, 0, count - 1);
    describe();
}

TimelineView::Hit TimelineView::hitAt(QPointF position) const
{
    Hit hit;
    hit.row = rowAt(position.y());
    if (hit.row < 0 || m_model.row(hit.row).isGroup || position.x() < px(Metric::TimelineLaneHeader))
        return hit;
    const QRectF row = rowRect(hit.row);
    const TimeScale s = scale();
    const TimelineLane lane = laneAt(hit.row);
    qreal nearest = hitRadius;
    for (int mark = 0; mark < lane.marks.size(); ++mark) {
        const qreal distance = QLineF(position, LanePainter::markCentre(row, s, lane.marks.at(mark))).length();
        if (distance < nearest) {
            nearest = distance;
            hit.mark = mark;
        }
    }
    const bool refresh = position.y() >= row.top() + px(Metric::TimelineRefreshTop);
    for (int bar = 0; bar < lane.bars.size() && hit.mark < 0; ++bar) {
        const TimelineBar &entry = lane.bars.at(bar);
        const qint64 end = std::max(entry.end, entry.plannedEnd);
        if ((entry.kind == TimelineBar::Kind::Refresh) == refresh && position.x() >= s.x(entry.start) && position.x() < s.x(end))
            hit.bar = bar;
    }
    return hit;
}

void TimelineView::describe()
{
    const Hit &hit = m_hover.row >= 0 ? m_hover : m_focus;
    QString sentence;
    if (hit.row >= 0 && hit.row < m_model.rowCount() && !m_model.row(hit.row).isGroup) {
        const TimelineLane lane = laneAt(hit.row);
        if (hit.mark >= 0 && hit.mark < lane.marks.size())
            sentence = tr("%1: %2").arg(lane.user, m_model.sentenceOf(lane.marks.at(hit.mark)));
        else if (hit.bar >= 0 && hit.bar < lane.bars.size())
            sentence = tr("%1: %2").arg(lane.user, m_model.sentenceOf(lane.bars.at(hit.bar)));
        else
            sentence = lane.sentence;
    }
    update();
    if (sentence == m_sentence)
        return;
    m_sentence = sentence;
    setAccessibleDescription(sentence);
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
    Q_EMIT sentenceChanged();
}

void TimelineView::setHover(const Hit &hit)
{
    if (hit == m_hover)
        return;
    m_hover = hit;
    describe();
}

void TimelineView::mousePressEvent(QMouseEvent *event)
{
    const int row = rowAt(event->position().y());
    if (row >= 0 && m_model.row(row).isGroup) {
        const TimelineRow entry = m_model.row(row);
        m_model.setCollapsed(entry.group, !entry.collapsed);
        return;
    }
    if (event->modifiers() & Qt::ShiftModifier && event->position().x() > px(Metric::TimelineLaneHeader)) {
        m_rangeFrom = event->position().x();
        m_rangeTo = event->position().x();
    } else {
        m_dragFrom = event->position();
    }
    if (row >= 0) {
        m_focus = hitAt(event->position());
        m_model.setSelectedSession(laneAt(row).sessionId);
        describe();
    }
}

void TimelineView::mouseMoveEvent(QMouseEvent *event)
{
    if (m_rangeFrom) {
        m_rangeTo = event->position().x();
        update();
        return;
    }
    if (m_dragFrom && event->buttons() & Qt::LeftButton) {
        const QPointF moved = event->position() - *m_dragFrom;
        if (std::abs(moved.x()) >= 4) {
            pan(-moved.x());
            m_dragFrom = event->position();
        }
        return;
    }
    m_hoverAt = event->position();
    m_model.setHovered(true);
    setHover(hitAt(event->position()));
}

void TimelineView::mouseReleaseEvent(QMouseEvent *)
{
    m_dragFrom.reset();
    if (!m_rangeFrom)
        return;
    const TimeScale s = scale();
    const qreal left = std::min(*m_rangeFrom, m_rangeTo);
    const qreal right = std::max(*m_rangeFrom, m_rangeTo);
    m_rangeFrom.reset();
    if (right - left > 8) {
        const qint64 from = s.time(left);
        const qint64 to = s.time(right);
        detach();
        m_from = from;
        m_spanChosen = true;
        m_span = clampedSpan(to - from);
        Q_EMIT followingChanged();
    }
    update();
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (rowAt(event->position().y()) >= 0)
        Q_EMIT detailRequested();
}

void TimelineView::leaveEvent(QEvent *event)
{
    QWidget::leaveEvent(event);
    m_hoverAt.reset();
    m_model.setHovered(false);
    setHover({});
}

void TimelineView::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void TimelineView::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace Monitor
