// SPDX-License-Identifier: Apache-2.0
#include "netsite.h"
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QProcess>

#include <thread>

using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;
using Support::waitUntil;

namespace {

using Session = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

// The ticket comes behind the handshake, so a byte has to be read.
bool greet(const TlsPeer &peer, const std::string &head = "head")
{
    if (!peer.send(head + "\n\n"))
        return false;
    std::string line;
    while (!line.ends_with('\n')) {
        const std::string byte = peer.receive(1);
        if (byte.empty())
            return false;
        line += byte;
    }
    return line.starts_with("hello ");
}

} // namespace

class TestNetTls : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void alpn();
    void versions();
    void ticketsResumeAcrossAReload();
    void keyUpdateDuringABlockedWrite();
    void floodOfEmptyKeyUpdates();
    void reloadUnderLoadLosesNobody();
    void openssl();
    void wrongFilesAreNamed();
};

void TestNetTls::alpn()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer none(site.port(), site.authority());
    QVERIFY(none.isConnected());
    QCOMPARE(none.protocol(), std::string());
    TlsPeer both(site.port(), site.authority(), {.protocols = "\x02h2\x08http/1.1"});
    QVERIFY(both.isConnected());
    QCOMPARE(both.protocol(), std::string("http/1.1"));
    TlsPeer other(site.port(), site.authority(), {.protocols = "\x02h2"});
    QVERIFY(!other.isConnected());
    QVERIFY(waitUntil([&site] { return site.count(&StreamCounters::tlsFailed) == 1; }));
}

void TestNetTls::versions()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer twelve(site.port(), site.authority(), {.version = TLS1_2_VERSION});
    QVERIFY(greet(twelve));
    TlsPeer thirteen(site.port(), site.authority(), {.version = TLS1_3_VERSION});
    QVERIFY(greet(thirteen));
    TlsPeer eleven(site.port(), site.authority(), {.version = TLS1_1_VERSION});
    QVERIFY(!eleven.isConnected());
    site.listener().reload({site.context("server", true), {}, {}, {}});
    QVERIFY(waitUntil([&site] { return !TlsPeer(site.port(), site.authority(), {.version = TLS1_2_VERSION}).isConnected(); }));
    QVERIFY(twelve.send("goes on"));
    QCOMPARE(twelve.receive(7), std::string("goes on"));
}

void TestNetTls::ticketsResumeAcrossAReload()
{
    NetSite site(2);
    QVERIFY(site.start());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsPeer first(site.port(), site.authority(), {.version = version});
        QVERIFY(greet(first));
        QVERIFY(!first.isResumed());
        const Session ticket(first.takeTicket(), &SSL_SESSION_free);
        QVERIFY(SSL_SESSION_is_resumable(ticket.get()));
        site.listener().reload({site.context("server"), {}, {}, {}});
        TlsPeer second(site.port(), site.authority(), {.version = version, .session = ticket.get()});
        QVERIFY(greet(second));
        QVERIFY(second.isResumed());
    }
    QCOMPARE(site.count(&StreamCounters::resumed), std::uint64_t(2));
    // Keys of another gateway are none of ours: a whole handshake, no error.
    NetSite other;
    QVERIFY(other.start());
    TlsPeer first(site.port(), site.authority());
    QVERIFY(greet(first));
    const Session ticket(first.takeTicket(), &SSL_SESSION_free);
    TlsPeer stranger(other.port(), other.authority(), {.session = ticket.get()});
    QVERIFY(greet(stranger));
    QVERIFY(!stranger.isResumed());
}

