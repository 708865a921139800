// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "correctedclock.h"
#include "keyvault.h"
#include "provider.h"
#include "refreshschedule.h"
#include "refreshtransaction.h"
#include "sessionstate.h"
#include "signinflow.h"
#include "storerunner.h"
#include "watchword/auth/envelopetokenstore.h"
#include "watchword/auth/session.h"

#include <QFileSystemWatcher>
#include <QPromise>

#include <list>

namespace Watchword {

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

    // session_storage.cpp: the key, the store, other processes
    void start();
    void openKey(KeyVault::Creation creation, std::function<void()> then);
    void onKeyFailed(const Error &error);
    void useStore(std::shared_ptr<TokenStore> newStore);
    void restore();
    void onRestored(const Result<TokenSet> &stored);
    void watchFiles();
    void lookForNews();
    void adopt(const TokenSet &set);
    void signedOutElsewhere();
    void announce();

    // session_refresh.cpp: the transaction and its schedule
    void beginRefresh(const QString &why);
    void feed(const RefreshTransaction::Event &event);
    void perform(const RefreshTransaction::Action &action);
    void tryLock(int serial);
    void load(int serial);
    void publish(const TokenSet &set, bool stored);
    void onFinish(const RefreshTransaction::Finish &finish);
    void onRefreshFailed(const RefreshTransaction::Finish &finish);
    void replaceStored(const TokenSet &set);
    void beginReplacement();
    Duration refreshSpacing() const;
    void plan();
    void onExpiryAlarm();

    // session_signin.cpp: sign-in and sign-out
    void signIn();
    void beginFlow();
    void endFlow();
    void showBrowser(const QUrl &url);
    void onSignedIn(const Result<SignInOutcome> &outcome);
    void signOut();
    void wipe();
    void revoke(const Secret &refreshToken);

    Session *q;
    SessionOptions options;
    CorrectedClock clock;
    RandomSource &random;
    Provider provider;
    KeyVault vault;
    StoreRunner runner;
    std::shared_ptr<TokenStore> store; // empty until the key is there
    std::shared_ptr<StoreLock> lock;
    QFileSystemWatcher watcher;

    RefreshTransaction transaction;
    RetryPlanner retry;
    RefreshPlan schedule;
    Alarm transactionWait;
    Alarm refreshAlarm;
    Alarm expiryAlarm;
    Alarm keyAlarm;
    Alarm newsAlarm;
    int serial = 0; // of the one asynchronous action of the transaction that may still report
    int keyFailures = 0;

    TokenSet tokens; // what is handed out
    std::optional<Instant> sentAt; // when the request left that brought the tokens about to be published
    std::optional<Instant> signInSentAt; // the same of a sign-in that waits for the store
    std::optional<Instant> lastRefreshed;
    Instant receivedAt {}; // of tokens
    std::optional<WallTime> previousExpiry;
    std::optional<Instant> holdUntil; // the provider asked not to be asked before
    QString rejectedFingerprint; // of an access token that a service refused
    std::optional<TokenSet> replacement; // to be stored when the running transaction has ended
    Secret toRevoke;
    bool signingOut = false;
    bool replacing = false; // the transaction that runs is a sign-in or a sign-out
    bool announced = false; // signedIn() was emitted for this account
    bool started = false;
    SessionFacts facts;
    VisibleState shown;
    QDateTime nextAttempt;
    std::optional<TokenRequest> stepUp;
    std::optional<TokenRequest> stepUpDone;
    Instant stepUpAt {};
    std::unique_ptr<SignInFlow> flow;
    QUrl signInUrl;

    struct Pending
    {
        TokenRequest request;
        QPromise<Result<AccessToken>> promise;
    };
    std::list<Pending> pending;
    QList<SessionEvent> events;
};

} // namespace Watchword
