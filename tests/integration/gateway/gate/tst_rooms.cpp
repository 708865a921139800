// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomlog.h"
#include "gatefixture.h"
#include "support/testmain.h"
#include "watchword/link/connection.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSignalSpy>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitFor;
using Support::waitUntil;

/*! Rooms and questions: our client against our gateway, over TLS. */
class TestRooms : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void whoWasAwayCatchesUpInPages();
    void trimmedHistoryIsAGap();
    void newEpochIsAGap();
    void repeatedPublicationIsPublishedOnce();
    void repetitionIsKnownAfterARefresh_data();
    void repetitionIsKnownAfterARefresh();
    void othersMayUseTheSameId();
    void questionsAreAnswered();
    void questionsThatNobodyAnswers();
    void logIsBounded();
    void configuration();

private:
    struct Member
    {
        Member(TestRooms &test, const QString &path, const QString &subject);
        Member(TestRooms &test, const QString &path, const QJsonObject &claims);
        bool open();
        bool close();
        FixedTokenProvider tokens;
        Connection connection;
        QStringList got;
        QList<Watchword::Gap> gaps;
        int lives = 0;
    };
    AccessToken tokenOf(const QJsonObject &claims, quint64 generation = 1) const;
    //! As many issuers write them: without "sid", with another "jti" each time.
    QJsonObject withoutSession(const QString &subject, const QString &client) const;
    bool publishAll(Member &from, const QString &room, int first, int last);

    GateFixture m_gate;
};

TestRooms::Member::Member(TestRooms &test, const QString &path, const QString &subject)
    : Member(test, path, test.m_gate.claims(subject, 600))
{
}

TestRooms::Member::Member(TestRooms &test, const QString &path, const QJsonObject &claims)
    : tokens(test.tokenOf(claims))
    , connection(&tokens,
                 {.url = QUrl(test.m_gate.gateway->url().toString() + path),
                  .additionalCertificateAuthorities = QSslCertificate::fromPath(test.m_gate.file(u"ca.pem"_s)),
                  .budgetAttempts = 1000})
{
    QObject::connect(&connection, &Connection::published, &connection,
                     [this](const Publication &p) { got.append(QString::fromUtf8(p.payload)); });
    QObject::connect(&connection, &Connection::gap, &connection, [this](const Watchword::Gap &gap) { gaps.append(gap); });
    QObject::connect(&connection, &Connection::roomLive, &connection, [this] { ++lives; });
}

AccessToken TestRooms::tokenOf(const QJsonObject &claims, quint64 generation) const
{
    AccessToken token;
    token.value = Secret::copy(m_gate.token(claims));
    token.generation = generation;
    return token;
}

QJsonObject TestRooms::withoutSession(const QString &subject, const QString &client) const
{
    QJsonObject claims = m_gate.claims(subject, 600);
    claims.remove("sid"_L1);
    claims.insert("client_id"_L1, client);
    return claims;
}

bool TestRooms::Member::open()
{
    connection.open();
    return waitUntil([this] { return connection.state() == Connection::State::Ready; });
}

bool TestRooms::Member::close()
{
    connection.close();
    return waitUntil([this] { return connection.state() == Connection::State::Disconnected; });
}

bool TestRooms::publishAll(Member &from, const QString &room, int first, int last)
{
    QList<QFuture<Result<void>>> futures;
    for (int i = first; i <= last; ++i)
        futures.append(from.connection.deliver(QByteArray::number(i), {.room = room}));
    return std::all_of(futures.begin(), futures.end(),
                       [](const auto &future) { return waitFor(future) && future.result().isOk(); });
}

void TestRooms::initTestCase()
{
    QVERIFY(m_gate.prepare());
    for (EndpointConfig &endpoint : m_gate.config.endpoints) {
        endpoint.limits.messagesPerSecond = 0;
        endpoint.limits.connectionsPerUser = 0;
    }
    EndpointConfig &small = m_gate.addEndpoint(u"/small"_s, EndpointConfig::Service::Rooms);
    small.history.messages = 5;
    small.history.keep = 500ms;
    small.limits.messagesPerSecond = 0;
    QVERIFY(m_gate.start());
}

