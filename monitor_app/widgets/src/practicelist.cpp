// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/practicelist.h"

#include "monitor/models/text.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "posturewords.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;
using Watchword::Finding;
using Watchword::Practice;

namespace {

constexpr int trendBars = 30;
constexpr int trendPitch = 5;
constexpr int nameAt = 88;
constexpr int wideEnough = 640; // below, the trend gives way

} // namespace

PracticeList::PracticeList(QWidget *parent)
    : QWidget(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setObjectName(u"practices"_s);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::MinimumExpanding);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    describe();
}

QSize PracticeList::sizeHint() const
{
    return {720, headerHeight + rowHeight * int(PostureWords::practices().size())};
}

void PracticeList::setReports(const QList<Watchword::Report> &runs, const std::optional<Watchword::Report> &baseline)
{
    m_runs = runs;
    m_baseline = baseline;
    describe();
    update();
}

void PracticeList::setCurrent(Practice practice)
{
    if (practice == m_current)
        return;
    m_current = practice;
    describe();
    update();
    Q_EMIT currentChanged(practice);
}

QRect PracticeList::rowRect(Practice practice) const
{
    return {0, headerHeight + (int(practice) - 1) * rowHeight, width(), rowHeight};
}

QString PracticeList::sentenceOf(Practice practice) const
{
    const QString name = tr("%1. %2").arg(Text::count(int(practice)), PostureWords::practiceName(practice));
    if (m_runs.isEmpty())
        return tr("%1: not examined").arg(name);
    const QList<Finding> findings = PostureWords::findingsOf(m_runs.last(), practice);
    const PostureWords::Counts counts = PostureWords::countsOf(findings);
    return tr("%1: grade %2, %3 of %4 checks pass. %5")
        .arg(name, PostureWords::gradeShown(m_runs.last().grade(practice)), Text::count(counts.passed),
             Text::count(counts.examined()), PostureWords::practiceLine(findings));
}

