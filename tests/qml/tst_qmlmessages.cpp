// SPDX-License-Identifier: Apache-2.0
#include "scene.h"
#include "support/testmain.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;
using namespace Watchword;

namespace {

constexpr char kScene[] = R"(
import QtQuick
import Watchword

Item {
    id: root
    property alias client: client
    property var outcomes: ({})
    property int called: 0
    property string lastText: ""
    property string lastAnswer: ""
    function note(name) {
        return (outcome) => {
            called += 1
            outcomes[name] = outcome.ok ? "ok" : outcome.code
            lastText = outcome.text
            lastAnswer = outcome.answer
        }
    }
    Client { id: client; clientId: "native"; storage: Client.MemoryOnly; autoStart: false }
}
)";

} // namespace

/*! deliver(), request(), countdown, metrics and explain() of a Client in QML: what their callbacks get, and when not. */
class TestQmlMessages : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(Scene::prepare()); }
    void init() override;
    void cleanup() { m_scene.reset(); }
    void beforeStart();
    void everyClassWhileOffline();
    void deadlinePasses();
    void refusesOptions_data();
    void refusesOptions();
    void callbackThatThrowsIsNamed();
    void asksTheServer();
    void questionsWithoutAnAnswer();
    void lostQuestion();
    void stopEndsWhatWaits();
    void destructionCallsNobody();
    void countsDown();
    void countsAndExplains();

private:
    QString outcome(const QString &name) { return m_scene->eval(u"outcomes['%1'] || ''"_s.arg(name)).toString(); }
    void goOffline();

    std::unique_ptr<Scene> m_scene;
};

void TestQmlMessages::init()
{
    WatchwordTest::init();
    m_scene = std::make_unique<Scene>();
    QCOMPARE(m_scene->load(kScene), QString());
}

void TestQmlMessages::goOffline()
{
    m_scene->gateway().stop();
    QVERIFY(m_scene->waitFor(u"client.state === Client.Waiting"_s));
}

void TestQmlMessages::beforeStart()
{
    m_scene->eval(u"client.deliver('a', note('deliver'))"_s);
    m_scene->eval(u"client.request('echo', 'a', 0, note('request'))"_s);
    QCOMPARE(m_scene->eval(u"called"_s).toInt(), 0); // never before the call returned
    QVERIFY(m_scene->waitFor(u"called === 2"_s));
    QCOMPARE(outcome(u"deliver"_s), u"WrongState"_s);
    QCOMPARE(outcome(u"request"_s), u"WrongState"_s);
    QCOMPARE(m_scene->eval(u"client.explain()"_s).toString(), QString());
}

void TestQmlMessages::everyClassWhileOffline()
{
    QVERIFY(m_scene->signIn());
    goOffline();
    const auto deliver = [this](const QString &name, const QString &options) {
        m_scene->eval(u"client.deliver('%1', %2, note('%1'))"_s.arg(name, options));
    };
    deliver(u"now"_s, u"{ delivery: Client.RequireNow }"_s);
    deliver(u"drop"_s, u"{ delivery: Client.DropIfOffline }"_s);
    deliver(u"old"_s, u"{ delivery: Client.LatestOnly, key: 'volume' }"_s);
    deliver(u"new"_s, u"{ delivery: Client.LatestOnly, key: 'volume' }"_s);
    deliver(u"queued"_s, u"{ delivery: Client.QueueUntilReady }"_s);
    deliver(u"sure"_s, u"{ id: 'order-7' }"_s);
    QVERIFY(m_scene->waitFor(u"called === 3"_s));
    QCOMPARE(outcome(u"now"_s), u"Offline"_s);
    QCOMPARE(outcome(u"drop"_s), u"ok"_s);
    QCOMPARE(outcome(u"old"_s), u"Superseded"_s);
    QVERIFY(m_scene->gateway().listen());
    m_scene->eval(u"client.retryNow()"_s);
    QVERIFY(m_scene->waitFor(u"called === 6"_s));
    for (const QString &name : {u"new"_s, u"queued"_s, u"sure"_s})
        QCOMPARE(outcome(name), u"ok"_s);
    QStringList arrived = m_scene->gateway().peer()->texts();
    arrived.sort();
    QCOMPARE(arrived, QStringList({u"new"_s, u"queued"_s, u"sure"_s}));
}

