// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/tokenlanesmodel.h"

#include <QRectF>

class QPainter;

namespace Monitor {

/*! Which times a strip of pixels stands for. */
struct TimeScale
{
    qint64 from = 0; //!< ms since the epoch at the left edge
    double msPerPixel = 1000;
    qreal left = 0;
    qreal width = 0;

    qreal x(qint64 time) const { return left + double(time - from) / msPerPixel; }
    qint64 time(qreal x) const { return from + qint64((x - left) * msPerPixel); }
    qint64 to() const { return from + qint64(width * msPerPixel); }
};

/*!
    Paints the tokens of one session: the same picture in the timeline and, smaller, in the detail pane.
    Past is soft, live is full, planned is hollow.
*/
class LanePainter
{
public:
    LanePainter(QPainter &painter, const TimeScale &scale, qint64 now, bool withText);

    void paint(const QRectF &lane, const TimelineLane &content) const;
    //! Place of a mark, for hit tests and the focus ring.
    static QPointF markCentre(const QRectF &lane, const TimeScale &scale, const TimelineMark &mark);
    static void paintLegendMark(QPainter &painter, QPointF centre, TimelineMark::Kind kind);

private:
    void paintAccess(const QRectF &lane, const TimelineBar &bar) const;
    void paintRefresh(const QRectF &lane, const TimelineBar &bar) const;
    void paintEnd(const QRectF &solid, const TimelineBar &bar) const;
    void paintBarText(const QRectF &solid, const TimelineBar &bar) const;
    void paintMark(const QRectF &lane, const TimelineMark &mark) const;
    void paintFailures(const QRectF &lane, const QList<TimelineMark> &marks) const;
    QRectF span(const QRectF &lane, qint64 start, qint64 end, qreal top, qreal height) const;

    QPainter &m_painter;
    const TimeScale &m_scale;
    qint64 m_now;
    bool m_withText;
};

} // namespace Monitor
