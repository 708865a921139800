// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/timelineview.h"

#include "monitor/models/text.h"
#include "monitor/widgets/longscrollbar.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"

#include <QWheelEvent>

#include <algorithm>

namespace Monitor {

namespace {

constexpr qint64 shortestSpan = 10'000;
constexpr qint64 longestSpan = qint64(24) * 3'600'000;
constexpr int densityHeight = 84;

qint64 median(QList<qint64> values)
{
    if (values.isEmpty())
        return 0;
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values.at(values.size() / 2);
}

} // namespace

TimelineView::TimelineView(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_model(workspace.lanesModel())
    , m_bar(new LongScrollBar(this))
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Timeline of token lifetimes"));
    connect(&m_model, &TokenLanesModel::rowsChanged, this, &TimelineView::lanesMoved);
    connect(&m_model, &TokenLanesModel::contentChanged, this, qOverload<>(&QWidget::update));
    connect(&m_model, &TokenLanesModel::selectedSessionChanged, this, qOverload<>(&QWidget::update));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    connect(m_bar, &LongScrollBar::moved, this, [this](qint64 first) {
        m_firstRow = int(first);
        refreshBar();
        describe();
    });
}

TimelineView::~TimelineView() = default;

qint64 TimelineView::clampedSpan(qint64 span)
{
    return std::clamp(span, shortestSpan, longestSpan);
}

// The first picture shows about five lives of a token.
void TimelineView::chooseFirstSpan()
{
    if (m_spanChosen)
        return;
    QList<qint64> lives;
    const TokenTable &table = m_workspace.tokens();
    for (quint32 lane = 0; lane < table.laneSlots() && lives.size() < 50; ++lane) {
        const quint32 current = table.lane(lane).access.empty() ? TokenTable::none() : table.current(lane);
        if (current == TokenTable::none())
            continue;
        const TokenInterval &token = table.token(current);
        if (token.expires > token.issued && token.issued > 0)
            lives.append(token.expires - token.issued);
    }
    if (lives.isEmpty())
        return;
    m_spanChosen = true;
    constexpr std::array<qint64, 7> nice{2, 5, 8, 14, 24, 60, 240};
    const qint64 wanted = median(lives) * 4;
    for (const qint64 minutes : nice) {
        m_span = minutes * 60'000;
        if (m_span >= wanted)
            break;
    }
}

TimeScale TimelineView::scale() const
{
    TimeScale s;
    s.left = px(Metric::TimelineLaneHeader);
    s.width = std::max<qreal>(64, width() - s.left - px(Metric::LayoutScrollGutter));
    s.msPerPixel = double(m_span) / s.width;
    s.from = m_following ? m_workspace.now() - m_span * px(Metric::TimelineNowAt) / 100 : m_from;
    return s;
}

TimelineView::Geometry TimelineView::geometryNow() const
{
    Geometry g;
    g.header = px(Metric::TimelineLaneHeader);
    g.axisTop = px(Metric::TimelineForecast);
    g.lanesTop = g.axisTop + px(Metric::TimelineAxis);
    g.legendTop = height() - px(Metric::TimelineLegend);
    g.density = height() > 480;
    g.densityTop = g.density ? g.legendTop - densityHeight - px(Metric::TimelineGroupHeader) : g.legendTop;
    g.lanesBottom = g.densityTop;
    return g;
}

int TimelineView::rowHeight(int row) const
{
    return px(m_model.row(row).isGroup ? Metric::TimelineGroupHeader : Metric::TimelineLane);
}

int TimelineView::rowsInSight() const
{
    const Geometry g = geometryNow();
    int rows = 0;
    int y = g.lanesTop;
    for (int row = m_firstRow; row < m_model.rowCount(); ++row) {
        y += rowHeight(row);
        if (y > g.lanesBottom)
            break;
        ++rows;
    }
    return rows;
}

QRectF TimelineView::rowRect(int row) const
{
    const Geometry g = geometryNow();
    int y = g.lanesTop;
    for (int at = m_firstRow; at < m_model.rowCount() && y < g.lanesBottom; ++at) {
        const int height = rowHeight(at);
        if (at == row)
            return {0, qreal(y), qreal(width() - px(Metric::LayoutScrollGutter)), qreal(height)};
        y += height;
    }
    return {};
}

int TimelineView::rowAt(qreal y) const
{
    const Geometry g = geometryNow();
    if (y < g.lanesTop || y >= g.lanesBottom)
        return -1;
    int top = g.lanesTop;
    for (int row = m_firstRow; row < m_model.rowCount(); ++row) {
        top += rowHeight(row);
        if (top > g.lanesBottom)
            return -1;
        if (y < top)
            return row;
    }
    return -1;
}

void TimelineView::lanesMoved()
{
    chooseFirstSpan();
    if (m_model.holdReason() != OrderHold::Reason::None) {
        if (const int top = m_model.rowOfSession(m_topSession); top >= 0)
            m_firstRow = std::max(0, top - m_topOffset);
    }
    refreshBar();
    // What has the focus is a session, and what is under the pointer is what is there now: rows are only where they are.
    m_focus.row = m_model.selectedSession().isEmpty() ? -1 : m_model.rowOfSession(m_model.selectedSession());
    if (m_hoverAt)
        m_hover = hitAt(*m_hoverAt);
    describe();
}

void TimelineView::refreshBar()
{
    const Geometry g = geometryNow();
    // Lanes are the taller rows, so as many of them as fit is the page that surely fits.
    const int page = std::max(1, (g.lanesBottom - g.lanesTop) / px(Metric::TimelineLane));
    m_firstRow = std::clamp(m_firstRow, 0, std::max(0, m_model.rowCount() - page));
    m_bar->setGeometry(width() - px(Metric::LayoutScrollGutter), g.lanesTop, px(Metric::LayoutScrollGutter),
                       std::max(0, g.lanesBottom - g.lanesTop));
    m_bar->setRange(m_model.rowCount(), page, m_firstRow);
    m_model.setSight(m_firstRow, page + 1);
    m_topOffset = 0;
    while (m_topOffset < page && m_model.row(m_firstRow + m_topOffset).isGroup)
        ++m_topOffset;
    m_topSession = m_model.row(m_firstRow + m_topOffset).session;
}

void TimelineView::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    refreshBar();
}

