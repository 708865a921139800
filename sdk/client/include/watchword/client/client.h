// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/accounts.h"
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

    From Connecting, Ready and Waiting the way leads to SignInNeeded when a person is needed, and to Failed when nothing helps but
    a change. A sign-in that fails leads back to where it began. stop() leads to Stopped from everywhere.

    Life cycle: make it, connect to its signals, start(). start() restores the sign-in from the keychain, refreshes and connects.
    Whenever a person is needed, and only then, signInNeeded() is emitted; connect it to signIn(), or show a button first. Nothing
    that passes by itself (network, sleep, server restart, provider down) signs anybody out.

    Order: what belongs together is told together, and only after Session and Connection have come to rest: first lastError, then
    state, then signInNeeded() or ready(). No state is shown that lasts no time.

    A server may want a stronger or fresher sign-in, at connecting (RFC 9470) or while connected (close code 4442): then the
    session is in Session::State::StepUp, lastError is InsufficientAuthentication, and signIn() asks the provider for
    just that. Refused again after it, the client is Failed. A sign-out in another program with this account leads to SignInNeeded
    with the reason SignedOut.

    Accounts: one at a time; see setAccount(). Two accounts at once are two Clients.

    Threads:   one, with an event loop; any thread may connect to signals. Every slot may be called from inside any signal,
               and the object may be deleted from inside any signal by deleteLater().
    Ownership: owns its Session and Connection.
    Errors:    lastError and errorOccurred(); SignInNeeded and Failed are the states that need somebody. A missing keychain
               and a provider that cannot be reached are also said once in the log (watchword.auth), as a warning.
*/
class WATCHWORD_CLIENT_EXPORT Client : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString stateText READ stateText NOTIFY stateTextChanged FINAL)
    Q_PROPERTY(QString suggestedAction READ suggestedAction NOTIFY stateTextChanged FINAL)
    Q_PROPERTY(Watchword::Error lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(QString account READ account NOTIFY accountChanged FINAL)
    Q_PROPERTY(QString accountName READ accountName NOTIFY accountNameChanged FINAL)
    Q_PROPERTY(QList<Watchword::StoredAccount> accounts READ accounts NOTIFY accountsChanged FINAL)
    Q_PROPERTY(bool signedIn READ isSignedIn NOTIFY signedInChanged FINAL)
    Q_PROPERTY(QDateTime nextRetryAt READ nextRetryAt NOTIFY nextRetryAtChanged FINAL)
    Q_PROPERTY(int secondsToRetry READ secondsToRetry NOTIFY secondsToRetryChanged FINAL)

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
    //! Closes without signing out, emits nothing and waits for nothing: a close frame (1000) is sent if the network takes it at
    //! once, else the server sees 1006. Pending futures finish with ErrorCode::Cancelled; what their continuations call on the
    //! Client, its session() or its connection() has no effect any more.
    ~Client() override;

    State state() const;
    QString stateText() const; //!< The state in plain words, for people, translated.
    QString suggestedAction() const; //!< What the person can do now, translated; empty: nothing.
    //! What went wrong last. Code Cancelled: nothing since start(), a sign-in or the last time it became Ready.
    Error lastError() const;
    QString account() const; //!< ClientOptions::account, or what setAccount() made of it.
    QString accountName() const; //!< Of the person, for people; empty while unknown.
    //! Those of this application, issuer and client id that are stored here, the last one that signed in first, then those whose
    //! tokens are in the memory of this Client. Reads files.
    QList<StoredAccount> accounts() const;
    bool isSignedIn() const;
    QDateTime nextRetryAt() const; //!< UTC; invalid unless Waiting.
    //! Rounded up, so that it is 1 until the try begins; 0 unless Waiting. Its signal comes each second while somebody listens.
    int secondsToRetry() const;
    Session &session(); //!< Until setAccount(). Its start() and signOut() are the Client's business.
    Connection &connection(); //!< Until setAccount(). Its close() and open() are the Client's business.
    const ClientOptions &options() const;

    //! Follows a message to its end; see Connection::deliver().
    QFuture<Result<void>> deliver(const QByteArray &message, const DeliveryOptions &options = {});

    /*!
        Goes on with another account of this application: closes the connection, ends a sign-in that runs, and opens the tokens of
        \a account. The account before stays signed in and stored; tokens that are in memory only are kept there, and refreshed,
       as long as this Client lives. In Stopped nothing is started; else the way is that of start(), to SignInNeeded where nobody
       of that name is signed in. The same account again: no effect. InvalidArgument: empty.

        Nothing of one account reaches the other. session() and connection() are new objects; what was queued, not acknowledged or
        asked finishes with ErrorCode::Cancelled; rooms have to be followed anew. accountChanged() comes when the new ones are
        there.
    */
    Result<void> setAccount(const QString &account);

public Q_SLOTS:
    void start(); //!< No effect unless Stopped or Failed.
    void stop(); //!< Disconnects; stays signed in. Ends in Stopped.
    void signIn(); //!< Opens the browser. No effect while a sign-in runs or when signed in.
    void cancelSignIn(); //!< Back to SignInNeeded.
    void signOut(); //!< Disconnects, revokes and forgets the tokens. Ends in SignInNeeded without asking for a sign-in.
    //! "Try now": see Connection::retryNow(). If a token is what lacks, the session tries to refresh at once, unless the provider
    //! itself asked for patience (Retry-After). No effect unless Waiting.
    void retryNow();
    //! Sends text (UTF-8) if \a message is valid UTF-8, else binary, as Connection::Delivery::QueueUntilReady: held back
    //! while not connected. A failure is returned and reported by errorOccurred().
    Watchword::Result<void> send(const QByteArray &message);

Q_SIGNALS:
    void signInNeeded(const Watchword::Error &reason);
    void messageReceived(const QByteArray &message); //!< Text as UTF-8, or binary.
    void ready();
    void stateChanged(Watchword::Client::State state);
    void stateTextChanged(); //!< With each state, and when a code for another device is there.
    void errorOccurred(const Watchword::Error &error);
    void lastErrorChanged();
    void accountChanged();
    void accountNameChanged();
    void accountsChanged(); //!< Noticed by watching the folder, also when other programs change it; while somebody listens.
    void signedInChanged();
    void nextRetryAtChanged();
    void secondsToRetryChanged();

protected:
    void connectNotify(const QMetaMethod &signal) override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
