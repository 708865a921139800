// SPDX-License-Identifier: Apache-2.0
#include "audit/auditlog.h"
#include "support/process.h"
#include "support/testmain.h"
#include "toolrun.h"
#include "watchword/jose/signednote.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QSslKey>
#include <QSslServer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! "watchword audit": what is done to a log is found, and what retention does is not called so. */
class TestAuditCommand : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void soundLogs_data();
    void soundLogs();
    void tamperingIsFound_data();
    void tamperingIsFound();
    void readsWhileTheGatewayWrites();
    void findsEvents();
    void exportsEachOnce();
    void exportsToOtlp();
    void exportsToSyslog();
    void saysWhatIsWrong();

private:
    std::unique_ptr<AuditLog> opened();
    bool fill(int count);
    bool change(const QString &statement, const QVariantList &values = {});
    QByteArray bodyOf(int sequence);
    bool rewrite(int from);
    ToolHome::Run verify(const QStringList &more = {})
    {
        return m_tool->run(QStringList{u"audit"_s, u"verify"_s, m_options.path} + more);
    }

    std::unique_ptr<ToolHome> m_tool;
    AuditOptions m_options;
    QByteArray m_key;
};

namespace {

AuditEntry entryOf(int number)
{
    AuditEntry entry;
    entry.type = number % 10 == 0 ? u"conn.closed"_s : u"conn.opened"_s;
    entry.subject = u"c-%1"_s.arg(number);
    entry.outcome = u"success"_s;
    entry.message = u"Connection %1."_s.arg(number);
    entry.data = {{"actor"_L1, QJsonObject{{"type"_L1, u"user"_s}, {"sub"_L1, u"u-%1"_s.arg(number % 7)}}}};
    return entry;
}

//! A TLS server that keeps what it is sent; an HTTP request is answered with the next of \a statuses, or 200.
class Receiver
{
public:
    explicit Receiver(const QString &folder)
    {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificateChain(QSslCertificate::fromPath(folder + u"/server.pem"_s));
        QFile key(folder + u"/server.key"_s);
        if (key.open(QIODevice::ReadOnly))
            tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
        server.setSslConfiguration(tls);
        QObject::connect(&server, &QTcpServer::pendingConnectionAvailable, &server, [this] {
            QTcpSocket *socket = server.nextPendingConnection();
            QObject::connect(socket, &QIODevice::readyRead, socket, [this, socket] { read(*socket); });
        });
        server.listen(QHostAddress::LocalHost);
    }
    QString address() const { return u"localhost:%1"_s.arg(server.serverPort()); }

    QSslServer server;
    QList<int> statuses;
    QByteArray received;
    QList<QByteArray> bodies; //!< Of requests that got 200.

private:
    void read(QTcpSocket &socket)
    {
        received += socket.readAll();
        const qsizetype head = received.indexOf("\r\n\r\n");
        const qsizetype at = received.toLower().indexOf("content-length: ");
        if (!received.startsWith("POST ") || head < 0 || at < 0 || at > head)
            return;
        const qsizetype size = received.mid(at + 16, received.indexOf('\r', at) - at - 16).toLongLong();
        if (received.size() < head + 4 + size)
            return;
        const int status = statuses.isEmpty() ? 200 : statuses.takeFirst();
        if (status == 200)
            bodies.append(received.mid(head + 4, size));
        received.clear();
        socket.write("HTTP/1.1 " + QByteArray::number(status) + " x\r\nContent-Length: 2\r\n\r\n{}");
    }
};

} // namespace

void TestAuditCommand::init()
{
    WatchwordTest::init();
    m_tool = std::make_unique<ToolHome>();
    m_options = {};
    m_options.path = m_tool->filePath(u"audit.sqlite"_s);
}

std::unique_ptr<AuditLog> TestAuditCommand::opened()
{
    Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, Clock::system());
    return log ? std::move(log).value() : nullptr;
}

bool TestAuditCommand::fill(int count)
{
    const std::unique_ptr<AuditLog> log = opened();
    if (!log)
        return false;
    for (int i = 1; i <= count; ++i)
        log->post(entryOf(i));
    const bool isSigned = log->checkpoint().isOk();
    m_key = log->prove(0, 0)->keys.first();
    return isSigned && log->newest() == quint64(count);
}

