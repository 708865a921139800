// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/provider.h"
#include "refresh/refreshschedule.h"
#include "refresh/refreshtransaction.h"
#include "refresh/revoker.h"
#include "refresh/tokenlife.h"
#include "session/correctedclock.h"
#include "session/sessionstate.h"
#include "session/sleepsignal.h"
#include "session/wakewatch.h"
#include "signin/signinflow.h"
#include "store/keyvault.h"
#include "store/storerunner.h"
#include "watchword/auth/accounts.h"
#include "watchword/auth/envelopetokenstore.h"
#include "watchword/auth/session.h"
#include "watchword/core/networkhints.h"

#include <QFileSystemWatcher>
#include <QPointer>
#include <QPromise>

#include <list>

namespace Watchword {

//! With what follows from the rest filled in.
SessionOptions completedOptions(SessionOptions options);

/*! What Session does. The decisions are made by the pure parts; here actions are executed and facts are kept. */
class Session::Private : public QObject
{
    Q_OBJECT

public:
    Private(SessionOptions options, Session *session);
    ~Private() override;

    // session.cpp: state, properties, token requests
    void updateState();
    void log(const QString &what, const QString &detail = {});
    bool isUsable(const TokenRequest &request) const;
    bool hasLiveToken() const;
    QFuture<Result<AccessToken>> request(const TokenRequest &request);
    std::optional<Error> refusal() const;
    bool askStepUp(const TokenRequest &request);
    void settle(const std::optional<Error> &failure);
    void failAll(const Error &error);
    void setNextAttempt(std::optional<Duration> in);

    // session_explain.cpp
    QJsonObject describeOptions() const;
    QJsonObject describeTokens() const;

    // session_storage.cpp: the key, the store, other processes
    void start();
    void openKey(KeyVault::Creation creation, std::function<void()> then);
    void onKeyFailed(const Error &error);
    void useStore(std::shared_ptr<TokenStore> newStore);
    void restore();
    bool isUnread() const;
    void onRestored(const RefreshTransaction::Loaded &loaded);
    void onNews(const RefreshTransaction::Loaded &loaded);
    void watchFiles();
    void lookForNews();
    void adopt(const TokenSet &set, const std::optional<RefreshJournal> &journal);
    void signedOutElsewhere();
    void announce();
    void needPerson(const Error &reason);
    EnvelopeTokenStore::Location location() const;
    void checkStore();

    // session_signout.cpp: a sign-out, also while the key is out of reach, and its end when it comes
    void signOut(SignOutScope scope);
    void signOutUnread();
    void leaveTombstone();
    void finishSignOut(const TokenSet &left);
    void wipe();

    // session_refresh.cpp: the transaction and its schedule
    void beginRefresh(const QString &why);
    void feed(const RefreshTransaction::Event &event);
    void perform(const RefreshTransaction::Action &action);
    void tryLock(int serial);
    void noteLockWait(bool busy);
    void load(int serial);
    void publish(const TokenSet &set, bool stored);
    void onFinish(const RefreshTransaction::Finish &finish);
    void onRefreshFailed(const RefreshTransaction::Finish &finish);
    void replaceStored(const TokenSet &set);
    void beginReplacement();
    void plan();
    void onExpiryAlarm();

    // session_surroundings.cpp: network and sleep, as the system tells them
    void watchSurroundings();
    void onRefreshDue();
    void onHints();
    void onNetworkBack();
    Error explained(const Error &error) const;
    void onAboutToSleep();
    void onAwoke();

    // session_time.cpp: the clock, sleep and wake
    void onTimeLearned(const ServerTime &time);
    void onWokeUp(Duration slept);
    void probe(int serial);
    void send(const RefreshTransaction::Send &action, int serial);

    // session_flows.cpp: what the routes of a sign-in need
    void showDevice(const DeviceSignIn &code);
    void setSignInUrl(const QUrl &url);
    std::shared_ptr<DpopSigner> signerFor(const Secret &key);
    AccessToken handOut();
    QFuture<Result<RequestHeaders>> headers(const QByteArray &method, const QUrl &url, const TokenRequest &request);

    // session_farewell.cpp: the end of the session's own life
    void finishWhatCannotWait();

