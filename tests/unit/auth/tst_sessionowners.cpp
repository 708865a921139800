// SPDX-License-Identifier: Apache-2.0
#include "refresh/refreshhold.h"
#include "refresh/transactionqueue.h"
#include "session/accountstore.h"
#include "session/sessionmachine.h"
#include "session/stepup.h"
#include "session/timeline.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/testing/fakekeystore.h"
#include "watchword/testing/manualclock.h"

#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using T = RefreshTransaction;
using Outputs = TransactionQueue::Outputs;

namespace {

template <typename Kind>
const Kind *find(const Outputs &outputs)
{
    for (const TransactionQueue::Output &one : outputs) {
        if (const auto *found = std::get_if<Kind>(&one))
            return found;
    }
    return nullptr;
}

TokenSet tokensOf(const QByteArray &refreshToken, quint64 generation)
{
    TokenSet set;
    set.subject = u"alice"_s;
    set.accessToken = Secret::copy("access");
    set.refreshToken = Secret::copy(refreshToken);
    set.generation = generation;
    return set;
}

/* A queue whose disk and provider do what they are told. */
class QueueBench
{
public:
    QueueBench()
        : m_random(3)
        , queue(m_random, QByteArrayLiteral("run"))
    {
    }

    Outputs feed(const T::Event &event) { return queue.step(event, m_wall, m_now); }
    Outputs replace(const TokenSet &set, SessionActions::Overtaken overtaken)
    {
        return queue.replace({set, 3, overtaken}, m_wall, m_now);
    }
    //! Up to the request that is on its way.
    Outputs send()
    {
        queue.refresh(tokensOf("r1", 3), m_wall, m_now);
        feed(T::LockTried{});
        feed(T::Loaded{tokensOf("r1", 3)});
        feed(T::Probed{});
        return feed(T::JournalWritten{});
    }
    Outputs answer(const QByteArray &refreshToken)
    {
        TokenAnswer answer;
        answer.meaning = TokenAnswerClass::Success;
        answer.grant.accessToken = Secret::copy("access2");
        answer.grant.refreshToken = Secret::copy(refreshToken);
        return feed(T::Answered{answer});
    }

private:
    SeededRandom m_random;
    WallTime m_wall = wallTimeFromSeconds(1'800'000'000);
    Instant m_now{1h};

public:
    TransactionQueue queue;
};

} // namespace

/* What the parts of a session keep for themselves: each owner alone. */
class TestSessionOwners : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void refreshEndsWithItsTokens();
    void decisionOvertakesWhatIsUnsent();
    void decisionWaitsForTheAnswer_data();
    void decisionWaitsForTheAnswer();
    void whoSignsInAfterASignOutGetsNothingOfBefore();
    void whatADecisionOverwrites_data();
    void whatADecisionOverwrites();
    void ambiguousIsNotRepeatedForAReplacedToken();
    void whatCannotBeSavedIsSavedLater();
    void networkHold();
    void sleepHold();
    void stepUpOnce();
    void timelineIsInOrder();
    void orderIsBySequence();
    void keyStoreNewsAndTombstone();
    void keyFailuresAreReported();
    void storageTroubleIsSaidOnce();
};

void TestSessionOwners::refreshEndsWithItsTokens()
{
    QueueBench bench;
    QVERIFY(find<T::Send>(bench.send()));
    QVERIFY(bench.queue.isRunning() && !bench.queue.isDeciding());
    QVERIFY(find<T::Save>(bench.answer("r2")));
    const Outputs last = bench.feed(T::Saved{});
    const auto *ended = find<SessionEvents::TransactionEnded>(last);
    QVERIFY(ended && ended->tokens && ended->tokens->refreshToken.reveal() == "r2");
    QVERIFY(std::holds_alternative<SessionEvents::TransactionEnded>(last.back())); // after the lock is free
    QVERIFY(find<T::Unlock>(last));
    QVERIFY(!bench.queue.isRunning());
}

