// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"
#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/orderbutton.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/workspace.h"

#include <QHBoxLayout>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMenu>
#include <QSettings>

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

ConnectionsPage::ConnectionsPage(Workspace &workspace, QWidget *parent)
    : TablePage(workspace, workspace.connectionsModel(),
                {.key = u"connections"_s,
                 .tableName = tr("Connections"),
                 .fields = connectionFields(),
                 .placeholder = tr("Filter connections, for example state:failing"),
                 .makeTwin =
                     [&workspace] {
                         return std::make_unique<ConnectionsModel>(workspace.connections(),
                                                                   [&workspace] { return workspace.now(); });
                     }},
                parent)
    , m_order(new OrderButton(this))
{
    ConnectionsModel &model = workspace.connectionsModel();
    toolbar()->insertWidget(1, m_order);
    setContentWidget(pane());
    table()->setColumns(connectionColumns(), {u"rate.in"_s, u"idle"_s, u"queue"_s, u"rate.out"_s, u"close.code"_s, u"age"_s});
    connect(followButton(), &QAbstractButton::clicked, this, &ConnectionsPage::togglePause);
    connect(m_order, &QAbstractButton::clicked, this, [this, &model] {
        model.refreshOrder();
        this->workspace().tickNow();
    });
    connect(table(), &RowTable::headerClicked, this, &ConnectionsPage::headerClicked);
    connect(table(), &RowTable::pointerMoved, &model, [&model] { model.setHovered(true); });
    connect(table(), &RowTable::pointerLeft, &model, [&model] { model.setHovered(false); });
    connect(&model, &ConnectionsModel::sortChanged, this, &ConnectionsPage::refresh);
    connect(&model, &ConnectionsModel::orderHeldChanged, this, &ConnectionsPage::refreshOrder);
    connect(&model, &ConnectionsModel::changedRowsChanged, this, &ConnectionsPage::refreshOrder);
    refresh();
}

QString ConnectionsPage::title() const
{
    return tr("Connections");
}

void ConnectionsPage::follow()
{
    workspace().setConnectionsPaused(false);
    table()->scrollToFirst(0);
    refresh();
}

void ConnectionsPage::togglePause()
{
    workspace().setConnectionsPaused(!workspace().connectionsPaused());
    refresh();
    Q_EMIT statusRunsChanged();
}

void ConnectionsPage::saveState(QSettings &settings) const
{
    TablePage::saveState(settings);
    QStringList keys;
    const ConnectionsModel &model = workspace().connectionsModel();
    for (const ConnectionsModel::SortKey &key : model.sortKeys())
        keys << (key.order == Qt::DescendingOrder ? u"-"_s : u"+"_s) + model.columns().at(key.column).key;
    settings.setValue(u"sort/connections"_s, keys);
}

void ConnectionsPage::restoreState(QSettings &settings)
{
    TablePage::restoreState(settings);
    QList<ConnectionsModel::SortKey> keys;
    ConnectionsModel &model = workspace().connectionsModel();
    for (const QString &word : settings.value(u"sort/connections"_s).toStringList()) {
        if (const int column = model.columnOf(QStringView(word).mid(1)); column >= 0)
            keys << ConnectionsModel::SortKey{column, word.startsWith(u'-') ? Qt::DescendingOrder : Qt::AscendingOrder};
    }
    if (!keys.isEmpty())
        model.setSortKeys(keys);
}

TablePage::Words ConnectionsPage::emptyWords() const
{
    const LinkStatus::State link = workspace().status().state();
    if (link == LinkStatus::State::File)
        return {u"connections"_s, tr("A file has no live connections"),
                tr("An audit file is open. Its events are on the page Audit.")};
    if (link == LinkStatus::State::Reconnecting || link == LinkStatus::State::Lost)
        return {u"connections"_s, tr("Nobody was connected"), tr("Who is now cannot be known without the gateway.")};
    return {u"connections"_s, tr("Nobody is connected"), tr("As soon as a client connects to the gateway it appears here.")};
}

