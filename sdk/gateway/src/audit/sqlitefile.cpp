// SPDX-License-Identifier: Apache-2.0
#include "audit/sqlitefile.h"

#include "audit/sqliteerror.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSqlError>
#include <QSqlQuery>
#include <QUuid>
#include <QVariant>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

SqliteFile::SqliteFile(const QString &name)
    : m_name(name)
{
}

SqliteFile::~SqliteFile()
{
    if (!isOpen())
        return;
    m_database.close();
    m_database = {};
    QSqlDatabase::removeDatabase(m_connection);
}

Result<void> SqliteFile::open(const QString &file, const Format &format)
{
    if (!QDir().mkpath(QFileInfo(file).absolutePath()))
        return Error(ErrorCode::FileUnreadable, u"the folder of %1 cannot be made"_s.arg(file));
    QFile touched(file);
    if (!touched.open(QIODevice::ReadWrite) || !touched.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        return Error(ErrorCode::FileUnreadable, u"the %1 %2: %3"_s.arg(m_name, file, touched.errorString()));
    touched.close();
    m_connection = u"watchword-"_s + QUuid::createUuid().toString(QUuid::WithoutBraces);
    m_database = QSqlDatabase::addDatabase(u"QSQLITE"_s, m_connection);
    m_database.setDatabaseName(file);
    m_database.setConnectOptions(u"QSQLITE_BUSY_TIMEOUT=250"_s);
    if (!m_database.open())
        return sqliteError(m_database.lastError(), m_name, u"be opened"_s);
    const Result<int> found = foundVersion(file, format);
    if (!found)
        return found.error();
    const QStringList statements =
        QStringList{u"PRAGMA locking_mode=EXCLUSIVE"_s, u"PRAGMA journal_mode=WAL"_s, u"PRAGMA synchronous=FULL"_s}
        + format.statements(*found) + QStringList{u"PRAGMA user_version=%1"_s.arg(format.version)};
    for (const QString &statement : statements) {
        if (const Result<void> done = run(statement); !done)
            return done;
    }
    return {};
}

Result<int> SqliteFile::foundVersion(const QString &file, const Format &format) const
{
    QSqlQuery version(m_database);
    if (!version.exec(u"PRAGMA user_version"_s) || !version.next())
        return failed(version, u"be read"_s);
    const int found = version.value(0).toInt();
    if (found <= format.version)
        return found;
    return Error(ErrorCode::StoreCorrupt,
                 u"the %1 %2 has format %3; this program knows %4"_s.arg(m_name, file).arg(found).arg(format.version))
        .withRemedy(u"Use the newer program that wrote it, or remove it: %1."_s.arg(format.loss));
}

Result<void> SqliteFile::run(const QString &statement) const
{
    QSqlQuery query(m_database);
    if (!query.exec(statement))
        return failed(query, u"run \"%1\""_s.arg(statement.section(u' ', 0, 2)));
    return {};
}

Error SqliteFile::failed(const QSqlQuery &query, const QString &doing) const
{
    return sqliteError(query.lastError(), m_name, doing);
}

Result<void> SqliteFile::inTransaction(const std::function<Result<void>(const QSqlDatabase &database)> &change) const
{
    QSqlDatabase database = m_database;
    if (!database.transaction())
        return sqliteError(database.lastError(), m_name, u"be written"_s);
    const Result<void> changed = change(database);
    if (changed && database.commit())
        return {};
    const Error error = changed ? sqliteError(database.lastError(), m_name, u"be written"_s) : changed.error();
    database.rollback();
    return error;
}

} // namespace Watchword::Gateway
