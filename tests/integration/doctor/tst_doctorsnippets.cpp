// SPDX-License-Identifier: Apache-2.0
#include "peerfixture.h"
#include "visit.h"

#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

namespace {

using namespace DoctorTest;

// Flaws of a server that a proxy before it can mend.
const QStringList kFlaws{QStringLiteral("origin-unchecked"), QStringLiteral("identity-headers"), QStringLiteral("slow-heads")};

} // namespace

/*! What the guide tells to write into nginx does what it says. */
class TestDoctorSnippets : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void mendsWhatIsBehind_data();
    void mendsWhatIsBehind();

private:
    static QByteArray snippets(const QByteArray &place);
    QByteArray configuration(quint16 port, quint16 upstream, const QString &folder, bool isMended) const;
    Report examined(const QString &flaw, bool isMended);

    QTemporaryDir m_folder;
    SigningKey m_key;
    Support::ReadyProcess m_zoo;
    QJsonObject m_ports;
};

void TestDoctorSnippets::initTestCase()
{
    REQUIRE_COMPONENT(!PeerTest::programPath(u"nginx"_s).isEmpty(), "nginx");
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
    m_key = *SigningKey::generate(u"ES256"_s);
    const QJsonObject issuer{{u"jwk"_s, m_key.publicKey().toPublicJson()},
                             {u"issuer"_s, u"https://login.example.com"_s},
                             {u"audience"_s, u"wss://orders.example.com"_s}};
    QVERIFY(PeerTest::writeFile(m_folder.filePath(u"issuer.json"_s), QJsonDocument(issuer).toJson()));
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "the npm packages of tests/peers");
    const auto ready =
        m_zoo.start(u"node"_s, QStringList{QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/zoo.mjs"), m_folder.path()} + kFlaws,
                    u"READY "_s);
    QVERIFY(ready);
    m_ports = QJsonDocument::fromJson(ready->toUtf8()).object();
}

// All blocks of the guide for nginx whose first line names \a place.
QByteArray TestDoctorSnippets::snippets(const QByteArray &place)
{
    static const QRegularExpression block(u"```nginx\\n# (\\w+)\\n(.*?)```"_s, QRegularExpression::DotMatchesEverythingOption);
    QByteArray all;
    const QDir pages(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/practices"));
    const QStringList names = pages.entryList({u"*.md"_s});
    for (const QString &name : names) {
        const QString text = QString::fromUtf8(PeerTest::readFile(pages.filePath(name)));
        for (auto match = block.globalMatch(text); match.hasNext();) {
            const QRegularExpressionMatch found = match.next();
            if (found.captured(1).toLatin1() == place)
                all += found.captured(2).toUtf8();
        }
    }
    return all;
}

QByteArray TestDoctorSnippets::configuration(quint16 port, quint16 upstream, const QString &folder, bool isMended) const
{
    const QByteArray here = folder.toLocal8Bit() + '/';
    const QByteArray files = m_folder.path().toLocal8Bit() + '/';
    QByteArray text = "daemon off; master_process off; pid " + here + "nginx.pid; error_log " + here
        + "nginx.err; events { worker_connections 256; }\nhttp { access_log off;\n";
    for (const char *kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        text += QByteArray(kind) + "_temp_path " + here + kind + ";\n";
    text += isMended ? snippets("http") : QByteArray();
    text += "server { listen 127.0.0.1:" + QByteArray::number(port) + " ssl; ssl_certificate " + files
        + "server.pem; ssl_certificate_key " + files + "server.key;\nlocation / {\n";
    text += isMended ? snippets("location") : QByteArray();
    return text + "proxy_pass https://127.0.0.1:" + QByteArray::number(upstream)
        + ";\nproxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade;"
          " proxy_set_header Host $http_host;\n} } }\n";
}

Report TestDoctorSnippets::examined(const QString &flaw, bool isMended)
{
    QTemporaryDir folder;
    const quint16 port = PeerTest::portThatIsFreeNow();
    const QString file = folder.filePath(u"nginx.conf"_s);
    PeerTest::writeFile(file, configuration(port, quint16(m_ports.value(flaw).toInt()), folder.path(), isMended));
    PeerTest::Daemon nginx;
    if (!nginx.start(PeerTest::programPath(u"nginx"_s),
                     {u"-p"_s, folder.path(), u"-e"_s, folder.filePath(u"nginx.err"_s), u"-c"_s, file}, port))
        return {};
    DoctorOptions options = quickOptions(QUrl(u"wss://127.0.0.1:%1/v1/stream"_s.arg(port)), m_folder.filePath(u"ca.pem"_s));
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    options.token = Secret::copy(*signJwt(m_key, u"at+jwt"_s,
                                          {{u"iss"_s, u"https://login.example.com"_s},
                                           {u"aud"_s, u"wss://orders.example.com"_s},
                                           {u"sub"_s, u"user-1"_s},
                                           {u"scope"_s, u"use"_s},
                                           {u"iat"_s, now},
                                           {u"exp"_s, now + 300}}));
    options.signingKey = m_key;
    options.pace = 40ms;
    options.headDeadline = isMended ? 10s : 2s; // nginx waits for a minute
    Doctor doctor(options);
    doctor.start();
    if (!waitUntil([&] { return doctor.state() == Doctor::State::Done; }, 60s))
        qWarning("the doctor does not end");
    return doctor.report();
}

void TestDoctorSnippets::mendsWhatIsBehind_data()
{
    QTest::addColumn<QString>("flaw");
    QTest::addColumn<QString>("finding");
    QTest::newRow("Origin") << u"origin-unchecked"_s << u"O1 fail"_s;
    QTest::newRow("identity headers") << u"identity-headers"_s << u"X1 fail"_s;
    QTest::newRow("slow requests") << u"slow-heads"_s << u"S2 warn"_s;
}

void TestDoctorSnippets::mendsWhatIsBehind()
{
    QFETCH(QString, flaw);
    QFETCH(QString, finding);
    const Report before = examined(flaw, false);
    QVERIFY2(problemsOf(before).contains(finding), qPrintable(problemsOf(before).join(u", "_s)));
    QVERIFY(problemsOf(before).contains(u"X5 warn"_s)); // nginx as it comes
    const Report after = examined(flaw, true);
    if (after.hasProblems()) {
        for (const Finding &one : after.findings)
            qInfo("%s %s %s", qPrintable(one.checkId), qPrintable(nameOf(one.verdict)), qPrintable(one.summary));
    }
    QCOMPARE(problemsOf(after).join(u", "_s), QString());
    QVERIFY(after.count(Verdict::Pass) > 36);
}

WATCHWORD_TEST_MAIN(TestDoctorSnippets)
#include "tst_doctorsnippets.moc"
