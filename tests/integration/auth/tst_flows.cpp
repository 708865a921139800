// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "watchword/testing/manualclock.h"

#include <QDir>
#include <QFile>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

/* What can go wrong on the ways of signing in and out, in no time. */
class TestFlows : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void deviceFaultsEndInASignIn_data();
    void deviceFaultsEndInASignIn();
    void deviceFaultsThatEnd_data();
    void deviceFaultsThatEnd();
    void deviceSlowDownStays();
    void deviceHungAnswerDoublesThePause();
    void deviceCancelled();
    void pushedRequestFails();
    void requiredBinding();
    void nonceIsAnsweredOnce();
    void keyRotationDuringSignIn();
    void lifetimeThatNobodySays_data();
    void lifetimeThatNobodySays();
    void weakSignInIsTakenBack();
    void nothingSecretIsShown();

private:
    void restart(FakeIssuer::Options o);
    SessionOptions options();
    SessionOptions deviceOptions();
    bool shows(SessionProbe &probe);
    bool polled(SessionProbe &probe, Duration after);

    std::unique_ptr<ManualClock> m_clock;
};

void TestFlows::init()
{
    SessionFixture::init();
    m_clock = std::make_unique<ManualClock>();
    restart({});
}

void TestFlows::restart(FakeIssuer::Options o)
{
    o.clock = m_clock.get();
    m_issuer = std::make_unique<FakeIssuer>(o);
    QVERIFY(m_issuer->listen());
}

SessionOptions TestFlows::options()
{
    SessionOptions o = SessionFixture::options();
    o.clock = m_clock.get();
    return o;
}

SessionOptions TestFlows::deviceOptions()
{
    SessionOptions o = options();
    o.route = SignInRoute::Device;
    return o;
}

bool TestFlows::shows(SessionProbe &probe)
{
    probe.session.start();
    probe.session.signIn();
    return Support::waitUntil([&] { return probe.session.deviceSignIn().isValid(); });
}

//! Lets time pass, and waits for the question that comes of it and for its answer.
bool TestFlows::polled(SessionProbe &probe, Duration after)
{
    const int before = m_issuer->requestCount(Endpoint::Token);
    const auto answers = probe.events.count(u"signin.device_answer"_s);
    m_clock->advance(after);
    return Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Token) == before + 1; }) && Support::waitUntil([&] {
               return probe.events.count(u"signin.device_answer"_s) > answers || probe.session.state() != State::SigningIn;
           });
}

void TestFlows::deviceFaultsEndInASignIn_data()
{
    QTest::addColumn<Fault>("fault");
    QTest::addColumn<int>("pause");
    QTest::newRow("closed") << Fault::CloseUnseen << 5;
    QTest::newRow("busy") << Fault::Busy << 7;
    QTest::newRow("500") << Fault::ServerError << 5;
    QTest::newRow("portal") << Fault::PortalPage << 5;
    QTest::newRow("huge") << Fault::HugeBody << 5;
    QTest::newRow("slow_down") << Fault::SlowDown << 10;
}

void TestFlows::deviceFaultsEndInASignIn()
{
    QFETCH(Fault, fault);
    QFETCH(int, pause);
    SessionProbe probe(deviceOptions());
    QVERIFY(shows(probe));
    m_issuer->failNext(Endpoint::Token, fault, 1);
    QVERIFY(polled(probe, 5s));
    QCOMPARE(probe.session.state(), State::SigningIn);
    QVERIFY(m_issuer->decideDevice(true));
    m_clock->advance(std::chrono::seconds(pause) - 1s);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 1); // not sooner
    m_clock->advance(1s);
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.failed.size(), 0);
    QCOMPARE(probe.signedIn.size(), 1);
}

void TestFlows::deviceFaultsThatEnd_data()
{
    QTest::addColumn<Fault>("fault");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("expired_token") << Fault::ExpiredToken << ErrorCode::DeviceCodeExpired;
    QTest::newRow("invalid_grant") << Fault::InvalidGrant << ErrorCode::InvalidGrant;
    QTest::newRow("invalid_client") << Fault::InvalidClient << ErrorCode::InvalidClient;
    QTest::newRow("no ID token") << Fault::NoIdToken << ErrorCode::InvalidResponse;
    QTest::newRow("signature") << Fault::WrongSignature << ErrorCode::BadSignature;
    QTest::newRow("issuer") << Fault::WrongIssuer << ErrorCode::WrongIssuer;
}

