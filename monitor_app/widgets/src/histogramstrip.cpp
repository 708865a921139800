// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/histogramstrip.h"

#include "monitor/models/text.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int bucketPixels = 4;
constexpr int side = 12;
constexpr int axisY = 60;
constexpr int top = 18;

qint64 roundBucket(qint64 least)
{
    constexpr std::array<qint64, 14> steps{1000,    2000,    5000,    10'000,    15'000,    30'000,     60'000,
                                           120'000, 300'000, 600'000, 1'800'000, 3'600'000, 14'400'000, 86'400'000};
    for (const qint64 step : steps) {
        if (step >= least)
            return step;
    }
    return least;
}

} // namespace

HistogramStrip::HistogramStrip(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setFixedHeight(px(Metric::LayoutHistogram));
    setMouseTracking(true);
    setAccessibleName(tr("Events over time"));
}

void HistogramStrip::refresh()
{
    const AuditTable &table = m_workspace.audit();
    const AuditTable::Located oldest = table.locate(table.firstRow());
    const int count = std::max(1, (width() - 2 * side) / bucketPixels);
    if (!oldest || table.firstTime() == 0) {
        m_buckets.clear();
        update();
        return;
    }
    const qint64 last =
        std::max(table.lastTime(), m_workspace.status().state() == LinkStatus::State::File ? 0 : m_workspace.now());
    const qint64 first = table.firstTime();
    m_bucketMs = roundBucket(std::max<qint64>(1, (last - first) / count));
    const qint64 end = (last / m_bucketMs + 1) * m_bucketMs;
    m_from = end - qint64(count) * m_bucketMs;
    m_buckets = m_workspace.auditModel().histogram(m_from, end, count);
    update();
}

qint64 HistogramStrip::timeAt(qreal x) const
{
    return m_from + qint64((x - side) / bucketPixels * double(m_bucketMs));
}

qreal HistogramStrip::xOf(qint64 time) const
{
    return side + double(time - m_from) / double(m_bucketMs) * bucketPixels;
}

void HistogramStrip::paintBuckets(QPainter &painter) const
{
    quint32 highest = 1;
    for (const AuditModel::Bucket &bucket : m_buckets)
        highest = std::max(highest, bucket.total);
    constexpr qreal room = axisY - top;
    const qreal scale = devicePixelRatioF();
    for (const AuditModel::Bucket &bucket : m_buckets) {
        const qreal x = std::round(xOf(bucket.start));
        if (bucket.gap)
            painter.fillRect(QRectF(x, top, std::max(3, bucketPixels), room),
                             hatchBrush(ink(Ink::TextMuted), ink(Ink::SurfacePanel), scale));
        qreal y = axisY;
        const auto stack = [&](quint32 value, Ink color) {
            if (value == 0)
                return;
            const qreal height = std::max(2.0, std::round(room * value / highest));
            painter.fillRect(QRectF(x, y - height, bucketPixels - 1, height), ink(color));
            y -= height;
        };
        stack(bucket.criticals, Ink::SeverityCritical);
        stack(bucket.errors, Ink::SeverityError);
        stack(bucket.warnings, Ink::SeverityWarning);
        const quint32 marked = bucket.criticals + bucket.errors + bucket.warnings;
        stack(bucket.total > marked ? bucket.total - marked : 0, Ink::ChartBar);
    }
}

void HistogramStrip::paintAxis(QPainter &painter) const
{
    drawHairline(painter, {side, axisY}, {width() - qreal(side), axisY}, ink(Ink::LineControl));
    const qint64 step = roundBucket(m_bucketMs * 120 / bucketPixels);
    const qint64 end = timeAt(width() - side);
    for (qint64 time = (m_from / step + 1) * step; time < end; time += step) {
        const qreal x = std::round(xOf(time));
        const QString whole = Text::clockTime(time);
        const QString text = step >= 60'000 ? whole.first(5) : whole;
        const qreal half = numberWidth(Face::Caption, text) / 2;
        if (x - half < 0 || x + half > width())
            continue; // half a time says nothing
        drawText(painter, QRectF(x - 40, axisY + 2, 80, 16), Face::Caption, ink(Ink::TextMuted), text, Qt::AlignHCenter, true);
    }
}

void HistogramStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::LineDivider));
    if (m_buckets.isEmpty()) {
        drawText(painter, rect(), Face::Caption, ink(Ink::TextMuted), tr("No event yet"), Qt::AlignHCenter);
        return;
    }
    paintBuckets(painter);
    paintAxis(painter);
    quint64 total = 0;
    for (const AuditModel::Bucket &bucket : m_buckets)
        total += bucket.total;
    const qint64 range = qint64(m_buckets.size()) * m_bucketMs;
    const QString words = tr("last %1, %2 events").arg(Text::duration(range), Text::count(qint64(total)));
    drawText(painter, QRectF(side, 1, width() - 2 * side, 16), Face::CaptionMedium, ink(Ink::TextPrimary), words, Qt::AlignRight,
             true);
    if (m_dragFrom >= 0) {
        const QRectF frame(std::min(m_dragFrom, m_dragTo), 2, std::abs(m_dragTo - m_dragFrom), axisY);
        drawBox(painter, frame, 0, QColor(), ink(Ink::SelectLine));
    }
}

void HistogramStrip::mousePressEvent(QMouseEvent *event)
{
    m_dragFrom = event->position().x();
    m_dragTo = m_dragFrom;
}

void HistogramStrip::mouseMoveEvent(QMouseEvent *event)
{
    if (m_dragFrom < 0)
        return;
    m_dragTo = event->position().x();
    update();
}

void HistogramStrip::mouseReleaseEvent(QMouseEvent *)
{
    if (m_dragFrom < 0 || m_buckets.isEmpty())
        return;
    const qreal left = std::min(m_dragFrom, m_dragTo);
    const qreal right = std::max({m_dragFrom, m_dragTo, left + bucketPixels});
    m_dragFrom = -1;
    update();
    const qint64 from = timeAt(left) / m_bucketMs * m_bucketMs;
    Q_EMIT rangeRequested(from, std::max(from + m_bucketMs, timeAt(right)));
}

bool HistogramStrip::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip && !m_buckets.isEmpty()) {
        const qreal x = static_cast<QHelpEvent *>(event)->pos().x();
        const qsizetype index = std::clamp<qsizetype>(qsizetype((x - side) / bucketPixels), 0, m_buckets.size() - 1);
        const AuditModel::Bucket &bucket = m_buckets.at(index);
        setToolTip(tr("%1: %2 events, %3 warnings, %4 errors, %5 critical")
                       .arg(Text::clockTime(bucket.start), Text::count(bucket.total), Text::count(bucket.warnings),
                            Text::count(bucket.errors), Text::count(bucket.criticals)));
    }
    return QWidget::event(event);
}

} // namespace Monitor
