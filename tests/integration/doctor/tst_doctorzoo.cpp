// SPDX-License-Identifier: Apache-2.0
#include "visit.h"

#include <QElapsedTimer>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>

#include <map>

using namespace DoctorTest;

namespace {

struct Animal
{
    const char *flaw;
    const char *findings; // exactly these
    int tokenSeconds = 300;
    DoctorOptions::TokenWay way = DoctorOptions::TokenWay::Header;
};

constexpr Animal kZoo[] = {
    {"none", ""},
    {"plain", "T1 fail"},
    {"plain-redirect", "T1 warn"},
    {"tls11", "T2 fail"},
    {"tls12-only", "T3 warn"},
    {"expired-certificate", "T4 fail"},
    {"wrong-host", "T4 fail"},
    {"self-signed", "T4 fail"},
    {"null-cipher", "T5 fail"},
    {"open", "H1 fail"},
    {"no-challenge", "H1 warn"},
    {"challenge-with-error", "H1 warn"},
    {"forbidden", "H1 warn"},
    {"login-page", "H1 warn"},
    {"expired-accepted", "H2 fail"},
    {"nbf-ignored", "H3 fail"},
    {"alg-none", "H4 fail"},
    {"alg-none-spelled", "H4 fail"},
    {"key-confusion", "H5 fail"},
    {"signature-unchecked", "H6 fail"},
    {"audience-ignored", "H7 fail"},
    {"issuer-ignored", "H8 fail"},
    {"embedded-key", "H9 fail"},
    {"fetches-keys", "H17 fail"},
    {"token-in-url", "H10 fail"},
    {"url-takes-jwt", "H10 fail"},
    {"url-takes-auth", "H10 fail"},
    {"url-takes-id_token", "H10 fail"},
    {"url-takes-t", "H10 fail"},
    {"url-beside-header", "H11 fail"},
    {"two-tokens", "H11 fail"},
    {"type-ignored", "H12 fail"},
    {"verbose-trace", "H13 fail"},
    {"verbose-library", "H13 fail"},
    {"differing", "H13 warn"},
    {"token-in-answer", "H14 fail"},
    {"subprotocol-echo", "P1 fail"},
    {"outlives-token", "E1 fail"},
    {"scope-unchecked", "A1 fail"},
    {"any-path", "A3 warn"},
    {"identity-headers", "X1 fail"},
    {"forwarded-for", "X3 fail"},
    {"any-version", "X2 fail"},
    {"no-key", "X2 fail"},
    {"one-connection-word", "X4 fail"},
    {"short-lines", "X5 warn"},
    {"origin-unchecked", "O1 fail"},
    {"origin-null", "O2 fail"},
    {"origin-prefix", "O3 fail"},
    {"origin-suffix", "O3 fail"},
    {"origin-port", "O4 fail"},
    {"origin-scheme", "O4 fail"},
    {"slow-heads", "S2 warn"},
    {"unmasked-taken", "F1 fail"},
    {"text-unchecked", "F2 fail"},
    {"no-pong", "F3 fail"},
    {"bits-unchecked", "F4 fail"},
    {"long-lived-token", "E4 warn", 6 * 3600},
    {"slow-refusals", "H16 warn"},
    {"step-up", ""},
    {"step-up-mute", "A2 warn"},
    {"step-up-unchecked", "A2 fail"},
    {"open-page", "X6 warn"},
    {"clock-behind", "B4 warn"},
    {"split-characters", "F5 fail"},
    {"compresses", "C1 warn"},
    {"renews", ""},
    {"renews-nothing", "E2 fail"},
    {"renews-anybody", "E5 fail"},
    {"mute-refusals", "G1 warn"},
    {"problem-page", ""},
    {"problem-page-missing", "G1 warn"},
    {"no-error-name", "G2 warn"},
    {"no-scope-name", "G2 warn"},
    {"no-security-txt", "G3 warn"},
    {"old-security-txt", "G3 warn"},
    {"close-without-reason", "G4 warn"},
    {"close-without-code", "G4 warn"},
    {"odd-close-code", "G4 warn"},
    // A fault of the server's own is no refusal: nobody knows what it would have said. The same fault is told once.
    {"fails", "H0 warn, H1 warn"},
    {"fails-unsigned", "H4 warn"},
    {"cuts-unsigned", "H4 warn"},
    {"fails-tokens", "H6 warn"},
    {"cuts-tokens", "H6 warn"},
    {"fails-pages", "O1 warn"},
    {"cuts-pages", "O1 warn"},
    {"fails-paths", "A3 warn"},
    {"fails-plain", "X6 warn"},
    {"issuing", ""},
    {"issuing-wrong-name", "I1 fail"},
    {"issuing-no-pkce", "I1 warn"},
    {"issuing-private-key", "I2 fail"},
    {"issuing-strange-key", "I2 warn"},
    {"issuing-key-confusion", "H5 fail"},
    {"issuing-refresh-refused", "I3 fail"},
    {"issuing-cacheable", "I3 warn"},
    {"issuing-no-rotation", "I4 fail"},
    {"issuing-reuse-accepted", "I4 fail"},
    {"issuing-family-survives", "I4 warn"},
    {"issuing-no-revocation", "I5 warn"},
    {"issuing-revocation-refused", "I5 fail"},
    {"issuing-outlives-session", "E3 fail"},
    {"protocol", "", 300, DoctorOptions::TokenWay::Subprotocol},
    {"protocol-echo", "P1 fail", 300, DoctorOptions::TokenWay::Subprotocol},
    {"protocol-two-tokens", "H11 fail", 300, DoctorOptions::TokenWay::Subprotocol},
    {"protocol-alg-none", "H4 fail", 300, DoctorOptions::TokenWay::Subprotocol},
    {"protocol-origin-unchecked", "O1 fail", 300, DoctorOptions::TokenWay::Subprotocol},
    {"message-first", "", 300, DoctorOptions::TokenWay::FirstMessage},
    {"message-first-patient", "S3 fail", 300, DoctorOptions::TokenWay::FirstMessage},
    {"message-first-expired-accepted", "H2 fail", 300, DoctorOptions::TokenWay::FirstMessage},
    {"message-first-outlives-token", "E1 fail", 300, DoctorOptions::TokenWay::FirstMessage},
    {"message-graphql", "", 300, DoctorOptions::TokenWay::GraphqlTransportWs},
    {"message-graphql-patient", "S3 fail", 300, DoctorOptions::TokenWay::GraphqlTransportWs},
    {"message-graphql-audience-ignored", "H7 fail", 300, DoctorOptions::TokenWay::GraphqlTransportWs},
    {"message-graphql-origin-unchecked", "O1 fail", 300, DoctorOptions::TokenWay::GraphqlTransportWs},
    {"message-graphql-outlives-token", "E1 fail", 300, DoctorOptions::TokenWay::GraphqlTransportWs},
    {"message-centrifugo", "", 300, DoctorOptions::TokenWay::Centrifugo},
    {"message-centrifugo-patient", "S3 fail", 300, DoctorOptions::TokenWay::Centrifugo},
    {"message-centrifugo-signature-unchecked", "H6 fail", 300, DoctorOptions::TokenWay::Centrifugo},
    {"message-centrifugo-renews-anybody", "E5 fail", 300, DoctorOptions::TokenWay::Centrifugo},
    {"limited-", ""},
    {"limited-compressed", ""},
    {"limited-bomb", "S5 fail"},
    {"limited-no-pings", "F6 warn"},
    {"limited-no-fragments", "S4 warn"},
    {"limited-no-retry", "L4 warn"},
    {"limited-no-size", "S1 fail"},
    {"limited-no-messages", "L1 warn"},
    {"limited-no-connections", "L2 warn"},
    {"limited-no-guesses", "L3 warn"},
};

constexpr int kAtOnce = 10;

} // namespace

