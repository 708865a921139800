// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/mainwindow.h"

#include "monitor/store/query.h"
#include "monitor/widgets/alertspage.h"
#include "monitor/widgets/commandpalette.h"
#include "monitor/widgets/connectpage.h"
#include "monitor/widgets/desktopnotifier.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/disconnectsheet.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/frame.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/keysheet.h"
#include "monitor/widgets/overviewpage.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/posturepage.h"
#include "monitor/widgets/signinsheet.h"
#include "monitor/widgets/timelineview.h"
#include "monitor/widgets/workspace.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QScreen>
#include <QSettings>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <utility>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int historyLimit = 50;
constexpr int saveAfterMs = 1000;

} // namespace

MainWindow::MainWindow(Workspace &workspace, QWidget *parent)
    : QMainWindow(parent)
    , m_workspace(workspace)
    , m_top(new TopBar(workspace, this))
    , m_navigation(new Navigation(workspace, this))
    , m_body(new QStackedWidget(this))
    , m_pages(new QStackedWidget(this))
    , m_banner(new LinkBanner(workspace, this))
    , m_status(new StatusBar(workspace, this))
    , m_connect(new ConnectPage(this))
    , m_overview(new OverviewPage(workspace, this))
    , m_connections(new ConnectionsPage(workspace, this))
    , m_tokens(new TokensPage(workspace, this))
    , m_audit(new AuditPage(workspace, this))
    , m_alerts(new AlertsPage(workspace, this))
    , m_posture(new PosturePage(workspace, this))
{
    setWindowIcon(applicationIcon());
    setMinimumSize(px(Metric::LayoutMinWidth), px(Metric::LayoutMinHeight));
    resize(1440, 900);
    buildLayout();
    connectPages();
    addKeys();
    connect(&workspace, &Workspace::ticked, this, &MainWindow::refresh);
    connect(&workspace, &Workspace::secondPassed, this, [this] { m_status->refresh(); });
    connect(&workspace, &Workspace::statusChanged, this, [this, before = LinkStatus::State::Idle]() mutable {
        const LinkStatus::State state = m_workspace.status().state();
        if (std::exchange(before, state) != state && state == LinkStatus::State::Reconnecting)
            m_notice.clear(); // what was said of the link before holds no more
        refresh();
    });
    connect(&workspace, &Workspace::identityChanged, this, &MainWindow::refresh);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        refresh();
        update();
    });
    showPage(PageId::Connections);
    setWatching(false);
    m_saveSoon.setSingleShot(true);
    m_saveSoon.setInterval(saveAfterMs);
    connect(&m_saveSoon, &QTimer::timeout, this, &MainWindow::saveState);
}

MainWindow::~MainWindow() = default;

void MainWindow::buildLayout()
{
    auto *central = new QWidget(this);
    auto *rows = new QVBoxLayout(central);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(m_top);
    auto *watching = new QWidget;
    auto *columns = new QHBoxLayout(watching);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    columns->addWidget(m_navigation);
    auto *right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(m_banner);
    right->addWidget(m_pages, 1);
    columns->addLayout(right, 1);
    m_body->addWidget(watching);
    m_body->addWidget(m_connect);
    rows->addWidget(m_body, 1);
    rows->addWidget(m_status);
    m_pages->addWidget(m_overview);
    m_pages->addWidget(m_connections);
    m_pages->addWidget(m_tokens);
    m_pages->addWidget(m_audit);
    m_pages->addWidget(m_alerts);
    m_pages->addWidget(m_posture);
    setCentralWidget(central);
}

