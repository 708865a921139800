// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/tablepage.h"

#include "monitor/models/incidentnote.h"
#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/chipbar.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/filtertools.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/workspace.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QSettings>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

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
    if (error && !bar.hasUnappliedText()) {
        runs << TextRun{} << TextRun{state.message, Face::Table, Ink::SeverityError};
        if (!state.repaired.isEmpty())
            runs << TextRun{} << TextRun{FilterBar::tr("Tab takes the fix"), Face::Table, Ink::TextMuted};
    }
    return runs;
}

TablePage::TablePage(Workspace &workspace, RowWindowModel &model, Setup setup, QWidget *parent)
    : Page(workspace, parent)
    , m_model(model)
    , m_key(setup.key)
    , m_pane(new TablePane(model, setup.key, this))
    , m_follow(new Button(Button::Kind::Outlined, tr("Following"), this))
    , m_columns(new Button(Button::Kind::Outlined, tr("Columns"), this))
    , m_strip(new RunLabel(this))
    , m_probe(setup.makeTwin)
    , m_marker(setup.makeTwin())
{
    buildToolbar(setup);
    RowTable *rows = m_pane->table();
    rows->setObjectName(setup.key + u"Table"_s);
    rows->setAccessibleName(setup.tableName);
    connect(rows, &RowTable::columnsChanged, this, &TablePage::refreshColumnsText);
    connect(rows, &RowTable::columnMenuRequested, this, &TablePage::showColumnMenu);
    connect(rows, &RowTable::activatedRow, this, [this] { setDetailShown(true); });
    connect(rows, &RowTable::keyRequested, this, [this](int key) { handleKey(key); });
    connect(rows, &RowTable::copyRequested, this, &TablePage::copyRows);
    connect(rows, &RowTable::cellMenuRequested, this, &TablePage::showCellMenu);
    connect(rows, &RowTable::filterRequested, this, &TablePage::filterByCell);
    connect(&model, &RowWindowModel::selectionChanged, this, [this] {
        if (isDetailShown())
            refreshDetail();
        Q_EMIT statusRunsChanged();
    });
    connect(m_pane->empty(), &EmptyState::actionRequested, this, [this] { applyFilter(QString()); });
    connect(m_pane->empty(), &EmptyState::termRemoved, this, [this](int term) { applyFilter(m_probe.without(term)); });
}

void TablePage::buildToolbar(const Setup &setup)
{
    auto *bar =
        new FilterBar({setup.fields, [this](const QString &text, int cursor) { return m_model.completionAt(text, cursor); },
                       [this](const QString &text) { return m_model.parse(text); }},
                      setup.placeholder, this);
    setFilterBar(bar);
    m_tools = new FilterTools(workspace().filters(), m_key, bar, FilterTools::Offer::FilterAndHighlight, this);
    bar->setRecall([this] { return m_tools->recall(); });
    connect(m_tools, &FilterTools::highlightingChanged, this, &TablePage::noteHighlighting);
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    m_follow->setIconName(u"follow"_s);
    m_columns->setIconName(u"columns"_s);
    m_columns->setCaret(true);
    toolbar()->addWidget(m_follow);
    toolbar()->addWidget(bar, 1);
    toolbar()->addWidget(m_tools->button());
    toolbar()->addWidget(m_columns);
    strips()->addWidget(m_tools->chips());
    m_strip->setFixedHeight(px(Metric::LayoutAppliedStrip));
    auto *stripRow = new QHBoxLayout;
    stripRow->setContentsMargins(12, 0, 12, 0);
    stripRow->addWidget(m_strip);
    strips()->addLayout(stripRow);
    m_strip->hide();
    connect(m_columns, &QAbstractButton::clicked, this,
            [this] { showColumnMenu(m_columns->mapToGlobal(QPoint(0, m_columns->height() + 4))); });
    connect(bar, &FilterBar::applied, this, [this](const QString &text) {
        applyText(text);
        workspace().noteChange();
        noteFilter();
        refresh();
    });
    connect(bar, &FilterBar::unappliedChanged, this, [this] { refresh(); });
}

