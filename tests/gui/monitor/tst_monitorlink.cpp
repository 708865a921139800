// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/linkfailure.h"
#include "monitor/program/certificatewatch.h"
#include "monitor/program/eventstream.h"
#include "monitor/widgets/workspace.h"

#include "support/await.h"
#include "support/testmain.h"

#include "watchword/testing/throwawaytls.h"

#include <QCryptographicHash>
#include <QRegularExpression>
#include <QSettings>
#include <QSignalSpy>
#include <QSslConfiguration>
#include <QSslServer>
#include <QTemporaryDir>
#include <QWebSocket>
#include <QWebSocketServer>

using namespace Monitor;
using namespace Qt::StringLiterals;
using Watchword::Error;
using Watchword::ErrorCode;

/*! Why there is no live link: one sentence a failure, and both certificates where one was changed. */
class TestMonitorLink : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QCoreApplication::setOrganizationName(u"Watchword"_s);
        QCoreApplication::setApplicationName(u"tst_monitorlink"_s);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_settings.path());
    }
    void everyFailureHasASentence_data();
    void everyFailureHasASentence();
    void aChangedCertificateNamesBoth();
    void looksAtTheCertificate();
    void takesMessagesApart();
    void followsAnyCloudEventsServer();

private:
    static QString digest(const QSslCertificate &certificate)
    {
        return QString::fromLatin1(certificate.digest(QCryptographicHash::Sha256).toHex());
    }
    static std::unique_ptr<QSslServer> serverWith(const Watchword::ThrowAwayTls &tls, quint16 port)
    {
        auto server = std::make_unique<QSslServer>();
        QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
        configuration.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients
        configuration.setLocalCertificate(tls.certificate);
        configuration.setPrivateKey(tls.key);
        server->setSslConfiguration(configuration);
        if (!server->listen(QHostAddress::LocalHost, port))
            qFatal("no port");
        return server;
    }
    QTemporaryDir m_settings;
};

void TestMonitorLink::everyFailureHasASentence_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("part");
    const auto row = [](const char *name, ErrorCode code, const QString &part) { QTest::newRow(name) << int(code) << part; };
    row("DNS", ErrorCode::HostNotFound, u"(DNS)"_s);
    row("nothing listens", ErrorCode::ConnectionRefused, u"Nothing listens at gw:8443"_s);
    row("no answer", ErrorCode::Timeout, u"gw:8443 does not answer"_s);
    row("no network", ErrorCode::Offline, u"no network"_s);
    row("certificate", ErrorCode::TlsFailed, u"certificate of gw:8443 is not trusted"_s);
    row("token", ErrorCode::Unauthorized, u"Sign in again"_s);
    row("revoked", ErrorCode::SessionRevoked, u"Sign in again"_s);
    row("no permission", ErrorCode::Forbidden, u"gw:read is missing"_s);
    row("locked", ErrorCode::Locked, u"is locked"_s);
    row("limit", ErrorCode::RateLimited, u"too many"_s);
    row("going down", ErrorCode::TemporarilyUnavailable, u"refuses connections for now"_s);
    row("no gateway", ErrorCode::UpgradeRejected, u"Check the address"_s);
    row("any other", ErrorCode::SlowConsumer, u"The words of the other side."_s);
}

void TestMonitorLink::everyFailureHasASentence()
{
    QFETCH(int, code);
    QFETCH(QString, part);
    const QString text = linkFailureText(Error(ErrorCode(code), u"the words of the other side"_s), u"gw:8443"_s, {});
    QVERIFY2(text.contains(part), qPrintable(text));
    QVERIFY2(text.at(0).isUpper() || text.startsWith("gw:8443"_L1), qPrintable(text));
    QVERIFY(!text.contains(u".."_s));
    QVERIFY(linkFailureText(Error(ErrorCode::Cancelled, {}), u"gw"_s, {}).isEmpty());
}

void TestMonitorLink::aChangedCertificateNamesBoth()
{
    const CertificateFacts facts{u"aabbccdd"_s + u"00"_s.repeated(24) + u"01020304"_s,
                                 u"11223344"_s + u"00"_s.repeated(24) + u"05060708"_s};
    const QString text = linkFailureText(Error(ErrorCode::TlsFailed, u"self-signed"_s), u"gw:8443"_s, facts);
    for (const QString &part : {u"AA:BB:CC:DD:…:01:02:03:04"_s, u"11:22:33:44:…:05:06:07:08"_s, u"--ca"_s, u"self-signed"_s})
        QVERIFY2(text.contains(part), qPrintable(text));
    QVERIFY(!(CertificateFacts{u"a"_s, u"a"_s}).isAnother());
    QVERIFY(!(CertificateFacts{{}, u"a"_s}).isAnother());
}

