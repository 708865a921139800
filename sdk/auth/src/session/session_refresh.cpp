// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"

#include "watchword/core/log.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Outcome = RefreshTransaction::Finish::Outcome;

namespace {

constexpr Duration kStateLatency = 1ms; // so that an alarm at an end sees the token ended

} // namespace

void Session::Private::beginRefresh(const QString &why)
{
    if (!store || signingOut || transaction.isRunning() || facts.needsPerson)
        return;
    const bool afterStart = facts.restoring;
    if (!afterStart && holdUntil && clock.instant() < *holdUntil)
        return;
    if (sleeping) {
        heldForSleep = true;
        return log(u"refresh.held"_s, u"the machine is going to sleep"_s);
    }
    waitsForNetwork = false;
    refreshAlarm.cancel();
    log(u"refresh.started"_s,
        u"%1, generation %2, refresh token %3"_s.arg(why).arg(tokens.generation).arg(tokens.refreshToken.fingerprint()));
    feed(RefreshTransaction::Start{tokens});
}

void Session::Private::feed(const RefreshTransaction::Event &event)
{
    RefreshTransaction::Actions actions = transaction.step(event, clock.now(), clock.instant());
    // Whatever follows from an end comes after everything else has been set in motion.
    std::stable_partition(actions.begin(), actions.end(), [](const RefreshTransaction::Action &action) {
        return !std::holds_alternative<RefreshTransaction::Finish>(action);
    });
    for (const RefreshTransaction::Action &action : actions)
        perform(action);
}

void Session::Private::perform(const RefreshTransaction::Action &action)
{
    using T = RefreshTransaction;
    const int current = ++serial;
    if (std::holds_alternative<T::TryLock>(action)) {
        tryLock(current);
    } else if (std::holds_alternative<T::Load>(action)) {
        load(current);
    } else if (std::holds_alternative<T::Probe>(action)) {
        probe(current);
    } else if (const auto *write = std::get_if<T::WriteJournal>(&action)) {
        runner.run([store = store, journal = write->journal] { return store->writeJournal(journal); },
                   [this, current](const Result<void> &result) {
                       if (current == serial)
                           feed(T::JournalWritten{result});
                   });
    } else if (const auto *send = std::get_if<T::Send>(&action)) {
        this->send(*send, current);
    } else if (const auto *save = std::get_if<T::Save>(&action)) {
        TokenSet set = save->tokens;
        set.clockError = clock.offset();
        runner.run([store = store, set] { return store->save(set); },
                   [this, current](const Result<void> &result) {
                       if (!result)
                           log(u"store.failed"_s, result.error().toString());
                       if (current == serial)
                           feed(T::Saved{result});
                   });
    } else if (const auto *wait = std::get_if<T::Wait>(&action)) {
        if (replacement && transaction.currentStep() == T::Step::Pausing)
            feed(T::Cancel{}); // a token that is about to be replaced is not sent once more
        else
            transactionWait.start(wait->time);
    } else if (const auto *news = std::get_if<T::Publish>(&action)) {
        publish(news->tokens, news->stored);
    } else if (const auto *fresh = std::get_if<T::Examine>(&action)) {
        examine(fresh->idToken);
    } else if (const auto *stray = std::get_if<T::Discard>(&action)) {
        revoker.add(stray->refreshToken);
        revoker.next();
    } else if (std::holds_alternative<T::Unlock>(action)) {
        lock.reset();
    } else if (const auto *finish = std::get_if<T::Finish>(&action)) {
        onFinish(*finish);
    }
}

void Session::Private::tryLock(int current)
{
    runner.run([store = store] { return store->tryLock(); },
               [this, current](const Result<std::shared_ptr<StoreLock>> &result) {
                   if (current != serial)
                       return; // a lock that nobody waits for goes here
                   if (result)
                       lock = *result;
                   noteLockWait(!result && result.error().code() == ErrorCode::LockBusy);
                   feed(RefreshTransaction::LockTried{result ? Result<void>() : Result<void>(result.error())});
               });
}

void Session::Private::noteLockWait(bool busy)
{
    if (busy && !lockWaits.since) {
        lockWaits.since = clock.instant();
        ++lockWaits.count;
    }
    if (lockWaits.since)
        lockWaits.longest = std::max<Duration>(lockWaits.longest, clock.instant() - *lockWaits.since);
    if (!busy)
        lockWaits.since.reset();
}

void Session::Private::load(int current)
{
    const auto work = [store = store] { return RefreshTransaction::Loaded{store->load(), store->readJournal()}; };
    runner.run(work, [this, current](const RefreshTransaction::Loaded &loaded) {
        if (current == serial)
            feed(loaded);
    });
}

