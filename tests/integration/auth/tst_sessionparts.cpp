// SPDX-License-Identifier: Apache-2.0
#include "refresh/refresher.h"
#include "session/accountsignin.h"
#include "sessionfixture.h"
#include "support/scriptedhints.h"
#include "watchword/testing/manualclock.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using M = SessionMachine;
using Endpoint = FakeIssuer::Endpoint;

namespace {

/* The parts of a session that talk to a provider, without the session: what they report is kept, and fed only if a test wants it.
 */
class Parts
{
public:
    explicit Parts(const SessionOptions &given)
        : options(given.completed())
        , clock(*options.clock)
        , machine({}, clock, *options.random)
        , provider(options, *options.clock)
        , keys(clock)
        , store(options, clock, [this](const auto &event) { events.push_back(event); })
        , refresher({options, clock, provider, store, keys, machine, [](const Secret &) {}, [](const Secret &) {}},
                    [this](const auto &event) { events.push_back(event); })
        , signIn(options, clock, provider, keys, [this](const auto &event) { events.push_back(event); })
    {
    }

    void feed(const M::Event &event) { machine.step(event, clock.instant()); }
    //! The next report of this kind.
    template <typename Event>
    std::optional<Event> reported()
    {
        std::optional<Event> found;
        Support::waitUntil([&] {
            for (auto it = events.begin(); it != events.end(); ++it) {
                if (const auto *event = std::get_if<Event>(&*it)) {
                    found = *event;
                    events.erase(it);
                    return true;
                }
            }
            return false;
        });
        return found;
    }
    //! A person signs in, and the tokens are stored.
    bool signsIn()
    {
        store.openKey(SessionActions::KeyCreation::IfNeverMade);
        if (!reported<M::KeyOpened>())
            return false;
        signIn.begin({}, AccountSignIn::Begin::Now);
        const auto ended = reported<M::SignInEnded>();
        if (!ended || !ended->outcome)
            return false;
        signIn.end();
        feed(M::Start{});
        feed(M::KeyOpened{});
        feed(M::StoreRead{{Error(ErrorCode::NotFound)}});
        feed(M::SignIn{});
        feed(*ended);
        refresher.replace({ended->outcome->tokens, 0, SessionActions::Overtaken::Kept});
        const auto stored = reported<M::TransactionEnded>();
        if (stored)
            feed(*stored);
        return machine.is<M::SignedIn>();
    }

    std::vector<M::Event> events;
    const SessionOptions options;
    CorrectedClock clock;
    M machine;
    Provider provider;
    ProofKeys keys;
    AccountStore store;
    Refresher refresher;
    AccountSignIn signIn;
};

} // namespace

/* The refresh with its alarms and holds, and the sign-in, each without the rest of a session. */
class TestSessionParts : public SessionFixture
{
    Q_OBJECT

public Q_SLOTS:
    void init() override
    {
        SessionFixture::init();
        m_clock = std::make_unique<ManualClock>();
        m_hints = std::make_unique<Support::ScriptedHints>();
        FakeIssuer::Options o;
        o.clock = m_clock.get();
        m_issuer = std::make_unique<FakeIssuer>(o);
        QVERIFY(m_issuer->listen());
    }

private Q_SLOTS:
    void nobodyIsRefreshed();
    void refreshIsPlannedAndReported();
    void failuresAreTriedAgain();
    void withoutNetworkItIsPaused();
    void nothingIsPlannedAfterForgetting();
    void signInIsReported();
    void refusedSignInIsReported();
    void endedSignInSaysNothing();
    void strangersWaitTenMinutes();
    void providerSessionIsEnded();

private:
    SessionOptions options()
    {
        SessionOptions all = SessionFixture::options();
        all.clock = m_clock.get();
        all.networkHints = m_hints.get();
        return all;
    }

    std::unique_ptr<ManualClock> m_clock;
    std::unique_ptr<Support::ScriptedHints> m_hints;
};

void TestSessionParts::nobodyIsRefreshed()
{
    Parts parts(options());
    parts.refresher.begin(u"test"_s);
    parts.refresher.plan();
    QVERIFY(!parts.refresher.isRunning());
    QVERIFY(!parts.refresher.refusal(Error()));
}

void TestSessionParts::refreshIsPlannedAndReported()
{
    Parts parts(options());
    QVERIFY(parts.signsIn());
    QSignalSpy planned(&parts.refresher, &Refresher::nextAttemptPlanned);
    parts.refresher.plan();
    QCOMPARE(planned.size(), 1);
    m_clock->advance(301s); // the end of the token
    QVERIFY(parts.reported<M::TokenEnded>());
    const auto ended = parts.reported<M::TransactionEnded>();
    QVERIFY(ended);
    QCOMPARE(ended->finish.outcome, RefreshTransaction::Finish::Outcome::Refreshed);
    QVERIFY(ended->tokens && ended->tokens->generation == 2);
    QCOMPARE(m_issuer->refreshCount(), 1);
}

