// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"

#include "watchword/auth/accounts.h"
#include "watchword/auth/passphrasekeystore.h"

#include <QMetaMethod>
#include <QPromise>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

namespace {

/*! A Session that somebody else destroys, and what it tells from now on. */
struct Doomed
{
    explicit Doomed(SessionOptions options)
        : session(std::make_unique<Session>(std::move(options)))
    {
    }
    bool reaches(State state)
    {
        return Support::waitUntil([&] { return session->state() == state; }, 15s);
    }
    //! Now. Returns how many signals came from it meanwhile.
    int destroy()
    {
        int heard = 0;
        const auto hear = [&heard] { ++heard; };
        QObject listener;
        QObject::connect(session.get(), &Session::stateChanged, &listener, hear);
        QObject::connect(session.get(), &Session::eventLogged, &listener, hear);
        QObject::connect(session.get(), &Session::signInNeeded, &listener, hear);
        QObject::connect(session.get(), &Session::signedOut, &listener, hear);
        QObject::connect(session.get(), &Session::tokenRevoked, &listener, hear);
        delete session.get();
        (void)session.release(); // who calls back meanwhile finds it
        return heard;
    }

    std::unique_ptr<Session> session;
};

/*! What a program may do in the continuation of a future that its Session finishes when it is destroyed. */
class CallsBack
{
public:
    explicit CallsBack(Session *session)
        : m_session(session)
    {
    }
    template <typename T>
    void operator()(const Result<T> &result)
    {
        codes += result ? ErrorCode::Internal : result.error().code();
        // It asks again, also from the continuation of that.
        auto again = m_session->requestToken({});
        again.then([this](const Result<AccessToken> &token) {
            codes += token.error().code();
            codes += m_session->requestHeaders("GET", QUrl(u"https://api.example/"_s)).result().error().code();
        });
        m_session->start();
        m_session->signIn();
        m_session->refresh();
        m_session->cancelSignIn();
        m_session->acceptOtherUser();
        m_session->retryKeychain();
        m_session->signOut();
        m_session->signOut(Session::SignOutScope::Everywhere);
        handled += m_session->handleRedirect(QUrl(u"app:/callback?code=c&state=s"_s)) ? 1 : 0;
        texts += m_session->explain() + m_session->stateText() + m_session->suggestedAction() + m_session->accountName()
            + m_session->otherUser() + m_session->subject() + m_session->signInUrl().toString();
        events += m_session->timeline().size();
        states += m_session->state();
        (void)m_session->currentToken();
        (void)m_session->nextAttempt();
        (void)m_session->expiresAt();
        (void)m_session->deviceSignIn();
    }

    QList<ErrorCode> codes;
    QStringList texts;
    QList<State> states;
    qsizetype events = 0;
    int handled = 0;

private:
    Session *const m_session;
};

} // namespace

/*! A Session that is destroyed while somebody waits for it, who then calls it. */
class TestDestroyedSession : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void continuationsThatCallBack_data();
    void continuationsThatCallBack();
    void keyStoreThatIsAskedAgain();
};

void TestDestroyedSession::continuationsThatCallBack_data()
{
    QTest::addColumn<bool>("reading");
    QTest::newRow("while the store is read") << true;
    QTest::newRow("while a refresh is on its way") << false;
}

void TestDestroyedSession::continuationsThatCallBack()
{
    QFETCH(bool, reading);
    m_issuer->setLifetime(2s);
    signInOnce();
    const int browsers = m_issuer->requestCount(FakeIssuer::Endpoint::Authorization);
    Doomed doomed(options());
    doomed.session->start();
    if (!reading) {
        QVERIFY(doomed.reaches(State::Active));
        m_issuer->gatherNext(FakeIssuer::Endpoint::Token, 9); // one comes, and waits for the others
        QVERIFY(Support::waitUntil([&] { return !doomed.session->currentToken(); }, 10s));
    }
    CallsBack back(doomed.session.get());
    doomed.session->requestToken({}).then([&back](const Result<AccessToken> &result) { back(result); });
    doomed.session->requestHeaders("GET", QUrl(u"https://api.example/"_s)).then([&back](const Result<RequestHeaders> &result) {
        back(result);
    });
    QVERIFY(back.codes.isEmpty());
    const State before = doomed.session->state();
    QCOMPARE(doomed.destroy(), 0);
    QCOMPARE(back.codes, QList<ErrorCode>(6, ErrorCode::Cancelled));
    QCOMPARE(back.states, QList<State>(2, before));
    QVERIFY(back.events > 0);
    QCOMPARE(back.handled, 0);
    // None of the calls had an effect: no browser, and nobody is signed out.
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Authorization), browsers);
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::EndSession), 0);
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Revocation), 0);
    QCOMPARE(Accounts::stored(options()).size(), 1);
}

void TestDestroyedSession::keyStoreThatIsAskedAgain()
{
    int asked = 0;
    QPromise<Result<Secret>> person; // thinks
    person.start();
    auto *store = new PassphraseKeyStore(m_folder->path(), [&](const PassphraseQuestion &) {
        ++asked;
        return person.future();
    });
    QList<ErrorCode> codes;
    const auto again = [&](const Result<void> &written) {
        codes += written.error().code();
        codes += store->writeKey(Secret::random(32)).result().error().code();
    };
    for (int i = 0; i < 20; ++i) // more than a hash table has places for at first
        store->writeKey(Secret::random(32)).then(again);
    delete store;
    QCOMPARE(codes.size(), 40);
    QCOMPARE(codes.count(ErrorCode::Cancelled), 20);
    QCOMPARE(codes.count(ErrorCode::KeychainUnavailable), 20);
    QCOMPARE(asked, 20);
}

WATCHWORD_TEST_MAIN(TestDestroyedSession)
#include "tst_destroyedsession.moc"