/*! Servers with one flaw each: the doctor finds exactly that one, and on the one without a flaw nothing. */
class TestDoctorZoo : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void findsTheFlaw_data();
    void findsTheFlaw();
    void knowsLessWithoutToken();
    void stopsInTime();
    void keepsItsBudget();
    void isSafeByDefault();

private:
    QByteArray token(int seconds) const;
    DoctorOptions optionsFor(const QString &flaw) const;
    Report examined(const DoctorOptions &options);

    QTemporaryDir m_folder;
    SigningKey m_key;
    Support::ReadyProcess m_zoo;
    QJsonObject m_ports;
    std::map<QString, Report> m_reports;
};

QByteArray TestDoctorZoo::token(int seconds) const
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const auto signedToken = signJwt(m_key, u"at+jwt"_s,
                                     {{u"iss"_s, u"https://login.example.com"_s},
                                      {u"aud"_s, u"wss://orders.example.com"_s},
                                      {u"sub"_s, u"user-1"_s},
                                      {u"scope"_s, u"use"_s},
                                      {u"acr"_s, u"mfa"_s},
                                      {u"auth_time"_s, now},
                                      {u"iat"_s, now},
                                      {u"exp"_s, now + seconds}});
    return signedToken ? *signedToken : QByteArray();
}

