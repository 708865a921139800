// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/situation.h"
#include "monitor/widgets/navigation.h"
#include "monitor/widgets/signinpanel.h"

#include <QMainWindow>
#include <QPointer>
#include <QTimer>

class QStackedWidget;

namespace Monitor {

class AuditPage;
class AlertsPage;
class ConnectPage;
struct Command;
class ConnectionsPage;
class LinkBanner;
class OverviewPage;
class Page;
class PosturePage;
class SignInSheet;
class StatusBar;
class TokensPage;
class TopBar;
class Workspace;

/*!
    The window: top bar, navigation, the pages and the status bar; or, without a source of data, the page on which one is
    chosen. All keys that are the same everywhere are here.

    Ownership: borrows the workspace.
*/
class MainWindow : public QMainWindow
{
    Q_OBJECT

public:
    explicit MainWindow(Workspace &workspace, QWidget *parent = nullptr);
    ~MainWindow() override;

    void showPage(PageId page);
    PageId currentPageId() const { return m_current; }
    Page *currentPage() const;
    Page *page(PageId id) const;
    ConnectPage *connectPage() const { return m_connect; }
    void setWatching(bool watching); //!< False: the page on which a source is chosen.
    bool isWatching() const { return m_watching; }
    //! On the first page, or over the pages that are watched.
    void showSignIn(const SignInStep &step);
    void endSignIn(); //!< The sheet goes; the first page stays as it is.
    void notify(const QString &sentence, bool ok); //!< In the status bar, until the next thing happens there.
    void openDisconnect(const QStringList &connections);
    void showKeys();
    void showCommands(); //!< The palette of all commands.
    //! Takes over page, geometry, filters and orders of the last run, and from now on keeps them: shortly after a change and when
    //! the window closes.
    void keepState();
    void saveState(); //!< At once; nothing before keepState().

Q_SIGNALS:
    void openFileRequested();
    void serverRequested();
    void signInChosen(Monitor::SignInPanel::Choice choice);

protected:
    void resizeEvent(QResizeEvent *event) override;
    void changeEvent(QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void closeEvent(QCloseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    void buildLayout();
    void connectPages();
    void followLink(const Situation::Link &link);
    void addKeys();
    QList<Command> commands();
    void go(int step);
    void refresh();
    void refreshStatus();
    void refreshTitle();
    void setActiveFromState();
    void noteState();

    Workspace &m_workspace;
    TopBar *m_top;
    Navigation *m_navigation;
    QStackedWidget *m_body;
    QStackedWidget *m_pages;
    LinkBanner *m_banner;
    StatusBar *m_status;
    ConnectPage *m_connect;
    QPointer<SignInSheet> m_signIn;
    OverviewPage *m_overview;
    ConnectionsPage *m_connections;
    TokensPage *m_tokens;
    AuditPage *m_audit;
    AlertsPage *m_alerts;
    PosturePage *m_posture;
    PageId m_current = PageId::Connections;
    QList<PageId> m_history;
    int m_historyAt = -1;
    bool m_watching = false;
    QString m_notice;
    bool m_noticeOk = true;
    QTimer m_saveSoon;
    bool m_keepsState = false;
};

} // namespace Monitor
