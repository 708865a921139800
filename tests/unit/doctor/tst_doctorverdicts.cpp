// SPDX-License-Identifier: Apache-2.0
#include "recorded.h"

#include <QFile>
#include <QRegularExpression>
#include <QSet>

using namespace DoctorTest;

/*! Each verdict is a function of what was recorded, and of nothing else. */
class TestDoctorVerdicts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void rulesAndTextsBelongTogether();
    void guideListsEveryCheck();
    void withoutToken_data();
    void withoutToken();
    void refusals_data();
    void refusals();
    void line_data();
    void line();
    void certificate_data();
    void certificate();
    void oneCauseOneFinding();
    void origins_data();
    void origins();
    void expiry_data();
    void expiry();
    void lifetime_data();
    void lifetime();
    void verbose_data();
    void verbose();
    void echo();
    void frames_data();
    void frames();
    void missingNeeds();
    void audit();

private:
    static Judgement judged(const QString &id, const Recording &seen);
};

Judgement TestDoctorVerdicts::judged(const QString &id, const Recording &seen)
{
    for (const auto &rule : allRules()) {
        if (rule->id() == id)
            return rule->judge(seen);
    }
    qFatal("no rule %s", qPrintable(id));
}

void TestDoctorVerdicts::rulesAndTextsBelongTogether()
{
    QSet<QString> rules;
    for (const auto &rule : allRules()) {
        QVERIFY2(!rules.contains(rule->id()), qPrintable(rule->id()));
        rules.insert(rule->id());
        QVERIFY2(Check::find(rule->id()), qPrintable(rule->id()));
    }
    for (const Check &check : Check::all()) {
        QVERIFY2(rules.contains(check.id), qPrintable(check.id));
        QVERIFY(!check.title.isEmpty() && !check.why.isEmpty() && !check.fix.isEmpty() && !check.basis.isEmpty());
        QVERIFY(check.title.size() <= 72);
        QVERIFY2(check.why.endsWith(u'.') && check.fix.endsWith(u'.'), qPrintable(check.id));
    }
    QCOMPARE(rules.size(), Check::all().size());
    QVERIFY(!Check::find(u"Z9"_s));
}

void TestDoctorVerdicts::guideListsEveryCheck()
{
    QFile file(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/doctor.md"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    static const QRegularExpression row(u"^\\| ([A-Z]\\d+) \\| (\\d+) \\| (\\w+) \\| (.+?) \\| ([\\w, ]*?) ?\\|$"_s,
                                        QRegularExpression::MultilineOption);
    QStringList listed;
    for (auto match = row.globalMatch(QString::fromUtf8(file.readAll())); match.hasNext();) {
        const QRegularExpressionMatch found = match.next();
        listed.append(found.captured(1));
        const Check *check = Check::find(listed.last());
        QVERIFY2(check, qPrintable(listed.last()));
        QCOMPARE(found.captured(2).toInt(), int(check->practice));
        QCOMPARE(found.captured(3), nameOf(check->severity));
        QCOMPARE(found.captured(4), check->title);
        QCOMPARE(found.captured(5).contains(u"intrusive"_s), check->intrusive);
    }
    QStringList all;
    for (const Check &check : Check::all())
        all.append(check.id);
    QCOMPARE(listed, all);
}

void TestDoctorVerdicts::withoutToken_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<int>("close");
    QTest::addColumn<int>("verdict");
    QTest::newRow("401 with challenge") << kChallenged << 0 << int(Verdict::Pass);
    QTest::newRow("401 alone") << QByteArray("HTTP/1.1 401 Unauthorized\r\n\r\n") << 0 << int(Verdict::Warn);
    QTest::newRow("401 with an error") << kInvalid << 0 << int(Verdict::Warn);
    QTest::newRow("403") << QByteArray("HTTP/1.1 403 Forbidden\r\n\r\n") << 0 << int(Verdict::Warn);
    QTest::newRow("redirect") << QByteArray("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n") << 0 << int(Verdict::Warn);
    QTest::newRow("let in") << kSwitched << 0 << int(Verdict::Fail);
    QTest::newRow("let in and closed") << kSwitched << 4401 << int(Verdict::Pass);
    QTest::newRow("limited") << QByteArray("HTTP/1.1 429 Too Many Requests\r\n\r\n") << 0 << int(Verdict::Skipped);
    QTest::newRow("silence") << QByteArray() << 0 << int(Verdict::Warn); // a pipeline is not to take it for good
}

