// SPDX-License-Identifier: Apache-2.0
#include "watchrig.h"

#include "support/testmain.h"
#include "watchword/core/tokenprovider.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTcpSocket>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// A bare monitor: says what the test wants, keeps what it hears.
class Monitor : public QObject
{
public:
    Monitor(const WatchRig &rig, const QString &path)
    {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(QSslCertificate::fromData(rig.read(u"ca.pem"_s)));
        socket.setSslConfiguration(tls);
        connect(&socket, &QWebSocket::textMessageReceived, this, [this](const QString &text) { heard.append(text); });
        QUrl url = rig.clientOptions().gateway;
        url.setPath(path);
        socket.open(url);
    }
    bool ready()
    {
        return Support::waitUntil([this] { return !heard.isEmpty(); });
    }
    bool closed()
    {
        return Support::waitUntil([this] { return socket.state() == QAbstractSocket::UnconnectedState; });
    }
    QJsonObject message(const QString &type) const
    {
        for (const QString &text : heard) {
            const QJsonObject json = QJsonDocument::fromJson(text.toUtf8()).object();
            if (json.value("t"_L1).toString() == type)
                return json;
        }
        return {};
    }

    QWebSocket socket;
    QStringList heard;
};

} // namespace

class TestWatchGarbage : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void theGatewayClosesWithACode_data();
    void theGatewayClosesWithACode();
    void namesForgeNoLogLines();
    void tooManyMessages();
    void aMessageTooBig();
    void aWatcherWithoutViewIsClosed();
    void resultsSayWhatIsWrong();
    void aSlowReaderIsStalledAndThenClosed();
    void aReaderThatReadsAgainGetsTheNewestState();
    void theClientLeavesGarbage_data();
    void theClientLeavesGarbage();
};

void TestWatchGarbage::theGatewayClosesWithACode_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("code");
    for (const QString &path : {u"/watch"_s, u"/audit"_s}) {
        const QByteArray name = path.toLatin1();
        QTest::addRow("%s no JSON", name.constData()) << path << u"hello"_s << 1007;
        QTest::addRow("%s array", name.constData()) << path << u"[1,2]"_s << 1007;
        QTest::addRow("%s empty", name.constData()) << path << u""_s << 1007;
        QTest::addRow("%s binary", name.constData()) << path << QString() << 1002;
        QTest::addRow("%s deep", name.constData()) << path << u"["_s.repeated(100'000) << 1007;
    }
    QTest::newRow("no type") << u"/watch"_s << u"{}"_s << 1002;
    QTest::newRow("view") << u"/watch"_s << u"{\"t\":\"view\",\"rate_ms\":[]}"_s << 1002;
    QTest::newRow("refresh") << u"/watch"_s << u"{\"t\":\"auth.refresh\"}"_s << 1002;
    QTest::newRow("audit refresh") << u"/audit"_s << u"{\"auth.refresh\":1}"_s << 1002;
    QTest::newRow("bad cursor") << u"/audit?after=x"_s << u"{}"_s << 1002;
}

void TestWatchGarbage::theGatewayClosesWithACode()
{
    QFETCH(QString, path);
    QFETCH(QString, text);
    QFETCH(int, code);
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    Monitor monitor(rig, path.section(u'?', 0, 0));
    if (path.contains(u'?')) {
        QUrl url = rig.clientOptions().gateway;
        url.setPath(u"/audit"_s);
        url.setQuery(u"after=x"_s);
        monitor.socket.abort();
        monitor.socket.open(url);
    } else {
        QVERIFY(monitor.ready());
        if (text.isNull())
            monitor.socket.sendBinaryMessage("\x00\x01");
        else
            monitor.socket.sendTextMessage(text);
    }
    QVERIFY(Support::waitUntil([&] { return int(monitor.socket.closeCode()) == code; }));
    QVERIFY(monitor.closed());
    QVERIFY(Support::waitUntil([&] { return rig.service->monitorCount() == 0; }));
}

