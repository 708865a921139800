// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuersessions.h"

#include "watchword/core/log.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

TokenRow tokenRowOf(const SessionRecord &session, const QString &node, TokenKind kind)
{
    TokenRow row;
    row.sid = session.id;
    row.sub = session.subject;
    row.name = session.name;
    row.client = session.clientId;
    row.node = node;
    row.kind = kind;
    row.family = session.id;
    return row;
}

} // namespace

IssuerSessions::IssuerSessions(IssuerAudit &audit, Clock &clock, QString node)
    : m_audit(audit)
    , m_clock(clock)
    , m_node(std::move(node))
{
}

QList<SessionRecord> IssuerSessions::openSessionsOf(const QString &subject) const
{
    const WallTime now = m_clock.wallNow();
    QList<SessionRecord> found = m_book.sessions();
    found.removeIf(
        [&](const SessionRecord &session) { return session.subject != subject || session.ended || session.isOver(now); });
    return found;
}

void IssuerSessions::announceTokens(const Issued &issued)
{
    const auto announce = [this](const TokenRow &row) {
        if (!row.prev.isEmpty())
            Q_EMIT tokenEnded(row.prev, u"replaced"_s);
        Q_EMIT tokenIssued(row);
    };
    TokenRow access = tokenRowOf(issued.session, m_node, TokenKind::Access);
    access.id = issued.session.accessId;
    access.issued = issued.at;
    access.exp = issued.accessExpires;
    access.prev = issued.previousAccess;
    announce(access);
    if (!issued.hasRefresh)
        return;
    TokenRow refresh = tokenRowOf(issued.session, m_node, TokenKind::Refresh);
    refresh.id = SessionBook::refreshTokenId(issued.session.refreshHash);
    refresh.issued = issued.at;
    refresh.exp = issued.session.refreshExpires;
    refresh.prev = issued.previousRefresh;
    announce(refresh);
}

int IssuerSessions::end(const QString &sessionId, const Ending &ending)
{
    std::optional<SessionRecord> session = m_book.find(sessionId);
    if (!session || session->ended)
        return 0;
    const WallTime now = m_clock.wallNow();
    session->ended = now;
    session->endReason = ending.reason;
    if (const Result<void> stored = m_book.put(*session); !stored) {
        // Only a change that survives a restart counts as one; the caller sees that nothing was ended.
        qCWarning(logGateway).noquote() << "a session was not ended:" << stored.error().toString();
        return 0;
    }
    const bool hadRefresh = !session->familyHash.isEmpty() && session->refreshExpires > now;
    m_audit.record({.type = u"session.revoked"_s,
                    .subject = session->id,
                    .severity = 2,
                    .outcome = u"success"_s,
                    .reasonCode = ending.reason,
                    .message = u"The session of %1 was ended: %2."_s.arg(session->name, ending.reason),
                    .data = {{"actor"_L1, m_audit.actor(session->subject, session->name, session->clientId)},
                             {"initiator"_L1, ending.initiator},
                             {"session"_L1, IssuerAudit::session(*session)}}});
    if (hadRefresh)
        Q_EMIT tokenEnded(SessionBook::refreshTokenId(session->refreshHash), ending.end);
    if (session->accessExpires > now)
        Q_EMIT tokenEnded(session->accessId, ending.end == "reused"_L1 ? u"revoked"_s : ending.end);
    Q_EMIT sessionRevoked(session->id);
    return hadRefresh ? 1 : 0;
}

void IssuerSessions::endWhatIsUnfounded(const IssuerDirectory &directory)
{
    const QList<SessionRecord> sessions = m_book.sessions();
    for (const SessionRecord &session : sessions) {
        const std::optional<IssuerUser> person = directory.user(session.name);
        QString reason;
        if (!person || person->subject != session.subject)
            reason = u"user_removed"_s;
        else if (person->isLocked)
            reason = u"user_locked"_s;
        else if (person->passwordChanged && session.authTime < *person->passwordChanged)
            reason = u"password_changed"_s;
        if (!session.ended && !reason.isEmpty())
            end(session.id, {reason, u"revoked"_s, u"policy"_s});
    }
}

Result<void> IssuerSessions::revokeToken(const QString &tokenId, WallTime expires)
{
    const Result<void> stored = m_book.revokeToken(tokenId, expires);
    if (stored)
        Q_EMIT tokenEnded(tokenId, u"revoked"_s);
    return stored;
}

void IssuerSessions::upkeep()
{
    const QList<SessionRecord> expired = m_book.forget(m_clock.wallNow());
    for (const SessionRecord &session : expired)
        Q_EMIT tokenEnded(SessionBook::refreshTokenId(session.refreshHash), u"expired"_s);
}

} // namespace Watchword::Gateway