void TestDoctorVerdicts::withoutToken()
{
    QFETCH(QByteArray, answer);
    QFETCH(int, close);
    QFETCH(int, verdict);
    Recording seen(withToken());
    seen.add(close ? closed(u"bare"_s, close) : recorded(u"bare"_s, answer));
    QCOMPARE(int(judged(u"H1"_s, seen).verdict), verdict);
}

void TestDoctorVerdicts::refusals_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QStringList>("probes");
    QTest::newRow("expired") << u"H2"_s << QStringList{u"expired"_s};
    QTest::newRow("not yet") << u"H3"_s << QStringList{u"notyet"_s};
    QTest::newRow("none") << u"H4"_s << QStringList{u"none"_s, u"none2"_s};
    QTest::newRow("confused") << u"H5"_s << QStringList{u"confused"_s};
    QTest::newRow("signature") << u"H6"_s << QStringList{u"badsignature"_s, u"badclaims"_s};
    QTest::newRow("audience") << u"H7"_s << QStringList{u"audience"_s};
    QTest::newRow("issuer") << u"H8"_s << QStringList{u"issuer"_s};
    QTest::newRow("own key") << u"H9"_s << QStringList{u"embedded"_s};
    QTest::newRow("URL") << u"H10"_s << QStringList{u"url"_s, u"url:token"_s, u"url:jwt"_s, u"url:auth"_s, u"url:together"_s};
    QTest::newRow("two") << u"H11"_s << QStringList{u"two"_s, u"twoplaces"_s};
    QTest::newRow("ID token") << u"H12"_s << QStringList{u"idtoken"_s};
    QTest::newRow("made up") << u"H15"_s << QStringList{u"madeup"_s};
    QTest::newRow("scope") << u"A1"_s << QStringList{u"noscope"_s};
    QTest::newRow("identity headers") << u"X1"_s << QStringList{u"identity"_s};
    QTest::newRow("forwarded") << u"X3"_s << QStringList{u"forwarded"_s};
    QTest::newRow("handshake") << u"X2"_s << QStringList{u"version"_s, u"nokey"_s};
}

void TestDoctorVerdicts::refusals()
{
    QFETCH(QString, id);
    QFETCH(QStringList, probes);
    const auto withAnswers = [&](const QByteArray &last) {
        DoctorOptions options = withToken();
        options.requestBudget = 60; // room for every name
        auto seen = std::make_unique<Recording>(options);
        seen->add(recorded(u"bare"_s, kChallenged));
        seen->add(recorded(u"valid"_s, kSwitched));
        for (const QString &probe : probes)
            seen->add(recorded(probe, probe == probes.last() ? last : kInvalid));
        return seen;
    };
    QCOMPARE(int(judged(id, *withAnswers(kInvalid)).verdict), int(Verdict::Pass));
    const Judgement failed = judged(id, *withAnswers(kSwitched));
    QCOMPARE(int(failed.verdict), int(Verdict::Fail));
    QCOMPARE(failed.probes, QStringList{probes.last()});
    QCOMPARE(int(judged(id, *withAnswers("HTTP/1.1 503 Busy\r\n\r\n")).verdict), int(Verdict::Skipped));
    QCOMPARE(int(judged(id, *withAnswers({})).verdict), int(Verdict::Skipped));
    auto refusedByClose = withAnswers(kInvalid);
    refusedByClose->add(closed(probes.last(), 1008));
    QCOMPARE(int(judged(id, *refusedByClose).verdict), int(Verdict::Pass));
}

