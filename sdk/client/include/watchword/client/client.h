// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/client/clientoptions.h"
#include "watchword/link/connection.h"

#include <QObject>

#include <memory>

namespace Watchword {

class Session;

/*!
    Signed in and connected: a Session and a Connection that belong together. The one class that most applications need.

        Stopped --start()--> Starting --tokens there--> Connecting <--> Ready
                                |                        |    ^          |
                                | none, or spent         v    |          |
                                +--> SignInNeeded     Waiting +----------+
                                     | signIn()          (heals by itself)
                                     v
                                  SigningIn --> Connecting

    start() restores the sign-in from the keychain, refreshes and connects. Whenever a person is needed, and only then,
    signInNeeded() is emitted; connect it to signIn(), or show a button first. Nothing that passes by itself (network,
    sleep, server restart, issuer down) signs anybody out.

    A server may want a stronger or fresher sign-in, at connecting (RFC 9470) or while connected (close code 4442): then the
    session is in Session::State::StepUp, lastError is InsufficientAuthentication, and signIn() asks the provider for
    just that. Refused again after it, the client is Failed.

    Threads:   one, with an event loop. Ownership: owns its Session and Connection.
    Errors:    lastError and errorOccurred(); SignInNeeded and Failed are the states that need somebody.
*/
class WATCHWORD_CLIENT_EXPORT Client : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(Watchword::Error lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(QString accountName READ accountName NOTIFY accountNameChanged FINAL)
    Q_PROPERTY(bool signedIn READ isSignedIn NOTIFY signedInChanged FINAL)
    Q_PROPERTY(QDateTime nextRetryAt READ nextRetryAt NOTIFY nextRetryAtChanged FINAL)

public:
    enum class State {
        Stopped, //!< Idle; start() leaves this state.
        Starting, //!< Reading the keychain, refreshing.
        SignInNeeded, //!< A person has to call signIn().
        SigningIn, //!< The browser is open.
        Connecting, //!< Signed in; an attempt runs.
        Ready, //!< Signed in and connected.
        Waiting, //!< Signed in; the next attempt is at nextRetryAt().
        Failed //!< Cannot go on without a change: see lastError(). start() tries again.
    };
    Q_ENUM(State)

    explicit Client(ClientOptions options, QObject *parent = nullptr);
    //! Closes without signing out and emits nothing. Pending futures finish with ErrorCode::Cancelled.
    ~Client() override;

    State state() const;
    Error lastError() const; //!< Code Cancelled while there was none.
    QString accountName() const; //!< For people; empty while unknown.
    bool isSignedIn() const;
    QDateTime nextRetryAt() const; //!< UTC; invalid unless Waiting.
    Session &session(); //!< As long as the Client.
    Connection &connection(); //!< As long as the Client. Its close() and open() are the Client's business.
    const ClientOptions &options() const;

    //! Follows a message to its end; see Connection::deliver().
    QFuture<Result<void>> deliver(const QByteArray &message, const DeliveryOptions &options = {});

public Q_SLOTS:
    void start(); //!< No effect unless Stopped or Failed.
    void stop(); //!< Disconnects; stays signed in. Ends in Stopped.
    void signIn(); //!< Opens the browser. No effect while a sign-in runs or when signed in.
    void cancelSignIn(); //!< Back to SignInNeeded.
    void signOut(); //!< Disconnects, revokes and forgets the tokens. Ends in SignInNeeded without asking for a sign-in.
    void retryNow(); //!< "Try now": see Connection::retryNow(). No effect unless Waiting.
    //! Sends text (UTF-8) if \a message is valid UTF-8, else binary, as Connection::Delivery::QueueUntilReady: held back
    //! while not connected. A failure is returned and reported by errorOccurred().
    Watchword::Result<void> send(const QByteArray &message);

Q_SIGNALS:
    void signInNeeded(const Watchword::Error &reason);
    void messageReceived(const QByteArray &message); //!< Text as UTF-8, or binary.
    void ready();
    void stateChanged(Watchword::Client::State state);
    void errorOccurred(const Watchword::Error &error);
    void lastErrorChanged();
    void accountNameChanged();
    void signedInChanged();
    void nextRetryAtChanged();

protected:
    void connectNotify(const QMetaMethod &signal) override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
