// SPDX-License-Identifier: Apache-2.0
#include "refresh/transactionrunner.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QThread>

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kSettleLeast = 1s;
constexpr Duration kSettleMost = 4s;
constexpr std::chrono::milliseconds kStorePatience = 2s;
constexpr std::chrono::milliseconds kLockPause = 25ms;
constexpr std::chrono::milliseconds kAnswerPause = 2ms;

} // namespace

TransactionRunner::TransactionRunner(const Parts &parts, SleepWatch &sleep, SessionEvents::Report report)
    : m_parts(parts)
    , m_sleep(sleep)
    , m_report(std::move(report))
    , m_random(*parts.options.random)
    , m_queue(m_random, parts.clock.run())
    , m_wait(parts.clock.source())
    , m_settleAlarm(parts.clock.source())
{
    connect(&m_wait, &Alarm::due, this, [this] { feed(T::Elapsed{}); });
    connect(&m_sleep, &SleepWatch::woke, this, [this] {
        if (m_settleAlarm.isActive()) // it slept again between the two looks at the host: both anew
            m_settleAlarm.startAt(m_parts.clock.instant());
    });
}

TransactionRunner::~TransactionRunner() = default;

void TransactionRunner::refresh(const TokenSet &tokens)
{
    run(m_queue.refresh(tokens, m_parts.clock.now(), m_parts.clock.instant()));
}

void TransactionRunner::replace(const SessionActions::Store &store)
{
    m_wait.cancel();
    run(m_queue.replace(store, m_parts.clock.now(), m_parts.clock.instant()));
}

bool TransactionRunner::isUnsentRefresh() const
{
    const T::Step step = m_queue.currentStep();
    const bool unsent = step == T::Step::Locking || step == T::Step::Reading || step == T::Step::Probing;
    return unsent && !m_queue.isDeciding();
}

void TransactionRunner::feed(const T::Event &event)
{
    run(m_queue.step(event, m_parts.clock.now(), m_parts.clock.instant()));
}

// Whoever is told something may want something else at once: that comes after what is under way.
void TransactionRunner::run(TransactionQueue::Outputs outputs)
{
    std::move(outputs.begin(), outputs.end(), std::back_inserter(m_outputs));
    while (!m_outputs.empty()) {
        const TransactionQueue::Output next = std::move(m_outputs.front());
        m_outputs.pop_front();
        std::visit([this, serial = ++m_serial](const auto &action) { perform(action, serial); }, next);
    }
}

// One attempt at a time: a second one would find the lock taken by the first, whose answer is still on its way.
void TransactionRunner::perform(const T::TryLock &, int serial)
{
    if (std::exchange(m_lockWanted, serial))
        return;
    m_parts.store.run([](TokenStore &store) { return store.tryLock(); },
                      [this](const Result<std::shared_ptr<StoreLock>> &result) {
                          if (std::exchange(m_lockWanted, std::nullopt) != m_serial)
                              return; // a lock that nobody waits for goes here
                          if (result)
                              m_lock = *result;
                          noteLockWait(!result && result.error().code() == ErrorCode::LockBusy);
                          feed(T::LockTried{result ? Result<void>() : Result<void>(result.error())});
                      });
}

void TransactionRunner::noteLockWait(bool busy)
{
    const Instant now = m_parts.clock.instant();
    if (busy && !m_lockWaitSince) {
        m_lockWaitSince = now;
        ++m_lockWaits.count;
    }
    if (m_lockWaitSince)
        m_lockWaits.longest = std::max<Duration>(m_lockWaits.longest, now - *m_lockWaitSince);
    if (!busy)
        m_lockWaitSince.reset();
}

void TransactionRunner::perform(const T::Load &, int serial)
{
    m_parts.store.run(
        [](TokenStore &store) {
            return T::Loaded{store.load(), store.readJournal()};
        },
        [this, serial](T::Loaded loaded) {
            if (serial != m_serial)
                return;
            const bool isMine = m_journal && loaded.tokens && loaded.tokens->refreshToken.fingerprint() == m_journal->fingerprint;
            if (isMine)
                loaded.journal = m_journal;
            feed(loaded);
        });
}

// After a wake-up the host must be reached twice, with a pause between.
void TransactionRunner::perform(const T::Probe &action, int serial)
{
    m_sleep.look();
    m_parts.provider.probe([this, action, serial](const Result<void> &result) {
        if (serial != m_serial)
            return;
        m_sleep.look();
        if (!result || !m_sleep.hold().networkProved())
            return feed(T::Probed{result});
        Q_EMIT noted(u"network.settling"_s);
        m_settleAlarm.disconnect(this);
        connect(&m_settleAlarm, &Alarm::due, this, [this, action, serial] {
            if (serial == m_serial)
                perform(action, serial);
        });
        m_settleAlarm.start(kSettleLeast + Duration(qint64(double((kSettleMost - kSettleLeast).count()) * m_random.nextUnit())));
    });
}

