// SPDX-License-Identifier: Apache-2.0
#include "watch/watchtables.h"

#include "watch/tablelog.h"

#include <deque>
#include <set>

namespace Watchword::Gateway {

using namespace std::chrono_literals;

namespace {

constexpr int kDuesPerTurn = 5'000;
constexpr Duration kExpiringWithoutIat = 30s;
constexpr int kCloseRevoked = 4410;
constexpr qsizetype kLongestText = 256; // what a client can choose freely; keeps the rows small

// When an open connection counts as near the end of its token.
std::optional<WallTime> expiringFrom(const ConnectionRow &row)
{
    if (!row.exp)
        return {};
    if (row.iat && *row.iat < *row.exp)
        return *row.exp - (*row.exp - *row.iat) / 5;
    return *row.exp - kExpiringWithoutIat;
}

bool hasEnded(const TokenRow &row)
{
    return row.end != TokenEnd::None;
}

} // namespace

class WatchTables::Private
{
public:
    enum class Table { Connections, Tokens };
    //! Session and row. Most sessions have one row: a set for each of them would be 1.3 KiB a row.
    using SessionIndex = std::set<std::pair<QString, QString>>;
    struct Due
    {
        Table table;
        QString id;
    };

    Private(Clock &c, WatchTables *tables)
        : clock(c)
        , alarm(c)
    {
        QObject::connect(&alarm, &Alarm::due, tables, [this] { runDues(); });
    }

    Instant instantOf(WallTime wall) const { return clock.now() + (wall - clock.wallNow()); }

    void schedule(Table table, const QString &id, Instant at)
    {
        QHash<QString, Instant> &planned = table == Table::Connections ? connectionDue : tokenDue;
        const auto it = planned.constFind(id);
        if (it != planned.cend() && *it <= at)
            return; // that one looks again and plans this one
        planned.insert(id, at);
        dues.emplace(at, Due{table, id});
        if (!running)
            arm();
    }

    void arm()
    {
        if (dues.empty())
            alarm.cancel();
        else if (!alarm.isActive() || alarm.deadline() != dues.begin()->first)
            alarm.startAt(dues.begin()->first);
    }

    void runDues()
    {
        running = true;
        const Instant now = clock.now();
        for (int n = 0; n < kDuesPerTurn && !dues.empty() && dues.begin()->first <= now; ++n) {
            const auto [at, due] = *dues.begin();
            dues.erase(dues.begin());
            QHash<QString, Instant> &planned = due.table == Table::Connections ? connectionDue : tokenDue;
            const auto it = planned.constFind(due.id);
            if (it == planned.cend() || *it != at)
                continue; // replaced by an earlier look
            planned.erase(it);
            if (due.table == Table::Connections)
                lookAtConnection(due.id);
            else
                lookAtToken(due.id);
        }
        running = false;
        arm();
    }

    void lookAtConnection(const QString &id)
    {
        const ConnectionRow *row = connections.find(id);
        if (!row)
            return;
        if (row->isOpen()) {
            storeConnection(*row);
            return;
        }
        const Instant leaves = closedAt.value(id) + kClosedStays;
        if (clock.now() < leaves) {
            schedule(Table::Connections, id, leaves);
            return;
        }
        reindex(sessions, row->sid, {}, id);
        closedAt.remove(id);
        connections.remove(id);
    }

    void lookAtToken(const QString &id)
    {
        const TokenRow *row = tokens.find(id);
        if (!row)
            return;
        if (!hasEnded(*row)) {
            storeToken(*row);
            return;
        }
        const Instant leaves = endedAt.value(id) + kEndedStays;
        if (clock.now() < leaves)
            schedule(Table::Tokens, id, leaves);
        else
            removeToken(id);
    }

    void removeToken(const QString &id)
    {
        if (const TokenRow *row = tokens.find(id))
            reindex(tokenSessions, row->sid, {}, id);
        endedAt.remove(id);
        tokens.remove(id);
    }