bool TestAuditCommand::change(const QString &statement, const QVariantList &values)
{
    bool done = false;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"intruder"_s);
        database.setDatabaseName(m_options.path);
        database.open();
        QSqlQuery guards(database);
        guards.exec(u"DROP TRIGGER IF EXISTS event_no_update"_s);
        guards.exec(u"DROP TRIGGER IF EXISTS event_no_delete"_s);
        QSqlQuery query(database);
        done = query.prepare(statement);
        for (const QVariant &value : values)
            query.addBindValue(value);
        done = done && query.exec();
    }
    QSqlDatabase::removeDatabase(u"intruder"_s);
    return done;
}

QByteArray TestAuditCommand::bodyOf(int sequence)
{
    QByteArray body;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"reader"_s);
        database.setDatabaseName(m_options.path);
        QSqlQuery query(database.open() ? database : QSqlDatabase());
        if (query.exec(u"SELECT body FROM event WHERE seq = %1"_s.arg(sequence)) && query.next())
            body = query.value(0).toByteArray();
    }
    QSqlDatabase::removeDatabase(u"reader"_s);
    return body;
}

// Event \a from says something else, and all behind it follow it as they should.
bool TestAuditCommand::rewrite(int from)
{
    QString previous;
    for (int i = from;; ++i) {
        const QByteArray body = bodyOf(i);
        if (body.isEmpty())
            return i > from;
        AuditEvent event = AuditEvent::fromBytes(body).value();
        const QString uid = event.data.value("chain"_L1).toObject().value("uid"_L1).toString();
        if (i == from) {
            previous = event.previousHash();
            event.data.insert("message"_L1, u"Nothing happened."_s);
        }
        previous = event.seal(uid, previous);
        if (!change(u"UPDATE event SET body = ? WHERE seq = %1"_s.arg(i), {event.toBytes()}))
            return false;
    }
}

void TestAuditCommand::soundLogs_data()
{
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("most");
    QTest::newRow("few") << 3 << 0;
    QTest::newRow("many") << 1500 << 0;
    QTest::newRow("purged") << 1500 << 200;
}

void TestAuditCommand::soundLogs()
{
    QFETCH(int, count);
    QFETCH(int, most);
    QVERIFY(fill(count));
    m_options.maxEvents = most;
    if (most > 0)
        QVERIFY(opened()->applyRetention() > 0); // a purge is no tampering
    const ToolHome::Run run = verify({u"--key"_s, QString::fromLatin1(m_key)});
    QVERIFY2(run.code == 0, run.err.constData());
    QVERIFY2(run.err.contains("signed by a known key"), run.err.constData());
}

void TestAuditCommand::tamperingIsFound_data()
{
    QTest::addColumn<QString>("statement");
    QTest::addColumn<QByteArray>("said");
    QTest::newRow("changed")
        << u"UPDATE event SET body = CAST(replace(body, 'Connection 700', 'Connection 701') AS BLOB) WHERE seq = 700"_s
        << QByteArray("event 700");
    QTest::newRow("removed") << u"DELETE FROM event WHERE seq = 700"_s << QByteArray("events 700 to 700 are missing");
    QTest::newRow("head removed") << u"DELETE FROM event WHERE seq < 300"_s << QByteArray("starts at event 300");
    QTest::newRow("reordered") << u"UPDATE event SET body = (SELECT body FROM event WHERE seq = 700) WHERE seq = 701"_s
                               << QByteArray("event 701");
    QTest::newRow("appended") << u"INSERT INTO event SELECT 1501, time, type, sub, body FROM event WHERE seq = 1500"_s
                              << QByteArray("event 1501");
    QTest::newRow("tail cut") << u"DELETE FROM event WHERE seq > 1400"_s
                              << QByteArray("ends at event 1400, and event 1500 was there");
    QTest::newRow("recomputed") << QString() << QByteArray("the log was rewritten");
    QTest::newRow("checkpoint forged")
        << u"UPDATE checkpoint SET note = CAST(replace(note, char(10) || '1500', char(10) || '1400') AS BLOB), size = 1400"_s
        << QByteArray("not signed by a known key");
}