void MainWindow::connectPages()
{
    connect(m_top, &TopBar::backRequested, this, [this] { go(-1); });
    connect(m_top, &TopBar::forwardRequested, this, [this] { go(1); });
    connect(m_top, &TopBar::keysRequested, this, &MainWindow::showKeys);
    connect(m_top, &TopBar::openFileRequested, this, &MainWindow::openFileRequested);
    connect(m_top, &TopBar::serverRequested, this, &MainWindow::serverRequested);
    connect(m_connect, &ConnectPage::chosen, this, &MainWindow::signInChosen);
    connect(m_connect, &ConnectPage::openFileRequested, this, &MainWindow::openFileRequested);
    connect(m_navigation, &Navigation::pageRequested, this, &MainWindow::showPage);
    connect(m_navigation, &Navigation::nodeRequested, this, [this](const QString &node) {
        showPage(PageId::Connections);
        m_connections->applyFilter(u"node:"_s + quoted(node));
    });
    connect(m_navigation, &Navigation::filterRequested, this, [this](const QString &where, const QString &text) {
        if (const auto id = pageNamed(where)) {
            showPage(*id);
            currentPage()->applyFilter(text);
        }
    });
    connect(&m_workspace.filters(), &FilterBook::changed, this, &MainWindow::noteState);
    connect(&m_workspace.alerts(), &AlertEngine::rulesChanged, this, &MainWindow::noteState);
    auto *notifier = new DesktopNotifier(this);
    connect(&m_workspace.alerts(), &AlertEngine::notificationDue, notifier, &DesktopNotifier::notify);
    connect(notifier, &DesktopNotifier::clicked, this, [this] {
        showPage(PageId::Alerts);
        raise();
        activateWindow();
    });
    connect(m_alerts, &AlertsPage::eventsRequested, this, [this](const QString &filter, quint64 row) {
        showPage(PageId::Audit);
        m_audit->applyFilter(filter);
        m_workspace.auditModel().select(row);
        m_workspace.auditModel().scrollToRow(row);
    });
    connect(m_overview, &OverviewPage::linkRequested, this, &MainWindow::followLink);
    connect(m_posture, &PosturePage::gradeChanged, this, [this] { m_navigation->setGrade(m_posture->grade()); });
    connect(m_posture, &PosturePage::connectionsRequested, this, [this](const QString &filter) {
        showPage(PageId::Connections);
        m_connections->applyFilter(filter);
    });
    connect(&m_workspace.connectionsModel(), &ConnectionsModel::sortChanged, this, &MainWindow::noteState);
    for (const PageId id : allPages) {
        Page *page = this->page(id);
        connect(page, &Page::noticed, this, &MainWindow::notify);
        if (page->filter())
            connect(page->filter(), &FilterBar::applied, this, &MainWindow::noteState);
        connect(page, &Page::statusRunsChanged, this, &MainWindow::refreshStatus);
        connect(page, &Page::disconnectRequested, this, &MainWindow::openDisconnect);
        connect(page, &Page::eventRequested, this, [this](quint64 row) {
            showPage(PageId::Audit);
            m_audit->showRow(row);
        });
        connect(page, &Page::sessionRequested, this,
                [this](const QString &session) { currentPage()->applyFilter(u"session:"_s + quoted(session)); });
    }
}

void MainWindow::followLink(const Situation::Link &link)
{
    const PageId target = link.where == Situation::Where::Connections ? PageId::Connections
        : link.where == Situation::Where::Tokens                      ? PageId::Tokens
                                                                      : PageId::Audit;
    showPage(target);
    if (link.auditRow != 0)
        m_audit->showRow(link.auditRow);
    else
        page(target)->applyFilter(link.filter);
}

void MainWindow::addKeys()
{
    const auto key = [this](const QKeySequence &sequence, auto action) {
        auto *shortcut = new QShortcut(sequence, this);
        connect(shortcut, &QShortcut::activated, this, action);
    };
    key(Qt::CTRL | Qt::Key_1, [this] { showPage(PageId::Overview); });
    key(Qt::CTRL | Qt::Key_2, [this] { showPage(PageId::Connections); });
    key(Qt::CTRL | Qt::Key_3, [this] { showPage(PageId::Tokens); });
    key(Qt::CTRL | Qt::Key_4, [this] { showPage(PageId::Audit); });
    key(Qt::CTRL | Qt::Key_5, [this] { showPage(PageId::Alerts); });
    key(Qt::CTRL | Qt::Key_6, [this] { showPage(PageId::Posture); });
    key(Qt::ALT | Qt::Key_Left, [this] { go(-1); });
    key(Qt::ALT | Qt::Key_Right, [this] { go(1); });
    key(QKeySequence::Find, [this] { currentPage()->focusFilter(); });
    key(Qt::CTRL | Qt::SHIFT | Qt::Key_F, [this] { currentPage()->toggleHighlight(); });
    key(Qt::Key_F3, [this] { currentPage()->nextMatch(1); });
    key(Qt::SHIFT | Qt::Key_F3, [this] { currentPage()->nextMatch(-1); });
    key(Qt::CTRL | Qt::Key_Space, [this] { currentPage()->togglePause(); });
    key(Qt::CTRL | Qt::Key_End, [this] { currentPage()->follow(); });
    key(Qt::Key_F6, [this] { currentPage()->cyclePane(1); });
    key(Qt::SHIFT | Qt::Key_F6, [this] { currentPage()->cyclePane(-1); });
    key(Qt::Key_F1, [this] { showKeys(); });
    key(Qt::CTRL | Qt::Key_K, [this] { showCommands(); });
}

