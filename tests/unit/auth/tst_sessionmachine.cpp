// SPDX-License-Identifier: Apache-2.0
#include "session/sessionstate.h"
#include "sessiontable.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QFile>

using namespace SessionTest;
using State = Session::State;
using T = RefreshTransaction;

namespace {

constexpr auto kTableFile = WATCHWORD_SOURCE_DIR "/tests/unit/auth/session_table.txt";

struct NamedEvent
{
    QString name;
    M::Event event;
};

// The same machine in every test, as far as tokens can tell.
class BenchClock : public ManualClock
{
public:
    QByteArray bootId() const override { return QByteArrayLiteral("bench"); }
};

TokenSet tokensOf(const QByteArray &subject, const QByteArray &token, quint64 generation, const ManualClock &clock)
{
    TokenSet set;
    set.subject = set.accountName = QString::fromLatin1(subject);
    set.accessToken = Secret::copy("access of " + token);
    set.refreshToken = Secret::copy(token);
    set.issuedAt = clock.wallNow();
    set.sentAt = clock.now();
    set.bootId = clock.bootId();
    set.expiresAt = clock.wallNow() + 300s;
    set.generation = generation;
    return set;
}

/* A machine with its clock, led into a state by the events that lead there. */
class Bench
{
public:
    explicit Bench(const QList<M::Event> &way = {}, M::Settings::Storage storage = M::Settings::Storage::Files)
        : m_random(7)
        , m_corrected(clock)
        , machine({u"https://issuer.example"_s, u"app"_s, storage}, m_corrected, m_random)
    {
        for (const M::Event &event : way)
            machine.step(event, clock.now());
    }

    VisibleState visible(StepUpWish wish = StepUpWish::None) const { return visibleState(machine, wish, clock.now()); }

    BenchClock clock;

private:
    SeededRandom m_random;
    CorrectedClock m_corrected;

public:
    M machine;
};

T::Loaded loaded(const Result<TokenSet> &tokens)
{
    return {tokens, std::optional<RefreshJournal>()};
}

SignInOutcome outcomeOf(const TokenSet &tokens)
{
    SignInOutcome outcome;
    outcome.tokens = tokens;
    outcome.claims.subject = outcome.claims.accountName = tokens.subject;
    return outcome;
}

M::TransactionEnded ended(T::Finish::Outcome outcome, M::TransactionEnded::Of of = M::TransactionEnded::Of::Refresh,
                          ErrorCode code = ErrorCode::Internal, const std::optional<TokenSet> &tokens = {})
{
    const Error error = code == ErrorCode::Internal ? Error() : Error(code, u"detail"_s);
    return {{outcome, error}, of, 2s, tokens};
}

} // namespace

/*
    Every state by every event, with every action that follows: the table beside this file. To write it anew after a change that
   is meant, set WATCHWORD_WRITE_TABLE, and read the difference.
*/
class TestSessionMachine : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyStateByEveryEvent();
    void visibleStates();
    void memoryOnly();
    void keychainIsAskedLessAndLessOften();
    void goodNewsWaitForTheSignIn();
    void aStrangerWhoIsAcceptedTakesTheAccount();
    void whoIsRefusedBySignOutIsSignedOutForGood();

private:
    using Way = std::pair<QString, QList<M::Event>>;
    QList<Way> waysUnread() const;
    QList<Way> ways() const;
    QList<NamedEvent> endings() const;
    QList<NamedEvent> events() const;
    QStringList rows() const;

    BenchClock m_clock;
    using Of = M::TransactionEnded::Of;
    using Outcome = T::Finish::Outcome;
    const TokenSet m_alice = tokensOf("alice", "a1", 3, m_clock);
    const TokenSet m_bob = tokensOf("bob", "b1", 0, m_clock);
};

