// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/frame.h"
#include "watchword/core/tokenprovider.h"
#include "watchword/link/attemptrecord.h"
#include "watchword/link/connectionmetrics.h"
#include "watchword/link/connectionoptions.h"
#include "watchword/link/publication.h"

#include <QDateTime>
#include <QFuture>
#include <QObject>

#include <functional>
#include <memory>

namespace Watchword {

struct DeliveryOptions;

/*! The gateway's last words before it closes (protocol.md, "bye"). */
struct Bye
{
    int code = 0;
    QString retry; //!< "retry", "slow", "refresh", "sign_in" or "stop".
    Duration after{};
    QString ref; //!< Id of the audit event; quote it to the operator.
    QString reason;
    QStringList acrValues{}; //!< With 4442: what the next sign-in has to be like (RFC 9470).
    std::optional<std::chrono::seconds> maxAge{};
    std::optional<WallTime> until{}; //!< When what keeps the client out ends, as a lock; it does not come back before.
};

/*!
    Keeps one authenticated WebSocket to a server and opens it again whenever it drops.

        Disconnected --open()--> Connecting --accepted--> Ready --replaced()--> Ready
             ^                    |     ^                  |
             |                    v     | (due, retryNow)  |
             |                   Waiting <--- link lost ---+
             +-- close(), or an end that no retry can help, from anywhere (through Closing when Ready)

    The token is asked for at every attempt, and travels only in the Authorization header. On servers that speak
    watchword.v1 it is renewed on the live connection; on others another connection with the new one takes over in time.
    A refused token is refreshed once; refused again, the connection stops with AuthRequired in closed().
    Every way to a new attempt passes the budget of ConnectionOptions.

    When a Ready connection has to be replaced (its token was renewed and the server takes a new one only at connecting, the
    server announced a planned end, or replace()), the next one is opened while the old one delivers; see
    ConnectionOptions::makeBeforeBreak. Accepted, it takes over: replaced(), then ready(). What you send from then on goes to it,
    behind all that was sent before. The old one still delivers until what is outstanding on it is answered (on servers without
    watchword.v1: until it is silent for a quarter of drainTimeout), at most drainTimeout; what the new one brings
    meanwhile comes after that. Then messages that were not acknowledged go out again and rooms are resumed. On watchword.v1
    nothing comes twice; on other servers what the server itself sends on both connections may. The state is Ready
    throughout. If the next one fails, errorOccurred() and attemptFailed() tell it, the old one stays in use, and it is tried
    again with backoff.

    Threads:   lives in one thread with an event loop; every call and every signal happens there. Every slot may be
               called from inside any signal, and the object may be deleted from inside any signal by deleteLater().
    Ownership: borrows \a tokens, which may be null for servers without authentication, and must outlive this object.
    Errors:    a failure that is retried is reported by errorOccurred() and lastError(); the end by closed(), once.
               TLS errors are never ignored.
    Units:     milliseconds; QDateTime in UTC.
*/
class WATCHWORD_LINK_EXPORT Connection : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(Watchword::Error lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(QDateTime nextRetryAt READ nextRetryAt NOTIFY nextRetryAtChanged FINAL)
    Q_PROPERTY(int secondsToRetry READ secondsToRetry NOTIFY secondsToRetryChanged FINAL)
    Q_PROPERTY(int attempt READ attempt NOTIFY attemptChanged FINAL)
    Q_PROPERTY(qint64 rttMs READ rttMs NOTIFY rttChanged FINAL)
    Q_PROPERTY(bool watchword READ isWatchword NOTIFY negotiatedChanged FINAL)
    Q_PROPERTY(QString selectedSubprotocol READ selectedSubprotocol NOTIFY negotiatedChanged FINAL)
    Q_PROPERTY(QDateTime tokenExpiresAt READ tokenExpiresAt NOTIFY tokenExpiresAtChanged FINAL)
    Q_PROPERTY(qint64 queuedBytes READ queuedBytes NOTIFY queuedBytesChanged FINAL)
    Q_PROPERTY(Watchword::ConnectionMetrics metrics READ metrics NOTIFY metricsChanged FINAL)

public:
    enum class State {
        Disconnected, //!< Idle, or ended; only open() leaves this state.
        Connecting, //!< An attempt runs.
        Ready, //!< The server accepted; messages flow.
        Waiting, //!< The next attempt is scheduled for nextRetryAt().
        Closing //!< close() was called and the last bytes are on their way.
    };
    Q_ENUM(State)

    /*!
        What becomes of a message that cannot go out at once. All but AtLeastOnce arrive at most once.
        Messages of one class keep their order; one class may overtake another.
    */
    enum class Delivery {
        RequireNow, //!< Fails with Offline or QueueFull; deliver() can wait up to DeliveryOptions::deadline.
        DropIfOffline, //!< Dropped, and the call succeeds: for what is worthless when late.
        QueueUntilReady, //!< Held in order up to ConnectionOptions::offlineQueue, then QueueFull.
        LatestOnly, //!< The newest of each DeliveryOptions::key is held, also while the queue is above highWater.
        AtLeastOnce //!< Sent again after every reconnect until the server has acknowledged it; watchword.v1 only.
    };
    Q_ENUM(Delivery)

    explicit Connection(TokenProvider *tokens, ConnectionOptions options, QObject *parent = nullptr);
    //! Closes at once: the server sees 1000 if the network takes that without waiting, else 1006. Pending futures, and those that
    //! their continuations ask for meanwhile, finish with ErrorCode::Cancelled. Emits nothing.
    ~Connection() override;

    const ConnectionOptions &options() const;
    Result<void> setOptions(ConnectionOptions options); //!< WrongState unless Disconnected.

    State state() const;
    Error lastError() const; //!< Code Cancelled while there was none.
    QDateTime nextRetryAt() const; //!< Invalid unless Waiting.
    int secondsToRetry() const; //!< Seconds to nextRetryAt(), the begun one counts; 0 unless Waiting.
    int attempt() const; //!< Attempts of this outage; 0 when stable.
    qint64 rttMs() const; //!< Of the last heartbeat; -1 if unknown.
    bool isWatchword() const; //!< The server chose watchword.v1.
    QString selectedSubprotocol() const;
    QDateTime tokenExpiresAt() const; //!< Of the token that the server holds; invalid if unknown.
    qint64 queuedBytes() const; //!< Accepted and not yet taken by the operating system.
    QList<AttemptRecord> attempts() const; //!< Oldest first.
    ConnectionMetrics metrics() const;
    QString explain() const; //!< attempts() and the state as text for a support bundle; redacted.

    //! The short way: tells whether the message was accepted, and not what became of it; LatestOnly has one key here.
    //! QueueFull above ConnectionOptions::highWater: wait for queueDrained().
    Result<void> sendText(const QString &text, Delivery delivery = Delivery::RequireNow);
    Result<void> sendBinary(const QByteArray &bytes, Delivery delivery = Delivery::RequireNow);
    //! A control frame of the application ("pub", "sub", ...). WrongState on servers without watchword.v1.
    Result<void> sendFrame(const Frame &frame);
    /*!
        The whole way: follows \a message, text if it is valid UTF-8 and else binary, to its end. May be called in any state.

        Succeeds when the message was handed to the operating system's side (AtLeastOnce: was acknowledged;
        DropIfOffline: was dropped). Fails with Offline, QueueFull (above highWater, offlineQueue or unacknowledged),
        MessageTooBig, Timeout (the deadline), Superseded (LatestOnly), and with the final error when the connection
        ends for good. AtLeastOnce also fails with SubprotocolMismatch on servers without watchword.v1 and with
        InvalidArgument for what is not UTF-8; after a failure the message may have arrived all the same.
    */
    QFuture<Result<void>> deliver(const QByteArray &message, const DeliveryOptions &options);
    QFuture<Result<void>> deliver(const QByteArray &message, Delivery delivery = Delivery::AtLeastOnce);
    /*!
        Asks the server (protocol.md, "req") and finishes with its answer. \a payload is UTF-8 text. Asked once: if the
        connection is lost meanwhile, it fails with ConnectionLost and nobody knows whether the server did it. Fails with
        Timeout after \a timeout (zero: ConnectionOptions::requestTimeout), RequestRefused, Offline, QueueFull,
        SubprotocolMismatch on servers without watchword.v1, and Cancelled by close().
    */
    QFuture<Result<QByteArray>> request(const QString &operation, const QByteArray &payload = {}, Duration timeout = {});

    /*!
        Follows a room of a rooms endpoint from now on, or from \a after, over every reconnect: published() comes in the
        server's order, without holes and repetitions, but for what gap() names. Kept until unsubscribe(), also while
        disconnected. Twice: no effect. On servers without watchword.v1 nothing comes.
    */
    Result<void> subscribe(const QString &room, const RoomPosition &after = {});
    void unsubscribe(const QString &room);
    RoomPosition position(const QString &room) const; //!< What was seen last; empty for unknown rooms.
    /*!
        Called after gap() and before the room goes on: fetch its whole state anew and answer with the offset up to which
        that state is complete, or 0. The room waits for the answer; an error is reported and the room goes on. If the
        link drops meanwhile the same gap is found again. Empty: the room goes on at once.
    */
    using SnapshotSource = std::function<QFuture<Result<quint64>>(const Gap &gap)>;
    void setSnapshotSource(SnapshotSource source);

public Q_SLOTS:
    void open(); //!< No effect unless Disconnected. Bad options end in closed() at the next turn of the event loop.
    void close(); //!< No more retries; ends in Disconnected and closed(Cancelled). Twice: no effect.
    //! Ends the wait, as far as the budget and a Retry-After permit. No effect unless Waiting. If there was no token, the token
    //! provider is asked at once; what its own server asked for is its business.
    void retryNow();
    void probe(); //!< Asks for a sign of life now: call it when the network changed. No effect unless Ready.
    //! Opens another connection to the same URL and moves to it, as the same person. No effect unless Ready, without
    //! makeBeforeBreak, or while one is under way.
    void replace();

Q_SIGNALS:
    void stateChanged(Watchword::Connection::State state);
    //! State Ready was entered, or another connection took over: what this server wants to hear first is to be sent now.
    void ready();
    void replaced(); //!< Another connection took over while Ready; ready() follows.
    void textReceived(const QString &text);
    void binaryReceived(const QByteArray &bytes);
    void messageReceived(const QByteArray &message); //!< Text (as UTF-8), binary and acknowledged messages alike.
    void frameReceived(const Watchword::Frame &frame); //!< Control frames that this class does not handle itself.
    void published(const Watchword::Publication &publication); //!< In a room of subscribe().
    void gap(const Watchword::Gap &gap); //!< What is named will not come; before anything behind it.
    void roomLive(const QString &room); //!< The room caught up: what comes now is new. After every reconnect.
    void byeReceived(const Watchword::Bye &bye);
    void errorOccurred(const Watchword::Error &error); //!< An attempt or a connection failed, or a renewal.
    //! All facts, once for each attempt or connection that failed, when it is known what happens next.
    void attemptFailed(const Watchword::ConnectError &failure);
    void closed(const Watchword::Error &reason); //!< The end: no try will follow. Cancelled after close().
    void authenticationRequired(const Watchword::Error &reason); //!< Just before closed(), if only a person can help.
    void tokenRenewed(); //!< The server accepted a new token on the live connection.
    void queueDrained(); //!< After QueueFull: there is room again.
    void lastErrorChanged();
    void nextRetryAtChanged();
    void secondsToRetryChanged(); //!< Once a second while Waiting.
    void attemptChanged();
    void rttChanged();
    void negotiatedChanged();
    void tokenExpiresAtChanged();
    void queuedBytesChanged();
    void metricsChanged(); //!< Once a second while Ready, and at each change of connects and failures.

protected:
    void connectNotify(const QMetaMethod &signal) override;
    void disconnectNotify(const QMetaMethod &signal) override;

private:
    friend class Client;
    friend class Room;
    void end(); //!< As the destructor begins: what waits is Cancelled, nothing is emitted, calls have no effect.
    class Private;
    std::unique_ptr<Private> d;
};

/*! How Connection::deliver() treats one message. Members that do not belong to its class are ignored. */
struct DeliveryOptions
{
    Connection::Delivery delivery = Connection::Delivery::AtLeastOnce;
    QString key{}; //!< LatestOnly: what is the same thing, "cursor" or "volume".
    Duration deadline{}; //!< RequireNow: how long the message may wait to go out; zero: not at all.
    //! AtLeastOnce: at most 128 characters, unique for the user and the client; the server drops repetitions. Empty: made up.
    //! Give one that survives your program if the same message may be delivered by a later run.
    QString id{};
    QString room{}; //!< AtLeastOnce, rooms endpoints: where it is published; empty: the connection's own room.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Bye)
