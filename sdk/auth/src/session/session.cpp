// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/session.h"

#include "session/session_p.h"
#include "watchword/auth/passphrasekeystore.h"
#include "watchword/auth/sessiontext.h"
#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QMetaEnum>
#include <QStandardPaths>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qsizetype kTimelineLength = 200;

} // namespace

SessionOptions completedOptions(SessionOptions options)
{
    if (options.applicationId.isEmpty())
        options.applicationId = options.clientId;
    if (options.account.isEmpty())
        options.account = u"default"_s;
    if (!options.clock)
        options.clock = &Clock::system();
    if (!options.random)
        options.random = &RandomSource::system();
    if (options.dataFolder.isEmpty()) {
        // The application id may hold anything; a folder name may not.
        const QString name = QString::fromLatin1(QUrl::toPercentEncoding(options.applicationId));
        options.dataFolder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + u'/' + name;
    }
    if (options.storage == StoragePolicy::EncryptedFile && !options.keyStore)
        options.keyStore = std::make_shared<PassphraseKeyStore>(options.dataFolder, options.askPassphrase);
    return options;
}

QString SessionEvent::toString() const
{
    return detail.isEmpty() ? toRfc3339(time) + u' ' + what : toRfc3339(time) + u' ' + what + u' ' + detail;
}

Session::Private::Private(SessionOptions given, Session *session)
    : q(session)
    , options(completedOptions(std::move(given)))
    , clock(*options.clock)
    , random(*options.random)
    , provider(options, *options.clock)
    , vault(options.keyStore, options.dataFolder, *options.clock)
    , revoker(provider, runner, *options.clock, random)
    , transaction(*options.random, clock.run())
    , transactionWait(*options.clock)
    , refreshAlarm(*options.clock)
    , expiryAlarm(*options.clock)
    , keyAlarm(*options.clock)
    , newsAlarm(*options.clock)
    , otherAlarm(*options.clock)
    , settleAlarm(*options.clock)
    , wake(*options.clock)
    , networkAlarm(*options.clock)
    , sleepAlarm(*options.clock)
{
    connect(&refreshAlarm, &Alarm::due, this, &Private::onRefreshDue);
    connect(&expiryAlarm, &Alarm::due, this, &Private::onExpiryAlarm);
    connect(&transactionWait, &Alarm::due, this, [this] { feed(RefreshTransaction::Elapsed{}); });
    connect(&wake, &WakeWatch::wokeUp, this, &Private::onWokeUp);
    connect(&provider.http(), &HttpClient::timeLearned, this, &Private::onTimeLearned);
    connect(&otherAlarm, &Alarm::due, this, &Private::refuseOtherUser);
    for (const auto change : {&Session::accountChanged, &Session::signedIn, &Session::signedOut})
        connect(q, change, this, &Private::noteAccount);
    connect(&revoker, &Revoker::noted, this, &Private::log);
    connect(&newsAlarm, &Alarm::due, this, &Private::lookForNews);
    connect(&watcher, &QFileSystemWatcher::fileChanged, this, [this] { newsAlarm.start(50ms); });
    connect(&watcher, &QFileSystemWatcher::directoryChanged, this, [this] { newsAlarm.start(50ms); });
    if (options.keyStore) {
        connect(options.keyStore.get(), &KeyStore::waitingForPerson, this, [this] {
            if (!facts.openingKey)
                return;
            facts.keychainProblem = Error(ErrorCode::KeychainUnresponsive, u"the keychain has not answered yet"_s);
            updateState();
        });
    }
}

Session::Private::~Private() = default;

void Session::Private::log(const QString &what, const QString &detail)
{
    const SessionEvent event{clock.now(), what, detail};
    events += event;
    if (events.size() > kTimelineLength)
        events.removeFirst();
    qCDebug(logAuth).noquote() << options.account << what << detail;
    Q_EMIT q->eventLogged(event);
}

bool Session::Private::hasLiveToken() const
{
    return life.isLive(clock.instant());
}

