// SPDX-License-Identifier: Apache-2.0
#include "watch/watchstream.h"

#include "audit/auditlog.h"
#include "watchword/core/closepolicy.h"

#include <QJsonArray>
#include <QJsonDocument>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

template <typename Row>
QString rowsText(const QList<Row> &rows)
{
    QByteArray text("[");
    for (const Row &row : rows) {
        if (text.size() > 1)
            text += ',';
        text += QJsonDocument(row.toJson()).toJson(QJsonDocument::Compact);
    }
    return QString::fromUtf8(text + ']');
}

QString idsText(const QStringList &ids)
{
    return QString::fromUtf8(QJsonDocument(QJsonArray::fromStringList(ids)).toJson(QJsonDocument::Compact));
}

} // namespace

WatchStream::WatchStream(std::unique_ptr<ClientSocket> socket, const Identity &identity, StreamContext &context, QObject *parent)
    : StreamSocket(std::move(socket), identity, context, parent)
    , m_view(context.clock)
    , m_delta(context.clock)
    , m_mark(context.clock)
{
    connect(&m_view, &Alarm::due, this, [this] { close(int(CloseCode::PolicyViolation), u"view_missing"_s); });
    connect(&m_delta, &Alarm::due, this, [this] {
        m_deltaDue = true;
        m_deltaUntil = this->context().tables.version();
        Q_EMIT turnWanted();
    });
    connect(&m_mark, &Alarm::due, this, &WatchStream::sendMark);
}

void WatchStream::begin()
{
    const WatchServerInfo &info = context().info;
    QJsonObject tls;
    if (info.tlsDaysLeft)
        tls.insert("days_left"_L1, *info.tlsDaysLeft);
    if (const QString protocol = tlsProtocol(); !protocol.isEmpty())
        tls.insert("protocol"_L1, protocol);
    QJsonObject hello{
        {"t"_L1, u"hello"_s},
        {"server"_L1, info.server},
        {"node"_L1, info.node},
        {"version"_L1, info.version},
        {"epoch"_L1, context().audit.epoch()},
        {"server_time"_L1, milliseconds(context().clock.wallNow())},
        {"scope"_L1, QJsonArray::fromStringList(identity().scopes)},
        {"started_at"_L1, milliseconds(info.startedAt)},
        {"tls"_L1, tls},
    };
    if (identity().expiresAt)
        hello.insert("exp"_L1, milliseconds(*identity().expiresAt));
    m_view.start(context().limits.viewTimeout);
    send(hello);
}

bool WatchStream::wantsTurn() const
{
    switch (m_phase) {
    case Phase::AwaitingView:
        return false;
    case Phase::Live:
        return m_deltaDue && !isClosing();
    default:
        return !isClosing();
    }
}

qsizetype WatchStream::turn(qsizetype budget)
{
    if (!wantsTurn() || !canSend())
        return 0;
    budget = std::min(budget, context().limits.rowsPerFrame);
    return m_phase == Phase::Live ? deltaTurn(budget) : snapshotTurn(budget);
}

void WatchStream::beginSnapshot()
{
    const WatchTables &tables = context().tables;
    m_snapshot = tables.version();
    m_connections = 0;
    m_tokens = 0;
    m_phase = Phase::Connections;
    send({{"t"_L1, u"snap.begin"_s},
          {"rv"_L1, qint64(m_rv)},
          {"connections"_L1, tables.connectionCount()},
          {"tokens"_L1, tables.tokenCount()}});
}

template <typename Row>
qsizetype WatchStream::sendSnapshotRows(const TableChanges<Row> &changes, const char *table)
{
    if (!changes.updated.isEmpty()) {
        sendText(uR"({"t":"snap.rows","table":"%1","rows":)"_s.arg(QLatin1StringView(table)) + rowsText(changes.updated) + u'}');
    }
    // Removals count too, because looking at them costs time; and 0 would read as "stalled".
    return std::max<qsizetype>(changes.updated.size() + changes.removed.size(), 1);
}