void TestRooms::whoWasAwayCatchesUpInPages()
{
    Member reader(*this, u"/room"_s, u"ada"_s);
    Member writer(*this, u"/room"_s, u"bob"_s);
    QVERIFY(reader.connection.subscribe(u"long"_s));
    QVERIFY(reader.open() && writer.open());
    QVERIFY(waitUntil([&] { return reader.lives == 1; }));
    QVERIFY(publishAll(writer, u"long"_s, 1, 3));
    QVERIFY(waitUntil([&] { return reader.got.size() == 3; }));
    QVERIFY(reader.close());
    QVERIFY(publishAll(writer, u"long"_s, 4, 700)); // four pages
    QVERIFY(reader.open());
    QVERIFY(waitUntil([&] { return reader.lives == 2; }));
    QVERIFY(publishAll(writer, u"long"_s, 701, 703));
    QVERIFY(waitUntil([&] { return reader.got.size() == 703; }));
    for (int i = 1; i <= 703; ++i)
        QCOMPARE(reader.got.at(i - 1), QString::number(i));
    QVERIFY(reader.gaps.isEmpty());
    // A program that starts anew goes on where the last one was.
    Member second(*this, u"/room"_s, u"ada"_s);
    RoomPosition position = reader.connection.position(u"long"_s);
    QCOMPARE(position.offset, quint64(703));
    position.offset = 700;
    QVERIFY(second.connection.subscribe(u"long"_s, position));
    QVERIFY(second.open());
    QVERIFY(waitUntil([&] { return second.lives == 1; }));
    QCOMPARE(second.got, QStringList({u"701"_s, u"702"_s, u"703"_s}));
}

void TestRooms::trimmedHistoryIsAGap()
{
    Member reader(*this, u"/small"_s, u"ada"_s);
    Member writer(*this, u"/small"_s, u"bob"_s);
    Member keeper(*this, u"/small"_s, u"eve"_s);
    QVERIFY(keeper.connection.subscribe(u"r"_s)); // the room is not forgotten
    QVERIFY(reader.connection.subscribe(u"r"_s));
    QList<quint64> snapshots;
    reader.connection.setSnapshotSource([&](const Watchword::Gap &gap) {
        snapshots.append(gap.to);
        QPromise<Result<quint64>> promise;
        promise.start();
        promise.addResult(Result<quint64>(quint64(0)));
        promise.finish();
        return promise.future();
    });
    QVERIFY(keeper.open() && reader.open() && writer.open());
    QVERIFY(waitUntil([&] { return reader.lives == 1 && keeper.lives == 1; }));
    QVERIFY(publishAll(writer, u"r"_s, 1, 2));
    QVERIFY(waitUntil([&] { return reader.got.size() == 2; }));
    QVERIFY(reader.close());
    QVERIFY(publishAll(writer, u"r"_s, 3, 12)); // 8 to 12 are kept
    QVERIFY(reader.open());
    QVERIFY(waitUntil([&] { return reader.lives == 2; }));
    QCOMPARE(reader.got, QStringList({u"1"_s, u"2"_s, u"8"_s, u"9"_s, u"10"_s, u"11"_s, u"12"_s}));
    QCOMPARE(reader.gaps.size(), 1);
    QCOMPARE(reader.gaps.first().from, quint64(3));
    QCOMPARE(reader.gaps.first().to, quint64(7));
    QCOMPARE(reader.gaps.first().reason, u"trimmed"_s);
    QCOMPARE(snapshots, QList<quint64>{7});
}

