// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/frame.h"
#include "watchword/core/tokenprovider.h"
#include "watchword/link/attemptrecord.h"
#include "watchword/link/connectionoptions.h"

#include <QDateTime>
#include <QFuture>
#include <QObject>

#include <memory>

namespace Watchword {

/*! The gateway's last words before it closes (protocol.md, "bye"). */
struct Bye
{
    int code = 0;
    QString retry; //!< "retry", "refresh", "sign_in" or "stop".
    Duration after {};
    QString ref; //!< Id of the audit event; quote it to the operator.
    QString reason;
};

/*!
    Keeps one authenticated WebSocket to a server and opens it again whenever it drops.

        Disconnected --open()--> Connecting --accepted--> Ready
             ^                    |     ^                  |
             |                    v     | (due, retryNow)  |
             |                   Waiting <--- link lost ---+
             +-- close(), or an end that no retry can help, from anywhere (through Closing when Ready)

    The token is asked for at every attempt, and travels only in the Authorization header. On servers that speak
    watchword.v1 it is renewed on the live connection; on others the connection lives as long as the server lets it.
    A refused token is refreshed once; refused again, the connection stops with AuthRequired in closed().
    Every way to a new attempt passes the budget of ConnectionOptions.

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
    Q_PROPERTY(int attempt READ attempt NOTIFY attemptChanged FINAL)
    Q_PROPERTY(qint64 rttMs READ rttMs NOTIFY rttChanged FINAL)
    Q_PROPERTY(bool watchword READ isWatchword NOTIFY negotiatedChanged FINAL)
    Q_PROPERTY(QString selectedSubprotocol READ selectedSubprotocol NOTIFY negotiatedChanged FINAL)
    Q_PROPERTY(QDateTime tokenExpiresAt READ tokenExpiresAt NOTIFY tokenExpiresAtChanged FINAL)
    Q_PROPERTY(qint64 queuedBytes READ queuedBytes NOTIFY queuedBytesChanged FINAL)

public:
    enum class State {
        Disconnected, //!< Idle, or ended; only open() leaves this state.
        Connecting, //!< An attempt runs.
        Ready, //!< The server accepted; messages flow.
        Waiting, //!< The next attempt is scheduled for nextRetryAt().
        Closing //!< close() was called and the last bytes are on their way.
    };
    Q_ENUM(State)

    /*! What becomes of a message while the connection is not ready. All are at most once; see sendAcknowledged(). */
    enum class Delivery {
        RequireReady, //!< The call fails with ErrorCode::Offline.
        QueueUntilReady, //!< Held in order up to ConnectionOptions::offlineQueue, then QueueFull.
        DropIfOffline //!< Dropped, and the call succeeds: for what is worthless when late.
    };
    Q_ENUM(Delivery)

    explicit Connection(TokenProvider *tokens, ConnectionOptions options, QObject *parent = nullptr);
    //! Closes at once. Finishes pending futures with ErrorCode::Cancelled and emits nothing.
    ~Connection() override;

    const ConnectionOptions &options() const;
    Result<void> setOptions(ConnectionOptions options); //!< WrongState unless Disconnected.

    State state() const;
    Error lastError() const; //!< Code Cancelled while there was none.
    QDateTime nextRetryAt() const; //!< Invalid unless Waiting.
    int attempt() const; //!< Attempts of this outage; 0 when stable.
    qint64 rttMs() const; //!< Of the last heartbeat; -1 if unknown.
    bool isWatchword() const; //!< The server chose watchword.v1.
    QString selectedSubprotocol() const;
    QDateTime tokenExpiresAt() const; //!< Of the token that the server holds; invalid if unknown.
    qint64 queuedBytes() const; //!< Accepted and not yet taken by the operating system.
    QList<AttemptRecord> attempts() const; //!< Oldest first.
    QString explain() const; //!< attempts() and the state as text for a support bundle; redacted.

    //! Text of the application. QueueFull above ConnectionOptions::highWater: wait for queueDrained().
    Result<void> sendText(const QString &text, Delivery delivery = Delivery::RequireReady);
    Result<void> sendBinary(const QByteArray &bytes, Delivery delivery = Delivery::RequireReady);
    //! A control frame of the application ("pub", "sub", ...). WrongState on servers without watchword.v1.
    Result<void> sendFrame(const Frame &frame);
    /*!
        Sends \a message, UTF-8 text, again after every reconnect until the server acknowledged it. May be called in any
        state but finishes only while connected. Fails with QueueFull above ConnectionOptions::unacknowledged, with
        SubprotocolMismatch on servers without watchword.v1, InvalidArgument if it is not UTF-8, and with the final error
        when the connection ends for good (the message may have arrived).
    */
    [[nodiscard]] QFuture<Result<void>> sendAcknowledged(const QByteArray &message);

public Q_SLOTS:
    void open(); //!< No effect unless Disconnected. Bad options end in closed() at the next turn of the event loop.
    void close(); //!< No more retries; ends in Disconnected and closed(Cancelled). Twice: no effect.
    void retryNow(); //!< Ends the wait, as far as the budget and a Retry-After permit. No effect unless Waiting.
    void probe(); //!< Asks for a sign of life now: call it when the network changed. No effect unless Ready.

Q_SIGNALS:
    void stateChanged(Watchword::Connection::State state);
    void ready(); //!< State Ready was entered.
    void textReceived(const QString &text);
    void binaryReceived(const QByteArray &bytes);
    void messageReceived(const QByteArray &message); //!< Text (as UTF-8), binary and acknowledged messages alike.
    void frameReceived(const Watchword::Frame &frame); //!< Control frames that this class does not handle itself.
    void byeReceived(const Watchword::Bye &bye);
    void errorOccurred(const Watchword::Error &error); //!< An attempt or a connection failed, or a renewal.
    void closed(const Watchword::Error &reason); //!< The end: no try will follow. Cancelled after close().
    void authenticationRequired(const Watchword::Error &reason); //!< Just before closed(), if only a person can help.
    void tokenRenewed(); //!< The server accepted a new token on the live connection.
    void queueDrained(); //!< After QueueFull: there is room again.
    void lastErrorChanged();
    void nextRetryAtChanged();
    void attemptChanged();
    void rttChanged();
    void negotiatedChanged();
    void tokenExpiresAtChanged();
    void queuedBytesChanged();

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Bye)
