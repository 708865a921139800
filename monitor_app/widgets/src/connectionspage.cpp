// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"
#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/workspace.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMenu>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

QList<RowTable::ColumnSpec> connectionColumns()
{
    return {{u"state"_s, 104, true},    {u"user"_s, 104, true},  {u"client"_s, 140, true},      {u"ip"_s, 120, true},
            {u"node"_s, 56, true},      {u"age"_s, 60, false},   {u"idle"_s, 60, false},        {u"rate.in"_s, 56, false},
            {u"rate.out"_s, 60, false}, {u"queue"_s, 64, false}, {u"token.left"_s, 108, false}, {u"close.code"_s, 60, false}};
}

} // namespace

QString andTerm(const QString &query, const QString &term)
{
    return query.trimmed().isEmpty() ? term : u"(%1) and %2"_s.arg(query.trimmed(), term);
}

QList<TextRun> appliedStripRuns(const FilterBar &bar, const QueryState &state)
{
    const bool error = state.status == QueryState::Status::Error;
    if (!bar.hasUnappliedText() && !error)
        return {};
    const QString applied = state.appliedText.isEmpty() ? FilterBar::tr("no filter") : state.appliedText;
    QList<TextRun> runs{TextRun{FilterBar::tr("Still applied  "), Face::Table, Ink::TextMuted},
                        TextRun{applied, Face::MonoTable, Ink::TextPrimary, false},
                        TextRun{u"  "_s + FilterBar::tr("%1 of %2").arg(Text::count(state.matched), Text::count(state.total)),
                                Face::Table, Ink::TextMuted}};
    if (error && !bar.hasUnappliedText())
        runs << TextRun{} << TextRun{state.message, Face::Table, Ink::SeverityError};
    return runs;
}

ConnectionsPage::ConnectionsPage(Workspace &workspace, QWidget *parent)
    : Page(workspace, parent)
    , m_pane(new TablePane(workspace.connectionsModel(), u"connections"_s, this))
    , m_follow(new Button(Button::Kind::Outlined, tr("Following"), this))
    , m_columns(new Button(Button::Kind::Outlined, tr("Columns"), this))
    , m_strip(new RunLabel(this))
    , m_probe(connectionFields(), [&workspace] {
        return std::make_unique<ConnectionsModel>(workspace.connections(), [&workspace] { return workspace.now(); });
    })
{
    ConnectionsModel &model = workspace.connectionsModel();
    buildToolbar();
    setContentWidget(m_pane);
    RowTable *table = m_pane->table();
    table->setObjectName(u"connectionsTable"_s);
    table->setAccessibleName(tr("Connections"));
    table->setColumns(connectionColumns(), {u"rate.in"_s, u"idle"_s, u"queue"_s, u"rate.out"_s, u"close.code"_s, u"age"_s});
    connect(table, &RowTable::headerClicked, this, &ConnectionsPage::headerClicked);
    connect(table, &RowTable::columnsChanged, this, &ConnectionsPage::refreshColumnsText);
    connect(table, &RowTable::activatedRow, this, [this] { setDetailShown(true); });
    connect(table, &RowTable::keyRequested, this, &ConnectionsPage::handleKey);
    connect(table, &RowTable::cellMenuRequested, this, &ConnectionsPage::showCellMenu);
    connect(table, &RowTable::hoverChanged, this, [&model](bool inside) { model.setHovered(inside); });
    connect(&model, &RowWindowModel::selectionChanged, this, [this] {
        if (isDetailShown())
            refreshDetail();
        Q_EMIT statusRunsChanged();
    });
    connect(&model, &ConnectionsModel::sortChanged, this, &ConnectionsPage::refresh);
    connect(&model, &ConnectionsModel::orderHeldChanged, this, &Page::statusRunsChanged);
    connect(m_pane->empty(), &EmptyState::actionRequested, this, [this] { applyFilter(QString()); });
    connect(m_pane->empty(), &EmptyState::termRemoved, this, [this](int term) { applyFilter(m_probe.without(term)); });
    refreshColumnsText();
    refresh();
}

void ConnectionsPage::buildToolbar()
{
    ConnectionsModel &model = workspace().connectionsModel();
    auto *bar = new FilterBar(
        {connectionFields(), [&model](const QString &text, int cursor) { return model.completionAt(text, cursor); }},
        tr("Filter connections, for example state:failing"), this);
    setFilterBar(bar);
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    m_follow->setIconName(u"follow"_s);
    m_columns->setIconName(u"columns"_s);
    m_columns->setCaret(true);
    toolbar()->addWidget(m_follow);
    toolbar()->addWidget(bar, 1);
    toolbar()->addWidget(m_columns);
    m_strip->setFixedHeight(px(Metric::LayoutAppliedStrip));
    m_strip->setContentsMargins(12, 0, 12, 0);
    auto *stripRow = new QHBoxLayout;
    stripRow->setContentsMargins(12, 0, 12, 0);
    stripRow->addWidget(m_strip);
    strips()->addLayout(stripRow);
    m_strip->hide();
    connect(m_follow, &QAbstractButton::clicked, this, &ConnectionsPage::togglePause);
    connect(m_columns, &QAbstractButton::clicked, this, [this] { showColumnMenu(*m_pane->table(), m_columns); });
    connect(bar, &FilterBar::applied, this, [this, &model](const QString &text) {
        model.setQuery(text);
        workspace().noteChange();
        refresh();
    });
    connect(bar, &FilterBar::unappliedChanged, this, &ConnectionsPage::refresh);
}

