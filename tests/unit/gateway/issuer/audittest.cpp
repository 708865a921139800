// SPDX-License-Identifier: Apache-2.0
#include "audittest.h"

#include <QJsonObject>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

AuditEntry entry(int number)
{
    return {.type = u"conn.opened"_s,
            .subject = u"c-%1"_s.arg(number),
            .severity = 1,
            .outcome = u"success"_s,
            .reasonCode = {},
            .message = u"Connection ä %1."_s.arg(number),
            .data = {{"actor"_L1, QJsonObject{{"type"_L1, u"user"_s}, {"sub"_L1, u"u-%1"_s.arg(number % 7)}}},
                     {"src"_L1, QJsonObject{{"ip"_L1, u"127.0.0.1"_s}, {"port"_L1, 40000 + number}}}}};
}

bool tamper(const QString &path, const QStringList &statements, const QVariantList &values)
{
    bool done = true;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"intruder"_s);
        database.setDatabaseName(path);
        done = database.open();
        for (const QString &statement : statements) {
            QSqlQuery query(database);
            done = done && query.prepare(statement);
            if (statement.contains(u'?')) {
                for (const QVariant &value : values)
                    query.addBindValue(value);
            }
            if (!query.exec()) {
                qInfo().noquote() << query.lastError().text();
                done = false;
            }
        }
    }
    QSqlDatabase::removeDatabase(u"intruder"_s);
    return done;
}

QByteArray bodyOf(const QString &path, int sequence)
{
    QByteArray body;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"reader"_s);
        database.setDatabaseName(path);
        if (database.open()) {
            QSqlQuery query(database);
            if (query.exec(u"SELECT body FROM event WHERE seq = %1"_s.arg(sequence)) && query.next())
                body = query.value(0).toByteArray();
        }
    }
    QSqlDatabase::removeDatabase(u"reader"_s);
    return body;
}

void AuditTest::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_clock = std::make_unique<ManualClock>();
    m_options = {};
    m_options.path = m_folder->filePath(u"state/audit.db"_s);
    m_options.node = u"n1"_s;
}

std::unique_ptr<AuditLog> AuditTest::opened(const AuditOptions &options)
{
    Result<std::unique_ptr<AuditLog>> log = AuditLog::open(options, *m_clock);
    if (!log) {
        qInfo().noquote() << log.error().toString();
        return nullptr;
    }
    return std::move(log.value());
}

void AuditTest::fill(int count)
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    for (int i = 1; i <= count; ++i)
        QVERIFY(log->append(entry(i)));
}
