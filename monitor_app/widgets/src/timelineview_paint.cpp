// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/text.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/timelineview.h"
#include "monitor/widgets/workspace.h"

#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 cacheMs = 500;

// The smallest step of round length that is at least as long as \a least.
qint64 niceStep(qint64 least)
{
    constexpr std::array<qint64, 17> steps{1000,      2000,      5000,       10'000,     15'000,    30'000,
                                           60'000,    120'000,   300'000,    600'000,    900'000,   1'800'000,
                                           3'600'000, 7'200'000, 14'400'000, 21'600'000, 43'200'000};
    for (const qint64 step : steps) {
        if (step >= least)
            return step;
    }
    return 86'400'000;
}

QString axisText(qint64 time, qint64 step)
{
    const QString text = Text::clockTime(time);
    return step >= 60'000 ? text.first(5) : text;
}

Ink densityInk(TokenLanesModel::Density::Cell cell)
{
    using Cell = TokenLanesModel::Density::Cell;
    switch (cell) {
    case Cell::Spent:
        return Ink::SoftInfo;
    case Cell::Live:
        return Ink::SoftInfo;
    case Cell::Refreshed:
        return Ink::SeverityOk;
    case Cell::Planned:
        return Ink::SoftOk;
    case Cell::Expiring:
        return Ink::SeverityWarning;
    case Cell::Failing:
        return Ink::SeverityError;
    case Cell::Revoked:
        return Ink::SeverityCritical;
    case Cell::Empty:
        break;
    }
    return Ink::SurfacePanel;
}

// Where the time of the now-line stands on the axis; empty while it is not in sight.
QRectF nowPill(const TimeScale &s, qint64 now, int axisTop)
{
    const qreal x = std::round(s.x(now));
    if (x < s.left || x > s.left + s.width)
        return {};
    const qreal width = std::ceil(numberWidth(Face::TableStrong, Text::clockTime(now))) + 14;
    return {std::clamp(x - width / 2, s.left, s.left + s.width - width), axisTop + 2.0, width, qreal(px(Metric::ControlPill))};
}

} // namespace

void TimelineView::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    const Geometry g = geometryNow();
    const TimeScale s = scale();
    const qreal nowX = std::clamp(s.x(m_workspace.now()), s.left, s.left + s.width);
    painter.fillRect(QRectF(nowX, 0, s.left + s.width - nowX, g.legendTop), ink(Ink::TimelinePlan));
    paintForecast(painter, g, s);
    paintAxis(painter, g, s);
    paintLanes(painter, g, s);
    if (g.density)
        paintDensity(painter, g, s);
    paintNow(painter, g, s);
    paintLegend(painter, g);
    drawHairline(painter, {s.left - 1, 0}, {s.left - 1, qreal(g.legendTop)}, ink(Ink::LineDivider));
    if (m_rangeFrom) {
        QColor veil = ink(Ink::SelectLine);
        veil.setAlphaF(0.15F);
        const QRectF range(std::min(*m_rangeFrom, m_rangeTo), 0, std::abs(m_rangeTo - *m_rangeFrom), g.legendTop);
        painter.fillRect(range, veil);
        drawBox(painter, range, 0, QColor(), ink(Ink::SelectLine));
    }
}

