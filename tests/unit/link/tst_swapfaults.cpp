// SPDX-License-Identifier: Apache-2.0
#include "deliverybench.h"
#include "support/testmain.h"

#include <QSet>
#include <QSignalSpy>

using namespace DeliveryTest;

namespace {

enum class Fault { Drop, Silence, Final };

/*! Counts what the world does for a client; the n-th thing goes wrong. */
struct Fate
{
    int failAt = 0;
    Fault fault = Fault::Drop;
    int count = 0;
    bool strikes() { return ++count == failAt; }
    bool hasStruck() const { return count >= failAt; }
};

/*! A provider whose token can be renewed, of one person. */
class FatefulTokens final : public TokenProvider
{
public:
    explicit FatefulTokens(Fate &fate)
        : m_fate(fate)
    {
    }
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override
    {
        auto promise = std::make_shared<QPromise<Result<AccessToken>>>();
        promise->start();
        const QFuture<Result<AccessToken>> future = promise->future();
        if (m_fate.strikes()) {
            if (m_fate.fault == Fault::Silence) {
                m_open.push_back(promise);
                return future;
            }
            promise->addResult(Error(m_fate.fault == Fault::Drop ? ErrorCode::Offline : ErrorCode::SignInRequired));
        } else {
            const bool renewed = request.reason == TokenRequest::Reason::Renew && request.minimumValidity > Duration::zero();
            m_number += renewed || request.reason == TokenRequest::Reason::Rejected ? 1 : 0;
            AccessToken token;
            token.value = Secret::copy("token-" + QByteArray::number(m_number));
            token.subject = u"alice"_s;
            promise->addResult(token);
        }
        promise->finish();
        return future;
    }

private:
    Fate &m_fate;
    int m_number = 1;
    std::vector<std::shared_ptr<QPromise<Result<AccessToken>>>> m_open;
};

/*! A gateway that takes messages once, numbers publications, and does one thing wrong. */
class World
{
public:
    World(Fate &fate, bool inBand)
        : m_fate(fate)
        , m_inBand(inBand)
    {
        network->onStart = [this](FaultyTransport *client) { accept(client); };
        network->onText = [this](FaultyTransport *client, const QString &text) { hear(client, text); };
    }

    void publish()
    {
        ++m_published;
        for (const auto &client : clients())
            giveOn(client, u"pub"_s, {{u"room"_s, u"r"_s}, {u"offset"_s, m_published}}, QByteArray::number(m_published), true);
    }
    void say(const QString &type, const QJsonObject &fields)
    {
        for (const auto &client : clients())
            giveOn(client, type, fields, {}, false);
    }
    //! What was told by "reconnect" and is still there.
    void endAllButTheNewest()
    {
        const auto all = clients();
        for (qsizetype i = 0; i + 1 < all.size(); ++i) {
            if (all.at(i))
                all.at(i)->end({.closeCode = 1012, .error = Error(ErrorCode::ClosedByPeer)});
        }
    }