void TestSessionOwners::decisionOvertakesWhatIsUnsent()
{
    QueueBench bench;
    bench.queue.refresh(tokensOf("r1", 3), {}, {});
    TokenSet tombstone;
    tombstone.tombstone = true;
    const Outputs outputs = bench.replace(tombstone, SessionActions::Overtaken::Revoked);
    QVERIFY(find<T::Unlock>(outputs) && find<T::TryLock>(outputs)); // at once, and from the beginning
    QVERIFY(!find<SessionEvents::TransactionEnded>(outputs)); // the end of the other is nobody's business
    QVERIFY(bench.queue.isDeciding());
    QVERIFY(bench.queue.refresh(tokensOf("r1", 3), {}, {}).empty());
    bench.feed(T::LockTried{});
    const Outputs saving = bench.feed(T::Loaded{tokensOf("r1", 3)});
    QVERIFY(find<T::Save>(saving)->tokens.tombstone);
    const Outputs last = bench.feed(T::Saved{});
    const auto *ended = find<SessionEvents::TransactionEnded>(last);
    QVERIFY(ended && ended->of == SessionEvents::TransactionEnded::Of::Replacement && !ended->tokens);
}

void TestSessionOwners::decisionWaitsForTheAnswer_data()
{
    QTest::addColumn<bool>("kept");
    QTest::newRow("the same person signs in") << true;
    QTest::newRow("signs out") << false;
}

void TestSessionOwners::decisionWaitsForTheAnswer()
{
    QFETCH(bool, kept);
    QueueBench bench;
    bench.send();
    TokenSet decision = kept ? tokensOf("s1", 0) : TokenSet();
    decision.tombstone = !kept;
    const auto overtaken = kept ? SessionActions::Overtaken::Kept : SessionActions::Overtaken::Revoked;
    QVERIFY(bench.replace(decision, overtaken).empty());
    QVERIFY(find<T::Save>(bench.answer("r2"))); // nothing that was received is lost
    const Outputs saved = bench.feed(T::Saved{});
    const auto *back = find<SessionActions::Revoke>(saved);
    QCOMPARE(back != nullptr, !kept);
    QCOMPARE(find<SessionEvents::Published>(saved) != nullptr, kept);
    QVERIFY(kept || back->refreshToken.reveal() == "r2");
    QVERIFY(find<T::TryLock>(saved));
    bench.feed(T::LockTried{});
    const Outputs saving = bench.feed(T::Loaded{tokensOf("r2", 4)});
    QVERIFY(find<T::Save>(saving)->tokens.generation > 4);
}

// The answer to alice's refresh comes when she has signed out and bob has signed in.
void TestSessionOwners::whoSignsInAfterASignOutGetsNothingOfBefore()
{
    QueueBench bench;
    bench.send();
    TokenSet tombstone;
    tombstone.tombstone = true;
    bench.replace(tombstone, SessionActions::Overtaken::Revoked);
    bench.replace(tokensOf("bob", 0), SessionActions::Overtaken::Kept);
    bench.answer("r2");
    const Outputs saved = bench.feed(T::Saved{});
    QVERIFY(!find<SessionEvents::Published>(saved));
    const auto *back = find<SessionActions::Revoke>(saved);
    QVERIFY(back && back->refreshToken.reveal() == "r2");
}

void TestSessionOwners::whatADecisionOverwrites_data()
{
    QTest::addColumn<QString>("decided"); // empty: signed out
    QTest::addColumn<bool>("storedIsTombstone");
    QTest::addColumn<bool>("isTakenBack");
    QTest::newRow("signed out") << QString() << false << true;
    QTest::newRow("somebody else signed in") << u"bob"_s << false << true;
    QTest::newRow("the same person signed in") << u"alice"_s << false << false;
    QTest::newRow("after a sign-out that could not read it") << u"alice"_s << true << true;
}

// Another process stored alice's tokens after the person decided here.
void TestSessionOwners::whatADecisionOverwrites()
{
    QFETCH(QString, decided);
    QFETCH(bool, storedIsTombstone);
    QFETCH(bool, isTakenBack);
    QueueBench bench;
    TokenSet next = decided.isEmpty() ? TokenSet() : tokensOf("new", 0);
    next.subject = decided;
    next.tombstone = decided.isEmpty();
    bench.replace(next, SessionActions::Overtaken::Kept);
    bench.feed(T::LockTried{});
    TokenSet stored = tokensOf("theirs", 7);
    stored.tombstone = storedIsTombstone;
    const Outputs outputs = bench.feed(T::Loaded{stored});
    const auto *back = find<SessionActions::Revoke>(outputs);
    QCOMPARE(back && back->refreshToken.reveal() == "theirs", isTakenBack);
    QVERIFY(find<T::Save>(outputs)->tokens.generation > 7);
}

