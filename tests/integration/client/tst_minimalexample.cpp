// SPDX-License-Identifier: Apache-2.0
// The program of the README, started where it cannot work: it says so once, and what to do.
#include "support/await.h"
#include "support/testmain.h"

#include <QProcess>
#include <QTcpServer>
#include <QTemporaryDir>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

class TestMinimalExample : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup();
    void withoutAKeychain();
    void withoutAKeychainSaidOnce();
    void providerOutOfReach();

private:
    void start(const QString &program, const QString &rules = {});
    QStringList linesOf(const QString &type); //!< Of what it has written so far.

    QProcessEnvironment m_environment;
    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<QProcess> m_process;
    QByteArray m_written;
};

// A computer without a session bus, and so without a keychain.
void TestMinimalExample::init()
{
    WatchwordTest::init();
    m_home = std::make_unique<QTemporaryDir>();
    m_written.clear();
    m_environment = QProcessEnvironment::systemEnvironment();
    m_environment.insert(u"HOME"_s, m_home->path());
    m_environment.insert(u"XDG_DATA_HOME"_s, m_home->path());
    m_environment.insert(u"QT_QPA_PLATFORM"_s, u"offscreen"_s);
    m_environment.insert(u"QT_MESSAGE_PATTERN"_s, u"%{type} %{category} %{message}"_s);
    m_environment.insert(u"DBUS_SESSION_BUS_ADDRESS"_s, u"unix:path=/nonexistent/bus"_s);
    m_environment.remove(u"QT_LOGGING_RULES"_s);
}

void TestMinimalExample::cleanup()
{
    if (!m_process)
        return;
    m_process->kill();
    m_process->waitForFinished();
    m_process.reset();
}

void TestMinimalExample::start(const QString &program, const QString &rules)
{
    if (!rules.isEmpty())
        m_environment.insert(u"QT_LOGGING_RULES"_s, rules);
    m_process = std::make_unique<QProcess>();
    m_process->setProcessChannelMode(QProcess::MergedChannels);
    m_process->setProcessEnvironment(m_environment);
    m_process->start(program, {});
    QVERIFY(m_process->waitForStarted());
}

QStringList TestMinimalExample::linesOf(const QString &type)
{
    m_written += m_process->readAll();
    return QString::fromUtf8(m_written).split(u'\n').filter(type + u" watchword."_s);
}

void TestMinimalExample::withoutAKeychain()
{
    start(QStringLiteral(MINIMAL_EXAMPLE));
    QVERIFY(waitUntil([&] { return !linesOf(u"warning"_s).isEmpty(); }, 20s));
    const QString line = linesOf(u"warning"_s).first();
    QVERIFY2(line.startsWith("warning watchword.auth https://login.example.com KeychainUnavailable"_L1), qPrintable(line));
    QVERIFY2(line.contains(" - "_L1) && line.section(u" - "_s, 1).size() > 20, qPrintable(line)); // what to do
}

// It is asked for again and again, and each time there is none.
void TestMinimalExample::withoutAKeychainSaidOnce()
{
    start(QStringLiteral(MINIMAL_EXAMPLE), u"watchword.auth.debug=true"_s);
    QVERIFY(waitUntil([&] { return linesOf(u"debug"_s).filter(u"key.failed"_s).size() >= 3; }, 30s));
    QCOMPARE(linesOf(u"warning"_s).size(), 1);
}

void TestMinimalExample::providerOutOfReach()
{
    QTcpServer closed;
    QVERIFY(closed.listen(QHostAddress::LocalHost));
    const QString issuer = u"https://127.0.0.1:%1"_s.arg(closed.serverPort());
    closed.close();
    m_environment.insert(u"EXAMPLE_ISSUER"_s, issuer);
    start(QStringLiteral(MINIMAL_IN_MEMORY));
    QVERIFY(waitUntil([&] { return !linesOf(u"warning"_s).isEmpty(); }, 20s));
    const QStringList lines = linesOf(u"warning"_s);
    QCOMPARE(lines.size(), 1);
    QVERIFY2(lines.first().startsWith(u"warning watchword.auth %1 ConnectionRefused"_s.arg(issuer)), qPrintable(lines.first()));
    QVERIFY2(lines.first().contains(" - "_L1), qPrintable(lines.first()));
}

WATCHWORD_TEST_MAIN(TestMinimalExample)
#include "tst_minimalexample.moc"
