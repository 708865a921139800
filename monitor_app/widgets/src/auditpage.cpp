// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"
#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/frame.h"
#include "monitor/widgets/histogramstrip.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/workspace.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 histogramPeriodMs = 500;

QList<RowTable::ColumnSpec> auditColumns()
{
    return {{u"ts"_s, 104, false}, {u"seq"_s, 84, false},  {u"sev"_s, 92, false}, {u"kind"_s, 140, true},
            {u"user"_s, 96, true}, {u"node"_s, 56, false}, {u"ip"_s, 116, false}, {u"message"_s, 220, true}};
}

/*! The end of a tail that follows: icon and rate. Its absence shows that the view is detached. */
class LiveEdge : public QWidget
{
public:
    explicit LiveEdge(QWidget *parent)
        : QWidget(parent)
    {
        setFixedHeight(20);
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), ink(Ink::SelectFill));
        drawHairline(painter, {0, 0}, {qreal(width()), 0}, ink(Ink::SelectLine));
    }
};

} // namespace

AuditPage::AuditPage(Workspace &workspace, QWidget *parent)
    : Page(workspace, parent)
    , m_pane(new TablePane(workspace.auditModel(), u"audit"_s))
    , m_histogram(new HistogramStrip(workspace, this))
    , m_banner(new TailBanner(workspace, this))
    , m_edgeBar(new LiveEdge(this))
    , m_strip(new RunLabel(this))
    , m_follow(new Button(Button::Kind::Outlined, tr("Following"), this))
    , m_columns(new Button(Button::Kind::Outlined, tr("Columns"), this))
    , m_probe(auditFields(), [&workspace] { return std::make_unique<AuditModel>(workspace.audit()); })
{
    AuditModel &model = workspace.auditModel();
    buildToolbar();
    auto *content = new QWidget(this);
    auto *rows = new QVBoxLayout(content);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(m_pane, 1);
    rows->addWidget(m_edgeBar);
    auto *edgeRow = new QHBoxLayout(m_edgeBar);
    edgeRow->setContentsMargins(12, 1, 12, 0);
    m_edge = new RunLabel(m_edgeBar);
    m_edge->setGlyph(u"follow"_s, Ink::SelectAccent, 12);
    edgeRow->addWidget(m_edge);
    setContentWidget(content);
    RowTable *table = m_pane->table();
    table->setObjectName(u"auditTable"_s);
    table->setAccessibleName(tr("Audit events"));
    table->setRowPixels(px(Metric::RowCompact));
    table->setColumns(auditColumns(), {u"seq"_s, u"ip"_s, u"node"_s});
    table->setScroller([&model](qint64 first) { model.scrollTo(first); });
    table->setResizer([&model](int rows) {
        // A tail that follows goes on following when the window gets another height.
        const bool following = model.mode() == AuditModel::TailMode::Following;
        model.setWindow(following ? std::max<qint64>(0, model.totalRows() - rows) : model.firstRow(), rows);
        if (following && model.mode() != AuditModel::TailMode::Following)
            model.follow();
    });
    connect(table, &RowTable::activatedRow, this, [this] { setDetailShown(true); });
    connect(table, &RowTable::keyRequested, this, &AuditPage::handleKey);
    connect(table, &RowTable::cellMenuRequested, this, &AuditPage::showCellMenu);
    connect(&model, &RowWindowModel::selectionChanged, this, [this] {
        if (isDetailShown())
            refreshDetail();
        Q_EMIT statusRunsChanged();
    });
    connect(&model, &AuditModel::modeChanged, this, &AuditPage::refresh);
    connect(m_banner, &TailBanner::followRequested, this, &AuditPage::follow);
    connect(m_histogram, &HistogramStrip::rangeRequested, this, [this](qint64 from) { applyFilterAround(from); });
    connect(m_pane->empty(), &EmptyState::actionRequested, this, [this] { applyFilter(QString()); });
    connect(m_pane->empty(), &EmptyState::termRemoved, this, [this](int term) { applyFilter(m_probe.without(term)); });
    refresh();
}

