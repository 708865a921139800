// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/overviewpage.h"

#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/overviewcards.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/workspace.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPaintEvent>
#include <QPainter>
#include <QScrollArea>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 countEveryMs = 1000;

/*! The ground on which the cards lie. */
class Board : public QWidget
{
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent *event) override
    {
        QPainter painter(this);
        painter.fillRect(event->rect(), ink(Ink::SurfaceWindow));
    }
};

} // namespace

OverviewPage::OverviewPage(Workspace &workspace, QWidget *parent)
    : Page(workspace, parent)
    , m_area(new QScrollArea)
{
    buildBoard();
    auto *words = new RunLabel(this);
    words->setRuns(
        {TextRun{tr("The last 20 minutes and the next 10. Every number opens its rows."), Face::Table, Ink::TextSecondary}});
    toolbar()->addWidget(words, 1);
    setContentWidget(m_area);
    refresh();
}

void OverviewPage::buildBoard()
{
    const FollowLink follow = [this](const Situation::Link &link) { Q_EMIT linkRequested(link); };
    auto *board = new Board;
    m_grid = new QGridLayout(board);
    m_grid->setContentsMargins(24, 20, 24, 24);
    m_grid->setSpacing(16);
    m_figures = new FigureStrip(follow);
    m_chart = new RefreshChart(follow);
    m_attention = new AttentionCard(follow);
    m_failures = new LineCard(tr("Warnings and failures"), follow);
    m_closes = new LineCard(tr("Closes by code"), follow);
    m_talkers = new LineCard(tr("Top talkers"), follow);
    m_nodes = new LineCard(tr("Nodes"), follow);
    m_talkers->setNote(tr("in /s, out /s"));
    m_nodes->setNote(tr("connections, new in 5 min"));
    m_area->setWidget(board);
    m_area->setWidgetResizable(true);
    m_area->setFrameShape(QFrame::NoFrame);
    m_area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_area->setAccessibleName(tr("Overview"));
    place(false);
}

void OverviewPage::place(bool narrow)
{
    while (QLayoutItem *item = m_grid->takeAt(0))
        delete item;
    m_grid->addWidget(m_figures, 0, 0, 1, 4);
    if (narrow) {
        m_grid->addWidget(m_chart, 1, 0, 1, 4);
        m_grid->addWidget(m_attention, 2, 0, 1, 4);
        m_grid->addWidget(m_failures, 3, 0, 1, 2);
        m_grid->addWidget(m_closes, 3, 2, 1, 2);
        m_grid->addWidget(m_talkers, 4, 0, 1, 2);
        m_grid->addWidget(m_nodes, 4, 2, 1, 2);
    } else {
        m_grid->addWidget(m_chart, 1, 0, 1, 3);
        m_grid->addWidget(m_attention, 1, 3);
        m_grid->addWidget(m_failures, 2, 0);
        m_grid->addWidget(m_closes, 2, 1);
        m_grid->addWidget(m_talkers, 2, 2);
        m_grid->addWidget(m_nodes, 2, 3);
    }
    for (int column = 0; column < 4; ++column)
        m_grid->setColumnStretch(column, 1);
    m_grid->setRowStretch(1, narrow ? 0 : 3);
    m_grid->setRowStretch(2, narrow ? 0 : 2);
}

QString OverviewPage::title() const
{
    return tr("Overview");
}

QWidget *OverviewPage::view() const
{
    return m_area;
}

bool OverviewPage::hasData() const
{
    return m_situation.live > 0 || workspace().audit().rows() > 0;
}

void OverviewPage::setNarrow(bool narrow)
{
    place(narrow);
    Page::setNarrow(narrow);
}

void OverviewPage::refresh()
{
    const qint64 now = workspace().now();
    if (m_countedAt != 0 && now >= m_countedAt && now - m_countedAt < countEveryMs)
        return;
    m_countedAt = now;
    m_situation = Situation::of(workspace().audit(), workspace().connections(), workspace().tokens(), now);
    showSituation();
    Q_EMIT statusRunsChanged();
}

void OverviewPage::showSituation()
{
    showFigures();
    m_chart->setSituation(m_situation);
    m_attention->setItems(m_situation.attention);
    showReasons();
    showPeers();
}

