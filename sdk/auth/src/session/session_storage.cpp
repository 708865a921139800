// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"

#include "watchword/core/log.h"

#include <QFile>

#include <algorithm>
#include <iterator>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// Keyrings start late, and people unlock them when they come to it.
constexpr std::chrono::seconds kKeyRetries[] = {1s, 2s, 5s, 10s, 30s, 60s};

} // namespace

void Session::Private::start()
{
    if (std::exchange(started, true))
        return;
    log(u"session.started"_s, u"issuer %1"_s.arg(redactedUrl(options.issuer)));
    watchSurroundings();
    if (options.storage == StoragePolicy::MemoryOnly) {
        useStore(std::make_shared<VolatileTokenStore>());
        Q_EMIT q->signInNeeded(Error(ErrorCode::SignInRequired, u"tokens are kept in memory only"_s));
        return;
    }
    openKey(KeyVault::Creation::Never, [this] { restore(); });
}

void Session::Private::openKey(KeyVault::Creation creation, std::function<void()> then)
{
    facts.openingKey = !finishesQuietly;
    keyAlarm.cancel();
    updateState();
    vault.open(creation, [this, then = std::move(then)](const Result<Secret> &key) {
        if (!key)
            return onKeyFailed(key.error());
        keyFailures = 0;
        facts.openingKey = false;
        facts.keychainProblem.reset();
        setNextAttempt(std::nullopt);
        log(u"key.opened"_s, options.keyStore->backendName());
        if (const QString moved = vault.takeNote(); !moved.isEmpty())
            log(u"key.moved"_s, moved);
        useStore(std::make_shared<EnvelopeTokenStore>(location(), *key, clock.source()));
        then();
        checkStore();
    });
}

EnvelopeTokenStore::Location Session::Private::location() const
{
    return {options.dataFolder, options.applicationId, options.account, issuerText(options.issuer) + u' ' + options.clientId};
}

// Better said at the start than when the first refreshed token cannot be kept.
void Session::Private::checkStore()
{
    const auto files = std::make_shared<EnvelopeTokenStore>(location(), Secret::random(32), clock.source());
    runner.run([files] { return files->check(); },
               [this](const Result<void> &usable) {
                   if (usable)
                       return;
                   log(u"store.failed"_s, usable.error().toString());
                   facts.storageProblem = usable.error();
                   Q_EMIT q->storageDegraded(usable.error());
               });
}

void Session::Private::onKeyFailed(const Error &error)
{
    log(u"key.failed"_s, error.toString());
    if (error.code() == ErrorCode::NotFound) { // never made: nobody has ever signed in
        storeRead = true;
        facts.openingKey = false;
        facts.keychainProblem.reset();
        updateState();
        if (std::exchange(finishesQuietly, false))
            return; // there was nobody to sign out
        const Error reason(ErrorCode::SignInRequired, u"nobody has signed in yet"_s);
        failAll(reason);
        Q_EMIT q->signInNeeded(reason);
        return;
    }
    // A person who typed a wrong passphrase, or none, is asked again when they want to be.
    const bool byPerson = error.code() == ErrorCode::DecryptionFailed || error.code() == ErrorCode::Cancelled;
    if (!finishesQuietly)
        facts.keychainProblem = error;
    if (byPerson) {
        setNextAttempt(std::nullopt);
        updateState();
        failAll(error);
        return;
    }
    const auto step = size_t(std::min<int>(keyFailures++, int(std::size(kKeyRetries)) - 1));
    keyAlarm.disconnect(this);
    connect(&keyAlarm, &Alarm::due, this, [this] { openKey(KeyVault::Creation::Never, [this] { restore(); }); });
    keyAlarm.start(kKeyRetries[step]);
    if (!finishesQuietly)
        setNextAttempt(kKeyRetries[step]);
    updateState();
    failAll(error);
}

void Session::Private::useStore(std::shared_ptr<TokenStore> newStore)
{
    store = std::move(newStore);
    revoker.setStore(store);
    watchFiles();
}

void Session::Private::watchFiles()
{
    const QStringList wanted = store ? store->watchedFiles() : QStringList();
    const QStringList watched = watcher.files() + watcher.directories();
    for (const QString &path : wanted) {
        // A file that was replaced is not watched any more.
        if (!watched.contains(path) && QFile::exists(path))
            watcher.addPath(path);
    }
}

void Session::Private::restore()
{
    const int current = ++readings;
    facts.restoring = !finishesQuietly && !foundNobody;
    updateState();
    runner.run(
        [store = store] {
            return RefreshTransaction::Loaded{store->load(), store->readJournal()};
        },
        [this, current](const RefreshTransaction::Loaded &loaded) {
            if (current == readings)
                onRestored(loaded);
        });
}