int TimelineView::framePeriodMs() const
{
    return m_following ? std::clamp(int(scale().msPerPixel / 2), 100, 1000) : 1000;
}

void TimelineView::setFollowing(bool following)
{
    if (m_following == following)
        return;
    if (!following)
        m_from = scale().from;
    m_following = following;
    Q_EMIT followingChanged();
    update();
}

void TimelineView::detach()
{
    setFollowing(false);
}

void TimelineView::setSpan(qint64 span, std::optional<qreal> anchorX)
{
    const TimeScale before = scale();
    const qint64 wanted = clampedSpan(span);
    if (wanted == m_span)
        return;
    m_spanChosen = true;
    const qreal anchor = anchorX.value_or(before.left + before.width / 2);
    const qint64 fixed = before.time(anchor);
    m_span = wanted;
    if (!m_following)
        m_from = fixed - qint64((anchor - before.left) * double(m_span) / before.width);
    Q_EMIT followingChanged();
    update();
}

void TimelineView::fitAll()
{
    const TokenTable &table = m_workspace.tokens();
    qint64 first = std::numeric_limits<qint64>::max();
    qint64 last = 0;
    for (int row = 0; row < m_model.rowCount() && row < 2000; ++row) {
        const TimelineRow entry = m_model.row(row);
        if (entry.isGroup || table.lane(entry.lane).access.empty())
            continue;
        const TokenLane &lane = table.lane(entry.lane);
        first = std::min(first, table.token(lane.access.front()).issued);
        last = std::max(last, table.token(lane.access.back()).expires);
    }
    if (last <= first)
        return;
    detach();
    m_from = first - (last - first) / 40;
    m_spanChosen = true;
    m_span = clampedSpan((last - first) * 21 / 20);
    Q_EMIT followingChanged();
    update();
}

QString TimelineView::spanText() const
{
    if (m_span >= 90 * 60'000)
        return tr("%1 h").arg(double(m_span) / 3'600'000, 0, 'f', 1);
    if (m_span >= 90'000)
        return tr("%1 min").arg(double(m_span) / 60'000, 0, 'f', m_span % 60'000 == 0 ? 0 : 1);
    return tr("%1 s").arg(m_span / 1000);
}

QString TimelineView::rangeText() const
{
    const TimeScale s = scale();
    return tr("%1 to %2").arg(Text::clockTime(s.from), Text::clockTime(s.to()));
}

void TimelineView::pan(double pixels)
{
    const TimeScale s = scale();
    detach();
    m_from = s.from + qint64(pixels * s.msPerPixel);
    Q_EMIT followingChanged();
    update();
}

void TimelineView::wheelEvent(QWheelEvent *event)
{
    const QPointF delta = event->angleDelta();
    const bool overLanes = event->position().x() > px(Metric::TimelineLaneHeader);
    if (event->modifiers() & Qt::ControlModifier || (overLanes && event->position().y() < geometryNow().lanesTop)) {
        setSpan(qint64(double(m_span) * std::pow(0.8, delta.y() / 120.0)), event->position().x());
    } else if (event->modifiers() & Qt::ShiftModifier || std::abs(delta.x()) > std::abs(delta.y())) {
        pan(-(delta.x() != 0 ? delta.x() : delta.y()));
    } else {
        m_wheelRest += delta.y() / 60.0;
        const int rows = int(m_wheelRest);
        m_wheelRest -= rows;
        m_firstRow -= rows;
        refreshBar();
        m_hover = hitAt(event->position());
        describe();
    }
    event->accept();
}

} // namespace Monitor
