// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "support/process.h"

#include <QTcpSocket>
#include <QUrlQuery>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

/* The way from nobody to a person signed in, and everything that can go wrong on it. */
class TestSignIn : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void overTls();
    void refusesUntrustedTls();
    void signInFailures_data();
    void signInFailures();
    void strayRequestsDoNotEndTheSignIn();
    void cancelAndTimeout();
    void wrongUser();
    void stepUp();
};

void TestSignIn::overTls()
{
    QVERIFY(Support::makeCertificates(m_folder->path()));
    FakeIssuer::Options tls;
    tls.certificateFile = m_folder->path() + u"/server.pem"_s;
    tls.keyFile = m_folder->path() + u"/server.key"_s;
    m_issuer = std::make_unique<FakeIssuer>(tls);
    QVERIFY(m_issuer->listen());
    const auto authorities = QSslCertificate::fromPath(m_folder->path() + u"/ca.pem"_s);
    m_issuer->setBrowserAuthorities(authorities);
    SessionOptions o = options();
    o.allowLoopbackHttp = false;
    o.certificateAuthorities = authorities;
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1 && probe.changed.size() == 2; }));
}

void TestSignIn::refusesUntrustedTls()
{
    QVERIFY(Support::makeCertificates(m_folder->path()));
    for (const QString &name : {u"wronghost"_s, u"expired"_s, u"server"_s}) {
        FakeIssuer::Options tls;
        tls.certificateFile = m_folder->path() + u'/' + name + u".pem"_s;
        tls.keyFile = m_folder->path() + u'/' + name + u".key"_s;
        m_issuer = std::make_unique<FakeIssuer>(tls);
        QVERIFY(m_issuer->listen());
        SessionOptions o = options();
        if (name != "server"_L1) // that one is good, but its authority is not known
            o.certificateAuthorities = QSslCertificate::fromPath(m_folder->path() + u"/ca.pem"_s);
        SessionProbe probe(o);
        probe.session.start();
        probe.session.signIn();
        QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
        QCOMPARE(probe.lastFailure().code(), ErrorCode::TlsFailed);
        QCOMPARE(m_issuer->requestCount(Endpoint::Discovery), 0);
        QCOMPARE(probe.browser.size(), 0);
    }
}

void TestSignIn::signInFailures_data()
{
    QTest::addColumn<int>("endpoint");
    QTest::addColumn<int>("fault");
    QTest::addColumn<int>("times");
    QTest::addColumn<ErrorCode>("code");
    const auto row = [](const char *name, Endpoint endpoint, Fault fault, ErrorCode code, int times = 1) {
        QTest::newRow(name) << int(endpoint) << int(fault) << times << code;
    };
    row("discovery closed", Endpoint::Discovery, Fault::CloseUnseen, ErrorCode::ConnectionLost, 5);
    row("discovery busy", Endpoint::Discovery, Fault::Busy, ErrorCode::TemporarilyUnavailable);
    row("discovery portal", Endpoint::Discovery, Fault::PortalPage, ErrorCode::CaptivePortal, 2); // at both addresses
    row("discovery huge", Endpoint::Discovery, Fault::HugeBody, ErrorCode::ResponseTooLarge);
    row("discovery other issuer", Endpoint::Discovery, Fault::WrongIssuer, ErrorCode::IssuerMismatch);
    row("denied", Endpoint::Authorization, Fault::Denied, ErrorCode::AccessDenied);
    row("redirect of other issuer", Endpoint::Authorization, Fault::WrongIssuer, ErrorCode::IssuerMismatch);
    row("token lost", Endpoint::Token, Fault::LoseAnswer, ErrorCode::ConnectionLost);
    row("token busy", Endpoint::Token, Fault::Busy, ErrorCode::TemporarilyUnavailable);
    row("token 500", Endpoint::Token, Fault::ServerError, ErrorCode::TemporarilyUnavailable);
    row("token portal", Endpoint::Token, Fault::PortalPage, ErrorCode::CaptivePortal);
    row("token huge", Endpoint::Token, Fault::HugeBody, ErrorCode::ResponseTooLarge);
    row("code refused", Endpoint::Token, Fault::InvalidGrant, ErrorCode::InvalidGrant);
    row("client unknown", Endpoint::Token, Fault::InvalidClient, ErrorCode::InvalidClient);
    row("no ID token", Endpoint::Token, Fault::NoIdToken, ErrorCode::InvalidResponse);
    row("nonce", Endpoint::Token, Fault::WrongNonce, ErrorCode::WrongNonce);
    row("ID token of other issuer", Endpoint::Token, Fault::WrongIssuer, ErrorCode::WrongIssuer);
    row("signature", Endpoint::Token, Fault::WrongSignature, ErrorCode::BadSignature);
    row("keys busy", Endpoint::Keys, Fault::Busy, ErrorCode::HttpStatus);
    row("keys portal", Endpoint::Keys, Fault::PortalPage, ErrorCode::CaptivePortal);
}

