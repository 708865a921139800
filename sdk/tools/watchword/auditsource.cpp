// SPDX-License-Identifier: Apache-2.0
#include "auditsource.h"

#include <QFile>
#include <QFileInfo>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QVariant>

#include <algorithm>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestLine = 64 * 1024;
constexpr int kPage = 1000;
constexpr int kTileLeaves = 256;
constexpr qsizetype kHash = 32;

Error unreadable(const QString &path, const QString &why)
{
    return Error(ErrorCode::FileUnreadable, u"%1 cannot be read: %2"_s.arg(path, why));
}

class LinesSource final : public AuditSource
{
public:
    explicit LinesSource(const QString &path)
        : m_file(path)
    {
    }
    Result<void> open()
    {
        return m_file.open(QIODevice::ReadOnly) ? Result<void>() : unreadable(m_file.fileName(), m_file.errorString());
    }
    Result<void> read(const AuditQuery &query, const Each &each) override
    {
        m_file.seek(0);
        for (quint64 number = 1; !m_file.atEnd(); ++number) {
            const QByteArray line = m_file.readLine(kLongestLine + 2).trimmed();
            if (line.isEmpty())
                continue;
            const Result<AuditEvent> event = AuditEvent::fromBytes(line);
            if (!event)
                return Error(ErrorCode::InvalidResponse, u"line %1: %2"_s.arg(number).arg(event.error().detail()));
            if (event->sequence > query.after && query.matches(*event) && !each(*event, line))
                return {};
        }
        return {};
    }

private:
    QFile m_file;
};

class DatabaseSource final : public AuditSource
{
public:
    explicit DatabaseSource(const QString &path)
        : m_path(path)
        , m_database(QSqlDatabase::addDatabase(u"QSQLITE"_s, u"audit"_s))
    {
        m_database.setDatabaseName(path);
        m_database.setConnectOptions(u"QSQLITE_OPEN_READONLY;QSQLITE_BUSY_TIMEOUT=5000"_s);
    }
    ~DatabaseSource() override
    {
        m_database.close();
        m_database = {};
        QSqlDatabase::removeDatabase(u"audit"_s);
    }
    Result<void> open() { return m_database.open() ? Result<void>() : unreadable(m_path, m_database.lastError().databaseText()); }
    Result<void> read(const AuditQuery &query, const Each &each) override
    {
        // A page at a time: one long statement would keep the gateway's write-ahead log from being used again.
        for (quint64 after = query.after;;) {
            QSqlQuery rows(m_database);
            rows.setForwardOnly(true);
            const QString bySub = query.user.isEmpty() ? QString() : u" AND sub = ?"_s;
            rows.prepare(u"SELECT seq, body FROM event WHERE seq > ?%1 ORDER BY seq LIMIT ?"_s.arg(bySub));
            rows.addBindValue(qint64(after));
            if (!query.user.isEmpty())
                rows.addBindValue(query.user);
            rows.addBindValue(kPage);
            if (!rows.exec())
                return unreadable(m_path, rows.lastError().databaseText());
            int count = 0;
            for (; rows.next(); ++count) {
                after = rows.value(0).toULongLong();
                const QByteArray text = rows.value(1).toByteArray();
                const Result<AuditEvent> event = AuditEvent::fromBytes(text);
                if (!event)
                    return Error(ErrorCode::ChainBroken, u"event %1: %2"_s.arg(after).arg(event.error().detail()));
                if (event->sequence != after)
                    return Error(ErrorCode::ChainBroken,
                                 u"event %1: its text says that it is %2"_s.arg(after).arg(event->sequence));
                if (query.matches(*event) && !each(*event, text))
                    return {};
            }
            if (count < kPage)
                return {};
        }
    }
    QList<SignedState> checkpoints() override
    {
        QList<SignedState> list;
        QSqlQuery rows(m_database);
        if (rows.exec(u"SELECT size, note FROM checkpoint ORDER BY size"_s)) {
            while (rows.next())
                list.append({rows.value(0).toULongLong(), rows.value(1).toByteArray()});
        }
        return list;
    }
    quint64 treeBase() override
    {
        QSqlQuery row(m_database);
        return row.exec(u"SELECT value FROM meta WHERE name = 'tree_base'"_s) && row.next() ? row.value(0).toULongLong() : 0;
    }
    QByteArray leafHash(quint64 sequence) override
    {
        const quint64 index = sequence - treeBase();
        if (m_tile != index / kTileLeaves || m_hashes.isEmpty()) {
            m_tile = index / kTileLeaves;
            QSqlQuery row(m_database);
            row.prepare(u"SELECT hashes FROM tile WHERE id = ?"_s);
            row.addBindValue(qint64(m_tile));
            m_hashes = row.exec() && row.next() ? row.value(0).toByteArray() : QByteArray();
        }
        return m_hashes.mid(qsizetype(index % kTileLeaves) * kHash, kHash);
    }

private:
    const QString m_path;
    QSqlDatabase m_database;
    quint64 m_tile = 0;
    QByteArray m_hashes;
};

} // namespace

QByteArray AuditSource::leafHash(quint64)
{
    return {};
}

bool AuditQuery::matches(const AuditEvent &event) const
{
    if (!user.isEmpty()) {
        const QJsonObject actor = event.data.value("actor"_L1).toObject();
        if (actor.value("sub"_L1).toString() != user && actor.value("name"_L1).toString() != user)
            return false;
    }
    return (type.isEmpty() || event.shortType().contains(type, Qt::CaseInsensitive)) && (!since || event.time >= *since)
        && (!until || event.time < *until);
}

Result<std::unique_ptr<AuditSource>> AuditSource::open(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return unreadable(path, file.errorString());
    const bool isDatabase = file.read(16) == QByteArray("SQLite format 3\0", 16);
    file.close();
    if (isDatabase) {
        auto source = std::make_unique<DatabaseSource>(path);
        const Result<void> opened = source->open();
        return opened ? Result<std::unique_ptr<AuditSource>>(std::move(source)) : opened.error();
    }
    auto source = std::make_unique<LinesSource>(path);
    const Result<void> opened = source->open();
    return opened ? Result<std::unique_ptr<AuditSource>>(std::move(source)) : opened.error();
}

QByteArray auditSentence(const AuditEvent &event)
{
    static const QStringList severities{u"-"_s, u"info"_s, u"notice"_s, u"warn"_s, u"error"_s, u"critical"_s};
    const QJsonObject actor = event.data.value("actor"_L1).toObject();
    const QString name = actor.value("name"_L1).toString(actor.value("sub"_L1).toString());
    QString text = u"%1 %2 %3 %4 %5 %6"_s.arg(toRfc3339(event.time))
                       .arg(severities.value(event.data.value("severity"_L1).toInt(), u"-"_s), -8)
                       .arg(event.shortType(), -20)
                       .arg(name.isEmpty() ? u"-"_s : name, -12)
                       .arg(event.subject, event.data.value("message"_L1).toString())
                       .trimmed();
    std::replace_if(
        text.begin(), text.end(),
        [](QChar c) { return c.category() == QChar::Other_Control || c.category() == QChar::Other_Format; },
        QChar(QChar::ReplacementCharacter));
    return text.toUtf8();
}

} // namespace Watchword::Tool
