// SPDX-License-Identifier: Apache-2.0
#include "session/tokenrequests.h"

#include "session/sessionstate.h"
#include "watchword/core/internal/futures.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error sessionGone()
{
    return Error(ErrorCode::Cancelled, u"the session was destroyed"_s);
}

// A promise that is kept also when whoever would keep it is gone.
class HeadersPromise
{
public:
    HeadersPromise() { m_promise.start(); }
    ~HeadersPromise()
    {
        if (!m_promise.future().isFinished())
            settle(sessionGone());
    }
    Q_DISABLE_COPY_MOVE(HeadersPromise)

    QFuture<Result<RequestHeaders>> future() const { return m_promise.future(); }
    void settle(const Result<RequestHeaders> &result)
    {
        m_promise.addResult(result);
        m_promise.finish();
    }

private:
    QPromise<Result<RequestHeaders>> m_promise;
};

// What the last refresh that failed has left to say.
Error lastProblem(const SessionMachine &machine)
{
    std::optional<Error> problem;
    if (const auto *signedIn = std::get_if<SessionMachine::SignedIn>(&machine.state()))
        problem = signedIn->refreshProblem;
    else if (const auto *restoring = std::get_if<SessionMachine::Restoring>(&machine.state()))
        problem = restoring->problem;
    return problem.value_or(Error(ErrorCode::TemporarilyUnavailable));
}

} // namespace

TokenRequests::TokenRequests(const SessionMachine &machine, Refresher &refresher, CorrectedClock &clock, ProofKeys &keys)
    : m_machine(machine)
    , m_refresher(refresher)
    , m_clock(clock)
    , m_keys(keys)
    , m_waits(std::make_unique<QObject>())
{
}

TokenRequests::~TokenRequests()
{
    end();
}

bool TokenRequests::isUsable(const TokenRequest &request) const
{
    const SessionMachine::Held *held = m_machine.held();
    return held && held->life.isGoodFor(request, m_clock.instant());
}

// What cannot be answered by waiting for a refresh.
std::optional<Error> TokenRequests::refusal() const
{
    if (const std::optional<Error> refused = refusalOf(m_machine))
        return refused;
    const auto *restoring = std::get_if<SessionMachine::Restoring>(&m_machine.state());
    const bool failedBefore = restoring ? restoring->problem.has_value() : m_machine.is<SessionMachine::SignedIn>();
    return failedBefore ? m_refresher.refusal(lastProblem(m_machine)) : std::nullopt;
}

AccessToken TokenRequests::handOut() const
{
    AccessToken token = m_machine.tokens().toAccessToken();
    if (token.type.compare("DPoP"_L1, Qt::CaseInsensitive) == 0)
        token.proof = m_keys.signerFor(m_machine.tokens().proofKey);
    return token;
}

QFuture<Result<AccessToken>> TokenRequests::request(const TokenRequest &request)
{
    if (isOver())
        return finishedFuture<AccessToken>(sessionGone());
    if (isUsable(request))
        return finishedFuture<AccessToken>(handOut());
    if (const auto error = refusal())
        return finishedFuture<AccessToken>(*error);
    m_pending.push_back({request, {}});
    QPromise<Result<AccessToken>> &promise = m_pending.back().promise;
    promise.start();
    QFuture<Result<AccessToken>> future = promise.future();
    m_refresher.begin(u"request"_s);
    return future;
}

QFuture<Result<RequestHeaders>> TokenRequests::headers(const QByteArray &method, const QUrl &url,
                                                       const QFuture<Result<AccessToken>> &token) const
{
    if (isOver())
        return finishedFuture<RequestHeaders>(sessionGone());
    const auto promise = std::make_shared<HeadersPromise>();
    whenDone(token, m_waits.get(), [promise, method, url](const Result<AccessToken> &got) {
        promise->settle(got ? got->headersFor(method, url) : Result<RequestHeaders>(got.error()));
    });
    return promise->future();
}

Result<AccessToken> TokenRequests::currentToken() const
{
    if (m_machine.held() && m_machine.held()->life.isLive(m_clock.instant()))
        return handOut();
    return refusal().value_or(Error(ErrorCode::TokenExpired, u"there is no valid token now"_s));
}

bool TokenRequests::isForWaitingRequests(const TokenRequest &request) const
{
    const SessionMachine::Held *held = m_machine.held();
    return held && held->life.isForWaitingRequests(m_clock.instant())
        && held->tokens.accessToken.fingerprint() != request.rejectedFingerprint;
}

void TokenRequests::settle(const SessionActions::SettleRequests &action)
{
    const bool justReceived = action.token == SessionActions::SettleRequests::Token::JustReceived;
    std::list<Pending> waiting;
    waiting.swap(m_pending);
    for (Pending &one : waiting) {
        const bool usable = isUsable(one.request) || (justReceived && isForWaitingRequests(one.request));
        const std::optional<Error> error = usable ? std::nullopt : action.failure ? action.failure : refusal();
        if (!usable && !error) {
            m_pending.push_back(std::move(one));
            continue;
        }
        one.promise.addResult(usable ? Result<AccessToken>(handOut()) : Result<AccessToken>(*error));
        one.promise.finish();
    }
    if (!m_pending.empty())
        m_refresher.begin(u"request"_s);
}

// Continuations may call back: it is over by then, and the session is all there.
void TokenRequests::end()
{
    const std::unique_ptr<QObject> waits = std::move(m_waits);
    failAll(sessionGone());
}

void TokenRequests::failAll(const Error &error)
{
    std::list<Pending> waiting;
    waiting.swap(m_pending);
    for (Pending &one : waiting) {
        one.promise.addResult(error);
        one.promise.finish();
    }
}

} // namespace Watchword
