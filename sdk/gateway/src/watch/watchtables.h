// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"
#include "watchword/core/watchrows.h"

#include <QObject>

#include <functional>
#include <memory>

namespace Watchword::Gateway {

//! What changed in one table behind a cursor, in the order of the changes; see WatchTables::connectionChanges().
template <typename Row>
struct TableChanges
{
    QList<Row> updated;
    QStringList removed;
    quint64 cursor = 0; //!< Pass it to the next call.
    bool more = false; //!< The limit was reached; there are more.
    bool lost = false; //!< The cursor is so old that removals behind it are forgotten: throw away and start from 0.
};

/*!
    The truth that monitors mirror: the live connections and the tokens of this gateway.

    The gate and the issuer write; the watch service reads. Each change moves its row to the end of one order, so a
    reader needs nothing but a cursor: no reader, however slow, makes the tables keep more. A row that changes a
    hundred times between two reads is read once, with its last state. Writing costs O(log n), and O(1) when nobody has
    read the row since its last change.

    Without being told, the tables do what only needs a clock: an open connection becomes Expiring in the last fifth of
    its token's life (the last 30 s where iat is not known) and Open again when its exp moves, a token ends as Expired at
    its exp, closed connections leave after 60 s, ended tokens after 30 min or when there are more than 20,000 of them.
    Failing is set, and taken back, by the writer.

    Threads: the one it lives in. Ownership: borrows the clock, which must outlive it.
*/
class WATCHWORD_TEST_EXPORT WatchTables : public QObject
{
    Q_OBJECT

public:
    static constexpr Duration kClosedStays = std::chrono::seconds(60);
    static constexpr Duration kEndedStays = std::chrono::minutes(30);
    static constexpr qsizetype kMostEndedTokens = 20'000;
    static constexpr qsizetype kMostRemovals = 50'000; //!< Remembered removals; see TableChanges::lost.

    explicit WatchTables(Clock &clock, QObject *parent = nullptr);
    ~WatchTables() override;

    //! Adds or replaces the row with row.id; without an id nothing happens. Long texts of the client are cut.
    void putConnection(const ConnectionRow &row);
    //! Lets \a change edit the row (not its id); false if there is none. Cheap enough for every message.
    bool updateConnection(const QString &id, const std::function<void(ConnectionRow &)> &change);
    //! The connection ended; 4410 makes it Revoked, every other code Closed. False if there is none or it had ended.
    bool closeConnection(const QString &id, int code, const QString &reason, WallTime at);

    void putToken(const TokenRow &row);
    bool updateToken(const QString &id, const std::function<void(TokenRow &)> &change);
    //! False if there is none or it had ended: the first end is the true one.
    bool endToken(const QString &id, TokenEnd end, WallTime at);
    //! Ends every token of the session that has not ended; returns how many.
    int endTokensOfSession(const QString &sid, TokenEnd end, WallTime at);

    std::optional<ConnectionRow> connection(const QString &id) const;
    std::optional<TokenRow> token(const QString &id) const;
    QStringList openConnectionsOfSession(const QString &sid) const;
    QList<ConnectionRow> connections() const; //!< In no particular order; for tests and for small gateways.
    QList<TokenRow> tokens() const;
    qsizetype connectionCount() const; //!< Closed ones that are still in the table included.
    qsizetype openConnectionCount() const;
    qsizetype tokenCount() const;

    //! The number of the newest change of either table. A read that starts at 0 and goes on to here is a snapshot.
    quint64 version() const;
    //! At most \a limit changes behind \a cursor and up to \a until (0: all). An id is in one of the two lists only.
    TableChanges<ConnectionRow> connectionChanges(quint64 cursor, qsizetype limit, quint64 until = 0) const;
    TableChanges<TokenRow> tokenChanges(quint64 cursor, qsizetype limit, quint64 until = 0) const;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
