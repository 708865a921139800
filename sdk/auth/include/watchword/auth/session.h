// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/devicesignin.h"
#include "watchword/auth/sessionevent.h"
#include "watchword/auth/sessionoptions.h"
#include "watchword/core/tokenprovider.h"

#include <QDateTime>
#include <QJsonObject>
#include <QList>

namespace Watchword {

/*!
    One person signed in at one OpenID provider, kept signed in.

    Life cycle: make it, connect to its signals, start(). start() looks for stored tokens and never opens a browser; if a
    person is needed it says so by signInNeeded(), and the application calls signIn() when that suits the person.
    After that tokens are refreshed by themselves, also when nobody asks for one: a tenth of their life before they end, but
    at least 60 s and at most 5 min before it. A token that lives less than 2 min is refreshed when half of its life is over.

        SignedOut --start()--> Restoring --good tokens--> Active <--> Offline, Degraded, StepUp
            ^  |                   |  the keychain waits:       |
            |  | signIn()          +--> KeychainWaiting         | the provider ended it
            |  v                   |                            v
            | SigningIn --> Active +--nobody--> SignedOut    NeedsSignIn --signIn()--> SigningIn --> Active
            +--signOut(), from everywhere

    A state is never shown in passing: SigningIn lasts until the new tokens are stored, and is followed by Active, or by the state
    before it if the sign-in came to nothing. A refresh that succeeds in time changes no state. state(), stateReason() and
    nextAttempt() are right before stateChanged() or any other signal is emitted.

    Nothing transient signs anybody out: network loss, a sleeping machine, an overloaded provider, a proxy's page or a
    locked keychain only move the state to Offline or KeychainWaiting, with the next attempt in nextAttempt(). Several
    processes may hold the same account: they refresh one after the other, and those that come late take over the
    tokens of the first (RFC 9700 section 4.14, refresh token rotation).

    Tokens are only to be had by requestToken(); no property, signal, log line or URL carries one.

    Errors: in stateReason() and in the futures, with a remedy. Threads: one, with an event loop; blocking file access
    happens in a thread of its own. Ownership: like any QObject. Destruction in any state is safe: requests finish with
    ErrorCode::Cancelled while the session is still there (what their continuations call has no effect any more), a refresh in
    flight is waited for, and what is left open by the death of the process is journalled and resolved at the next start.

    Standards: RFC 6749, 6750, 7009, 7636, 8252, 8414, 8628, 8707, 9126, 9207, 9449, 9470, OpenID Connect Core and Discovery.
*/
class WATCHWORD_AUTH_EXPORT Session final : public TokenProvider
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(Watchword::Error stateReason READ stateReason NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString stateText READ stateText NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString suggestedAction READ suggestedAction NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString otherUser READ otherUser NOTIFY otherUserChanged FINAL)
    Q_PROPERTY(QString accountName READ accountName NOTIFY accountChanged FINAL)
    Q_PROPERTY(QString subject READ subject NOTIFY accountChanged FINAL)
    Q_PROPERTY(QDateTime expiresAt READ expiresAt NOTIFY expiresAtChanged FINAL)
    Q_PROPERTY(QDateTime nextAttempt READ nextAttempt NOTIFY nextAttemptChanged FINAL)
    Q_PROPERTY(QUrl signInUrl READ signInUrl NOTIFY signInUrlChanged FINAL)
    Q_PROPERTY(Watchword::DeviceSignIn deviceSignIn READ deviceSignIn NOTIFY deviceSignInChanged FINAL)

public:
    enum class State {
        SignedOut, //!< Nobody is signed in; also before start().
        KeychainWaiting, //!< The keychain does not answer, is locked or missing; it is asked again and again.
        Restoring, //!< Stored tokens are being looked for, or refreshed for the first time.
        //! A browser or another device has the floor, or what came of it is being stored. See signInUrl(), deviceSignIn() and
        //! cancelSignIn().
        SigningIn,
        Active, //!< Tokens can be had.
        Offline, //!< Signed in, but there is no valid token until the provider answers; see stateReason() and nextAttempt().
        NeedsSignIn, //!< Only a person can help; stateReason() says why. The account is remembered.
        StepUp, //!< A service asked for a stronger or fresher sign-in (RFC 9470); signIn() does it.
        Degraded //!< Signed in, but the tokens cannot be stored: they end with the program.
    };
    Q_ENUM(State)

    enum class SignOutScope {
        Here, //!< This account of this application.
        Everywhere //!< Also the provider's own session in the browser, so that the next sign-in asks again who it is.
    };
    Q_ENUM(SignOutScope)

    explicit Session(SessionOptions options, QObject *parent = nullptr);
    //! Finishes a refresh, sign-in or sign-out that has begun, without an event loop and without a signal; this takes
    //! milliseconds, or, for a refresh that was sent and has no answer, up to SessionOptions::destructionGrace.
    ~Session() override;

    State state() const;
    //! Why the state is what it is; ErrorCode::Internal without detail when there is nothing to say.
    Error stateReason() const;
    QString stateText() const; //!< The state in plain words, translated; see SessionText.
    QString suggestedAction() const; //!< What the person can do, translated; empty: nothing.
    QString accountName() const; //!< For people; empty while unknown.
    QString subject() const; //!< "sub"; empty while unknown.
    QDateTime expiresAt() const; //!< Of the access token, UTC; invalid if there is none or it is not known.
    QDateTime nextAttempt() const; //!< Of the next refresh or keychain attempt, UTC; invalid if none is planned.
    //! While SigningIn: for a copy button or a QR code. It holds a state and a challenge, but no secret.
    QUrl signInUrl() const;
    //! Who signed in instead of the owner of this account, and waits for acceptOtherUser(); empty: nobody.
    QString otherUser() const;
    //! While SigningIn with another device (RFC 8628): the code and the link to show. Otherwise not valid.
    DeviceSignIn deviceSignIn() const;
    const SessionOptions &options() const;

