// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refresher.h"
#include "session/sessionactions.h"
#include "session/stepup.h"

#include <QPromise>

#include <list>

namespace Watchword {

/*!
    Who wants a token: answers from what is held, or waits for the refresh that is needed. end(), or the destructor, answers those
    who still wait with ErrorCode::Cancelled, and so is answered whoever comes later. Threads: that of the session.
*/
class TokenRequests
{
public:
    //! Everything outlives it.
    TokenRequests(const SessionMachine &machine, Refresher &refresher, CorrectedClock &clock, ProofKeys &keys);
    ~TokenRequests();
    Q_DISABLE_COPY_MOVE(TokenRequests)

    QFuture<Result<AccessToken>> request(const TokenRequest &request);
    QFuture<Result<RequestHeaders>> headers(const QByteArray &method, const QUrl &url,
                                            const QFuture<Result<AccessToken>> &token) const;
    Result<AccessToken> currentToken() const;
    //! Answers what can be answered: with the token, or with what went wrong.
    void settle(const SessionActions::SettleRequests &action);
    void failAll(const Error &error);
    void end();
    bool isOver() const { return !m_waits; }

private:
    struct Pending
    {
        TokenRequest request;
        QPromise<Result<AccessToken>> promise;
    };

    bool isUsable(const TokenRequest &request) const;
    bool isForWaitingRequests(const TokenRequest &request) const;
    std::optional<Error> refusal() const;
    AccessToken handOut() const;

    const SessionMachine &m_machine;
    Refresher &m_refresher;
    CorrectedClock &m_clock;
    ProofKeys &m_keys;
    std::list<Pending> m_pending;
    std::unique_ptr<QObject> m_waits; //!< Of those who want headers; null: it is over.
};

} // namespace Watchword
