// SPDX-License-Identifier: Apache-2.0
#include "peerfixture.h"
#include "visit.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>

namespace {

using namespace DoctorTest;
using PeerTest::Daemon;
using PeerTest::portThatIsFreeNow;
using PeerTest::programPath;
using PeerTest::writeFile;

constexpr char kIssuer[] = "https://login.example.com";
constexpr char kAudience[] = "wss://orders.example.com";

enum Peer { NpmWs, NpmWsWithJwt, PythonWebsockets, GraphqlWs, Nginx, Haproxy, Mosquitto };

} // namespace

/*!
    Servers that nobody here wrote, as they come. What is found at each is listed: a finding more is a false alarm, one less is a
    blind eye.
*/
class TestDoctorPeers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void asTheyCome_data();
    void asTheyCome();
    void ownersCanSaySo();

private:
    QByteArray path(const QString &name) const { return m_folder.filePath(name).toLocal8Bit(); }
    QUrl start(Peer peer);
    QUrl startNginx();
    QUrl startHaproxy();
    QUrl startMosquitto();
    QUrl behind(const QString &program, const QStringList &arguments, const QString &path, const QByteArray &configuration,
                quint16 port);
    std::optional<QString> node(const QString &script, const QStringList &arguments = {},
                                const QList<std::pair<QString, QString>> &environment = {});

    QTemporaryDir m_folder;
    QByteArray m_token;
    std::vector<std::unique_ptr<Support::ReadyProcess>> m_servers;
    std::unique_ptr<Daemon> m_daemon;
};

void TestDoctorPeers::initTestCase()
{
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    const QJsonObject jwk = key.publicKey().toPublicJson();
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    m_token = *signJwt(key, u"at+jwt"_s,
                       {{u"iss"_s, QString::fromLatin1(kIssuer)},
                        {u"aud"_s, QString::fromLatin1(kAudience)},
                        {u"sub"_s, u"user-1"_s},
                        {u"scope"_s, u"use"_s},
                        {u"iat"_s, now},
                        {u"exp"_s, now + 600}});
    QVERIFY(writeFile(m_folder.filePath(u"issuer.json"_s),
                      QJsonDocument(QJsonObject{{u"jwk"_s, jwk},
                                                {u"issuer"_s, QString::fromLatin1(kIssuer)},
                                                {u"audience"_s, QString::fromLatin1(kAudience)}})
                          .toJson()));
    QVERIFY(writeFile(m_folder.filePath(u"jwks.json"_s), QJsonDocument(QJsonObject{{u"keys"_s, QJsonArray{jwk}}}).toJson()));
    QVERIFY(writeFile(m_folder.filePath(u"issuer.key"_s), key.toPem().reveal().toByteArray()));
    QVERIFY(writeFile(m_folder.filePath(u"both.pem"_s),
                      PeerTest::readFile(m_folder.filePath(u"server.pem"_s))
                          + PeerTest::readFile(m_folder.filePath(u"server.key"_s))));
    QCOMPARE(QProcess::execute(u"openssl"_s,
                               {u"pkey"_s, u"-in"_s, m_folder.filePath(u"issuer.key"_s), u"-pubout"_s, u"-out"_s,
                                m_folder.filePath(u"issuer.pub"_s)}),
             0);
}