bool Session::Private::isUsable(const TokenRequest &request) const
{
    return life.isGoodFor(request, clock.instant());
}

void Session::Private::updateState()
{
    facts.tokenUsable = hasLiveToken();
    facts.stepUpAsked = stepUp.has_value();
    const VisibleState now = visibleState(facts);
    if (now == shown)
        return;
    const bool changed = now.state != shown.state;
    shown = now;
    if (changed)
        log(u"state"_s, QString::fromLatin1(QMetaEnum::fromType<State>().valueToKey(int(now.state))));
    Q_EMIT q->stateChanged(now.state);
}

void Session::Private::setNextAttempt(std::optional<Duration> in)
{
    const QDateTime time = in ? toDateTime(clock.now() + *in) : QDateTime();
    if (time == nextAttempt)
        return;
    nextAttempt = time;
    Q_EMIT q->nextAttemptChanged();
}

// What cannot be answered by waiting for a refresh.
std::optional<Error> Session::Private::refusal() const
{
    if (facts.needsPerson)
        return facts.needsPerson;
    if (facts.openingKey && facts.keychainProblem)
        return facts.keychainProblem;
    if (facts.restoring || facts.openingKey)
        return std::nullopt;
    if (!facts.signedIn)
        return Error(ErrorCode::SignInRequired, u"nobody is signed in"_s);
    if (tokens.refreshToken.isEmpty())
        return Error(ErrorCode::SignInRequired, u"the access token ended, and the provider gave no refresh token"_s);
    const std::optional<Duration> storm = life.storm(clock.instant());
    if (storm && !transaction.isRunning())
        return Error(ErrorCode::TemporarilyUnavailable, u"the service refused a token that was just refreshed"_s)
            .withRetryAfter(*storm);
    if (holdUntil && clock.instant() < *holdUntil)
        return facts.refreshProblem.value_or(Error(ErrorCode::TemporarilyUnavailable))
            .withRetryAfter(*holdUntil - clock.instant());
    return std::nullopt;
}

bool Session::Private::askStepUp(const TokenRequest &request)
{
    if (request.acrValues.isEmpty() && !request.maxAge)
        return false;
    // Who refused a token knows better than the clock of this machine what was too old for it.
    const bool done = request.reason != TokenRequest::Reason::Rejected && stepUpDone && stepUpDone->acrValues == request.acrValues
        && (!request.maxAge || clock.instant() - stepUpAt < *request.maxAge);
    if (done || !facts.signedIn)
        return false;
    const bool isNew = !stepUp;
    stepUp = request;
    updateState();
    if (isNew)
        Q_EMIT q->signInNeeded(Error(ErrorCode::InsufficientAuthentication, u"a service asks for a stronger sign-in"_s));
    return true;
}

QFuture<Result<AccessToken>> Session::Private::request(const TokenRequest &request)
{
    if (askStepUp(request))
        return finishedFuture<AccessToken>(
            Error(ErrorCode::InsufficientAuthentication, u"a stronger or fresher sign-in is needed"_s));
    if (!request.rejectedFingerprint.isEmpty() && request.rejectedFingerprint == tokens.accessToken.fingerprint()) {
        if (!life.isRejected())
            log(u"token.rejected"_s, request.rejectedFingerprint);
        life.reject(request.rejectedFingerprint);
        updateState();
    }
    if (facts.signedIn && isUsable(request))
        return finishedFuture<AccessToken>(handOut());
    if (const auto error = refusal())
        return finishedFuture<AccessToken>(*error);
    pending.push_back({request, {}});
    QPromise<Result<AccessToken>> &promise = pending.back().promise;
    promise.start();
    QFuture<Result<AccessToken>> future = promise.future();
    if (store && facts.signedIn)
        beginRefresh(u"request"_s);
    return future;
}