void TestQmlMessages::deadlinePasses()
{
    QVERIFY(m_scene->signIn());
    goOffline();
    m_scene->eval(u"client.deliver('late', { delivery: Client.RequireNow, deadlineMs: 30 }, note('late'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 1"_s));
    QCOMPARE(outcome(u"late"_s), u"Timeout"_s);
    QCOMPARE(m_scene->eval(u"lastText"_s).toString(), u"It took too long."_s);
}

void TestQmlMessages::refusesOptions_data()
{
    QTest::addColumn<QString>("options");
    QTest::newRow("typing error") << u"{ delivry: Client.RequireNow }"_s;
    QTest::newRow("no such class") << u"{ delivery: 17 }"_s;
    QTest::newRow("negative class") << u"{ delivery: -1 }"_s;
    QTest::newRow("class as text") << u"{ delivery: 'RequireNow' }"_s;
    QTest::newRow("negative deadline") << u"{ deadlineMs: -1 }"_s;
    QTest::newRow("endless deadline") << u"{ deadlineMs: Infinity }"_s;
    QTest::newRow("no number") << u"{ deadlineMs: NaN }"_s;
    QTest::newRow("key that is no text") << u"{ delivery: Client.LatestOnly, key: 5 }"_s;
    QTest::newRow("no object") << u"'RequireNow'"_s;
}

void TestQmlMessages::refusesOptions()
{
    QVERIFY(m_scene->signIn());
    QFETCH(QString, options);
    m_scene->eval(u"client.deliver('x', %1, note('x'))"_s.arg(options));
    QVERIFY(m_scene->waitFor(u"called === 1"_s));
    QCOMPARE(outcome(u"x"_s), u"InvalidArgument"_s);
    // What is sent after it arrives alone.
    m_scene->eval(u"client.deliver('y', note('y'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 2"_s));
    QCOMPARE(m_scene->gateway().peer()->texts(), QStringList(u"y"_s));
}

void TestQmlMessages::callbackThatThrowsIsNamed()
{
    QVERIFY(m_scene->signIn());
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"the callback threw: Error: oops"_s));
    m_scene->eval(u"client.deliver('a', (outcome) => { called += 1; throw new Error('oops') })"_s);
    QVERIFY(m_scene->waitFor(u"called === 1"_s));
    m_scene->eval(u"client.deliver('b', null, 'no function')"_s); // is sent, and nobody is told
    m_scene->eval(u"client.deliver('c', note('c'))"_s);
    QVERIFY(m_scene->waitFor(u"outcomes.c === 'ok'"_s));
    QVERIFY(m_scene->gateway().peer()->texts().contains(u"b"_s));
    QCOMPARE(m_scene->eval(u"called"_s).toInt(), 2);
}

void TestQmlMessages::asksTheServer()
{
    QVERIFY(m_scene->signIn());
    QStringList asked;
    connect(m_scene->gateway().peer(), &FakePeer::frameReceived, this, [this, &asked](const Frame &frame) {
        if (frame.type() != QLatin1StringView(FrameType::Request))
            return;
        asked.append(QString::fromUtf8(frame.payload()));
        const QJsonValue id = frame.fields().value("id"_L1);
        const bool knows = frame.fields().value("op"_L1).toString() == "room.info"_L1;
        m_scene->gateway().peer()->sendFrame(
            knows ? Frame(QLatin1StringView(FrameType::Response), {{u"id"_s, id}, {u"ok"_s, true}}, R"({"members":3})")
                  : Frame(QLatin1StringView(FrameType::Response),
                          {{u"id"_s, id}, {u"ok"_s, false}, {u"code"_s, u"unknown_operation"_s}}));
    });
    m_scene->eval(u"client.request('room.info', { room: 'lobby', deep: [1, true] }, 5000, note('object'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 1"_s));
    QCOMPARE(outcome(u"object"_s), u"ok"_s);
    QCOMPARE(m_scene->eval(u"JSON.parse(lastAnswer).members"_s).toInt(), 3);
    m_scene->eval(u"client.request('nonsense', 'plain text', 5000, note('refused'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 2"_s));
    QCOMPARE(outcome(u"refused"_s), u"RequestRefused"_s);
    QCOMPARE(asked, QStringList({uR"({"deep":[1,true],"room":"lobby"})"_s, u"plain text"_s}));
}

