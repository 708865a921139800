// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

using namespace DoctorTest;

/*! What a server answers by a fault of its own is neither a refusal nor a consent, and a small mistake is no critical one. */
class TestDoctorFaults : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void faultsAreNoRefusals_data();
    void faultsAreNoRefusals();
    void warningsAreAsBadAsTheyAre_data();
    void warningsAreAsBadAsTheyAre();
    void goneAfterwards_data();
    void goneAfterwards();

private:
    static Judgement judged(const QString &id, const Recording &seen);
};

Judgement TestDoctorFaults::judged(const QString &id, const Recording &seen)
{
    for (const auto &rule : allRules()) {
        if (rule->id() == id)
            return rule->judge(seen);
    }
    qFatal("no rule %s", qPrintable(id));
}

void TestDoctorFaults::faultsAreNoRefusals_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("probe");
    for (const auto &[id, probe] : std::initializer_list<std::pair<const char *, const char *>>{
             {"H2", "expired"},     {"H3", "notyet"},         {"H4", "none"},         {"H5", "confused"},
             {"H6", "badclaims"},   {"H7", "audience"},       {"H8", "issuer"},       {"H9", "embedded"},
             {"H10", "url"},        {"H11", "two"},           {"H12", "idtoken"},     {"H13", "expired"},
             {"H15", "madeup"},     {"H17", "embedded"},      {"P1", "echo"},         {"A1", "noscope"},
             {"A2", "weak"},        {"A3", "path"},           {"O1", "evil"},         {"O2", "null"},
             {"O3", "prefix"},      {"O4", "port"},           {"X1", "identity"},     {"X2", "version"},
             {"X3", "forwarded"},   {"X6", "plainget"},       {"S2", "halfhead"},     {"S3", "idle"},
             {"T1", "plain"},       {"E5", "renew"},          {"G1", "expired"},      {"G3", "securitytxt"},
             {"L2", "many3"},       {"L3", "guess3"},         {"B7", "audituser"},    {"I1", "issuer:metadata"},
             {"I2", "issuer:keys"}, {"I3", "issuer:refresh"}, {"I4", "issuer:reuse"}, {"I5", "issuer:revoke"},
             {"F1", "unmasked"},    {"S1", "huge"},           {"S4", "fragments"}})
        QTest::newRow(id) << QString::fromLatin1(id) << QString::fromLatin1(probe);
}

// HTTP 500, the end of the connection without a byte, and silence: each of them may hide anything.
void TestDoctorFaults::faultsAreNoRefusals()
{
    QFETCH(QString, id);
    QFETCH(QString, probe);
    const auto end = [&probe](Exchange::End kind, const QByteArray &answer, const QString &other = {}) {
        Exchange exchange = recorded(other.isEmpty() ? probe : other, answer);
        exchange.end = kind;
        return exchange;
    };
    DoctorOptions options = withToken();
    options.endpoint = QUrl(u"wss://127.0.0.1/v1/stream"_s);
    options.origin = u"https://app.example.com"_s;
    options.asksForStepUp = true;
    options.issuer = QUrl(u"https://login.example.com"_s);
    options.clientId = u"app"_s;
    options.refreshToken = Secret::copy("refresh-token-0123456789");
    options.auditToken = Secret::copy("audit-token-0123456789");
    if (id == "S3"_L1)
        options.tokenWay = DoctorOptions::TokenWay::FirstMessage;
    const QByteArray fault = "HTTP/1.1 500 Internal Server Error\r\n\r\n";
    for (const Exchange &exchange :
         {end(Exchange::End::Answered, fault), end(Exchange::End::Cut, {}), end(Exchange::End::Silent, {})}) {
        Recording seen(options);
        seen.setTrap(1);
        seen.add(recorded(u"bare"_s, kChallenged));
        seen.add(recorded(u"valid"_s, kSwitched));
        for (const auto &rule : allRules()) {
            if (rule->id() != id)
                continue;
            for (const Probe &planned : rule->probes(seen))
                seen.add(planned.line == Probe::Line::Plain ? end(Exchange::End::Cut, {}, planned.id)
                                                            : recorded(planned.id, id == "L2"_L1 ? kSwitched : kInvalid));
            if (id == "H4"_L1)
                seen.add(recorded(u"none2"_s, kInvalid));
            seen.add(exchange);
            // To say nothing is how TLS ends what is no TLS, and how half a request is ended or waited for.
            if ((id == "T1"_L1 && exchange.end == Exchange::End::Cut) || (id == "S2"_L1 && exchange.end == Exchange::End::Silent))
                continue;
            const Judgement judgement = rule->judge(seen);
            QVERIFY2(judgement.verdict != Verdict::Pass && judgement.verdict != Verdict::Fail, qPrintable(judgement.summary));
            const bool isMoot = judgement.gap == Finding::Gap::NotApplicable; // nothing was refused by HTTP at all
            QVERIFY2(judgement.gap == Finding::Gap::NotDecided || (isMoot && (id == "G1"_L1 || id == "H13"_L1)),
                     qPrintable(judgement.summary));
            if (!isMoot)
                QVERIFY2(judgement.summary.startsWith(u"could not be examined: "_s), qPrintable(judgement.summary));
        }
    }
}