void TestDoctorVerdicts::line_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QStringList>("probes");
    QTest::addColumn<int>("end");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("verdict");
    const QStringList old{u"hello11"_s};
    const QByteArray alert = QByteArray::fromHex("15030200020246");
    const QByteArray hello =
        QByteArray::fromHex("160302003a020000360302") + QByteArray(32, 'r') + QByteArray::fromHex("00c01300");
    QTest::newRow("old: alert") << u"T2"_s << old << int(Exchange::End::Raw) << alert << int(Verdict::Pass);
    QTest::newRow("old: hello") << u"T2"_s << old << int(Exchange::End::Raw) << hello << int(Verdict::Fail);
    QTest::newRow("old: cut") << u"T2"_s << old << int(Exchange::End::Cut) << QByteArray() << int(Verdict::Pass);
    QTest::newRow("old: no port") << u"T2"_s << old << int(Exchange::End::Unreachable) << QByteArray() << int(Verdict::Skipped);
    QTest::newRow("old: HTTP") << u"T2"_s << old << int(Exchange::End::Raw) << QByteArray("HTTP/1.1 400 Bad\r\n\r\n")
                               << int(Verdict::Pass);
    QTest::newRow("weak: hello") << u"T5"_s << QStringList{u"helloweak"_s} << int(Exchange::End::Raw) << hello
                                 << int(Verdict::Fail);
    const QStringList plain{u"plain"_s};
    QTest::newRow("plain: cut") << u"T1"_s << plain << int(Exchange::End::Cut) << QByteArray() << int(Verdict::Pass);
    QTest::newRow("plain: 400") << u"T1"_s << plain << 400 << QByteArray() << int(Verdict::Pass);
    QTest::newRow("plain: 101") << u"T1"_s << plain << 101 << QByteArray() << int(Verdict::Fail);
    QTest::newRow("plain: 401") << u"T1"_s << plain << 401 << QByteArray() << int(Verdict::Fail);
    QTest::newRow("plain: 301") << u"T1"_s << plain << 301 << QByteArray() << int(Verdict::Warn);
}

void TestDoctorVerdicts::line()
{
    QFETCH(QString, id);
    QFETCH(QStringList, probes);
    QFETCH(int, end);
    QFETCH(QByteArray, bytes);
    QFETCH(int, verdict);
    Recording seen(withToken());
    for (const QString &probe : probes) {
        Exchange exchange = end > 99 ? recorded(probe, "HTTP/1.1 " + QByteArray::number(end) + " X\r\n\r\n") : Exchange{};
        if (end <= 99) {
            exchange.end = Exchange::End(end);
            exchange.head = bytes;
        }
        exchange.probe = probe;
        seen.add(exchange);
    }
    QCOMPARE(int(judged(id, seen).verdict), verdict);
}

void TestDoctorVerdicts::certificate_data()
{
    QTest::addColumn<int>("daysBefore");
    QTest::addColumn<int>("daysLeft");
    QTest::addColumn<int>("bits");
    QTest::addColumn<QString>("error");
    QTest::addColumn<int>("verdict");
    QTest::newRow("young") << 10 << 80 << 256 << QString() << int(Verdict::Pass);
    QTest::newRow("six days, the third") << 3 << 3 << 256 << QString() << int(Verdict::Pass);
    QTest::newRow("ninety days, the last ten") << 80 << 10 << 256 << QString() << int(Verdict::Warn);
    QTest::newRow("expired") << 90 << -1 << 256 << u"The certificate has expired"_s << int(Verdict::Fail);
    QTest::newRow("short key") << 10 << 80 << 160 << QString() << int(Verdict::Fail);
}

void TestDoctorVerdicts::certificate()
{
    QFETCH(int, daysBefore);
    QFETCH(int, daysLeft);
    QFETCH(int, bits);
    QFETCH(QString, error);
    QFETCH(int, verdict);
    Exchange bare = recorded(u"bare"_s, kChallenged);
    const QDateTime now = QDateTime::currentDateTimeUtc();
    bare.tls.effective = now.addDays(-daysBefore);
    bare.tls.expires = now.addDays(daysLeft);
    bare.tls.keyType = u"EC"_s;
    bare.tls.keyBits = bits;
    if (!error.isEmpty()) {
        bare.tls.errors = QStringList{error};
        bare.end = Exchange::End::Untrusted;
        bare.tls.protocol.clear();
    }
    Recording seen(withToken());
    seen.add(bare);
    QCOMPARE(int(judged(u"T4"_s, seen).verdict), verdict);
    QCOMPARE(int(judged(u"T3"_s, seen).verdict), int(error.isEmpty() ? Verdict::Pass : Verdict::Skipped));
    QCOMPARE(seen.isTrusted(), error.isEmpty());
}

