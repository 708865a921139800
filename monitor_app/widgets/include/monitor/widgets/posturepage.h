// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/connectionsmodel.h"
#include "monitor/models/examination.h"
#include "monitor/models/posturehistory.h"
#include "monitor/widgets/page.h"

#include "watchword/doctor/reportwriter.h"

class QBoxLayout;
class QScrollArea;
class QStackedWidget;

namespace Monitor {

class Button;
class EmptyState;
class FindingView;
class PostureHead;
class PracticeList;
class RunLabel;

/*!
    The ten practices, examined by the doctor: grades, how they went over the runs, and each finding with its evidence and its
   fix.

        Nothing to examine, Not examined yet, Running, Examined; a run that failed says why over what earlier runs found.

    Runs are kept on disk per endpoint. A run is the doctor's in a thread of its own, safe checks only, and without a token: the
    Monitor's own token is bound to its key and would prove nothing about others.
*/
class PosturePage : public Page
{
    Q_OBJECT

public:
    explicit PosturePage(Workspace &workspace, QWidget *parent = nullptr);
    ~PosturePage() override;

    QString title() const override;
    void refresh() override;
    bool hasData() const override;
    QList<TextRun> statusRuns() const override;
    QWidget *view() const override;
    void setNarrow(bool narrow) override;

    void setFolder(const QString &folder); //!< Where runs are kept; before the first refresh().
    bool isRunning() const { return m_examination.isRunning(); }
    void run(); //!< Why not is said in the status bar.
    void stop();
    QString grade() const; //!< Of the last run; empty without one.
    bool exportTo(const QString &path, Watchword::ReportFormat format); //!< False if the file cannot be written; notices say so.
    void compareWith(qsizetype run); //!< An index of the history; -1: the run before the last.

Q_SIGNALS:
    void gradeChanged();
    void connectionsRequested(const QString &filter); //!< Whom a finding concerns.

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    void buildToolbar();
    void buildContent();
    void takeFinding(const Watchword::Finding &finding, int done, int total);
    void finishRun(const Watchword::Report &report);
    void failRun(const QString &reason);
    void openHistory();
    void showReports();
    void showPractice();
    void showOffenders(const QString &checkId);
    void refreshTexts();
    void showExportMenu();
    void showCompareMenu();
    std::optional<Watchword::Report> baseline() const;

    PostureHistory m_history;
    Examination m_examination;
    QUrl m_endpoint;
    Watchword::Report m_partial; // of the run that goes on
    qsizetype m_compared = -1;
    QString m_problem;
    std::unique_ptr<ConnectionsModel> m_offenders;
    Button *m_run;
    Button *m_compare;
    Button *m_export;
    RunLabel *m_last;
    RunLabel *m_failure;
    QWidget *m_failureBar;
    QStackedWidget *m_stack;
    EmptyState *m_empty;
    PostureHead *m_head;
    PracticeList *m_practices;
    QScrollArea *m_scroll;
    FindingView *m_findings;
    QBoxLayout *m_split;
};

} // namespace Monitor