void Session::Private::publish(const TokenSet &set, bool stored)
{
    if (takesBack || set.tombstone) {
        revoker.add(set.refreshToken);
        return;
    }
    if (replacing)
        arriving.reset();
    const bool otherPerson = tokens.subject != set.subject || tokens.accountName != set.accountName;
    const bool isNewer = set.generation > tokens.generation;
    const bool sameAccessToken = tokens.accessToken.equals(set.accessToken);
    tokens = set;
    life.take(tokens, clock, random);
    facts.signedIn = true;
    facts.unsaved = !stored;
    log(u"tokens.published"_s,
        u"generation %1, access token %2%3"_s.arg(tokens.generation)
            .arg(tokens.accessToken.fingerprint(), stored ? u""_s : u", not stored"_s));
    plan();
    updateState();
    if (otherPerson)
        Q_EMIT q->accountChanged();
    Q_EMIT q->expiresAtChanged();
    if (isNewer && !sameAccessToken)
        Q_EMIT q->tokenChanged(tokens.generation);
}

void Session::Private::plan()
{
    refreshAlarm.cancel();
    expiryAlarm.cancel();
    if (life.plan().expiry)
        expiryAlarm.startAt(*life.plan().expiry + kStateLatency);
    if (life.plan().soft && !tokens.refreshToken.isEmpty()) {
        refreshAlarm.startAt(*life.plan().soft);
        setNextAttempt(*life.plan().soft - clock.instant());
    } else {
        setNextAttempt(std::nullopt);
    }
}

void Session::Private::onExpiryAlarm()
{
    updateState();
    if (tokens.refreshToken.isEmpty() && facts.signedIn && !facts.needsPerson) {
        facts.needsPerson = Error(ErrorCode::SignInRequired, u"the access token ended, and there is no refresh token"_s);
        updateState();
        Q_EMIT q->signInNeeded(*facts.needsPerson);
    }
}

void Session::Private::onFinish(const RefreshTransaction::Finish &finish)
{
    const bool replaced = std::exchange(replacing, false) || signingOut || replacement;
    if (sleepSignal)
        sleepSignal->letGo();
    log(u"refresh.finished"_s, finish.error == Error() ? QString::number(int(finish.outcome)) : finish.error.toString());
    switch (finish.outcome) {
    case Outcome::Refreshed:
    case Outcome::Adopted:
        retry.reset();
        holdUntil.reset();
        if (finish.outcome == Outcome::Refreshed && !replaced)
            life.noteRefresh(clock.instant());
        facts.refreshProblem.reset();
        if (facts.unsaved) {
            facts.storageProblem = finish.error;
            Q_EMIT q->storageDegraded(finish.error);
        }
        break;
    case Outcome::Recovered:
        facts.unsaved = false;
        facts.storageProblem.reset();
        break;
    case Outcome::SignedOut:
        if (!replaced)
            signedOutElsewhere();
        break;
    case Outcome::Cancelled:
        break;
    default:
        if (!replaced)
            onRefreshFailed(finish);
        break;
    }
    if (replacement && !transaction.isRunning())
        return beginReplacement();
    if (signingOut && !transaction.isRunning()) {
        signingOut = false;
        log(u"signout.finished"_s, revoker.waiting() == 0 ? u"nothing to revoke"_s : u"to be revoked"_s);
    }
    if (replaced)
        revoker.next();
    if (finish.outcome == Outcome::Refreshed || finish.outcome == Outcome::Adopted)
        facts.restoring = false;
    watchFiles();
    updateState();
    announce();
    if (finish.outcome == Outcome::Refreshed) // who is not served by a new token is not served by another one either
        settle(Error(ErrorCode::TemporarilyUnavailable, u"the new token does not live as long as is asked for"_s)
                   .withRetryAfter(life.spacing()));
    else
        settle(std::nullopt);
}

void Session::Private::onRefreshFailed(const RefreshTransaction::Finish &finish)
{
    facts.restoring = false;
    if (finish.outcome == Outcome::NeedsPerson)
        return needPerson(finish.error);
    auto cause = RetryPlanner::Cause::Network;
    if (finish.outcome == Outcome::Busy)
        cause = RetryPlanner::Cause::Busy;
    else if (finish.outcome == Outcome::Storage)
        cause = RetryPlanner::Cause::Storage;
    else if (finish.outcome == Outcome::Configuration)
        cause = RetryPlanner::Cause::Configuration;
    const Duration wait = retry.next(cause, finish.error.retryAfter(), random);
    facts.refreshProblem = explained(finish.error);
    // A network that failed just now may be there at the next request; a provider that asked for time gets it.
    const bool hold = cause == RetryPlanner::Cause::Busy || cause == RetryPlanner::Cause::Configuration;
    holdsForNetwork = !hold;
    holdUntil = clock.instant() + (hold ? wait : std::min<Duration>(wait, 1s));
    refreshAlarm.start(wait);
    setNextAttempt(wait);
    updateState();
    settle(facts.refreshProblem->withRetryAfter(finish.error.retryAfter().value_or(wait)));
}

void Session::Private::replaceStored(const TokenSet &set)
{
    replacement = set;
    feed(RefreshTransaction::Cancel{}); // whose end takes the replacement up, if there was something to cancel
    if (!transaction.isRunning())
        beginReplacement();
}

void Session::Private::beginReplacement()
{
    if (!replacement)
        return;
    const TokenSet next = *std::exchange(replacement, std::nullopt);
    transactionWait.cancel();
    replacing = true;
    takesBack = false; // from here on it is the replacement itself that comes
    feed(RefreshTransaction::Replace{next, std::max(tokens.generation, next.generation)});
}

} // namespace Watchword