QString ConnectionsPage::title() const
{
    return tr("Connections");
}

QWidget *ConnectionsPage::view() const
{
    return m_pane->table();
}

bool ConnectionsPage::hasData() const
{
    return workspace().connectionsModel().totalRows() > 0;
}

void ConnectionsPage::follow()
{
    workspace().setConnectionsPaused(false);
    m_pane->table()->scrollToFirst(0);
    refresh();
}

void ConnectionsPage::togglePause()
{
    workspace().setConnectionsPaused(!workspace().connectionsPaused());
    refresh();
    Q_EMIT statusRunsChanged();
}

void ConnectionsPage::setNarrow(bool narrow)
{
    m_narrow = narrow;
    m_follow->setTextShown(!narrow);
    Page::setNarrow(narrow);
    refreshColumnsText();
}

void ConnectionsPage::refreshColumnsText()
{
    const RowTable *table = m_pane->table();
    const int all = int(table->columnKeys().size());
    const int missing = int(table->droppedColumns().size() + table->hiddenColumns().size());
    m_columns->setText(missing > 0 ? tr("%1 of %2").arg(all - missing).arg(all) : tr("Columns"));
    m_columns->setAccessibleName(tr("Columns, %1 of %2 shown").arg(all - missing).arg(all));
    m_columns->updateGeometry();
}

void ConnectionsPage::refreshContent()
{
    const ConnectionsModel &model = workspace().connectionsModel();
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
        const QList<EmptyState::Term> terms = m_probe.terms();
        qsizetype guilty = 0;
        for (const EmptyState::Term &term : terms)
            guilty += term.count == 0 ? 1 : 0;
        empty->setWords(u"filter"_s, tr("The filter hides all %1 connections").arg(Text::count(state.total)),
                        guilty == 0 ? tr("Each term matches something, but no connection matches them all.")
                                    : tr("%n term(s) alone match nothing.", nullptr, int(guilty)));
        empty->setTerms(terms);
        empty->setAction(u"cross"_s, tr("Clear filter"));
        m_pane->setContent(TablePane::Content::Empty);
    } else if (loading) {
        m_pane->setContent(TablePane::Content::Skeleton, status.text());
    } else {
        empty->setTerms({});
        empty->setAction({}, {});
        const bool file = status.state() == LinkStatus::State::File;
        const bool stale = status.state() == LinkStatus::State::Reconnecting || status.state() == LinkStatus::State::Lost;
        empty->setWords(u"connections"_s,
                        file        ? tr("A file has no live connections")
                            : stale ? tr("Nobody was connected")
                                    : tr("Nobody is connected"),
                        file        ? tr("An audit file is open. Its events are on the page Audit.")
                            : stale ? tr("Who is now cannot be known without the gateway.")
                                    : tr("As soon as a client connects to the gateway it appears here."));
        m_pane->setContent(TablePane::Content::Empty);
    }
}

void ConnectionsPage::refresh()
{
    const ConnectionsModel &model = workspace().connectionsModel();
    const bool paused = workspace().connectionsPaused();
    m_follow->setChecked(true);
    if (const QString words = paused ? tr("Paused") : tr("Following");
        words != m_follow->text() || m_follow->accessibleName().isEmpty()) {
        m_follow->setText(words);
        m_follow->setAccessibleName(paused ? tr("Paused. Press to follow.") : tr("Following. Press to pause."));
        m_follow->setIconName(paused ? u"pause"_s : u"follow"_s);
        m_follow->updateGeometry();
    }
    filter()->setState(model.queryState());
    filter()->setStale(model.isStale());
    m_follow->setEnabled(!model.isStale());
    QList<TableHeader::Mark> marks;
    for (const ConnectionsModel::SortKey &key : model.sortKeys())
        marks.append({key.column, key.order});
    m_pane->table()->setMarks(marks);
    m_pane->table()->setStale(model.isStale());
    const QList<TextRun> strip = appliedStripRuns(*filter(), model.queryState());
    m_strip->setVisible(!strip.isEmpty());
    m_strip->setRuns(strip);
    m_pane->refresh();
    refreshContent();
    if (isDetailShown())
        refreshDetail();
}