// Answers what can be answered: with the token, or with what went wrong.
void Session::Private::settle(const std::optional<Error> &failure)
{
    std::list<Pending> waiting;
    waiting.swap(pending);
    for (Pending &one : waiting) {
        const bool usable = facts.signedIn && isUsable(one.request);
        const std::optional<Error> error = usable ? std::nullopt : failure ? failure : refusal();
        if (!usable && !error) {
            pending.push_back(std::move(one));
            continue;
        }
        one.promise.addResult(usable ? Result<AccessToken>(handOut()) : Result<AccessToken>(*error));
        one.promise.finish();
    }
    if (!pending.empty() && store && facts.signedIn)
        beginRefresh(u"request"_s);
}

void Session::Private::failAll(const Error &error)
{
    std::list<Pending> waiting;
    waiting.swap(pending);
    for (Pending &one : waiting) {
        one.promise.addResult(error);
        one.promise.finish();
    }
}

Session::Session(SessionOptions options, QObject *parent)
    : TokenProvider(parent)
    , d(std::make_unique<Private>(std::move(options), this))
{
}

Session::~Session()
{
    blockSignals(true);
    d->failAll(Error(ErrorCode::Cancelled, u"the session was destroyed"_s));
    d->finishWhatCannotWait();
    d.reset();
}

Session::State Session::state() const
{
    return d->shown.state;
}

Error Session::stateReason() const
{
    return d->shown.reason;
}

QString Session::stateText() const
{
    return SessionText::ofState(state());
}

QString Session::suggestedAction() const
{
    return SessionText::suggestion(state(), stateReason());
}

QString Session::otherUser() const
{
    if (!d->otherUser)
        return {};
    const IdTokenClaims &claims = d->otherUser->claims;
    return claims.accountName.isEmpty() ? claims.subject : claims.accountName;
}

QString Session::accountName() const
{
    return d->tokens.accountName;
}

QString Session::subject() const
{
    return d->tokens.subject;
}

QDateTime Session::expiresAt() const
{
    return d->tokens.accessToken.isEmpty() || !d->tokens.expiresAt ? QDateTime() : toDateTime(*d->tokens.expiresAt);
}

QDateTime Session::nextAttempt() const
{
    return d->nextAttempt;
}

QUrl Session::signInUrl() const
{
    return d->signInUrl;
}

DeviceSignIn Session::deviceSignIn() const
{
    return d->device;
}

QFuture<Result<RequestHeaders>> Session::requestHeaders(const QByteArray &method, const QUrl &url, const TokenRequest &request)
{
    return d->headers(method, url, request);
}

bool Session::handleRedirect(const QUrl &url)
{
    return d->flow && d->flow->handleRedirect(url);
}

const SessionOptions &Session::options() const
{
    return d->options;
}

QFuture<Result<AccessToken>> Session::requestToken(const TokenRequest &request)
{
    return d->request(request);
}

Result<AccessToken> Session::currentToken() const
{
    if (d->facts.signedIn && d->hasLiveToken())
        return d->handOut();
    return d->refusal().value_or(Error(ErrorCode::TokenExpired, u"there is no valid token now"_s));
}

QList<SessionEvent> Session::timeline() const
{
    return d->events;
}

void Session::start()
{
    d->start();
}

void Session::signIn()
{
    d->signIn();
}

void Session::cancelSignIn()
{
    d->cancelSignIn();
}

void Session::refresh()
{
    if (!d->facts.signedIn || !d->store)
        return;
    d->holdUntil.reset();
    d->beginRefresh(u"application"_s);
}

void Session::signOut()
{
    d->signOut(SignOutScope::Here);
}

void Session::signOut(SignOutScope scope)
{
    d->signOut(scope);
}

void Session::acceptOtherUser()
{
    d->acceptOtherUser();
}

void Session::retryKeychain()
{
    if (d->keyAlarm.isActive())
        d->keyAlarm.startAt(d->clock.instant());
    else if (d->facts.openingKey && d->facts.keychainProblem && !d->vault.isOpening())
        d->openKey(KeyVault::Creation::Never, [this] { d->restore(); });
}

} // namespace Watchword