DoctorOptions TestDoctorZoo::optionsFor(const QString &flaw) const
{
    const QUrl url(u"wss://127.0.0.1:%1/v1/stream"_s.arg(m_ports.value(flaw).toInt()));
    DoctorOptions options = quickOptions(url, m_folder.filePath(u"ca.pem"_s));
    const auto animal = std::find_if(std::begin(kZoo), std::end(kZoo),
                                     [&flaw](const Animal &one) { return QLatin1StringView(one.flaw) == flaw; });
    options.token = Secret::take(token(animal->tokenSeconds));
    options.tokenWay = animal->way;
    options.signingKey = m_key;
    options.intrusive = flaw.startsWith(u"limited-");
    // Ten at once on a busy machine make answers late, and what is late is asked again.
    options.requestBudget = options.intrusive ? 170 : 60;
    options.asksForStepUp = flaw.startsWith(u"step-up"_s);
    options.meansCompression = flaw == "limited-compressed"_L1 || flaw == "limited-bomb"_L1;
    if (flaw.startsWith(u"issuing"_s)) {
        options.token = Secret::take(m_ports.value(flaw + u":access"_s).toString().toLatin1());
        options.signingKey = {};
        options.issuer = QUrl(u"https://127.0.0.1:%1"_s.arg(m_ports.value(flaw).toInt()));
        options.clientId = u"zoo"_s;
        options.refreshToken = Secret::take(m_ports.value(flaw + u":refresh"_s).toString().toLatin1());
    }
    if (options.tokenWay == DoctorOptions::TokenWay::Subprotocol)
        options.subprotocols = QStringList{u"orders.v1"_s};
    return options;
}

