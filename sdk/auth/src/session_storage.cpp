// SPDX-License-Identifier: Apache-2.0
#include "session_p.h"

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
    if (options.storage == StoragePolicy::MemoryOnly) {
        useStore(std::make_shared<VolatileTokenStore>());
        Q_EMIT q->signInNeeded(Error(ErrorCode::SignInRequired, u"tokens are kept in memory only"_s));
        return;
    }
    openKey(KeyVault::Creation::Never, [this] { restore(); });
}

void Session::Private::openKey(KeyVault::Creation creation, std::function<void()> then)
{
    facts.openingKey = true;
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
        const EnvelopeTokenStore::Location where {options.dataFolder, options.applicationId, options.account,
                                                  issuerText(options.issuer) + u' ' + options.clientId};
        useStore(std::make_shared<EnvelopeTokenStore>(where, *key, clock.source()));
        then();
    });
}

void Session::Private::onKeyFailed(const Error &error)
{
    log(u"key.failed"_s, error.toString());
    if (error.code() == ErrorCode::NotFound) { // never made: nobody has ever signed in
        facts.openingKey = false;
        facts.keychainProblem.reset();
        updateState();
        const Error reason(ErrorCode::SignInRequired, u"nobody has signed in yet"_s);
        failAll(reason);
        Q_EMIT q->signInNeeded(reason);
        return;
    }
    facts.keychainProblem = error;
    const auto step = size_t(std::min<int>(keyFailures++, int(std::size(kKeyRetries)) - 1));
    keyAlarm.disconnect(this);
    connect(&keyAlarm, &Alarm::due, this, [this] { openKey(KeyVault::Creation::Never, [this] { restore(); }); });
    keyAlarm.start(kKeyRetries[step]);
    setNextAttempt(kKeyRetries[step]);
    updateState();
    failAll(error);
}

void Session::Private::useStore(std::shared_ptr<TokenStore> newStore)
{
    store = std::move(newStore);
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
    facts.restoring = true;
    updateState();
    runner.run([store = store] { return store->load(); }, [this](const Result<TokenSet> &stored) { onRestored(stored); });
}

void Session::Private::onRestored(const Result<TokenSet> &stored)
{
    watchFiles();
    if (stored && !stored->tombstone) {
        log(u"session.restored"_s, u"generation %1"_s.arg(stored->generation));
        adopt(*stored);
        return;
    }
    const bool failed = !stored && stored.error().code() == ErrorCode::StorageFailed;
    if (failed) {
        log(u"store.failed"_s, stored.error().toString());
        facts.refreshProblem = stored.error();
        const Duration wait = retry.next(RetryPlanner::Cause::Storage, {}, random);
        keyAlarm.disconnect(this);
        connect(&keyAlarm, &Alarm::due, this, &Private::restore);
        keyAlarm.start(wait);
        setNextAttempt(wait);
        updateState();
        return;
    }
    facts.restoring = false;
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
    runner.run([store = store] { return store->load(); },
               [this](const Result<TokenSet> &stored) {
                   if (!stored || transaction.isRunning() || signingOut || stored->generation <= tokens.generation)
                       return;
                   if (stored->tombstone)
                       return signedOutElsewhere();
                   log(u"tokens.adopted"_s, u"generation %1 of another process"_s.arg(stored->generation));
                   adopt(*stored);
               });
}

// Tokens that were not received just now: their age is only known by the calendar.
void Session::Private::adopt(const TokenSet &set)
{
    sentAt.reset();
    facts.needsPerson.reset();
    publish(set, true);
    if (set.refreshToken.isEmpty() && !hasLiveToken()) {
        facts.restoring = false;
        facts.needsPerson = Error(ErrorCode::SignInRequired, u"the stored tokens have ended"_s);
        updateState();
        failAll(*facts.needsPerson);
        Q_EMIT q->signInNeeded(*facts.needsPerson);
    } else if (hasLiveToken()) {
        facts.restoring = false;
        updateState();
        announce();
        settle(std::nullopt);
    } else {
        beginRefresh(u"restore"_s);
    }
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
