// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"
#include "watchword/watch/export.h"

#include <QFile>
#include <QString>

#include <memory>
#include <optional>

namespace Watchword {

/*!
    Reads an audit log as JSON lines, one CloudEvents event a line, as "watchword tail --json" writes it.

    A bad line does not end the reading: it is returned with its position and reason, and reading goes on behind it. An
    empty line is skipped. A last line without line end is bad if it does not parse (the writer may still be at it).

    Threads: one. Ownership: holds the file open until destruction. Memory: one line, at most 64 KiB; longer lines are
    bad lines.
*/
class WATCHWORD_WATCH_EXPORT AuditFile
{
public:
    struct Line
    {
        qint64 number = 0; //!< From 1.
        qint64 offset = 0; //!< Of its first byte in the file.
        QByteArray bytes; //!< Without line end; cut to 64 KiB.
        Result<AuditEvent> event;
    };

    AuditFile();
    ~AuditFile();
    AuditFile(AuditFile &&) noexcept;
    AuditFile &operator=(AuditFile &&) noexcept;

    //! FileUnreadable with the reason of the operating system. Opens from the start, also when called again.
    Result<void> open(const QString &path);
    std::optional<Line> next(); //!< nullopt at the end of what is there now; later calls see what was appended.
    qint64 position() const; //!< Behind the last line returned.
    qint64 size() const;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