void OverviewPage::showFigures()
{
    const Situation &s = m_situation;
    using Where = Situation::Where;
    const qint64 tries = s.refreshed + s.refreshFailed;
    const bool failing = s.refreshFailed > 0;
    QList<FigureStrip::Figure> figures;
    figures
        << FigureStrip::Figure{tr("Live connections"),
                               Text::count(s.live),
                               tr("%1 closed in 5 min").arg(Text::count(s.closedShort)),
                               {},
                               Ink::TextMuted,
                               {Where::Connections, u"not (state:closed or state:revoked)"_s, 0}}
        << FigureStrip::Figure{tr("Signed-in users"), Text::count(s.users),  tr("%1 sessions").arg(Text::count(s.sessions)), {},
                               Ink::TextMuted,        {Where::Tokens, {}, 0}}
        << FigureStrip::Figure{tr("Refresh success, 5 min"),
                               tries == 0 ? u"–"_s : Text::percent(double(s.refreshed) / double(tries)),
                               tries == 0 ? tr("no refresh was due")
                                          : tr("%1 of %2 failed").arg(Text::count(s.refreshFailed), Text::count(tries)),
                               failing ? u"sev-error"_s : QString(),
                               Ink::SeverityError,
                               {Where::Audit, u"kind:token.refresh_failed and ts within last 5m"_s, 0}}
        << FigureStrip::Figure{tr("Tokens under 2 min"),
                               Text::count(s.ending),
                               tr("%1 of them failing").arg(Text::count(s.endingFailing)),
                               s.endingFailing > 0 ? u"sev-warning"_s : QString(),
                               Ink::SeverityWarning,
                               {Where::Connections, u"token.left < 2m"_s, 0}}
        << FigureStrip::Figure{tr("Errors, 5 min"),
                               Text::count(s.refusedShort),
                               tr("errors and worse in the audit"),
                               s.refusedShort > 0 ? u"sev-error"_s : QString(),
                               Ink::SeverityError,
                               {Where::Audit, u"sev >= error and ts within last 5m"_s, 0}};
    m_figures->setFigures(figures);
}

void OverviewPage::showReasons()
{
    const Situation &s = m_situation;
    const QString whole = s.isWhole ? tr("20 min") : tr("newest %1 events").arg(Text::count(qint64(Situation::AuditRows)));
    const auto lines = [](const QList<Situation::Line> &from, bool isSevere) {
        QList<LineCard::Row> rows;
        for (const Situation::Line &line : from) {
            LineCard::Row row;
            row.glyph = isSevere ? Text::severityGlyph(line.severity) : QString();
            row.glyphInk = Theme::named(Text::severityColour(line.severity));
            row.name = line.name;
            row.middle = line.words;
            row.numbers = {Text::count(line.count)};
            row.share = double(line.count) / double(std::max<qint64>(1, from.first().count));
            row.bar = isSevere ? row.glyphInk : Ink::ChartBar;
            row.link = line.link;
            rows.append(row);
        }
        return rows;
    };
    m_failures->setNote(u"%1, %2"_s.arg(whole, Text::count(s.failureCount)));
    m_failures->setRows(lines(s.failures, true), tr("Nothing failed."));
    m_closes->setNote(u"%1, %2"_s.arg(whole, Text::count(s.closeCount)));
    m_closes->setRows(lines(s.closes, false), tr("Nothing closed."));
}

void OverviewPage::showPeers()
{
    const Situation &s = m_situation;
    using Where = Situation::Where;
    QList<LineCard::Row> talkers;
    for (const Situation::Talker &talker : s.talkers) {
        talkers << LineCard::Row{{},
                                 Ink::TextMuted,
                                 talker.user,
                                 talker.node,
                                 {Text::rate(talker.in), Text::rate(talker.out)},
                                 -1,
                                 Ink::ChartBar,
                                 {Where::Connections, u"user:"_s + quoted(talker.user), 0}};
    }
    m_talkers->setRows(talkers, tr("Nobody sends anything."));
    QList<LineCard::Row> nodes;
    for (const Situation::Node &node : s.nodes) {
        const bool isBad = node.failing > 0;
        nodes << LineCard::Row{isBad ? u"sev-error"_s : u"sev-ok"_s,
                               isBad ? Ink::SeverityError : Ink::SeverityOkInk,
                               node.name.isEmpty() ? tr("unnamed") : node.name,
                               isBad ? tr("%1 failing").arg(Text::count(node.failing)) : QString(),
                               {Text::count(node.connections), Text::count(node.opened)},
                               -1,
                               Ink::ChartBar,
                               {Where::Connections, u"node:"_s + quoted(node.name), 0}};
    }
    m_nodes->setRows(nodes.first(std::min<qsizetype>(nodes.size(), 8)), tr("No node is known."));
}

QList<TextRun> OverviewPage::statusRuns() const
{
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    QList<TextRun> runs{plain(tr("All numbers open the filtered view"))};
    if (!m_situation.isWhole)
        runs << TextRun{} << plain(tr("counted over the newest %1 events").arg(Text::count(qint64(Situation::AuditRows))));
    return runs;
}

} // namespace Monitor