void MainWindow::keyPressEvent(QKeyEvent *event)
{
    // Keys that are text come here only when no input took them.
    if (m_watching && event->key() == Qt::Key_Slash)
        currentPage()->focusFilter();
    else if (event->key() == Qt::Key_Question)
        showKeys();
    else if (m_watching && event->key() == Qt::Key_End)
        currentPage()->follow();
    else
        QMainWindow::keyPressEvent(event);
}

Page *MainWindow::page(PageId id) const
{
    switch (id) {
    case PageId::Overview:
        return m_overview;
    case PageId::Connections:
        return m_connections;
    case PageId::Tokens:
        return m_tokens;
    case PageId::Audit:
        return m_audit;
    case PageId::Alerts:
        return m_alerts;
    case PageId::Posture:
        break;
    }
    return m_posture;
}

Page *MainWindow::currentPage() const
{
    return page(m_current);
}

void MainWindow::showPage(PageId id)
{
    m_notice.clear();
    if (m_historyAt < 0 || m_history.at(m_historyAt) != id) {
        m_history.resize(m_historyAt + 1);
        m_history.append(id);
        if (m_history.size() > historyLimit)
            m_history.removeFirst();
        m_historyAt = int(m_history.size()) - 1;
    }
    m_current = id;
    m_pages->setCurrentWidget(page(id));
    m_navigation->setCurrent(id);
    m_top->setHistory(m_historyAt > 0, m_historyAt + 1 < m_history.size());
    currentPage()->view()->setFocus(Qt::OtherFocusReason);
    refreshTitle();
    refresh();
    noteState();
}

void MainWindow::go(int step)
{
    const int target = m_historyAt + step;
    if (target < 0 || target >= m_history.size())
        return;
    m_historyAt = target;
    showPage(m_history.at(target));
}

void MainWindow::setWatching(bool watching)
{
    m_watching = watching;
    endSignIn();
    m_body->setCurrentIndex(watching ? 0 : 1);
    refreshTitle();
    refresh();
}

void MainWindow::refreshTitle()
{
    const QString server = m_workspace.status().serverName();
    QString title = m_watching ? tr("%1 · %2").arg(server, currentPage()->title()) : tr("New server");
    if (m_workspace.isDemo())
        title = tr("DEMO · %1").arg(title);
    setWindowTitle(tr("%1 — Watchword Monitor").arg(title));
}

void MainWindow::refresh()
{
    m_top->refresh();
    refreshTitle();
    if (m_watching) {
        m_navigation->refresh();
        m_banner->refresh();
        currentPage()->refresh();
        currentPage()->detail()->refreshActions();
    }
    refreshStatus();
}

void MainWindow::refreshStatus()
{
    if (!m_watching) {
        m_status->setLeft({TextRun{tr("Not connected"), Face::Caption, Ink::TextSecondary}});
        return;
    }
    QList<TextRun> runs = currentPage()->statusRuns();
    QString glyph;
    if (!m_notice.isEmpty()) {
        glyph = m_noticeOk ? u"sev-ok"_s : u"sev-error"_s;
        runs = QList<TextRun>{TextRun{m_notice, Face::CaptionStrong, Ink::TextPrimary}, TextRun{}} + runs;
    }
    m_status->setLeft(runs, glyph, m_noticeOk ? Ink::SeverityOkInk : Ink::SeverityError);
}

void MainWindow::notify(const QString &sentence, bool ok)
{
    m_notice = sentence;
    m_noticeOk = ok;
    refreshStatus();
}

void MainWindow::showSignIn(const SignInStep &step)
{
    if (!m_watching)
        return m_connect->showStep(step);
    if (!m_signIn) {
        m_signIn = new SignInSheet(this);
        connect(m_signIn, &SignInSheet::chosen, this, &MainWindow::signInChosen);
        m_signIn->setStep(step);
        m_signIn->open();
    }
    m_signIn->setStep(step);
}

void MainWindow::endSignIn()
{
    if (m_signIn)
        m_signIn->accept();
    m_signIn = nullptr;
}

void MainWindow::openDisconnect(const QStringList &connections)
{
    if (const QString blocked = m_workspace.actionsBlocked(); !blocked.isEmpty()) {
        notify(tr("Disconnect is not possible: %1").arg(blocked), false);
        return;
    }
    auto *sheet = new DisconnectSheet(m_workspace, connections, this);
    connect(sheet, &DisconnectSheet::finishedWith, this, &MainWindow::notify);
    sheet->open();
}

void MainWindow::showKeys()
{
    if (findChild<KeySheet *>())
        return;
    (new KeySheet(this))->open();
}

