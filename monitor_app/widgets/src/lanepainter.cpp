// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/lanepainter.h"

#include "monitor/models/text.h"
#include "monitor/widgets/painting.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>

namespace Monitor {

namespace {

using BarState = TimelineBar::State;
using MarkKind = TimelineMark::Kind;

QPolygonF triangle(QPointF tip, qreal width, qreal height)
{
    return {{tip.x(), tip.y()}, {tip.x() + width / 2, tip.y() + height}, {tip.x() - width / 2, tip.y() + height}};
}

QPolygonF diamond(QPointF centre, qreal size)
{
    const qreal half = size / 2;
    return {{centre.x(), centre.y() - half},
            {centre.x() + half, centre.y()},
            {centre.x(), centre.y() + half},
            {centre.x() - half, centre.y()}};
}

void fillPolygon(QPainter &painter, const QPolygonF &shape, const QColor &fill, const QColor &line)
{
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(line.isValid() ? QPen(line, 1.25) : QPen(Qt::NoPen));
    painter.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
    painter.drawPolygon(shape);
    painter.setRenderHint(QPainter::Antialiasing, false);
}

void drawCross(QPainter &painter, QPointF centre)
{
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ink(Ink::SurfacePanel));
    painter.drawEllipse(centre, 6, 6);
    QPen pen(ink(Ink::SeverityError), 2);
    pen.setCapStyle(Qt::RoundCap);
    painter.setPen(pen);
    painter.drawLine(QLineF(centre.x() - 3, centre.y() - 3, centre.x() + 3, centre.y() + 3));
    painter.drawLine(QLineF(centre.x() - 3, centre.y() + 3, centre.x() + 3, centre.y() - 3));
    painter.setRenderHint(QPainter::Antialiasing, false);
}

Ink hatchInk(BarState state)
{
    switch (state) {
    case BarState::Expiring:
        return Ink::SeverityWarning;
    case BarState::Failing:
        return Ink::SeverityError;
    default:
        return Ink::SeverityInfo;
    }
}

Ink hatchGround(BarState state)
{
    switch (state) {
    case BarState::Expiring:
        return Ink::SoftWarning;
    case BarState::Failing:
        return Ink::SoftError;
    default:
        return Ink::SoftInfo;
    }
}

bool isLive(BarState state)
{
    return state == BarState::Live || state == BarState::Expiring || state == BarState::Failing || state == BarState::Unknown;
}

Ink solidInk(BarState state)
{
    switch (state) {
    case BarState::Revoked:
    case BarState::Reused:
        return Ink::SoftCritical;
    case BarState::Expired:
        return Ink::SoftNeutral;
    case BarState::Spent:
    case BarState::SignedOut:
        return Ink::SoftInfo;
    default:
        return Ink::SeverityInfo;
    }
}

Ink overlapInk(BarState state)
{
    if (state == BarState::Revoked || state == BarState::Reused)
        return Ink::TimelineOverlapRevoked;
    return isLive(state) ? Ink::TimelineOverlapLive : Ink::TimelineOverlapSpent;
}

} // namespace

LanePainter::LanePainter(QPainter &painter, const TimeScale &scale, qint64 now, bool withText)
    : m_painter(painter)
    , m_scale(scale)
    , m_now(now)
    , m_withText(withText)
{
}

QRectF LanePainter::span(const QRectF &lane, qint64 start, qint64 end, qreal top, qreal height) const
{
    const qreal left = std::max(m_scale.left, std::round(m_scale.x(start)));
    const qreal right = std::min(m_scale.left + m_scale.width, std::round(m_scale.x(end)));
    return {left, lane.top() + top, std::max(0.0, right - left), height};
}