    /*!
        \copydoc TokenProvider::requestToken()
        Waits while the session is Restoring or the refresh that is needed runs. Answers SignInRequired, RotationLost,
        RevokedOrExpired or SignedOut when only a person can help; while nobody is signed in but a sign-in runs, at once.
        With acrValues or maxAge it moves the session to StepUp and answers InsufficientAuthentication, unless a
        sign-in that asked for the same has just been done. With Reason::Rejected it does so in any case. While nobody is
        signed in the next sign-in asks for them: it fails with InsufficientAuthentication if the ID token does not say so.
    */
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override;
    //! What requestToken() would answer without any I/O; an error if there is no valid token now.
    Result<AccessToken> currentToken() const;

    /*!
        What one request with \a method to \a url has to carry: requestToken() and AccessToken::headersFor() in one. For a
        token that is bound to a key this makes a new proof; see TokenProof for nonces.
    */
    QFuture<Result<RequestHeaders>> requestHeaders(const QByteArray &method, const QUrl &url, const TokenRequest &request = {});

    //! The last 200 events in the order in which they happened, dated by what is known of the clock's error now; without secrets.
    QList<SessionEvent> timeline() const;
    /*!
        Everything that helps to find out why the state is what it is, to be pasted into a ticket: state and what to do, options,
        versions, keychain, error of the clock, waits for other processes, timeline(). Tokens and the person appear as
        fingerprints only. explainJson() has the same facts for programs; see SupportBundle for a file.
    */
    QString explain() const;
    QJsonObject explainJson() const;

public Q_SLOTS:
    void start(); //!< Restores. A second call does nothing.
    /*!
        Signs in by SessionOptions::route: opens the system browser and waits for the redirect, or shows a code in
        deviceSignIn(). Starts the session if start() was not called. While a sign-in runs, only opens the browser again.
        Signing in while Active keeps the old tokens until the new ones are there.
    */
    void signIn();
    /*!
        For SignInRoute::PrivateUseScheme: a URL that the operating system gave to the application. False, and nothing
        happens, if it is not the redirect of the sign-in that runs; a guess of another program does not end that.
    */
    bool handleRedirect(const QUrl &url);
    //! Back to the state before, also while the sign-in waits for the keychain; what is stored is restored if the sign-in
    //! came before that was read. Nothing if no sign-in runs.
    void cancelSignIn();
    void refresh(); //!< Refreshes now unless a refresh runs; nothing if nobody is signed in.
    /*!
        Forgets the tokens here and in the store first, which cannot fail for lack of network, then revokes them at the
        provider (RFC 7009) as well as it can. Other processes with this account are signed out too. It ends a sign-in that
        runs. While KeychainWaiting or Restoring nobody knows the tokens, but the account counts as signed out all the same, at
        once and in every process; the tokens are revoked as soon as they can be read, by this run or by a later one.
    */
    void signOut();
    /*!
        With Everywhere also opens the provider's page for ending its session in the browser (OpenID Connect RP-Initiated
        Logout 1.0), where the person may be asked. The URL names this client and the person, but carries no token.
    */
    void signOut(Watchword::Session::SignOutScope scope);
    /*!
        After WrongUser: makes this the account of otherUser(), and takes the owner's tokens back. Without it, whoever
        signed in is forgotten after 10 minutes, or by the next signIn(). Nothing if nobody waits.
    */
    void acceptOtherUser();
    void retryKeychain(); //!< Asks the keychain, or for the passphrase, now; nothing unless the state is KeychainWaiting.

Q_SIGNALS:
    void stateChanged(Watchword::Session::State state);
    void accountChanged();
    void expiresAtChanged();
    void nextAttemptChanged();
    void signInUrlChanged();
    void deviceSignInChanged();
    void otherUserChanged();
    //! A person is needed. Once for each cause; never as the result of something transient, and never while somebody is signing
    //! in: then it is said if the sign-in comes to nothing. Only a step-up is said at once.
    void signInNeeded(const Watchword::Error &reason);
    void browserRequested(const QUrl &url); //!< The browser was asked to show \a url; it holds no secret.
    void signInFailed(const Watchword::Error &reason); //!< Also Cancelled and Timeout. The state is what it was before.
    //! A sign-in or a restore succeeded: tokens can be had. Not said of a restore while somebody is signing in.
    void signedIn();
    //! By signOut(), here or in another process. In the second case signInNeeded() follows with ErrorCode::SignedOut, whose
    //! detail says that another program of this account signed out, because nobody here has decided it.
    void signedOut();
    /*!
        The machine's date is wrong by \a seconds (ahead: positive), by more than token checks forgive. Nothing fails because
        of it, since the providers' HTTPS Date corrects it, but other programs will. 0: it was put right.
    */
    void clockSkewDetected(qint64 seconds);
    //! Tokens cannot be stored, such as on a full disk; once until storing works again. Refreshes go on in memory.
    void storageDegraded(const Watchword::Error &reason);
    void eventLogged(const Watchword::SessionEvent &event); //!< An event joined timeline().

private:
    friend class Client;
    void end(); //!< As the destructor begins: what waits is Cancelled, nothing is emitted, calls have no effect.
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
