// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"
#include "monitor/models/incidentnote.h"
#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filestrip.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/frame.h"
#include "monitor/widgets/histogramstrip.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/workspace.h"

#include <QHBoxLayout>
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

} // namespace

AuditPage::AuditPage(Workspace &workspace, QWidget *parent)
    : TablePage(workspace, workspace.auditModel(),
                {.key = u"audit"_s,
                 .tableName = tr("Audit events"),
                 .fields = auditFields(),
                 .placeholder = tr("Filter events, for example sev >= warning"),
                 .makeTwin = [&workspace] { return std::make_unique<AuditModel>(workspace.audit()); }},
                parent)
    , m_file(new FileStrip(workspace, this))
    , m_histogram(new HistogramStrip(workspace, this))
    , m_banner(new TailBanner(workspace, this))
    , m_edge(new TailEdge(workspace, this))
{
    AuditModel &model = workspace.auditModel();
    buildContent();
    table()->setTail(true);
    table()->setRowPixels(px(Metric::RowCompact));
    table()->setColumns(auditColumns(), {u"seq"_s, u"ip"_s, u"node"_s});
    table()->setScroller([&model](qint64 first) { model.scrollTo(first); });
    table()->setResizer([&model](int rows) {
        // A tail grows and shrinks at its top: what is read at the bottom stays there, and what follows goes on following.
        const bool following = model.mode() == AuditModel::TailMode::Following;
        const qint64 bottom = model.firstRow() + model.windowRows();
        const bool isFull = model.totalRows() > rows && model.windowRows() > 0;
        model.setWindow(following    ? std::max<qint64>(0, model.totalRows() - rows)
                            : isFull ? std::max<qint64>(0, bottom - rows)
                                     : model.firstRow(),
                        rows);
        if (following && model.mode() != AuditModel::TailMode::Following)
            model.follow();
    });
    connect(followButton(), &QAbstractButton::clicked, this, [this] {
        if (this->workspace().auditModel().mode() == AuditModel::TailMode::Following)
            togglePause();
        else
            follow();
    });
    connect(&model, &AuditModel::modeChanged, this, &AuditPage::refresh);
    connect(m_banner, &TailBanner::followRequested, this, &AuditPage::follow);
    connect(m_edge, &TailEdge::followRequested, this, &AuditPage::follow);
    connect(m_file, &FileStrip::rowRequested, this, &AuditPage::showRow);
    connect(m_file, &FileStrip::noticed, this, &AuditPage::noticed);
    connect(m_histogram, &HistogramStrip::rangeRequested, this, [this](qint64 from) { applyFilterAround(from); });
    refresh();
}

void AuditPage::buildContent()
{
    auto *content = new QWidget(this);
    auto *rows = new QVBoxLayout(content);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(pane(), 1);
    rows->addWidget(m_edge);
    setContentWidget(content);
    strips()->addWidget(m_file);
    strips()->addWidget(m_histogram);
    strips()->addWidget(m_banner);
}

QString AuditPage::title() const
{
    return tr("Audit");
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
    Button *button = followButton();
    button->setText(model.modeText());
    button->setIconName(paused ? u"pause"_s : u"follow"_s);
    button->setChecked(following || paused);
    button->setAccessibleName(following ? tr("Following. Press to pause.") : tr("%1. Press to follow.").arg(model.modeText()));
    button->updateGeometry();
    m_edge->refresh();
    m_banner->refresh();
}

TablePage::Words AuditPage::emptyWords() const
{
    return {u"audit"_s, tr("No event yet"),
            tr("Every handshake, refresh, refusal and operator's action appears here as it happens.")};
}

TablePage::Words AuditPage::filteredWords(const QList<EmptyState::Term> &) const
{
    const qint64 total = workspace().auditModel().queryState().total;
    return {u"filter"_s, tr("The filter hides all %1 events").arg(Text::count(total)),
            tr("Events are still stored; only the view is empty.")};
}

void AuditPage::noteFilter()
{
    m_histogramAt = 0;
}

void AuditPage::refresh()
{
    refreshTable();
    m_file->refresh();
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
    QList<TextRun> runs = selectionRuns();
    if (runs.isEmpty()) {
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
    const qsizetype selected = model.selectedIds().size();
    detail()->setContent(content, selected > 1 ? tr("1 of %1").arg(Text::count(selected)) : QString());
    if (!content.valid)
        setDetailShown(false);
}

QString AuditPage::rawOf(quint64 id) const
{
    return describeEvent(workspace().audit(), id).raw;
}

QString AuditPage::proofOf(const QList<quint64> &ids) const
{
    QList<QByteArray> lines;
    for (const quint64 id : ids) {
        if (const AuditTable::Located at = workspace().audit().locate(id - 1); at)
            lines << at.segment->payload(at.row);
    }
    return proofOfEvents(lines);
}

QStringList AuditPage::connectionsOf(const QSet<quint64> &ids) const
{
    const ConnectionTable &table = workspace().connections();
    QSet<QString> open;
    for (const quint64 id : ids) {
        const QString connection = describeEvent(workspace().audit(), id).connectionId;
        const quint32 slot = connection.isEmpty() ? ConnectionTable::noSlot() : table.slotOf(connection);
        if (slot != ConnectionTable::noSlot() && !table.isOver(slot))
            open.insert(connection);
    }
    QStringList sorted(open.begin(), open.end());
    sorted.sort();
    return sorted;
}

bool AuditPage::handleKey(int key)
{
    AuditModel &model = workspace().auditModel();
    switch (key) {
    case Qt::Key_End:
        follow();
        return true;
    case Qt::Key_BracketLeft:
    case Qt::Key_BracketRight:
        if (const quint64 next = model.nextError(model.currentId(), key == Qt::Key_BracketLeft); next != 0) {
            model.select(next);
            model.scrollToRow(next);
        }
        return true;
    default:
        return TablePage::handleKey(key);
    }
}

} // namespace Monitor
