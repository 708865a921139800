// SPDX-License-Identifier: Apache-2.0
#include "clientjourney.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Client::State;
using Support::waitUntil;

Q_DECLARE_METATYPE(Watchword::Engine)

/*! A Client that is destroyed in each of its states, and from inside the signal that tells the state. */
class TestDestroyedClient : public ClientJourney
{
    Q_OBJECT

public Q_SLOTS:
    void init() override
    {
        ClientJourney::init();
        m_codes.clear();
        connect(m_gateway.get(), &FakeGateway::accepted, m_gateway.get(), [this](FakePeer *peer) {
            connect(peer, &FakePeer::closed, m_gateway.get(), [this](int code) { m_codes += code; });
        });
    }

private Q_SLOTS:
    void inEachState_data();
    void inEachState();
    void continuationsThatCallBack();
    void continuationsOfItsSession();
    void continuationsOfTheAccountBefore();
    void itsTokensStay();

private:
    ClientOptions of(Engine engine)
    {
        ClientOptions all = options();
        all.connection.engine = engine;
        return all;
    }
    bool leadTo(State state, Client &client);

    QList<int> m_codes; //!< What the server saw.
};

void TestDestroyedClient::inEachState_data()
{
    QTest::addColumn<State>("state");
    QTest::addColumn<Engine>("engine");
    QTest::addColumn<bool>("inside"); // its own signal
    const QMetaEnum states = QMetaEnum::fromType<State>();
    for (int i = 0; i < states.keyCount(); ++i) {
        const State state = State(states.value(i));
        for (const Engine engine : {Engine::Wire, Engine::QtWebSockets}) {
            const char *of = engine == Engine::Wire ? "wire" : "Qt";
            QTest::addRow("%s, %s", states.key(i), of) << state << engine << false;
            QTest::addRow("%s, %s, inside", states.key(i), of) << state << engine << true;
        }
    }
}

//! Calls what leads there. Stopped is told after another state only.
bool TestDestroyedClient::leadTo(State state, Client &client)
{
    switch (state) {
    case State::Stopped:
        client.start();
        if (!waitUntil([&] { return client.state() == State::SignInNeeded; }))
            return false;
        client.stop();
        return true;
    case State::Starting:
        m_keys->setMood(FakeKeyStore::Mood::Slow);
        break;
    case State::SignInNeeded:
        break;
    case State::SigningIn:
        m_holdsBrowser = true;
        connect(&client, &Client::signInNeeded, &client, &Client::signIn);
        break;
    case State::Connecting:
        m_gateway->next(FakeGateway::hang());
        connect(&client, &Client::signInNeeded, &client, &Client::signIn);
        break;
    case State::Waiting:
        m_gateway->next(FakeGateway::refuse(503, {{"Retry-After", "60"}}));
        connect(&client, &Client::signInNeeded, &client, &Client::signIn);
        break;
    case State::Failed:
        m_gateway->next(FakeGateway::refuse(403));
        connect(&client, &Client::signInNeeded, &client, &Client::signIn);
        break;
    case State::Ready:
        connect(&client, &Client::signInNeeded, &client, &Client::signIn);
        break;
    }
    client.start();
    return true;
}

void TestDestroyedClient::inEachState()
{
    QFETCH(State, state);
    QFETCH(Engine, engine);
    QFETCH(bool, inside);
    QPointer<Client> client = new Client(of(engine));
    const auto destroy = [&] {
        int told = 0;
        const auto count = [&told] { ++told; };
        for (auto signal : {&Client::lastErrorChanged, &Client::signedInChanged, &Client::nextRetryAtChanged, &Client::ready})
            connect(client.data(), signal, m_gateway.get(), count);
        connect(client.data(), &Client::stateChanged, m_gateway.get(), count);
        connect(client.data(), &Client::errorOccurred, m_gateway.get(), count);
        delete client.data();
        QCOMPARE(told, 0);
    };
    if (inside) {
        connect(client.data(), &Client::stateChanged, client.data(), [&](State now) {
            if (now == state)
                client->deleteLater();
        });
    }
    QVERIFY(leadTo(state, *client));
    const bool isThere = waitUntil([&] { return !client || (!inside && client->state() == state); }, 20s);
    QVERIFY(isThere);
    if (client)
        destroy();
    QVERIFY(!client);
    const QList<int> expected = state == State::Ready ? QList{1000} : QList<int>();
    QVERIFY(waitUntil([&] { return m_codes.size() >= expected.size() && m_gateway->peers().isEmpty(); }));
    QCOMPARE(m_codes, expected);
}