void TestDoctorVerdicts::oneCauseOneFinding()
{
    // A server that never checks signatures takes everything; it is told once.
    Recording seen(withToken());
    seen.add(recorded(u"bare"_s, kChallenged));
    seen.add(recorded(u"valid"_s, kSwitched));
    for (const char *probe : {"badsignature", "badclaims", "none", "none2", "confused", "embedded", "madeup"})
        seen.add(recorded(QString::fromLatin1(probe), kSwitched));
    QCOMPARE(int(judged(u"H6"_s, seen).verdict), int(Verdict::Fail));
    for (const QString &id : {u"H4"_s, u"H5"_s, u"H9"_s, u"H15"_s})
        QCOMPARE(int(judged(id, seen).verdict), int(Verdict::Skipped));
    // One that lets everybody in, too.
    Recording open(withToken());
    open.add(recorded(u"bare"_s, kSwitched));
    open.add(recorded(u"identity"_s, kSwitched));
    open.add(recorded(u"forwarded"_s, kSwitched));
    QCOMPARE(int(judged(u"H1"_s, open).verdict), int(Verdict::Fail));
    QCOMPARE(int(judged(u"X1"_s, open).verdict), int(Verdict::Skipped));
    QCOMPARE(int(judged(u"X3"_s, open).verdict), int(Verdict::Skipped));
}

void TestDoctorVerdicts::origins_data()
{
    QTest::addColumn<QByteArray>("valid");
    QTest::addColumn<QByteArray>("evil");
    QTest::addColumn<QByteArray>("longer");
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("third");
    const QByteArray denied = "HTTP/1.1 403 Forbidden\r\n\r\n";
    QTest::newRow("good") << kSwitched << denied << denied << int(Verdict::Pass) << int(Verdict::Pass);
    QTest::newRow("none") << kSwitched << kSwitched << kSwitched << int(Verdict::Fail) << int(Verdict::Skipped);
    QTest::newRow("prefix") << kSwitched << denied << kSwitched << int(Verdict::Pass) << int(Verdict::Fail);
    QTest::newRow("no token, Origin first") << QByteArray() << denied << denied << int(Verdict::Pass) << int(Verdict::Pass);
    QTest::newRow("no token, token first") << QByteArray() << kChallenged << kChallenged << int(Verdict::Skipped)
                                           << int(Verdict::Skipped);
}

void TestDoctorVerdicts::origins()
{
    QFETCH(QByteArray, valid);
    QFETCH(QByteArray, evil);
    QFETCH(QByteArray, longer);
    QFETCH(int, first);
    QFETCH(int, third);
    DoctorOptions options = withToken();
    options.origin = u"https://app.example.com"_s;
    if (valid.isEmpty())
        options.token.clear();
    Recording seen(options);
    seen.add(recorded(u"bare"_s, kChallenged));
    if (!valid.isEmpty())
        seen.add(recorded(u"valid"_s, valid));
    seen.add(recorded(u"evil"_s, evil));
    seen.add(recorded(u"longer"_s, longer));
    seen.add(recorded(u"prefix"_s, evil));
    QCOMPARE(int(judged(u"O1"_s, seen).verdict), first);
    QCOMPARE(int(judged(u"O3"_s, seen).verdict), third);
}

void TestDoctorVerdicts::expiry_data()
{
    QTest::addColumn<int>("close");
    QTest::addColumn<int>("afterMs");
    QTest::addColumn<int>("verdict");
    QTest::newRow("at its end") << 4401 << 3'100 << int(Verdict::Pass);
    QTest::newRow("after a grace") << 1008 << 13'000 << int(Verdict::Pass);
    QTest::newRow("never") << 0 << -1 << int(Verdict::Fail);
    QTest::newRow("at once") << 4402 << 100 << int(Verdict::Skipped);
}

void TestDoctorVerdicts::expiry()
{
    QFETCH(int, close);
    QFETCH(int, afterMs);
    QFETCH(int, verdict);
    Recording seen(withToken());
    seen.add(close ? closed(u"shortlived"_s, close, afterMs) : recorded(u"shortlived"_s, kSwitched));
    QCOMPARE(int(judged(u"E1"_s, seen).verdict), verdict);
}

