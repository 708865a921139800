// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

#include <QList>
#include <QString>
#include <QUrl>

namespace Monitor {

/*!
    The examinations of one endpoint, oldest first, kept as files: one report a file, as `watchword doctor --json` writes it, so a
    trend goes over restarts and a file can be taken to another place.

    At most Kept runs; the oldest goes first. A file that cannot be read is left alone and counted.
*/
class PostureHistory
{
public:
    static constexpr qsizetype Kept = 90;

    //! Empty: the folder of the program's data.
    explicit PostureHistory(QString folder = {});

    //! Reads what is kept of this endpoint. Not \a kept: runs are in memory only, as those of a demo.
    void open(const QUrl &endpoint, bool kept = true);
    void close(); //!< As if nothing was opened.
    const QList<Watchword::Report> &runs() const { return m_runs; }
    bool add(const Watchword::Report &report); //!< False if it could not be written; it is in runs() all the same.
    int unreadable() const { return m_unreadable; }
    QString folder() const { return m_endpointFolder; }

private:
    QString m_folder;
    QString m_endpointFolder;
    QList<Watchword::Report> m_runs;
    int m_unreadable = 0;
    bool m_isKept = true;
};

} // namespace Monitor
