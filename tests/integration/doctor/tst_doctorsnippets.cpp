// SPDX-License-Identifier: Apache-2.0
#include "peerfixture.h"
#include "visit.h"

#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>

#include <map>

namespace {

using namespace DoctorTest;

const QString kPages = QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/practices");
const QString kIssuer = QStringLiteral("https://login.example.com");
const QString kAudience = QStringLiteral("wss://orders.example.com");

// A flaw of the server behind, which the proxy before it mends.
struct Case
{
    const char *front;
    const char *flaw;
    const char *finding;
    const char *page; // of the guide, whose lines mend it
};

// How much of the guide is written into the proxy.
enum class Lines { None, OfThePage, All };
constexpr Lines kLines[] = {Lines::None, Lines::OfThePage, Lines::All};
constexpr Case kCases[] = {
    {"nginx", "origin-unchecked", "O1 fail", "origin"},
    {"nginx", "identity-headers", "X1 fail", "private-endpoints"},
    {"nginx", "slow-heads", "S2 warn", "limits"},
    {"nginx", "token-in-url", "H10 fail", "tokens"},
    {"nginx", "url-takes-jwt", "H10 fail", "tokens"},
    {"nginx", "limited-no-guesses", "L3 warn", "limits"},
    {"nginx", "limited-no-retry", "L4 warn", "limits"},
    {"haproxy", "origin-suffix", "O3 fail", "origin"},
    {"haproxy", "identity-headers", "X1 fail", "private-endpoints"},
    {"haproxy", "slow-heads", "S2 warn", "limits"},
    {"haproxy", "token-in-url", "H10 fail", "tokens"},
    {"haproxy", "two-tokens", "H11 fail", "tokens"},
    {"haproxy", "open", "H1 fail", "validation"},
    {"haproxy", "alg-none", "H4 fail", "validation"},
    {"haproxy", "signature-unchecked", "H6 fail", "validation"},
    {"haproxy", "expired-accepted", "H2 fail", "validation"},
    {"haproxy", "nbf-ignored", "H3 fail", "validation"},
    {"haproxy", "audience-ignored", "H7 fail", "validation"},
    {"haproxy", "issuer-ignored", "H8 fail", "validation"},
    {"haproxy", "limited-no-guesses", "L3 warn", "limits"},
    {"haproxy", "limited-no-retry", "L4 warn", "limits"},
    {"haproxy", "type-ignored", "H12 fail", "validation"},
    {"haproxy", "key-confusion", "H5 fail", "validation"},
    {"haproxy", "embedded-key", "H9 fail", "validation"},
    {"haproxy", "scope-unchecked", "A1 fail", "validation"},
    {"haproxy", "any-path", "A3 warn", "private-endpoints"},
    {"haproxy", "verbose-library", "H13 fail", "validation"},
    {"haproxy", "url-takes-jwt", "H10 fail", "tokens"},
};
constexpr int kAtOnce = 6;

} // namespace

/*!
    What the guide tells to write into a proxy or into our gateway does what it says: before it the doctor finds the flaw, and
    with it nothing. There is no Envoy here to run: what is written for it is judged by its own protocol buffers.
*/
class TestDoctorSnippets : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void mendsWhatIsBehind_data();
    void mendsWhatIsBehind();
    void envoyReadsIt();
    void configurationsAreWhole_data();
    void configurationsAreWhole();
    void gatewayHasIt_data();
    void gatewayHasIt();

private:
    struct Visit
    {
        QString name;
        std::unique_ptr<QTemporaryDir> folder;
        std::unique_ptr<PeerTest::Daemon> daemon;
        std::unique_ptr<Doctor> doctor;
    };
    //! All blocks of \a pages in \a language whose first line names \a place.
    static QStringList pagesInOrder();
    static QByteArray snippets(const QStringList &pages, const QString &language, const QString &place);
    QByteArray nginx(quint16 port, quint16 upstream, const QString &folder, const QStringList &pages) const;
    QByteArray haproxy(quint16 port, quint16 upstream, const QStringList &pages) const;
    DoctorOptions options(const QUrl &url, const Case &one, Lines lines) const;
    QByteArray token(const QString &scope) const;
    void visit(const Case &one, Lines lines, const std::function<void()> &done);

    QTemporaryDir m_folder;
    SigningKey m_key;
    Support::ReadyProcess m_zoo;
    QJsonObject m_ports;
    std::vector<std::unique_ptr<Visit>> m_visits;
    std::map<QString, Report> m_reports; // of "front flaw", "front flaw alone" and "front flaw mended"
};

