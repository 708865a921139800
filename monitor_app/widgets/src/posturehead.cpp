// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/posturehead.h"

#include "monitor/models/text.h"
#include "monitor/widgets/painting.h"
#include "posturewords.h"

#include <QPainter>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;
using Watchword::Finding;

namespace {

constexpr int headBars = 30;
constexpr int headPitch = 6;
constexpr int headTile = 64;

int passedOf(const Watchword::Report &report)
{
    return report.count(Finding::Verdict::Pass);
}

int examinedOf(const Watchword::Report &report)
{
    return passedOf(report) + report.count(Finding::Verdict::Warn) + report.count(Finding::Verdict::Fail);
}

} // namespace

PostureHead::PostureHead(QWidget *parent)
    : QWidget(parent)
{
    setObjectName(u"postureHead"_s);
    setFixedHeight(112);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void PostureHead::setReports(const QList<Watchword::Report> &runs)
{
    m_runs = runs;
    describe();
}

void PostureHead::setProgress(const QString &words, int done, int total)
{
    m_progress = words;
    m_done = done;
    m_total = total;
    describe();
}

void PostureHead::describe()
{
    setAccessibleName(text());
    update();
}

QString PostureHead::text() const
{
    QStringList parts{headline(), sentence(), note()};
    parts.removeAll(QString());
    return parts.join(u' ');
}

QString PostureHead::headline() const
{
    if (!m_progress.isEmpty())
        return tr("Checking, %1 of %2").arg(Text::count(m_done), Text::count(m_total));
    if (m_runs.isEmpty())
        return {};
    const Watchword::Report &report = m_runs.last();
    return tr("%1 of %2 checks pass").arg(Text::count(passedOf(report)), Text::count(examinedOf(report)));
}

QString PostureHead::sentence() const
{
    if (!m_progress.isEmpty())
        return m_progress;
    if (m_runs.isEmpty())
        return {};
    const Watchword::Report &report = m_runs.last();
    const int failed = report.count(Finding::Verdict::Fail);
    const int warned = report.count(Finding::Verdict::Warn);
    QStringList parts;
    if (failed > 0)
        parts << tr("%n fail(s)", nullptr, failed);
    if (warned > 0)
        parts << tr("%n need(s) attention", nullptr, warned);
    QString text = parts.isEmpty() ? tr("Nothing that was examined needs attention.") : parts.join(u", "_s) + u'.';
    if (failed > 0 && !report.grade().isEmpty())
        text += u' ' + tr("No better than %1 while a check fails.").arg(report.grade());
    return text;
}

QString PostureHead::note() const
{
    if (!m_progress.isEmpty() || m_runs.isEmpty())
        return {};
    const Watchword::Report &report = m_runs.last();
    if (!report.isComplete)
        return tr("It was ended early; what was not looked at is skipped.");
    if (!report.note.isEmpty())
        return report.note.left(1).toUpper() + report.note.mid(1) + (report.note.endsWith(u'.') ? QString() : u"."_s);
    const int skipped = report.count(Finding::Verdict::Skipped);
    return skipped == 0 ? tr("Every check was made.") : tr("%n check(s) were skipped; each says why.", nullptr, skipped);
}

void PostureHead::paintTrend(QPainter &painter) const
{
    if (m_runs.size() < 2 || width() < 620)
        return;
    const qsizetype first = std::max<qsizetype>(0, m_runs.size() - headBars);
    int highest = 1;
    int lowest = examinedOf(m_runs.last());
    for (qsizetype run = first; run < m_runs.size(); ++run) {
        highest = std::max(highest, passedOf(m_runs.at(run)));
        lowest = std::min(lowest, passedOf(m_runs.at(run)));
    }
    const QRectF area(width() - 16 - headBars * headPitch, 48, headBars * headPitch, 36);
    drawText(painter, QRectF(area.left(), 20, area.width() - 2, 20), Face::Table, ink(Ink::TextSecondary),
             tr("Last %n run(s)", nullptr, int(m_runs.size() - first)), Qt::AlignRight);
    // The axis begins below the worst run, so that a change of one check can be seen; the labels say where.
    const int bottom = std::max(0, lowest - std::max(1, (highest - lowest) / 2));
    drawNumber(painter, QRectF(area.left() - 32, area.top() - 6, 26, 14), Face::Caption, ink(Ink::TextMuted),
               Text::count(highest));
    drawNumber(painter, QRectF(area.left() - 32, area.bottom() - 8, 26, 14), Face::Caption, ink(Ink::TextMuted),
               Text::count(bottom));
    for (qsizetype run = first; run < m_runs.size(); ++run) {
        const double share = double(passedOf(m_runs.at(run)) - bottom) / std::max(1, highest - bottom);
        const qreal height = std::max(2.0, std::round(area.height() * share));
        const qreal x = area.left() + qreal(headBars - (m_runs.size() - run)) * headPitch;
        const bool isLast = run + 1 == m_runs.size();
        const Ink color = isLast ? PostureWords::gradeLook(m_runs.at(run).grade()).line : Ink::ChartBar;
        painter.fillRect(QRectF(x, area.bottom() - height, headPitch - 1, height), ink(color));
    }
}

void PostureHead::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::LineDivider));
    const bool running = !m_progress.isEmpty();
    const QString grade = running || m_runs.isEmpty() ? QString() : m_runs.last().grade();
    const QRectF tile(16, 24, headTile, headTile);
    const PostureWords::Look look = PostureWords::gradeLook(grade);
    drawBox(painter, tile.adjusted(0.5, 0.5, -0.5, -0.5), px(Metric::RadiusCard), ink(look.fill), ink(look.line));
    drawText(painter, tile, Face::Figure, ink(Ink::TextPrimary), running ? u"…"_s : PostureWords::gradeShown(grade),
             Qt::AlignHCenter);
    const qreal right = width() < 620 || m_runs.size() < 2 || running ? width() - 16 : width() - 72 - headBars * headPitch;
    const QRectF words(tile.right() + 16, 24, right - tile.right() - 16, 24);
    drawText(painter, words, Face::Heading, ink(Ink::TextPrimary), headline(), Qt::AlignLeft, true);
    drawText(painter, QRectF(words.left(), 50, words.width(), 20), Face::Body, ink(Ink::TextSecondary), sentence(), Qt::AlignLeft,
             true);
    if (running) {
        const QRectF track(words.left(), 78, std::min<qreal>(360, words.width()), 4);
        painter.fillRect(track, ink(Ink::LineDivider));
        painter.fillRect(QRectF(track.topLeft(), QSizeF(std::round(track.width() * m_done / std::max(1, m_total)), 4)),
                         ink(Ink::AccentFill));
        return;
    }
    drawText(painter, QRectF(words.left(), 70, words.width(), 20), Face::Table, ink(Ink::TextMuted), note(), Qt::AlignLeft, true);
    paintTrend(painter);
}

} // namespace Monitor