// Of an account that nobody has read yet.
QList<TestSessionMachine::Way> TestSessionMachine::waysUnread() const
{
    const Error locked(ErrorCode::KeychainLocked);
    const Error disk(ErrorCode::StorageFailed);
    const QList<M::Event> opening{M::Start{}};
    const QList<M::Event> waiting{M::Start{}, M::KeyFailed{locked}};
    const QList<M::Event> reading{M::Start{}, M::KeyOpened{}};
    return {
        {u"Unstarted"_s, {}},
        {u"OpeningKey"_s, opening},
        {u"OpeningKey, silent"_s, opening + QList<M::Event>{M::KeychainSilent{}}},
        {u"OpeningKey for a sign-in"_s, {M::SignIn{}}},
        {u"AwaitingKeychain, locked"_s, waiting},
        {u"AwaitingKeychain, wrong passphrase"_s, {M::Start{}, M::KeyFailed{Error(ErrorCode::DecryptionFailed)}}},
        {u"AwaitingKeychain, key lost"_s, {M::Start{}, M::KeyFailed{Error(ErrorCode::KeychainInconsistent)}}},
        {u"NeverSignedIn"_s, {M::Start{}, M::KeyFailed{Error(ErrorCode::NotFound)}}},
        {u"MakingKey"_s, {M::Start{}, M::KeyFailed{Error(ErrorCode::NotFound)}, M::SignIn{}}},
        {u"ReadingStore"_s, reading},
        {u"ReadingStore for a sign-in"_s, {M::SignIn{}, M::KeyOpened{}}},
        {u"ReadingStore, unreadable"_s, reading + QList<M::Event>{M::StoreRead{loaded(disk)}}},
        {u"SignedOutUnread, key being opened"_s, opening + QList<M::Event>{M::SignOut{}}},
        {u"SignedOutUnread, keychain locked"_s, waiting + QList<M::Event>{M::SignOut{}}},
        {u"SignedOutUnread, key there"_s, reading + QList<M::Event>{M::SignOut{}}},
        {u"SignedOutUnread, left, keychain locked"_s, waiting + QList<M::Event>{M::SignOut{}, M::TombstoneLeft{}}},
        {u"ReadingSignedOut"_s, reading + QList<M::Event>{M::SignOut{}, M::TombstoneLeft{}}},
    };
}

QList<TestSessionMachine::Way> TestSessionMachine::ways() const
{
    TokenSet old = m_alice;
    old.expiresAt = *old.issuedAt; // ended when it came
    TokenSet next = m_alice;
    next.generation = 4;
    const QList<M::Event> reading{M::Start{}, M::KeyOpened{}};
    const QList<M::Event> nobody = reading + QList<M::Event>{M::StoreRead{loaded(Error(ErrorCode::NotFound))}};
    const QList<M::Event> restoring = reading + QList<M::Event>{M::StoreRead{loaded(old)}};
    const QList<M::Event> signedIn = reading + QList<M::Event>{M::StoreRead{loaded(m_alice)}};
    const QList<M::Event> asking = nobody + QList<M::Event>{M::SignIn{}};
    const QList<M::Event> offline = signedIn + QList<M::Event>{ended(Outcome::Network, Of::Refresh, ErrorCode::HostNotFound)};
    return waysUnread()
        + QList<Way>{
            {u"Nobody"_s, nobody},
            {u"Nobody, asking"_s, asking},
            {u"Restoring"_s, restoring},
            {u"Restoring, failed"_s, restoring + QList<M::Event>{ended(Outcome::Network, Of::Refresh, ErrorCode::HostNotFound)}},
            {u"SignedIn"_s, signedIn},
            {u"SignedIn, refresh failed"_s, offline},
            {u"SignedIn, in memory"_s,
             signedIn + QList<M::Event>{ended(Outcome::Refreshed, Of::Refresh, ErrorCode::StorageFailed, next)}},
            {u"SignedIn, asking"_s, signedIn + QList<M::Event>{M::SignIn{}}},
            {u"SignedIn, bob waits"_s, signedIn + QList<M::Event>{M::SignIn{}, M::SignInEnded{outcomeOf(m_bob)}}},
            {u"NeedsPerson"_s, signedIn + QList<M::Event>{ended(Outcome::NeedsPerson, Of::Refresh, ErrorCode::RevokedOrExpired)}},
            {u"NeedsPerson, store corrupt"_s, reading + QList<M::Event>{M::StoreRead{loaded(Error(ErrorCode::StoreCorrupt))}}},
            {u"StoringSignIn, the first"_s, asking + QList<M::Event>{M::SignInEnded{outcomeOf(m_bob)}}},
            {u"StoringSignIn, once more"_s,
             signedIn + QList<M::Event>{M::SignIn{}, M::SignInEnded{outcomeOf(tokensOf("alice", "a9", 0, m_clock))}}},
            {u"StoringSignOut"_s, signedIn + QList<M::Event>{M::SignOut{}}},
        };
}

