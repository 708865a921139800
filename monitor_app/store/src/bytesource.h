// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QFile>
#include <QString>

#include <atomic>

namespace Monitor {

/*!
    The bytes of a file that others go on writing, of a pipe, or of standard input ("-"). After read() returned 0, look() says
    what became of the file since.

    Threads: one. Errors: in errorText(), translated by the caller's context.
*/
class ByteSource
{
public:
    enum class Change {
        None,
        Grown, //!< read() has more.
        Cut, //!< The file is shorter than what was read, or begins with other bytes: reopen().
        Replaced, //!< Another file has the name now, as after a rotation: reopen().
        Over //!< A pipe has ended.
    };

    ByteSource(QString path, const std::atomic<bool> &cancelled);

    bool open();
    bool reopen(); //!< From the first byte. False while there is no such file.
    //! Up to \a capacity bytes; 0 at the end as it is now, -1 for an error. Of a pipe it waits until something comes.
    qint64 read(char *out, qint64 capacity);
    Change look();
    qint64 size() const { return m_file.size(); } //!< 0 for a pipe.
    bool isStandardInput() const { return m_path == QLatin1String("-"); }
    QString errorText() const { return m_file.errorString(); }

private:
    bool isReplaced() const;
    bool beginsOtherwise();
    bool awaitPipe() const;
    qint64 readPipe(char *out, qint64 capacity);

    static constexpr qint64 HeadBytes = 256;
    const QString m_path;
    const std::atomic<bool> &m_cancelled;
    QFile m_file;
    qint64 m_position = 0;
    QByteArray m_head; // the first bytes, to know the file by
    bool m_over = false;
};

} // namespace Monitor
