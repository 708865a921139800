// SPDX-License-Identifier: Apache-2.0
#include "session/sessionexecutor.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QMetaEnum>

namespace Watchword {

using namespace Qt::StringLiterals;
using M = SessionMachine;

namespace {

M::Settings settingsOf(const SessionOptions &options)
{
    using Storage = M::Settings::Storage;
    return {issuerText(options.issuer), options.clientId,
            options.storage == StoragePolicy::MemoryOnly ? Storage::MemoryOnly : Storage::Files};
}

} // namespace

SessionExecutor::SessionExecutor(SessionOptions given, Session *session)
    : q(session)
    , options(given.completed())
    , clock(*options.clock)
    , machine(settingsOf(options), clock, *options.random)
    , provider(options, *options.clock)
    , keys(clock)
    , store(options, clock, [this](const auto &event) { onStoreReports(event); })
    , refresher({options, clock, provider, store, keys, machine, [this](const Secret &token) { examiner.examine(token); },
                 [this](const Secret &token) { revoke(token); }},
                [this](const auto &event) { dispatch(event); })
    , signIn(options, clock, provider, keys, [this](const auto &event) { dispatch(event); })
    , examiner(provider, clock, machine, [this](const auto &event) { dispatch(event); })
    , revoker(provider, store.runner(), *options.clock, *options.random)
    , requests(machine, refresher, clock, keys)
    , timeline(clock)
{
    connectParts();
}

SessionExecutor::~SessionExecutor() = default;

void SessionExecutor::connectParts()
{
    connect(&store, &AccountStore::opened, this, [this] { revoker.setStore(store.store()); });
    connect(&store, &AccountStore::filesChanged, this, [this] {
        if (store.isOpen() && !refresher.isRunning()) // which reads the store anyway
            store.readNews();
    });
    connect(&store, &AccountStore::filesChanged, &revoker, &Revoker::scheduleTakeOver);
    connect(&store, &AccountStore::degraded, q, &Session::storageDegraded);
    connect(&refresher, &Refresher::nextAttemptPlanned, this, &SessionExecutor::setNextAttempt);
    connect(&refresher, &Refresher::clockSkewDetected, q, &Session::clockSkewDetected);
    connect(&refresher, &Refresher::timePassed, this, &SessionExecutor::updateState);
    connect(&signIn, &AccountSignIn::urlChanged, q, &Session::signInUrlChanged);
    connect(&signIn, &AccountSignIn::deviceChanged, q, &Session::deviceSignInChanged);
    connect(&signIn, &AccountSignIn::browserRequested, q, &Session::browserRequested);
    connect(&store, &AccountStore::noted, this, &SessionExecutor::log);
    connect(&refresher, &Refresher::noted, this, &SessionExecutor::log);
    connect(&signIn, &AccountSignIn::noted, this, &SessionExecutor::log);
    connect(&examiner, &IdTokenExaminer::noted, this, &SessionExecutor::log);
    connect(&revoker, &Revoker::noted, this, &SessionExecutor::log);
    connect(&revoker, &Revoker::settled, &signIn, &AccountSignIn::startNow);
}

// A slot may want something at once: it is decided now, and carried out after what was decided before.
void SessionExecutor::dispatch(const SessionEvents::Event &event)
{
    const Actions actions = machine.step(event, clock.instant());
    m_actions.insert(m_actions.end(), actions.begin(), actions.end());
    while (!m_actions.empty()) {
        const Action next = std::move(m_actions.front());
        m_actions.pop_front();
        std::visit([this](const auto &action) { perform(action); }, next);
    }
    updateState();
}

void SessionExecutor::obey(const SessionEvents::Event &event)
{
    if (!requests.isOver())
        dispatch(event);
}

void SessionExecutor::perform(const Do &action)
{
    switch (action.task) {
    case Task::WatchSurroundings:
        log(u"session.started"_s, u"issuer %1"_s.arg(redactedUrl(options.issuer)));
        if (options.storage == StoragePolicy::MemoryOnly)
            store.useMemory();
        return refresher.watchSurroundings();
    case Task::ReadStore:
        return store.read();
    case Task::CheckStore:
        return store.check();
    case Task::LeaveTombstone:
        return store.leaveTombstone();
    case Task::StopRetries:
        return store.stopRetries();
    case Task::BeginSignIn:
        return signIn.begin(machine.owner(),
                            revoker.isUnderWay() ? AccountSignIn::Begin::AfterRevocation : AccountSignIn::Begin::Now);
    case Task::ShowSignInAgain:
        return signIn.showAgain();
    case Task::EndSignIn:
        return signIn.end();
    case Task::ConfirmStepUp:
        return signIn.stepUp().confirm(clock.instant());
    case Task::PlanRefresh:
        return refresher.plan();
    case Task::ForgetTokens:
        signIn.stepUp().forget();
        return refresher.forget();
    case Task::SendRevocations:
        return revoker.next();
    }
}

// The state is right before anybody is told anything.
void SessionExecutor::perform(const Tell &action)
{
    updateState();
    switch (action.notice) {
    case Notice::SignedIn:
        listAccount();
        return q->signedIn();
    case Notice::SignedOut:
        listAccount();
        return q->signedOut();
    case Notice::SignInNeeded:
        return q->signInNeeded(action.reason);
    case Notice::SignInFailed:
        return q->signInFailed(action.reason);
    case Notice::TokenChanged:
        return q->tokenChanged(machine.tokens().generation);
    case Notice::TokenRevoked:
        return q->tokenRevoked();
    case Notice::AccountChanged:
        listAccount();
        return q->accountChanged();
    case Notice::OtherUserChanged:
        signIn.noteOtherUser(machine.signIn().otherUser());
        return q->otherUserChanged();
    case Notice::ExpiresAtChanged:
        return q->expiresAtChanged();
    case Notice::StorageDegraded:
        return store.sayDegraded(action.reason);
    }
}

// Whoever runs a transaction reads the store anyway.
void SessionExecutor::onStoreReports(const SessionEvents::Event &event)
{
    if (!std::holds_alternative<SessionEvents::NewsRead>(event) || !refresher.isRunning())
        dispatch(event);
}

void SessionExecutor::revoke(const Secret &refreshToken)
{
    revoker.add(refreshToken);
    // What a person decided is stored first; the end of that sends what waits.
    if (!machine.is<M::StoringSignIn>() && !machine.is<M::StoringSignOut>())
        revoker.next();
}

void SessionExecutor::listAccount()
{
    const TokenSet &tokens = machine.tokens();
    if (!machine.held())
        return store.list({});
    store.list(StoredAccount{options.account, options.issuer, options.clientId, tokens.accountName, tokens.subject, {}});
}

void SessionExecutor::log(const QString &what, const QString &detail)
{
    const SessionEvent event = timeline.add(what, detail);
    qCDebug(logAuth).noquote() << options.account << what << detail;
    Q_EMIT q->eventLogged(event);
}

void SessionExecutor::updateState()
{
    const StepUpWish wish = signIn.stepUp().asked() ? StepUpWish::Asked : StepUpWish::None;
    const VisibleState now = visibleState(machine, wish, clock.instant());
    if (now == shown)
        return;
    const Session::State before = std::exchange(shown, now).state;
    if (now.state != before)
        log(u"state"_s, QString::fromLatin1(QMetaEnum::fromType<Session::State>().valueToKey(int(now.state))));
    Q_EMIT q->stateChanged(now.state);
}

void SessionExecutor::setNextAttempt(std::optional<Duration> in)
{
    const QDateTime time = in ? toDateTime(clock.now() + *in) : QDateTime();
    if (std::exchange(nextAttempt, time) != time)
        Q_EMIT q->nextAttemptChanged();
}

QFuture<Result<AccessToken>> SessionExecutor::request(const TokenRequest &request)
{
    if (requests.isOver())
        return requests.request(request);
    if (const std::optional<Error> refused = askStepUp(request))
        return finishedFuture<AccessToken>(*refused);
    if (!request.rejectedFingerprint.isEmpty())
        dispatch(SessionEvents::TokenRejected{request.rejectedFingerprint});
    return requests.request(request);
}

std::optional<Error> SessionExecutor::askStepUp(const TokenRequest &request)
{
    if (machine.is<SessionMachine::Unread>()) // whoever it is will be asked when that is known
        return std::nullopt;
    const StepUp::Answer answer = signIn.stepUp().ask(request, clock.instant());
    // Nobody is signed in: the first sign-in will do it.
    if (answer == StepUp::Answer::NotAsked || machine.tokens().generation == 0)
        return std::nullopt;
    updateState();
    if (answer == StepUp::Answer::AskedNow)
        Q_EMIT q->signInNeeded(Error(ErrorCode::InsufficientAuthentication, u"a service asks for a stronger sign-in"_s));
    return Error(ErrorCode::InsufficientAuthentication, u"a stronger or fresher sign-in is needed"_s);
}

void SessionExecutor::finishNow()
{
    refresher.runner().finishNow();
    // The sign-out of which the tokens could not be told: a file says it to the next start.
    if (machine.is<M::StoringSignOut>() && !store.isInMemory())
        store.leaveTombstone();
}

} // namespace Watchword