void PracticeList::describe()
{
    setAccessibleName(tr("The ten practices"));
    setAccessibleDescription(sentenceOf(m_current));
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

PracticeList::Columns PracticeList::columns() const
{
    const int change = width() - 112;
    const int trend = width() < wideEnough ? change : change - trendBars * trendPitch - 16;
    return {trend - 96, trend, change};
}

QString PracticeList::changeText(Practice practice) const
{
    if (m_runs.isEmpty() || !m_baseline)
        return {};
    const QString now = m_runs.last().grade(practice);
    const QString before = m_baseline->grade(practice);
    if (now == before || now.isEmpty() || before.isEmpty())
        return {};
    return now > before ? tr("down from %1").arg(before) : tr("up from %1").arg(before);
}

void PracticeList::paintHeader(QPainter &painter) const
{
    const QRectF row(0, 0, width(), headerHeight);
    painter.fillRect(row, ink(Ink::SurfaceSunk));
    drawHairline(painter, {0, row.bottom() - 1}, {row.right(), row.bottom() - 1}, ink(Ink::LineDivider));
    const Columns at = columns();
    const auto title = [&](qreal x, qreal right, const QString &words) {
        drawText(painter, QRectF(x, 0, right - x, headerHeight), Face::CaptionMedium, ink(Ink::TextSecondary), words);
    };
    title(16, 44, tr("No."));
    title(44, nameAt, tr("Grade"));
    title(nameAt, at.checks, tr("Practice"));
    title(at.checks, at.trend, tr("Checks"));
    if (width() >= wideEnough)
        title(at.trend, at.change,
              m_runs.size() > 1 ? tr("Last %n run(s)", nullptr, int(std::min<qsizetype>(m_runs.size(), trendBars)))
                                : tr("Trend"));
}

void PracticeList::paintTrend(QPainter &painter, Practice practice, const QRectF &area) const
{
    const qsizetype first = std::max<qsizetype>(0, m_runs.size() - trendBars);
    for (qsizetype run = first; run < m_runs.size(); ++run) {
        const auto findings = PostureWords::findingsOf(m_runs.at(run), practice);
        const PostureWords::Counts counts = PostureWords::countsOf(findings);
        if (counts.examined() == 0)
            continue;
        const double share = double(counts.passed) / counts.examined();
        const qreal height = std::max(2.0, std::round(area.height() * share));
        const qreal x = area.left() + qreal(trendBars - (m_runs.size() - run)) * trendPitch;
        const bool isLast = run + 1 == m_runs.size();
        const Ink color = isLast ? PostureWords::gradeLook(m_runs.at(run).grade(practice)).line : Ink::ChartBar;
        painter.fillRect(QRectF(x, area.bottom() - height, trendPitch - 1, height), ink(color));
    }
}

void PracticeList::paintRow(QPainter &painter, Practice practice) const
{
    const QRectF row = rowRect(practice);
    const bool selected = practice == m_current;
    painter.fillRect(row, ink(selected ? Ink::SelectFill : m_hovered == int(practice) ? Ink::SelectHover : Ink::SurfacePanel));
    if (selected)
        painter.fillRect(QRectF(row.left(), row.top(), 2, row.height()), ink(Ink::SelectLine));
    drawHairline(painter, {row.left(), row.bottom() - 1}, {row.right(), row.bottom() - 1}, ink(Ink::LineRow));
    const Ink strong = selected ? Ink::SelectText : Ink::TextPrimary;
    const Ink quiet = selected ? Ink::SelectText : Ink::TextSecondary;
    drawNumber(painter, QRectF(16, row.top(), 20, row.height()), Face::Body, ink(quiet), QString::number(int(practice)),
               Qt::AlignLeft);
    const QList<Finding> findings = m_runs.isEmpty() ? QList<Finding>() : PostureWords::findingsOf(m_runs.last(), practice);
    const QString grade = m_runs.isEmpty() ? QString() : m_runs.last().grade(practice);
    const QRectF tile(44, row.center().y() - 14, 28, 28);
    const PostureWords::Look look = PostureWords::gradeLook(grade);
    drawBox(painter, tile.adjusted(0.5, 0.5, -0.5, -0.5), px(Metric::RadiusControl), ink(look.fill), ink(look.line));
    drawText(painter, tile, Face::Title, ink(Ink::TextPrimary), PostureWords::gradeShown(grade), Qt::AlignHCenter);
    const Columns at = columns();
    const QRectF words(nameAt, row.top() + 10, at.checks - nameAt - 12, 18);
    drawText(painter, words, Face::BodyStrong, ink(strong), PostureWords::practiceName(practice));
    const QString line = m_runs.isEmpty() ? tr("Not examined yet") : PostureWords::practiceLine(findings);
    drawText(painter, words.translated(0, 18), Face::Table, ink(quiet), line);
    const PostureWords::Counts counts = PostureWords::countsOf(findings);
    if (counts.examined() > 0) {
        const auto worst = PostureWords::worstFirst(findings).first().verdict;
        drawIcon(painter, {qreal(at.checks), std::floor(row.center().y() - 6)}, PostureWords::verdictGlyph(worst), 12,
                 ink(PostureWords::verdictInk(worst)));
        drawText(painter, QRectF(at.checks + 18, row.top(), 74, row.height()), Face::Body, ink(strong),
                 tr("%1 of %2").arg(Text::count(counts.passed), Text::count(counts.examined())), Qt::AlignLeft, true);
    } else if (!findings.isEmpty()) {
        drawText(painter, QRectF(at.checks, row.top(), 92, row.height()), Face::Table, ink(quiet), tr("skipped"));
    }
    if (width() >= wideEnough)
        paintTrend(painter, practice, QRectF(at.trend, row.top() + 20, trendBars * trendPitch, 16));
    drawText(painter, QRectF(at.change, row.top(), 84, row.height()), Face::Table, ink(quiet), changeText(practice));
    drawIcon(painter, {row.right() - 26, row.center().y() - 6}, u"chevron-right"_s, 12, ink(Ink::TextMuted));
    if (selected && hasFocus()) {
        painter.setPen(QPen(ink(Ink::AccentFocus), 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(row.adjusted(1, 1, -1, -2));
    }
}

void PracticeList::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    paintHeader(painter);
    for (const Practice practice : PostureWords::practices())
        paintRow(painter, practice);
}

void PracticeList::mousePressEvent(QMouseEvent *event)
{
    const int row = int(event->position().y() - headerHeight) / rowHeight + 1;
    if (event->position().y() >= headerHeight && row <= int(Practice::Education))
        setCurrent(Practice(row));
}

void PracticeList::mouseMoveEvent(QMouseEvent *event)
{
    m_hovered = event->position().y() < headerHeight ? -1 : int(event->position().y() - headerHeight) / rowHeight + 1;
    update();
}

void PracticeList::leaveEvent(QEvent *event)
{
    QWidget::leaveEvent(event);
    m_hovered = -1;
    update();
}

void PracticeList::keyPressEvent(QKeyEvent *event)
{
    int target = int(m_current);
    switch (event->key()) {
    case Qt::Key_Up:
        --target;
        break;
    case Qt::Key_Down:
        ++target;
        break;
    case Qt::Key_Home:
    case Qt::Key_PageUp:
        target = int(Practice::Transport);
        break;
    case Qt::Key_End:
    case Qt::Key_PageDown:
        target = int(Practice::Education);
        break;
    default:
        return QWidget::keyPressEvent(event);
    }
    setCurrent(Practice(std::clamp(target, int(Practice::Transport), int(Practice::Education))));
}

void PracticeList::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void PracticeList::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace Monitor
