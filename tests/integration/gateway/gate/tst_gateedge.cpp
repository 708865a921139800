// SPDX-License-Identifier: Apache-2.0
#include "gatefixture.h"
#include "socketlog.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using Log = SocketLog;

/*! The gateway at the edge of the network: what lies before a request, and what ends before it begins. */
class TestGateEdge : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void noMemoryForMore();

private:
    GateFixture m_gate;
};

void TestGateEdge::initTestCase()
{
    QVERIFY(m_gate.prepare());
    QVERIFY(m_gate.start());
}

void TestGateEdge::noMemoryForMore()
{
    const auto open = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"stays"_s)));
    Log log(*open);
    QVERIFY(log.awaitFrame(u"hello"_s));
    GatewayConfig full = m_gate.config;
    full.memory = 1;
    QVERIFY(m_gate.gateway->reload(full));
    const QByteArray answer = m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token()));
    QCOMPARE(statusOf(answer), 503);
    QVERIFY(answer.contains("Retry-After: 10\r\n"));
    QVERIFY2(answer.contains("\"ref\""), answer.constData());
    QVERIFY(m_gate.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").endsWith("memory\n"));
    open->sendTextMessage(u"still served"_s);
    QVERIFY(Support::waitUntil([&] { return log.texts.contains(u"still served"_s); }));
    full.memory = qint64(1) << 40;
    QVERIFY(m_gate.gateway->reload(full));
    QCOMPARE(statusOf(m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token()))), 101);
    QVERIFY(m_gate.gateway->reload(m_gate.config));
    open->close();
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 0; }));
}

WATCHWORD_TEST_MAIN(TestGateEdge)
#include "tst_gateedge.moc"
