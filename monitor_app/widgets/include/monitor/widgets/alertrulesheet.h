// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/alertengine.h"
#include "monitor/widgets/sheet.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QTimer;
class QVBoxLayout;

namespace Monitor {

class Button;
class FilterBar;
class Workspace;

/*!
    A rule for alerts, new or known: name, filter, threshold, and what it would have done over the events that are stored.
    Nothing is set before "Save".
*/
class AlertRuleSheet : public Sheet
{
    Q_OBJECT

public:
    //! \a index in the engine's rules; -1 for a new one.
    AlertRuleSheet(Workspace &workspace, qsizetype index, QWidget *window);
    ~AlertRuleSheet() override;

    QString previewText() const; //!< "Would have fired 6 times ..."

private:
    void buildForm(QVBoxLayout *rows, const AlertRule &rule);
    void buildFooter(QVBoxLayout *rows);
    AlertRule rule() const;
    void startPreview();
    void tickPreview();
    void refresh();
    void save();
    void remove();

    Workspace &m_workspace;
    const qsizetype m_index;
    const bool m_enabled;
    QLineEdit *m_name;
    FilterBar *m_filter;
    QLineEdit *m_events;
    QComboBox *m_window;
    QComboBox *m_by;
    QComboBox *m_severity;
    QCheckBox *m_notifies;
    QLabel *m_preview;
    QLabel *m_problem;
    Button *m_save;
    QTimer *m_timer;
    std::unique_ptr<AlertWatch> m_watch;
    QList<AlertCounter::Episode> m_episodes;
    QString m_error;
};

} // namespace Monitor