void TestDoctorFaults::warningsAreAsBadAsTheyAre_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<int>("severity");
    QTest::newRow("no challenge") << QByteArray("HTTP/1.1 401 Unauthorized\r\n\r\n") << int(Severity::Low);
    QTest::newRow("an error too many") << kInvalid << int(Severity::Low);
    QTest::newRow("403") << QByteArray("HTTP/1.1 403 Forbidden\r\n\r\n") << int(Severity::Low);
    QTest::newRow("a redirect") << QByteArray("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n") << int(Severity::Low);
    QTest::newRow("a page") << QByteArray("HTTP/1.1 200 OK\r\n\r\n") << int(Severity::Medium);
    QTest::newRow("a fault") << QByteArray("HTTP/1.1 500 Error\r\n\r\n") << int(Severity::Medium);
    QTest::newRow("let in") << kSwitched << int(Severity::Critical);
}

void TestDoctorFaults::warningsAreAsBadAsTheyAre()
{
    QFETCH(QByteArray, answer);
    QFETCH(int, severity);
    DoctorOptions options = withToken();
    options.token.clear();
    Recording seen(options);
    seen.add(recorded(u"bare"_s, answer));
    const Judgement judgement = judged(u"H1"_s, seen);
    Finding finding{u"H1"_s, judgement.verdict, judgement.summary, {}};
    finding.ownSeverity = judgement.severity;
    QVERIFY(finding.isProblem());
    QCOMPARE(int(finding.severity()), severity);
}

void TestDoctorFaults::goneAfterwards_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("probe");
    QTest::newRow("huge") << u"S1"_s << u"huge"_s;
    QTest::newRow("burst") << u"L1"_s << u"burst"_s;
    QTest::newRow("fragments") << u"S4"_s << u"fragments"_s;
    QTest::newRow("pings") << u"F6"_s << u"pings"_s;
}

// A server that ends a connection without a word may have limited it, or may have fallen.
void TestDoctorFaults::goneAfterwards()
{
    QFETCH(QString, id);
    QFETCH(QString, probe);
    Recording seen(withToken());
    seen.add(recorded(u"valid"_s, kSwitched));
    seen.add(closed(probe, 0));
    QCOMPARE(int(judged(id, seen).gap), int(Finding::Gap::NotDecided)); // nobody asked
    seen.add(recorded(kAfterwards, kSwitched));
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Pass));
    Exchange gone = recorded(kAfterwards, {});
    gone.end = Exchange::End::Unreachable;
    seen.add(gone);
    const Judgement fallen = judged(id, seen);
    QCOMPARE(int(fallen.verdict), int(Verdict::Fail));
    QCOMPARE(fallen.probes, QStringList({probe, kAfterwards}));
    seen.add(closed(probe, 1009));
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Pass));
    seen.add(closed(probe, 1011));
    QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Warn));
}

WATCHWORD_TEST_MAIN(TestDoctorFaults)
#include "tst_doctorfaults.moc"
