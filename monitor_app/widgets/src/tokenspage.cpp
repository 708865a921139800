// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/detail.h"
#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/chipbar.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/filtertools.h"
#include "monitor/widgets/orderbutton.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/timelineview.h"
#include "monitor/widgets/workspace.h"

#include <QActionGroup>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QMetaEnum>
#include <QSettings>
#include <QStackedLayout>
#include <QTimer>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

QString groupWord(TokenLanesModel::Group group)
{
    switch (group) {
    case TokenLanesModel::Group::None:
        return TokensPage::tr("None");
    case TokenLanesModel::Group::Node:
        return TokensPage::tr("Node");
    case TokenLanesModel::Group::User:
        return TokensPage::tr("User");
    case TokenLanesModel::Group::Client:
        break;
    }
    return TokensPage::tr("Client");
}

QString sortWord(TokenLanesModel::Sort sort)
{
    switch (sort) {
    case TokenLanesModel::Sort::NextToExpire:
        return TokensPage::tr("Next to expire");
    case TokenLanesModel::Sort::MostFailures:
        return TokensPage::tr("Most failures");
    case TokenLanesModel::Sort::Newest:
        return TokensPage::tr("Newest");
    case TokenLanesModel::Sort::User:
        break;
    }
    return TokensPage::tr("User");
}

template <typename Value, typename Words, typename Current, typename Choose>
void showChoice(QWidget *under, std::initializer_list<Value> values, Words words, Current current, Choose choose)
{
    auto *menu = new QMenu(under);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const Value value : values) {
        QAction *action = menu->addAction(words(value));
        action->setCheckable(true);
        action->setChecked(value == current);
        QObject::connect(action, &QAction::triggered, under, [choose, value] { choose(value); });
    }
    menu->popup(under->mapToGlobal(QPoint(0, under->height() + 4)));
}

} // namespace

TokensPage::TokensPage(Workspace &workspace, QWidget *parent)
    : Page(workspace, parent)
    , m_timeline(new TimelineView(workspace))
    , m_empty(new EmptyState)
    , m_follow(new Button(Button::Kind::Outlined, tr("Following"), this))
    , m_group(new Button(Button::Kind::Outlined, QString(), this))
    , m_sort(new Button(Button::Kind::Outlined, QString(), this))
    , m_order(new OrderButton(this))
    , m_pulse(new QTimer(this))
{
    TokenLanesModel &model = workspace.lanesModel();
    model.setGroup(TokenLanesModel::Group::Node);
    buildToolbar();
    auto *content = new QWidget(this);
    auto *stack = new QStackedLayout(content);
    stack->addWidget(m_timeline);
    stack->addWidget(m_empty);
    setContentWidget(content);
    connect(m_timeline, &TimelineView::followingChanged, this, &TokensPage::refreshTexts);
    connect(m_timeline, &TimelineView::sentenceChanged, this, &Page::statusRunsChanged);
    connect(m_timeline, &TimelineView::keyRequested, this, &TokensPage::handleKey);
    const auto refreshOrder = [this, &model] {
        m_order->setOrder(model.holdReason(), model.changedRows());
        Q_EMIT statusRunsChanged();
    };
    connect(&model, &TokenLanesModel::orderHeldChanged, this, refreshOrder);
    connect(&model, &TokenLanesModel::changedRowsChanged, this, refreshOrder);
    connect(m_order, &QAbstractButton::clicked, this, [this, &model] {
        model.refreshOrder();
        this->workspace().tickNow();
    });
    connect(m_timeline, &TimelineView::detailRequested, this, [this] { setDetailShown(!isDetailShown()); });
    connect(&model, &TokenLanesModel::selectedSessionChanged, this, [this] {
        if (isDetailShown())
            refreshDetail();
        Q_EMIT statusRunsChanged();
    });
    connect(m_empty, &EmptyState::actionRequested, this, [this] { applyFilter(QString()); });
    connect(m_pulse, &QTimer::timeout, this, &TokensPage::moveNow);
    m_pulse->start(250);
    refreshTexts();
    refresh();
}