void TestFlows::deviceFaultsThatEnd()
{
    QFETCH(Fault, fault);
    QFETCH(ErrorCode, code);
    SessionProbe probe(deviceOptions());
    QVERIFY(shows(probe));
    QVERIFY(m_issuer->decideDevice(true));
    m_issuer->failNext(Endpoint::Token, fault, 1);
    m_clock->advance(5s);
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), code);
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(!probe.session.deviceSignIn().isValid());
    QCOMPARE(probe.signedIn.size(), 0);
    QCOMPARE(probe.changed.size(), 0);
    m_clock->advance(60s);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 1); // nobody asks any more
}

void TestFlows::deviceSlowDownStays()
{
    SessionProbe probe(deviceOptions());
    QVERIFY(shows(probe));
    m_issuer->failNext(Endpoint::Token, Fault::SlowDown, 2);
    QVERIFY(polled(probe, 5s));
    QVERIFY(polled(probe, 10s));
    QVERIFY(m_issuer->decideDevice(true));
    m_clock->advance(14s);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 2);
    m_clock->advance(1s);
    QVERIFY(probe.reaches(State::Active));
}

void TestFlows::deviceHungAnswerDoublesThePause()
{
    SessionProbe probe(deviceOptions());
    QVERIFY(shows(probe));
    m_issuer->failNext(Endpoint::Token, Fault::HungBody, 1);
    m_clock->advance(5s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Token) == 1; }));
    m_clock->advance(30s); // the deadline of the question
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signin.device_answer"_s); }));
    QVERIFY(m_issuer->decideDevice(true));
    m_clock->advance(9s);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 1);
    m_clock->advance(1s);
    QVERIFY(probe.reaches(State::Active));
}

void TestFlows::deviceCancelled()
{
    SessionProbe probe(deviceOptions());
    QVERIFY(shows(probe));
    probe.session.cancelSignIn();
    QCOMPARE(probe.lastFailure().code(), ErrorCode::Cancelled);
    QVERIFY(!probe.session.deviceSignIn().isValid());
    m_clock->advance(60s);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 0);
    QVERIFY(shows(probe)); // and again
}

void TestFlows::pushedRequestFails()
{
    FakeIssuer::Options required;
    required.requirePushedRequests = true;
    restart(required);
    m_issuer->failNext(Endpoint::PushedRequest, Fault::InvalidClient, 1);
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::InvalidClient);
    QCOMPARE(probe.browser.size(), 0);
    probe.session.signIn(); // the metadata demand it, and no option had to be set
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(m_issuer->requestCount(Endpoint::PushedRequest), 2);
}

void TestFlows::requiredBinding()
{
    SessionOptions o = options();
    o.tokenBinding = TokenBinding::Required;
    m_issuer->failNext(Endpoint::Token, Fault::Unbound, 1);
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::InvalidResponse);
    QVERIFY(!probe.session.currentToken());
    // What came unbound is taken back.
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.token()->type, u"DPoP"_s);
}

void TestFlows::nonceIsAnsweredOnce()
{
    FakeIssuer::Options nonces;
    nonces.demandNonces = true;
    restart(nonces);
    SessionOptions o = options();
    o.tokenBinding = TokenBinding::Required;
    {
        SessionProbe probe(o);
        QVERIFY(signedIn(probe));
        QCOMPARE(m_issuer->requestCount(Endpoint::Token), 2); // the demand, and the answer to it
        QVERIFY(probe.refreshed());
        QCOMPARE(m_issuer->requestCount(Endpoint::Token), 3); // the nonce is known now
    }
    SessionProbe again(o); // the key is known, the nonce is not
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QCOMPARE(m_issuer->refreshCount(), 2);
    QCOMPARE(m_issuer->reuseCount(), 0);
    QCOMPARE(again.needed.size(), 0);
}

