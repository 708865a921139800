// SPDX-License-Identifier: Apache-2.0
#include "gatefixture.h"
#include "socketlog.h"
#include "support/testmain.h"
#include "watchword/jose/dpop.h"

#include <QJsonDocument>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QByteArray kAlgorithms = "algs=\"ES256 RS256 PS256 EdDSA\"";

QByteArray challenge(const QByteArray &path, const QByteArray &error)
{
    return "WWW-Authenticate: DPoP realm=\"" + path + "\", error=\"" + error + "\", " + kAlgorithms + "\r\n";
}

QByteArray fieldOf(const QByteArray &answer, const QByteArray &name)
{
    const qsizetype at = answer.indexOf("\r\n" + name + ": ");
    if (at < 0)
        return {};
    const qsizetype from = at + name.size() + 4;
    return answer.mid(from, answer.indexOf("\r\n", from) - from);
}

} // namespace

/*! Tokens that are bound to a key (RFC 9449), at a real gateway: the upgrade, nonces, renewals. */
class TestGateDpop : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void upgrades_data();
    void upgrades();
    void aProofCountsOnce();
    void endpointsMayRequireIt();
    void noncesAreAskedForAndKept();
    void renewalNeedsAProofOfTheSameKey();
    void aConnectionWithoutAKeyMayGetOne();
    void renewalAsksForANonce();
    void monitorsRenewWithAProof();
    void ticketsAreBoughtWithAProof_data();
    void ticketsAreBoughtWithAProof();
    void ticketsKeepTheKey();

private:
    QByteArray ticketUrl() const
    {
        return QByteArray("https://localhost:") + QByteArray::number(m_gate.gateway->port()) + "/v1/tickets";
    }
    QByteArray buyTicket(const QByteArray &scheme, const QByteArray &token, const QByteArray &proof);
    QByteArray token(const SigningKey &key, const QString &subject = u"ada"_s) const;
    QByteArray proof(const SigningKey &key, const QByteArray &token, const QString &url, const QString &nonce = {}) const;
    QByteArray exchange(const QByteArray &path, const QByteArray &token, const QByteArray &proof,
                        const QByteArray &host = "localhost");
    std::unique_ptr<QWebSocket> client(const QString &path, const QByteArray &token, const QString &nonce = {},
                                       const QString &subprotocol = u"watchword.v1"_s);
    QString urlOf(const QString &path) const { return m_gate.gateway->url().toString() + path; }
    void setNonce(bool on);

    GateFixture m_gate;
    SigningKey m_key;
    SigningKey m_other;
};

void TestGateDpop::initTestCase()
{
    m_key = SigningKey::generate(u"ES256"_s).value();
    m_other = SigningKey::generate(u"ES256"_s).value();
    QVERIFY(m_gate.prepare());
    m_gate.addEndpoint(u"/bound"_s, EndpointConfig::Service::Echo).requireDpop = true;
    EndpointConfig &pages = m_gate.addEndpoint(u"/pages"_s, EndpointConfig::Service::Echo);
    pages.credentials = EndpointConfig::CredentialWay::Ticket;
    m_gate.config.watch = WatchConfig{};
    QVERIFY(m_gate.start());
}

QByteArray TestGateDpop::token(const SigningKey &key, const QString &subject) const
{
    QJsonObject claims = m_gate.claims(subject);
    claims.insert("scope"_L1, u"use gw:read"_s);
    if (!key.isNull())
        claims.insert("cnf"_L1, QJsonObject{{u"jkt"_s, key.publicKey().thumbprint()}});
    return m_gate.token(claims);
}

QByteArray TestGateDpop::proof(const SigningKey &key, const QByteArray &token, const QString &url, const QString &nonce) const
{
    return DpopProof::create(key, {"GET", QUrl(url), Secret::copy(token), nonce}, Clock::system().wallNow()).value();
}

QByteArray TestGateDpop::exchange(const QByteArray &path, const QByteArray &token, const QByteArray &proof,
                                  const QByteArray &host)
{
    QByteArray request = GateFixture::upgrade(
        path, {}, "Authorization: DPoP " + token + "\r\n" + (proof.isEmpty() ? QByteArray() : "DPoP: " + proof + "\r\n"));
    return m_gate.exchange(request.replace("Host: localhost", "Host: " + host));
}