void TestSessionOwners::ambiguousIsNotRepeatedForAReplacedToken()
{
    QueueBench bench;
    bench.send();
    bench.replace(tokensOf("s1", 0), SessionActions::Overtaken::Kept);
    const Outputs outputs = bench.feed(T::Answered{{TokenAnswerClass::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true}});
    QVERIFY(!find<T::Wait>(outputs) && find<T::TryLock>(outputs));
}

void TestSessionOwners::whatCannotBeSavedIsSavedLater()
{
    using Of = SessionEvents::TransactionEnded::Of;
    QueueBench bench;
    bench.replace(tokensOf("s1", 0), SessionActions::Overtaken::Kept);
    bench.feed(T::LockTried{});
    bench.feed(T::Loaded{Error(ErrorCode::NotFound)});
    const Outputs failed = bench.feed(T::Saved{Error(ErrorCode::StorageFailed)});
    const auto *ended = find<SessionEvents::TransactionEnded>(failed);
    QVERIFY(ended && ended->of == Of::Replacement && ended->finish.error.code() == ErrorCode::StorageFailed && ended->tokens);
    QVERIFY(!bench.queue.isRunning() && bench.queue.isDeciding()); // it is not on the disk yet
    QVERIFY(find<T::Save>(bench.feed(T::Elapsed{})));
    const Outputs saved = bench.feed(T::Saved{});
    const auto *recovered = find<SessionEvents::TransactionEnded>(saved);
    QVERIFY(recovered && recovered->of == Of::Replacement && recovered->finish.error == Error());
    QVERIFY(!bench.queue.isDeciding());
}

void TestSessionOwners::networkHold()
{
    using Cause = RetryPlanner::Cause;
    const Instant now{1h};
    NetworkHold hold;
    QVERIFY(!hold.pauses(false) && !hold.wantsNetwork());
    QVERIFY(hold.pauses(true) && hold.wantsNetwork());
    QVERIFY(!hold.pauses(true)); // the hint may be wrong: the second time it is tried
    hold.begun();
    QVERIFY(!hold.waitsForNetwork());
    hold.failed(Cause::Network, 30s, now);
    QCOMPARE(hold.remaining(now), std::optional<Duration>(1s)); // the next request may try again soon
    QVERIFY(hold.wantsNetwork());
    QCOMPARE(hold.remaining(now + 1s), std::optional<Duration>());
    hold.networkChanged();
    QVERIFY(!hold.wantsNetwork());
    for (const Cause cause : {Cause::Busy, Cause::Configuration}) {
        hold.failed(cause, 30s, now);
        hold.networkChanged(); // a network that is back is no answer to a provider that asked for time
        QCOMPARE(hold.remaining(now + 1s), std::optional<Duration>(29s));
        QVERIFY(!hold.wantsNetwork());
    }
    hold.lifted();
    QCOMPARE(hold.remaining(now), std::optional<Duration>());
}

void TestSessionOwners::sleepHold()
{
    SleepHold hold;
    QVERIFY(hold.maySend() && !hold.defersRefresh() && !hold.networkProved());
    hold.aboutToSleep();
    QVERIFY(!hold.maySend() && hold.isGoingToSleep());
    QCOMPARE(hold.woke(), SleepHold::Morning::NothingDue);
    QVERIFY(!hold.maySend() && !hold.isGoingToSleep());
    QVERIFY(hold.networkProved()); // once more, after a pause
    QVERIFY(!hold.networkProved() && hold.maySend());
    hold.aboutToSleep();
    QVERIFY(hold.defersRefresh());
    QCOMPARE(hold.woke(), SleepHold::Morning::RefreshDue);
    hold.aboutToSleep();
    QVERIFY(hold.defersRefresh());
    hold.forget(); // signed out in the night
    QCOMPARE(hold.woke(), SleepHold::Morning::NothingDue);
}