void TestSignIn::signInFailures()
{
    QFETCH(int, endpoint);
    QFETCH(int, fault);
    QFETCH(int, times);
    QFETCH(ErrorCode, code);
    m_issuer->failNext(Endpoint(endpoint), Fault(fault), times);
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), code);
    QVERIFY(!probe.lastFailure().remedy().isEmpty());
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(probe.session.signInUrl().isEmpty());
    QVERIFY(!probe.session.currentToken());
    // What must not happen.
    QCOMPARE(probe.signedIn.size(), 0);
    QCOMPARE(probe.changed.size(), 0);
    QCOMPARE(probe.revoked.size(), 0);
    // And the same session can sign in after it.
    m_issuer->failNext(Endpoint(endpoint), Fault(fault), 0);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.signedIn.size() == 1 || probe.failed.size() > 1; }));
    if (times == 1)
        QCOMPARE(probe.session.state(), State::Active);
}

void TestSignIn::strayRequestsDoNotEndTheSignIn()
{
    QUrl asked;
    SessionOptions o = options();
    o.openBrowser = [&](const QUrl &url) {
        asked = url;
        return true;
    };
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return !asked.isEmpty(); }));
    const QUrl redirect(QUrlQuery(asked).queryItemValue(u"redirect_uri"_s, QUrl::FullyDecoded));
    QCOMPARE(redirect.host(), u"127.0.0.1"_s);
    const QList<QByteArray> garbage{
        "GET /callback?error=access_denied HTTP/1.1\r\n\r\n",
        "GET /callback?code=stolen&state=guess HTTP/1.1\r\n\r\n",
        "GET /favicon.ico HTTP/1.1\r\n\r\n",
        "POST /callback HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd",
        QByteArray(9000, 'A'),
        QByteArray("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 11),
        QByteArray(64, '\0') + "\r\n\r\n",
    };
    for (const QByteArray &bytes : garbage) {
        QTcpSocket socket;
        socket.connectToHost(redirect.host(), quint16(redirect.port()));
        QVERIFY(Support::waitUntil([&] { return socket.state() == QAbstractSocket::ConnectedState; }));
        socket.write(bytes);
        QVERIFY(Support::waitUntil([&] { return socket.state() == QAbstractSocket::UnconnectedState; }));
        const QByteArray answer = socket.readAll();
        QVERIFY2(answer.startsWith("HTTP/1.1 4"), answer.left(60).constData());
        QCOMPARE(probe.session.state(), State::SigningIn);
    }
    m_issuer->failNext(Endpoint::Authorization, Fault::WrongState);
    m_issuer->openBrowser(asked);
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Authorization) == 1; }));
    m_issuer->openBrowser(asked); // the real one
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.failed.size(), 0);
    // The port is closed after the one valid request.
    QTcpSocket late;
    late.connectToHost(redirect.host(), quint16(redirect.port()));
    QVERIFY(Support::waitUntil([&] { return late.error() == QAbstractSocket::ConnectionRefusedError; }));
}

void TestSignIn::cancelAndTimeout()
{
    SessionOptions o = options();
    o.openBrowser = [](const QUrl &) { return false; };
    o.signInTimeout = 1s;
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.browser.size() == 1; }));
    QVERIFY(!probe.session.signInUrl().isEmpty()); // so that it can be copied although no browser opened
    probe.session.signIn(); // a second call opens the browser again, and nothing else
    QCOMPARE(probe.browser.size(), 2);
    probe.session.cancelSignIn();
    QCOMPARE(probe.lastFailure().code(), ErrorCode::Cancelled);
    QVERIFY(probe.session.signInUrl().isEmpty());
    probe.session.cancelSignIn();
    QCOMPARE(probe.failed.size(), 1);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 2; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::Timeout);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 0);
}

void TestSignIn::wrongUser()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::WrongUser);
    QCOMPARE(probe.session.subject(), u"alice"_s);
    QCOMPARE(probe.session.state(), State::Active);
}

void TestSignIn::stepUp()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    TokenRequest strong;
    strong.acrValues = {u"urn:strong"_s};
    QCOMPARE(probe.token(strong).error().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(probe.session.state(), State::StepUp);
    QCOMPARE(probe.lastNeed().code(), ErrorCode::InsufficientAuthentication);
    QVERIFY(probe.token()); // everything else goes on
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.token(strong));
}

WATCHWORD_TEST_MAIN(TestSignIn)
#include "tst_signin.moc"