void LanePainter::paintEnd(const QRectF &solid, const TimelineBar &bar) const
{
    const qreal scale = m_painter.device()->devicePixelRatioF();
    const QRectF lane(m_scale.left, solid.top() - px(Metric::TimelineAccessTop), m_scale.width, px(Metric::TimelineLane));
    const auto stretch = [&](qint64 from, qint64 to) {
        return span(lane, from, to, px(Metric::TimelineAccessTop), solid.height());
    };
    if (isLive(bar.state) && bar.refreshAt > 0 && bar.plannedEnd > bar.refreshAt) {
        const QRectF margin = stretch(std::max(bar.refreshAt, bar.start), bar.plannedEnd);
        m_painter.fillRect(margin, hatchBrush(ink(hatchInk(bar.state)), ink(hatchGround(bar.state)), scale));
        const qreal end = std::round(m_scale.x(bar.plannedEnd));
        if (end > m_scale.left && end < m_scale.left + m_scale.width)
            m_painter.fillRect(QRectF(end - 2, margin.top(), 2, margin.height()), ink(hatchInk(bar.state)));
    } else if ((bar.state == BarState::Revoked || bar.state == BarState::Reused) && bar.plannedEnd > bar.end) {
        m_painter.setPen(QPen(ink(Ink::SeverityCritical), 1, Qt::DotLine));
        m_painter.setBrush(Qt::NoBrush);
        m_painter.drawRect(stretch(bar.end, bar.plannedEnd).adjusted(0.5, 0.5, -0.5, -0.5));
    } else if (bar.state == BarState::Expired && solid.width() > 24) {
        constexpr int steps = 6;
        for (int step = 0; step < steps; ++step) {
            QColor veil = ink(Ink::SurfacePanel);
            veil.setAlphaF(float(step + 1) / steps);
            m_painter.fillRect(QRectF(solid.right() - (steps - step) * 4, solid.top(), 4, solid.height()), veil);
        }
    } else if (bar.state == BarState::Unknown) {
        const qreal x = std::min(m_scale.x(m_now) + 8, m_scale.left + m_scale.width - 16);
        m_painter.setRenderHint(QPainter::Antialiasing, true);
        m_painter.setPen(QPen(ink(Ink::SeverityInfo), 1.5));
        for (const qreal shift : {0.0, 6.0})
            m_painter.drawPolyline(
                QPolygonF{{x + shift, solid.top() + 2}, {x + shift + 5, solid.center().y()}, {x + shift, solid.bottom() - 2}});
        m_painter.setRenderHint(QPainter::Antialiasing, false);
    }
}

void LanePainter::paintBarText(const QRectF &solid, const TimelineBar &bar) const
{
    if (!m_withText || bar.folded > 1 || bar.state == BarState::Spent)
        return;
    QString text;
    switch (bar.state) {
    case BarState::Revoked:
    case BarState::Reused:
        text = QCoreApplication::translate("Monitor::TimelineView", "exp %1, revoked").arg(Text::clockTime(bar.plannedEnd));
        break;
    case BarState::SignedOut:
        text = QCoreApplication::translate("Monitor::TimelineView", "signed out %1").arg(Text::clockTime(bar.end));
        break;
    case BarState::Expired:
        text = QCoreApplication::translate("Monitor::TimelineView", "expired %1").arg(Text::clockTime(bar.end));
        break;
    case BarState::Unknown:
        text = QCoreApplication::translate("Monitor::TimelineView", "opaque token, expiry not stated");
        break;
    default:
        text = QCoreApplication::translate("Monitor::TimelineView", "exp %1")
                   .arg(Text::clockTime(bar.plannedEnd > 0 ? bar.plannedEnd : bar.end));
        break;
    }
    QRectF area = solid.adjusted(6, 0, -4, 0);
    const qreal width = numberWidth(Face::Micro, text);
    const qreal nowX = m_scale.x(m_now);
    if (nowX > area.left() && nowX < area.left() + width)
        area.setLeft(nowX + 6);
    if (width > area.width())
        return;
    drawText(m_painter, area, Face::Micro, ink(isLive(bar.state) ? Ink::TimelineTextOnBar : Ink::TextPrimary), text,
             Qt::AlignLeft, true);
}

void LanePainter::paintAccess(const QRectF &lane, const TimelineBar &bar) const
{
    const qreal top = px(Metric::TimelineAccessTop);
    const qreal height = px(Metric::TimelineAccessHeight);
    const bool hatched = isLive(bar.state) && bar.refreshAt > 0;
    const qint64 solidEnd = hatched ? std::min(bar.end, std::max(bar.refreshAt, bar.start)) : bar.end;
    QRectF solid = span(lane, bar.start, solidEnd, top, height);
    if (bar.folded > 1)
        solid.setWidth(std::max(solid.width(), 3.0));
    m_painter.fillRect(solid, ink(solidInk(bar.state)));
    if (bar.overlapUntil > bar.start && bar.folded <= 1)
        m_painter.fillRect(span(lane, bar.start, std::min(bar.overlapUntil, solidEnd), top, height), ink(overlapInk(bar.state)));
    paintEnd(solid.isEmpty() ? span(lane, bar.start, bar.start, top, height) : solid, bar);
    paintBarText(solid, bar);
}