void TestFlows::keyRotationDuringSignIn()
{
    SessionProbe probe(options());
    connect(m_issuer.get(), &FakeIssuer::requestReceived, &probe.session, [this](Endpoint endpoint) {
        if (endpoint == Endpoint::Authorization)
            m_issuer->rotateKeys(); // before the ID token is made
    });
    QVERIFY(signedIn(probe));
    QCOMPARE(probe.session.subject(), u"alice"_s);
}

void TestFlows::lifetimeThatNobodySays_data()
{
    QTest::addColumn<bool>("reads");
    QTest::newRow("is not guessed") << false;
    QTest::newRow("is read from the token, if the application says so") << true;
}

void TestFlows::lifetimeThatNobodySays()
{
    QFETCH(bool, reads);
    FakeIssuer::Options silent;
    silent.sayLifetime = false;
    restart(silent);
    SessionOptions o = options();
    o.lifetimeFromJwt = reads;
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    QCOMPARE(probe.session.expiresAt().isValid(), reads);
    for (int refreshes = 1; refreshes <= 2; ++refreshes) { // the answer of a refresh is read as that of the sign-in
        m_clock->advance(240s); // a minute before the end, or up to half a minute sooner
        QVERIFY(!reads || Support::waitUntil([&] { return m_issuer->refreshCount() == refreshes; }));
        QVERIFY(!reads || Support::waitUntil([&] { return probe.changed.size() == refreshes + 1; }));
    }
    m_clock->advance(2h);
    QCOMPARE(m_issuer->refreshCount() > 0, reads);
    if (reads)
        return;
    // A service that refuses it is what counts.
    const Result<AccessToken> token = probe.token();
    QVERIFY(token && !token->expiresAt);
    TokenRequest refused;
    refused.rejectedFingerprint = token->value.fingerprint();
    QVERIFY(probe.token(refused));
    QCOMPARE(m_issuer->refreshCount(), 1);
}

void TestFlows::weakSignInIsTakenBack()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    TokenRequest fresh;
    fresh.maxAge = 60s;
    QCOMPARE(probe.token(fresh).error().code(), ErrorCode::InsufficientAuthentication);
    m_issuer->failNext(Endpoint::Token, Fault::WeakSignIn, 1);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::MissingClaim);
    QCOMPARE(probe.session.state(), State::StepUp);
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    QCOMPARE(m_issuer->activeFamilies(), 1); // the session's own
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

void TestFlows::nothingSecretIsShown()
{
    const LogCatcher log;
    QByteArray shown;
    SessionOptions o = deviceOptions();
    o.tokenBinding = TokenBinding::Required;
    {
        SessionProbe probe(o);
        connect(&probe.session, &Session::eventLogged, &probe.session,
                [&](const SessionEvent &event) { shown += event.toString().toUtf8() + '\n'; });
        QVERIFY(shows(probe));
        const DeviceSignIn device = probe.session.deviceSignIn();
        shown += device.userCode.toUtf8() + device.link().toEncoded() + probe.session.signInUrl().toEncoded();
        QVERIFY(m_issuer->decideDevice(true));
        m_clock->advance(5s);
        QVERIFY(probe.reaches(State::Active));
        QVERIFY(probe.refreshed());
        m_issuer->failNext(Endpoint::Revocation, Fault::Busy, 1);
        probe.session.signOut(Session::SignOutScope::Everywhere);
        QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revocation_waits"_s); }));
    }
    shown += log.text();
    const QDir folder(o.storageFolder);
    for (const QString &name : folder.entryList(QDir::Files)) {
        QFile file(folder.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        shown += file.readAll();
    }
    QVERIFY(m_issuer->issuedSecrets().size() >= 5);
    for (const QByteArray &secret : m_issuer->issuedSecrets())
        QVERIFY2(!shown.contains(secret), secret.left(12).constData());
    QVERIFY(!shown.contains("BEGIN PRIVATE KEY"));
}

WATCHWORD_TEST_MAIN(TestFlows)
#include "tst_flows.moc"