    int published() const { return m_published; }
    std::shared_ptr<FaultyTransport::Network> network = std::make_shared<FaultyTransport::Network>();
    QStringList taken; //!< Messages, each once, as they were taken.

private:
    QList<QPointer<FaultyTransport>> clients() const
    {
        QList<QPointer<FaultyTransport>> alive;
        for (const auto &client : std::as_const(network->transports)) {
            if (client && client->isAlive())
                alive.append(client);
        }
        return alive;
    }
    //! False: it went wrong, or nothing passes any more.
    bool works(FaultyTransport *client)
    {
        if (m_mute.contains(client))
            return false;
        if (!m_fate.strikes())
            return true;
        if (m_fate.fault == Fault::Silence)
            m_mute.insert(client);
        else if (m_fate.fault == Fault::Drop)
            client->end({.closeCode = m_open.contains(client) ? 1006 : 0});
        else
            endForGood(client);
        return false;
    }
    void endForGood(FaultyTransport *client)
    {
        TransportEnd end;
        if (m_open.contains(client)) {
            end.closeCode = 4403;
            end.error = Error(ErrorCode::ClosedByPeer);
        } else {
            end.http.status = 403;
            end.error = Error(ErrorCode::UpgradeRejected);
        }
        client->end(end);
    }
    void accept(FaultyTransport *client)
    {
        const QPointer<FaultyTransport> alive(client);
        m_mute.remove(client); // an address may be used again
        m_open.remove(client);
        m_joined.remove(client);
        if (!works(client))
            return;
        m_open.insert(client);
        client->open(QLatin1StringView(kSubprotocol));
        if (alive)
            giveOn(client, u"hello"_s, {{u"sid"_s, u"s-1"_s}, {u"in_band_renewal"_s, m_inBand}, {u"heartbeat_s"_s, 2}}, {},
                   false);
    }
    void giveOn(const QPointer<FaultyTransport> &client, const QString &type, const QJsonObject &fields,
                const QByteArray &payload, bool onlyJoined)
    {
        if (client && client->isAlive() && m_open.contains(client) && (!onlyJoined || m_joined.contains(client)) && works(client))
            client->receiveText(Frame(type, fields, payload).toText());
    }
    void hear(FaultyTransport *client, const QString &text)
    {
        const Result<Frame> frame = Frame::parse(text);
        if (!frame || m_mute.contains(client))
            return;
        const QJsonObject fields = frame->fields();
        const QString type = frame->type();
        const QPointer<FaultyTransport> alive(client);
        if (type == "ping"_L1) {
            giveOn(alive, u"pong"_s, fields, {}, false);
        } else if (type == "msg"_L1) {
            if (!works(client)) // before it was taken
                return;
            const QString id = fields.value("id"_L1).toString();
            if (!m_ids.contains(id))
                taken.append(QString::fromUtf8(frame->payload()));
            m_ids.insert(id);
            giveOn(alive, u"ack"_s, {{u"id"_s, id}}, {}, false); // may fail after it was taken
        } else if (type == "sub"_L1) {
            join(alive, fields);
        } else if (type == "auth.refresh"_L1) {
            giveOn(alive, u"auth.ok"_s, {}, {}, false);
        } else if (type == "req"_L1) {
            giveOn(alive, u"res"_s, {{u"id"_s, fields.value("id"_L1)}, {u"ok"_s, true}}, frame->payload(), false);
        }
    }
    void join(const QPointer<FaultyTransport> &client, const QJsonObject &fields)
    {
        const bool resumes = fields.contains("after"_L1);
        const int after = resumes ? fields.value("after"_L1).toInt() : m_published;
        const QJsonObject answer{
            {u"room"_s, u"r"_s}, {u"epoch"_s, u"e"_s}, {u"offset"_s, m_published}, {u"to"_s, m_published}, {u"joined"_s, true}};
        giveOn(client, u"sub.ok"_s, answer, {}, false);
        if (client && client->isAlive() && !m_mute.contains(client))
            m_joined.insert(client);
        for (int offset = after + 1; offset <= m_published; ++offset)
            giveOn(client, u"pub"_s, {{u"room"_s, u"r"_s}, {u"offset"_s, offset}}, QByteArray::number(offset), true);
    }

    Fate &m_fate;
    const bool m_inBand;
    QSet<FaultyTransport *> m_mute;
    QSet<FaultyTransport *> m_open;
    QSet<FaultyTransport *> m_joined;
    QSet<QString> m_ids;
    int m_published = 0;
};

} // namespace

/*!
    A connection that is opened, follows a room, sends messages, renews its token and is replaced three times, and the
    n-th thing that the world does for it goes wrong, for each n. Afterwards it is connected or has ended and said so;
    nothing is lost, nothing comes twice, and there were never two connections but while one replaced the other.
*/
class TestSwapFaults : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyStepFails_data();
    void everyStepFails();

private:
    void live(Fate &fate, bool inBand);
    void checkWorld(const World &world, const QList<QFuture<Result<void>>> &sent, const QList<quint64> &seen);
    void check(bool holds, const QString &what)
    {
        if (!holds && !m_problems.contains(what))
            m_problems.append(what);
    }
    static void turn(int turns = 6)
    {
        for (int i = 0; i < turns; ++i)
            QCoreApplication::processEvents();
    }

    QStringList m_problems;
    int m_replacements = 0;
    bool m_ended = false;
};

void TestSwapFaults::initTestCase()
{
    QLoggingCategory::setFilterRules(u"watchword.*.info=false"_s); // one line for every failure
}

void TestSwapFaults::everyStepFails_data()
{
    QTest::addColumn<Fault>("fault");
    QTest::addColumn<bool>("inBand");
    for (const bool inBand : {true, false}) {
        QTest::addRow("drop, %s", inBand ? "renewed in band" : "renewed by replacing") << Fault::Drop << inBand;
        QTest::addRow("silence, %s", inBand ? "renewed in band" : "renewed by replacing") << Fault::Silence << inBand;
        QTest::addRow("final, %s", inBand ? "renewed in band" : "renewed by replacing") << Fault::Final << inBand;
    }
}

