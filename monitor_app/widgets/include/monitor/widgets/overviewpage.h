// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/situation.h"
#include "monitor/widgets/page.h"

class QGridLayout;
class QScrollArea;

namespace Monitor {

class AttentionCard;
class Card;
class FigureStrip;
class LineCard;
class RefreshChart;

/*! The situation in one look: figures, refreshes per node with the plan, what needs attention. Every number opens its rows. */
class OverviewPage : public Page
{
    Q_OBJECT

public:
    explicit OverviewPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override; //!< Counts anew at most once a second.
    bool hasData() const override;
    QList<TextRun> statusRuns() const override;
    QWidget *view() const override;
    void setNarrow(bool narrow) override;
    const Situation &situation() const { return m_situation; }

Q_SIGNALS:
    void linkRequested(const Monitor::Situation::Link &link);

private:
    void buildBoard();
    void place(bool narrow);
    void showSituation();
    void showFigures();
    void showReasons(); //!< Failures and closes.
    void showPeers(); //!< Talkers and nodes.

    Situation m_situation;
    qint64 m_countedAt = 0;
    QScrollArea *m_area;
    QGridLayout *m_grid;
    FigureStrip *m_figures;
    RefreshChart *m_chart;
    AttentionCard *m_attention;
    LineCard *m_failures;
    LineCard *m_closes;
    LineCard *m_talkers;
    LineCard *m_nodes;
};

} // namespace Monitor
