// SPDX-License-Identifier: Apache-2.0
#include "endpoint/peerrecord.h"

#include "audit/auditlog.h"
#include "watch/watchtables.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

PeerRecord::PeerRecord(const QString &id, const Admission &admission, const Identity &identity, PeerServices &services)
    : m_id(id)
    , m_admission(admission)
    , m_identity(identity)
    , m_services(services)
{
}

void PeerRecord::begin(const QString &subprotocol)
{
    ++m_services.metrics.opened;
    ConnectionRow row;
    row.id = m_id;
    row.sub = m_identity.subject;
    row.name = m_identity.name;
    row.client = m_identity.clientId;
    row.ip = m_admission.peer.address.toString();
    row.port = m_admission.peer.port;
    row.node = m_services.node;
    row.path = m_admission.target->path;
    row.origin = m_admission.origin;
    row.ua = m_admission.userAgent;
    row.tls = m_admission.tlsProtocol;
    row.cipher = m_admission.cipher;
    row.opened = m_admission.at;
    fillTokenOf(row);
    m_services.tables.putConnection(row);
    putTokenRow({});
    QJsonObject http{{u"path"_s, m_admission.target->path}, {u"status"_s, 101}};
    if (!m_admission.origin.isEmpty())
        http.insert("origin"_L1, m_admission.origin);
    if (!subprotocol.isEmpty())
        http.insert("subprotocol"_L1, subprotocol);
    audit(u"conn.opened"_s, 1, u"success"_s, u"accepted"_s, u"%1 connected to %2."_s.arg(who(), m_admission.target->path),
          {{u"http"_s, http}});
}

void PeerRecord::end(int code, const QString &reason)
{
    m_services.tables.closeConnection(m_id, code, reason, m_services.clock.wallNow());
    ++m_services.metrics.closed[code];
}

void PeerRecord::messageReceived(qint64 bytes)
{
    ++m_messagesIn;
    m_bytesIn += quint64(bytes);
    ++m_services.metrics.messagesIn;
    m_services.metrics.bytesIn += quint64(bytes);
}

void PeerRecord::messageSent(qint64 bytes)
{
    ++m_messagesOut;
    m_bytesOut += quint64(bytes);
    ++m_services.metrics.messagesOut;
    m_services.metrics.bytesOut += quint64(bytes);
}

void PeerRecord::controlSent(qint64 bytes)
{
    m_bytesOut += quint64(bytes);
}

void PeerRecord::takeRelayed(const ClientSocket::Relayed &total)
{
    const ClientSocket::Relayed last = std::exchange(m_relayed, total);
    const ClientSocket::Relayed news{total.messagesIn - last.messagesIn, total.messagesOut - last.messagesOut,
                                     total.bytesIn - last.bytesIn, total.bytesOut - last.bytesOut};
    m_messagesIn += news.messagesIn;
    m_messagesOut += news.messagesOut;
    m_bytesIn += news.bytesIn;
    m_bytesOut += news.bytesOut;
    m_services.metrics.messagesIn += news.messagesIn;
    m_services.metrics.messagesOut += news.messagesOut;
    m_services.metrics.bytesIn += news.bytesIn;
    m_services.metrics.bytesOut += news.bytesOut;
}

void PeerRecord::fillTokenOf(ConnectionRow &row) const
{
    row.sid = m_identity.sessionId;
    row.token = m_identity.tokenId;
    row.exp = m_identity.expiresAt;
    row.iat = m_identity.issuedAt;
    row.scope = m_identity.scopes;
}

void PeerRecord::putTokenRow(const QString &previous)
{
    const WallTime issued = m_identity.issuedAt.value_or(m_admission.at);
    std::optional<WallTime> refreshAt;
    if (m_identity.expiresAt)
        refreshAt = issued + (*m_identity.expiresAt - issued) * 4 / 5;
    // The embedded issuer has put its own row, and knows more.
    if (m_services.tables.updateToken(m_identity.tokenId, [&refreshAt](TokenRow &row) { row.refreshAt = refreshAt; }))
        return;
    TokenRow row;
    row.id = m_identity.tokenId;
    row.sid = m_identity.sessionId;
    row.sub = m_identity.subject;
    row.name = m_identity.name;
    row.client = m_identity.clientId;
    row.node = m_services.node;
    row.issued = issued;
    row.exp = m_identity.expiresAt;
    row.refreshAt = refreshAt;
    row.prev = previous;
    m_services.tables.putToken(row);
}

void PeerRecord::updateRow(const ClientSocket &socket)
{
    m_rowBytes = socket.receivedBytes();
    m_services.tables.updateConnection(m_id, [this, &socket](ConnectionRow &row) {
        row.msgsIn = m_messagesIn;
        row.msgsOut = m_messagesOut;
        row.bytesIn = m_bytesIn;
        row.bytesOut = m_bytesOut;
        row.queue = quint64(std::max<qint64>(0, socket.queuedBytes()));
        row.rtt = socket.roundTrip();
        row.renewals = m_renewals;
        row.renewFailed = m_renewalsFailed;
        row.lastIn = m_services.clock.wallNow() - socket.idleTime();
    });
}