void TokensPage::buildToolbar()
{
    TokenLanesModel &model = workspace().lanesModel();
    auto *bar =
        new FilterBar({laneFields(), [&model](const QString &text, int cursor) { return model.completionAt(text, cursor); },
                       [&model](const QString &text) { return model.parse(text); }},
                      tr("Filter sessions"), this);
    setFilterBar(bar);
    m_tools = new FilterTools(workspace().filters(), u"tokens"_s, bar, FilterTools::Offer::Filter, this);
    bar->setRecall([this] { return m_tools->recall(); });
    strips()->addWidget(m_tools->chips());
    m_follow->setCheckable(true);
    m_group->setCaption(tr("Group"));
    m_group->setCaret(true);
    m_sort->setCaption(tr("Sort"));
    m_sort->setCaret(true);
    toolbar()->addWidget(m_follow);
    toolbar()->addWidget(m_group);
    toolbar()->addWidget(m_sort);
    toolbar()->addWidget(m_order);
    toolbar()->addWidget(bar, 1);
    toolbar()->addWidget(m_tools->button());
    connect(m_follow, &QAbstractButton::clicked, this, &TokensPage::togglePause);
    connect(m_group, &QAbstractButton::clicked, this, [this, &model] {
        using Group = TokenLanesModel::Group;
        showChoice(m_group, {Group::Node, Group::User, Group::Client, Group::None}, groupWord, model.group(),
                   [this, &model](Group group) {
                       model.setGroup(group);
                       refreshTexts();
                   });
    });
    connect(m_sort, &QAbstractButton::clicked, this, [this, &model] {
        using Sort = TokenLanesModel::Sort;
        showChoice(m_sort, {Sort::NextToExpire, Sort::MostFailures, Sort::Newest, Sort::User}, sortWord, model.sort(),
                   [this, &model](Sort sort) {
                       model.setSort(sort);
                       refreshTexts();
                   });
    });
    connect(bar, &FilterBar::applied, this, [this, &model](const QString &text) {
        model.setQuery(text);
        workspace().tickNow();
        refresh();
    });
}

void TokensPage::saveState(QSettings &settings) const
{
    const TokenLanesModel &model = workspace().lanesModel();
    m_tools->saveState(settings);
    settings.setValue(u"filter/tokens"_s, model.queryState().appliedText);
    settings.setValue(u"sort/tokens"_s, QVariant::fromValue(model.sort()).toString());
    settings.setValue(u"group/tokens"_s, QVariant::fromValue(model.group()).toString());
}

void TokensPage::restoreState(QSettings &settings)
{
    m_tools->restoreState(settings);
    TokenLanesModel &model = workspace().lanesModel();
    const auto read = [&settings](const QString &key, auto fallback) {
        bool ok = false;
        const QByteArray word = settings.value(key).toString().toLatin1();
        const int value = QMetaEnum::fromType<decltype(fallback)>().keyToValue(word.constData(), &ok);
        return ok ? decltype(fallback)(value) : fallback;
    };
    model.setSort(read(u"sort/tokens"_s, model.sort()));
    model.setGroup(read(u"group/tokens"_s, model.group()));
    if (const QString text = settings.value(u"filter/tokens"_s).toString(); !text.isEmpty())
        applyFilter(text);
    refreshTexts();
}

void TokensPage::handleKey(int key)
{
    if (key == Qt::Key_Delete) {
        detailDisconnect();
    } else if (key == Qt::Key_Copy && !m_timeline->sentence().isEmpty()) {
        QGuiApplication::clipboard()->setText(m_timeline->sentence());
        Q_EMIT noticed(tr("Copied the sentence of the lane."), true);
    }
}

void TokensPage::refreshTexts()
{
    const TokenLanesModel &model = workspace().lanesModel();
    const bool following = m_timeline->isFollowing();
    workspace().lanesModel().setPaused(!following);
    m_follow->setChecked(following);
    m_follow->setText(following ? tr("Following") : tr("Detached"));
    m_follow->setIconName(u"follow"_s);
    m_follow->setAccessibleName(following ? tr("Following now. Press to detach.") : tr("Detached. Press to jump to now."));
    m_follow->setToolTip(following ? QString() : tr("Jump to now (N)"));
    m_group->setText(groupWord(model.group()));
    m_group->setAccessibleName(tr("Group by: %1").arg(groupWord(model.group())));
    m_sort->setText(sortWord(model.sort()));
    m_sort->setAccessibleName(tr("Sort: %1").arg(sortWord(model.sort())));
    for (Button *button : {m_follow, m_group, m_sort})
        button->updateGeometry();
    m_pulse->setInterval(m_timeline->framePeriodMs());
    Q_EMIT statusRunsChanged();
}