std::unique_ptr<QWebSocket> TestGateDpop::client(const QString &path, const QByteArray &token, const QString &nonce,
                                                 const QString &subprotocol)
{
    auto socket = std::make_unique<QWebSocket>();
    socket->setSslConfiguration(m_gate.clientTls());
    QNetworkRequest request{QUrl(urlOf(path))};
    request.setRawHeader("Authorization", "DPoP " + token);
    request.setRawHeader("DPoP", proof(m_key, token, urlOf(path), nonce));
    QWebSocketHandshakeOptions options;
    options.setSubprotocols({subprotocol});
    socket->open(request, options);
    return socket;
}

void TestGateDpop::setNonce(bool on)
{
    GatewayConfig next = m_gate.config;
    next.dpop.nonce = on;
    QVERIFY(m_gate.gateway->reload(next));
}

void TestGateDpop::upgrades_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("header");
    const QByteArray bound = token(m_key);
    const QByteArray unbound = token({});
    const QString url = u"https://localhost/echo"_s;
    const auto up = [](const QByteArray &authorization, const QByteArray &proofs) {
        return GateFixture::upgrade("/echo", {}, "Authorization: " + authorization + "\r\n" + proofs);
    };
    const auto one = [](const QByteArray &proof) { return "DPoP: " + proof + "\r\n"; };
    const auto row = [](const char *name, const QByteArray &request, int status, const QByteArray &header = {}) {
        QTest::newRow(name) << request << status << header;
    };
    const QByteArray badProof = challenge("/echo", "invalid_dpop_proof");
    const QByteArray badToken = challenge("/echo", "invalid_token");
    row("good", up("DPoP " + bound, one(proof(m_key, bound, url))), 101);
    row("small letters", up("dpop " + bound, one(proof(m_key, bound, url)).replace("DPoP:", "dpop:")), 101);
    row("no proof", up("DPoP " + bound, {}), 401, badProof);
    row("empty proof", up("DPoP " + bound, "DPoP:\r\n"), 401, badProof);
    row("two proofs", up("DPoP " + bound, one(proof(m_key, bound, url)) + one(proof(m_key, bound, url))), 401, badProof);
    row("garbage", up("DPoP " + bound, "DPoP: garbage\r\n"), 401, badProof);
    row("other path", up("DPoP " + bound, one(proof(m_key, bound, u"https://localhost/room"_s))), 401, badProof);
    row("other token", up("DPoP " + bound, one(proof(m_key, unbound, url))), 401, badProof);
    row("other key", up("DPoP " + bound, one(proof(m_other, bound, url))), 401, badToken);
    row("as bearer", up("Bearer " + bound, one(proof(m_key, bound, url))), 401, badToken);
    row("unbound", up("DPoP " + unbound, one(proof(m_key, unbound, url))), 401, badToken);
    row("unbound bearer", up("Bearer " + unbound, {}), 101);
    row("bad token", up("DPoP abc", one(proof(m_key, bound, url))), 401, badToken);
    row("both", up("DPoP " + bound, "Authorization: Bearer " + bound + "\r\n"), 400);
    QJsonObject claims = m_gate.claims();
    claims.insert("cnf"_L1, QJsonObject{{u"x5t#S256"_s, u"AAAA"_s}});
    row("bound to a certificate", up("Bearer " + m_gate.token(claims), {}), 401,
        "WWW-Authenticate: Bearer realm=\"/echo\", error=\"invalid_token\"\r\n");
    claims = m_gate.claims();
    claims.insert("scope"_L1, u"more"_s);
    claims.insert("cnf"_L1, QJsonObject{{u"jkt"_s, m_key.publicKey().thumbprint()}});
    const QByteArray poor = m_gate.token(claims);
    row("scope", up("DPoP " + poor, one(proof(m_key, poor, url))), 403,
        "WWW-Authenticate: DPoP realm=\"/echo\", error=\"insufficient_scope\", scope=\"use\", " + kAlgorithms + "\r\n");
}

void TestGateDpop::upgrades()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    QFETCH(QByteArray, header);
    const QByteArray answer = m_gate.exchange(request);
    QVERIFY2(statusOf(answer) == status, answer.constData());
    QVERIFY2(answer.contains(header), answer.constData());
    QVERIFY(!answer.contains("DPoP-Nonce"));
}

void TestGateDpop::aProofCountsOnce()
{
    const QByteArray bound = token(m_key);
    const QByteArray made = proof(m_key, bound, u"https://localhost/echo"_s);
    QCOMPARE(statusOf(exchange("/echo", bound, made)), 101);
    const QByteArray again = exchange("/echo", bound, made);
    QVERIFY2(again.contains(challenge("/echo", "invalid_dpop_proof")), again.constData());
    // A proof that somebody was made to send to another server is of no use here, whatever Host says.
    const QByteArray foreign = proof(m_key, bound, u"https://evil.test/echo"_s);
    QCOMPARE(statusOf(exchange("/echo", bound, foreign, "evil.test")), 401);
    QCOMPARE(statusOf(exchange("/echo", bound, foreign)), 401);
    QCOMPARE(statusOf(exchange("/echo", bound, proof(m_key, bound, u"https://127.0.0.1:8443/echo"_s), "127.0.0.1:8443")), 101);
}