void LanePainter::paintRefresh(const QRectF &lane, const TimelineBar &bar) const
{
    QRectF area = span(lane, bar.start, bar.end, px(Metric::TimelineRefreshTop), px(Metric::TimelineRefreshHeight));
    const bool critical = bar.state == BarState::Revoked || bar.state == BarState::Reused;
    m_painter.fillRect(area,
                       ink(critical                ? Ink::SoftCritical
                               : isLive(bar.state) ? Ink::TimelineRefreshToken
                                                   : Ink::SoftNeutral));
    if (bar.folded <= 1 && area.width() > 2 && area.left() > m_scale.left)
        m_painter.fillRect(QRectF(area.left(), area.top(), 1, area.height()), ink(Ink::SurfacePanel));
    if (bar.state == BarState::Reused) {
        m_painter.fillRect(QRectF(area.left(), area.center().y() - 1, area.width(), 2), ink(Ink::SeverityCritical));
        m_painter.fillRect(QRectF(area.left(), lane.top() + 1, area.width(), 1), ink(Ink::SeverityCritical));
        m_painter.fillRect(QRectF(area.left(), lane.bottom() - 2, area.width(), 1), ink(Ink::SeverityCritical));
    }
}

QPointF LanePainter::markCentre(const QRectF &lane, const TimeScale &scale, const TimelineMark &mark)
{
    const qreal x = std::round(scale.x(mark.time));
    const qreal access = lane.top() + px(Metric::TimelineAccessTop) + px(Metric::TimelineAccessHeight) / 2.0;
    const qreal refresh = lane.top() + px(Metric::TimelineRefreshTop) + px(Metric::TimelineRefreshHeight) / 2.0;
    switch (mark.kind) {
    case MarkKind::Refreshed:
    case MarkKind::Planned:
        return {x, lane.bottom() - 6};
    case MarkKind::Reuse:
        return {x, refresh};
    default:
        return {x, access};
    }
}

void LanePainter::paintMark(const QRectF &lane, const TimelineMark &mark) const
{
    const QPointF centre = markCentre(lane, m_scale, mark);
    if (centre.x() < m_scale.left - 6 || centre.x() > m_scale.left + m_scale.width + 6)
        return;
    const QRectF flag(centre.x(), lane.top() + 2, 10, 8);
    switch (mark.kind) {
    case MarkKind::Refreshed:
        m_painter.fillRect(QRectF(centre.x(), lane.top() + 2, 1, lane.height() - 8), ink(Ink::SurfacePanel));
        fillPolygon(m_painter, triangle({centre.x() + 0.5, lane.bottom() - 11}, 9, 8), ink(Ink::SeverityOk),
                    ink(Ink::SurfacePanel));
        break;
    case MarkKind::Planned:
        fillPolygon(m_painter, triangle({centre.x() + 0.5, lane.bottom() - 10}, 8, 7), ink(Ink::SurfacePanel),
                    ink(Ink::SeverityOkInk));
        break;
    case MarkKind::Revoked:
        m_painter.fillRect(QRectF(centre.x() - 1, lane.top(), 2, lane.height()), ink(Ink::SeverityCritical));
        m_painter.fillRect(QRectF(centre.x() + 3, lane.top(), 2, lane.height()), ink(Ink::SeverityCritical));
        fillPolygon(m_painter,
                    {flag.topLeft() + QPointF(5, 0), flag.topRight() + QPointF(3, 0), flag.topRight() + QPointF(0, 4),
                     flag.bottomRight() + QPointF(3, 0), flag.bottomLeft() + QPointF(5, 0)},
                    ink(Ink::SeverityCritical), QColor());
        break;
    case MarkKind::Reuse:
        fillPolygon(m_painter, diamond(centre, 13), ink(Ink::SeverityCritical), ink(Ink::SurfacePanel));
        break;
    case MarkKind::SignedOut:
        m_painter.fillRect(QRectF(centre.x() - 3, lane.top() + 3, 6, 26), ink(Ink::TextMuted));
        break;
    case MarkKind::NoToken: {
        const QRectF hole = span(lane, mark.time, mark.until, px(Metric::TimelineAccessTop), px(Metric::TimelineAccessHeight));
        m_painter.fillRect(hole, ink(Ink::SurfacePanel));
        m_painter.setPen(QPen(ink(Ink::SeverityError), 1.5));
        m_painter.setBrush(Qt::NoBrush);
        m_painter.drawRect(hole.adjusted(0.75, 0.75, -0.75, -0.75));
        break;
    }
    case MarkKind::Failed:
    case MarkKind::Expired:
        break;
    }
}

