// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/lanepainter.h"

#include <QWidget>

#include <optional>

namespace Monitor {

class LongScrollBar;
class Workspace;

/*!
    The lifetimes of all tokens: a lane per session with its access and refresh tokens, refresh marks, failures and the
    now-line; over it the refreshes of all sessions as a forecast, under it all sessions as a raster.

    Following keeps now at 80 % of the width. Panning or zooming away from it detaches.
*/
class TimelineView : public QWidget
{
    Q_OBJECT

public:
    TimelineView(Workspace &workspace, QWidget *parent = nullptr);
    ~TimelineView() override;

    bool isFollowing() const { return m_following; }
    void setFollowing(bool following);
    qint64 span() const { return m_span; } //!< ms over the whole width
    void setSpan(qint64 span, std::optional<qreal> anchorX = {});
    void fitAll();
    QString spanText() const;
    QString rangeText() const; //!< "14:13:28 to 14:37:28"
    QString sentence() const { return m_sentence; } //!< Of what is hovered or has the focus bar.
    int framePeriodMs() const; //!< How often the now-line moves by a pixel.

    QSize minimumSizeHint() const override { return {480, 240}; }

Q_SIGNALS:
    void followingChanged();
    void sentenceChanged();
    void detailRequested(); //!< Enter or double click on a lane.
    void keyRequested(int key); //!< A key that is the page's: Delete and Copy.

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    struct Hit
    {
        int row = -1;
        int mark = -1;
        int bar = -1;
        friend bool operator==(const Hit &, const Hit &) = default;
    };
    struct Geometry
    {
        int header = 0;
        int axisTop = 0;
        int lanesTop = 0;
        int lanesBottom = 0;
        int densityTop = 0;
        int legendTop = 0;
        bool density = true;
    };

    Geometry geometryNow() const;
    TimeScale scale() const;
    int rowHeight(int row) const;
    int rowsInSight() const;
    QRectF rowRect(int row) const; //!< Empty when it is not in sight.
    int rowAt(qreal y) const;
    void refreshBar();
    void chooseFirstSpan();
    static qint64 clampedSpan(qint64 span);
    void pan(double pixels);
    void detach();

    void paintForecast(QPainter &painter, const Geometry &g, const TimeScale &s);
    void paintForecastBars(QPainter &painter, const QRectF &area, const TimeScale &s, int top);
    void paintAxis(QPainter &painter, const Geometry &g, const TimeScale &s);
    void paintLanes(QPainter &painter, const Geometry &g, const TimeScale &s);
    void paintGroup(QPainter &painter, const QRectF &row, const TimelineRow &entry);
    void paintLane(QPainter &painter, const QRectF &row, int index, const TimeScale &s);
    void paintLaneHeader(QPainter &painter, const QRectF &header, const TimelineLane &lane);
    void paintDensity(QPainter &painter, const Geometry &g, const TimeScale &s);
    void paintLegend(QPainter &painter, const Geometry &g);
    void paintNow(QPainter &painter, const Geometry &g, const TimeScale &s);
    void paintFocus(QPainter &painter, const QRectF &row, const TimelineLane &lane, const TimeScale &s);

    Hit hitAt(QPointF position) const;
    void setHover(const Hit &hit);
    void describe();
    bool handleZoomKey(int key);
    bool handleFocusKey(int key);
    void moveFocusRow(int delta);
    void focusRow(int row, int step); //!< The nearest lane from there, in the direction of \a step.
    void lanesMoved();
    void moveFocusBar(int delta);
    void moveFocusMark(int delta);
    TimelineLane laneAt(int row) const;

    Workspace &m_workspace;
    TokenLanesModel &m_model;
    LongScrollBar *m_bar;
    bool m_following = true;
    bool m_spanChosen = false;
    qint64 m_span = 24 * 60'000;
    qint64 m_from = 0;
    int m_firstRow = 0;
    Hit m_hover;
    std::optional<QPointF> m_hoverAt; //!< Where the pointer is, over the view.
    Hit m_focus;
    QString m_topSession; //!< Of the lane at the top, which stays there while the order is held.
    int m_topOffset = 0;
    QString m_sentence;
    std::optional<QPointF> m_dragFrom;
    std::optional<qreal> m_rangeFrom;
    qreal m_rangeTo = 0;
    double m_wheelRest = 0;

    QList<TokenLanesModel::ForecastBucket> m_forecast;
    qint64 m_forecastBucket = 0;
    qint64 m_forecastFrom = 0;
    qint64 m_forecastAt = 0;
    TokenLanesModel::Density m_density;
    qint64 m_densityFrom = 0;
    qint64 m_densityAt = 0;
};

} // namespace Monitor
