// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/audittable.h"

#include <QObject>

#include <memory>

namespace Monitor {

/*!
    Reads a JSONL audit file into a table on a thread of its own, in pieces that grow from 256 KiB to 8 MiB, so that the first
   rows are there at once. The file may be any size; it is never mapped.

    One reader per file: start() works once. The destructor cancels and waits for the thread.
    Errors: a file that cannot be read ends with finished(false) and errorText(); bad lines are rows of the table.
*/
class AuditFile : public QObject
{
    Q_OBJECT

public:
    AuditFile(QString path, AuditTable &table, QObject *parent = nullptr);
    ~AuditFile() override;

    void start();
    void cancel(); //!< What was read stays; finished(false) follows.
    bool isFinished() const;
    QString path() const;
    QString errorText() const; //!< Translated, with what to do; empty when all went well.
    double progress() const; //!< 0 to 1

Q_SIGNALS:
    void firstRowsRead();
    void progressed(); //!< At most 20 times a second.
    void finished(bool complete);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