void TestMonitorLink::looksAtTheCertificate()
{
    const auto first = Watchword::ThrowAwayTls::make();
    const auto second = Watchword::ThrowAwayTls::make();
    auto server = serverWith(first, 0);
    const quint16 port = server->serverPort();
    const QUrl url(u"wss://localhost:%1"_s.arg(port));
    {
        CertificateWatch watch(url, {first.authority}, true);
        QSignalSpy changed(&watch, &CertificateWatch::changed);
        watch.look();
        watch.look();
        QVERIFY(Support::waitUntil([&] { return changed.size() == 1; }));
        QCOMPARE(watch.facts().known, digest(first.certificate));
        QVERIFY(!watch.facts().isAnother());
    }
    // In the next run the gateway is back with the certificate of another authority.
    server.reset();
    server = serverWith(second, port);
    CertificateWatch watch(url, {first.authority}, true);
    QSignalSpy changed(&watch, &CertificateWatch::changed);
    watch.look();
    QVERIFY(Support::waitUntil([&] { return changed.size() == 1; }));
    QCOMPARE(watch.facts().known, digest(first.certificate));
    QCOMPARE(watch.facts().shown, digest(second.certificate));
    QVERIFY(watch.facts().isAnother());
    server.reset();
    CertificateWatch other(url, {}, false); // nothing kept, nobody there
    QVERIFY(other.facts().known.isEmpty());
    other.look();
}

void TestMonitorLink::takesMessagesApart()
{
    QCOMPARE(EventStream::linesOf("{\n \"a\": 1\r\n}\n"), QByteArrayList{"{  \"a\": 1  }"});
    QCOMPARE(EventStream::linesOf(R"([{"a":1},{"b":2}])"), (QByteArrayList{R"({"a":1})", R"({"b":2})"}));
    QCOMPARE(EventStream::linesOf("[]"), QByteArrayList{"[]"}); // nothing is dropped unsaid
    QCOMPARE(EventStream::linesOf("garbage"), QByteArrayList{"garbage"});
}

void TestMonitorLink::followsAnyCloudEventsServer()
{
    // A server that nobody here wrote.
    const auto tls = Watchword::ThrowAwayTls::make();
    QWebSocketServer server(u"events"_s, QWebSocketServer::SecureMode);
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    configuration.setLocalCertificate(tls.certificate);
    configuration.setPrivateKey(tls.key);
    server.setSslConfiguration(configuration);
    server.setSupportedSubprotocols({u"cloudevents.json"_s});
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const QUrl url(u"wss://localhost:%1/events"_s.arg(server.serverPort()));
    Workspace workspace;
    EventStream stream(workspace, url, {tls.authority});
    stream.start();
    QVERIFY(Support::waitUntil([&] { return server.hasPendingConnections(); }));
    std::unique_ptr<QWebSocket> peer(server.nextPendingConnection());
    QCOMPARE(peer->subprotocol(), u"cloudevents.json"_s);
    QVERIFY(Support::waitUntil([&] { return workspace.status().state() == LinkStatus::State::Live; }));
    const auto event = [](int sequence) {
        return QString::fromUtf8(R"({"specversion":"1.0","id":"%1","source":"/door","type":"door.opened","sequence":"%1",
  "time":"2026-11-22T14:32:40Z","data":{"message":"opened"}})")
            .arg(sequence);
    };
    peer->sendTextMessage(event(1));
    peer->sendTextMessage(event(2));
    QVERIFY(Support::waitUntil([&] { return workspace.audit().rows() == 2; }));
    QCOMPARE(workspace.audit().badLineCount(), 0u);
    // It goes, comes back, and what was sent in between is a gap.
    peer->close();
    QVERIFY(Support::waitUntil([&] { return workspace.status().state() == LinkStatus::State::Reconnecting; }));
    QVERIFY(!workspace.status().failure().isEmpty());
    workspace.actions().retryNow();
    QVERIFY(Support::waitUntil([&] { return server.hasPendingConnections(); }));
    peer.reset(server.nextPendingConnection());
    peer->sendTextMessage(event(5));
    QVERIFY(Support::waitUntil([&] { return workspace.audit().missedEvents() == 2; }));
    QVERIFY(Support::waitUntil([&] { return workspace.status().state() == LinkStatus::State::Live; }));
    peer->disconnect();
    // A server whose certificate nobody vouches for is not followed.
    Workspace other;
    EventStream refused(other, url, {});
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TlsFailed: "_s));
    refused.start();
    QVERIFY(Support::waitUntil(
        [&] { return (other.status().failure() + other.status().lostReason()).contains(u"is not trusted"_s); }));
    QCOMPARE(other.audit().rows(), 0u);
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorLink)
#include "tst_monitorlink.moc"
