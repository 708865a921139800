// SPDX-License-Identifier: Apache-2.0
#include "relaypeers.h"
#include "support/testmain.h"

#include <QRegularExpression>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! Which server a client gets, at which path, and what it hears of the client. */
class TestUpstreams : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void prefixes_data();
    void prefixes();
    void dotSegments_data();
    void dotSegments();
    void passesWhatIsNamed();
    void fewestConnections();
    void nextWhenOneIsAway();
    void healthOfAPage();
    void drainingAndLeaving();
    void removedEndpointLooksAtNobody();

private:
    EndpointConfig &relay(GateFixture &gate, const QString &path, const QList<QUrl> &urls);
};

EndpointConfig &TestUpstreams::relay(GateFixture &gate, const QString &path, const QList<QUrl> &urls)
{
    EndpointConfig &endpoint = gate.addEndpoint(path, EndpointConfig::Service::Upstream);
    endpoint.upstream = urls.first();
    endpoint.moreUpstreams = urls.mid(1);
    endpoint.upstreamHealth.every = Duration(0);
    return endpoint;
}

void TestUpstreams::prefixes_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("target"); // empty: 404
    QTest::newRow("itself") << QByteArray("/app") << QByteArray("/base");
    QTest::newRow("below") << QByteArray("/app/room/1?x=%2F") << QByteArray("/base/room/1?x=%2F");
    QTest::newRow("longest wins") << QByteArray("/app/other/1") << QByteArray("/1");
    QTest::newRow("one path wins") << QByteArray("/app/other/own") << QByteArray("/own");
    QTest::newRow("only looks alike") << QByteArray("/apple") << QByteArray();
    QTest::newRow("below one path") << QByteArray("/app/other/own/x") << QByteArray("/own/x"); // of the prefix above it
}

void TestUpstreams::prefixes()
{
    QFETCH(const QByteArray, path);
    QFETCH(const QByteArray, target);
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/app"_s, {upstream.url(u"/base"_s)}).isPrefix = true;
    relay(gate, u"/app/other"_s, {upstream.url()}).isPrefix = true;
    relay(gate, u"/app/other/own"_s, {upstream.url(u"/own"_s)});
    QVERIFY(gate.start());
    RawClient client(gate, path);
    if (target.isEmpty()) {
        QVERIFY(client.awaitAnswer());
        QCOMPARE(client.status(), 404);
        return;
    }
    QVERIFY(upstream.awaitRequest());
    QVERIFY2(upstream.request.startsWith("GET " + target + " HTTP/1.1\r\n"), upstream.request.constData());
    upstream.accept();
    QVERIFY(client.isOpen());
}

void TestUpstreams::dotSegments_data()
{
    QTest::addColumn<QByteArray>("path");
    for (const char *path : {"/app/../admin", "/app/./x", "/app/%2e%2e/admin", "/app/%2E./admin", "/app/x%2f..%2fadmin",
                             "/app/x%5c..%5cadmin", "/app/.."})
        QTest::newRow(path) << QByteArray(path);
}

void TestUpstreams::dotSegments()
{
    QFETCH(const QByteArray, path);
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/app"_s, {upstream.url()}).isPrefix = true;
    QVERIFY(gate.start());
    RawClient client(gate, path);
    QVERIFY(client.awaitAnswer());
    QCOMPARE(client.status(), 400);
    QCOMPARE(upstream.connections, 0);
}

void TestUpstreams::passesWhatIsNamed()
{
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = relay(gate, u"/app"_s, {upstream.url()});
    endpoint.passHeaders = QStringList{u"Accept-Language"_s, u"X-Tenant"_s};
    endpoint.passCookies = QStringList{u"theme"_s};
    QVERIFY(gate.start());
    RawClient client(gate, "/app",
                     "accept-language: de\r\nX-Other: 1\r\nCookie: session=secret; theme=dark\r\nX-Watchword-Subject: root\r\n");
    QVERIFY(upstream.awaitRequest());
    QCOMPARE(upstream.value("Accept-Language"), "de");
    QCOMPARE(upstream.value("Cookie"), "theme=dark");
    QCOMPARE(upstream.value("X-Watchword-Subject"), "ada");
    for (const char *absent : {"X-Other", "X-Tenant", "Authorization"})
        QVERIFY2(upstream.value(absent).isNull(), absent);
    QCOMPARE(upstream.request.count("X-Watchword-Subject"), 1);
}