void TestDoctorVerdicts::lifetime_data()
{
    QTest::addColumn<int>("seconds");
    QTest::addColumn<int>("verdict");
    QTest::newRow("ten minutes") << 600 << int(Verdict::Pass);
    QTest::newRow("an hour") << 3600 << int(Verdict::Pass);
    QTest::newRow("six hours") << 6 * 3600 << int(Verdict::Warn);
    QTest::newRow("two days") << 2 * 86400 << int(Verdict::Fail);
}

void TestDoctorVerdicts::lifetime()
{
    QFETCH(int, seconds);
    QFETCH(int, verdict);
    Recording seen(withToken(validToken(seconds)));
    QCOMPARE(int(judged(u"E4"_s, seen).verdict), verdict);
}

void TestDoctorVerdicts::verbose_data()
{
    QTest::addColumn<QByteArray>("expired");
    QTest::addColumn<QByteArray>("audience");
    QTest::addColumn<int>("verdict");
    const QByteArray head = "HTTP/1.1 401 Unauthorized\r\n\r\n";
    QTest::newRow("alike but for a number") << head + R"({"ref":"a1b2c3"})" << head + R"({"ref":"d4e5f6"})" << int(Verdict::Pass);
    QTest::newRow("differing") << head + "token too old" << head + "not for us" << int(Verdict::Warn);
    QTest::newRow("library") << head + "jwt expired" << head + "no" << int(Verdict::Fail);
    QTest::newRow("trace") << head + "Error: no\n    at verify (/app/auth.js:12:7)" << head << int(Verdict::Fail);
    QTest::newRow("python") << head + "Traceback (most recent call last)" << head << int(Verdict::Fail);
}

void TestDoctorVerdicts::verbose()
{
    QFETCH(QByteArray, expired);
    QFETCH(QByteArray, audience);
    QFETCH(int, verdict);
    Recording seen(withToken());
    seen.add(recorded(u"expired"_s, expired));
    seen.add(recorded(u"audience"_s, audience));
    QCOMPARE(int(judged(u"H13"_s, seen).verdict), verdict);
}

void TestDoctorVerdicts::echo()
{
    const QByteArray token = validToken();
    Recording quiet(withToken(token));
    quiet.add(recorded(u"url"_s, "HTTP/1.1 400 Bad Request\r\n\r\nno"));
    QCOMPARE(int(judged(u"H14"_s, quiet).verdict), int(Verdict::Pass));
    for (const QByteArray &said : {token, token.toPercentEncoding(), token.split('.').at(2)}) {
        Recording seen(withToken(token));
        seen.add(recorded(u"url"_s, "HTTP/1.1 400 Bad Request\r\n\r\nbad token: " + said));
        QCOMPARE(int(judged(u"H14"_s, seen).verdict), int(Verdict::Fail));
        Recording redirected(withToken(token));
        redirected.add(recorded(u"url"_s, "HTTP/1.1 302 Found\r\nLocation: /login?t=" + said + "\r\n\r\n"));
        QCOMPARE(int(judged(u"H14"_s, redirected).verdict), int(Verdict::Fail));
    }
}

void TestDoctorVerdicts::frames_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("probe");
    QTest::newRow("unmasked") << u"F1"_s << u"unmasked"_s;
    QTest::newRow("UTF-8") << u"F2"_s << u"brokentext"_s;
    QTest::newRow("reserved") << u"F4"_s << u"reserved"_s;
    QTest::newRow("huge") << u"S1"_s << u"huge"_s;
}

void TestDoctorVerdicts::frames()
{
    QFETCH(QString, id);
    QFETCH(QString, probe);
    Recording kept(withToken());
    kept.add(recorded(probe, kSwitched));
    QCOMPARE(int(judged(id, kept).verdict), int(Verdict::Fail));
    Recording ended(withToken());
    ended.add(closed(probe, 1002));
    QCOMPARE(int(judged(id, ended).verdict), int(Verdict::Pass));
    Recording refused(withToken());
    refused.add(recorded(probe, kInvalid));
    QCOMPARE(int(judged(id, refused).verdict), int(Verdict::Skipped));
}