void TestSessionParts::failuresAreTriedAgain()
{
    Parts parts(options());
    QVERIFY(parts.signsIn());
    m_issuer->failNext(Endpoint::Token, FakeIssuer::Fault::Busy); // Retry-After: 7
    parts.refresher.begin(u"test"_s);
    const auto failed = parts.reported<M::TransactionEnded>();
    QVERIFY(failed && failed->retryIn >= 7s);
    parts.refresher.begin(u"test"_s);
    QVERIFY(!parts.refresher.isRunning()); // a provider that asked for time gets it
    QVERIFY(parts.refresher.refusal(failed->finish.error)->retryAfter());
    m_clock->advance(failed->retryIn);
    QVERIFY(parts.reported<M::TransactionEnded>()->tokens);
    m_issuer->failNext(Endpoint::Token, FakeIssuer::Fault::Busy);
    parts.refresher.beginNow(u"test"_s);
    QVERIFY(parts.reported<M::TransactionEnded>());
    parts.refresher.beginNow(u"the application"_s); // is not asked to wait
    QVERIFY(parts.refresher.isRunning());
    QVERIFY(parts.reported<M::TransactionEnded>()->tokens);
}

void TestSessionParts::withoutNetworkItIsPaused()
{
    Parts parts(options());
    QVERIFY(parts.signsIn());
    parts.refresher.watchSurroundings();
    parts.refresher.plan();
    m_hints->set(true);
    m_clock->advance(299s);
    const auto paused = parts.reported<M::RefreshPaused>();
    QVERIFY(paused);
    QCOMPARE(paused->reason.code(), ErrorCode::Offline);
    QCOMPARE(m_issuer->refreshCount(), 0);
    m_hints->set(false);
    m_clock->advance(3s);
    QVERIFY(parts.reported<M::TransactionEnded>());
    QCOMPARE(m_issuer->refreshCount(), 1);
}

void TestSessionParts::nothingIsPlannedAfterForgetting()
{
    Parts parts(options());
    QVERIFY(parts.signsIn());
    parts.refresher.plan();
    parts.events.clear();
    parts.refresher.forget();
    m_clock->advance(600s);
    QVERIFY(parts.events.empty() && !parts.refresher.isRunning());
}

void TestSessionParts::signInIsReported()
{
    Parts parts(options());
    QSignalSpy urls(&parts.signIn, &AccountSignIn::urlChanged);
    QSignalSpy browser(&parts.signIn, &AccountSignIn::browserRequested);
    parts.signIn.begin({}, AccountSignIn::Begin::Now);
    const auto ended = parts.reported<M::SignInEnded>();
    QVERIFY(ended && ended->outcome);
    QCOMPARE(ended->outcome->claims.subject, u"alice"_s);
    QVERIFY(ended->unusedRefreshToken.isEmpty());
    QCOMPARE(browser.size(), 1);
    QVERIFY(!parts.signIn.url().isEmpty());
    parts.signIn.end();
    parts.signIn.end(); // a second time it does nothing
    QVERIFY(parts.signIn.url().isEmpty());
    QCOMPARE(urls.size(), 2);
}

void TestSessionParts::refusedSignInIsReported()
{
    Parts parts(options());
    m_issuer->failNext(Endpoint::Authorization, FakeIssuer::Fault::Denied);
    parts.signIn.begin({}, AccountSignIn::Begin::Now);
    const auto ended = parts.reported<M::SignInEnded>();
    QVERIFY(ended && !ended->outcome);
    QCOMPARE(ended->outcome.error().code(), ErrorCode::AccessDenied);
}

void TestSessionParts::endedSignInSaysNothing()
{
    SessionOptions all = options();
    all.openBrowser = [](const QUrl &) { return true; };
    Parts parts(all);
    parts.signIn.begin({}, AccountSignIn::Begin::Now);
    QVERIFY(Support::waitUntil([&] { return !parts.signIn.url().isEmpty(); }));
    const QUrl page = parts.signIn.url();
    parts.signIn.end();
    QVERIFY(!parts.signIn.handleRedirect(page));
    m_clock->advance(11min); // the time that a sign-in has
    QVERIFY(parts.events.empty());
}

void TestSessionParts::strangersWaitTenMinutes()
{
    Parts parts(options());
    SignInOutcome bob;
    parts.signIn.noteOtherUser(&bob);
    m_clock->advance(10min - 1ms);
    QVERIFY(parts.events.empty());
    m_clock->advance(1ms);
    QVERIFY(parts.reported<M::OtherUserPatienceEnded>());
    parts.signIn.noteOtherUser(&bob);
    parts.signIn.noteOtherUser(nullptr); // accepted
    m_clock->advance(10min);
    QVERIFY(parts.events.empty());
}

void TestSessionParts::providerSessionIsEnded()
{
    QList<QUrl> shown;
    SessionOptions all = options();
    all.openBrowser = [&shown](const QUrl &url) {
        shown += url;
        return true;
    };
    Parts parts(all);
    parts.signIn.endProviderSession(u"Alice"_s);
    QVERIFY(Support::waitUntil([&] { return shown.size() == 1; }));
    QVERIFY(shown.first().query().contains(u"logout_hint=Alice"_s));
}

WATCHWORD_TEST_MAIN(TestSessionParts)
#include "tst_sessionparts.moc"
