// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueraudit.h"
#include "issuer/sessionbook.h"
#include "watchword/core/clock.h"
#include "watchword/core/watchrows.h"

#include <QObject>

namespace Watchword::Gateway {

/*!
    The life of sessions: what ends one is stored, recorded, and told to whoever holds connections or shows tokens.

    Threads: one. Ownership: owns the book, borrows the rest.
*/
class IssuerSessions : public QObject
{
    Q_OBJECT

public:
    IssuerSessions(IssuerAudit &audit, Clock &clock, QString node);

    Result<void> open(const QString &file) { return m_book.open(file); }
    const SessionBook &book() const { return m_book; }
    QList<SessionRecord> openSessionsOf(const QString &subject) const;

    //! Stores \a session; tell announceTokens() when its tokens went out.
    Result<void> keep(const SessionRecord &session) { return m_book.put(session); }
    struct Issued
    {
        SessionRecord session;
        WallTime at{};
        WallTime accessExpires{};
        QString previousAccess; //!< Ids of what it replaces; empty: nothing.
        QString previousRefresh;
        bool hasRefresh = false;
    };
    void announceTokens(const Issued &issued);

    struct Ending
    {
        QString reason; //!< Word of the event.
        QString end; //!< As TokenRow has it.
        QString initiator;
    };
    //! Ends it with all its tokens; returns how many refresh tokens that were still good went with it. 0 also for one that is
    //! unknown or ended already, and when that cannot be stored: then nothing was ended.
    int end(const QString &sessionId, const Ending &ending);
    //! Who is not in \a directory any more, is locked there, or has another password than at the sign-in, has no session.
    void endWhatIsUnfounded(const IssuerDirectory &directory);
    Result<void> revokeToken(const QString &tokenId, WallTime expires); //!< One access token; the session goes on.
    void upkeep(); //!< Forgets what can matter no more.

Q_SIGNALS:
    void tokenIssued(const Watchword::TokenRow &token);
    void tokenEnded(const QString &id, const QString &end);
    void sessionRevoked(const QString &sessionId);

private:
    SessionBook m_book;
    IssuerAudit &m_audit;
    Clock &m_clock;
    const QString m_node;
};

} // namespace Watchword::Gateway
