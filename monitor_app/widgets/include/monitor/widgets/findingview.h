// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

#include <QWidget>

class QBoxLayout;
class QLabel;
class QScrollArea;
class QVBoxLayout;

namespace Monitor {

class Button;
class RunLabel;

/*! The checks of one practice, and of the one that is chosen: what was seen, the evidence, why it matters, and the fix. */
class FindingView : public QWidget
{
    Q_OBJECT

public:
    explicit FindingView(QWidget *parent = nullptr);

    void setFindings(const QList<Watchword::Finding> &findings,
                     const QList<Watchword::Finding> &fresh); //!< \a fresh: new since the baseline.
    void setOffenders(qint64 count); //!< Live connections that the current finding concerns; -1: that cannot be told.
    void setRunning(bool running);
    void setUnder(bool under); //!< Below the practices: the text is beside the list of checks.
    QString currentCheck() const { return m_current; }
    void choose(const QString &checkId);

Q_SIGNALS:
    void currentChanged(const QString &checkId);
    void offendersRequested();
    void runRequested();
    void noticed(const QString &sentence, bool ok);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void buildHead(QVBoxLayout *rows);
    void buildBody(QVBoxLayout *rows);
    void buildFooter(QVBoxLayout *rows);
    void rebuildChecks();
    void refresh();
    const Watchword::Finding *current() const;
    QLabel *addSection(const QString &title, bool evidence = false);

    QList<Watchword::Finding> m_findings;
    QList<Watchword::Finding> m_fresh;
    QString m_current;
    RunLabel *m_glyph;
    QLabel *m_title;
    RunLabel *m_pill;
    QWidget *m_checks;
    QVBoxLayout *m_checkRows;
    QScrollArea *m_area;
    QBoxLayout *m_parts = nullptr;
    QVBoxLayout *m_sections;
    QLabel *m_seen;
    QLabel *m_evidenceTitle = nullptr;
    QLabel *m_evidence;
    Button *m_offenders;
    QLabel *m_why;
    QLabel *m_fix;
    QLabel *m_basis;
    Button *m_again;
    Button *m_copy;
};

} // namespace Monitor
