// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/client/supportbundle.h"
#include "watchword/testing/manualclock.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;

class TestSupportBundle : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void credentialsAreRemoved_data();
    void credentialsAreRemoved();
    void ordinaryTextStays_data();
    void ordinaryTextStays();
    void holdsWhatWasAdded();
    void filesAreForThisUserOnly();
    void unwritableFolder();

private:
    static SessionOptions options(Clock &clock)
    {
        SessionOptions options;
        options.issuer = QUrl(u"https://login.example.com"_s);
        options.clientId = u"orders"_s;
        options.account = u"work"_s;
        options.storage = StoragePolicy::MemoryOnly;
        options.clock = &clock;
        return options;
    }
};

void TestSupportBundle::credentialsAreRemoved_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("secret");
    const auto row = [](const char *name, const char *text, const char *secret) {
        QTest::newRow(name) << QString::fromLatin1(text) << QString::fromLatin1(secret);
    };
    row("JWT", "got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl here", "eyJhbGciOiJFUzI1NiJ9");
    row("unsecured JWT", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.", "eyJzdWIiOiJ1MSJ9");
    row("Bearer", "Authorization: Bearer abc.DEF-123_x~/+=", "abc.DEF-123_x");
    row("bearer in small letters", "authorization: bearer 0123456789abcdef", "0123456789abcdef");
    row("DPoP", "Authorization: DPoP 0123456789abcdef", "0123456789abcdef");
    row("Basic", "Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA");
    row("code in a URL", "http://127.0.0.1:4711/callback?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz", "SplxlOBeZQQYbYS6WxSbIA");
    row("refresh token in a form", "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA", "tGzv3JOkF0XG5Qx2TlKWIA");
    row("access token in JSON", R"({"access_token":"2YotnFZFEjr1zCsicMWpAA","expires_in":3600})", "2YotnFZFEjr1zCsicMWpAA");
    row("verifier", "code_verifier: dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r");
    row("password", "password = correct-horse-battery", "correct-horse-battery");
    row("private key", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----", "MIGHAgEAMBMGByqGSM49");
    row("private key, cut off", "-----BEGIN EC PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49", "MIGHAgEAMBMGByqGSM49");
}

void TestSupportBundle::credentialsAreRemoved()
{
    QFETCH(QString, text);
    QFETCH(QString, secret);
    QVERIFY(text.contains(secret));
    QVERIFY2(!SupportBundle::scrubbed(text).contains(secret), qPrintable(SupportBundle::scrubbed(text)));
    QVERIFY(SupportBundle::scrubbed(text).contains("[removed]"_L1));
    SupportBundle bundle;
    bundle.addNote(u"note"_s, text);
    QVERIFY(!bundle.toText().contains(secret));
    QVERIFY(!QJsonDocument(bundle.toJson()).toJson().contains(secret.toUtf8()));
}

void TestSupportBundle::ordinaryTextStays_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("timeline") << u"2026-01-01T00:00:00.000Z refresh.started schedule, generation 4, refresh token 3fa29b01"_s;
    QTest::newRow("state") << u"state: Offline - Signed in, but the sign-in service cannot be reached."_s;
    QTest::newRow("error") << u"TokenExpired: \"exp\" was 12 s ago (HTTP 401)"_s;
    QTest::newRow("attempt") << u"#3 wss://orders.example.com/ (retry): token=1ms dns=2ms status=503 [retry-after: 1]"_s;
    QTest::newRow("a bearer of news") << u"the bearer is due"_s;
    QTest::newRow("empty") << QString();
}

void TestSupportBundle::ordinaryTextStays()
{
    QFETCH(QString, text);
    QCOMPARE(SupportBundle::scrubbed(text), text);
}

void TestSupportBundle::holdsWhatWasAdded()
{
    ManualClock clock;
    const Session session(options(clock));
    ClientOptions client;
    client.issuer = QUrl(u"https://login.example.com"_s);
    client.clientId = u"orders"_s;
    client.server = QUrl(u"wss://orders.example.com/v1/stream?ticket=hidden"_s);
    client.storage = StoragePolicy::MemoryOnly;
    client.account = u"second"_s;
    Client other(client);

    SupportBundle bundle;
    bundle.add(session);
    bundle.add(session); // the same account again replaces it
    bundle.add(other);
    bundle.addNote(u"application"_s, u"Orders 3.1"_s);
    const QJsonObject json = bundle.toJson();
    QCOMPARE(json.value("sessions"_L1).toObject().keys(), (QStringList{u"second"_s, u"work"_s}));
    const QJsonObject work = json.value("sessions"_L1).toObject().value("work"_L1).toObject();
    QCOMPARE(work.value("state"_L1).toString(), u"SignedOut"_s);
    QCOMPARE(work.value("options"_L1).toObject().value("client_id"_L1).toString(), u"orders"_s);
    QCOMPARE(json.value("connections"_L1).toArray().size(), 1);
    QCOMPARE(json.value("client"_L1).toObject().value("state"_L1).toString(), u"Stopped"_s);
    QVERIFY(!json.value("versions"_L1).toObject().value("qt"_L1).toString().isEmpty());
    const QString text = bundle.toText();
    for (const QString &part : {u"Orders 3.1"_s, u"wss://orders.example.com/v1/stream"_s, u"SignedOut"_s})
        QVERIFY2(text.contains(part), qPrintable(part));
    QVERIFY(!text.contains("ticket"_L1) && !text.contains("hidden"_L1));
}

void TestSupportBundle::filesAreForThisUserOnly()
{
    QTemporaryDir folder;
    SupportBundle bundle;
    for (const QString &name : {u"a.json"_s, u"a.txt"_s}) {
        const QString path = folder.filePath(name);
        QVERIFY(bundle.writeTo(path));
        QVERIFY(bundle.writeTo(path)); // replaces
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.permissions() & ~(QFile::ReadOwner | QFile::WriteOwner | QFile::ReadUser | QFile::WriteUser),
                 QFile::Permissions());
        QCOMPARE(QJsonDocument::fromJson(file.readAll()).isObject(), name.endsWith(u".json"_s));
    }
}

void TestSupportBundle::unwritableFolder()
{
    const Result<void> written = SupportBundle().writeTo(u"/nonexistent/bundle.json"_s);
    QVERIFY(!written);
    QCOMPARE(written.error().code(), ErrorCode::StorageFailed);
    QVERIFY(written.error().detail().contains("/nonexistent"_L1));
}

WATCHWORD_TEST_MAIN(TestSupportBundle)
#include "tst_supportbundle.moc"