void TestRooms::newEpochIsAGap()
{
    Member reader(*this, u"/small"_s, u"ada"_s);
    Member writer(*this, u"/small"_s, u"bob"_s);
    QVERIFY(reader.connection.subscribe(u"short-lived"_s));
    QVERIFY(reader.open() && writer.open());
    QVERIFY(waitUntil([&] { return reader.lives == 1; }));
    QVERIFY(publishAll(writer, u"short-lived"_s, 1, 2));
    QVERIFY(waitUntil([&] { return reader.got.size() == 2; }));
    const QString epoch = reader.connection.position(u"short-lived"_s).epoch;
    QVERIFY(reader.close());
    // Forgotten when the gateway says that it does not know the room any more.
    QVERIFY(waitUntil([&] {
        const auto info = writer.connection.request(u"room.info"_s, "{\"room\":\"short-lived\"}");
        return waitFor(info) && !info.result();
    }));
    QVERIFY(reader.open());
    QVERIFY(waitUntil([&] { return reader.lives == 2; }));
    QCOMPARE(reader.gaps.size(), 1);
    QCOMPARE(reader.gaps.first().reason, u"epoch"_s);
    QCOMPARE(reader.gaps.first().to, quint64(0));
    QVERIFY(reader.connection.position(u"short-lived"_s).epoch != epoch);
}

void TestRooms::repeatedPublicationIsPublishedOnce()
{
    Member reader(*this, u"/room"_s, u"ada"_s);
    Member writer(*this, u"/room"_s, u"bob"_s);
    QVERIFY(reader.connection.subscribe(u"once"_s));
    QVERIFY(reader.open() && writer.open());
    QVERIFY(waitUntil([&] { return reader.lives == 1; }));
    for (int i = 0; i < 2; ++i) { // as a second run of a program would, whose acknowledgement was lost
        QVERIFY(waitFor(writer.connection.deliver("order", {.id = u"order-1"_s, .room = u"once"_s})));
        QVERIFY(writer.close());
        QVERIFY(writer.open());
    }
    QVERIFY(publishAll(writer, u"once"_s, 7, 7));
    QVERIFY(waitUntil([&] { return reader.got.contains(u"7"_s); }));
    QCOMPARE(reader.got, QStringList({u"order"_s, u"7"_s}));
}

void TestRooms::repetitionIsKnownAfterARefresh_data()
{
    QTest::addColumn<bool>("onTheLiveConnection");
    QTest::newRow("renewed on the connection") << true;
    QTest::newRow("renewed between two connections") << false;
}

void TestRooms::repetitionIsKnownAfterARefresh()
{
    QFETCH(bool, onTheLiveConnection);
    const QString room = onTheLiveConnection ? u"renewed-live"_s : u"renewed-between"_s;
    Member reader(*this, u"/room"_s, u"ada"_s);
    Member writer(*this, u"/room"_s, withoutSession(u"bob"_s, u"app"_s));
    QVERIFY(reader.connection.subscribe(room));
    QVERIFY(reader.open() && writer.open());
    QVERIFY(waitUntil([&] { return reader.lives == 1; }));
    QSignalSpy renewed(&writer.connection, &Connection::tokenRenewed);
    const auto order = [&] {
        const auto sent = writer.connection.deliver("order", {.id = u"order in "_s + room, .room = room});
        return waitFor(sent) && sent.result().isOk();
    };
    QVERIFY(order());
    if (onTheLiveConnection) {
        writer.tokens.setToken(tokenOf(withoutSession(u"bob"_s, u"app"_s), 2));
        QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
        QVERIFY(order());
    } else {
        QVERIFY(writer.close());
        writer.tokens.setToken(tokenOf(withoutSession(u"bob"_s, u"app"_s), 2));
        QVERIFY(writer.open());
        QVERIFY(order());
    }
    QVERIFY(publishAll(writer, room, 7, 7));
    QVERIFY(waitUntil([&] { return reader.got.contains(u"7"_s); }));
    QCOMPARE(reader.got, QStringList({u"order"_s, u"7"_s}));
}