void TestSessionOwners::stepUpOnce()
{
    using Answer = StepUp::Answer;
    const Instant now{1h};
    StepUp stepUp;
    TokenRequest request;
    QCOMPARE(stepUp.ask(request, now), Answer::NotAsked);
    request.maxAge = 60s;
    QCOMPARE(stepUp.ask(request, now), Answer::AskedNow);
    QCOMPARE(stepUp.ask(request, now), Answer::AskedBefore);
    QVERIFY(stepUp.asked());
    stepUp.begin();
    stepUp.confirm(now);
    QVERIFY(!stepUp.asked());
    QCOMPARE(stepUp.ask(request, now + 59s), Answer::NotAsked); // it has just been done
    request.reason = TokenRequest::Reason::Rejected; // whoever refused the token knows better
    QCOMPARE(stepUp.ask(request, now + 59s), Answer::AskedNow);
    stepUp.begin();
    stepUp.confirm(now);
    request.reason = TokenRequest::Reason::Application;
    QCOMPARE(stepUp.ask(request, now + 60s), Answer::AskedNow);
    stepUp.begin();
    stepUp.confirm(now);
    request.acrValues = {u"gold"_s};
    QCOMPARE(stepUp.ask(request, now), Answer::AskedNow); // that was not what was done
    // What is asked while somebody signs in is not what that sign-in does.
    stepUp.begin();
    request.acrValues = {u"platinum"_s};
    stepUp.ask(request, now);
    stepUp.confirm(now);
    QVERIFY(stepUp.asked() && stepUp.asked()->acrValues == request.acrValues);
    QCOMPARE(stepUp.ask(request, now), Answer::AskedBefore);
    stepUp.forget();
    QVERIFY(!stepUp.asked());
    stepUp.confirm(now); // of a sign-in of which nobody asked anything
    QCOMPARE(stepUp.ask(request, now), Answer::AskedNow);
}

// A machine whose date is an hour ahead, and whose provider says so in between.
void TestSessionOwners::timelineIsInOrder()
{
    ManualClock clock;
    CorrectedClock corrected(clock);
    Timeline timeline(corrected);
    timeline.add(u"before"_s, {});
    clock.advance(1s);
    const auto date = std::chrono::floor<std::chrono::seconds>(clock.wallNow() - 1h);
    corrected.observe({WallTime(date), clock.now(), clock.now()});
    const SessionEvent after = timeline.add(u"after"_s, u"detail"_s);
    const QList<SessionEvent> events = timeline.events();
    QCOMPARE(events.size(), 2);
    QVERIFY(events.at(0).time <= events.at(1).time);
    QCOMPARE(events.at(1).time - events.at(0).time, Duration(1s));
    QCOMPARE(events.at(1).toString(), after.toString());
    for (int i = 0; i < 300; ++i)
        timeline.add(QString::number(i), {});
    QCOMPARE(timeline.events().size(), Timeline::kLength);
    QCOMPARE(timeline.events().first().what, u"100"_s);
}