QByteArray TestDoctorSnippets::token(const QString &scope) const
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    return *signJwt(m_key, u"at+jwt"_s,
                    {{u"iss"_s, kIssuer},
                     {u"aud"_s, kAudience},
                     {u"sub"_s, u"user-1"_s},
                     {u"scope"_s, scope},
                     {u"iat"_s, now},
                     {u"exp"_s, now + 300}});
}

DoctorOptions TestDoctorSnippets::options(const QUrl &url, const Case &one, Lines lines) const
{
    DoctorOptions options = quickOptions(url, m_folder.filePath(u"ca.pem"_s));
    options.token = Secret::take(token(u"use"_s));
    options.signingKey = m_key;
    options.pace = 40ms;
    options.requestBudget = 60; // with the key, and room for every name of a token in the URL
    options.headDeadline = lines == Lines::None ? 2s : 10s; // nginx waits for a minute
    if (QByteArrayView(one.flaw).startsWith("limited-")) {
        options.intrusive = true;
        options.requestBudget = 190;
        options.pace = 100ms; // the limits of the guide are for more than one client, but not for a flood
    }
    return options;
}

void TestDoctorSnippets::initTestCase()
{
    REQUIRE_COMPONENT(!PeerTest::programPath(u"nginx"_s).isEmpty(), "nginx");
    REQUIRE_COMPONENT(!PeerTest::programPath(u"haproxy"_s).isEmpty(), "haproxy");
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
    m_key = *SigningKey::generate(u"ES256"_s);
    const QJsonObject issuer{{u"jwk"_s, m_key.publicKey().toPublicJson()}, {u"issuer"_s, kIssuer}, {u"audience"_s, kAudience}};
    QVERIFY(PeerTest::writeFile(m_folder.filePath(u"issuer.json"_s), QJsonDocument(issuer).toJson()));
    QVERIFY(PeerTest::writeFile(m_folder.filePath(u"issuer.key"_s), m_key.toPem().reveal().toByteArray()));
    QCOMPARE(QProcess::execute(u"openssl"_s,
                               {u"pkey"_s, u"-in"_s, m_folder.filePath(u"issuer.key"_s), u"-pubout"_s, u"-out"_s,
                                m_folder.filePath(u"issuer.pem"_s)}),
             0);
    QVERIFY(PeerTest::writeFile(m_folder.filePath(u"both.pem"_s),
                                PeerTest::readFile(m_folder.filePath(u"server.pem"_s))
                                    + PeerTest::readFile(m_folder.filePath(u"server.key"_s))));
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "the npm packages of tests/peers");
    QStringList arguments{QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/zoo.mjs"), m_folder.path()};
    for (const Case &one : kCases)
        arguments.append(QString::fromLatin1(one.flaw));
    const auto ready = m_zoo.start(u"node"_s, arguments, u"READY "_s);
    QVERIFY(ready);
    m_ports = QJsonDocument::fromJson(ready->toUtf8()).object();
    // They mostly wait: several at once, and not one after the other.
    constexpr std::size_t kVisits = std::size(kLines) * std::size(kCases);
    std::size_t next = 0;
    std::size_t done = 0;
    const std::function<void()> begin = [&] {
        if (next == kVisits)
            return;
        const std::size_t turn = next++;
        // Two visits of one server, which limits what both do together, are never at once.
        visit(kCases[turn % std::size(kCases)], kLines[turn / std::size(kCases)], [&] {
            ++done;
            begin();
        });
    };
    for (int i = 0; i < kAtOnce; ++i)
        begin();
    QVERIFY(waitUntil([&] { return done == kVisits; }, 300s));
    m_visits.clear();
}