void TestRooms::othersMayUseTheSameId()
{
    Member reader(*this, u"/room"_s, u"ada"_s);
    Member bob(*this, u"/room"_s, withoutSession(u"bob"_s, u"app"_s));
    Member eve(*this, u"/room"_s, withoutSession(u"eve"_s, u"app"_s));
    Member bobElsewhere(*this, u"/room"_s, withoutSession(u"bob"_s, u"other-app"_s));
    QVERIFY(reader.connection.subscribe(u"same-id"_s));
    QVERIFY(reader.open() && bob.open() && eve.open() && bobElsewhere.open());
    QVERIFY(waitUntil([&] { return reader.lives == 1; }));
    const auto deliver = [](Member &from, const QByteArray &text) {
        const auto sent = from.connection.deliver(text, {.id = u"same"_s, .room = u"same-id"_s});
        return waitFor(sent) && sent.result().isOk();
    };
    for (int i = 0; i < 2; ++i)
        QVERIFY(deliver(bob, "of bob") && deliver(eve, "of eve") && deliver(bobElsewhere, "of bob elsewhere"));
    QVERIFY(publishAll(bob, u"same-id"_s, 7, 7));
    QVERIFY(waitUntil([&] { return reader.got.contains(u"7"_s); }));
    QCOMPARE(reader.got, QStringList({u"of bob"_s, u"of eve"_s, u"of bob elsewhere"_s, u"7"_s}));
}

void TestRooms::questionsAreAnswered()
{
    Member member(*this, u"/room"_s, u"ada"_s);
    QVERIFY(member.connection.subscribe(u"asked"_s));
    QVERIFY(member.open());
    QVERIFY(waitUntil([&] { return member.lives == 1; }));
    QVERIFY(publishAll(member, u"asked"_s, 1, 3));
    const auto ask = [&](const QString &op, const QByteArray &payload) {
        const auto future = member.connection.request(op, payload);
        return waitFor(future) ? future.result() : Result<QByteArray>(Error(ErrorCode::Timeout));
    };
    const QJsonObject info = QJsonDocument::fromJson(ask(u"room.info"_s, "{\"room\":\"asked\"}").value()).object();
    QCOMPARE(info.value("members"_L1).toInt(), 1);
    QCOMPARE(info.value("offset"_L1).toInt(), 3);
    QCOMPARE(info.value("oldest"_L1).toInt(), 1);
    const QJsonObject history =
        QJsonDocument::fromJson(ask(u"room.history"_s, "{\"room\":\"asked\",\"after\":1}").value()).object();
    const QJsonArray entries = history.value("entries"_L1).toArray();
    QCOMPARE(entries.size(), 2);
    QCOMPARE(entries.first().toObject().value("text"_L1).toString(), u"2"_s);
    QCOMPARE(entries.first().toObject().value("from"_L1).toString(), u"ada"_s);
    QCOMPARE(history.value("more"_L1).toBool(true), false);
    for (const char *payload : {"{\"room\":\"asked\",\"after\":-5}", "{\"room\":\"asked\",\"after\":1e30}", "nonsense", ""}) {
        const Result<QByteArray> answer = ask(u"room.history"_s, payload);
        QVERIFY(answer || answer.error().code() == ErrorCode::RequestRefused);
    }
    QCOMPARE(ask(u"room.info"_s, "{\"room\":\"nobody was here\"}").error().detail().section(u':', 0, 0), u"unknown_room"_s);
    QCOMPARE(ask(u"drop table"_s, {}).error().detail().section(u':', 0, 0), u"unknown_operation"_s);
    QCOMPARE(member.connection.state(), Connection::State::Ready);
}

void TestRooms::questionsThatNobodyAnswers()
{
    Member echo(*this, u"/echo"_s, u"ada"_s);
    QVERIFY(echo.open());
    const auto back = echo.connection.request(u"echo"_s, "hello");
    QVERIFY(waitFor(back));
    QCOMPARE(back.result().value(), "hello");
    const auto other = echo.connection.request(u"other"_s);
    QVERIFY(waitFor(other));
    QCOMPARE(other.result().error().code(), ErrorCode::RequestRefused);
    Member room(*this, u"/room"_s, u"bob"_s);
    QVERIFY(room.connection.subscribe(u"asked"_s));
    QVERIFY(room.open() && waitUntil([&] { return room.lives == 1; }));
    for (const QByteArray bad : {"[]", "no JSON", "{\"room\":\"asked\",\"after\":\"x\"}", "{\"room\":\"asked\",\"after\":-1}",
                                 "{\"room\":\"asked\",\"after\":1.5}", "{\"room\":7}"}) {
        const auto refused = room.connection.request(u"room.history"_s, bad);
        QVERIFY(waitFor(refused));
        QVERIFY2(!refused.result().isOk() && refused.result().error().code() == ErrorCode::RequestRefused, bad.constData());
        QVERIFY2(refused.result().error().toString().contains(u"no JSON object"_s),
                 qPrintable(refused.result().error().toString()));
    }
    // A question without an id breaks the protocol.
    QSignalSpy byes(&echo.connection, &Connection::byeReceived);
    QVERIFY(echo.connection.sendFrame(Frame(u"req"_s, {{u"op"_s, u"echo"_s}})));
    QVERIFY(waitUntil([&] { return byes.size() == 1; }));
    QCOMPARE(byes.first().first().value<Bye>().code, 1002);
}