void TestQmlMessages::questionsWithoutAnAnswer()
{
    QVERIFY(m_scene->signIn());
    m_scene->eval(u"client.request('slow', undefined, 30, note('slow'))"_s);
    m_scene->eval(u"client.request('', undefined, 0, note('nameless'))"_s);
    m_scene->eval(u"client.request('hasty', undefined, -5, note('negative'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 3"_s));
    QCOMPARE(outcome(u"slow"_s), u"Timeout"_s);
    QCOMPARE(outcome(u"nameless"_s), u"InvalidArgument"_s);
    QCOMPARE(outcome(u"negative"_s), u"InvalidArgument"_s);
    goOffline();
    m_scene->eval(u"client.request('offline', undefined, 0, note('offline'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 4"_s));
    QCOMPARE(outcome(u"offline"_s), u"Offline"_s);
    m_scene->gateway().setSubprotocols({});
    QVERIFY(m_scene->gateway().listen());
    m_scene->eval(u"client.retryNow()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
    m_scene->eval(u"client.request('plain', undefined, 0, note('plain'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 5"_s));
    QCOMPARE(outcome(u"plain"_s), u"SubprotocolMismatch"_s);
}

void TestQmlMessages::lostQuestion()
{
    QVERIFY(m_scene->signIn());
    m_scene->eval(u"client.request('never', undefined, 60000, note('never'))"_s);
    m_scene->gateway().peer()->reset();
    QVERIFY(m_scene->waitFor(u"called === 1"_s));
    QCOMPARE(outcome(u"never"_s), u"ConnectionLost"_s);
}

void TestQmlMessages::stopEndsWhatWaits()
{
    QVERIFY(m_scene->signIn());
    m_scene->gateway().setAcknowledging(false);
    m_scene->eval(u"client.request('never', undefined, 60000, note('request'))"_s);
    m_scene->eval(u"client.stop()"_s);
    QVERIFY(m_scene->waitFor(u"client.state === Client.Stopped && called === 1"_s));
    QCOMPARE(outcome(u"request"_s), u"Cancelled"_s);
    m_scene->eval(u"client.deliver('kept', note('kept'))"_s);
    // Another server is another client: what the old one held is over, and is said once.
    m_scene->eval(u"client.account = 'second'"_s);
    QVERIFY(m_scene->waitFor(u"called === 2"_s));
    QVERIFY(outcome(u"kept"_s) != u"ok"_s);
}

void TestQmlMessages::destructionCallsNobody()
{
    QVERIFY(m_scene->signIn());
    m_scene->eval(u"client.request('never', undefined, 60000, note('never'))"_s);
    QObject *client = m_scene->client();
    delete client;
    QCoreApplication::processEvents();
    QCOMPARE(m_scene->root()->property("called").toInt(), 0);
}

void TestQmlMessages::countsDown()
{
    QVERIFY(m_scene->signIn());
    QCOMPARE(m_scene->eval(u"client.secondsToRetry"_s).toInt(), 0);
    QVERIFY(m_scene->holds(u"client.signedIn"_s));
    m_scene->gateway().next(FakeGateway::refuse(503, {{"Retry-After", "2"}}));
    m_scene->gateway().peer()->reset();
    QVERIFY(m_scene->waitFor(u"client.secondsToRetry === 2"_s));
    QVERIFY(m_scene->waitFor(u"client.secondsToRetry === 1"_s));
    QVERIFY(m_scene->holds(u"client.state === Client.Waiting && client.signedIn"_s));
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
    QCOMPARE(m_scene->eval(u"client.secondsToRetry"_s).toInt(), 0);
}

void TestQmlMessages::countsAndExplains()
{
    QVERIFY(m_scene->signIn());
    m_scene->eval(u"client.deliver('four', note('four'))"_s);
    QVERIFY(m_scene->waitFor(u"called === 1"_s));
    QVERIFY(m_scene->waitFor(u"client.metrics.messagesSent === 1 && client.metrics.bytesSent === 4"_s));
    QCOMPARE(m_scene->eval(u"client.metrics.connects"_s).toInt(), 1);
    QCOMPARE(m_scene->eval(u"client.metrics.reconnects"_s).toInt(), 0);
    const QByteArray explained = m_scene->eval(u"client.explain()"_s).toString().toUtf8();
    QVERIFY(explained.contains("wss://localhost"));
    for (const QByteArray &secret : m_scene->issuer().issuedSecrets())
        QVERIFY(!explained.contains(secret));
    m_scene->gateway().peer()->reset();
    QVERIFY(m_scene->waitFor(u"client.metrics.reconnects === 1 && client.metrics.failures >= 1"_s));
}

WATCHWORD_GUI_TEST_MAIN(TestQmlMessages)
#include "tst_qmlmessages.moc"