// What comes of a transaction.
QList<NamedEvent> TestSessionMachine::endings() const
{
    const TokenSet newer = tokensOf("alice", "a2", 8, m_clock);
    TokenSet spent = newer;
    spent.refreshToken.clear();
    return {
        {u"Published"_s, M::Published{newer}},
        {u"Refreshed"_s, ended(Outcome::Refreshed, Of::Refresh, ErrorCode::Internal, newer)},
        {u"Refreshed, not stored"_s, ended(Outcome::Refreshed, Of::Refresh, ErrorCode::StorageFailed, newer)},
        {u"Adopted"_s, ended(Outcome::Adopted, Of::Refresh, ErrorCode::Internal, newer)},
        {u"Recovered"_s, ended(Outcome::Recovered)},
        {u"Refresh found a tombstone"_s, ended(Outcome::SignedOut, Of::Refresh, ErrorCode::SignedOut)},
        {u"Refresh failed, network"_s, ended(Outcome::Network, Of::Refresh, ErrorCode::HostNotFound)},
        {u"Refresh failed, busy"_s, ended(Outcome::Busy, Of::Refresh, ErrorCode::TemporarilyUnavailable)},
        {u"Refresh refused"_s, ended(Outcome::NeedsPerson, Of::Refresh, ErrorCode::RevokedOrExpired, spent)},
        {u"Refresh cancelled"_s, ended(Outcome::Cancelled, Of::Refresh, ErrorCode::Cancelled)},
        {u"Replaced"_s, ended(Outcome::Refreshed, Of::Replacement)},
        {u"Replaced with tokens"_s, ended(Outcome::Refreshed, Of::Replacement, ErrorCode::Internal, newer)},
        {u"Replaced, not stored"_s, ended(Outcome::Refreshed, Of::Replacement, ErrorCode::StorageFailed, newer)},
    };
}