void TestDestroyedClient::continuationsThatCallBack()
{
    m_gateway->setAcknowledging(false);
    auto told = std::make_unique<ToldClient>(options());
    QVERIFY(told->signsIn());
    Client &client = told->client;
    QList<ErrorCode> codes;
    client.deliver("first").then([&](const Result<void> &first) {
        codes += first.error().code();
        codes += client.deliver("more").result().error().code();
        codes += client.send("more").error().code();
        client.retryNow();
        client.signIn();
        client.stop();
    });
    int errors = 0;
    connect(&client, &Client::errorOccurred, this, [&errors] { ++errors; });
    told.reset();
    QCOMPARE(codes, QList<ErrorCode>(3, ErrorCode::Cancelled));
    QCOMPARE(errors, 0);
    QVERIFY(waitUntil([&] { return !m_codes.isEmpty(); }));
    QCOMPARE(m_codes, QList{1000});
}

// Also of the sessions that are kept for another account.
void TestDestroyedClient::continuationsOfItsSession()
{
    ClientOptions all = options();
    all.storage = StoragePolicy::MemoryOnly;
    m_issuer->setLifetime(2s);
    auto told = std::make_unique<ToldClient>(all);
    QVERIFY(told->signsIn());
    Client &client = told->client;
    Session &first = client.session();
    QVERIFY(client.setAccount(u"second"_s));
    QVERIFY(told->reaches(State::SignInNeeded));
    client.signIn();
    QVERIFY(told->reaches(State::Ready));
    QList<ErrorCode> codes;
    const auto callBack = [&](const Result<AccessToken> &result) {
        codes += result.error().code();
        codes += client.send("more").error().code();
        codes += client.deliver("more").result().error().code();
        (void)client.setAccount(u"third"_s);
        codes += client.session().requestToken({}).result().error().code();
        codes += client.connection().sendText(u"more"_s).error().code();
        client.connection().close();
        client.connection().open();
        client.stop();
        client.start();
        client.signIn();
        client.cancelSignIn();
        client.retryNow();
        client.signOut();
        codes += client.isSignedIn() && client.accounts().size() <= 2 && client.secondsToRetry() == 0
                && !client.stateText().isEmpty() && client.account() == "second"_L1
            ? ErrorCode::Cancelled
            : ErrorCode::Internal;
    };
    const int browsers = m_issuer->requestCount(FakeIssuer::Endpoint::Authorization);
    m_issuer->gatherNext(FakeIssuer::Endpoint::Token, 9); // all of them wait
    QVERIFY(waitUntil([&] { return !first.currentToken() && !client.session().currentToken(); }, 10s));
    first.requestToken({}).then(callBack);
    client.session().requestToken({}).then(callBack);
    QVERIFY(codes.isEmpty());
    told.reset();
    QCOMPARE(codes, QList<ErrorCode>(12, ErrorCode::Cancelled));
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Authorization), browsers);
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Revocation), 0);
    QVERIFY(waitUntil([&] { return m_gateway->peers().isEmpty(); }));
}

// Who waits for it may hold the Client, which lives no longer than this function.
void TestDestroyedClient::continuationsOfTheAccountBefore()
{
    m_gateway->setAcknowledging(false);
    m_issuer->setLifetime(2s);
    auto told = std::make_unique<ToldClient>(options());
    QVERIFY(told->signsIn());
    Client &client = told->client;
    QList<ErrorCode> codes;
    client.deliver("message").then([&](const Result<void> &result) {
        codes += result.error().code();
        client.retryNow();
        codes += client.setAccount(client.account()) ? ErrorCode::Cancelled : ErrorCode::Internal;
    });
    m_issuer->gatherNext(FakeIssuer::Endpoint::Token, 9);
    QVERIFY(waitUntil([&] { return !client.session().currentToken(); }, 10s));
    client.session().requestToken({}).then([&](const Result<AccessToken> &result) {
        codes += result.error().code();
        client.cancelSignIn();
    });
    QVERIFY(client.setAccount(u"second"_s));
    told.reset();
    QCOMPARE(codes, QList<ErrorCode>(3, ErrorCode::Cancelled));
}

void TestDestroyedClient::itsTokensStay()
{
    for (const Engine engine : {Engine::Wire, Engine::QtWebSockets}) {
        m_codes.clear();
        if (engine == Engine::Wire) {
            ToldClient first(of(engine));
            QVERIFY(first.signsIn());
        }
        ToldClient again(of(engine)); // nobody is asked
        again.client.start();
        QVERIFY(again.reaches(State::Ready));
        QVERIFY(!again.taken().contains(u"SignInNeeded"_s));
    }
}

WATCHWORD_TEST_MAIN(TestDestroyedClient)
#include "tst_destroyedclient.moc"