qsizetype WatchStream::snapshotTurn(qsizetype budget)
{
    if (m_phase == Phase::SnapshotDue)
        beginSnapshot();
    // A snapshot of version 0 is that of empty tables, and 0 would mean "no end" below.
    const bool empty = m_snapshot == 0;
    if (m_phase == Phase::Connections && !empty) {
        const auto changes = context().tables.connectionChanges(m_connections, budget, m_snapshot);
        m_connections = changes.cursor;
        if (!changes.more)
            m_phase = Phase::Tokens;
        return sendSnapshotRows(changes, "connections");
    }
    if (!empty) {
        const auto changes = context().tables.tokenChanges(m_tokens, budget, m_snapshot);
        m_tokens = changes.cursor;
        const qsizetype used = sendSnapshotRows(changes, "tokens");
        if (changes.more)
            return used;
    }
    send({{"t"_L1, u"snap.end"_s}, {"rv"_L1, qint64(m_rv)}});
    m_phase = Phase::Live;
    m_deltaDue = false;
    m_delta.start(m_rate);
    return 1;
}

template <typename Row>
qsizetype WatchStream::sendDelta(const TableChanges<Row> &changes, const char *table, quint64 &cursor)
{
    cursor = changes.cursor;
    if (changes.updated.isEmpty() && changes.removed.isEmpty())
        return 0;
    const QString head = uR"({"t":"delta","rv":%1,"table":"%2","upd":)"_s.arg(++m_rv).arg(QLatin1StringView(table));
    sendText(head + rowsText(changes.updated) + uR"(,"del":)"_s + idsText(changes.removed) + u'}');
    return changes.updated.size() + changes.removed.size();
}

qsizetype WatchStream::deltaTurn(qsizetype budget)
{
    const auto connections = context().tables.connectionChanges(m_connections, budget, m_deltaUntil);
    if (connections.lost) {
        reset(u"behind"_s);
        return 1;
    }
    qsizetype used = sendDelta(connections, "connections", m_connections);
    if (connections.more || used >= budget)
        return used;
    const auto tokens = context().tables.tokenChanges(m_tokens, budget - used, m_deltaUntil);
    if (tokens.lost) {
        reset(u"behind"_s);
        return used + 1;
    }
    used += sendDelta(tokens, "tokens", m_tokens);
    if (!tokens.more) {
        m_deltaDue = false;
        m_delta.start(m_rate);
    }
    return used;
}

void WatchStream::reset(const QString &reason)
{
    send({{"t"_L1, u"reset"_s}, {"reason"_L1, reason}});
    m_phase = Phase::SnapshotDue;
}

void WatchStream::sent()
{
    m_mark.start(context().limits.markEvery);
}

void WatchStream::sendMark()
{
    if (isClosing())
        return;
    if (!canSend()) {
        m_mark.start(context().limits.markEvery);
        return;
    }
    QJsonObject mark{{"t"_L1, u"mark"_s},
                     {"rv"_L1, qint64(m_rv)},
                     {"server_time"_L1, milliseconds(context().clock.wallNow())},
                     {"events"_L1, qint64(context().audit.newest())}};
    if (context().canary)
        mark.insert("canary_ms"_L1, qint64(context().canary->count()));
    send(mark);
}

void WatchStream::receive(const QString &text)
{
    const Result<WatchMessage::Any> message = WatchMessage::parseWatch(text);
    if (!message) {
        violate(message.error());
        return;
    }
    if (const auto *view = std::get_if<WatchMessage::View>(&*message)) {
        m_rate = view->rate;
        if (m_phase == Phase::AwaitingView) {
            m_view.cancel();
            m_phase = Phase::SnapshotDue;
            Q_EMIT turnWanted();
        }
    } else if (const auto *request = std::get_if<WatchMessage::Disconnect>(&*message)) {
        onDisconnect(*request);
    } else if (const auto *refresh = std::get_if<WatchMessage::Refresh>(&*message)) {
        renew(*refresh);
    } else if (const auto *ping = std::get_if<WatchMessage::Ping>(&*message)) {
        send({{"t"_L1, u"pong"_s},
              {"n"_L1, ping->number},
              {"server_time"_L1, milliseconds(context().clock.wallNow())},
              {"events"_L1, qint64(context().audit.newest())}});
    }
}

QJsonObject WatchStream::renewed(const QJsonObject &fields) const
{
    QJsonObject json = fields;
    json.insert("t"_L1, u"auth.ok"_s);
    json.insert("scope"_L1, QJsonArray::fromStringList(identity().scopes));
    return json;
}

