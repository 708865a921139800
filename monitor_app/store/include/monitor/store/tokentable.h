// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QString>

#include <vector>

namespace Monitor {

/*! A token's life. Times are ms since the epoch, 0 when not known. */
struct TokenInterval
{
    enum class Kind : quint8 { Access, Refresh };
    enum class End : quint8 { None, Replaced, Expired, Revoked, SignedOut, Reused };
    QString id;
    QString previous;
    QString family;
    qint64 issued = 0;
    qint64 notBefore = 0;
    qint64 expires = 0;
    qint64 refreshAt = 0;
    qint64 ended = 0;
    quint32 lane = 0;
    quint32 failures = 0;
    Kind kind = Kind::Access;
    End end = End::None;

    qint64 start() const { return notBefore > issued ? notBefore : issued; }
};

/*! A row of the token table as it comes from the wire. */
struct TokenEntry
{
    QString id, session, subject, user, client, node, kind, end, previous, family;
    qint64 issued = 0, notBefore = 0, expires = 0, refreshAt = 0, ended = 0;
    int failures = 0;
};

/*! The tokens of one session, by start. */
struct TokenLane
{
    QString session;
    QString user;
    QString client;
    QString node;
    std::vector<quint32> access; //!< Indexes for TokenTable::token(), sorted by issued.
    std::vector<quint32> refresh;
    quint32 failures = 0; //!< Of the newest access token.
};

/*!
    All tokens, a chain per session. Lane numbers and token indexes are stable while the lane or token is in the table.
    Threads: the one it is used in.
*/
class TokenTable
{
public:
    void upsert(const TokenEntry &row);
    bool remove(const QString &id); //!< False if unknown.
    void clear();

    qsizetype size() const { return m_indexOfId.size(); }
    qsizetype laneCount() const { return m_laneOfSession.size(); }
    quint32 laneSlots() const { return quint32(m_lanes.size()); } //!< Highest lane + 1; empty lanes have no session.
    const TokenLane &lane(quint32 lane) const { return m_lanes[lane]; }
    const TokenInterval &token(quint32 index) const { return m_tokens[index]; }
    static constexpr quint32 none() { return ~quint32(0); }
    quint32 laneOf(const QString &session) const { return m_laneOfSession.value(session, none()); }
    quint32 indexOf(const QString &id) const { return m_indexOfId.value(id, none()); }
    //! Newest access token of a lane, or none().
    quint32 current(quint32 lane) const;
    quint64 structureVersion() const { return m_structure; } //!< Grows when lanes come or go.
    quint64 version() const { return m_changes; } //!< Grows with each change.
    //! First position in a chain whose token may reach into [from, ...).
    qsizetype firstReaching(const std::vector<quint32> &chain, qint64 from) const;

private:
    quint32 takeLane(const TokenEntry &row);
    void insertSorted(std::vector<quint32> &chain, quint32 index);

    std::vector<TokenInterval> m_tokens;
    std::vector<TokenLane> m_lanes;
    std::vector<quint32> m_freeTokens;
    std::vector<quint32> m_freeLanes;
    QHash<QString, quint32> m_indexOfId;
    QHash<QString, quint32> m_laneOfSession;
    quint64 m_structure = 0;
    quint64 m_changes = 0;
};

} // namespace Monitor