void TestSwapFaults::everyStepFails()
{
    QFETCH(Fault, fault);
    QFETCH(bool, inBand);
    int struck = 0;
    int ends = 0;
    for (int n = 1;; ++n) {
        Fate fate{.failAt = n, .fault = fault};
        live(fate, inBand);
        QVERIFY2(m_problems.isEmpty(), qPrintable(u"step %1: "_s.arg(n) + m_problems.join(u", "_s)));
        if (!fate.hasStruck()) {
            QVERIFY2(m_replacements >= (inBand ? 2 : 3), qPrintable(QString::number(m_replacements)));
            QVERIFY(!m_ended);
            break;
        }
        ++struck;
        ends += m_ended ? 1 : 0;
    }
    qInfo("%d steps, %d stated ends", struck, ends);
    QVERIFY(struck > 60);
    QVERIFY(fault == Fault::Final || ends == 0);
}

void TestSwapFaults::live(Fate &fate, bool inBand)
{
    m_problems.clear();
    FatefulTokens tokens(fate);
    World world(fate, inBand);
    SeededRandom random{11};
    ManualClock clock;
    ConnectionOptions options;
    options.url = QUrl(u"wss://example.test/"_s);
    options.clock = &clock;
    options.random = &random;
    options.transport = FaultyTransport::factory(world.network);
    options.budgetAttempts = 100;
    options.pongTimeout = 1s;
    options.tokenTimeout = 2s;
    Connection connection(&tokens, options);
    QSignalSpy closed(&connection, &Connection::closed);
    QSignalSpy gaps(&connection, &Connection::gap);
    QList<quint64> seen;
    connect(&connection, &Connection::published, this, [&seen](const Publication &p) { seen.append(p.offset); });
    (void)connection.subscribe(u"r"_s, {.epoch = u"e"_s, .offset = 0});
    connection.open();
    QList<QFuture<Result<void>>> sent;
    // What goes wrong in the last moment is healed in some more time.
    const auto goesOn = [&](int tick) { return tick <= 250 || (tick <= 400 && connection.state() != State::Ready); };
    for (int tick = 1; goesOn(tick) && closed.isEmpty(); ++tick) {
        if (tick <= 60) {
            sent.append(connection.deliver(QByteArray::number(tick)));
            if (tick % 3 == 0)
                world.publish();
        }
        if (tick == 10)
            world.say(u"auth.due"_s, {{u"in_s"_s, 60}});
        if (tick == 20)
            connection.replace();
        if (tick == 40)
            world.say(u"reconnect"_s, {{u"in_ms"_s, 1000}, {u"reason"_s, u"drain"_s}});
        if (tick == 50)
            world.endAllButTheNewest();
        turn();
        clock.advance(100ms);
        turn();
        qsizetype openRecords = 0;
        for (const AttemptRecord &record : connection.attempts())
            openRecords += record.ended ? 0 : 1;
        check(world.network->alive <= openRecords, u"a transport that nobody knows of"_s);
        check(openRecords <= 2, u"three attempts at once"_s);
    }
    m_replacements = int(connection.metrics().replacements);
    m_ended = !closed.isEmpty();
    check(closed.size() <= 1, u"closed twice"_s);
    check(m_ended == (connection.state() == State::Disconnected), u"not connected, and nobody said so"_s);
    check(m_ended || connection.state() == State::Ready, u"not ready after half a minute"_s);
    check(gaps.isEmpty(), u"a gap"_s);
    checkWorld(world, sent, seen);
}

void TestSwapFaults::checkWorld(const World &world, const QList<QFuture<Result<void>>> &sent, const QList<quint64> &seen)
{
    check(world.network->mostAlive <= 2, u"three transports"_s);
    check(world.network->alive == (m_ended ? 0 : 1), u"%1 transports at the end"_s.arg(world.network->alive));
    QStringList expected;
    for (qsizetype i = 0; i < sent.size(); ++i) {
        check(sent.at(i).isFinished(), u"message %1 hangs"_s.arg(i + 1));
        check(m_ended || sent.at(i).result().isOk(), u"message %1 failed"_s.arg(i + 1));
        expected.append(QString::number(i + 1));
    }
    check(world.taken == expected.mid(0, world.taken.size()), u"messages out of order: "_s + world.taken.join(u' '));
    check(m_ended || world.taken.size() == expected.size(), u"messages lost"_s);
    for (qsizetype i = 0; i < seen.size(); ++i)
        check(seen.at(i) == quint64(i + 1), u"publication %1 came as number %2"_s.arg(seen.at(i)).arg(i + 1));
    check(m_ended || seen.size() == world.published(), u"publications lost"_s);
}

WATCHWORD_TEST_MAIN(TestSwapFaults)
#include "tst_swapfaults.moc"
