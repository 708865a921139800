// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "terminal.h"
#include "watchword/doctor/reportwriter.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace Watchword::Tool {

/*!
    What is shown while a doctor works: one line for each check, several checks that were skipped in a row for one reason in one
    line, and on a terminal how far it is.

    Life: add() for each finding; end() before anything else is printed.
*/
class DoctorLines : public QObject
{
    Q_OBJECT

public:
    //! \a isReport: standard output takes the lines, because the report is text that goes there, too; else standard error.
    DoctorLines(const ReportStyle &style, bool isReport, QObject *parent = nullptr);
    ~DoctorLines() override;

    void add(const Finding &finding, int done, int total);
    void end();

private:
    void flush();
    void print(const QByteArray &line);
    void showProgress();

    const ReportStyle m_style;
    const bool m_isReport;
    const ProgressLine m_progress;
    QList<Finding> m_skipped; //!< In a row, for one reason, and not shown yet.
    int m_done = 0;
    int m_total = 0;
    QElapsedTimer m_running;
    QTimer m_tick;
};

} // namespace Watchword::Tool
