// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/querystate.h"
#include "monitor/widgets/page.h"
#include "monitor/widgets/termprobe.h"

class QTimer;

namespace Monitor {

class Button;
class EmptyState;
class HistogramStrip;
class RunLabel;
class TablePane;
class TailBanner;
class TimelineView;

/*! The table of live connections. Pausing freezes what is shown; the stores go on. */
class ConnectionsPage : public Page
{
    Q_OBJECT

public:
    explicit ConnectionsPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override;
    bool hasData() const override;
    QList<TextRun> statusRuns() const override;
    QWidget *view() const override;
    void follow() override;
    void togglePause() override;
    void setNarrow(bool narrow) override;
    TablePane *pane() const { return m_pane; }

protected:
    void refreshDetail() override;
    void detailDisconnect() override;

private:
    void buildToolbar();
    void refreshContent();
    void refreshColumnsText();
    void headerClicked(int column, bool second);
    void showCellMenu(const QModelIndex &index, const QPoint &position);
    void handleKey(int key);
    QStringList selectedConnections() const;

    TablePane *m_pane;
    Button *m_follow;
    Button *m_columns;
    RunLabel *m_strip;
    TermProbe m_probe;
    bool m_narrow = false;
};

/*! The lifetimes of tokens on a timeline. */
class TokensPage : public Page
{
    Q_OBJECT

public:
    explicit TokensPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override;
    bool hasData() const override;
    QList<TextRun> statusRuns() const override;
    QWidget *view() const override;
    void follow() override;
    void togglePause() override;
    void setNarrow(bool narrow) override;
    void applyFilter(const QString &text) override;
    TimelineView *timeline() const { return m_timeline; }

protected:
    void refreshDetail() override;
    void detailDisconnect() override;

private:
    void buildToolbar();
    void refreshTexts();
    void moveNow();

    TimelineView *m_timeline;
    EmptyState *m_empty;
    Button *m_follow;
    Button *m_group;
    Button *m_sort;
    QTimer *m_pulse;
};

/*! The live tail of the audit log. */
class AuditPage : public Page
{
    Q_OBJECT

public:
    explicit AuditPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override;
    bool hasData() const override;
    QList<TextRun> statusRuns() const override;
    QWidget *view() const override;
    void follow() override;
    void togglePause() override;
    void setNarrow(bool narrow) override;
    void showRow(quint64 id); //!< Detaches, shows and selects the row.
    TablePane *pane() const { return m_pane; }

protected:
    void refreshDetail() override;
    void detailDisconnect() override;

private:
    void buildToolbar();
    void refreshContent();
    void refreshFollow();
    void showCellMenu(const QModelIndex &index, const QPoint &position);
    void handleKey(int key);
    void applyFilterAround(qint64 from);

    TablePane *m_pane;
    HistogramStrip *m_histogram;
    TailBanner *m_banner;
    RunLabel *m_edge;
    QWidget *m_edgeBar;
    RunLabel *m_strip;
    Button *m_follow;
    Button *m_columns;
    TermProbe m_probe;
    qint64 m_histogramAt = 0;
};

//! What keeps a filter in force while another text is typed; empty when they are the same.
QList<TextRun> appliedStripRuns(const FilterBar &bar, const QueryState &state);
QString andTerm(const QString &query, const QString &term);

} // namespace Monitor
