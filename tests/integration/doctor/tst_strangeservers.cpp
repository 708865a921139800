// SPDX-License-Identifier: Apache-2.0
#include "hostileserver.h"
#include "visit.h"

#include <QProcess>
#include <QRegularExpression>
#include <QTcpServer>
#include <QTemporaryDir>

using namespace DoctorTest;

namespace {

struct Run
{
    int code = -1;
    QString out;
    QString err;
};

Run doctor(const QStringList &arguments)
{
    QProcess process;
    Run result;
    QEventLoop loop; // the servers are in this thread
    QObject::connect(&process, &QProcess::finished, &loop, &QEventLoop::quit);
    QTimer::singleShot(60s, &loop, &QEventLoop::quit);
    process.start(QStringLiteral(WATCHWORD_PROGRAM), QStringList{u"doctor"_s} + arguments);
    loop.exec();
    result.code =
        process.state() == QProcess::NotRunning && process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    result.out = QString::fromUtf8(process.readAllStandardOutput());
    result.err = QString::fromUtf8(process.readAllStandardError());
    return result;
}

/*! Without TLS: sends back what it gets, or closes. */
class PlainServer : public QTcpServer
{
public:
    explicit PlainServer(bool isEcho)
    {
        connect(this, &QTcpServer::newConnection, this, [this, isEcho] {
            while (QTcpSocket *socket = nextPendingConnection()) {
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
                if (isEcho)
                    connect(socket, &QTcpSocket::readyRead, socket, [socket] { socket->write(socket->readAll()); });
                else
                    socket->disconnectFromHost();
            }
        });
    }
};

} // namespace

/*! The first screen of somebody who typed an address, and what a script gets: true, in plain words, and soon. */
class TestStrangeServers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void withoutTls_data();
    void withoutTls();
    void withoutWebSocket_data();
    void withoutWebSocket();
    void certificates_data();
    void certificates();
    void addresses_data();
    void addresses();

private:
    QTemporaryDir m_folder;
};

void TestStrangeServers::initTestCase()
{
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
}

void TestStrangeServers::withoutTls_data()
{
    QTest::addColumn<bool>("isEcho");
    QTest::newRow("an echo of bytes") << true;
    QTest::newRow("closes at once") << false;
}

void TestStrangeServers::withoutTls()
{
    QFETCH(bool, isEcho);
    PlainServer server(isEcho);
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const Run run = doctor({u"wss://127.0.0.1:%1/"_s.arg(server.serverPort())});
    QCOMPARE(run.code, 1);
    QVERIFY2(run.out.contains(u"fail T4 "_s) && run.out.contains(u"because nothing at this port speaks TLS"_s),
             qPrintable(run.out));
    QVERIFY(run.out.contains(u"Grade: F ("_s));
    QVERIFY(!run.out.contains(u"pass "_s)); // nothing can be said for it
    QVERIFY(!run.out.contains(u"> GET"_s)); // and nothing was sent
    QVERIFY2(run.out.count(u'\n') < 60, qPrintable(run.out));
}

void TestStrangeServers::withoutWebSocket_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("note");
    QTest::newRow("a page") << QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                            << u"There is no WebSocket at this path (HTTP 200). Check the address"_s;
    QTest::newRow("nothing there") << QByteArray("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                                   << u"There is no WebSocket at this path (HTTP 404). Check the address"_s;
    QTest::newRow("no HTTP") << QByteArray("220 mail.example.com ESMTP\r\n\r\n")
                             << u"No WebSocket was met: an answer that is no HTTP. Check the address"_s;
    QTest::newRow("a fault") << QByteArray("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
                             << u"The endpoint itself fails (HTTP 500). Check the address"_s;
}

void TestStrangeServers::withoutWebSocket()
{
    QFETCH(QByteArray, answer);
    QFETCH(QString, note);
    HostileServer server(m_folder.path(), answer, {}, {});
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const Run run = doctor({u"wss://127.0.0.1:%1/"_s.arg(server.serverPort()), u"--ca"_s, m_folder.filePath(u"ca.pem"_s)});
    QCOMPARE(run.code, 1); // a wrong path in a pipeline is not green
    QVERIFY2(run.out.simplified().contains(note), qPrintable(run.out));
    QVERIFY(run.out.contains(u"warn H1 "_s) && !run.out.contains(u"pass X"_s) && !run.out.contains(u"pass H"_s));
    QVERIFY(server.accepted() <= 8);
}

void TestStrangeServers::certificates_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("says");
    QTest::newRow("expired") << u"expired"_s << u"It ended at 20"_s;
    QTest::newRow("another host") << u"wronghost"_s << u"It is not for 127.0.0.1 but for other.test"_s;
    QTest::newRow("self-signed") << u"selfsigned"_s << u"It is signed by itself, and not by an authority"_s;
}

void TestStrangeServers::certificates()
{
    QFETCH(QString, name);
    QFETCH(QString, says);
    QTemporaryDir folder;
    for (const QString &end : {u".pem"_s, u".key"_s})
        QVERIFY(QFile::copy(m_folder.filePath(name + end), folder.filePath(u"server"_s + end)));
    HostileServer server(folder.path(), "HTTP/1.1 401 U\r\n\r\n", {}, {});
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const Run run = doctor({u"wss://127.0.0.1:%1/"_s.arg(server.serverPort()), u"--ca"_s, m_folder.filePath(u"ca.pem"_s)});
    QCOMPARE(run.code, 1);
    QVERIFY2(run.out.simplified().contains(says), qPrintable(run.out));
    QVERIFY(server.heard().isEmpty());
}

void TestStrangeServers::addresses_data()
{
    QTest::addColumn<QString>("address");
    QTest::addColumn<QString>("says");
    QTest::newRow("no such host") << u"wss://nowhere.invalid/"_s
                                  << u"HostNotFound: port 443 of nowhere.invalid cannot be reached"_s;
    QTest::newRow("ws") << u"ws://127.0.0.1/"_s << u"ws:// is without TLS"_s;
    QTest::newRow("https") << u"https://127.0.0.1/"_s << u"https:// becomes wss://"_s;
    QTest::newRow("no scheme") << u"localhost:8443"_s << u"with wss:// before it"_s;
    QTest::newRow("a password") << u"wss://user:canary@127.0.0.1/"_s << u"has a user name or a password in it"_s;
    QTest::newRow("a blank") << u"wss://local host/"_s << u"is named as wss://host/path"_s;
}

void TestStrangeServers::addresses()
{
    QFETCH(QString, address);
    QFETCH(QString, says);
    const Run run = doctor({address});
    QCOMPARE(run.code, 2);
    QVERIFY2(run.err.simplified().contains(says), qPrintable(run.err));
    QVERIFY(run.out.isEmpty() && !run.err.contains(u"canary"_s));
}

WATCHWORD_TEST_MAIN(TestStrangeServers)
#include "tst_strangeservers.moc"