// Whatever happens to the date: events that share a millisecond, a date that is set back or ahead, a machine that sleeps, and
// a provider that says what time it is.
void TestSessionOwners::orderIsBySequence()
{
    QRandomGenerator random(20260101);
    for (int round = 0; round < 50; ++round) {
        ManualClock clock;
        CorrectedClock corrected(clock);
        Timeline timeline(corrected);
        QStringList added;
        for (int i = 0; i < 60; ++i) {
            const Duration by(random.bounded(100'000));
            switch (random.bounded(6)) {
            case 0:
                clock.advance(by);
                break;
            case 1:
                clock.sleep(by);
                break;
            case 2:
                clock.stepWall(-by * 60);
                break;
            case 3:
                clock.stepWall(by);
                break;
            case 4:
                corrected.observe({std::chrono::floor<std::chrono::seconds>(clock.wallNow() + by), clock.now(), clock.now()});
                break;
            default: // no time passes
                break;
            }
            added += QString::number(i);
            timeline.add(added.last(), {});
            const QList<SessionEvent> events = timeline.events();
            QCOMPARE(events.size(), added.size());
            for (qsizetype at = 0; at < events.size(); ++at) {
                QCOMPARE(events.at(at).what, added.at(at));
                QVERIFY(at == 0 || events.at(at - 1).time <= events.at(at).time);
            }
        }
    }
}

void TestSessionOwners::keyStoreNewsAndTombstone()
{
    QTemporaryDir folder;
    ManualClock clock;
    CorrectedClock corrected(clock);
    SessionOptions options;
    options.issuer = QUrl(u"https://issuer.example"_s);
    options.clientId = options.applicationId = u"app"_s;
    options.storageFolder = folder.filePath(u"data"_s);
    options.keyStore = std::make_shared<FakeKeyStore>();
    std::vector<SessionEvents::Event> events;
    const auto record = [&events](const SessionEvents::Event &event) { events.push_back(event); };
    const auto reported = [&events] { return Support::waitUntil([&] { return !events.empty(); }); };
    AccountStore store(options, corrected, record);
    QSignalSpy opened(&store, &AccountStore::opened);
    QSignalSpy changed(&store, &AccountStore::filesChanged);
    store.openKey(SessionActions::KeyCreation::IfNeverMade);
    QVERIFY(reported());
    QVERIFY(std::holds_alternative<SessionEvents::KeyOpened>(events.at(0)));
    QVERIFY(store.isOpen() && opened.size() == 1);
    events.clear();
    store.read();
    store.read(); // takes the place of the first
    QVERIFY(reported());
    store.deliver();
    QCOMPARE(events.size(), size_t(1));
    QCOMPARE(std::get<SessionEvents::StoreRead>(events.at(0)).loaded.tokens.error().code(), ErrorCode::NotFound);
    events.clear();
    // Another process stores something.
    std::vector<SessionEvents::Event> others;
    AccountStore other(options, corrected, [&others](const SessionEvents::Event &event) { others.push_back(event); });
    other.openKey(SessionActions::KeyCreation::Never);
    QVERIFY(Support::waitUntil([&] { return other.isOpen(); }));
    Result<void> saved = Error(ErrorCode::Internal);
    other.run([](TokenStore &files) { return files.save(tokensOf("r1", 1)); },
              [&saved](const Result<void> &done) { saved = done; });
    other.deliver();
    QVERIFY(saved);
    QVERIFY(Support::waitUntil([&] {
        clock.advance(50ms);
        return changed.size() > 0;
    }));
    store.readNews();
    QVERIFY(reported());
    QCOMPARE(std::get<SessionEvents::NewsRead>(events.at(0)).loaded.tokens->refreshToken.reveal(), QByteArrayView("r1"));
    events.clear();
    other.leaveTombstone();
    other.deliver();
    QVERIFY(std::get<SessionEvents::TombstoneLeft>(others.back()).result);
    store.read();
    QVERIFY(reported());
    const Result<TokenSet> left = std::get<SessionEvents::StoreRead>(events.at(0)).loaded.tokens;
    QVERIFY(left && left->tombstone && !left->refreshToken.isEmpty());
}

void TestSessionOwners::keyFailuresAreReported()
{
    QTemporaryDir folder;
    ManualClock clock;
    CorrectedClock corrected(clock);
    SessionOptions options;
    options.clientId = options.applicationId = u"app"_s;
    options.storageFolder = folder.filePath(u"data"_s);
    const auto keys = std::make_shared<FakeKeyStore>();
    options.keyStore = keys;
    std::vector<SessionEvents::Event> events;
    AccountStore store(options, corrected, [&events](const SessionEvents::Event &event) { events.push_back(event); });
    keys->setMood(FakeKeyStore::Mood::Locked);
    store.openKey(SessionActions::KeyCreation::Never);
    QVERIFY(Support::waitUntil([&] { return events.size() == 1; }));
    QCOMPARE(std::get<SessionEvents::KeyFailed>(events.at(0)).error.code(), ErrorCode::KeychainLocked);
    QVERIFY(!store.isOpen());
    store.retryKeyIn(5s);
    store.retryStoreIn(5s);
    store.stopRetries();
    clock.advance(10s);
    QCOMPARE(events.size(), size_t(1));
    store.retryKeyIn(5s);
    clock.advance(5s);
    QVERIFY(std::holds_alternative<SessionEvents::KeyRetryDue>(events.at(1)));
    store.retryStoreIn(5s);
    clock.advance(5s);
    QVERIFY(std::holds_alternative<SessionEvents::StoreRetryDue>(events.at(2)));
}

void TestSessionOwners::storageTroubleIsSaidOnce()
{
    ManualClock clock;
    CorrectedClock corrected(clock);
    SessionOptions options;
    AccountStore store(options, corrected, [](const SessionEvents::Event &) {});
    QSignalSpy degraded(&store, &AccountStore::degraded);
    store.sayDegraded(Error(ErrorCode::StorageFailed));
    store.sayDegraded(Error(ErrorCode::StorageFailed));
    QCOMPARE(degraded.size(), 1);
    store.noteSave({}); // it works again
    store.sayDegraded(Error(ErrorCode::StorageFailed));
    QCOMPARE(degraded.size(), 2);
}

WATCHWORD_TEST_MAIN(TestSessionOwners)
#include "tst_sessionowners.moc"
