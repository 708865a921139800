// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/alertengine.h"
#include "monitor/widgets/page.h"

class QScrollArea;

namespace Monitor {

class Button;
class RunLabel;

/*! What fires, what did, and the rules. Rows keep their places: new ones come at the top of their part. */
class AlertsPage : public Page
{
    Q_OBJECT

public:
    explicit AlertsPage(Workspace &workspace, QWidget *parent = nullptr);

    QString title() const override;
    void refresh() override;
    bool hasData() const override { return true; }
    QList<TextRun> statusRuns() const override;
    QWidget *view() const override;

    void newRule();

Q_SIGNALS:
    void eventsRequested(const QString &filter, quint64 auditRow); //!< The events of an alert.

private:
    void rebuild();
    QByteArray shape() const;
    void addSection(const QString &title, const QString &note);
    void addAlert(const Alert &alert);
    void addRule(qsizetype index);
    QWidget *addRow(int height, Severity severity, bool tinted);
    void showSnoozeMenu(const QString &rule, QWidget *under);
    void editRule(qsizetype index);
    QString filterOf(const Alert &alert) const;

    Button *m_new;
    RunLabel *m_summary;
    QScrollArea *m_scroll;
    QWidget *m_board = nullptr;
    QList<std::pair<quint64, RunLabel *>> m_counts; //!< Of the alerts that are shown.
    QByteArray m_shape; //!< Of what is shown, without counts.
};

} // namespace Monitor
