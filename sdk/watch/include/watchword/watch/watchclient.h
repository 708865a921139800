// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/watch/checkpointwitness.h"
#include "watchword/watch/watchtypes.h"

#include <QByteArray>
#include <QDateTime>
#include <QFuture>
#include <QObject>

#include <memory>

namespace Watchword {

class TokenProvider;

/*!
    Mirrors the live connections and tokens of a gateway and follows its audit log (protocol.md sections 5 and 6).

        Idle --start()--> Loading --snapshot complete--> Live
                            ^                             |
                            |  (back)                     | stream lost
                            +------- Reconnecting <-------+
        anything that a retry cannot help --> Lost;  stop() --> Idle

    The tables keep their last rows while the client reconnects: they are old then, not gone. The snapshot after a
    reconnect is laid over them, and what is not in it is removed at its end, so that after every "Live" the mirror is
    exactly the gateway's table. The audit resumes behind the last event received: every event is emitted once and in
    order; what the gateway no longer has is named by auditGap(), never left out silently.

    The token is asked for at every attempt and renewed on the live connection before it ends, and when the provider has a
    newer one. One that is bound to a key (RFC 9449) goes with a new proof each time. If the key is another one than that of
    the live connection, the streams begin anew.

    Threads:   lives in one thread with an event loop; calls and signals there. Every slot may be called from inside a
               signal; delete it there by deleteLater() only.
    Ownership: borrows \a tokens, which must outlive it.
    Errors:    those that are retried are in lastError(); the end is state Lost. Garbage from the gateway closes the
               stream and counts as a failed attempt. A renewal of the watch stream that fails is in lastError() too, while
               the token of before still holds.
    Destruction finishes pending actions with ErrorCode::Cancelled and emits nothing.
*/
class WATCHWORD_WATCH_EXPORT WatchClient : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(AuditState auditState READ auditState NOTIFY auditStateChanged FINAL)
    Q_PROPERTY(Watchword::Error lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(QDateTime disconnectedSince READ disconnectedSince NOTIFY stateChanged FINAL)
    Q_PROPERTY(QDateTime nextRetryAt READ nextRetryAt NOTIFY nextRetryAtChanged FINAL)
    Q_PROPERTY(qint64 rttMs READ rttMs NOTIFY serverChanged FINAL)

public:
    enum class State {
        Idle,
        Loading, //!< Connecting for the first time, or the snapshot arrives; see progress().
        Live,
        Reconnecting, //!< Was live; see disconnectedSince() and nextRetryAt().
        Lost //!< Ended; see lastError(). Only start() leaves it.
    };
    Q_ENUM(State)

    enum class AuditState {
        Off, //!< Not asked for, or not started.
        CatchingUp, //!< Connecting or replaying.
        Live, //!< Everything up to the gateway's newest event was received.
        Reconnecting,
        Denied, //!< The token lacks gw:audit; the tables go on without it.
        Lost
    };
    Q_ENUM(AuditState)

    explicit WatchClient(TokenProvider *tokens, WatchOptions options, QObject *parent = nullptr);
    ~WatchClient() override;

    const WatchOptions &options() const;
    //! WrongState unless Idle or Lost.
    Result<void> setOptions(WatchOptions options);

    State state() const;
    AuditState auditState() const;
    Error lastError() const; //!< Code Cancelled while there was none.
    QDateTime disconnectedSince() const; //!< UTC; invalid unless Reconnecting or Lost.
    QDateTime nextRetryAt() const; //!< UTC; invalid unless an attempt is scheduled.
    WatchProgress progress() const;
    WatchServer server() const;
    qint64 rttMs() const; //!< Of the last heartbeat; -1 if unknown.
    bool canDisconnect() const; //!< Live, and the token has gw:kick.

    QList<ConnectionRow> connections() const; //!< The mirror, in no particular order; empty without options().mirror.
    QList<TokenRow> tokens() const;
    std::optional<ConnectionRow> connection(const QString &id) const;
    std::optional<TokenRow> token(const QString &id) const;
    qsizetype connectionCount() const; //!< Also without a mirror.
    qsizetype tokenCount() const;

    QString auditCursor() const; //!< "<epoch>.<sequence>" of the last event received; for WatchOptions::auditAfter.
    quint64 auditReceivedCount() const;

    /*!
        Ends \a ids (1 to 1000) with close code 4411 (may return after \a after), 4403 (may not) or 4410 (its session is
        revoked too). \a reason goes into the audit and must not be empty.

        Fails with WrongState unless Live, InvalidArgument, Forbidden without gw:kick, StorageFailed if the gateway
        cannot write its audit (nothing was done then), ConnectionLost if the stream dropped before the answer (it may
        have been done), Timeout after 30 s, Cancelled.
    */
    [[nodiscard]] QFuture<Result<ActionOutcome>> disconnectConnections(const QStringList &ids, int code,
                                                                       std::chrono::milliseconds after, const QString &reason);
    QString explain() const; //!< The attempts of both streams as text for a support bundle; redacted.

public Q_SLOTS:
    void start(); //!< No effect unless Idle or Lost. Throws the tables away: connectionsReset() and tokensReset().
    void stop(); //!< The tables stay for reading. No effect when Idle.
    //! Asks for the newest signed checkpoint of the log, with the proof that it goes on from that of \a seen events (0: no
    //! proof); checkpointReceived() follows. No effect unless the audit is received. Gateways before 0.2 do not answer.
    void requestCheckpoint(quint64 seen);
    void retryNow(); //!< Ends the wait for the next attempt. No effect unless one is scheduled.

Q_SIGNALS:
    void stateChanged(Watchword::WatchClient::State state);
    void auditStateChanged(Watchword::WatchClient::AuditState state);
    void lastErrorChanged();
    void nextRetryAtChanged();
    void progressChanged(const Watchword::WatchProgress &progress);
    void serverChanged();

    void connectionsReset(); //!< The table is empty now.
    //! \a updated are whole rows, new ones among them; \a removed are ids. A snapshot comes in several of these.
    void connectionsChanged(const QList<Watchword::ConnectionRow> &updated, const QStringList &removed);
    void tokensReset();
    void tokensChanged(const QList<Watchword::TokenRow> &updated, const QStringList &removed);
    //! A snapshot is complete and the mirror is exact.
    void snapshotCompleted();

    //! CloudEvents JSON, one event a line, without line ends, in order and each once.
    void auditReceived(const QList<QByteArray> &lines);
    //! The gateway no longer has the events \a from to \a to; they were never received here.
    void auditGap(quint64 from, quint64 to);
    //! The gateway's log was started anew; sequences start again and the chain with them.
    void auditEpochChanged(const QString &epoch);
    //! The answer to requestCheckpoint(); give it to an CheckpointWitness.
    void checkpointReceived(const Watchword::AuditCheckpoint &checkpoint);
    void auditMarked(quint64 newest); //!< Sent when idle: the newest event that exists.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