    // session_idtoken.cpp: the ID token of a refresh
    void examine(const Secret &idToken);
    void examineWith(const Secret &idToken, const ProviderMetadata &metadata, int attempt);
    void adoptIdToken(const Secret &idToken, const IdTokenClaims &claims);

    // session_account.cpp: whose account it is
    void rememberThenBegin();
    const TokenSet &owner() const;
    bool isOtherUser(const SignInOutcome &outcome);
    void acceptOtherUser();
    void refuseOtherUser();
    void noteAccount();
    void endProviderSession(const QString &hint);

    // session_signin.cpp: sign-in
    void adoptSignIn(const SignInOutcome &outcome, std::shared_ptr<DpopSigner> key);
    void signIn();
    void cancelSignIn();
    void openKeyThenBegin();
    bool keyIsLost() const;
    void beginFlow();
    void endFlow();
    void abandonFlow();
    void showBrowser(const QUrl &url);
    void onSignedIn(const Result<SignInOutcome> &outcome);

    Session *q;
    SessionOptions options;
    CorrectedClock clock;
    RandomSource &random;
    Provider provider;
    KeyVault vault;
    StoreRunner runner;
    Revoker revoker;
    std::shared_ptr<TokenStore> store; // empty until the key is there
    std::shared_ptr<StoreLock> lock;
    QFileSystemWatcher watcher;

    RefreshTransaction transaction;
    RetryPlanner retry;
    Alarm transactionWait;
    Alarm refreshAlarm;
    Alarm expiryAlarm;
    Alarm keyAlarm;
    Alarm newsAlarm;
    Alarm otherAlarm;
    Alarm settleAlarm;
    WakeWatch wake;
    QPointer<NetworkHints> hints;
    bool networkDown = false; // as they said last
    bool waitsForNetwork = false; // a refresh is due, and nothing will come of it
    Alarm networkAlarm;
    std::unique_ptr<SleepSignal> sleepSignal; // empty: the clock is not the machine's
    bool sleeping = false; // or about to
    bool heldForSleep = false; // a refresh is due
    Alarm sleepAlarm;
    bool unsettled = false; // the machine woke up, and the network has not proved itself since
    struct
    {
        int count = 0; // how often another process held the lock
        Duration longest{};
        std::optional<Instant> since;
    } lockWaits;
    int serial = 0; // of the one asynchronous action of the transaction that may still report
    int keyFailures = 0;

    TokenSet tokens; // what is handed out
    TokenLife life; // of tokens
    std::optional<Instant> holdUntil; // the provider asked not to be asked before
    bool holdsForNetwork = false; // only because the network failed a moment ago
    std::optional<TokenSet> replacement; // to be stored when the running transaction has ended
    std::optional<Secret> arriving; // the refresh token of a sign-in that is not published yet
    bool takesBack = false; // what comes of the running transaction is not for the person who decided meanwhile
    bool signingOut = false; // until the store says so
    bool finishesQuietly = false; // signed out, but key or store are still waited for, to carry it through
    bool replacing = false; // the transaction that runs is a sign-in or a sign-out
    bool announced = false; // signedIn() was emitted for this account
    bool started = false;
    bool signInWaits = false; // for the key
    bool storeRead = false; // what it holds is in tokens, or is nothing
    bool foundNobody = false; // a sign-in that came before start() looked
    int readings = 0; // the serial of the one restore() that may still report
    SessionFacts facts;
    VisibleState shown;
    QDateTime nextAttempt;
    std::optional<TokenRequest> stepUp;
    std::optional<TokenRequest> stepUpDone;
    Instant stepUpAt{};
    std::unique_ptr<SignInFlow> flow;
    QUrl signInUrl;
    DeviceSignIn device;
    TokenSet remembered; // of the store, when a sign-in came before a start
    std::optional<SignInOutcome> otherUser; // waits to be accepted
    std::shared_ptr<DpopSigner> otherSigner;
    StoredAccount noted; // as it is listed
    std::shared_ptr<DpopSigner> signer; // of tokens.proofKey

    struct Pending
    {
        TokenRequest request;
        QPromise<Result<AccessToken>> promise;
    };
    std::list<Pending> pending;
    QList<SessionEvent> events;
};

} // namespace Watchword
