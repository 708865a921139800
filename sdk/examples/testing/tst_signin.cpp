// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"
#include "watchword/testing/manualclock.h"

#include <QSignalSpy>
#include <QTest>

using namespace Watchword;
using namespace std::chrono_literals;

class TestSignIn : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void signsInAndTalks();
    void aBusyProviderSignsNobodyOut();
    void aLostAnswerIsNamed();

private:
    static ClientOptions options(FakeIssuer &issuer, const FakeGateway &gateway)
    {
        ClientOptions options;
        options.issuer = issuer.url();
        options.clientId = QStringLiteral("orders-desktop");
        options.server = gateway.url(QStringLiteral("/v1/stream"));
        options.storage = StoragePolicy::MemoryOnly; // nothing is left on the disk
        options.additionalCertificateAuthorities = {gateway.tls().authority};
        options.allowLoopbackHttp = true; // the fake issuer is http on a loopback address
        options.openBrowser = [&issuer](const QUrl &url) { return issuer.openBrowser(url); };
        return options;
    }
};

// The issuer plays the person and the browser; the gateway speaks real TLS on a free port of this machine.
void TestSignIn::signsInAndTalks()
{
    FakeIssuer issuer;
    FakeGateway gateway;
    QVERIFY(issuer.listen() && gateway.listen());
    gateway.setEcho(true);
    issuer.signInAs(QStringLiteral("u1"), QStringLiteral("Ada"));

    Client client(options(issuer, gateway));
    QSignalSpy messages(&client, &Client::messageReceived);
    connect(&client, &Client::signInNeeded, &client, &Client::signIn);
    client.start();
    QTRY_COMPARE(client.state(), Client::State::Ready);
    QCOMPARE(client.accountName(), QStringLiteral("Ada"));
    QVERIFY(client.send("hello"));
    QTRY_COMPARE(messages.size(), 1);
    QVERIFY(!gateway.requests().first().bearer().isEmpty());
}

// A script of faults: here the token endpoint answers 503 three times, with Retry-After.
void TestSignIn::aBusyProviderSignsNobodyOut()
{
    FakeIssuer issuer;
    FakeGateway gateway;
    QVERIFY(issuer.listen() && gateway.listen());
    Client client(options(issuer, gateway));
    connect(&client, &Client::signInNeeded, &client, &Client::signIn);
    client.start();
    QTRY_COMPARE(client.state(), Client::State::Ready);

    QSignalSpy needed(&client, &Client::signInNeeded);
    issuer.failNext(FakeIssuer::Endpoint::Token, FakeIssuer::Fault::Busy, 3);
    client.session().refresh();
    QTRY_VERIFY(issuer.requestCount(FakeIssuer::Endpoint::Token) >= 2);
    QCOMPARE(client.session().state(), Session::State::Active); // the token that is there is still good
    QCOMPARE(needed.size(), 0);
}

// Time belongs to the test: a clock that stands still until it is moved.
void TestSignIn::aLostAnswerIsNamed()
{
    ManualClock clock;
    FakeIssuer::Options calendar;
    calendar.clock = &clock;
    FakeIssuer issuer(calendar);
    QVERIFY(issuer.listen());
    SessionOptions options;
    options.issuer = issuer.url();
    options.clientId = QStringLiteral("orders-desktop");
    options.storage = StoragePolicy::MemoryOnly;
    options.allowLoopbackHttp = true;
    options.clock = &clock;
    options.openBrowser = [&issuer](const QUrl &url) { return issuer.openBrowser(url); };

    Session session(options);
    session.start();
    session.signIn();
    QTRY_COMPARE(session.state(), Session::State::Active);
    issuer.failNext(FakeIssuer::Endpoint::Token, FakeIssuer::Fault::LoseAnswer); // it rotated, and nobody heard of it
    session.refresh();
    QTRY_VERIFY_WITH_TIMEOUT((clock.advance(1s), session.state() == Session::State::NeedsSignIn), 10'000);
    QCOMPARE(session.stateReason().code(), ErrorCode::RotationLost);
    QVERIFY(!session.suggestedAction().isEmpty());
}

QTEST_GUILESS_MAIN(TestSignIn)
#include "tst_signin.moc"
