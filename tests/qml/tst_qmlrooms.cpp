// SPDX-License-Identifier: Apache-2.0
#include "loginbrowser.h"
#include "scene.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QJsonArray>
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
    property alias other: other
    property alias room: room
    property alias twin: twin
    property alias away: away
    property var got: []
    property var gaps: []
    property var atTwin: []
    property var atAway: []
    property var outcomes: []
    property string answer: ""
    property var kept: ({})
    Client { id: client; clientId: "native"; storage: Client.MemoryOnly; autoStart: false }
    Client { id: other; clientId: "native"; account: "other"; storage: Client.MemoryOnly; autoStart: false }
    Room {
        id: room
        client: client
        name: "lobby"
        onPublished: (text, from, offset) => got = got.concat([text + "/" + from + "/" + offset])
        onGap: (from, to, reason) => gaps = gaps.concat([from + "-" + to + " " + reason])
    }
    Room { id: twin; client: client; active: false; name: "lobby"; onPublished: (text) => atTwin = atTwin.concat([text]) }
    Room { id: away; client: other; name: "lobby"; onPublished: (text) => atAway = atAway.concat([text]) }
}
)";

} // namespace

/*! Room in QML: against a scripted server for the bad days, and against the real gateway with its own sign-in. */
class TestQmlRooms : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(Scene::prepare()); }
    void init() override;
    void cleanup() { m_scene.reset(); }
    void followsAndNamesGaps();
    void isLiveOnlyWhileTheLinkIs();
    void twoShareOneSubscription();
    void movesToAnotherRoom();
    void refusesNames();
    void serverWithoutRooms();
    void publishNeedsAClient();
    void outlivesItsClient();
    void realGateway();

private:
    Frame subscribed(const QString &room, int offset, const QString &epoch = u"e1"_s) const;
    Frame publication(int offset, const QString &text) const;
    QStringList roomsIn(QLatin1StringView type) const; //!< Of the frames of that type that the server got.
    bool joined(const QString &room = u"lobby"_s); //!< The server got the wish and grants it.
    void send(const Frame &frame) { m_scene->gateway().peer()->sendFrame(frame); }
    QStringList list(const QString &name) { return m_scene->eval(name).toStringList(); }

    std::unique_ptr<Scene> m_scene;
};

void TestQmlRooms::init()
{
    WatchwordTest::init();
    m_scene = std::make_unique<Scene>();
    QCOMPARE(m_scene->load(kScene), QString());
}

Frame TestQmlRooms::subscribed(const QString &room, int offset, const QString &epoch) const
{
    return Frame(QLatin1StringView(FrameType::Subscribed),
                 {{u"room"_s, room}, {u"epoch"_s, epoch}, {u"offset"_s, offset}, {u"to"_s, offset}, {u"joined"_s, true}});
}

Frame TestQmlRooms::publication(int offset, const QString &text) const
{
    return Frame(QLatin1StringView(FrameType::Publish), {{u"room"_s, u"lobby"_s}, {u"from"_s, u"bob"_s}, {u"offset"_s, offset}},
                 text.toUtf8());
}

QStringList TestQmlRooms::roomsIn(QLatin1StringView type) const
{
    QStringList rooms;
    const QList<FakePeer *> peers = m_scene->gateway().peers();
    for (const FakePeer *peer : peers) {
        const QList<Frame> frames = peer->frames();
        for (const Frame &frame : frames) {
            if (frame.type() == type)
                rooms.append(frame.fields().value("room"_L1).toString());
        }
    }
    return rooms;
}

bool TestQmlRooms::joined(const QString &room)
{
    const QLatin1StringView subscribe(FrameType::Subscribe);
    if (!Support::waitUntil([&] { return roomsIn(subscribe).contains(room); }))
        return false;
    send(subscribed(room, 10));
    return m_scene->waitFor(u"room.live"_s);
}

void TestQmlRooms::followsAndNamesGaps()
{
    QVERIFY(m_scene->holds(u"!room.live && room.position.epoch === undefined"_s));
    QVERIFY(m_scene->signIn());
    QVERIFY(joined());
    QVERIFY(m_scene->holds(u"room.position.epoch === 'e1' && room.position.offset === 10"_s));
    send(publication(11, u"first"_s));
    send(publication(11, u"first again"_s));
    send(publication(15, u"later"_s));
    QVERIFY(m_scene->waitFor(u"got.length === 2"_s));
    QCOMPARE(list(u"got"_s), QStringList({u"first/bob/11"_s, u"later/bob/15"_s}));
    QCOMPARE(list(u"gaps"_s), QStringList(u"12-14 lost"_s));
    QVERIFY(m_scene->holds(u"room.position.offset === 15 && room.live && room.errorText === ''"_s));
    QCOMPARE(list(u"atTwin"_s), QStringList());
    QCOMPARE(list(u"atAway"_s), QStringList());
}