void PeerRecord::renewed(const QString &previousToken)
{
    const bool isOther = previousToken != m_identity.tokenId;
    ++m_renewals;
    ++m_services.metrics.renewed;
    putTokenRow(isOther ? previousToken : QString());
    if (isOther)
        m_services.tables.endToken(previousToken, TokenEnd::Replaced, m_services.clock.wallNow());
    m_services.tables.updateConnection(m_id, [this](ConnectionRow &row) {
        row.state = ConnectionState::Open;
        fillTokenOf(row);
        row.renewals = m_renewals;
    });
    audit(u"token.refreshed"_s, 1, u"success"_s, u"renewed"_s,
          u"%1 renewed the connection to %2 with a new token."_s.arg(who(), m_admission.target->path));
}

void PeerRecord::renewalFailed()
{
    ++m_renewalsFailed;
    ++m_services.metrics.renewalsFailed;
    m_services.tables.updateConnection(m_id, [this](ConnectionRow &row) {
        row.state = ConnectionState::Failing;
        row.renewFailed = m_renewalsFailed;
    });
    m_services.tables.updateToken(m_identity.tokenId, [](TokenRow &row) { ++row.failures; });
}

void PeerRecord::tokenExpired()
{
    m_services.tables.endToken(m_identity.tokenId, TokenEnd::Expired, m_services.clock.wallNow());
}

void PeerRecord::audit(const QString &type, int severity, const QString &outcome, const QString &reason, const QString &message,
                       const QJsonObject &data) const
{
    const AuditEntry entry = entryOf(type, severity, outcome, reason, message, data);
    // What a client can repeat as often as it likes.
    if (type == "token.refresh_failed"_L1)
        m_services.audit.postLimited(entry, m_admission.peer.address);
    else
        m_services.audit.post(entry);
}

QString PeerRecord::auditAndWait(const QString &type, int severity, const QString &outcome, const QString &reason,
                                 const QString &message, const QJsonObject &data) const
{
    const Result<AuditEvent> event = m_services.audit.append(entryOf(type, severity, outcome, reason, message, data));
    return event ? event->id : QString();
}

AuditEntry PeerRecord::entryOf(const QString &type, int severity, const QString &outcome, const QString &reason,
                               const QString &message, const QJsonObject &data) const
{
    AuditEntry entry;
    entry.type = type;
    entry.subject = m_id;
    entry.severity = severity;
    entry.outcome = outcome;
    entry.reasonCode = reason;
    entry.message = message;
    entry.data = data;
    entry.data.insert("actor"_L1, auditActor(m_identity));
    entry.data.insert("session"_L1, QJsonObject{{u"sid"_s, m_identity.sessionId}, {u"conn_id"_s, m_id}});
    entry.data.insert("token"_L1, auditToken(m_identity));
    entry.data.insert("src"_L1, auditSource(m_admission.peer));
    if (!m_admission.userAgent.isEmpty())
        entry.data.insert("ua"_L1, m_admission.userAgent);
    return entry;
}

QString PeerRecord::auditLimit(const QString &limit, qint64 value, qint64 most, Duration after) const
{
    QJsonObject fields{{u"name"_s, limit}, {u"max"_s, most}};
    if (value > 0)
        fields.insert("value"_L1, value);
    if (after.count() > 0)
        fields.insert("retry_after_ms"_L1, qint64(after.count()));
    const QString how = value > 0 ? u", %1 of at most %2"_s.arg(value).arg(most) : u", at most %1"_s.arg(most);
    return auditAndWait(u"limit.hit"_s, 3, u"denied"_s, limit,
                        u"%1 broke the limit %2 of %3%4."_s.arg(who(), limit, m_admission.target->path, how),
                        {{u"limit"_s, fields}, {u"initiator"_s, u"policy"_s}});
}

void PeerRecord::auditSlowed(const RateBreach &breach) const
{
    const QJsonObject fields{
        {u"name"_s, breach.limit}, {u"max"_s, breach.most}, {u"retry_after_ms"_s, qint64(breach.wait.count())}};
    const AuditEntry entry = entryOf(u"limit.hit"_s, 2, u"success"_s, breach.limit,
                                     u"%1 was too fast for the limit %2 of %3, at most %4, and was made to wait."_s.arg(
                                         who(), breach.limit, m_admission.target->path, QString::number(breach.most)),
                                     {{u"limit"_s, fields}, {u"initiator"_s, u"policy"_s}});
    m_services.audit.postLimited(entry, m_admission.peer.address);
}

QString PeerRecord::who() const
{
    const QString person = m_identity.name.isEmpty() ? m_identity.subject : m_identity.name;
    return u"%1 from %2"_s.arg(person, m_admission.peer.address.toString());
}

QJsonObject PeerRecord::traffic() const
{
    return {{u"msgs_in"_s, qint64(m_messagesIn)},
            {u"msgs_out"_s, qint64(m_messagesOut)},
            {u"bytes_in"_s, qint64(m_bytesIn)},
            {u"bytes_out"_s, qint64(m_bytesOut)}};
}

} // namespace Watchword::Gateway
