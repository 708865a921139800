// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/querystate.h"
#include "monitor/widgets/tablepage.h"

class QTimer;

namespace Monitor {

class Button;
class EmptyState;
class FileStrip;
class FilterTools;
class HistogramStrip;
class OrderButton;
class TailBanner;
class TailEdge;
class TimelineView;

/*! The table of live connections. Pausing freezes what is shown; the stores go on. */
class ConnectionsPage : public TablePage
{
    Q_OBJECT

public:
    explicit ConnectionsPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override;
    QList<TextRun> statusRuns() const override;
    void follow() override;
    void togglePause() override;
    void saveState(QSettings &settings) const override;
    void restoreState(QSettings &settings) override;

protected:
    Words emptyWords() const override;
    Words filteredWords(const QList<EmptyState::Term> &terms) const override;
    QString rawOf(quint64 id) const override;
    QStringList connectionsOf(const QSet<quint64> &ids) const override;
    void addMenuActions(QMenu &menu) override;
    void refreshFollow() override;
    void refreshDetail() override;

private:
    void headerClicked(int column, bool second);
    void refreshOrder();

    OrderButton *m_order;
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
    void saveState(QSettings &settings) const override;
    void restoreState(QSettings &settings) override;
    TimelineView *timeline() const { return m_timeline; }

protected:
    void refreshDetail() override;
    void detailDisconnect() override;

private:
    void buildToolbar();
    void refreshTexts();
    void handleKey(int key);
    void moveNow();

    TimelineView *m_timeline;
    EmptyState *m_empty;
    Button *m_follow;
    Button *m_group;
    Button *m_sort;
    OrderButton *m_order;
    FilterTools *m_tools = nullptr;
    QTimer *m_pulse;
};

/*! The live tail of the audit log. */
class AuditPage : public TablePage
{
    Q_OBJECT

public:
    explicit AuditPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override;
    QList<TextRun> statusRuns() const override;
    void follow() override;
    void togglePause() override;
    void showRow(quint64 id); //!< Detaches, shows and selects the row.

protected:
    Words emptyWords() const override;
    Words filteredWords(const QList<EmptyState::Term> &terms) const override;
    QString rawOf(quint64 id) const override;
    QString proofOf(const QList<quint64> &ids) const override;
    QStringList connectionsOf(const QSet<quint64> &ids) const override;
    void noteFilter() override;
    bool handleKey(int key) override;
    void refreshFollow() override;
    void refreshDetail() override;

private:
    void buildContent();
    void applyFilterAround(qint64 from);

    FileStrip *m_file;
    HistogramStrip *m_histogram;
    TailBanner *m_banner;
    TailEdge *m_edge;
    qint64 m_histogramAt = 0;
};

} // namespace Monitor