void TestQmlRooms::isLiveOnlyWhileTheLinkIs()
{
    QVERIFY(m_scene->signIn());
    QVERIFY(joined());
    m_scene->gateway().peer()->reset();
    QVERIFY(m_scene->waitFor(u"!room.live"_s));
    QVERIFY(m_scene->holds(u"room.position.offset === 10"_s)); // what was seen stays known
    QVERIFY(m_scene->waitFor(u"client.state === Client.Ready"_s));
    QVERIFY(joined());
}

void TestQmlRooms::twoShareOneSubscription()
{
    QVERIFY(m_scene->signIn());
    QVERIFY(joined());
    m_scene->eval(u"twin.active = true"_s);
    QVERIFY(m_scene->holds(u"twin.live"_s));
    send(publication(11, u"both"_s));
    QVERIFY(m_scene->waitFor(u"got.length === 1 && atTwin.length === 1"_s));
    m_scene->eval(u"room.active = false"_s);
    QVERIFY(m_scene->holds(u"!room.live && twin.live"_s));
    send(publication(12, u"one"_s));
    QVERIFY(m_scene->waitFor(u"atTwin.length === 2"_s));
    QCOMPARE(list(u"got"_s).size(), 1);
    QCOMPARE(roomsIn(QLatin1StringView(FrameType::Subscribe)).size(), 1);
    QCOMPARE(roomsIn(QLatin1StringView(FrameType::Unsubscribe)).size(), 0);
    m_scene->eval(u"twin.active = false"_s);
    QVERIFY(Support::waitUntil([this] { return roomsIn(QLatin1StringView(FrameType::Unsubscribe)).size() == 1; }));
    QVERIFY(m_scene->holds(u"!twin.live"_s));
}

void TestQmlRooms::movesToAnotherRoom()
{
    QVERIFY(m_scene->signIn());
    QVERIFY(joined());
    m_scene->eval(u"room.name = 'attic'"_s);
    QVERIFY(m_scene->holds(u"!room.live"_s));
    QVERIFY(joined(u"attic"_s));
    QCOMPARE(roomsIn(QLatin1StringView(FrameType::Unsubscribe)), QStringList(u"lobby"_s));
    send(publication(11, u"for the lobby"_s)); // comes late, and to nobody
    m_scene->eval(u"room.client = null"_s);
    QVERIFY(Support::waitUntil([this] { return roomsIn(QLatin1StringView(FrameType::Unsubscribe)).size() == 2; }));
    QCOMPARE(list(u"got"_s), QStringList());
}

void TestQmlRooms::refusesNames()
{
    QVERIFY(m_scene->signIn());
    QVERIFY(joined());
    m_scene->eval(u"room.name = 'x'.repeat(129)"_s);
    QCOMPARE(m_scene->eval(u"room.errorText"_s).toString(), u"A room needs a name of 1 to 128 characters."_s);
    QVERIFY(m_scene->holds(u"!room.live"_s));
    m_scene->eval(u"room.name = ''"_s); // no name yet is no error
    QCOMPARE(m_scene->eval(u"room.errorText"_s).toString(), QString());
    m_scene->eval(u"room.publish('x', (outcome) => outcomes = outcomes.concat([outcome.code]))"_s);
    QVERIFY(m_scene->waitFor(u"outcomes.length === 1"_s));
    QCOMPARE(list(u"outcomes"_s), QStringList(u"WrongState"_s));
}

void TestQmlRooms::serverWithoutRooms()
{
    m_scene->gateway().setSubprotocols({});
    QVERIFY(m_scene->signIn());
    QVERIFY(m_scene->waitFor(u"room.errorText !== ''"_s));
    QCOMPARE(m_scene->eval(u"room.errorText"_s).toString(), u"This server has no rooms."_s);
    m_scene->eval(u"room.publish('x', (outcome) => outcomes = outcomes.concat([outcome.code]))"_s);
    QVERIFY(m_scene->waitFor(u"outcomes.length === 1"_s));
    QCOMPARE(list(u"outcomes"_s), QStringList(u"SubprotocolMismatch"_s));
    m_scene->eval(u"twin.active = true"_s); // one that comes while the server is known
    QCOMPARE(m_scene->eval(u"twin.errorText"_s).toString(), u"This server has no rooms."_s);
    QVERIFY(m_scene->holds(u"!room.live && !twin.live"_s));
}

void TestQmlRooms::publishNeedsAClient()
{
    m_scene->eval(u"room.publish('x', (outcome) => outcomes = outcomes.concat([outcome.code]))"_s);
    m_scene->eval(u"room.publish('nobody listens')"_s);
    QCOMPARE(list(u"outcomes"_s), QStringList());
    QVERIFY(m_scene->waitFor(u"outcomes.length === 1"_s));
    QCOMPARE(list(u"outcomes"_s), QStringList(u"WrongState"_s));
}

void TestQmlRooms::outlivesItsClient()
{
    QVERIFY(m_scene->signIn());
    QVERIFY(joined());
    auto *room = m_scene->eval(u"room"_s).value<QObject *>();
    QVERIFY(room);
    delete m_scene->client();
    QVERIFY(!room->property("live").toBool());
    QCOMPARE(room->property("client").value<QObject *>(), nullptr);
    QVERIFY(room->setProperty("name", u"attic"_s));
    QVERIFY(room->setProperty("active", false));
}