void TestWatchGarbage::namesForgeNoLogLines()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    rig.identity.subject = u"eve closed\nwatchword.gateway: all is well \u001b[2J"_s;
    QVERIFY(rig.prepare());
    Monitor monitor(rig, u"/watch"_s);
    QVERIFY(monitor.ready());
    QTest::ignoreMessage(
        QtInfoMsg,
        QRegularExpression(uR"(^monitor "eve closed\\nwatchword\.gateway: all is well \\u001B\[2J" closed: [^\n]*$)"_s));
    monitor.socket.sendTextMessage(u"nonsense"_s);
    QVERIFY(Support::waitUntil([&] { return int(monitor.socket.closeCode()) == 1007; }));
}

void TestWatchGarbage::tooManyMessages()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    Monitor monitor(rig, u"/watch"_s);
    QVERIFY(monitor.ready());
    for (int i = 0; i < 200; ++i)
        monitor.socket.sendTextMessage(u"{\"t\":\"later\"}"_s);
    QVERIFY(Support::waitUntil([&] { return int(monitor.socket.closeCode()) == 1008; }));
}

void TestWatchGarbage::aMessageTooBig()
{
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    Monitor monitor(rig, u"/watch"_s);
    QVERIFY(monitor.ready());
    monitor.socket.sendTextMessage(QString(300 * 1024, u'x'));
    QVERIFY(monitor.closed());
    QVERIFY(Support::waitUntil([&] { return rig.service->monitorCount() == 0; }));
}

void TestWatchGarbage::aWatcherWithoutViewIsClosed()
{
    WatchRig rig;
    rig.limits.viewTimeout = 100ms;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    Monitor monitor(rig, u"/watch"_s);
    QVERIFY(monitor.ready());
    QVERIFY(Support::waitUntil([&] { return int(monitor.socket.closeCode()) == 1008; }));
    QVERIFY(monitor.message(u"snap.begin"_s).isEmpty());
}

void TestWatchGarbage::resultsSayWhatIsWrong()
{
    WatchRig rig;
    rig.identity = operatorIdentity({u"gw:read"_s});
    QVERIFY(rig.prepare());
    Monitor monitor(rig, u"/watch"_s);
    QVERIFY(monitor.ready());
    const QString action = u"{\"t\":\"disconnect\",\"req\":\"1\",\"connections\":[\"c\"],\"code\":4411,\"reason\":\"r\"}"_s;
    monitor.socket.sendTextMessage(action);
    QVERIFY(Support::waitUntil([&] { return !monitor.message(u"result"_s).isEmpty(); }));
    QCOMPARE(monitor.message(u"result"_s).value("ok"_L1).toBool(true), false);
    QCOMPARE(monitor.message(u"result"_s).value("error"_L1).toString(), u"insufficient_scope"_s);
    // The attempt is in the audit, and nothing was done.
    QCOMPARE(rig.audit->newest(), quint64(1));
    QCOMPARE(rig.audit->read(0, 1)->first().data.value("outcome"_L1).toString(), u"denied"_s);
    QVERIFY(rig.calls.isEmpty());
}

// The peer completes the handshake and then never reads a byte from its socket.
class DeafMonitor
{
public:
    DeafMonitor(const WatchRig &rig, const QByteArray &path)
    {
        socket.setReadBufferSize(1024);
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(QSslCertificate::fromData(rig.read(u"ca.pem"_s)));
        socket.setSslConfiguration(tls);
        socket.connectToHostEncrypted(u"127.0.0.1"_s, rig.server->serverPort());
        QObject::connect(&socket, &QSslSocket::encrypted, &socket, [this, path] {
            socket.write("GET " + path
                         + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        });
    }
    QSslSocket socket;
};

void TestWatchGarbage::aSlowReaderIsStalledAndThenClosed()
{
    WatchRig rig;
    rig.limits.stallLimit = 500ms;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    rig.appendAudit(5'000);
    DeafMonitor deaf(rig, "/audit?after=0");
    QVERIFY(Support::waitUntil([&] { return rig.service->monitorCount() == 1; }));
    qint64 most = 0;
    QVERIFY(Support::waitUntil([&] {
        for (const QPointer<QWebSocket> &socket : std::as_const(rig.sockets))
            most = std::max(most, socket ? socket->bytesToWrite() : 0);
        return rig.service->monitorCount() == 0;
    }));
    QVERIFY2(most < 320 * 1024, qPrintable(QString::number(most)));
}

void TestWatchGarbage::aReaderThatReadsAgainGetsTheNewestState()
{
    WatchRig rig;
    rig.limits.stallAt = 2 * 1024;
    rig.limits.resumeAt = 1024;
    rig.limits.rowsPerFrame = 5;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    for (int i = 0; i < 500; ++i) {
        ConnectionRow row;
        row.id = u"c-%1"_s.arg(i);
        rig.tables.putConnection(row);
    }
    // Stalls after every frame and goes on with each pong: everything arrives all the same.
    FixedTokenProvider tokens(token("good"));
    WatchClient client(&tokens, rig.clientOptions());
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == WatchClient::State::Live; }));
    for (int n = 1; n <= 20; ++n) {
        for (int i = 0; i < 500; ++i)
            rig.tables.updateConnection(u"c-%1"_s.arg(i), [&](ConnectionRow &row) { row.msgsIn = quint64(n); });
    }
    QVERIFY(Support::waitUntil([&] {
        const QList<ConnectionRow> rows = client.connections();
        return rows.size() == 500
            && std::all_of(rows.begin(), rows.end(), [](const ConnectionRow &row) { return row.msgsIn == 20; });
    }));
    QCOMPARE(client.lastError().code(), ErrorCode::Cancelled);
}