void TestDoctorSnippets::visit(const Case &one, Lines lines, const std::function<void()> &done)
{
    const bool isNginx = QLatin1StringView(one.front) == "nginx"_L1;
    auto visit = std::make_unique<Visit>();
    visit->name = QString::fromLatin1(one.front) + u' ' + QString::fromLatin1(one.flaw)
        + (lines == Lines::None ? QString() : (lines == Lines::OfThePage ? u" alone"_s : u" mended"_s));
    QStringList pages;
    if (lines == Lines::OfThePage)
        pages = QStringList{QString::fromLatin1(one.page) + u".md"_s};
    if (lines == Lines::All)
        pages = pagesInOrder();
    visit->folder = std::make_unique<QTemporaryDir>();
    visit->daemon = std::make_unique<PeerTest::Daemon>();
    const quint16 port = PeerTest::portThatIsFreeNow();
    const quint16 upstream = quint16(m_ports.value(QLatin1StringView(one.flaw)).toInt());
    const QString file = visit->folder->filePath(u"front.conf"_s);
    const QString log = visit->folder->filePath(u"front.err"_s);
    PeerTest::writeFile(file, isNginx ? nginx(port, upstream, visit->folder->path(), pages) : haproxy(port, upstream, pages));
    QStringList arguments{u"-db"_s, u"-f"_s, file};
    if (isNginx)
        arguments = QStringList{u"-p"_s, visit->folder->path(), u"-e"_s, log, u"-c"_s, file};
    const bool isUp = visit->daemon->start(PeerTest::programPath(QString::fromLatin1(one.front)), arguments, port);
    visit->doctor = std::make_unique<Doctor>(
        options(QUrl(u"wss://127.0.0.1:%1/v1/stream"_s.arg(isUp ? port : 1)), one, lines)); // nobody listens at 1
    Visit *raw = visit.get();
    connect(
        raw->doctor.get(), &Doctor::finished, this,
        [this, raw, done] {
            m_reports.emplace(raw->name, raw->doctor->report());
            raw->daemon->stop();
            done();
        },
        Qt::QueuedConnection);
    raw->doctor->start();
    m_visits.push_back(std::move(visit));
}

