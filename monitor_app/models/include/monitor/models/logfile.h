// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/logverifier.h"
#include "monitor/store/auditfile.h"

#include <QObject>

namespace Monitor {

/*!
    A log file that is open: read, followed and verified, with what is to be said about it.

        start() -> reading -> finished() -> following
    Threads: the one it lives in. Ownership: borrows the table, which it fills. Errors: as AuditFile.
*/
class LogFile : public QObject
{
    Q_OBJECT

public:
    LogFile(const QString &path, AuditTable &table, QObject *parent = nullptr);
    ~LogFile() override;

    void start();
    QString path() const;
    QString title() const; //!< Name of the file, or "Standard input".
    bool isFinished() const;
    double progress() const;
    QString errorText() const; //!< Why it was not read to its end, or is read no more.
    ChainFindings findings() const;
    QString formatText() const; //!< What the lines are, where they are no CloudEvents; empty otherwise.
    QString restartText() const; //!< "The file was cut at 14:02:11 and begins anew"; empty if it never was.
    //! Markdown, for a ticket. \a sha256: of the file, in hex; may be empty.
    QString report(const QString &sha256) const;

Q_SIGNALS:
    void rowsChanged();
    void changed(); //!< A text, the progress or a finding.
    void finished(bool complete);
    void noticed(const QString &sentence, bool ok); //!< Something happened to the file.

private:
    void onRestarted(AuditFile::Restart how);
    QStringList reportFindings() const;

    AuditTable &m_table;
    AuditFile m_file;
    LogVerifier m_verifier;
    QString m_error;
    QString m_restart;
};

//! SHA-256 of a file in lower-case hex, read in pieces; empty if it cannot be read or is a pipe.
QString sha256OfFile(const QString &path);

} // namespace Monitor