RowTable *TablePage::table() const
{
    return m_pane->table();
}

QWidget *TablePage::view() const
{
    return m_pane->table();
}

bool TablePage::hasData() const
{
    return m_model.totalRows() > 0;
}

void TablePage::setNarrow(bool narrow)
{
    m_follow->setTextShown(!narrow);
    Page::setNarrow(narrow);
    refreshColumnsText();
}

void TablePage::saveState(QSettings &settings) const
{
    settings.setValue(u"filter/"_s + m_key, filterState().appliedText);
    m_tools->saveState(settings);
}

void TablePage::restoreState(QSettings &settings)
{
    m_tools->restoreState(settings);
    if (const QString text = settings.value(u"filter/"_s + m_key).toString(); !text.isEmpty())
        applyFilter(text);
}

void TablePage::refreshColumnsText()
{
    const RowTable *rows = table();
    const int all = int(rows->columnKeys().size());
    const int shown = int(rows->shownColumns().size());
    m_columns->setText(shown < all ? tr("%1 of %2").arg(Text::count(shown), Text::count(all)) : tr("Columns"));
    m_columns->setAccessibleName(tr("Columns, %1 of %2 shown").arg(Text::count(shown), Text::count(all)));
    m_columns->updateGeometry();
}

void TablePage::refreshContent()
{
    const QueryState state = m_model.queryState();
    const LinkStatus::State link = workspace().status().state();
    const bool loading = link == LinkStatus::State::Connecting || link == LinkStatus::State::Loading;
    EmptyState *empty = m_pane->empty();
    const bool filtered =
        !state.appliedText.isEmpty() && state.total > 0 && state.matched == 0 && state.status != QueryState::Status::Running;
    m_probe.setQuery(filtered && m_model.totalRows() == 0 ? state.appliedText : QString());
    if (m_model.totalRows() > 0)
        return m_pane->setContent(TablePane::Content::Rows);
    if (!filtered && loading)
        return m_pane->setContent(TablePane::Content::Skeleton, workspace().status().text());
    if (filtered)
        m_probe.tick();
    const QList<EmptyState::Term> terms = filtered ? m_probe.terms() : QList<EmptyState::Term>();
    const Words words = filtered ? filteredWords(terms) : emptyWords();
    empty->setTerms(terms);
    empty->setAction(filtered ? u"cross"_s : QString(), filtered ? tr("Clear filter") : QString());
    empty->setWords(words.icon, words.heading, words.sentence);
    m_pane->setContent(TablePane::Content::Empty);
}

QueryState TablePage::filterState() const
{
    return m_tools->isHighlighting() ? m_marker->queryState() : m_model.queryState();
}

void TablePage::applyText(const QString &text)
{
    const bool marks = m_tools->isHighlighting();
    m_marker->setSavedFilters(workspace().filters().saved(m_key));
    m_marker->setQuery(marks ? text : QString());
    m_model.setQuery(marks ? QString() : text);
    const bool hasMarks = marks && !m_marker->queryState().appliedText.isEmpty();
    table()->setMarked(hasMarks ? [this](quint64 id) { return m_marker->viewRowOf(id) >= 0; } : RowTable::MarkTest());
    filter()->setHighlighting(marks);
}

void TablePage::noteHighlighting()
{
    const bool marks = m_tools->isHighlighting();
    const QString text = (marks ? m_model : *m_marker).queryState().appliedText;
    applyText(text);
    workspace().noteChange();
    noteFilter();
    refresh();
    Q_EMIT noticed(marks ? tr("What matches the filter is highlighted, the rest stays. F3 goes to the next.")
                         : tr("What does not match the filter is hidden."),
                   true);
}

void TablePage::toggleHighlight()
{
    m_tools->setHighlighting(!m_tools->isHighlighting());
}