void TestAuditCommand::tamperingIsFound()
{
    QFETCH(QString, statement);
    QFETCH(QByteArray, said);
    QVERIFY(fill(1500));
    if (statement.isEmpty())
        QVERIFY(rewrite(1480));
    else
        QVERIFY(change(statement));
    const ToolHome::Run run = verify({u"--key"_s, QString::fromLatin1(m_key)});
    QCOMPARE(run.code, 7);
    QVERIFY2(run.err.contains(said), run.err.constData());
}

void TestAuditCommand::readsWhileTheGatewayWrites()
{
    const std::unique_ptr<AuditLog> log = opened();
    QVERIFY(log);
    for (int i = 1; i <= 500; ++i)
        log->post(entryOf(i));
    QVERIFY(log->flush());
    const ToolHome::Run run = verify();
    QVERIFY2(run.code == 0, run.err.constData());
    QVERIFY(run.err.contains("500 events"));
    QVERIFY(log->append(entryOf(501)));
}

void TestAuditCommand::findsEvents()
{
    QVERIFY(fill(100));
    const auto query = [this](const QStringList &more) {
        return m_tool->run(QStringList{u"audit"_s, u"query"_s, m_options.path} + more);
    };
    QCOMPARE(query({}).out.count('\n'), 100);
    QCOMPARE(query({u"--limit"_s, u"5"_s}).out.count('\n'), 5);
    QCOMPARE(query({u"--user"_s, u"u-3"_s}).out.count('\n'), 14);
    QCOMPARE(query({u"--type"_s, u"closed"_s}).out.count('\n'), 10);
    QCOMPARE(query({u"--since"_s, u"2001-01-01T00:00:00Z"_s}).out.count('\n'), 100);
    QCOMPARE(query({u"--until"_s, u"2001-01-01T00:00:00Z"_s}).out.count('\n'), 0);
    QCOMPARE(query({u"--since"_s, u"yesterday"_s}).code, 2);
    const ToolHome::Run json = query({u"--json"_s, u"--user"_s, u"u-3"_s});
    const QList<QByteArray> lines = json.out.trimmed().split('\n');
    for (const QByteArray &line : lines)
        QCOMPARE(AuditEvent::fromBytes(line)->data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"u-3"_s);
}

void TestAuditCommand::exportsEachOnce()
{
    const QString file = m_tool->filePath(u"out.jsonl"_s);
    const auto exported = [&] { return m_tool->run({u"audit"_s, u"export"_s, m_options.path, u"--to"_s, file}); };
    QVERIFY(fill(120));
    QVERIFY(exported().err.contains("120 events"));
    {
        const std::unique_ptr<AuditLog> log = opened();
        for (int i = 0; i < 30; ++i)
            QVERIFY(log->append(entryOf(i)));
    }
    // As a crash between the events and the cursor leaves it.
    QFile out(file);
    QVERIFY(out.open(QIODevice::Append) && out.write("half a line") > 0);
    out.close();
    QVERIFY(exported().err.contains("30 events"));
    QVERIFY(exported().err.contains(" 0 events"));
    const ToolHome::Run run = m_tool->run({u"audit"_s, u"verify"_s, file});
    QVERIFY2(run.code == 0 && run.err.contains("150 events, 1 to 150"), run.err.constData());
    QVERIFY(out.resize(100));
    QCOMPARE(exported().code, 5);
}

