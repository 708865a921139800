// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/gatewayprocess.h"
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/testing/fakeissuer.h"

#include <QSignalSpy>
#include <QSslCertificate>
#include <QUrlQuery>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! A Client, the program watchword-gateway, and an issuer: what a person sees of an endpoint that wants a fresh sign-in. */
class TestStepUp : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void whileConnected();
    void refusedAgainIsTheEnd();

private:
    QByteArray endpoints(const QByteArray &demands) const;
    ClientOptions options();

    FakeIssuer m_issuer;
    Support::GatewayProcess m_gateway;
    QList<QUrlQuery> m_signIns; // what the browser was opened with
};

QByteArray TestStepUp::endpoints(const QByteArray &demands) const
{
    return "[[issuer]]\nurl = \"" + m_issuer.url().toEncoded()
        + "\"\naudience = \"wss://gateway.test\"\n"
          "[[endpoint]]\npath = \"/strong\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
        + demands;
}

ClientOptions TestStepUp::options()
{
    ClientOptions options;
    options.issuer = m_issuer.url();
    options.clientId = u"desk"_s;
    options.scopes = {u"openid"_s, u"offline_access"_s, u"use"_s};
    options.resource = QUrl(u"wss://gateway.test"_s);
    options.server = m_gateway.url(u"/strong"_s);
    options.storage = StoragePolicy::MemoryOnly;
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(m_gateway.file(u"ca.pem"_s));
    options.allowLoopbackHttp = true;
    options.openBrowser = [this](const QUrl &url) {
        m_signIns.append(QUrlQuery(url));
        return m_issuer.openBrowser(url);
    };
    return options;
}

void TestStepUp::whileConnected()
{
    QVERIFY(m_issuer.listen());
    QVERIFY(m_gateway.prepare(endpoints("max_age = \"3 s\"\nacr_values = [\"mfa\"]\n")));
    QVERIFY(m_gateway.start());
    Client client(options());
    QSignalSpy needed(&client, &Client::signInNeeded);
    QSignalSpy readies(&client, &Client::ready);
    client.start();
    QVERIFY(waitUntil([&] { return client.state() == Client::State::SignInNeeded; }));
    client.signIn();
    // The first sign-in is the usual one; its token does not say "mfa", and the 401 says what is wanted.
    QVERIFY(waitUntil([&] { return needed.size() == 2; }, 20s));
    QCOMPARE(m_signIns.size(), 1);
    QCOMPARE(client.state(), Client::State::SignInNeeded);
    QCOMPARE(client.session().state(), Session::State::StepUp);
    QCOMPARE(client.lastError().code(), ErrorCode::InsufficientAuthentication);
    QVERIFY(readies.isEmpty());
    QVERIFY(!m_signIns.first().hasQueryItem(u"acr_values"_s));
    client.signIn();
    QVERIFY(waitUntil([&] { return readies.size() == 1; }, 20s));
    QCOMPARE(m_signIns.size(), 2);
    QCOMPARE(m_signIns.last().queryItemValue(u"acr_values"_s), u"mfa"_s);
    QCOMPARE(m_signIns.last().queryItemValue(u"max_age"_s), u"3"_s);
    QCOMPARE(needed.size(), 2); // nobody was asked twice for the same

    // Three seconds later the sign-in is too old. Nothing opens by itself.
    QVERIFY(waitUntil([&] { return needed.size() == 3; }, 20s));
    QCOMPARE(client.state(), Client::State::SignInNeeded);
    QCOMPARE(client.session().state(), Session::State::StepUp);
    QCOMPARE(client.lastError().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(needed.last().first().value<Error>().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(m_signIns.size(), 2);
    client.signIn();
    QVERIFY(waitUntil([&] { return readies.size() == 2; }, 20s));
    QCOMPARE(client.session().state(), Session::State::Active);
    QCOMPARE(m_signIns.size(), 3);
    QCOMPARE(m_signIns.last().queryItemValue(u"max_age"_s), u"3"_s);
    client.stop();
}

// A provider that does not do what is asked: the person must not be sent to the browser in a circle.
void TestStepUp::refusedAgainIsTheEnd()
{
    m_signIns.clear();
    QVERIFY(m_gateway.reload(endpoints("acr_values = [\"mfa\"]\n")));
    Client client(options());
    QSignalSpy needed(&client, &Client::signInNeeded);
    QSignalSpy readies(&client, &Client::ready);
    connect(&client, &Client::signInNeeded, &client, &Client::signIn);
    QSignalSpy failed(&client.session(), &Session::signInFailed);
    m_issuer.failNext(FakeIssuer::Endpoint::Token, FakeIssuer::Fault::WeakSignIn, 3);
    client.start();
    QVERIFY(waitUntil([&] { return !failed.isEmpty() || client.state() == Client::State::Failed; }, 20s));
    QVERIFY(m_signIns.size() <= 2);
    QVERIFY(readies.isEmpty());
    QCOMPARE(client.lastError().code(), ErrorCode::InsufficientAuthentication);
}

WATCHWORD_TEST_MAIN(TestStepUp)
#include "tst_stepup.moc"