QList<NamedEvent> TestSessionMachine::events() const
{
    const TokenSet newer = tokensOf("alice", "a2", 8, m_clock);
    TokenSet tombstone;
    tombstone.generation = 9;
    tombstone.tombstone = true;
    TokenSet left = tokensOf("alice", "a1", 9, m_clock);
    left.tombstone = true;
    const Error disk(ErrorCode::StorageFailed);
    const QList<NamedEvent> first{
        {u"Start"_s, M::Start{}},
        {u"SignIn"_s, M::SignIn{}},
        {u"CancelSignIn"_s, M::CancelSignIn{}},
        {u"SignOut"_s, M::SignOut{}},
        {u"SignOut everywhere"_s, M::SignOut{M::SignOut::Scope::Everywhere}},
        {u"AcceptOtherUser"_s, M::AcceptOtherUser{}},
        {u"OtherUserPatienceEnded"_s, M::OtherUserPatienceEnded{}},
        {u"RetryKeychain"_s, M::RetryKeychain{}},
        {u"KeyOpened"_s, M::KeyOpened{}},
        {u"KeyFailed locked"_s, M::KeyFailed{Error(ErrorCode::KeychainLocked)}},
        {u"KeyFailed never made"_s, M::KeyFailed{Error(ErrorCode::NotFound)}},
        {u"KeychainSilent"_s, M::KeychainSilent{}},
        {u"KeyRetryDue"_s, M::KeyRetryDue{}},
        {u"StoreRead alice"_s, M::StoreRead{loaded(newer)}},
        {u"StoreRead nothing"_s, M::StoreRead{loaded(Error(ErrorCode::NotFound))}},
        {u"StoreRead tombstone"_s, M::StoreRead{loaded(tombstone)}},
        {u"StoreRead tombstone with a token"_s, M::StoreRead{loaded(left)}},
        {u"StoreRead failed"_s, M::StoreRead{loaded(disk)}},
        {u"StoreRead corrupt"_s, M::StoreRead{loaded(Error(ErrorCode::StoreCorrupt))}},
        {u"StoreRetryDue"_s, M::StoreRetryDue{}},
        {u"TombstoneLeft"_s, M::TombstoneLeft{}},
        {u"TombstoneLeft not"_s, M::TombstoneLeft{disk}},
        {u"SignInEnded alice"_s, M::SignInEnded{outcomeOf(tokensOf("alice", "a7", 0, m_clock))}},
        {u"SignInEnded bob"_s, M::SignInEnded{outcomeOf(m_bob)}},
        {u"SignInEnded denied"_s, M::SignInEnded{Error(ErrorCode::AccessDenied)}},
        {u"SignInEnded unverified"_s, M::SignInEnded{Error(ErrorCode::BadSignature), Secret::copy("x1")}},
    };
    const QList<NamedEvent> last{
        {u"NewsRead alice"_s, M::NewsRead{loaded(newer)}},
        {u"NewsRead old"_s, M::NewsRead{loaded(tokensOf("alice", "a0", 1, m_clock))}},
        {u"NewsRead tombstone"_s, M::NewsRead{loaded(tombstone)}},
        {u"NewsRead tombstone with a token"_s, M::NewsRead{loaded(left)}},
        {u"NewsRead failed"_s, M::NewsRead{loaded(disk)}},
        {u"RefreshPaused"_s, M::RefreshPaused{Error(ErrorCode::Offline)}},
        {u"TokenRejected"_s, M::TokenRejected{Secret::copy("access of a1").fingerprint()}},
        {u"TokenRejected, another"_s, M::TokenRejected{u"another"_s}},
        {u"TokenEnded"_s, M::TokenEnded{}},
        {u"IdTokenVerified"_s, M::IdTokenVerified{3, Secret::copy("id"), u"Alice B."_s}},
        {u"IdTokenVerified of earlier tokens"_s, M::IdTokenVerified{1, Secret::copy("id"), u"Alice B."_s}},
    };
    return first + endings() + last;
}

QStringList TestSessionMachine::rows() const
{
    QStringList rows;
    for (const auto &[name, way] : ways()) {
        for (const NamedEvent &one : events()) {
            Bench bench(way);
            const QString before = nameOf(bench.machine);
            const bool possible = isPossible(bench.machine, one.event);
            const M::Actions actions = bench.machine.step(one.event, bench.clock.now());
            QStringList log;
            for (const M::Action &action : actions)
                log += nameOf(action);
            const bool nothing = actions.empty() && nameOf(bench.machine) == before;
            const QString result = possible ? nameOf(bench.machine) + u": "_s + (log.isEmpty() ? u"-"_s : log.join(u", "_s))
                : nothing                   ? u"impossible"_s
                                            : u"IMPOSSIBLE, BUT "_s + log.join(u", "_s);
            rows += u"%1 + %2 = %3"_s.arg(name, one.name, result);
        }
    }
    return rows;
}

void TestSessionMachine::everyStateByEveryEvent()
{
    const QStringList now = rows();
    const QStringList unexpected = now.filter(u"IMPOSSIBLE"_s);
    QVERIFY2(unexpected.isEmpty(), qPrintable(unexpected.join(u'\n')));
    QFile file(QString::fromLatin1(kTableFile));
    if (qEnvironmentVariableIsSet("WATCHWORD_WRITE_TABLE")) {
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(now.join(u'\n').toUtf8() + '\n');
        return;
    }
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QStringList table = QString::fromUtf8(file.readAll()).trimmed().split(u'\n');
    for (qsizetype i = 0; i < std::min(now.size(), table.size()); ++i)
        QCOMPARE(now.at(i), table.at(i));
    QCOMPARE(now.size(), table.size());
}