    static void reindex(SessionIndex &index, const QString &from, const QString &to, const QString &id)
    {
        if (from == to)
            return;
        // Rows without a session are not indexed: there can be very many of them.
        index.erase(std::pair(from, id));
        if (!to.isEmpty())
            index.emplace(to, id);
    }

    static QStringList idsOf(const SessionIndex &index, const QString &sid)
    {
        QStringList ids;
        for (auto it = index.lower_bound({sid, {}}); it != index.end() && it->first == sid; ++it)
            ids.append(it->second);
        return ids;
    }

    // Every change of a connection ends here: derives the state, keeps the indices and plans the next look.
    void storeConnection(ConnectionRow row)
    {
        const ConnectionRow *old = connections.find(row.id);
        const bool wasOpen = old && old->isOpen();
        reindex(sessions, old ? old->sid : QString(), row.sid, row.id);
        row.ua.truncate(kLongestText);
        row.origin.truncate(kLongestText);
        row.path.truncate(kLongestText);
        row.closeReason.truncate(kLongestText);
        if (row.isOpen()) {
            closedAt.remove(row.id);
            const std::optional<WallTime> from = expiringFrom(row);
            const bool near = from && clock.wallNow() >= *from;
            if (near && row.state == ConnectionState::Open)
                row.state = ConnectionState::Expiring;
            else if (!near && row.state == ConnectionState::Expiring)
                row.state = ConnectionState::Open;
            if (from && !near)
                schedule(Table::Connections, row.id, instantOf(*from));
        } else if (!closedAt.contains(row.id)) {
            closedAt.insert(row.id, clock.now());
            schedule(Table::Connections, row.id, clock.now() + kClosedStays);
        }
        openCount += int(row.isOpen()) - int(wasOpen);
        if (!old || !(*old == row))
            connections.put(row);
    }

    void storeToken(TokenRow row)
    {
        const TokenRow *old = tokens.find(row.id);
        reindex(tokenSessions, old ? old->sid : QString(), row.sid, row.id);
        if (!hasEnded(row) && row.exp && clock.wallNow() >= *row.exp) {
            row.end = TokenEnd::Expired;
            row.ended = row.exp;
        }
        if (!hasEnded(row)) {
            endedAt.remove(row.id);
            if (row.exp)
                schedule(Table::Tokens, row.id, instantOf(*row.exp));
        } else if (!endedAt.contains(row.id)) {
            endedAt.insert(row.id, clock.now());
            endedOrder.push_back(row.id);
            schedule(Table::Tokens, row.id, clock.now() + kEndedStays);
        }
        if (!old || !(*old == row))
            tokens.put(row);
        dropOldEnded();
    }

    void dropOldEnded()
    {
        while (!endedOrder.empty()) {
            const QString oldest = endedOrder.front();
            const bool there = endedAt.contains(oldest);
            if (there && endedAt.size() <= kMostEndedTokens)
                return;
            endedOrder.pop_front();
            if (there)
                removeToken(oldest);
        }
    }