void TestGateDpop::endpointsMayRequireIt()
{
    const QByteArray none = m_gate.exchange(GateFixture::upgrade("/bound", {}));
    QVERIFY2(none.contains("WWW-Authenticate: DPoP realm=\"/bound\", " + kAlgorithms + "\r\n"), none.constData());
    const QByteArray bearer = m_gate.exchange(GateFixture::upgrade("/bound", token({})));
    QVERIFY2(bearer.contains(challenge("/bound", "invalid_token")), bearer.constData());
    const QByteArray bound = token(m_key);
    QCOMPARE(statusOf(exchange("/bound", bound, proof(m_key, bound, u"https://localhost/bound"_s))), 101);
}

void TestGateDpop::noncesAreAskedForAndKept()
{
    setNonce(true);
    const QByteArray bound = token(m_key);
    const QString url = u"https://localhost/echo"_s;
    const QByteArray first = exchange("/echo", bound, proof(m_key, bound, url));
    QVERIFY2(first.contains(challenge("/echo", "use_dpop_nonce")), first.constData());
    const QByteArray nonce = fieldOf(first, "DPoP-Nonce");
    QVERIFY(!nonce.isEmpty());
    QCOMPARE(statusOf(exchange("/echo", bound, proof(m_key, bound, url, QString::fromLatin1(nonce)))), 101);
    QVERIFY(exchange("/echo", bound, proof(m_key, bound, url, u"old"_s)).contains("use_dpop_nonce"));
    // The next nonce also comes with refusals for another reason.
    QCOMPARE(fieldOf(exchange("/nothing", bound, proof(m_key, bound, url)), "DPoP-Nonce"), nonce);
    QVERIFY(fieldOf(m_gate.exchange(GateFixture::upgrade("/echo", {})), "DPoP-Nonce").isEmpty());

    const auto socket = client(u"/echo"_s, bound, QString::fromLatin1(nonce));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    QCOMPARE(log.frame(u"hello"_s)->fields().value("dpop_nonce"_L1).toString(), QString::fromLatin1(nonce));
    setNonce(false);
}

void TestGateDpop::renewalNeedsAProofOfTheSameKey()
{
    const auto socket = client(u"/echo"_s, token(m_key));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    QVERIFY(!log.frame(u"hello"_s)->fields().contains("dpop_nonce"_L1));
    const QString url = urlOf(u"/echo"_s);
    const auto refresh = [&](const QByteArray &token, const QJsonValue &dpop) {
        QJsonObject fields{{u"token"_s, QString::fromLatin1(token)}};
        if (!dpop.isUndefined())
            fields.insert("dpop"_L1, dpop);
        socket->sendTextMessage(Frame(u"auth.refresh"_s, fields).toText());
    };
    const QByteArray next = token(m_key);
    const QString good = QString::fromLatin1(proof(m_key, next, url));
    const QByteArray others = token(m_other);
    struct Row
    {
        QByteArray token;
        QJsonValue dpop;
        QString reason;
    };
    const QList<Row> rows{{next, QJsonValue::Undefined, u"invalid_dpop_proof"_s},
                          {next, QString(), u"invalid_dpop_proof"_s},
                          {next, 7, u"invalid_dpop_proof"_s},
                          {next, QString::fromLatin1(proof(m_key, next, urlOf(u"/room"_s))), u"invalid_dpop_proof"_s},
                          {token(m_key), good, u"invalid_dpop_proof"_s}, // a proof for another token
                          {next, QString::fromLatin1(proof(m_other, next, url)), u"invalid_dpop_proof"_s},
                          {others, QString::fromLatin1(proof(m_other, others, url)), u"key_changed"_s},
                          {token({}), QJsonValue::Undefined, u"key_changed"_s},
                          {token(m_key, u"eve"_s), good, u"identity_changed"_s}};
    for (qsizetype i = 0; i < rows.size(); ++i) {
        refresh(rows.at(i).token, rows.at(i).dpop);
        const auto fail = log.await(u"auth.fail"_s, i + 1);
        QVERIFY(fail);
        QCOMPARE(fail->fields().value("reason"_L1).toString(), rows.at(i).reason);
        QCOMPARE(fail->fields().value("code"_L1).toInt(), 4402);
    }
    QVERIFY(!log.frame(u"auth.ok"_s));
    refresh(next, good);
    QVERIFY(log.await(u"auth.ok"_s, 1));
    refresh(next, good);
    QVERIFY(log.await(u"auth.fail"_s, rows.size() + 1)); // used
    QVERIFY(!log.closed);
}