std::optional<QString> TestDoctorPeers::node(const QString &script, const QStringList &arguments,
                                             const QList<std::pair<QString, QString>> &environment)
{
    m_servers.push_back(std::make_unique<Support::ReadyProcess>());
    for (const auto &[name, value] : environment)
        m_servers.back()->setEnvironment(name, value);
    return m_servers.back()->start(
        u"node"_s, QStringList{QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/") + script} + arguments, u"READY "_s);
}

QUrl TestDoctorPeers::behind(const QString &program, const QStringList &arguments, const QString &path,
                             const QByteArray &configuration, quint16 port)
{
    m_daemon = std::make_unique<Daemon>();
    const bool isWritten = writeFile(m_folder.filePath(u"front.conf"_s), configuration);
    const bool isUp =
        isWritten && m_daemon->start(programPath(program), arguments + QStringList{m_folder.filePath(u"front.conf"_s)}, port);
    return isUp ? QUrl(u"wss://127.0.0.1:%1%2"_s.arg(port).arg(path)) : QUrl();
}

// As nginx's own page about auth_request has it.
QUrl TestDoctorPeers::startNginx()
{
    const auto verifier = node(u"jwt-verifier.mjs"_s,
                               {QString::fromLatin1(kIssuer), QString::fromLatin1(kAudience), m_folder.filePath(u"jwks.json"_s)});
    const auto upstream = node(u"ws-echo.mjs"_s, {}, {{u"PORT"_s, u"0"_s}});
    if (!verifier || !upstream)
        return {};
    const quint16 port = portThatIsFreeNow();
    QByteArray text = "daemon off; master_process off; pid " + path(u"pid"_s) + "; error_log " + path(u"err"_s)
        + "; events { worker_connections 64; }\nhttp { access_log off;\n";
    for (const char *kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        text += QByteArray(kind) + "_temp_path " + path(QString::fromLatin1(kind)) + ";\n";
    text += "server { listen 127.0.0.1:" + QByteArray::number(port) + " ssl; ssl_certificate " + path(u"server.pem"_s)
        + "; ssl_certificate_key " + path(u"server.key"_s)
        + ";\nlocation / { return 404; }\nlocation = /stream { auth_request /auth;"
        + " proxy_pass http://127.0.0.1:" + QByteArray::number(QUrl(*upstream).port())
        + "; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }\n"
          "location = /auth { internal; proxy_pass http://127.0.0.1:"
        + verifier->toLatin1() + "; proxy_pass_request_body off; proxy_set_header Content-Length \"\"; }\n} }\n";
    return behind(u"nginx"_s, {u"-p"_s, m_folder.path(), u"-e"_s, m_folder.filePath(u"err"_s), u"-c"_s}, u"/stream"_s, text,
                  port);
}

// With the functions for JWT that HAProxy has of its own.
QUrl TestDoctorPeers::startHaproxy()
{
    const auto upstream = node(u"ws-echo.mjs"_s, {}, {{u"PORT"_s, u"0"_s}});
    if (!upstream)
        return {};
    const quint16 port = portThatIsFreeNow();
    const QByteArray deny = " http-request deny deny_status 401 hdr WWW-Authenticate Bearer ";
    const QByteArray text =
        "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n timeout tunnel 1h\n"
        "frontend wss\n bind 127.0.0.1:"
        + QByteArray::number(port) + " ssl crt " + path(u"both.pem"_s)
        + "\n http-request deny deny_status 404 unless { path /stream }\n" + deny + "unless { http_auth_bearer -m found }\n"
        + " http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')\n"
          " http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')\n"
          " http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')\n"
          " http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')\n"
          " http-request set-var(txn.now) date()\n"
        + deny + "unless { var(txn.alg) -m str ES256 }\n" + deny + "unless { var(txn.iss) -m str " + kIssuer + " }\n" + deny
        + "unless { var(txn.aud) -m str " + kAudience + " }\n" + deny + "unless { http_auth_bearer,jwt_verify(txn.alg,\""
        + path(u"issuer.pub"_s) + "\") -m int 1 }\n" + deny
        + "if { var(txn.exp),sub(txn.now) -m int lt 0 }\n default_backend b\nbackend b\n server a 127.0.0.1:"
        + QByteArray::number(QUrl(*upstream).port()) + '\n';
    return behind(u"haproxy"_s, {u"-db"_s, u"-f"_s}, u"/stream"_s, text, port);
}

// It asks for name and password in MQTT's own first packet.
QUrl TestDoctorPeers::startMosquitto()
{
    const quint16 port = portThatIsFreeNow();
    if (!writeFile(m_folder.filePath(u"passwords"_s), "nobody:$7$101$c2FsdHNhbHQ=$aGFzaA==\n"))
        return {};
    // Version 2.0.11 does not start with WebSocket listeners alone, hence the socket.
    return behind(u"mosquitto"_s, {u"-c"_s}, u"/mqtt"_s,
                  "per_listener_settings false\nallow_anonymous false\nuser root\npassword_file " + path(u"passwords"_s)
                      + "\nlistener 0 " + path(u"mqtt.sock"_s) + "\nlistener " + QByteArray::number(port)
                      + "\nsocket_domain ipv4\nprotocol websockets\ncertfile " + path(u"server.pem"_s) + "\nkeyfile "
                      + path(u"server.key"_s) + '\n',
                  port);
}

QUrl TestDoctorPeers::start(Peer peer)
{
    const QString certificate = m_folder.filePath(u"server.pem"_s);
    const QString key = m_folder.filePath(u"server.key"_s);
    const QList<std::pair<QString, QString>> tls{{u"TLS_CERT"_s, certificate}, {u"TLS_KEY"_s, key}};
    const QString token = QString::fromLatin1(m_token);
    std::optional<QString> url;
    switch (peer) {
    case NpmWs:
        url = node(u"ws-echo.mjs"_s, {}, tls + QList<std::pair<QString, QString>>{{u"PORT"_s, u"0"_s}, {u"BEARER"_s, token}});
        break;
    case NpmWsWithJwt:
        url = node(u"ws-jwt.mjs"_s, {m_folder.path()});
        break;
    case PythonWebsockets:
        m_servers.push_back(std::make_unique<Support::ReadyProcess>());
        url = m_servers.back()->start(
            u"/usr/bin/python3"_s,
            {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/websockets-echo.py"), certificate, key, token}, u"READY "_s);
        break;
    case GraphqlWs:
        url = node(u"graphql-server.mjs"_s, {}, tls + QList<std::pair<QString, QString>>{{u"TOKENS"_s, token}});
        break;
    case Nginx:
        return startNginx();
    case Haproxy:
        return startHaproxy();
    case Mosquitto:
        return startMosquitto();
    }
    return QUrl(url.value_or(QString()));
}

void TestDoctorPeers::asTheyCome_data()
{
    QTest::addColumn<int>("peer");
    QTest::addColumn<QString>("findings");
    // Nobody asks for an Origin, few say what is wrong with a token or whom to tell of a hole. Node.js waits a minute for a
    // request and takes the first of two Authorization fields; ws takes the first subprotocol that is offered.
    QTest::newRow("npm ws") << int(NpmWs) << u"A3 warn, G1 warn, G2 warn, G3 warn, H11 fail, O1 fail, P1 fail, S2 warn"_s;
    QTest::newRow("npm ws with a JWT") << int(NpmWsWithJwt) << u"G2 warn, H11 fail, O1 fail, P1 fail, S2 warn"_s;
    // It reads lines up to 8 KiB, compresses for whoever offers it, and answers two Authorization fields with an exception (500).
    QTest::newRow("python3-websockets") << int(PythonWebsockets)
                                        << u"A3 warn, C1 warn, G2 warn, G3 warn, H11 warn, O1 fail, S2 warn, X5 warn"_s;
    QTest::newRow("graphql-ws") << int(GraphqlWs) << u"O1 fail, S2 warn"_s;
    // Lines up to 8 KiB, and version 1.22 offers TLS 1.3 only if told. The subprotocol is chosen by the server behind it.
    QTest::newRow("nginx auth_request") << int(Nginx) << u"G2 warn, G3 warn, O1 fail, P1 fail, S2 warn, T3 warn, X5 warn"_s;
    // Its http_auth_bearer looks at the first of two fields.
    QTest::newRow("HAProxy jwt_verify") << int(Haproxy) << u"G1 warn, G2 warn, G3 warn, H11 fail, O1 fail, P1 fail, S2 warn"_s;
    // libwebsockets upgrades version 7, takes frames without mask and texts that are not UTF-8, and ends half a request in time.
    QTest::newRow("mosquitto") << int(Mosquitto) << u"A3 warn, F1 fail, F2 fail, H1 fail, O1 fail, X2 fail, X5 warn"_s;
}

void TestDoctorPeers::asTheyCome()
{
    QFETCH(int, peer);
    QFETCH(QString, findings);
    m_daemon.reset();
    m_servers.clear();
    const QUrl url = start(Peer(peer));
    REQUIRE_COMPONENT(!url.isEmpty(), "npm, python3-websockets, nginx, haproxy or mosquitto");
    DoctorOptions options = quickOptions(url, m_folder.filePath(u"ca.pem"_s));
    if (peer != Mosquitto)
        options.token = Secret::copy(m_token);
    if (peer == GraphqlWs)
        options.tokenWay = DoctorOptions::TokenWay::GraphqlTransportWs;
    options.headDeadline = peer == Mosquitto ? 25s : (peer == GraphqlWs ? 5s : 2s); // graphql-ws waits for 3 s
    Doctor doctor(options);
    doctor.start();
    QVERIFY(waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s));
    QStringList problems = problemsOf(doctor.report());
    if (peer == Nginx && problems.join(u", "_s) != findings) // from 1.23.4 on TLS 1.3 is among what is offered
        findings.remove(u"T3 warn, "_s);
    if (problems.join(u", "_s) != findings) {
        for (const Finding &finding : doctor.report().findings)
            qInfo("%s %s %s %s", qPrintable(finding.checkId), qPrintable(nameOf(finding.verdict)), qPrintable(finding.summary),
                  qPrintable(finding.evidence.join(u" | "_s)));
    }
    QCOMPARE(problems.join(u", "_s), findings);
    QVERIFY(doctor.report().isComplete);
    for (const Finding &finding : doctor.report().findings)
        QVERIFY(!finding.evidence.join(u' ').contains(u"eyJ"_s));
}

/*
    0.0.0.0 leads to this machine, too, but is no name of it: the doctor asks for a sign, as of any host. Only the line for this
    very endpoint is one.
*/
void TestDoctorPeers::ownersCanSaySo()
{
    m_servers.clear();
    const auto upstream = node(u"ws-echo.mjs"_s, {}, {{u"PORT"_s, u"0"_s}});
    QTemporaryDir folder;
    const QString certificate = folder.filePath(u"any.pem"_s);
    const bool isMade =
        QProcess::execute(u"openssl"_s,
                          {u"req"_s, u"-x509"_s, u"-newkey"_s, u"ec"_s, u"-pkeyopt"_s, u"ec_paramgen_curve:P-256"_s, u"-nodes"_s,
                           u"-days"_s, u"2"_s, u"-subj"_s, u"/CN=any"_s, u"-addext"_s, u"subjectAltName=IP:0.0.0.0"_s,
                           u"-keyout"_s, folder.filePath(u"any.key"_s), u"-out"_s, certificate})
        == 0;
    QVERIFY(isMade && QDir(folder.path()).mkdir(u".well-known"_s));
    const quint16 port = portThatIsFreeNow();
    QByteArray text = "daemon off; master_process off; pid " + path(u"pid"_s) + "; error_log " + path(u"err"_s)
        + "; events { worker_connections 512; }\nhttp { access_log off;\n";
    for (const char *kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        text += QByteArray(kind) + "_temp_path " + path(QString::fromLatin1(kind)) + ";\n";
    text += "server { listen 127.0.0.1:" + QByteArray::number(port) + " ssl; ssl_certificate " + certificate.toLocal8Bit()
        + "; ssl_certificate_key " + folder.filePath(u"any.key"_s).toLocal8Bit() + "; root " + folder.path().toLocal8Bit()
        + ";\nlocation = /stream { if ($http_authorization = \"\") { return 401; } proxy_pass http://127.0.0.1:"
        + QByteArray::number(QUrl(upstream.value_or(QString())).port())
        + "; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }\n} }\n";
    const bool isUp = upstream
        && !behind(u"nginx"_s, {u"-p"_s, m_folder.path(), u"-e"_s, m_folder.filePath(u"err"_s), u"-c"_s}, u"/stream"_s, text,
                   port)
                .isEmpty();
    REQUIRE_COMPONENT(isUp, "nginx, or the npm packages of tests/peers");
    const auto limited = [&] {
        DoctorOptions options = quickOptions(QUrl(u"wss://0.0.0.0:%1/stream"_s.arg(port)), certificate);
        options.token = Secret::copy(m_token);
        options.intrusive = true;
        options.requestBudget = 160;
        options.headDeadline = 1s;
        Doctor doctor(options);
        doctor.start();
        return waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s) ? summaryOf(doctor.report(), u"L2"_s)
                                                                                     : QString();
    };
    const QString asked = limited();
    static const QRegularExpression line(u"the line (watchword-doctor=[0-9a-f]{32}) at /.well-known/watchword-doctor$"_s);
    const QRegularExpressionMatch match = line.match(asked);
    QVERIFY2(match.hasMatch() && asked.startsWith(u"skip: "_s), qPrintable(asked));
    const QString place = folder.filePath(u".well-known/watchword-doctor"_s);
    QVERIFY(writeFile(place, "watchword-doctor=" + QByteArray(32, '0') + '\n')); // of another endpoint
    QCOMPARE(limited(), asked);
    QVERIFY(writeFile(place, match.captured(1).toLatin1() + '\n'));
    const QString examined = limited();
    QVERIFY2(examined.startsWith(u"warn: "_s), qPrintable(examined)); // nginx counts nothing by itself
}

WATCHWORD_TEST_MAIN(TestDoctorPeers)
#include "tst_doctorpeers.moc"