    Clock &clock;
    Alarm alarm;
    bool running = false;
    quint64 version = 0;
    TableLog<ConnectionRow> connections{version, kMostRemovals};
    TableLog<TokenRow> tokens{version, kMostRemovals};
    SessionIndex sessions; // of connections
    SessionIndex tokenSessions;
    QHash<QString, Instant> closedAt;
    QHash<QString, Instant> endedAt;
    std::deque<QString> endedOrder; // may name tokens that left since; skipped then
    qsizetype openCount = 0;
    std::multimap<Instant, Due> dues;
    QHash<QString, Instant> connectionDue;
    QHash<QString, Instant> tokenDue;
};

WatchTables::WatchTables(Clock &clock, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(clock, this))
{
}

WatchTables::~WatchTables() = default;

void WatchTables::putConnection(const ConnectionRow &row)
{
    if (!row.id.isEmpty())
        d->storeConnection(row);
}

bool WatchTables::updateConnection(const QString &id, const std::function<void(ConnectionRow &)> &change)
{
    const ConnectionRow *row = d->connections.find(id);
    if (!row)
        return false;
    ConnectionRow changed = *row;
    change(changed);
    changed.id = id;
    d->storeConnection(std::move(changed));
    return true;
}

bool WatchTables::closeConnection(const QString &id, int code, const QString &reason, WallTime at)
{
    const ConnectionRow *row = d->connections.find(id);
    if (!row || !row->isOpen())
        return false;
    ConnectionRow closed = *row;
    closed.state = code == kCloseRevoked ? ConnectionState::Revoked : ConnectionState::Closed;
    closed.closeCode = code;
    closed.closeReason = reason;
    closed.closed = at;
    closed.queue = 0;
    d->storeConnection(std::move(closed));
    return true;
}

void WatchTables::putToken(const TokenRow &row)
{
    if (!row.id.isEmpty())
        d->storeToken(row);
}

bool WatchTables::updateToken(const QString &id, const std::function<void(TokenRow &)> &change)
{
    const TokenRow *row = d->tokens.find(id);
    if (!row)
        return false;
    TokenRow changed = *row;
    change(changed);
    changed.id = id;
    d->storeToken(std::move(changed));
    return true;
}

bool WatchTables::endToken(const QString &id, TokenEnd end, WallTime at)
{
    const TokenRow *row = d->tokens.find(id);
    if (!row || hasEnded(*row))
        return false;
    return updateToken(id, [&](TokenRow &token) {
        token.end = end;
        token.ended = at;
    });
}

int WatchTables::endTokensOfSession(const QString &sid, TokenEnd end, WallTime at)
{
    int count = 0;
    const QStringList ids = Private::idsOf(d->tokenSessions, sid); // a copy: ending a token may drop another
    for (const QString &id : ids)
        count += endToken(id, end, at) ? 1 : 0;
    return count;
}

std::optional<ConnectionRow> WatchTables::connection(const QString &id) const
{
    const ConnectionRow *row = d->connections.find(id);
    return row ? std::optional(*row) : std::nullopt;
}

std::optional<TokenRow> WatchTables::token(const QString &id) const
{
    const TokenRow *row = d->tokens.find(id);
    return row ? std::optional(*row) : std::nullopt;
}

QStringList WatchTables::openConnectionsOfSession(const QString &sid) const
{
    QStringList open;
    const QStringList ids = Private::idsOf(d->sessions, sid);
    for (const QString &id : ids) {
        const ConnectionRow *row = d->connections.find(id);
        if (row && row->isOpen())
            open.append(id);
    }
    return open;
}

QList<ConnectionRow> WatchTables::connections() const
{
    QList<ConnectionRow> rows;
    rows.reserve(d->connections.size());
    d->connections.forEach([&](const ConnectionRow &row) { rows.append(row); });
    return rows;
}

QList<TokenRow> WatchTables::tokens() const
{
    QList<TokenRow> rows;
    rows.reserve(d->tokens.size());
    d->tokens.forEach([&](const TokenRow &row) { rows.append(row); });
    return rows;
}

qsizetype WatchTables::connectionCount() const
{
    return d->connections.size();
}

qsizetype WatchTables::openConnectionCount() const
{
    return d->openCount;
}

qsizetype WatchTables::tokenCount() const
{
    return d->tokens.size();
}

quint64 WatchTables::version() const
{
    return d->version;
}

TableChanges<ConnectionRow> WatchTables::connectionChanges(quint64 cursor, qsizetype limit, quint64 until) const
{
    return d->connections.changes(cursor, limit, until);
}

TableChanges<TokenRow> WatchTables::tokenChanges(quint64 cursor, qsizetype limit, quint64 until) const
{
    return d->tokens.changes(cursor, limit, until);
}

} // namespace Watchword::Gateway