QList<Command> MainWindow::commands()
{
    QList<Command> all;
    if (m_watching) {
        int number = 0;
        for (const PageId id : allPages)
            all.append({tr("Go to %1").arg(page(id)->title()), u"Ctrl+%1"_s.arg(++number), [this, id] { showPage(id); }});
        all.append({tr("Back"), u"Alt+←"_s, [this] { go(-1); }});
        all.append({tr("Forward"), u"Alt+→"_s, [this] { go(1); }});
        all.append({tr("Filter this page"), u"Ctrl+F"_s, [this] { currentPage()->focusFilter(); }});
        all.append({tr("Clear the filter"), {}, [this] { currentPage()->applyFilter({}); }});
        all.append({tr("Highlight instead of hide"), u"Ctrl+Shift+F"_s, [this] { currentPage()->toggleHighlight(); }});
        all.append({tr("Pause or follow"), u"Ctrl+Space"_s, [this] { currentPage()->togglePause(); }});
        all.append({tr("Follow the newest"), u"Ctrl+End"_s, [this] { currentPage()->follow(); }});
        all.append({tr("Show or hide the detail"), tr("Space"),
                    [this] { currentPage()->setDetailShown(!currentPage()->isDetailShown()); }});
        if (m_workspace.actions().retryNow)
            all.append({tr("Try to connect now"), {}, m_workspace.actions().retryNow});
    }
    all.append({tr("Open an audit file…"), {}, [this] { Q_EMIT openFileRequested(); }});
    all.append({tr("Connect to a server…"), {}, [this] { Q_EMIT serverRequested(); }});
    if (m_workspace.actions().signOut)
        all.append({tr("Sign out"), {}, m_workspace.actions().signOut});
    using Choice = Theme::Choice;
    for (const auto &[choice, words] : {std::pair(Choice::System, tr("Colours: as the system")),
                                        {Choice::Light, tr("Colours: light")},
                                        {Choice::Dark, tr("Colours: dark")},
                                        {Choice::HighContrast, tr("Colours: high contrast")}}) {
        all.append({words, {}, [choice = choice] {
                        Theme::instance().setChoice(choice);
                        QSettings().setValue(u"appearance/theme"_s, QVariant::fromValue(choice).toString());
                    }});
    }
    all.append({tr("Show all keys"), u"F1"_s, [this] { showKeys(); }});
    return all;
}

void MainWindow::showCommands()
{
    if (findChild<Sheet *>())
        return;
    (new CommandPalette(commands(), this))->open();
}

void MainWindow::resizeEvent(QResizeEvent *event)
{
    QMainWindow::resizeEvent(event);
    const bool narrow = width() < px(Metric::LayoutRailBelowWidth);
    m_navigation->setRail(narrow);
    m_top->setNarrow(narrow);
    for (const PageId id : allPages)
        page(id)->setNarrow(narrow);
    noteState();
}

void MainWindow::keepState()
{
    QSettings settings;
    // The first time the window fits onto the screen with its frame, so that the status bar can be seen.
    constexpr int frameHeight = 40;
    if (const QScreen *screen = this->screen())
        resize(size().boundedTo(screen->availableSize() - QSize(0, frameHeight)));
    restoreGeometry(settings.value(u"window/geometry"_s).toByteArray());
    m_workspace.filters().load(settings);
    m_workspace.alerts().load(settings);
    for (const PageId id : allPages)
        page(id)->restoreState(settings);
    if (const auto last = pageNamed(settings.value(u"window/page"_s).toString()))
        showPage(*last);
    m_keepsState = true;
}

void MainWindow::saveState()
{
    if (!m_keepsState)
        return;
    m_saveSoon.stop();
    QSettings settings;
    settings.setValue(u"window/geometry"_s, saveGeometry());
    settings.setValue(u"window/page"_s, pageName(m_current));
    m_workspace.filters().store(settings);
    m_workspace.alerts().store(settings);
    for (const PageId id : allPages)
        page(id)->saveState(settings);
    settings.sync();
}

void MainWindow::noteState()
{
    if (m_keepsState)
        m_saveSoon.start();
}

void MainWindow::setActiveFromState()
{
    m_workspace.setActive(isVisible() && !isMinimized());
}

void MainWindow::changeEvent(QEvent *event)
{
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::WindowStateChange)
        setActiveFromState();
}

void MainWindow::showEvent(QShowEvent *event)
{
    QMainWindow::showEvent(event);
    setActiveFromState();
}

void MainWindow::hideEvent(QHideEvent *event)
{
    QMainWindow::hideEvent(event);
    setActiveFromState();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    saveState();
    QMainWindow::closeEvent(event);
}

} // namespace Monitor