QJsonObject WatchStream::notRenewed(const QJsonObject &fields) const
{
    QJsonObject json = fields;
    json.insert("t"_L1, u"auth.fail"_s);
    return json;
}

QString WatchStream::neededScope() const
{
    return u"gw:read"_s;
}

void WatchStream::refuse(const WatchMessage::Disconnect &request, const QString &reason)
{
    send({{"t"_L1, u"result"_s},
          {"req"_L1, request.request},
          {"ok"_L1, false},
          {"matched"_L1, 0},
          {"done"_L1, QJsonArray()},
          {"gone"_L1, QJsonArray()},
          {"error"_L1, reason}});
}

// Several events where one could not name all whom it concerns.
Result<void> WatchStream::auditDisconnect(const WatchMessage::Disconnect &request, const QString &refusal)
{
    constexpr qsizetype kMostInOne = 100;
    for (qsizetype from = 0; from < request.connections.size(); from += kMostInOne) {
        const Result<void> done = auditDisconnectOf(request.connections.mid(from, kMostInOne), request, refusal);
        if (!done)
            return done;
    }
    return {};
}

Result<void> WatchStream::auditDisconnectOf(const QStringList &connections, const WatchMessage::Disconnect &request,
                                            const QString &refusal)
{
    const Identity &by = identity();
    AuditEntry entry;
    entry.type = u"admin.disconnect"_s;
    entry.subject = connections.size() == 1 ? connections.first() : QString();
    entry.severity = refusal.isEmpty() ? 2 : 3;
    entry.outcome = refusal.isEmpty() ? u"success"_s : u"denied"_s;
    entry.reasonCode = refusal.isEmpty() ? u"operator_request"_s : refusal;
    entry.message = refusal.isEmpty()
        ? u"%1 ends %2 connection(s) with %3: %4"_s.arg(by.name, QString::number(request.connections.size()),
                                                        QString::number(request.code), request.reason)
        : u"%1 was not allowed to end %2 connection(s)."_s.arg(by.name, QString::number(request.connections.size()));
    QJsonObject actor{{"type"_L1, u"operator"_s}, {"sub"_L1, by.subject}, {"name"_L1, by.name}};
    actor.insert("iss"_L1, by.issuer);
    actor.insert("client_id"_L1, by.clientId);
    if (!by.acr.isEmpty())
        actor.insert("acr"_L1, by.acr);
    QJsonObject target{{"kind"_L1, u"connection"_s}};
    if (connections.size() == 1)
        target.insert("id"_L1, connections.first());
    else
        target.insert("ids"_L1, QJsonArray::fromStringList(connections));
    entry.data = {{"actor"_L1, actor},
                  {"initiator"_L1, u"admin"_s},
                  {"target"_L1, target},
                  {"ws"_L1, QJsonObject{{"close_code"_L1, request.code}}},
                  {"admin"_L1, QJsonObject{{"request_id"_L1, request.request}, {"justification"_L1, request.reason}}}};
    const Result<AuditEvent> event = context().audit.append(entry);
    return event ? Result<void>::ok() : Result<void>(event.error());
}

void WatchStream::onDisconnect(const WatchMessage::Disconnect &request)
{
    if (!identity().hasScope(u"gw:kick"_s)) {
        if (request.invalid.isEmpty())
            (void)auditDisconnect(request, u"insufficient_scope"_s);
        refuse(request, u"insufficient_scope"_s);
        return;
    }
    if (!request.invalid.isEmpty()) {
        refuse(request, request.invalid);
        return;
    }
    // Before the act: an action that cannot be proved later must not happen.
    if (!auditDisconnect(request, {})) {
        refuse(request, u"audit_unavailable"_s);
        return;
    }
    const DisconnectOutcome outcome =
        context().control.disconnectConnections(request.connections, request.code, request.reason, request.after, identity());
    send({{"t"_L1, u"result"_s},
          {"req"_L1, request.request},
          {"ok"_L1, true},
          {"matched"_L1, outcome.done.size()},
          {"done"_L1, QJsonArray::fromStringList(outcome.done)},
          {"gone"_L1, QJsonArray::fromStringList(outcome.gone)}});
}

} // namespace Watchword::Gateway