void TestDoctorZoo::initTestCase()
{
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
    m_key = *SigningKey::generate(u"ES256"_s);
    QFile file(m_folder.filePath(u"issuer.json"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QJsonDocument(QJsonObject{{u"jwk"_s, m_key.publicKey().toPublicJson()},
                                         {u"issuer"_s, u"https://login.example.com"_s},
                                         {u"audience"_s, u"wss://orders.example.com"_s}})
                   .toJson());
    file.close();
    QStringList arguments{QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/zoo.mjs"), m_folder.path()};
    for (const Animal &animal : kZoo)
        arguments.append(QString::fromLatin1(animal.flaw));
    const bool hasPeers = !Support::peersFolder().isEmpty();
    REQUIRE_COMPONENT(hasPeers, "the npm packages of tests/peers");
    const auto ready = m_zoo.start(u"node"_s, arguments, u"READY "_s);
    QVERIFY(ready);
    m_ports = QJsonDocument::fromJson(ready->toUtf8()).object();
    // They mostly wait: several at once, and not one after the other.
    std::size_t next = 0;
    std::size_t done = 0;
    std::vector<std::unique_ptr<Doctor>> doctors;
    const std::function<void()> begin = [&] {
        if (next == std::size(kZoo))
            return;
        const QString flaw = QString::fromLatin1(kZoo[next++].flaw);
        doctors.push_back(std::make_unique<Doctor>(optionsFor(flaw)));
        Doctor *doctor = doctors.back().get();
        connect(
            doctor, &Doctor::finished, this,
            [&, doctor, flaw] {
                m_reports.emplace(flaw, doctor->report());
                ++done;
                begin();
            },
            Qt::QueuedConnection);
        doctor->start();
    };
    for (int i = 0; i < kAtOnce; ++i)
        begin();
    QVERIFY(waitUntil([&] { return done == std::size(kZoo); }, 300s));
}

void TestDoctorZoo::findsTheFlaw_data()
{
    QTest::addColumn<QString>("flaw");
    QTest::addColumn<QString>("findings");
    for (const Animal &animal : kZoo)
        QTest::newRow(animal.flaw) << QString::fromLatin1(animal.flaw) << QString::fromLatin1(animal.findings);
}

void TestDoctorZoo::findsTheFlaw()
{
    QFETCH(const QString, flaw);
    QFETCH(const QString, findings);
    const Report &report = m_reports.at(flaw);
    const QStringList problems = problemsOf(report);
    if (problems.join(u", "_s) != findings) {
        for (const Finding &finding : report.findings)
            qInfo("%s %s %s", qPrintable(finding.checkId), qPrintable(nameOf(finding.verdict)), qPrintable(finding.summary));
    }
    QCOMPARE(problems.join(u", "_s), findings);
    QVERIFY(report.isComplete);
    // What was found is shown, without the token.
    for (const Finding &finding : report.findings) {
        QCOMPARE(finding.isProblem(), !finding.evidence.isEmpty());
        QVERIFY(!finding.evidence.join(u' ').contains(u"eyJ"_s));
    }
    if (!findings.isEmpty())
        return;
    QVERIFY(report.coverage().examined >= 33 && report.graded() >= 4);
    QVERIFY2(report.count(Verdict::Pass) >= (flaw.startsWith(u"message-") || flaw.startsWith(u"issuing") ? 33 : 43),
             qPrintable(QString::number(report.count(Verdict::Pass))));
    // Of an issuer without its key nobody saw an ended token, or one without the scope.
    QCOMPARE(report.grade(), flaw == "issuing"_L1 ? u"B"_s : u"A"_s);
    QCOMPARE(report.coverage(Practice::Validation).missing, flaw == "issuing"_L1 ? QStringList{u"H2"_s} : QStringList());
}

void TestDoctorZoo::knowsLessWithoutToken()
{
    DoctorOptions options = optionsFor(u"alg-none"_s);
    options.token.clear();
    options.signingKey = {};
    const Report report = examined(options);
    QVERIFY(problemsOf(report).isEmpty());
    QCOMPARE(summaryOf(report, u"H4"_s), u"skip: needs a valid token (--token-file or --account)"_s);
    QCOMPARE(summaryOf(report, u"T3"_s).left(4), u"pass"_s);
    // With a token that is refused it says so, and examines what it can.
    options = optionsFor(u"none"_s);
    options.token = Secret::copy("a-token-that-nobody-knows");
    options.signingKey = {};
    const Report refused = examined(options);
    QCOMPARE(problemsOf(refused), QStringList{u"H0 warn"_s});
    QVERIFY(refused.note.contains(u"HTTP 401"_s));
}

Report TestDoctorZoo::examined(const DoctorOptions &options)
{
    Doctor doctor(options);
    doctor.start();
    if (!waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s))
        qWarning("the doctor does not end");
    return doctor.report();
}

void TestDoctorZoo::stopsInTime()
{
    Doctor doctor(optionsFor(u"none"_s));
    int told = 0;
    int finished = 0;
    connect(&doctor, &Doctor::checked, this, [&](const Finding &, int done, int total) {
        ++told;
        QCOMPARE(done, told);
        QCOMPARE(total, int(Check::all().size()));
        if (told == 3)
            doctor.stop();
    });
    connect(&doctor, &Doctor::finished, this, [&] { ++finished; });
    doctor.start();
    doctor.start(); // no effect
    QVERIFY(waitUntil([&] { return finished > 0; }));
    QCOMPARE(told, int(Check::all().size()));
    QCOMPARE(finished, 1);
    QVERIFY(!doctor.report().isComplete && !doctor.error());
    QVERIFY(doctor.report().count(Verdict::Skipped) > 30);
    doctor.stop(); // no effect
    QCOMPARE(finished, 1);
}

void TestDoctorZoo::keepsItsBudget()
{
    DoctorOptions options = optionsFor(u"none"_s);
    options.requestBudget = 12;
    const Report report = examined(options);
    QCOMPARE(report.requests, 12);
    QVERIFY(!report.isComplete && problemsOf(report).isEmpty());
    options = optionsFor(u"slow-heads"_s);
    options.timeBudget = 1s;
    QElapsedTimer time;
    time.start();
    const Report early = examined(options);
    QVERIFY(time.elapsed() < 5'000);
    // What was seen until then stands.
    DoctorOptions loose = optionsFor(u"verbose-trace"_s);
    loose.requestBudget = 16;
    QVERIFY(problemsOf(examined(loose)).contains(u"H13 fail"_s));
    QVERIFY(summaryOf(early, u"S2"_s).startsWith(u"skip: the time"_s));
}

// As it comes, with all that can be given but the wish to be intrusive.
void TestDoctorZoo::isSafeByDefault()
{
    const DoctorOptions given = optionsFor(u"renews"_s);
    DoctorOptions options;
    options.endpoint = given.endpoint;
    options.token = given.token;
    options.signingKey = given.signingKey;
    options.origin = given.origin;
    options.additionalCertificateAuthorities = given.additionalCertificateAuthorities;
    const Report report = examined(options);
    QVERIFY2(report.requests <= 40, qPrintable(QString::number(report.requests)));
    QVERIFY2(report.took <= 21s, qPrintable(QString::number(report.took.count())));
    QCOMPARE(problemsOf(report), QStringList());
    for (const Finding &finding : report.findings) {
        if (Check::find(finding.checkId)->intrusive)
            QCOMPARE(int(finding.verdict), int(Verdict::Skipped));
    }
}

WATCHWORD_TEST_MAIN(TestDoctorZoo)
#include "tst_doctorzoo.moc"