void TestQmlRooms::realGateway()
{
    Support::ReadyProcess gateway;
    const auto line =
        gateway.start(QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-gateway"), {u"--demo"_s, u"--users"_s, u"2"_s}, u"{"_s);
    QVERIFY(line);
    const QJsonObject demo = QJsonDocument::fromJson(u"{"_s.append(*line).toUtf8()).object();
    const QJsonArray users = demo.value("users"_L1).toArray();
    const QList<QSslCertificate> authorities = QSslCertificate::fromPath(demo.value("ca"_L1).toString());
    QVERIFY(!authorities.isEmpty());
    std::vector<std::unique_ptr<Tool::LoginBrowser>> people;
    for (const QString &name : {u"client"_s, u"other"_s}) {
        auto *client = m_scene->eval(name).value<QObject *>();
        client->setProperty("issuer", QUrl(demo.value("issuer"_L1).toString()));
        client->setProperty("clientId", demo.value("client_id"_L1).toString());
        client->setProperty("scopes", demo.value("scopes"_L1).toVariant().toStringList());
        client->setProperty("server", QUrl(demo.value("gateway"_L1).toString() + u"/room"_s));
        client->setProperty("additionalCertificateAuthorities", QUrl::fromLocalFile(demo.value("ca"_L1).toString()));
        QVERIFY(QMetaObject::invokeMethod(client, "start"));
        const QJsonObject user = users.at(int(people.size())).toObject();
        people.push_back(std::make_unique<Tool::LoginBrowser>(
            user.value("name"_L1).toString(), Secret::copy(user.value("password"_L1).toString().toUtf8()), authorities));
        auto *browser = people.back().get();
        auto *session = client->property("session").value<QObject *>();
        QVERIFY(connect(session, SIGNAL(browserRequested(QUrl)), m_scene.get(), SIGNAL(browserWanted(QUrl))));
        const auto hop = connect(m_scene.get(), &Scene::browserWanted, browser, &Tool::LoginBrowser::open);
        QVERIFY(m_scene->waitFor(name + u".state === 2"_s)); // SignInNeeded
        m_scene->eval(name + u".signIn()"_s);
        QVERIFY(m_scene->waitFor(name + u".state === 5"_s)); // Ready
        disconnect(hop);
    }
    QVERIFY(m_scene->waitFor(u"room.live && away.live"_s));
    const QString self = users.at(0).toObject().value("name"_L1).toString();
    m_scene->eval(u"room.publish('hello', (outcome) => outcomes = outcomes.concat([outcome.ok]))"_s);
    QVERIFY(m_scene->waitFor(u"atAway.length === 1 && outcomes.length === 1"_s));
    QCOMPARE(list(u"atAway"_s), QStringList(u"hello"_s));

    // Who was away gets what was missed, in order, and then is live.
    m_scene->eval(u"kept = away.position; away.active = false"_s);
    for (const QString &text : {u"1"_s, u"2"_s, u"3"_s})
        m_scene->eval(u"room.publish('%1', (outcome) => outcomes = outcomes.concat([outcome.ok]))"_s.arg(text));
    QVERIFY(m_scene->waitFor(u"outcomes.length === 4"_s));
    QCOMPARE(list(u"atAway"_s), QStringList(u"hello"_s));
    m_scene->eval(u"away.startAfter = kept; away.active = true"_s);
    QVERIFY(m_scene->waitFor(u"away.live"_s));
    QCOMPARE(list(u"atAway"_s), QStringList({u"hello"_s, u"1"_s, u"2"_s, u"3"_s}));

    // A position of a history that the server does not know is a gap, once, and then the room goes on.
    QVERIFY(m_scene->eval(u"gaps"_s).toList().isEmpty());
    m_scene->eval(u"room.active = false; room.startAfter = { epoch: 'gone', offset: 7 }; room.active = true"_s);
    QVERIFY(m_scene->waitFor(u"room.live && gaps.length === 1"_s));
    QCOMPARE(list(u"gaps"_s), QStringList(u"8-0 epoch"_s));

    m_scene->eval(u"client.request('room.info', { room: 'lobby' }, 5000, (outcome) => answer = outcome.answer)"_s);
    QVERIFY(m_scene->waitFor(u"answer !== ''"_s));
    QCOMPARE(m_scene->eval(u"JSON.parse(answer).members"_s).toInt(), 2);
    m_scene->eval(
        u"client.request('room.info', { room: 'nowhere' }, 5000, (outcome) => answer = outcome.code + outcome.detail)"_s);
    QVERIFY(m_scene->waitFor(u"answer.startsWith('RequestRefused')"_s));
    QVERIFY(m_scene->eval(u"answer"_s).toString().contains(u"unknown_room"_s));
}

WATCHWORD_GUI_TEST_MAIN(TestQmlRooms)
#include "tst_qmlrooms.moc"