void TestSessionMachine::visibleStates()
{
    const QHash<QString, State> expected{
        {u"Unstarted"_s, State::SignedOut},
        {u"OpeningKey"_s, State::Restoring},
        {u"OpeningKey, silent"_s, State::KeychainWaiting},
        {u"OpeningKey for a sign-in"_s, State::SigningIn},
        {u"AwaitingKeychain, locked"_s, State::KeychainWaiting},
        {u"AwaitingKeychain, wrong passphrase"_s, State::KeychainWaiting},
        {u"AwaitingKeychain, key lost"_s, State::KeychainWaiting},
        {u"NeverSignedIn"_s, State::SignedOut},
        {u"MakingKey"_s, State::SigningIn},
        {u"ReadingStore"_s, State::Restoring},
        {u"ReadingStore for a sign-in"_s, State::SigningIn},
        {u"ReadingStore, unreadable"_s, State::Restoring},
        {u"SignedOutUnread, key being opened"_s, State::SignedOut},
        {u"SignedOutUnread, keychain locked"_s, State::SignedOut},
        {u"SignedOutUnread, key there"_s, State::SignedOut},
        {u"SignedOutUnread, left, keychain locked"_s, State::SignedOut},
        {u"ReadingSignedOut"_s, State::SignedOut},
        {u"Nobody"_s, State::SignedOut},
        {u"Nobody, asking"_s, State::SigningIn},
        {u"Restoring"_s, State::Restoring},
        {u"Restoring, failed"_s, State::Offline},
        {u"SignedIn"_s, State::Active},
        {u"SignedIn, refresh failed"_s, State::Active}, // a failed refresh is nobody's business while the token is good
        {u"SignedIn, in memory"_s, State::Degraded},
        {u"SignedIn, asking"_s, State::SigningIn},
        {u"SignedIn, bob waits"_s, State::Active},
        {u"NeedsPerson"_s, State::NeedsSignIn},
        {u"NeedsPerson, store corrupt"_s, State::NeedsSignIn},
        {u"StoringSignIn, the first"_s, State::SigningIn},
        {u"StoringSignIn, once more"_s, State::SigningIn},
        {u"StoringSignOut"_s, State::SignedOut},
    };
    for (const auto &[name, way] : ways()) {
        Bench bench(way);
        QVERIFY2(expected.contains(name), qPrintable(name));
        QVERIFY2(bench.visible().state == expected.value(name), qPrintable(name));
    }
    QCOMPARE(expected.size(), ways().size());
    const auto find = [this](const QString &name) {
        const QList<Way> all = ways();
        return std::find_if(all.cbegin(), all.cend(), [&](const Way &way) { return way.first == name; })->second;
    };
    QCOMPARE(Bench(find(u"AwaitingKeychain, locked"_s)).visible().reason.code(), ErrorCode::KeychainLocked);
    QCOMPARE(Bench(find(u"SignedIn"_s)).visible(StepUpWish::Asked).state, State::StepUp);
    QCOMPARE(Bench(find(u"NeedsPerson"_s)).visible(StepUpWish::Asked).state, State::NeedsSignIn);
    QCOMPARE(Bench(find(u"SignedIn, asking"_s)).visible(StepUpWish::Asked).state, State::SigningIn);
    Bench offline(find(u"SignedIn, refresh failed"_s));
    offline.clock.advance(301s);
    QCOMPARE(offline.visible().state, State::Offline);
    QCOMPARE(offline.visible().reason.code(), ErrorCode::HostNotFound);
    Bench ended(find(u"SignedIn"_s));
    ended.clock.advance(301s);
    QCOMPARE(ended.visible().reason.code(), ErrorCode::TokenExpired);
}

void TestSessionMachine::memoryOnly()
{
    Bench bench({}, M::Settings::Storage::MemoryOnly);
    const M::Actions actions = bench.machine.step(M::Start{}, bench.clock.now());
    QCOMPARE(nameOf(bench.machine), u"Nobody"_s);
    QCOMPARE(nameOf(actions.back()), u"tell SignInNeeded SignInRequired"_s);
    Bench asking({M::SignIn{}}, M::Settings::Storage::MemoryOnly);
    QCOMPARE(nameOf(asking.machine), u"Nobody, AskingPerson"_s);
}