void TestNetTls::keyUpdateDuringABlockedWrite()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.sendBuffer = 8192;
    QVERIFY(site.start(options));
    TlsPeer peer(site.port(), site.authority(), {.receiveBuffer = 4096, .version = TLS1_3_VERSION});
    QVERIFY(greet(peer, "flood 2000000"));
    for (int i = 0; i < 5; ++i) {
        QVERIFY(peer.askForNewKeys());
        QVERIFY(peer.send("x")); // carries the update; the server's answer waits behind its blocked record
        const std::string got = peer.receive(200'000);
        QVERIFY2(got == std::string(200'000, 'f'), qPrintable(QString::number(got.size())));
    }
    QCOMPARE(peer.receive(1'000'000), std::string(1'000'000, 'f'));
    QCOMPARE(peer.receive(5), std::string("xxxxx"));
}

void TestNetTls::floodOfEmptyKeyUpdates()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer flood(site.port(), site.authority(), {.version = TLS1_3_VERSION});
    QVERIFY(greet(flood));
    TlsPeer quiet(site.port(), site.authority());
    QVERIFY(greet(quiet));
    // Records without a byte for the application: OpenSSL would read them as long as they come.
    std::atomic<bool> isDone{false};
    std::thread sender([&flood, &isDone] {
        while (!isDone && SSL_key_update(flood.session(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1
               && SSL_do_handshake(flood.session()) == 1) { }
    });
    for (int i = 0; i < 200; ++i) {
        QVERIFY(quiet.send("beside it"));
        QCOMPARE(quiet.receive(9), std::string("beside it"));
    }
    isDone = true;
    sender.join();
    QVERIFY(flood.send("ok"));
    QCOMPARE(flood.receive(2), std::string("ok"));
}

void TestNetTls::reloadUnderLoadLosesNobody()
{
    NetSite site(2);
    QVERIFY(site.start());
    std::atomic<bool> isDone{false};
    std::atomic<int> failures{0};
    std::atomic<int> connected{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
            TlsPeer lasting(site.port(), site.authority());
            if (!greet(lasting))
                ++failures;
            while (!isDone) {
                TlsPeer peer(site.port(), site.authority());
                const bool isFine = greet(peer) && peer.send("hi") && peer.receive(2) == "hi" && lasting.send("still")
                    && lasting.receive(5) == "still";
                ++(isFine ? connected : failures);
            }
        });
    }
    for (int i = 0; i < 50; ++i) {
        const int before = connected;
        site.listener().reload({site.context("server", i % 2 == 0), {}, {}, {}});
        QVERIFY(waitUntil([&] { return connected > before || failures > 0; }));
    }
    isDone = true;
    for (std::thread &client : clients)
        client.join();
    QCOMPARE(failures.load(), 0);
    QVERIFY(connected >= 50);
    QCOMPARE(site.count(&StreamCounters::tlsFailed), std::uint64_t(0));
}

void TestNetTls::openssl()
{
    NetSite site;
    QVERIFY(site.start());
    QProcess program;
    program.start(u"openssl"_s,
                  {u"s_client"_s, u"-connect"_s, u"127.0.0.1:%1"_s.arg(site.port()), u"-servername"_s, u"localhost"_s,
                   u"-CAfile"_s, QString::fromStdString(site.authority()), u"-verify_return_error"_s, u"-quiet"_s,
                   u"-no_ign_eof"_s, u"-alpn"_s, u"http/1.1"_s});
    QVERIFY(program.waitForStarted());
    program.write("head\n\nsome text\n");
    QByteArray output;
    QVERIFY(waitUntil([&] {
        output += program.readAllStandardOutput();
        return output.endsWith("some text\n");
    }));
    QVERIFY(output.startsWith("hello 127.0.0.1:"));
    program.closeWriteChannel();
    QVERIFY(waitUntil([&site] { return site.count(&StreamCounters::live) == 0; }));
    QVERIFY(waitUntil([&program] { return program.state() == QProcess::NotRunning; }));
}

void TestNetTls::wrongFilesAreNamed()
{
    NetSite site;
    QVERIFY(site.start());
    std::string problem;
    QVERIFY(!TlsContext::create({}, problem));
    QVERIFY2(problem.starts_with("the certificate cannot be read as PEM"), problem.c_str());
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"^the certificate cannot be read as PEM"_s));
    QVERIFY(!site.context("nothing"));
    const auto text = [&site](const char *name) {
        QFile file(QString::fromStdString(site.path(name)));
        return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
    };
    QVERIFY(!TlsContext::create({.certificatePem = text("server.pem"), .keyPem = text("wronghost.key")}, problem));
    QVERIFY2(problem.starts_with("the key is not that of the certificate"), problem.c_str());
    QVERIFY(!TlsContext::create({.certificatePem = text("server.pem"), .keyPem = "no key"}, problem));
    QVERIFY2(problem.starts_with("the key cannot be read"), problem.c_str());
}

WATCHWORD_TEST_MAIN(TestNetTls)
#include "tst_nettls.moc"