void AuditPage::buildToolbar()
{
    AuditModel &model = workspace().auditModel();
    auto *bar =
        new FilterBar({auditFields(), [&model](const QString &text, int cursor) { return model.completionAt(text, cursor); }},
                      tr("Filter events, for example sev >= warning"), this);
    setFilterBar(bar);
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    m_columns->setIconName(u"columns"_s);
    m_columns->setCaret(true);
    toolbar()->addWidget(m_follow);
    toolbar()->addWidget(bar, 1);
    toolbar()->addWidget(m_columns);
    m_strip->setFixedHeight(px(Metric::LayoutAppliedStrip));
    auto *stripRow = new QHBoxLayout;
    stripRow->setContentsMargins(12, 0, 12, 0);
    stripRow->addWidget(m_strip);
    strips()->addLayout(stripRow);
    strips()->addWidget(m_histogram);
    strips()->addWidget(m_banner);
    m_strip->hide();
    connect(m_follow, &QAbstractButton::clicked, this, [this] {
        if (workspace().auditModel().mode() == AuditModel::TailMode::Following)
            togglePause();
        else
            follow();
    });
    connect(m_columns, &QAbstractButton::clicked, this, [this] { showColumnMenu(*m_pane->table(), m_columns); });
    connect(bar, &FilterBar::applied, this, [this, &model](const QString &text) {
        model.setQuery(text);
        workspace().noteChange();
        m_histogramAt = 0;
        refresh();
    });
    connect(bar, &FilterBar::unappliedChanged, this, &AuditPage::refresh);
}

QString AuditPage::title() const
{
    return tr("Audit");
}

QWidget *AuditPage::view() const
{
    return m_pane->table();
}

bool AuditPage::hasData() const
{
    return workspace().auditModel().totalRows() > 0;
}

void AuditPage::follow()
{
    workspace().auditModel().follow();
    workspace().tickNow();
    refresh();
}

void AuditPage::togglePause()
{
    AuditModel &model = workspace().auditModel();
    if (model.mode() == AuditModel::TailMode::Paused)
        model.follow();
    else
        model.pause();
    workspace().tickNow();
    refresh();
}

void AuditPage::setNarrow(bool narrow)
{
    m_follow->setTextShown(!narrow);
    m_columns->setTextShown(!narrow);
    Page::setNarrow(narrow);
}

void AuditPage::showRow(quint64 id)
{
    AuditModel &model = workspace().auditModel();
    if (model.viewRowOf(id) < 0)
        applyFilter(QString());
    model.select(id);
    model.scrollToRow(id);
    setDetailShown(true);
}

void AuditPage::applyFilterAround(qint64 from)
{
    AuditModel &model = workspace().auditModel();
    // The first event at or after the time: rows are in order of arrival, so a binary search by the rows' times would
    // miss late ones; the table's order is near enough for a jump.
    const AuditTable::Snapshot snapshot = workspace().audit().snapshot();
    for (const auto &segment : snapshot) {
        const qint64 *times = segment->times();
        const quint32 count = segment->count();
        if (count == 0 || times[count - 1] < from)
            continue;
        const qint64 *found = std::lower_bound(times, times + count, from);
        model.scrollToRow(segment->firstRow() + quint64(found - times) + 1);
        break;
    }
    workspace().tickNow();
    refresh();
}

void AuditPage::refreshFollow()
{
    const AuditModel &model = workspace().auditModel();
    const bool following = model.mode() == AuditModel::TailMode::Following;
    const bool paused = model.mode() == AuditModel::TailMode::Paused;
    m_follow->setText(model.modeText());
    m_follow->setIconName(paused ? u"pause"_s : u"follow"_s);
    m_follow->setChecked(following || paused);
    m_follow->setAccessibleName(following ? tr("Following. Press to pause.") : tr("%1. Press to follow.").arg(model.modeText()));
    m_follow->updateGeometry();
    const bool live = workspace().status().state() != LinkStatus::State::File;
    m_edgeBar->setVisible(following && live && m_pane->content() == TablePane::Content::Rows);
    m_edge->setRuns({TextRun{model.liveEdgeText(), Face::Caption, Ink::SelectText}});
    m_banner->refresh();
}

void AuditPage::refreshContent()
{
    const AuditModel &model = workspace().auditModel();
    const QueryState state = model.queryState();
    const LinkStatus &status = workspace().status();
    const bool loading = status.state() == LinkStatus::State::Connecting || status.state() == LinkStatus::State::Loading;
    EmptyState *empty = m_pane->empty();
    const bool filtered =
        !state.appliedText.isEmpty() && state.total > 0 && state.matched == 0 && state.status != QueryState::Status::Running;
    m_probe.setQuery(filtered ? state.appliedText : QString());
    if (model.totalRows() > 0) {
        m_pane->setContent(TablePane::Content::Rows);
    } else if (filtered) {
        m_probe.tick();
        empty->setWords(u"filter"_s, tr("The filter hides all %1 events").arg(Text::count(state.total)),
                        tr("Events are still stored; only the view is empty."));
        empty->setTerms(m_probe.terms());
        empty->setAction(u"cross"_s, tr("Clear filter"));
        m_pane->setContent(TablePane::Content::Empty);
    } else if (loading) {
        m_pane->setContent(TablePane::Content::Skeleton, status.text());
    } else {
        empty->setTerms({});
        empty->setAction({}, {});
        empty->setWords(u"audit"_s, tr("No event yet"),
                        tr("Every handshake, refresh, refusal and operator's action appears here as it happens."));
        m_pane->setContent(TablePane::Content::Empty);
    }
}

