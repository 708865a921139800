// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "transport/destination.h"

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

/*! Notes which nonces it is told. */
class NotedNonces final : public TokenProof
{
public:
    Result<QByteArray> headerFor(const QByteArray &, const QUrl &, const Secret &) override { return QByteArray("proof"); }
    bool rememberNonce(const QUrl &url, const QByteArray &nonce) override
    {
        noted.append(url.toString() + u' ' + QString::fromLatin1(nonce));
        return true;
    }
    QStringList noted;
};

} // namespace

/*! Where a transport asks, and what may go there. */
class TestDestination : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void token_data();
    void token();
    void redirects_data();
    void redirects();
    void neverBackWithTheToken();
    void asManyAsAllowed();
    void noncesOfTheOrigin();
    void subprotocols();

private:
    static ConnectionOptions options(int redirects = 3)
    {
        ConnectionOptions options;
        options.url = QUrl(u"wss://example.com"_s);
        options.maximumRedirects = redirects;
        return options;
    }
    static HttpAnswer redirectTo(const QByteArray &location, int status = 307)
    {
        return {.status = status, .headers = {{"location", location}}};
    }
    static AccessToken tokenOf(const QByteArray &value, std::shared_ptr<TokenProof> proof = {})
    {
        AccessToken token;
        token.value = Secret::copy(value);
        token.proof = std::move(proof);
        return token;
    }
};

void TestDestination::token_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<bool>("fits");
    QTest::newRow("none") << QByteArray() << true;
    QTest::newRow("usual") << QByteArray("aa.bb-cc_dd=") << true;
    QTest::newRow("a header more") << QByteArray("aa\r\nX-Evil: 1") << false;
    QTest::newRow("space") << QByteArray("aa bb") << false;
}

void TestDestination::token()
{
    QFETCH(QByteArray, value);
    QFETCH(bool, fits);
    const ConnectionOptions used = options();
    Destination destination(used);
    const Result<void> result = destination.setToken(tokenOf(value));
    QCOMPARE(result.isOk(), fits);
    QCOMPARE(destination.sendsToken(), fits && !value.isEmpty());
    if (!fits) {
        QCOMPARE(result.error().code(), ErrorCode::MalformedToken);
        QVERIFY(!result.error().toString().contains("Evil"_L1));
    }
}

void TestDestination::redirects_data()
{
    QTest::addColumn<QByteArray>("location");
    QTest::addColumn<QString>("url"); // empty: it is not followed
    QTest::addColumn<bool>("isOrigin");
    QTest::newRow("same origin") << QByteArray("/other?x=1") << u"wss://example.com/other?x=1"_s << true;
    QTest::newRow("written out") << QByteArray("https://EXAMPLE.com:443/a") << u"wss://example.com:443/a"_s << true;
    QTest::newRow("other port") << QByteArray("wss://example.com:8443/") << u"wss://example.com:8443/"_s << false;
    QTest::newRow("other host") << QByteArray("https://example.org/") << u"wss://example.org/"_s << false;
    QTest::newRow("without TLS") << QByteArray("http://example.com/") << QString() << true;
    QTest::newRow("a name in it") << QByteArray("https://me:you@example.com/") << QString() << true;
    QTest::newRow("nowhere") << QByteArray() << QString() << true;
}

void TestDestination::redirects()
{
    QFETCH(QByteArray, location);
    QFETCH(QString, url);
    QFETCH(bool, isOrigin);
    const ConnectionOptions used = options();
    for (const int status : {301, 302, 303, 307, 308}) {
        Destination destination(used);
        QVERIFY(destination.setToken(tokenOf("aaaa")));
        const std::optional<TransportEnd> end = destination.refusedBy(redirectTo(location, status), {});
        QCOMPARE(end.has_value(), url.isEmpty());
        QCOMPARE(destination.url().toString(), url.isEmpty() ? u"wss://example.com/"_s : url);
        QCOMPARE(destination.isOrigin(), isOrigin);
        QCOMPARE(destination.sendsToken(), isOrigin);
        QCOMPARE(destination.authorizedUrl(), isOrigin ? destination.url() : QUrl());
    }
    Destination refused(used);
    const std::optional<TransportEnd> end = refused.refusedBy(redirectTo(location, 401), {});
    QVERIFY(end && end->http.status == 401);
}

void TestDestination::neverBackWithTheToken()
{
    const ConnectionOptions used = options();
    Destination destination(used);
    QVERIFY(destination.setToken(tokenOf("aaaa")));
    QVERIFY(!destination.refusedBy(redirectTo("https://example.org/"), {}));
    QVERIFY(!destination.refusedBy(redirectTo("https://example.com/"), {}));
    QCOMPARE(destination.url(), QUrl(u"wss://example.com/"_s));
    QVERIFY(!destination.sendsToken() && destination.authorizedUrl().isEmpty());
}

void TestDestination::asManyAsAllowed()
{
    for (const int allowed : {0, 1, 2}) {
        const ConnectionOptions used = options(allowed);
        Destination destination(used);
        int followed = 0;
        while (!destination.refusedBy(redirectTo("/again"), {}))
            ++followed;
        QCOMPARE(followed, allowed);
    }
}

void TestDestination::noncesOfTheOrigin()
{
    const ConnectionOptions used = options();
    const auto proof = std::make_shared<NotedNonces>();
    Destination destination(used);
    QVERIFY(destination.setToken(tokenOf("aaaa", proof)));
    QVERIFY(!destination.takeNonce({}));
    QVERIFY(destination.takeNonce("n1"));
    QVERIFY(!destination.refusedBy(redirectTo("/other"), "n2"));
    const HttpAnswer wants{.status = 401, .headers = {{"www-authenticate", "DPoP error=\"use_dpop_nonce\""}}};
    std::optional<TransportEnd> end = destination.refusedBy(wants, "n3");
    QVERIFY(end && end->nonceGiven);
    end = destination.refusedBy(wants, {});
    QVERIFY(end && !end->nonceGiven);
    QVERIFY(!destination.refusedBy(redirectTo("https://example.org/"), {}));
    QVERIFY(!destination.takeNonce("n4"));
    end = destination.refusedBy(wants, "n5");
    QVERIFY(end && !end->nonceGiven);
    QCOMPARE(proof->noted,
             QStringList({u"wss://example.com/ n1"_s, u"wss://example.com/ n2"_s, u"wss://example.com/other n3"_s}));
    Destination unbound(used);
    QVERIFY(unbound.setToken(tokenOf("aaaa")));
    QVERIFY(!unbound.takeNonce("n6"));
}

void TestDestination::subprotocols()
{
    ConnectionOptions used = options();
    used.subprotocols = QStringList{u"chat"_s};
    QCOMPARE(offeredSubprotocols(used), QStringList({u"watchword.v1"_s, u"chat"_s}));
    used.offerWatchword = false;
    QCOMPARE(offeredSubprotocols(used), QStringList({u"chat"_s}));
}

WATCHWORD_TEST_MAIN(TestDestination)
#include "tst_destination.moc"
