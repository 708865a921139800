// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/clienthandshake.h"
#include "watchword/wire/handshake.h"

#include "support/testmain.h"

using namespace Watchword::Wire;
using namespace Qt::StringLiterals;

/*! The opening handshake: what a client asks and believes (RFC 6455 section 4.1), what a server takes (4.2). */
class TestOpeningHandshake : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void exampleOfTheRfc();
    void requestHolds();
    void answers_data();
    void answers();
    void whatFollowsTheHeadStays();
    void refusals_data();
    void refusals();
    void endedEarly();
    void requests_data();
    void requests();
    void bothHalvesMeet();
    void offeredSubprotocolsAreRead();
    void everyFaultSpeaks();

private:
    static void addInterim();
    static void addChoices();
};

namespace {

// The nonce of the RFC's example, so that its answer is the right one.
constexpr std::array<std::uint8_t, 16> kNonce{'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};
const QByteArray kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const QByteArray kUpgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

Bytes bytesOf(const QByteArray &text)
{
    return {reinterpret_cast<const std::uint8_t *>(text.constData()), std::size_t(text.size())};
}

ClientHandshake handshake(bool offersDeflate = false)
{
    UpgradeRequest request{.target = "/chat", .host = "server.example.com", .subprotocols = {"chat", "superchat"}};
    if (offersDeflate)
        request.deflate = DeflateOptions();
    return ClientHandshake(std::move(request), kNonce);
}

HttpHead headOf(const std::string &text)
{
    HeadReader reader(HeadKind::Request);
    reader.feed(Watchword::Wire::bytesOf(text));
    return reader.head();
}

const char *stateName(ClientHandshake::State state)
{
    switch (state) {
    case ClientHandshake::State::Waiting:
        return "waiting";
    case ClientHandshake::State::Open:
        return "open";
    case ClientHandshake::State::Refused:
        return "refused";
    case ClientHandshake::State::Failed:
        return "failed";
    }
    return "";
}

} // namespace

void TestOpeningHandshake::exampleOfTheRfc()
{
    QCOMPARE(acceptValue("dGhlIHNhbXBsZSBub25jZQ=="), std::string("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    QCOMPARE(toBase64(kNonce), std::string("dGhlIHNhbXBsZSBub25jZQ=="));
}

void TestOpeningHandshake::requestHolds()
{
    UpgradeRequest request{.target = "/chat?x=1", .host = "[::1]:8443", .origin = "https://a.test", .subprotocols = {"a", "b"}};
    request.fields = {{"Authorization", "Bearer abc"}, {"X-Empty", ""}};
    request.deflate = DeflateOptions();
    const std::string text = ClientHandshake(request, kNonce).request();
    const HttpHead head = headOf(text);
    QCOMPARE(checkUpgrade(head), UpgradeFault::None);
    QVERIFY(head.target() == "/chat?x=1" && head.value("Host") == "[::1]:8443" && head.value("Origin") == "https://a.test");
    QVERIFY(head.value("Sec-WebSocket-Protocol") == "a, b" && head.value("Authorization") == "Bearer abc");
    QCOMPARE(head.count("X-Empty"), 1U);
    QVERIFY(head.value("Sec-WebSocket-Extensions").starts_with("permessage-deflate"));
    QCOMPARE(headOf(handshake().request()).count("Sec-WebSocket-Extensions"), 0U);
    QCOMPARE(headOf(handshake().request()).count("Origin"), 0U);
}

void TestOpeningHandshake::answers_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<bool>("offersDeflate");
    QTest::addColumn<QString>("outcome");
    const auto add = [](const char *name, const QByteArray &answer, const QString &outcome) {
        QTest::newRow(name) << QByteArray(answer + "\r\n") << false << outcome;
    };
    const QByteArray line = "HTTP/1.1 101 Switching Protocols\r\n";
    add("right", kUpgrade + kAccept, u"open"_s);
    add("a list", line + "Upgrade: WebSocket\r\nConnection: Upgrade, Keep-Alive\r\n" + kAccept, u"open"_s);
    add("two lines of Connection", line + "Upgrade: websocket\r\nconnection: keep-alive\r\nConnection: upgrade\r\n" + kAccept,
        u"open"_s);
    add("no upgrade in the list", line + "Upgrade: websocket\r\nConnection: keep-alive\r\n" + kAccept,
        u"failed: \"upgrade\" is missing in the Connection header of the 101"_s);
    add("no Connection", line + "Upgrade: websocket\r\n" + kAccept,
        u"failed: \"upgrade\" is missing in the Connection header of the 101"_s);
    add("no Upgrade", line + "Connection: Upgrade\r\n" + kAccept, u"failed: the 101 does not upgrade to websocket"_s);
    add("another Upgrade", line + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + kAccept,
        u"failed: the 101 does not upgrade to websocket"_s);
    add("no Accept", kUpgrade, u"failed: Sec-WebSocket-Accept does not answer the key that was sent"_s);
    add("wrong Accept", kUpgrade + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n",
        u"failed: Sec-WebSocket-Accept does not answer the key that was sent"_s);
    add("two Accepts", kUpgrade + kAccept + kAccept, u"failed: Sec-WebSocket-Accept does not answer the key that was sent"_s);
    add("HTTP/1.0", QByteArray(kUpgrade + kAccept).replace("HTTP/1.1", "HTTP/1.0"), u"failed: the 101 is not one of HTTP/1.1"_s);
    add("not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", u"failed: the answer is not one of HTTP/1.1"_s);
    add("folded", kUpgrade + kAccept + " x\r\n", u"failed: the answer is not one of HTTP/1.1"_s);
    add("a long line", kUpgrade + kAccept + "X: " + QByteArray(16000, 'x') + "\r\n", u"open"_s);
    add("a line too long", kUpgrade + kAccept + "X: " + QByteArray(17000, 'x') + "\r\n",
        u"failed: the answer is not one of HTTP/1.1"_s);
    addInterim();
    addChoices();
}

void TestOpeningHandshake::addInterim()
{
    const QByteArray hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    const QByteArray right = kUpgrade + kAccept + "\r\n";
    QTest::newRow("103 before it") << QByteArray(hints + right) << false << u"open"_s;
    QTest::newRow("100 and 103 before it") << QByteArray("HTTP/1.1 100 Continue\r\n\r\n" + hints + right) << false << u"open"_s;
    QTest::newRow("sixteen before it") << QByteArray(hints.repeated(16) + right) << false << u"open"_s;
    QTest::newRow("without end") << QByteArray(hints.repeated(17) + right) << false
                                 << u"failed: there are too many interim answers"_s;
}

void TestOpeningHandshake::addChoices()
{
    const QString wrongProtocol = u"failed: the 101 chooses a subprotocol that was not offered"_s;
    const QString wrongExtension = u"failed: the 101 chooses an extension that was not offered"_s;
    const auto add = [](const char *name, const QByteArray &lines, bool offers, const QString &outcome) {
        QTest::newRow(name) << QByteArray(kUpgrade + kAccept + lines + "\r\n") << offers << outcome;
    };
    add("a subprotocol", "Sec-WebSocket-Protocol: superchat\r\n", false, u"open superchat"_s);
    add("another subprotocol", "Sec-WebSocket-Protocol: other\r\n", false, wrongProtocol);
    add("in other case", "Sec-WebSocket-Protocol: Chat\r\n", false, wrongProtocol);
    add("both subprotocols", "Sec-WebSocket-Protocol: chat, superchat\r\n", false, wrongProtocol);
    add("both on two lines", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n", false, wrongProtocol);
    add("an empty one", "Sec-WebSocket-Protocol:\r\n", false, wrongProtocol);
    add("an extension nobody offered", "Sec-WebSocket-Extensions: permessage-deflate\r\n", false, wrongExtension);
    add("an empty extension", "Sec-WebSocket-Extensions:\r\n", false, wrongExtension);
    add("the one that was offered", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n", true,
        u"open, deflate 10"_s);
    add("offered and not taken", "", true, u"open"_s);
    add("another than offered", "Sec-WebSocket-Extensions: x-other\r\n", true, wrongExtension);
}

void TestOpeningHandshake::answers()
{
    QFETCH(QByteArray, answer);
    QFETCH(bool, offersDeflate);
    for (const qsizetype step : {qsizetype(1), qsizetype(7), answer.size()}) {
        ClientHandshake client = handshake(offersDeflate);
        qsizetype at = 0;
        while (at < answer.size() && client.state() == ClientHandshake::State::Waiting)
            at += qsizetype(client.feed(bytesOf(answer.mid(at, step))));
        QString outcome = QString::fromLatin1(stateName(client.state()));
        if (client.state() == ClientHandshake::State::Failed)
            outcome += u": "_s + QString::fromUtf8(describe(client.fault()).data(), qsizetype(describe(client.fault()).size()));
        if (client.state() == ClientHandshake::State::Open && !client.subprotocol().empty())
            outcome += u' ' + QString::fromStdString(std::string(client.subprotocol()));
        if (client.state() == ClientHandshake::State::Open && client.compression())
            outcome += u", deflate %1"_s.arg(client.compression()->clientWindowBits);
        QTEST(outcome, "outcome");
    }
}

void TestOpeningHandshake::whatFollowsTheHeadStays()
{
    const QByteArray head = kUpgrade + kAccept + "\r\n";
    const QByteArray frames = QByteArray::fromHex("810568656c6c6f");
    for (qsizetype split = 1; split <= head.size(); ++split) {
        ClientHandshake client = handshake();
        QCOMPARE(qsizetype(client.feed(bytesOf(head.left(split - 1)))), split - 1);
        const QByteArray rest = head.mid(split - 1) + frames;
        QCOMPARE(qsizetype(client.feed(bytesOf(rest))), rest.size() - frames.size());
        QCOMPARE(client.state(), ClientHandshake::State::Open);
        QCOMPARE(client.feed(bytesOf(frames)), 0U);
    }
}

void TestOpeningHandshake::refusals_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<bool>("isComplete");
    const QByteArray unauthorized = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n";
    QTest::newRow("with a body") << QByteArray(unauthorized + "Content-Length: 4\r\n\r\nbody") << 401 << QByteArray("body")
                                 << true;
    QTest::newRow("the body is on its way") << QByteArray(unauthorized + "Content-Length: 9\r\n\r\nbody") << 401
                                            << QByteArray("body") << false;
    QTest::newRow("no length") << QByteArray("HTTP/1.1 503 No\r\nRetry-After: 5\r\n\r\nlater") << 503 << QByteArray("later")
                               << false;
    QTest::newRow("chunks") << QByteArray("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n") << 403
                            << QByteArray("no") << true;
    QTest::newRow("much") << QByteArray("HTTP/1.1 404 No\r\nContent-Length: 90000\r\n\r\n" + QByteArray(90'000, 'x')) << 404
                          << QByteArray(2048, 'x') << true;
    QTest::newRow("redirect") << QByteArray("HTTP/1.1 301 x\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n") << 301 << QByteArray()
                              << true;
    QTest::newRow("200") << QByteArray("HTTP/1.0 200 OK\r\n\r\n<html>") << 200 << QByteArray("<html>") << false;
    QTest::newRow("103, then 401") << QByteArray("HTTP/1.1 103 x\r\n\r\n" + unauthorized + "Content-Length: 0\r\n\r\n") << 401
                                   << QByteArray() << true;
}

void TestOpeningHandshake::refusals()
{
    QFETCH(QByteArray, answer);
    QFETCH(bool, isComplete);
    for (const qsizetype step : {qsizetype(1), qsizetype(1000), answer.size()}) {
        ClientHandshake client = handshake();
        qsizetype at = 0;
        while (at < answer.size() && !client.isAnswerComplete()) {
            const qsizetype taken = qsizetype(client.feed(bytesOf(answer.mid(at, step))));
            QVERIFY(taken > 0);
            at += taken;
        }
        QCOMPARE(client.state(), ClientHandshake::State::Refused);
        QTEST(client.answer().status(), "status");
        QTEST(QByteArray(client.body().data(), qsizetype(client.body().size())), "body");
        QCOMPARE(client.isAnswerComplete(), isComplete);
        client.finish();
        QVERIFY(client.isAnswerComplete());
        QTEST(client.answer().status(), "status");
    }
}

void TestOpeningHandshake::endedEarly()
{
    const QByteArray head = kUpgrade + kAccept + "\r\n";
    for (qsizetype size = 0; size < head.size(); ++size) {
        ClientHandshake client = handshake();
        client.feed(bytesOf(head.left(size)));
        QCOMPARE(client.hasBegun(), size > 0);
        client.finish();
        QCOMPARE(client.state(), ClientHandshake::State::Failed);
        QCOMPARE(client.fault(), AnswerFault::Ended);
    }
}

void TestOpeningHandshake::requests_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    const QByteArray right = "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    const auto add = [right](const char *name, const char *what, const char *by, int status) {
        QVERIFY(right.contains(what));
        QTest::newRow(name) << QByteArray(right).replace(what, by) << status;
    };
    QTest::newRow("right") << right << 0;
    add("a plain request", "Connection: keep-alive, Upgrade\r\n", "", 426);
    add("an upgrade to something else", "Upgrade: websocket", "Upgrade: h2c", 426);
    add("one of several upgrades", "Upgrade: websocket", "Upgrade: h2c, WebSocket", 0);
    add("POST", "GET ", "POST ", 405);
    add("HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 505);
    add("no host", "Host: a\r\n", "", 400);
    add("two hosts", "Host: a\r\n", "Host: a\r\nHost: b\r\n", 400);
    add("version 8", "Version: 13", "Version: 8", 426);
    add("no version", "Sec-WebSocket-Version: 13\r\n", "", 426);
    add("no key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400);
    add("two keys", "Sec-WebSocket-Key: dG", "Sec-WebSocket-Key: x\r\nSec-WebSocket-Key: dG", 400);
    add("a short key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", 400);
    add("a long key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQAA", 400);
    add("a key that is none", "dGhlIHNhbXBsZSBub25jZQ==", "!!!!IHNhbXBsZSBub25jZQ==", 400);
}

void TestOpeningHandshake::requests()
{
    QFETCH(QByteArray, request);
    const HttpHead head = headOf(request.toStdString());
    QVERIFY(head.fieldCount() > 0);
    QTEST(statusOf(checkUpgrade(head)), "status");
}

void TestOpeningHandshake::bothHalvesMeet()
{
    ClientHandshake client = handshake(true);
    const HttpHead request = headOf(client.request());
    QCOMPARE(checkUpgrade(request), UpgradeFault::None);
    const auto deflate = answerDeflateOffers(request.values("Sec-WebSocket-Extensions"), {});
    QVERIFY(deflate);
    const std::string answer = upgradeAnswer(request, "chat", deflate->text, {{"X-Server", "a"}});
    QCOMPARE(client.feed(Watchword::Wire::bytesOf(answer)), answer.size());
    QCOMPARE(client.state(), ClientHandshake::State::Open);
    QVERIFY(client.subprotocol() == "chat" && client.answer().value("x-server") == "a");
    QCOMPARE(client.compression()->serverWindowBits, deflate->parameters.serverWindowBits);
}

void TestOpeningHandshake::offeredSubprotocolsAreRead()
{
    const auto offered = [](const char *lines) {
        const HttpHead head = headOf(std::string("GET / HTTP/1.1\r\nHost: a\r\n") + lines + "\r\n");
        QStringList names;
        for (const std::string_view name : offeredSubprotocols(head))
            names.append(QString::fromUtf8(name.data(), qsizetype(name.size())));
        return names.join(u'|');
    };
    QCOMPARE(offered(""), QString());
    QCOMPARE(offered("Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n"), u"a|b|c"_s);
    QCOMPARE(offered("Sec-WebSocket-Protocol: a, b c\r\n"), QString());
}

void TestOpeningHandshake::everyFaultSpeaks()
{
    for (int i = 0; i <= int(AnswerFault::Extension); ++i)
        QVERIFY(describe(AnswerFault(i)) != "unknown fault");
    for (int i = 0; i <= int(UpgradeFault::WebSocketVersion); ++i) {
        QVERIFY(describe(UpgradeFault(i)) != "unknown fault");
        QCOMPARE(statusOf(UpgradeFault(i)) >= 400, i > 0);
    }
}

WATCHWORD_TEST_MAIN(TestOpeningHandshake)
#include "tst_openinghandshake.moc"