TablePage::Words ConnectionsPage::filteredWords(const QList<EmptyState::Term> &terms) const
{
    const auto guilty = std::count_if(terms.begin(), terms.end(), [](const EmptyState::Term &term) { return term.count == 0; });
    const qint64 total = workspace().connectionsModel().queryState().total;
    return {u"filter"_s, tr("The filter hides all %1 connections").arg(Text::count(total)),
            guilty == 0 ? tr("Each term matches something, but no connection matches them all.")
                        : tr("%n term(s) alone match nothing.", nullptr, int(guilty))};
}

void ConnectionsPage::refreshFollow()
{
    const ConnectionsModel &model = workspace().connectionsModel();
    const bool paused = workspace().connectionsPaused();
    Button *button = followButton();
    button->setChecked(true);
    button->setEnabled(!model.isStale());
    const QString words = paused ? tr("Paused") : tr("Following");
    if (words == button->text() && !button->accessibleName().isEmpty())
        return;
    button->setText(words);
    button->setAccessibleName(paused ? tr("Paused. Press to follow.") : tr("Following. Press to pause."));
    button->setIconName(paused ? u"pause"_s : u"follow"_s);
    button->updateGeometry();
}

void ConnectionsPage::refreshOrder()
{
    const ConnectionsModel &model = workspace().connectionsModel();
    m_order->setOrder(model.holdReason(), model.changedRows());
    Q_EMIT statusRunsChanged();
}

void ConnectionsPage::refresh()
{
    const ConnectionsModel &model = workspace().connectionsModel();
    filter()->setStale(model.isStale());
    QList<TableHeader::Mark> marks;
    for (const ConnectionsModel::SortKey &key : model.sortKeys())
        marks.append({key.column, key.order});
    table()->setMarks(marks);
    table()->setStale(model.isStale());
    refreshTable();
    if (isDetailShown())
        refreshDetail();
}

QList<TextRun> ConnectionsPage::statusRuns() const
{
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    const ConnectionsModel &model = workspace().connectionsModel();
    QList<TextRun> runs = selectionRuns();
    if (runs.isEmpty()) {
        const QueryState state = model.queryState(); // a held order also shows rows that match no longer
        runs << plain(tr("%1 of %2 shown").arg(Text::count(state.matched), Text::count(state.total)));
    }
    if (workspace().connectionsPaused())
        runs << TextRun{} << plain(tr("paused, connections are still counted"));
    else if (const QString held = OrderButton::heldText(model.holdReason()); !held.isEmpty())
        runs << TextRun{} << plain(held);
    return runs;
}

void ConnectionsPage::refreshDetail()
{
    ConnectionsModel &model = workspace().connectionsModel();
    const DetailContent content =
        describeConnection(workspace().connections(), workspace().tokens(), model.currentId(), workspace().now());
    QString position;
    const qsizetype selected = model.selectedIds().size();
    if (model.isStale())
        position = tr("stale");
    else if (selected > 1)
        position = tr("1 of %1").arg(Text::count(selected));
    detail()->setContent(content, position);
    if (!content.valid)
        setDetailShown(false);
}

QString ConnectionsPage::rawOf(quint64 id) const
{
    const ConnectionsModel &model = workspace().connectionsModel();
    QJsonObject row{{u"id"_s, model.connectionIds({id}).value(0)}};
    for (int column = 0; column < model.columnCount(); ++column)
        row.insert(model.columns().at(column).key, model.fullText(id, column));
    return QString::fromUtf8(QJsonDocument(row).toJson(QJsonDocument::Compact));
}

QStringList ConnectionsPage::connectionsOf(const QSet<quint64> &ids) const
{
    return workspace().connectionsModel().connectionIds(ids);
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

void ConnectionsPage::addMenuActions(QMenu &menu)
{
    QAction *end = menu.addAction(tr("Disconnect…") + u"\t"_s + tr("Del"));
    end->setEnabled(workspace().actionsBlocked().isEmpty());
    connect(end, &QAction::triggered, this, &ConnectionsPage::detailDisconnect);
}

} // namespace Monitor
