// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/painting.h"

#include <QWidget>

class QLabel;

namespace Monitor {

class Button;
class RunLabel;
class Workspace;

/*! Back and forward, the server, the state of the link in words, theme, keys and operator. */
class TopBar : public QWidget
{
    Q_OBJECT

public:
    TopBar(Workspace &workspace, QWidget *parent = nullptr);

    void setHistory(bool back, bool forward);
    void setNarrow(bool narrow);
    void refresh();

Q_SIGNALS:
    void backRequested();
    void forwardRequested();
    void keysRequested();
    void openFileRequested();
    void serverRequested(); //!< The person wants to connect to a server.

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void buildThemeMenu();
    void buildPersonMenu();
    QList<TextRun> stateRuns() const;

    Workspace &m_workspace;
    Button *m_back;
    Button *m_forward;
    QLabel *m_demo;
    RunLabel *m_server;
    RunLabel *m_state;
    Button *m_theme;
    Button *m_keys;
    Button *m_person;
    bool m_narrow = false;
};

/*! What is selected, which row, what is special; at the right memory, scrollback and time zone. */
class StatusBar : public QWidget
{
    Q_OBJECT

public:
    StatusBar(Workspace &workspace, QWidget *parent = nullptr);

    void setLeft(const QList<TextRun> &runs, const QString &glyph = {}, Ink glyphColor = Ink::TextMuted);
    void refresh();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    Workspace &m_workspace;
    RunLabel *m_left;
    RunLabel *m_right;
};

/*! The amber bar over a page: no data since when, what follows from that, one button. */
class LinkBanner : public QWidget
{
    Q_OBJECT

public:
    LinkBanner(Workspace &workspace, QWidget *parent = nullptr);
    void refresh();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    Workspace &m_workspace;
    RunLabel *m_words;
    RunLabel *m_consequence;
    Button *m_retry;
};

/*! The blue bar of a paused tail: since when, how many came, the way back. */
class TailBanner : public QWidget
{
    Q_OBJECT

public:
    TailBanner(Workspace &workspace, QWidget *parent = nullptr);
    void refresh();

Q_SIGNALS:
    void followRequested();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    Workspace &m_workspace;
    RunLabel *m_words;
    RunLabel *m_news;
    RunLabel *m_errors;
    Button *m_follow;
};

/*!
    The lower end of a tail: the live edge with its rate while it follows; while it is detached since when, and what came since.
    Both are as high, so nothing moves when a row is selected. A click follows again.
*/
class TailEdge : public QWidget
{
    Q_OBJECT

public:
    TailEdge(Workspace &workspace, QWidget *parent = nullptr);
    void refresh();
    QString text() const;

Q_SIGNALS:
    void followRequested();

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;

private:
    bool isFollowing() const;

    Workspace &m_workspace;
    RunLabel *m_words;
    RunLabel *m_wayBack;
};

} // namespace Monitor