void TestGateDpop::aConnectionWithoutAKeyMayGetOne()
{
    const auto socket = m_gate.client(u"/echo"_s, token({}));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const QByteArray bound = token(m_key);
    const auto refresh = [&](const QJsonObject &fields) { socket->sendTextMessage(Frame(u"auth.refresh"_s, fields).toText()); };
    refresh({{u"token"_s, QString::fromLatin1(bound)}, {u"dpop"_s, QString::fromLatin1(proof(m_key, bound, urlOf(u"/echo"_s)))}});
    QVERIFY(log.await(u"auth.ok"_s, 1));
    refresh({{u"token"_s, QString::fromLatin1(token({}))}});
    const auto fail = log.await(u"auth.fail"_s, 1);
    QVERIFY(fail);
    QCOMPARE(fail->fields().value("reason"_L1).toString(), u"key_changed"_s);
}

void TestGateDpop::renewalAsksForANonce()
{
    const auto socket = client(u"/echo"_s, token(m_key));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    setNonce(true);
    const QByteArray next = token(m_key);
    const auto refresh = [&](const QString &nonce) {
        socket->sendTextMessage(Frame(u"auth.refresh"_s,
                                      {{u"token"_s, QString::fromLatin1(next)},
                                       {u"dpop"_s, QString::fromLatin1(proof(m_key, next, urlOf(u"/echo"_s), nonce))}})
                                    .toText());
    };
    refresh({});
    const auto fail = log.await(u"auth.fail"_s, 1);
    QVERIFY(fail);
    QCOMPARE(fail->fields().value("code"_L1).toInt(), 4402);
    QCOMPARE(fail->fields().value("reason"_L1).toString(), u"use_dpop_nonce"_s);
    const QString nonce = fail->fields().value("nonce"_L1).toString();
    QVERIFY(!nonce.isEmpty());
    refresh(nonce);
    const auto ok = log.await(u"auth.ok"_s, 1);
    QVERIFY(ok);
    QCOMPARE(ok->fields().value("nonce"_L1).toString(), nonce);
    setNonce(false);
}

void TestGateDpop::monitorsRenewWithAProof()
{
    const auto socket = client(u"/watch"_s, token(m_key), {}, u"watchword.watch.v1"_s);
    QList<QJsonObject> received;
    connect(socket.get(), &QWebSocket::textMessageReceived, this,
            [&](const QString &text) { received += QJsonDocument::fromJson(text.toUtf8()).object(); });
    const auto await = [&](const QString &type) {
        QJsonObject found;
        Support::waitUntil([&] {
            for (const QJsonObject &json : received) {
                if (json.value("t"_L1).toString() == type)
                    found = json;
            }
            return !found.isEmpty();
        });
        return found;
    };
    QVERIFY(!await(u"hello"_s).isEmpty());
    const QString url = urlOf(u"/watch"_s);
    const auto refresh = [&](const QByteArray &token, const QByteArray &proof) {
        received.clear();
        QJsonObject json{{u"t"_s, u"auth.refresh"_s}, {u"token"_s, QString::fromLatin1(token)}};
        if (!proof.isEmpty())
            json.insert("dpop"_L1, QString::fromLatin1(proof));
        socket->sendTextMessage(QString::fromUtf8(QJsonDocument(json).toJson()));
    };
    const QByteArray next = token(m_key);
    const auto refusal = [&] {
        const QJsonObject fail = await(u"auth.fail"_s);
        return QString::number(fail.value("code"_L1).toInt()) + u' ' + fail.value("reason"_L1).toString();
    };
    refresh(next, {});
    QCOMPARE(refusal(), u"4402 invalid_dpop_proof"_s);
    const QByteArray others = token(m_other);
    refresh(others, proof(m_other, others, url));
    QCOMPARE(refusal(), u"4402 key_changed"_s);
    refresh(token({}), {});
    QCOMPARE(refusal(), u"4402 key_changed"_s);
    refresh(next, proof(m_key, next, url));
    const QJsonObject ok = await(u"auth.ok"_s);
    QVERIFY(ok.contains("exp"_L1) && !ok.contains("nonce"_L1));
    setNonce(true);
    refresh(next, proof(m_key, next, url));
    const QString nonce = await(u"auth.fail"_s).value("nonce"_L1).toString();
    QCOMPARE(refusal(), u"4402 use_dpop_nonce"_s);
    QVERIFY(!nonce.isEmpty());
    refresh(next, proof(m_key, next, url, nonce));
    QCOMPARE(await(u"auth.ok"_s).value("nonce"_L1).toString(), nonce);
    setNonce(false);
}

