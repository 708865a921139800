// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

#include <QWidget>

class QPainter;

namespace Monitor {

/*! The grade of the whole, what it means in a sentence, progress while a run goes on, and how many checks passed over the runs.
 */
class PostureHead : public QWidget
{
    Q_OBJECT

public:
    explicit PostureHead(QWidget *parent = nullptr);

    void setReports(const QList<Watchword::Report> &runs); //!< From the oldest to the one that is shown.
    void setProgress(const QString &words, int done, int total); //!< Empty words: no run.
    QString text() const; //!< All that it says.
    QSize sizeHint() const override { return {720, 112}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString headline() const;
    QString sentence() const;
    QString note() const;
    void paintTrend(QPainter &painter) const;
    void describe();

    QList<Watchword::Report> m_runs;
    QString m_progress;
    int m_done = 0;
    int m_total = 0;
};

} // namespace Monitor