void TimelineView::paintForecast(QPainter &painter, const Geometry &g, const TimeScale &s)
{
    m_forecastBucket = niceStep(qint64(s.msPerPixel * 7));
    const qint64 from = s.from / m_forecastBucket * m_forecastBucket;
    const qint64 now = m_workspace.now();
    if (from != m_forecastFrom || now - m_forecastAt >= cacheMs || now < m_forecastAt || m_forecast.isEmpty()) {
        m_forecast = m_model.forecast(from, s.to() + m_forecastBucket, m_forecastBucket, now);
        m_forecastFrom = from;
        m_forecastAt = now;
    }
    const QRectF header(12, 0, g.header - 24.0, g.axisTop);
    drawText(painter, QRectF(header.left(), 8, header.width(), 16), Face::CaptionStrong, ink(Ink::TextPrimary),
             tr("Refreshes per second"));
    drawText(painter, QRectF(header.left(), 56, header.width(), 16), Face::Caption, ink(Ink::TextMuted),
             tr("all sessions, %1 a bar,")
                 .arg(m_forecastBucket < 60'000 ? tr("%1 s").arg(m_forecastBucket / 1000)
                                                : tr("%1 min").arg(m_forecastBucket / 60'000)));
    drawText(painter, QRectF(header.left(), 72, header.width(), 16), Face::Caption, ink(Ink::TextMuted),
             tr("filled is done, hollow is planned"));
    const QRectF area(s.left, 0, s.width, g.axisTop);
    painter.save();
    painter.setClipRect(area);
    paintForecastBars(painter, area, s, 34);
    painter.restore();
    drawHairline(painter, {0, g.axisTop - 1.0}, {s.left + s.width, g.axisTop - 1.0}, ink(Ink::LineDivider));
}

void TimelineView::paintForecastBars(QPainter &painter, const QRectF &area, const TimeScale &s, int top)
{
    int highest = 1;
    const TokenLanesModel::ForecastBucket *peak = nullptr;
    const TokenLanesModel::ForecastBucket *wave = nullptr;
    for (const auto &bucket : std::as_const(m_forecast)) {
        highest = std::max(highest, std::max(bucket.done + bucket.failed, bucket.planned));
        if (bucket.done + bucket.failed > (peak ? peak->done + peak->failed : 0))
            peak = &bucket;
        if (bucket.planned > (wave ? wave->planned : 0))
            wave = &bucket;
    }
    const qreal room = area.bottom() - top - 1;
    const qreal barWidth = std::max(1.0, std::floor(double(m_forecastBucket) / s.msPerPixel) - 1);
    for (const auto &bucket : std::as_const(m_forecast)) {
        const qreal x = std::floor(s.x(bucket.start));
        const qreal done = std::round(room * bucket.done / highest);
        const qreal failed = bucket.failed > 0 ? std::max(2.0, std::round(room * bucket.failed / highest)) : 0;
        painter.fillRect(QRectF(x, area.bottom() - 1 - done - failed, barWidth, done), ink(Ink::SeverityOk));
        painter.fillRect(QRectF(x, area.bottom() - 1 - failed, barWidth, failed), ink(Ink::SeverityError));
        if (bucket.planned > 0) {
            const qreal planned = std::max(2.0, std::round(room * bucket.planned / highest));
            painter.setPen(QPen(ink(Ink::SeverityOk), 1));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(QRectF(x + 0.5, area.bottom() - 1 - planned + 0.5 - done - failed, barWidth - 1, planned - 1));
        }
    }
    const double seconds = double(m_forecastBucket) / 1000;
    const auto label = [&](const TokenLanesModel::ForecastBucket &bucket, const QString &words, bool left) {
        const qreal x = s.x(bucket.start);
        const QRectF text = left ? QRectF(area.left() + 8, 6, std::max(0.0, x + barWidth - area.left() - 8), 16)
                                 : QRectF(x, 6, area.right() - x - 8, 16);
        drawText(painter, text, Face::CaptionMedium, ink(Ink::TextPrimary), words, left ? Qt::AlignRight : Qt::AlignLeft, true);
    };
    const qreal nowX = s.x(m_workspace.now());
    if (peak && s.x(peak->start) - area.left() > 130)
        label(*peak, tr("%1/s at %2").arg(Text::rate((peak->done + peak->failed) / seconds), Text::clockTime(peak->start)), true);
    if (wave && area.right() - s.x(wave->start) > 150 && s.x(wave->start) >= nowX)
        label(*wave, tr("next wave %1, %2/s").arg(Text::clockTime(wave->start), Text::rate(wave->planned / seconds)), false);
}

void TimelineView::paintAxis(QPainter &painter, const Geometry &g, const TimeScale &s)
{
    const QRectF strip(0, g.axisTop, s.left + s.width, px(Metric::TimelineAxis));
    drawText(painter, QRectF(12, strip.top(), g.header - 24.0, strip.height()), Face::Caption, ink(Ink::TextSecondary),
             m_following ? tr("%1, following now").arg(spanText()) : tr("%1, detached").arg(spanText()), Qt::AlignLeft, true);
    const qint64 step = niceStep(qint64(s.msPerPixel * 76));
    const QRectF pill = nowPill(s, m_workspace.now(), g.axisTop);
    for (qint64 time = (s.from / step + 1) * step; time < s.to(); time += step) {
        const qreal x = std::round(s.x(time));
        drawHairline(painter, {x, strip.top()}, {x, strip.top() + 4}, ink(Ink::LineControl));
        drawHairline(painter, {x, strip.bottom()}, {x, qreal(g.lanesBottom)}, ink(Ink::LineGrid));
        const QString text = axisText(time, step);
        const qreal half = std::ceil(numberWidth(Face::Caption, text) / 2) + 2;
        // Half a time says nothing: it gives way to the edges and to the pill of the now-line.
        const bool isWhole =
            x - half >= s.left && x + half <= s.left + s.width && (x + half < pill.left() || x - half > pill.right());
        if (isWhole)
            drawText(painter, QRectF(x - 40, strip.top(), 80, strip.height()), Face::Caption, ink(Ink::TextMuted), text,
                     Qt::AlignHCenter, true);
    }
    drawHairline(painter, {0, strip.bottom() - 1}, {strip.right(), strip.bottom() - 1}, ink(Ink::LineDivider));
}

void TimelineView::paintGroup(QPainter &painter, const QRectF &row, const TimelineRow &entry)
{
    painter.fillRect(row, ink(Ink::SurfaceSunk));
    drawIcon(painter, {row.left() + 8, row.center().y() - 6}, entry.collapsed ? u"chevron-right"_s : u"chevron-down"_s, 12,
             ink(Ink::TextSecondary));
    const QRectF area = row.adjusted(24, 0, -12, 0);
    const qreal width =
        drawText(painter, area, Face::TableStrong, ink(Ink::TextPrimary), entry.group.isEmpty() ? tr("unknown") : entry.group);
    drawText(painter, area.adjusted(width + 8, 0, 0, 0), Face::Caption, ink(Ink::TextMuted), entry.groupNote, Qt::AlignLeft,
             true);
    drawHairline(painter, {row.left(), row.bottom() - 1}, {row.right(), row.bottom() - 1}, ink(Ink::LineDivider));
}

void TimelineView::paintLaneHeader(QPainter &painter, const QRectF &header, const TimelineLane &lane)
{
    const bool selected = lane.sessionId == m_model.selectedSession() && !lane.sessionId.isEmpty();
    drawIcon(painter, {header.left() + 24, header.center().y() - 8}, lane.deviceGlyph, 16,
             ink(selected ? Ink::SelectText : Ink::TextSecondary));
    const bool failing = !lane.failuresText.isEmpty();
    const bool marked = failing || lane.severity == Severity::Critical;
    drawText(painter, QRectF(header.left() + 46, header.top(), marked ? 102 : 118, header.height()), Face::Table,
             ink(selected ? Ink::SelectText : Ink::TextPrimary), lane.user);
    if (marked) {
        const qreal x = header.left() + 152;
        drawIcon(painter, {x, header.center().y() - 6}, Text::severityGlyph(lane.severity), 12,
                 ink(Theme::named(Text::severityColour(lane.severity))));
        drawNumber(painter, QRectF(x + 16, header.top(), 24, header.height()), Face::Table,
                   ink(selected ? Ink::SelectText : Ink::TextPrimary), lane.failuresText, Qt::AlignLeft);
    }
    const bool time = !lane.leftText.isEmpty() && lane.leftText.front().isDigit();
    const Ink left = selected ? Ink::SelectText : time ? Ink::TextPrimary : Ink::TextMuted;
    drawText(painter, QRectF(header.left() + 128, header.top(), 100, header.height()), Face::Table, ink(left), lane.leftText,
             Qt::AlignRight, true);
}

void TimelineView::paintLane(QPainter &painter, const QRectF &row, int index, const TimeScale &s)
{
    const TimelineLane lane = m_model.lane(index, s.from, s.to(), s.msPerPixel, m_workspace.now());
    const bool selected = lane.sessionId == m_model.selectedSession() && !lane.sessionId.isEmpty();
    if (selected) {
        painter.fillRect(QRectF(row.left(), row.top(), s.left, row.height()), ink(Ink::SelectFill));
        painter.fillRect(QRectF(row.left(), row.top(), 2, row.height()), ink(Ink::SelectLine));
    } else if (m_hover.row == index) {
        painter.fillRect(QRectF(row.left(), row.top(), s.left, row.height()), ink(Ink::SelectHover));
    }
    paintLaneHeader(painter, QRectF(row.left(), row.top(), s.left, row.height()), lane);
    LanePainter(painter, s, m_workspace.now(), true).paint(row, lane);
    drawHairline(painter, {row.left(), row.bottom() - 1}, {row.right(), row.bottom() - 1}, ink(Ink::LineRow));
    if (m_focus.row == index || m_hover.row == index)
        paintFocus(painter, row, lane, s);
}

void TimelineView::paintFocus(QPainter &painter, const QRectF &row, const TimelineLane &lane, const TimeScale &s)
{
    const Hit &hit = m_hover.row >= 0 ? m_hover : m_focus;
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(QPen(ink(Ink::AccentFocus), 2));
    painter.setBrush(Qt::NoBrush);
    if (hit.mark >= 0 && hit.mark < lane.marks.size())
        painter.drawEllipse(LanePainter::markCentre(row, s, lane.marks.at(hit.mark)), 9, 9);
    painter.setRenderHint(QPainter::Antialiasing, false);
    if (hit.bar >= 0 && hit.bar < lane.bars.size() && hasFocus()) {
        const TimelineBar &bar = lane.bars.at(hit.bar);
        const bool refresh = bar.kind == TimelineBar::Kind::Refresh;
        const qreal left = std::max(s.left, s.x(bar.start));
        const qreal right = std::min(s.left + s.width, s.x(std::max(bar.end, bar.plannedEnd)));
        const qreal top = row.top() + px(refresh ? Metric::TimelineRefreshTop : Metric::TimelineAccessTop);
        painter.drawRect(QRectF(left - 1, top - 1, std::max(4.0, right - left + 2),
                                px(refresh ? Metric::TimelineRefreshHeight : Metric::TimelineAccessHeight) + 2));
    }
}

void TimelineView::paintLanes(QPainter &painter, const Geometry &g, const TimeScale &s)
{
    painter.save();
    painter.setClipRect(QRect(0, g.lanesTop, int(s.left + s.width), g.lanesBottom - g.lanesTop));
    int y = g.lanesTop;
    for (int row = m_firstRow; row < m_model.rowCount() && y < g.lanesBottom; ++row) {
        const TimelineRow entry = m_model.row(row);
        const int height = rowHeight(row);
        if (y + height > g.lanesBottom) // a lane is whole or not there
            break;
        const QRectF area(0, y, s.left + s.width, height);
        if (entry.isGroup)
            paintGroup(painter, area, entry);
        else
            paintLane(painter, area, row, s);
        y += height;
    }
    painter.restore();
}

void TimelineView::paintDensity(QPainter &painter, const Geometry &g, const TimeScale &s)
{
    const int cell = px(Metric::TimelineRasterCell);
    const QRectF head(0, g.densityTop, s.left + s.width, px(Metric::TimelineGroupHeader));
    const QRectF area(s.left, head.bottom(), s.width, g.legendTop - head.bottom());
    const qint64 now = m_workspace.now();
    const qint64 cellMs = std::max<qint64>(1, qint64(s.msPerPixel * cell));
    const qint64 from = s.from / cellMs * cellMs;
    const int columns = int(s.width) / cell + 2;
    if (from != m_densityFrom || now - m_densityAt >= cacheMs || now < m_densityAt || m_density.columns != columns) {
        m_density = m_model.density(from, from + cellMs * columns, columns, int(area.height()) / cell, now);
        m_densityFrom = from;
        m_densityAt = now;
    }
    painter.fillRect(head, ink(Ink::SurfaceSunk));
    drawHairline(painter, head.topLeft(), head.topRight(), ink(Ink::LineDivider));
    drawText(painter, head.adjusted(24, 0, 0, 0), Face::TableStrong, ink(Ink::TextPrimary), tr("All sessions"));
    drawNumber(painter, QRectF(0, head.top(), s.left - 12, head.height()), Face::Caption, ink(Ink::TextMuted),
               Text::count(m_model.queryState().matched));
    drawText(painter, head.adjusted(s.left + 8, 0, -8, 0), Face::Caption, ink(Ink::TextMuted),
             tr("%n session(s) a row; the most severe state of each cell wins", nullptr, std::max(1, m_density.lanesPerRow)),
             Qt::AlignLeft, true);
    drawText(painter, QRectF(24, area.top() + 8, s.left - 36, 16), Face::Caption, ink(Ink::TextMuted),
             tr("%1 retrying").arg(Text::count(m_density.retrying)), Qt::AlignLeft, true);
    drawText(painter, QRectF(24, area.top() + 26, s.left - 36, 16), Face::Caption, ink(Ink::TextMuted),
             tr("%1 refreshed").arg(Text::count(m_density.refreshed)), Qt::AlignLeft, true);
    painter.save();
    painter.setClipRect(area);
    const qreal left = std::round(s.x(m_densityFrom));
    for (int row = 0; row < m_density.rows; ++row) {
        // Equal neighbours are one rectangle; the grid is painted over them.
        for (int column = 0; column < m_density.columns;) {
            const auto value = m_density.cells.at(qsizetype(row) * m_density.columns + column);
            int end = column + 1;
            while (end < m_density.columns && m_density.cells.at(qsizetype(row) * m_density.columns + end) == value)
                ++end;
            if (value != TokenLanesModel::Density::Cell::Empty)
                painter.fillRect(QRectF(left + column * cell, area.top() + row * cell, (end - column) * cell, cell),
                                 ink(densityInk(value)));
            column = end;
        }
    }
    QColor grid = ink(Ink::SurfacePanel);
    grid.setAlphaF(0.55F);
    for (int column = 0; column <= m_density.columns; ++column)
        painter.fillRect(QRectF(left + column * cell - 0.5, area.top(), 1, m_density.rows * cell), grid);
    for (int row = 0; row <= m_density.rows; ++row)
        painter.fillRect(QRectF(area.left(), area.top() + row * cell - 0.5, area.width(), 1), grid);
    painter.restore();
}

void TimelineView::paintNow(QPainter &painter, const Geometry &g, const TimeScale &s)
{
    const qreal x = std::round(s.x(m_workspace.now()));
    if (x < s.left || x > s.left + s.width)
        return;
    painter.fillRect(QRectF(x, 0, 1, g.legendTop), ink(Ink::TextPrimary));
    const QString text = Text::clockTime(m_workspace.now());
    const QRectF pill = nowPill(s, m_workspace.now(), g.axisTop);
    drawBox(painter, pill, px(Metric::RadiusKey), ink(Ink::TextPrimary), QColor());
    drawNumber(painter, pill, Face::TableStrong, ink(Ink::SurfacePanel), text, Qt::AlignHCenter);
}

void TimelineView::paintLegend(QPainter &painter, const Geometry &g)
{
    using Kind = TimelineMark::Kind;
    const QRectF strip(0, g.legendTop, width(), px(Metric::TimelineLegend));
    painter.fillRect(strip, ink(Ink::SurfacePanel));
    drawHairline(painter, strip.topLeft(), strip.topRight(), ink(Ink::LineDivider));
    const qreal scale = devicePixelRatioF();
    struct Entry
    {
        QString words;
        QBrush swatch;
        int mark;
    };
    const QList<Entry> entries{
        {tr("access"), ink(Ink::SeverityInfo), -1},
        {tr("refresh margin"), hatchBrush(ink(Ink::SeverityInfo), ink(Ink::SoftInfo), scale), -1},
        {tr("spent"), ink(Ink::SoftInfo), -1},
        {tr("refresh token"), ink(Ink::TimelineRefreshToken), -1},
        {tr("refreshed"), {}, int(Kind::Refreshed)},
        {tr("planned"), {}, int(Kind::Planned)},
        {tr("failed"), {}, int(Kind::Failed)},
        {tr("no token"), {}, int(Kind::NoToken)},
        {tr("reuse"), {}, int(Kind::Reuse)},
        {tr("revoked"), {}, int(Kind::Revoked)},
        {tr("signed out"), {}, int(Kind::SignedOut)},
    };
    qreal x = 12;
    for (const Entry &entry : entries) {
        const qreal words = textWidth(Face::Caption, entry.words);
        const qreal swatch = entry.mark < 0 || entry.mark == int(Kind::NoToken) ? 18 : 12;
        if (x + swatch + 6 + words > width() - 8)
            break;
        if (entry.mark < 0) {
            const bool thin = entry.swatch.color() == ink(Ink::TimelineRefreshToken) && entry.swatch.style() == Qt::SolidPattern;
            painter.fillRect(QRectF(x, strip.center().y() - (thin ? 3 : 5), swatch, thin ? 6 : 10), entry.swatch);
        } else {
            LanePainter::paintLegendMark(painter, {x + swatch / 2, strip.center().y()}, Kind(entry.mark));
        }
        drawText(painter, QRectF(x + swatch + 6, strip.top(), words + 2, strip.height()), Face::Caption, ink(Ink::TextSecondary),
                 entry.words);
        x += swatch + 6 + words + 20;
    }
}

} // namespace Monitor
