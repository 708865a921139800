// SPDX-License-Identifier: Apache-2.0
#include "hostileserver.h"
#include "support/sanitizer.h"
#include "visit.h"
#include "watchword/doctor/reportwriter.h"

#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QXmlStreamReader>

using namespace DoctorTest;

namespace {

// "eyJ" alone may be anywhere in what is random and in Base64: these are {"alg, {"typ, {"kid, and the claims behind a header.
bool holdsToken(const QByteArray &text)
{
    return text.contains("eyJhbGc") || text.contains("eyJ0eXA") || text.contains("eyJraWQ") || text.contains(".eyJ");
}

const QByteArray kEscape = "\x1b]0;owned\x07\x1b[2J\x1b[31m\xe2\x80\xae";

// Each writer has signs of its own: of HTML, XML, Markdown, SARIF's links, and of the places in a QString.
constexpr char kMarkup[] =
    "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"<script>alert(1)</script>\"\r\nX-A: ]]>&<b>%1%2%3\r\n"
    "Connection: close\r\n\r\n```\n# owned\n[x](javascript:alert(1)) ![y](https://evil.example/p.png) | a | b |\n"
    "<img src=x onerror=alert(1)>\"'--></style><script>alert(2)</script>";

constexpr char kRefreshCanary[] = "refresh-canary-0123456789";
constexpr char kAuditCanary[] = "audit-canary-0123456789";

qint64 memoryInUse()
{
    QFile status(u"/proc/self/status"_s);
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = status.readAll().split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith("VmRSS:"))
            return line.simplified().split(' ').value(1).toLongLong() * 1024;
    }
    return 0;
}

} // namespace

/*! Servers that want the doctor to hang, to crash, to run out of memory, or to write on somebody's terminal. */
class TestHostileServers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void endsAndShowsNothing_data();
    void endsAndShowsNothing();
    void oddCertificates_data();
    void oddCertificates();
    void sendsNothingElsewhere_data();
    void sendsNothingElsewhere();

private:
    DoctorOptions optionsFor(const HostileServer &server) const;
    static std::vector<DoctorOptions> everyMode(const DoctorOptions &options);
    static std::vector<std::unique_ptr<Doctor>> examined(const std::vector<DoctorOptions> &modes);
    static void verifyFormat(ReportFormat format, const QByteArray &text);
    static void verifyHarmless(const Doctor &doctor, const DoctorOptions &options);

    QTemporaryDir m_folder;
    SigningKey m_key;
};

DoctorOptions TestHostileServers::optionsFor(const HostileServer &server) const
{
    DoctorOptions options =
        quickOptions(QUrl(u"wss://127.0.0.1:%1/v1/stream"_s.arg(server.serverPort())), m_folder.filePath(u"ca.pem"_s));
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    options.token = Secret::copy(
        *signJwt(m_key, u"at+jwt"_s, {{u"sub"_s, u"user-1"_s}, {u"scope"_s, u"use"_s}, {u"iat"_s, now}, {u"exp"_s, now + 300}}));
    options.signingKey = m_key;
    options.patience = 300ms;
    options.headDeadline = 1s;
    options.expiryDeadline = 4s;
    options.timeBudget = 6s;
    return options;
}

// Header, the other four ways of a token, with an issuer and an audit, and with all that is intrusive.
std::vector<DoctorOptions> TestHostileServers::everyMode(const DoctorOptions &options)
{
    using Way = DoctorOptions::TokenWay;
    std::vector<DoctorOptions> modes;
    for (const Way way : {Way::Header, Way::Subprotocol, Way::FirstMessage, Way::GraphqlTransportWs, Way::Centrifugo}) {
        modes.push_back(options);
        modes.back().tokenWay = way;
    }
    DoctorOptions whole = options;
    whole.issuer = QUrl(u"https://127.0.0.1:%1/realm"_s.arg(options.endpoint.port()));
    whole.clientId = u"app"_s;
    whole.refreshToken = Secret::copy(kRefreshCanary);
    whole.auditToken = Secret::copy(kAuditCanary);
    whole.asksForStepUp = true;
    modes.push_back(whole);
    whole.intrusive = true;
    whole.requestBudget = 160;
    modes.push_back(whole);
    return modes;
}