void TestUpstreams::fewestConnections()
{
    RawUpstream a;
    RawUpstream b;
    QVERIFY(a.listen() && b.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/app"_s, {a.url(), b.url()});
    QVERIFY(gate.start());
    RawClient first(gate, "/app");
    QVERIFY(a.awaitRequest());
    a.accept();
    QVERIFY(first.isOpen());
    RawClient second(gate, "/app");
    QVERIFY(b.awaitRequest());
    b.accept();
    QVERIFY(second.isOpen());
    first.send(0x88, RawFrames::closing(1000, {}));
    QVERIFY(waitUntil([&] { return gate.gateway->connectionCount() == 1; }));
    RawClient third(gate, "/app");
    QVERIFY(a.awaitRequest());
}

void TestUpstreams::nextWhenOneIsAway()
{
    RawUpstream gone;
    RawUpstream there;
    QVERIFY(gone.listen() && there.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/app"_s, {gone.url(), there.url()});
    QVERIFY(gate.start());
    gone.stopListening();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"the upstream .* of /app cannot be reached"_s));
    RawClient client(gate, "/app");
    QVERIFY(there.awaitRequest());
    there.accept();
    QVERIFY(client.isOpen());
    client.send(0x81, "hi");
    QVERIFY(waitUntil([&] { return there.frames.size() == 1; }));
    // An answer is an answer: nobody else is asked.
    RawClient refused(gate, "/app");
    QVERIFY(there.awaitRequest());
    there.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    QVERIFY(refused.awaitAnswer());
    QCOMPARE(refused.status(), 403);
}

void TestUpstreams::healthOfAPage()
{
    RawUpstream ill;
    RawUpstream well;
    QVERIFY(ill.listen() && well.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = relay(gate, u"/app"_s, {ill.url(), well.url()});
    endpoint.upstreamHealth.every = 500ms;
    endpoint.upstreamHealth.path = u"/health"_s;
    QVERIFY(gate.start());
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"the upstream .* of /app cannot be reached"_s));
    QVERIFY(ill.awaitRequest() && well.awaitRequest());
    QVERIFY(ill.request.startsWith("GET /health HTTP/1.1\r\n"));
    ill.write("HTTP/1.1 500 Ill\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    well.write("HTTP/1.1 204 Well\r\nConnection: close\r\n\r\n");
    // Looks go on; the client is told from them by what it asks for.
    QVERIFY(waitUntil([&] { return ill.connections > 1; }));
    RawClient client(gate, "/app");
    QVERIFY(waitUntil([&] { return well.request.startsWith("GET / HTTP/1.1\r\n"); }));
    QVERIFY(!ill.request.startsWith("GET / "));
}

void TestUpstreams::drainingAndLeaving()
{
    RawUpstream old;
    RawUpstream fresh;
    QVERIFY(old.listen() && fresh.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/app"_s, {old.url()});
    QVERIFY(gate.start());
    RawClient first(gate, "/app");
    QVERIFY(old.awaitRequest());
    old.accept();
    QVERIFY(first.isOpen());
    EndpointConfig &endpoint = gate.config.endpoints.last();
    endpoint.moreUpstreams = {fresh.url()};
    endpoint.drainingUpstreams = {old.url()};
    QVERIFY(gate.gateway->reload(gate.config));
    RawClient second(gate, "/app");
    QVERIFY(fresh.awaitRequest());
    fresh.accept();
    QVERIFY(second.isOpen());
    first.send(0x81, "still here");
    QVERIFY(waitUntil([&] { return old.frames.size() == 1; }));
    // Taken out of the list its connections end, and the others go on.
    endpoint.upstream = fresh.url();
    endpoint.moreUpstreams.clear();
    endpoint.drainingUpstreams.clear();
    QVERIFY(gate.gateway->reload(gate.config));
    QVERIFY(waitUntil([&] { return first.closeCode() != 0; }));
    QCOMPARE(first.closeCode(), 4441);
    second.send(0x81, "still here");
    QVERIFY(waitUntil([&] { return fresh.frames.size() == 1; }));
    QCOMPARE(second.closeCode(), 0);
}

void TestUpstreams::removedEndpointLooksAtNobody()
{
    RawUpstream a;
    RawUpstream b;
    RawUpstream c;
    RawUpstream d;
    QVERIFY(a.listen() && b.listen() && c.listen() && d.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    relay(gate, u"/old"_s, {a.url(), b.url()}).upstreamHealth.every = 100ms;
    QVERIFY(gate.start());
    QVERIFY(waitUntil([&] { return a.connections > 1; }));
    gate.config.endpoints.removeLast();
    relay(gate, u"/new"_s, {c.url(), d.url()}).upstreamHealth.every = 100ms;
    QVERIFY(gate.gateway->reload(gate.config));
    // The new endpoint's looks are the time: the old one may go on for a second.
    QVERIFY(waitUntil([&] { return c.connections >= 25; }));
    const int before = a.connections;
    QVERIFY(waitUntil([&] { return c.connections >= 35; }));
    QCOMPARE(a.connections, before);
}

WATCHWORD_TEST_MAIN(TestUpstreams)
#include "tst_upstreams.moc"
