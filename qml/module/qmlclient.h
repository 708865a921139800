// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "qmlclientoptions.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/link/connectionmetrics.h"

#include <QDateTime>
#include <QJSValue>
#include <QQmlParserStatus>
#include <QVariantList>
#include <qqmlregistration.h>

#include <memory>

// With the namespace in the name of a property's type QML would take in all error codes and conditions, which share names.
using LinkMetrics = Watchword::ConnectionMetrics;

/*!
    `Client` in QML: one person signed in and one connection that heals, as a declaration.

        Client { id: orders; issuer: "https://login.example.com"; clientId: "orders-desktop"
                 server: "wss://orders.example.com/v1/stream"; onMessageReceived: (message) => console.log(message.length) }

    Life cycle: the options (see QmlClientOptions) are read once, when the declaration is complete or start() is
    called; later changes are refused with a warning until stop(). `account` may change at any time. With autoStart, which is the
   default, it starts by itself. A person is only asked to sign in by signInNeeded(); call signIn() there or behind a button, or
   put a SignIn on the screen. Destruction disconnects, stays signed in and calls no callback any more.

    Messages: send() is the short way. deliver() follows one message to its end, request() asks the server, and Room
    follows a room. Their callbacks get an Outcome {ok, code, text, detail, answer}, exactly once and never before the
    call returned:

        orders.deliver("buy 5", { delivery: Client.RequireNow, deadlineMs: 2000 }, (outcome) => note.text = outcome.text)
        orders.request("room.info", { room: "lobby" }, 5000, (outcome) => show(JSON.parse(outcome.answer)))

    Errors: nothing throws. Before start() deliver() and request() answer WrongState; options that do not exist answer
    InvalidArgument. A callback that throws is named in a warning.

    Threads: the QML engine's. Units: milliseconds, but secondsToRetry. No property or signal carries a token.
*/
class QmlClient : public QmlClientOptions, public QQmlParserStatus
{
    Q_OBJECT
    Q_INTERFACES(QQmlParserStatus)
    QML_NAMED_ELEMENT(Client)
    Q_PROPERTY(QString account READ account WRITE setAccount NOTIFY accountChanged FINAL)
    Q_PROPERTY(QVariantList accounts READ accounts NOTIFY accountsChanged FINAL)
    Q_PROPERTY(bool autoStart READ autoStart WRITE setAutoStart NOTIFY autoStartChanged FINAL)
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString stateText READ stateText NOTIFY stateTextChanged FINAL)
    Q_PROPERTY(QString suggestedAction READ suggestedAction NOTIFY stateTextChanged FINAL)
    Q_PROPERTY(QString errorText READ errorText NOTIFY errorTextChanged FINAL)
    Q_PROPERTY(QString accountName READ accountName NOTIFY accountNameChanged FINAL)
    Q_PROPERTY(QDateTime nextRetryAt READ nextRetryAt NOTIFY nextRetryAtChanged FINAL)
    Q_PROPERTY(int secondsToRetry READ secondsToRetry NOTIFY secondsToRetryChanged FINAL)
    Q_PROPERTY(bool signedIn READ isSignedIn NOTIFY signedInChanged FINAL)
    Q_PROPERTY(QString signInProblem READ signInProblem NOTIFY signInProblemChanged FINAL)
    Q_PROPERTY(QString sessionReason READ sessionReason NOTIFY sessionReasonChanged FINAL)
    Q_PROPERTY(LinkMetrics metrics READ metrics NOTIFY metricsChanged FINAL)
    Q_PROPERTY(QObject *session READ session NOTIFY startedChanged FINAL)
    Q_PROPERTY(QObject *connection READ connection NOTIFY startedChanged FINAL)

public:
    enum class State { Stopped, Starting, SignInNeeded, SigningIn, Connecting, Ready, Waiting, Failed };
    Q_ENUM(State) //!< As Watchword::Client::State.
    enum class Delivery { RequireNow, DropIfOffline, QueueUntilReady, LatestOnly, AtLeastOnce };
    Q_ENUM(Delivery) //!< As Watchword::Connection::Delivery.

    explicit QmlClient(QObject *parent = nullptr);
    ~QmlClient() override;

    //! While it runs: goes on with another account; see Watchword::Client::setAccount(). AccountPicker shows them.
    QString account() const { return m_options.account; }
    void setAccount(const QString &account);
    QVariantList accounts() const; //!< Watchword::StoredAccount: account, name, subject, signedInAt, the newest first.
    bool autoStart() const { return m_autoStart; }
    void setAutoStart(bool on);

    State state() const;
    QString stateText() const; //!< One sentence for people, translated.
    QString suggestedAction() const; //!< What the person can do now, translated; empty: nothing.
    QString errorText() const; //!< What went wrong last and what to do, in English; empty while all is well.
    QString accountName() const;
    QDateTime nextRetryAt() const;
    int secondsToRetry() const; //!< Counts down to nextRetryAt; 0 unless Waiting.
    bool isSignedIn() const;
    //! Why the last sign-in did not succeed, for people, translated. Empty for one that was cancelled, and from the next on.
    QString signInProblem() const { return m_signInProblem; }
    //! Why session.state is what it is, or why the server wants a new sign-in, for people, translated; empty: nothing to say.
    QString sessionReason() const;
    LinkMetrics metrics() const; //!< client.metrics.reconnects and so on.
    QObject *session() const; //!< The Watchword:: class of that name; null before start().
    QObject *connection() const; //!< The Watchword:: class of that name; null before start().

    // For Room.
    Watchword::Connection *link() const; //!< Null before start().

    void classBegin() override { }
    void componentComplete() override;

public Q_SLOTS:
    void start();
    void stop();
    void signIn();
    void cancelSignIn();
    void signOut();
    void retryNow();
    bool send(const QString &message); //!< False if it could not be sent; errorText says why.
    /*!
        Follows \a message to its end; see Watchword::Connection::deliver(). \a options: delivery (AtLeastOnce if not
        given), key, deadlineMs, id, room. They may be left out: deliver(message, callback).
    */
    void deliver(const QString &message, const QJSValue &options = {}, const QJSValue &callback = {});
    /*!
        Asks the server; see Watchword::Connection::request(). \a payload is text, or an object that is sent as JSON;
        \a timeoutMs 0 is 10 s. The callback's outcome.answer is what the server answered.
    */
    void request(const QString &operation, const QJSValue &payload = {}, int timeoutMs = 0, const QJSValue &callback = {});
    bool handleRedirect(const QUrl &url); //!< For Client.PrivateUseScheme; see Watchword::Session::handleRedirect().
    QString explain() const; //!< What the sign-in and the last attempts did, in English, for a ticket; no secrets.

Q_SIGNALS:
    void signInNeeded(const QString &reason);
    void messageReceived(const QString &message); //!< Binary messages are not shown in QML.
    void accountChanged();
    void accountsChanged();
    void autoStartChanged();
    void startedChanged(); //!< Also when another account takes over.
    void stateChanged();
    void stateTextChanged();
    void errorTextChanged();
    void accountNameChanged();
    void nextRetryAtChanged();
    void secondsToRetryChanged();
    void signedInChanged();
    void signInProblemChanged();
    void sessionReasonChanged();
    void metricsChanged();

private:
    bool mayChange(const char *property) override;
    void changed() override;
    void makeClient();
    void watchSession();
    void watchLink();
    void setSignInProblem(const QString &text);

    bool m_autoStart = true;
    bool m_complete = false;
    QString m_signInProblem;
    std::unique_ptr<Watchword::Client> m_client;
};