void TestDoctorVerdicts::missingNeeds()
{
    const auto missing = [](const QString &id, const Recording &seen) {
        for (const auto &rule : allRules()) {
            if (rule->id() == id)
                return rule->missing(seen);
        }
        return QString();
    };
    DoctorOptions bare;
    bare.endpoint = QUrl(u"wss://orders.example.com/v1/stream"_s);
    Recording without(bare);
    without.add(recorded(u"bare"_s, kChallenged));
    QVERIFY(missing(u"H4"_s, without).contains(u"valid token"_s));
    QVERIFY(missing(u"S1"_s, without).contains(u"--intrusive"_s));
    QVERIFY(missing(u"H15"_s, without).isEmpty());
    Recording refused(withToken());
    refused.add(recorded(u"bare"_s, kChallenged));
    refused.add(recorded(u"valid"_s, kInvalid));
    QVERIFY(missing(u"H4"_s, refused).contains(u"refused"_s));
    Recording opaque(withToken("opaque-token-0123456789"));
    opaque.add(recorded(u"bare"_s, kChallenged));
    opaque.add(recorded(u"valid"_s, kSwitched));
    QVERIFY(missing(u"H4"_s, opaque).contains(u"JWT"_s));
    QVERIFY(missing(u"H10"_s, opaque).isEmpty());
    // Intrusive probes need more than the wish: the owner's word.
    DoctorOptions wish = withToken();
    wish.intrusive = true;
    Recording foreign(wish);
    foreign.add(recorded(u"bare"_s, kChallenged));
    foreign.add(recorded(u"valid"_s, kSwitched));
    QVERIFY(missing(u"L1"_s, foreign).contains(QString::fromLatin1(consentText(wish.endpoint))));
    foreign.add(recorded(u"consent"_s, "HTTP/1.1 200 OK\r\n\r\n" + consentText(wish.endpoint)));
    QVERIFY(missing(u"L1"_s, foreign).isEmpty());
    foreign.add(recorded(u"consent"_s, "HTTP/1.1 404 Not Found\r\n\r\n" + consentText(wish.endpoint)));
    QVERIFY(!missing(u"L1"_s, foreign).isEmpty());
}

void TestDoctorVerdicts::audit()
{
    const auto refusal = [](const QString &probe, const QByteArray &ref) {
        return recorded(probe, "HTTP/1.1 401 Unauthorized\r\n\r\n{\"status\":401,\"ref\":\"" + ref + "\"}");
    };
    const auto event = [](const QString &id, const QString &reason) {
        AuditEvent one;
        one.id = id;
        one.data.insert("reason_code"_L1, reason);
        return one;
    };
    Recording seen(withToken());
    seen.add(refusal(u"expired"_s, "id-1"));
    seen.add(refusal(u"evil"_s, "id-2"));
    seen.add(recorded(u"guess1"_s, kInvalid)); // of a burst, which is told in one event
    QStringList ids = auditedIn(seen);
    ids.sort();
    QCOMPARE(ids, QStringList({u"id-1"_s, u"id-2"_s}));
    AuditEvidence evidence;
    evidence.verified = 7;
    evidence.events = {event(u"id-1"_s, u"TokenExpired"_s), event(u"id-2"_s, u"origin_denied"_s)};
    seen.setAudit(evidence);
    QCOMPARE(int(judged(u"B1"_s, seen).verdict), int(Verdict::Pass));
    QCOMPARE(judged(u"B2"_s, seen).summary, u"2 refusals, each with its reason"_s);
    evidence.events.removeLast();
    seen.setAudit(evidence);
    QCOMPARE(int(judged(u"B2"_s, seen).verdict), int(Verdict::Fail));
    QCOMPARE(judged(u"B2"_s, seen).probes, QStringList{u"evil"_s});
    evidence.events.append(event(u"id-2"_s, u"BadSignature"_s));
    evidence.chainProblem = u"event 4 was changed"_s;
    seen.setAudit(evidence);
    QVERIFY(judged(u"B2"_s, seen).summary.contains(u"another reason"_s));
    QCOMPARE(int(judged(u"B1"_s, seen).verdict), int(Verdict::Fail));
    seen.setAudit(Error(ErrorCode::Forbidden, u"no gw:audit"_s));
    QCOMPARE(int(judged(u"B1"_s, seen).verdict), int(Verdict::Skipped));
    QCOMPARE(int(judged(u"B2"_s, seen).verdict), int(Verdict::Skipped));
}

WATCHWORD_TEST_MAIN(TestDoctorVerdicts)
#include "tst_doctorverdicts.moc"
