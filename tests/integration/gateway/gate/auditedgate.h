// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"
#include "gatefixture.h"
#include "support/auditschema.h"

#include <QSqlDatabase>
#include <QSqlQuery>

/*! A gateway of its own whose audit can be read when it has gone. */
class AuditedGate : public GateFixture
{
public:
    bool begin()
    {
        config.audit.database = file(QStringLiteral("audit.sqlite"));
        return start();
    }
    //! Ends the gateway. All events in order, or those of \a type; each is judged by the schema.
    QList<Watchword::AuditEvent> events(const QString &type = {})
    {
        using namespace Watchword::Gateway;
        gateway.reset();
        AuditOptions options;
        options.path = config.audit.database;
        const Watchword::Result<std::unique_ptr<AuditLog>> log = AuditLog::open(options, Watchword::Clock::system());
        if (!log)
            return {};
        QList<Watchword::AuditEvent> found;
        for (quint64 after = 0;;) {
            const QList<Watchword::AuditEvent> events = log.value()->read(after, 1000).valueOr({});
            if (events.isEmpty())
                return found;
            Support::judgeAuditEvents(events);
            for (const Watchword::AuditEvent &event : events) {
                if (type.isEmpty() || event.shortType() == type)
                    found.append(event);
            }
            after = events.last().sequence;
        }
    }
    //! Runs \a statement on the audit's file while the gateway runs.
    bool damageAudit(const QString &statement)
    {
        bool done = false;
        {
            QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("damage"));
            database.setDatabaseName(config.audit.database);
            done = database.open() && QSqlQuery(database).exec(statement);
        }
        QSqlDatabase::removeDatabase(QStringLiteral("damage"));
        return done;
    }
    //! Addresses of the events of \a type, in order.
    QStringList sources(const QString &type)
    {
        QStringList found;
        const QList<Watchword::AuditEvent> list = events(type);
        for (const Watchword::AuditEvent &event : list)
            found.append(event.data.value(QLatin1StringView("src")).toObject().value(QLatin1StringView("ip")).toString());
        return found;
    }
};