void TestSessionMachine::keychainIsAskedLessAndLessOften()
{
    Bench bench({M::Start{}});
    for (const Duration wait : {1s, 2s, 5s, 10s, 30s, 60s, 60s, 60s}) {
        const M::Actions actions = bench.machine.step(M::KeyFailed{Error(ErrorCode::KeychainLocked)}, bench.clock.now());
        QCOMPARE(std::get<M::RetryKey>(actions.back()).in, wait);
        bench.machine.step(M::KeyRetryDue{}, bench.clock.now());
    }
}

// Whoever is signing in is not told meanwhile that the stored tokens are good, nor that a person is needed.
void TestSessionMachine::goodNewsWaitForTheSignIn()
{
    const auto told = [](const M::Actions &actions, M::Notice notice) {
        return std::any_of(actions.begin(), actions.end(), [&](const M::Action &action) {
            const auto *tell = std::get_if<M::Tell>(&action);
            return tell && tell->notice == notice;
        });
    };
    Bench bench({M::SignIn{}, M::KeyOpened{}});
    QVERIFY(!told(bench.machine.step(M::StoreRead{loaded(m_alice)}, bench.clock.now()), M::Notice::SignedIn));
    QCOMPARE(nameOf(bench.machine), u"SignedIn, AskingPerson"_s);
    QVERIFY(told(bench.machine.step(M::CancelSignIn{}, bench.clock.now()), M::Notice::SignedIn));
    Bench nobody({M::SignIn{}, M::KeyOpened{}});
    const M::StoreRead nothing{loaded(Error(ErrorCode::NotFound))};
    QVERIFY(!told(nobody.machine.step(nothing, nobody.clock.now()), M::Notice::SignInNeeded));
    QVERIFY(told(nobody.machine.step(M::CancelSignIn{}, nobody.clock.now()), M::Notice::SignInNeeded));
    // Signed out elsewhere meanwhile: what was good news is not any more.
    Bench gone({M::SignIn{}, M::KeyOpened{}, M::StoreRead{loaded(m_alice)}});
    TokenSet tombstone;
    tombstone.tombstone = true;
    tombstone.generation = 9;
    QVERIFY(!told(gone.machine.step(M::NewsRead{loaded(tombstone)}, gone.clock.now()), M::Notice::SignInNeeded));
    const M::Actions cancelled = gone.machine.step(M::CancelSignIn{}, gone.clock.now());
    QVERIFY(told(cancelled, M::Notice::SignInNeeded) && !told(cancelled, M::Notice::SignedIn));
}

void TestSessionMachine::aStrangerWhoIsAcceptedTakesTheAccount()
{
    Bench bench({M::Start{}, M::KeyOpened{}, M::StoreRead{loaded(m_alice)}, M::SignIn{}, M::SignInEnded{outcomeOf(m_bob)}});
    QVERIFY(bench.machine.signIn().otherUser());
    bench.machine.step(M::AcceptOtherUser{}, bench.clock.now());
    QVERIFY(bench.machine.is<M::StoringSignIn>());
    QVERIFY(!bench.machine.held()->life.isLive(bench.clock.now())); // alice's token is not handed out any more
    TokenSet stored = m_bob;
    stored.generation = 4;
    bench.machine.step(ended(Outcome::Refreshed, Of::Replacement, ErrorCode::Internal, stored), bench.clock.now());
    QCOMPARE(bench.machine.tokens().subject, u"bob"_s);
    QVERIFY(bench.machine.is<M::SignedIn>());
}

// Whatever was on its way when the person signed out, nobody is signed in until somebody signs in.
void TestSessionMachine::whoIsRefusedBySignOutIsSignedOutForGood()
{
    for (const NamedEvent &one : events()) {
        Bench bench({M::Start{}, M::KeyOpened{}, M::StoreRead{loaded(m_alice)}, M::SignOut{}});
        bench.machine.step(one.event, bench.clock.now());
        QVERIFY2(!bench.machine.held(), qPrintable(one.name));
    }
}

WATCHWORD_TEST_MAIN(TestSessionMachine)
#include "tst_sessionmachine.moc"