// Nobody knows yet whether somebody is signed in.
bool Session::Private::isUnread() const
{
    return store && !storeRead && options.storage != StoragePolicy::MemoryOnly;
}

void Session::Private::onRestored(const RefreshTransaction::Loaded &loaded)
{
    watchFiles();
    const Result<TokenSet> &stored = loaded.tokens;
    storeRead = stored || stored.error().code() != ErrorCode::StorageFailed;
    if (stored && !stored->tombstone) {
        finishesQuietly = false;
        log(u"session.restored"_s, u"generation %1"_s.arg(stored->generation));
        adopt(*stored, loaded.journal.valueOr({}));
        return;
    }
    if (!storeRead) {
        log(u"store.failed"_s, stored.error().toString());
        const Duration wait = retry.next(RetryPlanner::Cause::Storage, {}, random);
        keyAlarm.disconnect(this);
        connect(&keyAlarm, &Alarm::due, this, &Private::restore);
        keyAlarm.start(wait);
        if (!finishesQuietly) {
            facts.refreshProblem = stored.error();
            setNextAttempt(wait);
        }
        updateState();
        return;
    }
    facts.restoring = false;
    if (stored && !stored->refreshToken.isEmpty())
        finishSignOut(*stored);
    if (std::exchange(finishesQuietly, false))
        return;
    Error reason(ErrorCode::SignInRequired, u"nobody is signed in"_s);
    if (stored) {
        tokens.generation = stored->generation;
        reason = Error(ErrorCode::SignedOut, u"the account was signed out"_s);
    } else if (stored.error().code() != ErrorCode::NotFound) {
        reason = stored.error();
        facts.needsPerson = reason;
    }
    log(u"session.empty"_s, reason.toString());
    updateState();
    failAll(reason);
    Q_EMIT q->signInNeeded(reason);
}

void Session::Private::lookForNews()
{
    watchFiles();
    if (!store || transaction.isRunning() || facts.restoring || signingOut)
        return; // whoever runs now reads the store anyway
    runner.run(
        [store = store] {
            return RefreshTransaction::Loaded{store->load(), store->readJournal()};
        },
        [this](const RefreshTransaction::Loaded &loaded) { onNews(loaded); });
}

void Session::Private::onNews(const RefreshTransaction::Loaded &loaded)
{
    const Result<TokenSet> &stored = loaded.tokens;
    if (!stored || transaction.isRunning() || signingOut || finishesQuietly || stored->generation <= tokens.generation)
        return;
    storeRead = true;
    if (stored->tombstone) {
        signedOutElsewhere();
        if (!stored->refreshToken.isEmpty())
            finishSignOut(*stored);
        return;
    }
    log(u"tokens.adopted"_s, u"generation %1 of another process"_s.arg(stored->generation));
    adopt(*stored, loaded.journal.valueOr({}));
}

// Tokens that were not received just now: their age is only known by the calendar.
void Session::Private::adopt(const TokenSet &set, const std::optional<RefreshJournal> &journal)
{
    facts.needsPerson.reset();
    if (!clock.isMeasured() && set.clockError != Duration::zero())
        clock.assume(set.clockError);
    publish(set, true);
    const std::optional<Error> ended = set.refreshToken.isEmpty() ? whyEnded(set, journal) : std::nullopt;
    if (ended) { // the access token is still handed out, as by the session that was told so
        needPerson(*ended);
    } else if (set.refreshToken.isEmpty() && !hasLiveToken()) {
        needPerson(Error(ErrorCode::SignInRequired, u"the stored tokens have ended"_s));
    } else if (hasLiveToken()) {
        facts.restoring = false;
        updateState();
        announce();
        settle(std::nullopt);
    } else {
        beginRefresh(u"restore"_s);
    }
}

void Session::Private::needPerson(const Error &reason)
{
    facts.restoring = false;
    facts.needsPerson = reason;
    refreshAlarm.cancel();
    setNextAttempt(std::nullopt);
    updateState();
    settle(reason);
    Q_EMIT q->signInNeeded(reason);
}

void Session::Private::announce()
{
    if (facts.signedIn && hasLiveToken() && !std::exchange(announced, true))
        Q_EMIT q->signedIn();
}

void Session::Private::signedOutElsewhere()
{
    if (!facts.signedIn && !facts.restoring)
        return;
    log(u"session.signed_out_elsewhere"_s);
    const quint64 generation = tokens.generation;
    wipe();
    tokens.generation = generation;
    Q_EMIT q->tokenRevoked();
    Q_EMIT q->signedOut();
}

} // namespace Watchword