void TestWatchGarbage::theClientLeavesGarbage_data()
{
    QTest::addColumn<QStringList>("texts");
    const QString hello = u"{\"t\":\"hello\",\"server_time\":1}"_s;
    const QString begin = u"{\"t\":\"snap.begin\",\"rv\":0,\"connections\":0,\"tokens\":0}"_s;
    const QString end = u"{\"t\":\"snap.end\",\"rv\":0}"_s;
    QTest::newRow("no JSON") << QStringList(u"hello"_s);
    QTest::newRow("binary") << QStringList(QString());
    QTest::newRow("rows before hello") << QStringList(begin);
    QTest::newRow("delta before the snapshot")
        << QStringList({hello, u"{\"t\":\"delta\",\"rv\":5,\"table\":\"connections\",\"upd\":[],\"del\":[]}"_s});
    QTest::newRow("a delta is missing") << QStringList(
        {hello, begin, end, u"{\"t\":\"delta\",\"rv\":2,\"table\":\"connections\",\"upd\":[],\"del\":[]}"_s});
    QTest::newRow("row without id") << QStringList(
        {hello, begin, u"{\"t\":\"snap.rows\",\"table\":\"connections\",\"rows\":[{}]}"_s});
    QTest::newRow("row of a wrong type") << QStringList(
        {hello, begin, u"{\"t\":\"snap.rows\",\"table\":\"tokens\",\"rows\":[{\"id\":\"t\",\"exp\":\"x\"}]}"_s});
    QTest::newRow("rows are a number") << QStringList({hello, begin, u"{\"t\":\"snap.rows\",\"table\":\"tokens\",\"rows\":7}"_s});
}

void TestWatchGarbage::theClientLeavesGarbage()
{
    QFETCH(QStringList, texts);
    WatchRig rig;
    rig.identity = operatorIdentity(allScopes());
    QVERIFY(rig.prepare());
    // A gateway that sends the garbage itself, in place of the rig's service.
    rig.server->disconnect(&rig);
    QList<QWebSocket *> served;
    connect(rig.server.get(), &QWebSocketServer::newConnection, &rig, [&] {
        QWebSocket *socket = rig.server->nextPendingConnection();
        served.append(socket);
        for (const QString &text : texts) {
            if (text.isNull())
                socket->sendBinaryMessage("x");
            else
                socket->sendTextMessage(text);
        }
    });
    FixedTokenProvider tokens(token("canary-4711"));
    WatchOptions options = rig.clientOptions();
    options.auditPath.clear();
    WatchClient client(&tokens, options);
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.lastError().code() == ErrorCode::ProtocolViolation; }));
    QVERIFY(client.state() == WatchClient::State::Loading || client.state() == WatchClient::State::Reconnecting);
    QVERIFY(Support::waitUntil([&] { return client.nextRetryAt().isValid() || served.size() > 1; }));
    // It comes back by itself, and does not hammer.
    QVERIFY(Support::waitUntil([&] { return served.size() > 1; }));
    QVERIFY(!client.explain().contains("canary-4711"_L1));
    client.stop();
    qDeleteAll(served);
}

WATCHWORD_TEST_MAIN(TestWatchGarbage)
#include "tst_watchgarbage.moc"
