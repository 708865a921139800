// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/audittable.h"

#include <QObject>

#include <memory>

namespace Monitor {

/*!
    Reads an audit log into a table on a thread of its own: a JSONL file as it is, .gz or .zst, a pipe, or standard input ("-").
   It reads in pieces that grow from 256 KiB to 8 MiB, so that the first rows are there at once. The file may be any size; it is
    never mapped.

        reading -> finished -> following (until the destructor): growth, truncation and rotation

    One reader per file: start() works once. The destructor cancels and waits for the thread.
    Errors: a file that cannot be read ends with finished(false) and errorText(); bad lines are rows of the table.
*/
class AuditFile : public QObject
{
    Q_OBJECT

public:
    enum class Restart { Cut, Replaced };
    Q_ENUM(Restart)

    AuditFile(QString path, AuditTable &table, QObject *parent = nullptr);
    ~AuditFile() override;

    void setFollowing(bool following); //!< Before start(). False, the default: the file is read once.
    void start();
    void cancel(); //!< What was read stays; finished(false) follows if it was not finished.
    bool isFinished() const;
    QString path() const;
    QString errorText() const; //!< Translated, with what to do; empty when all went well.
    double progress() const; //!< 0 to 1
    qint64 bytesRead() const; //!< As they are on the disk.

Q_SIGNALS:
    void firstRowsRead();
    void progressed(); //!< At most 20 times a second; also for rows that come while it follows.
    void finished(bool complete); //!< Once: everything that was there was read.
    void
    restarted(Monitor::AuditFile::Restart how); //!< While it follows: the file begins anew, and its rows follow those before.
    void failed(const QString &reason); //!< While it follows: nothing more is read.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
