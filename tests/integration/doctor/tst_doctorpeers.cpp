// SPDX-License-Identifier: Apache-2.0
#include "visit.h"

#include <QTemporaryDir>

using namespace DoctorTest;

namespace {

constexpr char kToken[] = "token-of-the-test-0123456789";

} // namespace

/*! Servers that nobody here wrote, as they come: every finding is true. */
class TestDoctorPeers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void asTheyCome_data();
    void asTheyCome();

private:
    QTemporaryDir m_folder;
};

void TestDoctorPeers::initTestCase()
{
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
}

void TestDoctorPeers::asTheyCome_data()
{
    QTest::addColumn<bool>("isWs");
    QTest::addColumn<QString>("findings");
    // Both ask nobody for an Origin, take any path, and wait a minute for a request. ws takes the first subprotocol that is
    // offered, and Node.js the first of two Authorization fields; the other reads lines up to 8 KiB.
    QTest::newRow("npm ws") << true << u"A3 warn, H11 fail, O1 fail, P1 fail, S2 warn"_s;
    QTest::newRow("python3-websockets") << false << u"A3 warn, O1 fail, S2 warn, X5 warn"_s;
}

void TestDoctorPeers::asTheyCome()
{
    QFETCH(bool, isWs);
    QFETCH(QString, findings);
    const QString peers = QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/");
    const QString certificate = m_folder.filePath(u"server.pem"_s);
    const QString key = m_folder.filePath(u"server.key"_s);
    Support::ReadyProcess process;
    process.setEnvironment(u"PORT"_s, u"0"_s);
    process.setEnvironment(u"TLS_CERT"_s, certificate);
    process.setEnvironment(u"TLS_KEY"_s, key);
    process.setEnvironment(u"BEARER"_s, QLatin1StringView(kToken));
    const auto url = isWs
        ? process.start(u"node"_s, {peers + u"ws-echo.mjs"_s}, u"READY "_s)
        : process.start(u"/usr/bin/python3"_s, {peers + u"websockets-echo.py"_s, certificate, key, QLatin1StringView(kToken)},
                        u"READY "_s);
    REQUIRE_COMPONENT(url, "npm ws or python3-websockets");
    DoctorOptions options = quickOptions(QUrl(*url), m_folder.filePath(u"ca.pem"_s));
    options.token = Secret::copy(kToken);
    options.headDeadline = 2s;
    Doctor doctor(options);
    doctor.start();
    QVERIFY(waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s));
    QCOMPARE(problemsOf(doctor.report()).join(u", "_s), findings);
    for (const Finding &finding : doctor.report().findings)
        QVERIFY(!finding.evidence.join(u' ').contains(QLatin1StringView(kToken)));
}

WATCHWORD_TEST_MAIN(TestDoctorPeers)
#include "tst_doctorpeers.moc"
