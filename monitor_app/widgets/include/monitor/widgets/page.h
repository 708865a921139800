// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/painting.h"

#include <QWidget>

class QBoxLayout;
class QHBoxLayout;
class QSettings;
class QVBoxLayout;

namespace Monitor {

class DetailPane;
class FilterBar;
class Workspace;

/*!
    A page: a toolbar, strips under it, and the content with the detail pane beside it or, in narrow windows, under it.
*/
class Page : public QWidget
{
    Q_OBJECT

public:
    explicit Page(Workspace &workspace, QWidget *parent = nullptr);

    virtual QString title() const = 0;
    virtual void refresh() = 0; //!< After each tick while the page is shown.
    virtual bool hasData() const = 0;
    virtual QList<TextRun> statusRuns() const = 0;
    virtual QWidget *view() const = 0; //!< What has the focus first.
    virtual void follow() { }
    virtual void togglePause() { }
    virtual void nextMatch(int) { } //!< By 1 down or -1 up.
    virtual void toggleHighlight() { } //!< Filter or highlight.
    virtual void setNarrow(bool narrow);
    virtual void applyFilter(const QString &text);
    //! Filter and order, kept from one run to the next.
    virtual void saveState(QSettings &) const { }
    virtual void restoreState(QSettings &) { }

    FilterBar *filter() const { return m_filter; }
    DetailPane *detail() const { return m_detail; }
    bool isDetailShown() const;
    void setDetailShown(bool shown);
    void focusFilter();
    void cyclePane(int step);

Q_SIGNALS:
    void statusRunsChanged();
    void disconnectRequested(const QStringList &connectionIds);
    void eventRequested(quint64 auditRow);
    void sessionRequested(const QString &session);
    void noticed(const QString &sentence, bool ok); //!< For the status bar.

protected:
    void setFilterBar(FilterBar *bar);
    void setContentWidget(QWidget *content);
    QHBoxLayout *toolbar() const { return m_toolbar; }
    QVBoxLayout *strips() const { return m_strips; }
    Workspace &workspace() const { return m_workspace; }
    virtual void refreshDetail() { }
    virtual void detailDisconnect() { }
    void paintEvent(QPaintEvent *event) override;

private:
    Workspace &m_workspace;
    QWidget *m_bar;
    QHBoxLayout *m_toolbar;
    QVBoxLayout *m_strips;
    QBoxLayout *m_split;
    FilterBar *m_filter = nullptr;
    DetailPane *m_detail;
    bool m_narrow = false;
};

} // namespace Monitor