void TestRooms::logIsBounded()
{
    RoomLog log(RoomHistoryConfig{.messages = 3, .bytes = 1'000'000}, u"e"_s);
    QCOMPARE(log.oldest(), quint64(1));
    QVERIFY(log.page(u"e"_s, 0).isLast);
    QVERIFY(log.page(u"e"_s, 1).gap); // ahead of the room
    for (int i = 1; i <= 10; ++i)
        QCOMPARE(log.append(u"ada"_s, QByteArray::number(i)), quint64(i));
    QCOMPARE(log.size(), size_t(3));
    QCOMPARE(log.oldest(), quint64(8));
    QVERIFY(!log.page(u"e"_s, 7).gap);
    const RoomLog::Page trimmed = log.page(u"e"_s, 6);
    QCOMPARE(trimmed.gap->from, quint64(7));
    QCOMPARE(trimmed.gap->to, quint64(7));
    QCOMPARE(log.page(u"f"_s, 6).gap->reason, u"epoch"_s);
    QCOMPARE(log.page(u"e"_s, ~quint64(0)).gap->reason, u"epoch"_s);

    RoomLog bytes(RoomHistoryConfig{.messages = 1000, .bytes = 10'000}, u"e"_s);
    for (int i = 0; i < 100; ++i)
        bytes.append(u"ada"_s, QByteArray(1000, 'x'));
    QVERIFY(bytes.bytes() <= 10'000 && bytes.size() >= 8);
    bytes.append(u"ada"_s, QByteArray(20'000, 'x')); // larger than all that may be kept
    QCOMPARE(bytes.size(), size_t(0));
    QCOMPARE(bytes.page(u"e"_s, 100).gap->to, quint64(101));

    RoomLog none(RoomHistoryConfig{.messages = 0}, u"e"_s);
    none.append(u"ada"_s, "x");
    QCOMPARE(none.page(u"e"_s, 0).gap->reason, u"trimmed"_s);
    QVERIFY(!none.page(u"e"_s, 1).gap);
}

void TestRooms::configuration()
{
    const QString base = u"[listen]\naddress = \"127.0.0.1:0\"\ncertificate = \"c\"\nkey = \"k\"\n"
                         "[[issuer]]\nurl = \"https://a.example\"\naudience = \"x\"\n[[endpoint]]\npath = \"/r\"\n"_s;
    const auto good = GatewayConfig::fromToml(
        base + u"serves = \"rooms\"\nhistory = { messages = 7, bytes = \"2 KiB\", total_bytes = \"3 MiB\", keep = \"5 m\" }\n"_s,
        u"f"_s);
    QVERIFY2(good, qPrintable(good ? QString() : good.error().detail()));
    const RoomHistoryConfig expected{.messages = 7, .bytes = 2048, .totalBytes = 3 * 1024 * 1024, .keep = 5min};
    QCOMPARE(good->endpoints.first().history, expected);
    QVERIFY(!GatewayConfig::fromToml(base + u"serves = \"echo\"\nhistory = { messages = 7 }\n"_s, u"f"_s));
    QVERIFY(!GatewayConfig::fromToml(base + u"serves = \"rooms\"\nhistory = { message = 7 }\n"_s, u"f"_s));
    QVERIFY(!GatewayConfig::fromToml(base + u"serves = \"rooms\"\nhistory = { messages = -1 }\n"_s, u"f"_s));
}

WATCHWORD_TEST_MAIN(TestRooms)
#include "tst_rooms.moc"