void AuditPage::refresh()
{
    AuditModel &model = workspace().auditModel();
    filter()->setState(model.queryState());
    const QList<TextRun> strip = appliedStripRuns(*filter(), model.queryState());
    m_strip->setVisible(!strip.isEmpty());
    m_strip->setRuns(strip);
    refreshContent();
    refreshFollow();
    m_pane->refresh();
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    if (isVisible() && (now - m_histogramAt >= histogramPeriodMs || now < m_histogramAt)) {
        m_histogramAt = now;
        m_histogram->refresh();
    }
}

QList<TextRun> AuditPage::statusRuns() const
{
    const AuditModel &model = workspace().auditModel();
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    QList<TextRun> runs;
    const int selected = int(model.selectedIds().size());
    if (selected > 0) {
        runs << TextRun{tr("%n selected", nullptr, selected), Face::CaptionStrong, Ink::TextPrimary};
        const qint64 row = model.viewRowOf(model.currentId());
        runs << TextRun{}
             << plain(row >= 0 ? tr("row %1 of %2").arg(Text::count(row + 1), Text::count(model.totalRows()))
                               : tr("hidden by the filter"));
    } else {
        const QueryState state = model.queryState(); // counts events; rows that state a gap are none
        runs << plain(tr("%1 of %2 shown").arg(Text::count(state.matched), Text::count(state.total)));
    }
    if (workspace().status().state() != LinkStatus::State::File)
        runs << TextRun{} << plain(tr("%1/s after filter").arg(Text::rate(model.rate())));
    if (const QString gaps = model.gapsText(); !gaps.isEmpty())
        runs << TextRun{} << plain(gaps);
    if (const quint64 bad = workspace().audit().badLineCount(); bad > 0)
        runs << TextRun{} << plain(tr("%n line(s) could not be read", nullptr, int(bad)));
    return runs;
}

void AuditPage::refreshDetail()
{
    AuditModel &model = workspace().auditModel();
    const DetailContent content = describeEvent(workspace().audit(), model.currentId());
    const int selected = int(model.selectedIds().size());
    detail()->setContent(content, selected > 1 ? tr("1 of %1").arg(selected) : QString());
    if (!content.valid)
        setDetailShown(false);
}

void AuditPage::detailDisconnect()
{
    const QString connection = detail()->content().connectionId;
    if (!connection.isEmpty())
        Q_EMIT disconnectRequested({connection});
}

void AuditPage::showCellMenu(const QModelIndex &index, const QPoint &position)
{
    AuditModel &model = workspace().auditModel();
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const bool exclude : {false, true}) {
        const QString term = model.filterTermFor(index, exclude);
        if (term.isEmpty())
            continue;
        QAction *action = menu->addAction(exclude ? tr("Filter out: %1").arg(term) : tr("Filter by: %1").arg(term));
        connect(action, &QAction::triggered, this,
                [this, term] { applyFilter(andTerm(workspace().auditModel().queryState().appliedText, term)); });
    }
    const QString full = index.data(FullTextRole).toString();
    if (!full.isEmpty())
        connect(menu->addAction(tr("Copy value")), &QAction::triggered, this,
                [full] { QGuiApplication::clipboard()->setText(full); });
    menu->addSeparator();
    connect(menu->addAction(tr("Open the detail") + u"\t"_s + tr("Space")), &QAction::triggered, this,
            [this] { setDetailShown(true); });
    menu->popup(position);
}

void AuditPage::handleKey(int key)
{
    AuditModel &model = workspace().auditModel();
    switch (key) {
    case Qt::Key_Space:
        setDetailShown(!isDetailShown());
        return;
    case Qt::Key_End:
        follow();
        return;
    case Qt::Key_BracketLeft:
    case Qt::Key_BracketRight: {
        const quint64 next = model.nextError(model.currentId(), key == Qt::Key_BracketLeft);
        if (next != 0) {
            model.select(next);
            model.scrollToRow(next);
        }
        return;
    }
    case Qt::Key_Delete:
        detailDisconnect();
        return;
    case Qt::Key_Copy: {
        const DetailContent content = describeEvent(workspace().audit(), model.currentId());
        if (content.valid)
            QGuiApplication::clipboard()->setText(content.raw);
        return;
    }
    default:
        return;
    }
}

} // namespace Monitor