/*
    A token is not spent that could not be accounted for after the death of the process, as long as there is another way: on a
   full disk the refresh is put off while the access token is good. Then it goes on in memory, because a session that works until
   the program ends is worth more than one that does not.
*/
bool TransactionRunner::canContinueInMemory(const Error &error) const
{
    const SessionMachine::Held *held = m_parts.machine.held();
    return error.code() == ErrorCode::StorageFailed && held && !held->life.isGoodFor({}, m_parts.clock.instant());
}

void TransactionRunner::perform(const T::WriteJournal &action, int serial)
{
    m_parts.store.run([journal = action.journal](TokenStore &store) { return store.writeJournal(journal); },
                      [this, serial, journal = action.journal](const Result<void> &result) {
                          if (serial != m_serial)
                              return;
                          const bool inMemory = !result && canContinueInMemory(result.error());
                          m_journal.reset();
                          if (inMemory) {
                              Q_EMIT noted(u"journal.in_memory"_s, result.error().toString());
                              m_journal = journal;
                          }
                          feed(T::JournalWritten{inMemory ? Result<void>() : result});
                      });
}

void TransactionRunner::perform(const T::Send &action, int serial)
{
    if (m_sleep.look() || !m_sleep.hold().maySend()) {
        const TokenAnswer kept{
            TokenAnswerClass::NotSent, {}, Error(ErrorCode::Offline, u"the machine sleeps, or has just slept"_s), false};
        QMetaObject::invokeMethod(
            this,
            [this, serial, kept] {
                if (serial == m_serial)
                    feed(T::Answered{kept});
            },
            Qt::QueuedConnection);
        return;
    }
    m_sleep.inhibit();
    m_parts.provider.refresh(action.refreshToken, m_parts.keys.signerFor(action.proofKey), [this, serial](TokenAnswer answer) {
        if (serial != m_serial)
            return;
        if (m_parts.options.lifetimeFromJwt && !answer.grant.expiresIn)
            answer.grant.expiresIn = lifetimeOfJwt(answer.grant.accessToken, m_parts.clock.now());
        feed(T::Answered{answer});
    });
}

void TransactionRunner::perform(const T::Save &action, int serial)
{
    TokenSet set = action.tokens;
    set.clockError = m_parts.clock.offset();
    m_parts.store.run([set](TokenStore &store) { return store.save(set); },
                      [this, serial](const Result<void> &result) {
                          m_parts.store.noteSave(result);
                          if (serial != m_serial)
                              return;
                          feed(T::Saved{result});
                          if (!result && m_queue.currentStep() == T::Step::SavingLater)
                              Q_EMIT saveFailedAgain();
                      });
}

void TransactionRunner::perform(const T::Wait &action, int)
{
    m_wait.start(action.time);
}

void TransactionRunner::perform(const T::Examine &action, int)
{
    m_parts.onIdToken(action.idToken);
}

void TransactionRunner::perform(const T::Unlock &, int)
{
    m_lock.reset();
}

void TransactionRunner::perform(const SessionActions::Revoke &action, int)
{
    m_parts.onRevoke(action.refreshToken);
}

void TransactionRunner::perform(const SessionEvents::Published &action, int)
{
    m_report(action);
}

void TransactionRunner::perform(const SessionEvents::TransactionEnded &action, int)
{
    m_sleep.release();
    Q_EMIT ended(action);
    m_parts.store.watchFiles();
}

// --- The end of the session's own life

void TransactionRunner::finishNow()
{
    if (!QCoreApplication::instance())
        return;
    const QDeadlineTimer answerBy(m_parts.options.destructionGrace);
    QDeadlineTimer storedBy(kStorePatience);
    while (!storedBy.hasExpired()) {
        if (m_queue.currentStep() == T::Step::Sending && !answerBy.hasExpired())
            storedBy.setRemainingTime(kStorePatience); // from the answer on
        if (!finishOneStep(!answerBy.hasExpired()))
            return;
    }
}

bool TransactionRunner::finishOneStep(bool mayWaitForAnswer)
{
    using Step = T::Step;
    const bool deciding = m_queue.isDeciding();
    switch (m_queue.currentStep()) {
    case Step::Sending:
        if (mayWaitForAnswer) {
            QThread::msleep(kAnswerPause.count()); // nothing wakes it: the network's thread posts events, and no loop runs
            m_parts.provider.http().deliver();
        } else if (deciding) { // the decision is there, whatever becomes of the answer
            feed(T::Answered{{TokenAnswerClass::Ambiguous, {}, Error(ErrorCode::Timeout), false}});
        }
        return mayWaitForAnswer || deciding;
    case Step::Journaling:
        if (deciding) // else it is a refresh that has not begun
            m_parts.store.deliver();
        return deciding;
    case Step::Saving:
    case Step::Resolving:
    case Step::Rereading:
    case Step::Concluding:
    case Step::Removing:
        m_parts.store.deliver();
        return true;
    case Step::Reading:
    case Step::Locking:
        if (!deciding)
            return false;
        m_parts.store.deliver();
        if (m_wait.isActive()) { // another process has the lock
            m_wait.cancel();
            QThread::msleep(kLockPause.count()); // nothing wakes it: the lock is in the kernel
            feed(T::Elapsed{});
        }
        return true;
    default:
        return false;
    }
}

} // namespace Watchword