// As the guide says that they have to follow each other.
QStringList TestDoctorSnippets::pagesInOrder()
{
    const QString text = QString::fromUtf8(PeerTest::readFile(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/practices.md")));
    static const QRegularExpression order(u"in this order: ([^.]+)\\."_s);
    QStringList pages = order.match(text).captured(1).simplified().split(u", "_s);
    for (QString &page : pages)
        page = page.remove(u"then "_s) + u".md"_s;
    return pages;
}

QByteArray TestDoctorSnippets::snippets(const QStringList &pages, const QString &language, const QString &place)
{
    const QRegularExpression block(u"```%1\\n# (\\w+)\\n(.*?)```"_s.arg(language),
                                   QRegularExpression::DotMatchesEverythingOption);
    QByteArray all;
    for (const QString &page : pages) {
        const QString text = QString::fromUtf8(PeerTest::readFile(kPages + u'/' + page));
        for (auto match = block.globalMatch(text); match.hasNext();) {
            const QRegularExpressionMatch found = match.next();
            if (found.captured(1) == place)
                all += found.captured(2).toUtf8();
        }
    }
    return all;
}

QByteArray TestDoctorSnippets::nginx(quint16 port, quint16 upstream, const QString &folder, const QStringList &pages) const
{
    const QByteArray here = folder.toLocal8Bit() + '/';
    const QByteArray files = m_folder.path().toLocal8Bit() + '/';
    QByteArray text = "daemon off; master_process off; pid " + here + "nginx.pid; error_log " + here
        + "nginx.err; events { worker_connections 256; }\nhttp { access_log off;\n";
    for (const char *kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        text += QByteArray(kind) + "_temp_path " + here + kind + ";\n";
    text += snippets(pages, u"nginx"_s, u"http"_s);
    text += "server { listen 127.0.0.1:" + QByteArray::number(port) + " ssl; ssl_certificate " + files
        + "server.pem; ssl_certificate_key " + files + "server.key;\nlocation / {\n";
    text += snippets(pages, u"nginx"_s, u"location"_s);
    return text + "proxy_pass https://127.0.0.1:" + QByteArray::number(upstream)
        + ";\nproxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade;"
          " proxy_set_header Host $http_host;\n} } }\n";
}

QByteArray TestDoctorSnippets::haproxy(quint16 port, quint16 upstream, const QStringList &pages) const
{
    const QByteArray files = m_folder.path().toLocal8Bit() + '/';
    const auto place = [&pages](const QString &name) { return snippets(pages, u"haproxy"_s, name); };
    QByteArray text = "global\n" + place(u"global"_s)
        + "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n timeout tunnel 1h\n"
        + place(u"defaults"_s) + "frontend wss\n bind 127.0.0.1:" + QByteArray::number(port) + " ssl crt " + files + "both.pem\n"
        + place(u"frontend"_s) + " default_backend orders\nbackend orders\n server a 127.0.0.1:" + QByteArray::number(upstream)
        + " ssl verify required verifyhost localhost ca-file " + files + "ca.pem\n";
    // The key and the scope are those of the test.
    return text.replace("/etc/haproxy/issuer.pem", files + "issuer.pem").replace("orders:read", "use");
}

void TestDoctorSnippets::mendsWhatIsBehind_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("finding");
    for (const Case &one : kCases) {
        const QString name = QString::fromLatin1(one.front) + u' ' + QString::fromLatin1(one.flaw);
        QTest::newRow(qPrintable(name)) << name << QString::fromLatin1(one.finding);
    }
}

void TestDoctorSnippets::mendsWhatIsBehind()
{
    QFETCH(QString, name);
    QFETCH(QString, finding);
    const QStringList before = problemsOf(m_reports.at(name));
    QVERIFY2(before.contains(finding), qPrintable(before.join(u", "_s)));
    QCOMPARE(before.contains(u"X5 warn"_s), name.startsWith("nginx"_L1)); // nginx as it comes
    // By the lines of its own page, and by those of all pages together.
    const QStringList alone = problemsOf(m_reports.at(name + u" alone"_s));
    QVERIFY2(!alone.contains(finding), qPrintable(alone.join(u", "_s)));
    const Report &after = m_reports.at(name + u" mended"_s);
    if (after.hasProblems()) {
        for (const Finding &one : after.findings)
            qInfo("%s %s %s", qPrintable(one.checkId), qPrintable(nameOf(one.verdict)), qPrintable(one.summary));
    }
    // What HAProxy refuses by itself has no words, and its list of paths has no security.txt on it.
    QCOMPARE(problemsOf(after).join(u", "_s), name.startsWith("haproxy"_L1) ? u"G1 warn, G3 warn"_s : QString());
    QVERIFY2(after.count(Verdict::Pass) > 36, qPrintable(QString::number(after.count(Verdict::Pass))));
}

void TestDoctorSnippets::envoyReadsIt()
{
    const auto judged = [](const QString &folder) {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(u"node"_s, {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/envoy-snippets.mjs"), folder});
        const bool isDone = process.waitForFinished(60'000);
        return std::pair(isDone ? process.exitCode() : -1, process.readAll());
    };
    const auto [code, text] = judged(kPages);
    QVERIFY2(code == 0 && text.startsWith("9 snippets\n"), text.constData());
    // The judge is awake.
    const QList<std::pair<QByteArray, QByteArray>> mistakes{{"strip_failure_response: true", "strip_failures: true"},
                                                            {"TLSv1_2", "TLSv1.2"},
                                                            {"action: DENY", "action: REFUSE"},
                                                            {"request_headers_timeout: 5s", "request_headers_timeout: 5"},
                                                            {"jwt_authn.v3.JwtAuthentication", "jwt_authn.v3.Jwt"}};
    for (const auto &[right, wrong] : mistakes) {
        QTemporaryDir folder;
        const QStringList names = QDir(kPages).entryList({u"*.md"_s});
        for (const QString &name : names)
            PeerTest::writeFile(folder.filePath(name), PeerTest::readFile(kPages + u'/' + name).replace(right, wrong));
        QCOMPARE(judged(folder.path()).first, 1);
    }
}

void TestDoctorSnippets::configurationsAreWhole_data()
{
    QTest::addColumn<QString>("page");
    QTest::addColumn<QString>("table"); // of the whole one, that the page's lines take the place of
    QTest::newRow("the whole one") << QString() << QString();
    QTest::newRow("limits") << u"limits"_s << u"[[endpoint]]"_s;
    QTest::newRow("origin") << u"origin"_s << u"[[endpoint]]"_s;
    QTest::newRow("private endpoints") << u"private-endpoints"_s << u"[[endpoint]]"_s;
    QTest::newRow("WSS only") << u"wss-only"_s << u"[listen]"_s;
}

// What a page tells to write, in the whole configuration of gateway.md, is one that the gateway takes.
void TestDoctorSnippets::configurationsAreWhole()
{
    QFETCH(const QString, page);
    QFETCH(const QString, table);
    const auto blockOf = [](const QString &file, const QString &heading) {
        const QString text = QString::fromUtf8(PeerTest::readFile(file));
        return text.section(heading, 1).section(u"```toml\n"_s, 1).section(u"```"_s, 0, 0);
    };
    const QString guide = QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/gateway.md");
    QString whole = blockOf(guide, u"## Configure it\n"_s);
    QVERIFY(whole.contains(u"[[issuer]]"_s));
    if (!page.isEmpty()) {
        const qsizetype begin = whole.indexOf(table);
        const qsizetype next = whole.indexOf(u"\n["_s, begin);
        const QString own = blockOf(kPages + u'/' + page + u".md"_s, u"## Configure it\n"_s);
        QVERIFY(begin >= 0 && own.startsWith(table));
        whole = whole.left(begin) + own + (next < 0 ? QString() : whole.mid(next));
    }
    whole.replace(u"/etc/watchword/tls.pem"_s, m_folder.filePath(u"server.pem"_s))
        .replace(u"/etc/watchword/tls.key"_s, m_folder.filePath(u"server.key"_s));
    QTemporaryDir folder;
    const QString file = folder.filePath(u"gateway.toml"_s);
    QVERIFY(PeerTest::writeFile(file, whole.toUtf8()));
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(QStringLiteral(WATCHWORD_BINARY_DIR "/bin/watchword-gateway"), {u"--check-config"_s, file});
    QVERIFY(process.waitForFinished(30'000));
    QVERIFY2(process.exitCode() == 0, process.readAll().constData());
}

void TestDoctorSnippets::gatewayHasIt_data()
{
    QTest::addColumn<QString>("page");
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("scope");
    QTest::newRow("limits") << u"limits"_s << u"/v1/stream"_s << u"orders:read"_s;
    QTest::newRow("origin") << u"origin"_s << u"/v1/stream"_s << u"orders:read"_s;
    QTest::newRow("private endpoints") << u"private-endpoints"_s << u"/v1/admin"_s << u"orders:admin"_s;
}

// Before npm ws as it comes, which asks for nothing at all.
void TestDoctorSnippets::gatewayHasIt()
{
    QFETCH(QString, page);
    QFETCH(QString, path);
    QFETCH(QString, scope);
    Support::ReadyProcess upstream;
    upstream.setEnvironment(u"PORT"_s, u"0"_s);
    const auto address =
        upstream.start(u"node"_s, {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/ws-echo.mjs")}, u"READY "_s);
    QVERIFY(address);
    const QString text = QString::fromUtf8(PeerTest::readFile(kPages + u'/' + page + u".md"_s));
    QString block = text.section(u"```toml\n"_s, 1).section(u"```"_s, 0, 0);
    static const QRegularExpression behind(u"ws://127\\.0\\.0\\.1:9000/"_s);
    QVERIFY(block.contains(behind));
    block.replace(behind, *address);
    if (page != "origin"_L1) // the doctor comes with one
        block += u"origins = [\"%1\"]\n"_s.arg(kOrigin);
    Support::GatewayProcess gateway;
    QVERIFY(gateway.prepare((u"[gateway]\ngrace = \"1 s\"\n"_s + block).toUtf8()));
    QVERIFY(gateway.start());
    DoctorOptions options = quickOptions(gateway.url(path), gateway.file(u"ca.pem"_s));
    options.token = Secret::take(
        gateway.token(u"user-1"_s, 300, {{u"scope"_s, scope}, {u"auth_time"_s, toSecondsSinceEpoch(Clock::system().wallNow())}}));
    options.signingKey = gateway.signingKey();
    options.pace = 60ms;
    Doctor doctor(options);
    doctor.start();
    QVERIFY(waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s));
    if (doctor.report().hasProblems()) {
        for (const Finding &one : doctor.report().findings)
            qInfo("%s %s %s %s", qPrintable(one.checkId), qPrintable(nameOf(one.verdict)), qPrintable(one.summary),
                  qPrintable(one.evidence.join(u" | "_s)));
    }
    QCOMPARE(problemsOf(doctor.report()).join(u", "_s), QString());
    QCOMPARE(doctor.report().grade(), u"A"_s);
}

WATCHWORD_TEST_MAIN(TestDoctorSnippets)
#include "tst_doctorsnippets.moc"