std::vector<std::unique_ptr<Doctor>> TestHostileServers::examined(const std::vector<DoctorOptions> &modes)
{
    std::vector<std::unique_ptr<Doctor>> doctors;
    for (const DoctorOptions &mode : modes) {
        doctors.push_back(std::make_unique<Doctor>(mode));
        doctors.back()->start();
    }
    const bool areDone = waitUntil(
        [&] {
            return std::all_of(doctors.begin(), doctors.end(),
                               [](const auto &doctor) { return doctor->state() == Doctor::State::Done; });
        },
        60s);
    if (!areDone)
        qWarning("a doctor does not end");
    return doctors;
}

void TestHostileServers::verifyHarmless(const Doctor &doctor, const DoctorOptions &options)
{
    ReportStyle style;
    style.width = 100;
    style.baseline = Report();
    // Every check has ended, and none of them in more steps than it may take.
    QCOMPARE(doctor.report().findings.size(), Check::all().size());
    QVERIFY2(doctor.report().requests <= options.requestBudget, qPrintable(QString::number(doctor.report().requests)));
    for (const ReportFormat format : {ReportFormat::Text, ReportFormat::Json, ReportFormat::Sarif, ReportFormat::JUnit,
                                      ReportFormat::Markdown, ReportFormat::Html}) {
        const QByteArray text = writeReport(doctor.report(), format, style);
        QVERIFY(!text.contains('\x1b') && !text.contains('\x07') && !text.contains("\xe2\x80\xae"));
        QVERIFY(!text.contains("canary") && !holdsToken(text));
        for (const QByteArray &part : options.token.reveal().toByteArray().split('.'))
            QVERIFY(!text.contains(part));
        QVERIFY(text.size() < 1024 * 1024);
        verifyFormat(format, text);
    }
}

// What a server said is text in each format, and nothing else.
void TestHostileServers::verifyFormat(ReportFormat format, const QByteArray &text)
{
    switch (format) {
    case ReportFormat::Json:
    case ReportFormat::Sarif:
        QVERIFY(QJsonDocument::fromJson(text).isObject());
        break;
    case ReportFormat::JUnit: {
        QXmlStreamReader xml(text);
        while (!xml.atEnd())
            xml.readNext();
        QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
        break;
    }
    case ReportFormat::Html:
        for (const char *tag : {"<script", "<img", "<b>%", "onerror=alert(1)>", "href=\"javascript"})
            QVERIFY2(!text.contains(tag), tag);
        QCOMPARE(text.count("</style>"), 1);
        break;
    case ReportFormat::Markdown: {
        // Outside of fences nothing of it is a sign that is not escaped.
        static const QRegularExpression escaped(u"\\\\."_s);
        constexpr int kMostColumns = 5; // of the table of grades
        bool isFenced = false;
        const QStringList lines = QString::fromUtf8(text).split(u'\n');
        for (const QString &line : lines) {
            const QString rest = QString(line).remove(escaped);
            if (line.startsWith("```"_L1))
                isFenced = !isFenced;
            else if (!isFenced)
                QVERIFY2(!rest.startsWith("# owned"_L1) && !rest.contains("]("_L1) && !rest.contains(u'<')
                             && rest.count(u'|') <= kMostColumns + 1,
                         qPrintable(line));
        }
        QVERIFY(!isFenced);
        break;
    }
    case ReportFormat::Text:
        break;
    }
}

void TestHostileServers::initTestCase()
{
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
    m_key = *SigningKey::generate(u"ES256"_s);
}