void TokensPage::moveNow()
{
    if (isVisible() && m_timeline->isVisible())
        m_timeline->update();
}

QString TokensPage::title() const
{
    return tr("Tokens");
}

QWidget *TokensPage::view() const
{
    return m_timeline;
}

bool TokensPage::hasData() const
{
    return workspace().lanesModel().rowCount() > 0;
}

void TokensPage::follow()
{
    m_timeline->setFollowing(true);
}

void TokensPage::togglePause()
{
    m_timeline->setFollowing(!m_timeline->isFollowing());
    refreshTexts();
}

void TokensPage::setNarrow(bool narrow)
{
    m_follow->setTextShown(!narrow);
    m_group->setCaption(narrow ? QString() : tr("Group"));
    m_sort->setCaption(narrow ? QString() : tr("Sort"));
    Page::setNarrow(narrow);
}

void TokensPage::refresh()
{
    const TokenLanesModel &model = workspace().lanesModel();
    const QueryState state = model.queryState();
    filter()->setState(state);
    m_tools->refresh(state);
    auto *stack = static_cast<QStackedLayout *>(m_timeline->parentWidget()->layout());
    const bool filtered = !state.appliedText.isEmpty() && model.totalLanes() > 0;
    if (model.rowCount() == 0) {
        const LinkStatus::State link = workspace().status().state();
        const bool loading = link == LinkStatus::State::Connecting || link == LinkStatus::State::Loading;
        const bool file = link == LinkStatus::State::File;
        m_empty->setWords(filtered ? u"filter"_s : u"tokens"_s,
                          filtered      ? tr("The filter hides all %1 sessions").arg(Text::count(model.totalLanes()))
                              : loading ? workspace().status().text()
                              : file    ? tr("A file has no live tokens")
                                        : tr("No token yet"),
                          filtered   ? tr("Clear it to see every session.")
                              : file ? tr("An audit file is open. Its events are on the page Audit.")
                                     : tr("As soon as somebody signs in, the life of each token appears here."));
        m_empty->setAction(u"cross"_s, filtered ? tr("Clear filter") : QString());
        stack->setCurrentWidget(m_empty);
    } else {
        stack->setCurrentWidget(m_timeline);
    }
    m_pulse->setInterval(m_timeline->framePeriodMs());
    if (isDetailShown())
        refreshDetail();
}

QList<TextRun> TokensPage::statusRuns() const
{
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    QList<TextRun> runs;
    const TokenLanesModel &model = workspace().lanesModel();
    if (!m_timeline->sentence().isEmpty())
        runs << TextRun{m_timeline->sentence(), Face::Caption, Ink::TextPrimary};
    else
        runs << plain(tr("%1 of %2 sessions").arg(Text::count(model.queryState().matched), Text::count(model.totalLanes())));
    runs << TextRun{} << plain(m_timeline->rangeText());
    if (const QString held = OrderButton::heldText(model.holdReason()); !held.isEmpty())
        runs << TextRun{} << plain(held);
    if (const QString clock = workspace().status().clockText(); !clock.isEmpty())
        runs << TextRun{} << plain(tr("server time, %1").arg(clock));
    return runs;
}

void TokensPage::refreshDetail()
{
    const DetailContent content =
        describeSession(workspace().tokens(), workspace().lanesModel().selectedSession(), workspace().now());
    detail()->setContent(content, {});
    if (!content.valid)
        setDetailShown(false);
}

void TokensPage::detailDisconnect()
{
    const QString session = workspace().lanesModel().selectedSession();
    if (session.isEmpty())
        return;
    const QString connection = describeSession(workspace().tokens(), session, workspace().now()).connectionId;
    if (connection.isEmpty() && workspace().actionsBlocked().isEmpty())
        Q_EMIT noticed(tr("Nothing to disconnect: no connection of the selection is open."), false);
    else
        Q_EMIT disconnectRequested({connection});
}

} // namespace Monitor
