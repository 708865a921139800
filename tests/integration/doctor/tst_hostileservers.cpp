// SPDX-License-Identifier: Apache-2.0
#include "support/sanitizer.h"
#include "visit.h"
#include "watchword/doctor/reportwriter.h"

#include <QElapsedTimer>
#include <QFile>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>
#include <QTemporaryDir>

using namespace DoctorTest;

namespace {

const QByteArray kEscape = "\x1b]0;owned\x07\x1b[2J\x1b[31m\xe2\x80\xae";

/*! Does the same to everybody who connects: says something at once, and then something again and again. */
class HostileServer : public QSslServer
{
public:
    HostileServer(const QString &folder, QByteArray first, QByteArray again, std::chrono::milliseconds pause)
        : m_first(std::move(first))
        , m_again(std::move(again))
        , m_pause(pause)
    {
        QFile key(folder + u"/server.key"_s);
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificateChain(QSslCertificate::fromPath(folder + u"/server.pem"_s));
        if (key.open(QIODevice::ReadOnly))
            tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
        setSslConfiguration(tls);
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (QTcpSocket *socket = nextPendingConnection())
                serve(socket);
        });
    }

private:
    void serve(QTcpSocket *socket)
    {
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        connect(socket, &QTcpSocket::readyRead, socket, [this, socket] {
            if (!socket->peek(64 * 1024).contains("\r\n\r\n") || socket->property("served").toBool())
                return;
            socket->setProperty("served", true);
            socket->write(m_first);
            if (m_again.isEmpty())
                return;
            auto *timer = new QTimer(socket);
            connect(timer, &QTimer::timeout, socket, [this, socket] {
                if (socket->bytesToWrite() < 1024 * 1024)
                    socket->write(m_again);
            });
            timer->start(m_pause);
        });
    }

    const QByteArray m_first;
    const QByteArray m_again;
    const std::chrono::milliseconds m_pause;
};

qint64 memoryInUse()
{
    QFile status(u"/proc/self/status"_s);
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = status.readAll().split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith("VmRSS:"))
            return line.simplified().split(' ').value(1).toLongLong() * 1024;
    }
    return 0;
}

} // namespace

/*! Servers that want the doctor to hang, to crash, to run out of memory, or to write on somebody's terminal. */
class TestHostileServers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void endsAndShowsNothing_data();
    void endsAndShowsNothing();

private:
    QTemporaryDir m_folder;
};

void TestHostileServers::initTestCase()
{
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
}

void TestHostileServers::endsAndShowsNothing_data()
{
    QTest::addColumn<QByteArray>("first");
    QTest::addColumn<QByteArray>("again");
    QTest::addColumn<int>("pauseMs");
    const QByteArray switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    const QByteArray huge = QByteArray::fromHex("827f0000000080000000");
    QTest::newRow("endless headers") << QByteArray("HTTP/1.1 200 OK\r\n") << ("X-A: " + QByteArray(8000, 'a') + "\r\n") << 0;
    QTest::newRow("one endless header line") << QByteArray("HTTP/1.1 200 OK\r\nX-A: ") << QByteArray(65536, 'a') << 0;
    QTest::newRow("2 GiB frame") << QByteArray(switched + huge) << QByteArray(65536, 'x') << 0;
    QTest::newRow("endless messages") << switched << QByteArray::fromHex("8105") + "hello" + QByteArray::fromHex("8900") << 0;
    QTest::newRow("fragments without end") << switched + QByteArray::fromHex("0100") << QByteArray::fromHex("0000").repeated(2000)
                                           << 0;
    QTest::newRow("slow drip") << QByteArray("H") << QByteArray("T") << 40;
    QTest::newRow("slow headers") << QByteArray("HTTP/1.1 401 U\r\n") << QByteArray("A: b\r\n") << 40;
    QTest::newRow("endless body") << QByteArray("HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer\r\n\r\n") << QByteArray(65536, 'b')
                                  << 0;
    QTest::newRow("endless interim answers") << QByteArray() << QByteArray("HTTP/1.1 103 Early Hints\r\n\r\n") << 0;
    QTest::newRow("redirects in a circle") << QByteArray(
        "HTTP/1.1 302 Found\r\nLocation: /v1/stream\r\nContent-Length: 0\r\n\r\n")
                                           << QByteArray() << 0;
    QTest::newRow("silence") << QByteArray() << QByteArray() << 0;
    QTest::newRow("terminal codes") << "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer\r\nContent-Length: 230\r\n\r\n" + kEscape
            + QByteArray(206, '.') << QByteArray()
                                    << 0;
    QTest::newRow("terminal codes in a close")
        << switched + QByteArray::fromHex("8817 03f0") + kEscape.left(21) << QByteArray() << 0;
}

void TestHostileServers::endsAndShowsNothing()
{
    QFETCH(QByteArray, first);
    QFETCH(QByteArray, again);
    QFETCH(int, pauseMs);
    HostileServer server(m_folder.path(), first, again, std::chrono::milliseconds(pauseMs));
    QVERIFY(server.listen(QHostAddress::LocalHost));
    DoctorOptions options =
        quickOptions(QUrl(u"wss://127.0.0.1:%1/v1/stream"_s.arg(server.serverPort())), m_folder.filePath(u"ca.pem"_s));
    options.token = Secret::copy("canary-token-0123456789");
    options.patience = 300ms;
    options.headDeadline = 1s;
    options.timeBudget = 6s;
    const qint64 before = memoryInUse();
    QElapsedTimer time;
    time.start();
    Doctor doctor(options);
    doctor.start();
    QVERIFY(waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 30s));
    QVERIFY2(time.elapsed() < 12'000, qPrintable(QString::number(time.elapsed())));
    if (!Support::kMemoryIsOdd)
        QVERIFY2(memoryInUse() - before < 64 * 1024 * 1024, qPrintable(QString::number(memoryInUse() - before)));
    QCOMPARE(doctor.report().findings.size(), Check::all().size());
    for (const ReportFormat format : {ReportFormat::Text, ReportFormat::Json, ReportFormat::Sarif, ReportFormat::JUnit,
                                      ReportFormat::Markdown, ReportFormat::Html}) {
        const QByteArray text = writeReport(doctor.report(), format, {100, false, Report(), {}});
        QVERIFY(!text.contains('\x1b') && !text.contains('\x07') && !text.contains("\xe2\x80\xae"));
        QVERIFY(!text.contains("canary-token"));
        QVERIFY(text.size() < 1024 * 1024);
    }
}

WATCHWORD_TEST_MAIN(TestHostileServers)
#include "tst_hostileservers.moc"