void TestHostileServers::endsAndShowsNothing_data()
{
    QTest::addColumn<QByteArray>("first");
    QTest::addColumn<QByteArray>("again");
    QTest::addColumn<int>("pauseMs");
    const QByteArray switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    const QByteArray huge = QByteArray::fromHex("827f0000000080000000");
    QTest::newRow("endless headers") << QByteArray("HTTP/1.1 200 OK\r\n") << ("X-A: " + QByteArray(8000, 'a') + "\r\n") << 0;
    QTest::newRow("one endless header line") << QByteArray("HTTP/1.1 200 OK\r\nX-A: ") << QByteArray(65536, 'a') << 0;
    QTest::newRow("2 GiB frame") << QByteArray(switched + huge) << QByteArray(65536, 'x') << 0;
    QTest::newRow("endless messages") << switched << QByteArray::fromHex("8105") + "hello" + QByteArray::fromHex("8900") << 0;
    QTest::newRow("fragments without end") << switched + QByteArray::fromHex("0100") << QByteArray::fromHex("0000").repeated(2000)
                                           << 0;
    QTest::newRow("slow drip") << QByteArray("H") << QByteArray("T") << 40;
    QTest::newRow("slow headers") << QByteArray("HTTP/1.1 401 U\r\n") << QByteArray("A: b\r\n") << 40;
    QTest::newRow("endless body") << QByteArray("HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer\r\n\r\n") << QByteArray(65536, 'b')
                                  << 0;
    QTest::newRow("endless interim answers") << QByteArray() << QByteArray("HTTP/1.1 103 Early Hints\r\n\r\n") << 0;
    QTest::newRow("redirects in a circle") << QByteArray(
        "HTTP/1.1 302 Found\r\nLocation: /v1/stream\r\nContent-Length: 0\r\n\r\n")
                                           << QByteArray() << 0;
    QTest::newRow("silence") << QByteArray() << QByteArray() << 0;
    QTest::newRow("terminal codes") << "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer\r\nContent-Length: 230\r\n\r\n" + kEscape
            + QByteArray(206, '.') << QByteArray()
                                    << 0;
    QTest::newRow("10,000 headers") << QByteArray("HTTP/1.1 401 U\r\n") + QByteArray("X-A: b\r\n").repeated(10'000) + "\r\n"
                                    << QByteArray() << 0;
    QTest::newRow("one byte a second") << QByteArray("HTTP/1.1 401 U\r\nWWW-Authenticate: Bear") << QByteArray("e") << 1000;
    QTest::newRow("terminal codes in headers") << "HTTP/1.1 401 " + kEscape + "\r\nWWW-Authenticate: Bearer realm=\"" + kEscape
            + "\"\r\nX-" + kEscape.mid(0, 3) + ": " + kEscape + "\r\nLocation: javascript:alert(1)\r\nContent-Length: 0\r\n\r\n"
                                               << QByteArray() << 0;
    QTest::newRow("terminal codes in a subprotocol")
        << "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: " + kEscape
            + "\r\nSec-WebSocket-Extensions: " + kEscape + "\r\n\r\n"
        << QByteArray() << 0;
    QTest::newRow("markup") << QByteArray(kMarkup) << QByteArray() << 0;
    QTest::newRow("says that it is compressed")
        << "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
            + QByteArray::fromHex("1f8b0800000000000003")
        << QByteArray(65536, '\0') << 0;
    QTest::newRow("discovery and keys without end")
        << QByteArray("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            + "e\r\n{\"keys\":[{\"a\":\r\n"
        << "1000\r\n" + QByteArray(4096, '[') + "\r\n"
        << 0;
    QTest::newRow("sizes that are none") << QByteArray(
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\nContent-Length: -1\r\n\r\n{}")
                                         << QByteArray() << 0;
    QTest::newRow("terminal codes in a close")
        << switched + QByteArray::fromHex("8817 03f0") + kEscape.left(21) << QByteArray() << 0;
}

void TestHostileServers::endsAndShowsNothing()
{
    QFETCH(QByteArray, first);
    QFETCH(QByteArray, again);
    QFETCH(int, pauseMs);
    HostileServer server(m_folder.path(), first, again, std::chrono::milliseconds(pauseMs));
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const std::vector<DoctorOptions> modes = everyMode(optionsFor(server));
    const qint64 before = memoryInUse();
    QElapsedTimer time;
    time.start();
    const auto doctors = examined(modes);
    QVERIFY2(time.elapsed() < 30'000, qPrintable(QString::number(time.elapsed())));
    if (!Support::kMemoryIsOdd)
        QVERIFY2(memoryInUse() - before < 128 * 1024 * 1024, qPrintable(QString::number(memoryInUse() - before)));
    for (std::size_t i = 0; i < doctors.size(); ++i)
        verifyHarmless(*doctors[i], modes[i]);
    int allowed = 0;
    for (const DoctorOptions &mode : modes)
        allowed += mode.requestBudget;
    QVERIFY2(server.answered() >= int(modes.size()), qPrintable(QString::number(server.answered()))); // it had its chance
    QVERIFY2(server.accepted() <= allowed, qPrintable(QString::number(server.accepted())));
}

void TestHostileServers::oddCertificates_data()
{
    QTest::addColumn<QString>("subject");
    QTest::newRow("terminal codes") << u"/CN=\x1b]0;owned\x07\x1b[2J"_s;
    QTest::newRow("other direction") << u"/CN=\u202e127.0.0.1"_s;
    QTest::newRow("markup") << u"/O=<script>alert(1)<\\/script>/CN=*.*"_s;
    QTest::newRow("empty name") << u"/O=."_s;
    QTest::newRow("long") << u"/CN="_s + QString(64, u'a') + u"/O="_s + QString(64, u'b');
}

void TestHostileServers::oddCertificates()
{
    QFETCH(QString, subject);
    QTemporaryDir folder;
    QProcess openssl;
    openssl.start(u"openssl"_s,
                  {u"req"_s, u"-x509"_s, u"-newkey"_s, u"ec"_s, u"-pkeyopt"_s, u"ec_paramgen_curve:P-256"_s, u"-nodes"_s,
                   u"-utf8"_s, u"-days"_s, u"2"_s, u"-subj"_s, subject, u"-keyout"_s, folder.filePath(u"server.key"_s), u"-out"_s,
                   folder.filePath(u"server.pem"_s)});
    QVERIFY(openssl.waitForFinished(30'000));
    QVERIFY2(openssl.exitCode() == 0, openssl.readAllStandardError().constData());
    HostileServer server(folder.path(), "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", {}, {});
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const std::vector<DoctorOptions> modes = everyMode(optionsFor(server));
    const auto doctors = examined(modes);
    for (std::size_t i = 0; i < doctors.size(); ++i) {
        verifyHarmless(*doctors[i], modes[i]);
        QVERIFY(summaryOf(doctors[i]->report(), u"T4"_s).startsWith(u"fail"_s));
        QVERIFY(!writeReport(doctors[i]->report(), ReportFormat::Html, {}).contains("<script>"));
    }
    QCOMPARE(server.heard(), QByteArray()); // not a byte of a request before the certificate is trusted
}

void TestHostileServers::sendsNothingElsewhere_data()
{
    QTest::addColumn<QByteArray>("answer");
    // PLACE is another server, at the same address and another port.
    QTest::newRow("redirect") << QByteArray(
        "HTTP/1.1 307 Temporary\r\nLocation: https://PLACE/v1/stream\r\nContent-Length: 0\r\n\r\n");
    QTest::newRow("challenge") << QByteArray("HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"a\", "
                                             "resource_metadata=\"https://PLACE/\"\r\nContent-Length: 0\r\n\r\n");
    QTest::newRow("problem type") << QByteArray(
        "HTTP/1.1 403 F\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
        "{\"type\":\"https://PLACE/problem\",\"title\":\"no\"}");
    QTest::newRow("other service") << QByteArray("HTTP/1.1 401 U\r\nAlt-Svc: h2=\"PLACE\"\r\nRefresh: 0; url=https://PLACE/\r\n"
                                                 "Content-Length: 0\r\n\r\n");
}

void TestHostileServers::sendsNothingElsewhere()
{
    QFETCH(QByteArray, answer);
    HostileServer other(m_folder.path(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {}, {});
    QVERIFY(other.listen(QHostAddress::LocalHost));
    answer.replace("PLACE", "127.0.0.1:" + QByteArray::number(other.serverPort()));
    HostileServer server(m_folder.path(), answer, {}, {});
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const std::vector<DoctorOptions> modes = everyMode(optionsFor(server));
    const auto doctors = examined(modes);
    for (std::size_t i = 0; i < doctors.size(); ++i)
        verifyHarmless(*doctors[i], modes[i]);
    QCOMPARE(other.accepted(), 0);
    QVERIFY(server.answered() > 0);
    // The refresh token of the session is the issuer's, and the issuer did not say where it takes it.
    QVERIFY(!server.heard().contains(kRefreshCanary));
}

WATCHWORD_TEST_MAIN(TestHostileServers)
#include "tst_hostileservers.moc"