void TablePage::nextMatch(int step)
{
    const bool marks = m_tools->isHighlighting() && !m_marker->queryState().appliedText.isEmpty();
    const qint64 total = m_model.totalRows();
    const qint64 at = m_model.viewRowOf(m_model.currentId());
    for (qint64 row = at < 0 ? (step > 0 ? 0 : total - 1) : at + step; row >= 0 && row < total; row += step) {
        if (!marks || m_marker->viewRowOf(m_model.idAt(row)) >= 0)
            return m_model.moveCurrentTo(row);
    }
    Q_EMIT noticed(step > 0 ? tr("No match further down.") : tr("No match further up."), false);
}

void TablePage::filterByCell(const QModelIndex &index, bool exclude)
{
    if (const QString term = m_model.filterTermFor(index, exclude); !term.isEmpty())
        applyFilter(andTerm(filterState().appliedText, term));
}

void TablePage::refreshTable()
{
    m_marker->tick();
    const QueryState state = filterState();
    filter()->setState(state);
    m_tools->refresh(state);
    const QList<TextRun> strip = appliedStripRuns(*filter(), state);
    m_strip->setVisible(!strip.isEmpty());
    m_strip->setRuns(strip);
    refreshContent();
    refreshFollow();
    m_pane->refresh();
}

QList<TextRun> TablePage::selectionRuns() const
{
    const qsizetype selected = m_model.selectedIds().size();
    if (selected == 0)
        return {};
    const qint64 row = m_model.viewRowOf(m_model.currentId());
    QString words = tr("%1 selected").arg(Text::count(selected));
    if (selected >= RowWindowModel::SelectionLimit)
        words = tr("%1 selected, no more are possible").arg(Text::count(selected));
    return {TextRun{words, Face::CaptionStrong, Ink::TextPrimary}, TextRun{},
            TextRun{row >= 0 ? tr("row %1 of %2").arg(Text::count(row + 1), Text::count(m_model.totalRows()))
                             : tr("hidden by the filter"),
                    Face::Caption, Ink::TextSecondary}};
}

void TablePage::detailDisconnect()
{
    QSet<quint64> ids = m_model.selectedIds();
    if (ids.isEmpty() && m_model.currentId() != 0)
        ids.insert(m_model.currentId());
    if (ids.isEmpty())
        return;
    const QStringList connections = connectionsOf(ids);
    if (connections.isEmpty() && workspace().actionsBlocked().isEmpty())
        Q_EMIT noticed(tr("Nothing to disconnect: no connection of the selection is open."), false);
    else
        Q_EMIT disconnectRequested(connections);
}

void TablePage::showColumnMenu(const QPoint &position)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    RowTable *rows = table();
    const QStringList shown = rows->shownColumns();
    for (const QString &key : rows->columnKeys()) {
        const QString title = m_model.columns().at(m_model.columnOf(key)).title;
        QAction *action = menu->addAction(rows->droppedColumns().contains(key) ? tr("%1 (no room)").arg(title) : title);
        action->setCheckable(true);
        action->setChecked(shown.contains(key));
        action->setEnabled(shown.size() > 1 || !shown.contains(key)); // a table has at least one column
        connect(action, &QAction::toggled, rows, [rows, key](bool chosen) { rows->setColumnChosen(key, chosen); });
    }
    menu->addSeparator();
    connect(menu->addAction(tr("Reset columns")), &QAction::triggered, rows, &RowTable::resetColumns);
    menu->popup(position);
}