void LanePainter::paintFailures(const QRectF &lane, const QList<TimelineMark> &marks) const
{
    const TimelineMark *before = nullptr;
    for (const TimelineMark &mark : marks) {
        if (mark.kind != MarkKind::Failed)
            continue;
        const QPointF centre = markCentre(lane, m_scale, mark);
        const qreal dotY = lane.top() + px(Metric::TimelineRefreshTop) + 4;
        if (before && before->token == mark.token) {
            m_painter.setPen(QPen(ink(Ink::SeverityError), 1, Qt::DotLine));
            m_painter.drawLine(QLineF(m_scale.x(before->time), dotY, centre.x(), dotY));
        }
        drawCross(m_painter, centre);
        m_painter.setRenderHint(QPainter::Antialiasing, true);
        m_painter.setPen(QPen(ink(Ink::SurfacePanel), 1));
        m_painter.setBrush(ink(Ink::SeverityError));
        m_painter.drawEllipse(QPointF(centre.x(), dotY), 3, 3);
        m_painter.setRenderHint(QPainter::Antialiasing, false);
        if (m_withText && mark.count > 1)
            drawNumber(m_painter, QRectF(centre.x() + 8, centre.y() - 6, 24, 12), Face::Micro, ink(Ink::TextPrimary),
                       QStringLiteral("\u00d7%1").arg(mark.count), Qt::AlignLeft);
        before = &mark;
    }
}

void LanePainter::paint(const QRectF &lane, const TimelineLane &content) const
{
    m_painter.save();
    m_painter.setClipRect(QRectF(m_scale.left, lane.top(), m_scale.width, lane.height()));
    m_painter.setRenderHint(QPainter::Antialiasing, false);
    for (const TimelineBar &bar : content.bars) {
        if (bar.kind == TimelineBar::Kind::Refresh)
            paintRefresh(lane, bar);
        else
            paintAccess(lane, bar);
    }
    for (const TimelineMark &mark : content.marks)
        paintMark(lane, mark);
    paintFailures(lane, content.marks);
    m_painter.restore();
}

void LanePainter::paintLegendMark(QPainter &painter, QPointF centre, TimelineMark::Kind kind)
{
    switch (kind) {
    case MarkKind::Refreshed:
        fillPolygon(painter, triangle({centre.x(), centre.y() - 4}, 10, 8), ink(Ink::SeverityOk), QColor());
        break;
    case MarkKind::Planned:
        fillPolygon(painter, triangle({centre.x(), centre.y() - 4}, 8, 7), QColor(), ink(Ink::SeverityOkInk));
        break;
    case MarkKind::Failed:
        drawCross(painter, centre);
        break;
    case MarkKind::Reuse:
        fillPolygon(painter, diamond(centre, 11), ink(Ink::SeverityCritical), QColor());
        break;
    case MarkKind::Revoked:
        painter.fillRect(QRectF(centre.x() - 5, centre.y() - 7, 2, 14), ink(Ink::SeverityCritical));
        painter.fillRect(QRectF(centre.x() - 1, centre.y() - 7, 2, 14), ink(Ink::SeverityCritical));
        painter.fillRect(QRectF(centre.x() + 1, centre.y() - 6, 6, 6), ink(Ink::SeverityCritical));
        break;
    case MarkKind::SignedOut:
        painter.fillRect(QRectF(centre.x() - 3, centre.y() - 7, 6, 14), ink(Ink::TextMuted));
        break;
    case MarkKind::NoToken:
        painter.setPen(QPen(ink(Ink::SeverityError), 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(centre.x() - 9, centre.y() - 5, 18, 10));
        break;
    case MarkKind::Expired:
        break;
    }
}

} // namespace Monitor