// The collector is away in between; nothing is lost, and nothing comes twice.
void TestAuditCommand::exportsToOtlp()
{
    QVERIFY(Support::makeCertificates(m_tool->path()));
    Receiver collector(m_tool->path());
    collector.statuses = {200, 503};
    QVERIFY(fill(450));
    const auto exported = [&] {
        return m_tool->run({u"audit"_s, u"export"_s, m_options.path, u"--to"_s,
                            u"https://"_s + collector.address() + u"/v1/logs"_s, u"--cursor"_s, m_tool->filePath(u"cursor"_s),
                            u"--ca"_s, m_tool->filePath(u"ca.pem"_s)});
    };
    const ToolHome::Run away = exported();
    QVERIFY2(away.code != 0 && away.err.contains("answers 503"), away.err.constData());
    const ToolHome::Run back = exported();
    QVERIFY2(back.code == 0 && back.err.contains("250 events"), back.err.constData());
    quint64 expected = 1;
    for (const QByteArray &body : std::as_const(collector.bodies)) {
        const QJsonObject resource = QJsonDocument::fromJson(body).object().value("resourceLogs"_L1).toArray().first().toObject();
        const QJsonArray logs = resource.value("scopeLogs"_L1).toArray().first().toObject().value("logRecords"_L1).toArray();
        for (const QJsonValue &log : logs) {
            const QByteArray text = log.toObject().value("body"_L1).toObject().value("stringValue"_L1).toString().toUtf8();
            QCOMPARE(AuditEvent::fromBytes(text)->sequence, expected++);
            QVERIFY(log.toObject().value("timeUnixNano"_L1).toString().endsWith(u"000000"_s));
        }
    }
    QCOMPARE(expected, 451u);
    const ToolHome::Run untrusted =
        m_tool->run({u"audit"_s, u"export"_s, m_options.path, u"--to"_s, u"https://"_s + collector.address() + u"/v1/logs"_s,
                     u"--cursor"_s, m_tool->filePath(u"cursor2"_s)});
    QVERIFY(untrusted.code != 0);
}

void TestAuditCommand::exportsToSyslog()
{
    QVERIFY(Support::makeCertificates(m_tool->path()));
    Receiver server(m_tool->path());
    QVERIFY(fill(300));
    const ToolHome::Run run =
        m_tool->run({u"audit"_s, u"export"_s, m_options.path, u"--to"_s, u"tls://"_s + server.address(), u"--cursor"_s,
                     m_tool->filePath(u"cursor"_s), u"--ca"_s, m_tool->filePath(u"ca.pem"_s)});
    QVERIFY2(run.code == 0 && run.err.contains("300 events"), run.err.constData());
    QVERIFY(Support::waitUntil([&] { return server.received.contains("\"Connection 300.\""); }));
    // RFC 5425: the length, a blank, the message of RFC 5424.
    QByteArray rest = server.received;
    static const QRegularExpression head(
        u"^<1\\d\\d>1 \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z node watchword-gateway - conn\\.(opened|closed) - \uFEFF\\{"_s);
    quint64 expected = 1;
    while (!rest.isEmpty()) {
        const qsizetype blank = rest.indexOf(' ');
        const qsizetype size = rest.first(blank).toLongLong();
        const QByteArray message = rest.mid(blank + 1, size);
        QCOMPARE(message.size(), size);
        QVERIFY2(head.match(QString::fromUtf8(message)).hasMatch(), message.constData());
        QCOMPARE(AuditEvent::fromBytes(message.mid(message.indexOf('{')))->sequence, expected++);
        rest = rest.mid(blank + 1 + size);
    }
    QCOMPARE(expected, 301u);
}

void TestAuditCommand::saysWhatIsWrong()
{
    QCOMPARE(m_tool->run({u"audit"_s, u"export"_s, u"x"_s}).code, 2);
    QCOMPARE(m_tool->run({u"audit"_s}).code, 2);
    QCOMPARE(m_tool->run({u"audit"_s, u"burn"_s, u"x"_s}).code, 2);
    const ToolHome::Run missing = m_tool->run({u"audit"_s, u"verify"_s, m_tool->filePath(u"none"_s)});
    QVERIFY(missing.code != 0 && missing.err.contains("none"));
    QVERIFY(fill(3));
    QVERIFY(verify({u"--key"_s, u"junk"_s}).code != 0);
    const QByteArray other = NoteVerifier::fromKey("other", SigningKey::generate(u"EdDSA"_s)->publicKey())->toText();
    QCOMPARE(verify({u"--key"_s, QString::fromLatin1(other)}).code, 7);
}

WATCHWORD_TEST_MAIN(TestAuditCommand)
#include "tst_auditcommand.moc"
