// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/revoker.h"
#include "session/accountsignin.h"
#include "session/idtokenexaminer.h"
#include "session/sessionstate.h"
#include "session/timeline.h"
#include "session/tokenrequests.h"

namespace Watchword {

/*!
    Executes what the SessionMachine decides, and nothing else: it owns the parts of a session, brings their events to the machine
   and the machine's actions to them, and emits the signals of the Session that it belongs to.
*/
class SessionExecutor : public QObject, private SessionActions
{
    Q_OBJECT

public:
    SessionExecutor(SessionOptions options, Session *session);
    ~SessionExecutor() override;

    void dispatch(const SessionEvents::Event &event);
    void obey(const SessionEvents::Event &event); //!< What the application wants; nothing once the requests are over.
    QFuture<Result<AccessToken>> request(const TokenRequest &request);
    //! The end of the session's own life, after that of the requests, without an event loop and without a signal.
    void finishNow();

    Session *const q;
    const SessionOptions options;
    CorrectedClock clock;
    SessionMachine machine;
    Provider provider;
    ProofKeys keys;
    AccountStore store;
    Refresher refresher;
    AccountSignIn signIn;
    IdTokenExaminer examiner;
    Revoker revoker;
    TokenRequests requests;
    Timeline timeline;
    VisibleState shown;
    QDateTime nextAttempt;

private:
    void connectParts();
    void updateState();
    void log(const QString &what, const QString &detail = {});
    std::optional<Error> askStepUp(const TokenRequest &request);
    void setNextAttempt(std::optional<Duration> in);
    void onStoreReports(const SessionEvents::Event &event);
    void listAccount();
    void revoke(const Secret &refreshToken);
    void perform(const Do &action);
    void perform(const Tell &action);
    void perform(const OpenKey &action) { store.openKey(action.creation); }
    void perform(const RetryKey &action) { store.retryKeyIn(action.in); }
    void perform(const RetryStore &action) { store.retryStoreIn(action.in); }
    void perform(const ShowNextAttempt &action) { setNextAttempt(action.in); }
    void perform(const Refresh &action) { refresher.begin(action.why); }
    void perform(const Store &action) { refresher.replace(action); }
    void perform(const Revoke &action) { revoker.add(action.refreshToken); }
    void perform(const SettleRequests &action) { requests.settle(action); }
    void perform(const FailRequests &action) { requests.failAll(action.error); }
    void perform(const EndProviderSession &action) { signIn.endProviderSession(action.accountName); }
    void perform(const Log &action) { log(action.what, action.detail); }

    std::deque<Action> m_actions; // still to be executed
};

} // namespace Watchword