QList<TextRun> ConnectionsPage::statusRuns() const
{
    const ConnectionsModel &model = workspace().connectionsModel();
    QList<TextRun> runs;
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    const int selected = int(model.selectedIds().size());
    const QueryState state = model.queryState();
    if (selected > 0) {
        runs << TextRun{tr("%n selected", nullptr, selected), Face::CaptionStrong, Ink::TextPrimary};
        const qint64 row = model.viewRowOf(model.currentId());
        runs << TextRun{}
             << plain(row >= 0 ? tr("row %1 of %2").arg(Text::count(row + 1), Text::count(model.totalRows()))
                               : tr("hidden by the filter"));
    } else {
        runs << plain(tr("%1 of %2 shown").arg(Text::count(model.totalRows()), Text::count(state.total)));
    }
    if (workspace().connectionsPaused())
        runs << TextRun{} << plain(tr("paused, connections are still counted"));
    else if (model.orderHeld() && selected > 0)
        runs << TextRun{} << plain(tr("order held while rows are selected"));
    return runs;
}

void ConnectionsPage::refreshDetail()
{
    ConnectionsModel &model = workspace().connectionsModel();
    const DetailContent content =
        describeConnection(workspace().connections(), workspace().tokens(), model.currentId(), workspace().now());
    QString position;
    const int selected = int(model.selectedIds().size());
    if (model.isStale())
        position = tr("stale");
    else if (selected > 1)
        position = tr("1 of %1").arg(selected);
    detail()->setContent(content, position);
    if (!content.valid)
        setDetailShown(false);
}

QStringList ConnectionsPage::selectedConnections() const
{
    const ConnectionsModel &model = workspace().connectionsModel();
    QSet<quint64> ids = model.selectedIds();
    if (ids.isEmpty() && model.currentId() != 0)
        ids.insert(model.currentId());
    return model.connectionIds(ids);
}

void ConnectionsPage::detailDisconnect()
{
    const QStringList connections = selectedConnections();
    if (!connections.isEmpty())
        Q_EMIT disconnectRequested(connections);
}

void ConnectionsPage::headerClicked(int column, bool second)
{
    ConnectionsModel &model = workspace().connectionsModel();
    QList<ConnectionsModel::SortKey> keys = model.sortKeys();
    const bool isFirst = !keys.isEmpty() && keys.first().column == column;
    const bool isSecond = keys.size() > 1 && keys.at(1).column == column;
    const auto flip = [](ConnectionsModel::SortKey &key) {
        key.order = key.order == Qt::AscendingOrder ? Qt::DescendingOrder : Qt::AscendingOrder;
    };
    if (isFirst) {
        flip(keys.first());
    } else if (second) {
        if (isSecond)
            flip(keys[1]);
        else
            keys = keys.isEmpty() ? QList<ConnectionsModel::SortKey>{{column, Qt::AscendingOrder}}
                                  : QList<ConnectionsModel::SortKey>{keys.first(), {column, Qt::AscendingOrder}};
    } else {
        // The key that was first breaks the ties of the new one.
        QList<ConnectionsModel::SortKey> fresh{{column, Qt::AscendingOrder}};
        if (!keys.isEmpty())
            fresh << keys.first();
        keys = fresh;
    }
    model.setSortKeys(keys);
    workspace().noteChange();
}

void ConnectionsPage::showCellMenu(const QModelIndex &index, const QPoint &position)
{
    ConnectionsModel &model = workspace().connectionsModel();
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const bool exclude : {false, true}) {
        const QString term = model.filterTermFor(index, exclude);
        if (term.isEmpty())
            continue;
        QAction *action = menu->addAction(exclude ? tr("Filter out: %1").arg(term) : tr("Filter by: %1").arg(term));
        connect(action, &QAction::triggered, this,
                [this, term] { applyFilter(andTerm(workspace().connectionsModel().queryState().appliedText, term)); });
    }
    const QString full = index.data(FullTextRole).toString();
    if (!full.isEmpty())
        connect(menu->addAction(tr("Copy value")), &QAction::triggered, this,
                [full] { QGuiApplication::clipboard()->setText(full); });
    menu->addSeparator();
    QAction *open = menu->addAction(tr("Open the detail") + u"\t"_s + tr("Space"));
    connect(open, &QAction::triggered, this, [this] { setDetailShown(true); });
    QAction *end = menu->addAction(tr("Disconnect…") + u"\t"_s + tr("Del"));
    end->setEnabled(workspace().actionsBlocked().isEmpty());
    connect(end, &QAction::triggered, this, &ConnectionsPage::detailDisconnect);
    menu->popup(position);
}

void ConnectionsPage::handleKey(int key)
{
    ConnectionsModel &model = workspace().connectionsModel();
    switch (key) {
    case Qt::Key_Space:
        setDetailShown(!isDetailShown());
        return;
    case Qt::Key_Delete:
        detailDisconnect();
        return;
    case Qt::Key_End:
        m_pane->table()->scrollToFirst(model.totalRows());
        return;
    case Qt::Key_Copy: {
        const qint64 row = model.viewRowOf(model.currentId()) - model.firstRow();
        QStringList cells;
        for (int column = 0; row >= 0 && row < model.rowCount() && column < model.columnCount(); ++column)
            cells << model.index(int(row), column).data(FullTextRole).toString();
        if (!cells.isEmpty())
            QGuiApplication::clipboard()->setText(cells.join(u'\t'));
        return;
    }
    default:
        return;
    }
}

} // namespace Monitor