void TablePage::showCellMenu(const QModelIndex &index, const QPoint &position)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QString applied = filterState().appliedText;
    const auto offer = [this, menu](const QString &words, const QString &term, const QString &text) {
        QAction *action = menu->addAction(words.arg(QString(term).replace(u'&', u"&&"_s)));
        connect(action, &QAction::triggered, this, [this, text] { applyFilter(text); });
    };
    if (const QString term = m_model.filterTermFor(index, false); !term.isEmpty()) {
        offer(tr("Filter by: %1") + u"\t"_s + tr("Alt+Click"), term, andTerm(applied, term));
        const QString out = m_model.filterTermFor(index, true);
        offer(tr("Filter out: %1") + u"\t"_s + tr("Alt+Shift+Click"), out, andTerm(applied, out));
        if (!applied.isEmpty())
            offer(tr("Only: %1"), term, term);
    }
    if (const QString full = index.data(FullTextRole).toString(); !full.isEmpty())
        connect(menu->addAction(tr("Copy value")), &QAction::triggered, this,
                [full] { QGuiApplication::clipboard()->setText(full); });
    if (!m_model.selectedIds().isEmpty()) {
        connect(menu->addAction(tr("Copy rows") + u"\t"_s + tr("Ctrl+C")), &QAction::triggered, this,
                [this] { copyRows(false); });
        connect(menu->addAction(tr("Copy rows as JSON") + u"\t"_s + tr("Ctrl+Shift+C")), &QAction::triggered, this,
                [this] { copyRows(true); });
        connect(menu->addAction(tr("Copy as incident note")), &QAction::triggered, this, &TablePage::copyNote);
    }
    menu->addSeparator();
    QAction *open = menu->addAction(tr("Open the detail") + u"\t"_s + tr("Space"));
    connect(open, &QAction::triggered, this, [this] { setDetailShown(true); });
    addMenuActions(*menu);
    menu->popup(position);
}

QList<quint64> TablePage::wantedRows() const
{
    QList<quint64> ids = m_model.selectedInOrder();
    if (ids.isEmpty() && m_model.currentId() != 0)
        ids << m_model.currentId();
    return ids;
}

void TablePage::copyNote()
{
    QList<quint64> ids = wantedRows();
    IncidentNote note;
    note.leftOut = std::max<qsizetype>(0, ids.size() - NoteLimit);
    ids.resize(std::min(ids.size(), NoteLimit));
    const LinkStatus &status = workspace().status();
    note.title = title();
    note.source = status.serverName();
    note.isDemo = workspace().isDemo();
    note.filter = filterState().appliedText;
    note.takenBy = workspace().operatorName();
    note.takenAt = workspace().now();
    note.completeness = u"%1, %2"_s.arg(status.completenessText(), status.verificationText());
    note.proof = proofOf(ids);
    for (const QString &key : table()->shownColumns())
        note.columns << m_model.columns().at(m_model.columnOf(key)).title;
    for (const quint64 id : std::as_const(ids)) {
        QStringList cells;
        for (const QString &key : table()->shownColumns())
            cells << m_model.fullText(id, m_model.columnOf(key));
        note.rows << cells;
    }
    QGuiApplication::clipboard()->setText(note.toMarkdown());
    Q_EMIT noticed(tr("Copied a note with %n row(s).", nullptr, int(ids.size())), true);
}

void TablePage::copyRows(bool asJson)
{
    QList<quint64> ids = wantedRows();
    if (ids.isEmpty())
        return;
    const qsizetype wanted = ids.size();
    ids.resize(std::min(wanted, CopyLimit));
    QStringList lines;
    QList<int> columns;
    for (const QString &key : table()->shownColumns())
        columns << m_model.columnOf(key);
    for (const quint64 id : std::as_const(ids)) {
        if (asJson) {
            lines << rawOf(id);
            continue;
        }
        QStringList cells;
        for (const int column : std::as_const(columns)) // a cell must not look like two
            cells << m_model.fullText(id, column).replace(u'\t', u' ').replace(u'\n', u' ');
        lines << cells.join(u'\t');
    }
    QGuiApplication::clipboard()->setText(lines.join(u'\n'));
    if (ids.size() < wanted)
        Q_EMIT noticed(tr("Copied the first %1 of %2 rows.").arg(Text::count(ids.size()), Text::count(wanted)), false);
    else
        Q_EMIT noticed(tr("Copied %n row(s).", nullptr, int(ids.size())), true);
}

bool TablePage::handleKey(int key)
{
    switch (key) {
    case Qt::Key_Space:
        setDetailShown(!isDetailShown());
        return true;
    case Qt::Key_Delete:
        detailDisconnect();
        return true;
    case Qt::Key_End:
        table()->scrollToFirst(m_model.totalRows());
        return true;
    default:
        return false;
    }
}

} // namespace Monitor