QByteArray TestGateDpop::buyTicket(const QByteArray &scheme, const QByteArray &token, const QByteArray &proof)
{
    return m_gate.exchange("POST /v1/tickets?path=/pages HTTP/1.1\r\nHost: localhost:"
                           + QByteArray::number(m_gate.gateway->port())
                           + "\r\nOrigin: https://app.example.com\r\nContent-Length: 0\r\nAuthorization: " + scheme + ' ' + token
                           + "\r\n" + (proof.isEmpty() ? QByteArray() : "DPoP: " + proof + "\r\n") + "\r\n");
}

void TestGateDpop::ticketsAreBoughtWithAProof_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<int>("status");
    QTest::newRow("the right one") << u"right"_s << 200;
    QTest::newRow("as a bearer token") << u"bearer"_s << 401;
    for (const char *what : {"none", "for GET", "for another URL", "of another key", "for another token", "twice"})
        QTest::newRow(what) << QString::fromLatin1(what) << 401;
}

void TestGateDpop::ticketsAreBoughtWithAProof()
{
    QFETCH(const QString, what);
    setNonce(false);
    const QByteArray bound = token(m_key);
    const SigningKey &key = what == "of another key"_L1 ? m_other : m_key;
    const QByteArray method = what == "for GET"_L1 ? "GET" : "POST";
    const QUrl url(
        QString::fromLatin1(what == "for another URL"_L1 ? ticketUrl().replace("/v1/tickets", "/pages") : ticketUrl()));
    const QByteArray of = what == "for another token"_L1 ? token(m_key, u"bob"_s) : bound;
    const QByteArray made = DpopProof::create(key, {method, url, Secret::copy(of), {}}, Clock::system().wallNow()).value();
    if (what == "twice"_L1)
        QCOMPARE(statusOf(buyTicket("DPoP", bound, made)), 200);
    const QByteArray answer =
        buyTicket(what == "bearer"_L1 ? "Bearer" : "DPoP", bound, what == "none"_L1 || what == "bearer"_L1 ? QByteArray() : made);
    QTEST(statusOf(answer), "status");
    QCOMPARE(answer.contains("\"ticket\""), what == "right"_L1);
}

// Who has shown the key once is the one who comes with the ticket; a renewal has to show it again.
void TestGateDpop::ticketsKeepTheKey()
{
    const QByteArray bound = token(m_key);
    const QByteArray made = DpopProof::create(m_key, {"POST", QUrl(QString::fromLatin1(ticketUrl())), Secret::copy(bound), {}},
                                              Clock::system().wallNow())
                                .value();
    const QByteArray answer = buyTicket("DPoP", bound, made);
    const QString ticket =
        QJsonDocument::fromJson(answer.mid(answer.indexOf("\r\n\r\n") + 4)).object().value("ticket"_L1).toString();
    QWebSocket socket(u"https://app.example.com"_s);
    socket.setSslConfiguration(m_gate.clientTls());
    QWebSocketHandshakeOptions options;
    options.setSubprotocols({u"watchword.v1"_s});
    socket.open(QNetworkRequest(QUrl(urlOf(u"/pages?ticket="_s + ticket))), options);
    SocketLog log(socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const QString next = QString::fromLatin1(token(m_key));
    socket.sendTextMessage(Frame(QLatin1StringView(FrameType::AuthRefresh), {{u"token"_s, next}}).toText());
    QCOMPARE(log.await(u"auth.fail"_s, 1)->fields().value("reason"_L1).toString(), u"invalid_dpop_proof"_s);
    socket.sendTextMessage(
        Frame(QLatin1StringView(FrameType::AuthRefresh),
              {{u"token"_s, next}, {u"dpop"_s, QString::fromLatin1(proof(m_key, next.toLatin1(), urlOf(u"/pages"_s)))}})
            .toText());
    QVERIFY(log.awaitFrame(u"auth.ok"_s));
}

WATCHWORD_TEST_MAIN(TestGateDpop)
#include "tst_gatedpop.moc"
