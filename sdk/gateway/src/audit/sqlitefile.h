// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QSqlDatabase>
#include <QStringList>

#include <functional>

class QSqlQuery;

namespace Watchword::Gateway {

/*!
    A small file of SQLite that one process has for itself, each change on the disk when the call returns (synchronous=FULL), with
    permissions for its owner only.

    Life cycle: open() once, with a file or without one; closed by the destructor. Threads: the one that opened it.
    Errors: sqliteError() with the name of the file; StoreCorrupt, too, for the format of a newer program, which may have written
    what this one would not see.
*/
class SqliteFile
{
public:
    struct Format
    {
        int version = 1; //!< PRAGMA user_version
        QString loss; //!< What happens to who removes the file: "then nobody is kept out any more".
        //! What makes the tables, or brings those of an older version up to date; 0: the file is new.
        std::function<QStringList(int found)> statements;
    };

    explicit SqliteFile(const QString &name); //!< "database of locks"
    ~SqliteFile();
    SqliteFile(const SqliteFile &) = delete;
    SqliteFile &operator=(const SqliteFile &) = delete;

    Result<void> open(const QString &file, const Format &format);
    bool isOpen() const { return !m_connection.isEmpty(); }
    QSqlDatabase database() const { return m_database; } //!< Not to be kept.
    Result<void> run(const QString &statement) const;
    Error failed(const QSqlQuery &query, const QString &doing) const; //!< "be read", "be written"
    //! All of \a change, or nothing of it.
    Result<void> inTransaction(const std::function<Result<void>(const QSqlDatabase &database)> &change) const;

private:
    Result<int> foundVersion(const QString &file, const Format &format) const;

    const QString m_name;
    QString m_connection;
    QSqlDatabase m_database;
};

} // namespace Watchword::Gateway
