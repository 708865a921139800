// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"
#include "watchword/jose/envelope.h"
#include "watchword/jose/passwordhash.h"
#include "watchword/jose/pkce.h"

using namespace Watchword;
using namespace JoseTest;

/*! PKCE, the envelope, password hashes, and base64url under them. */
class TestSecrets : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void base64UrlIsStrict_data();
    void base64UrlIsStrict();
    void base64UrlRoundTrip();
    void pkceExample();
    void pkceCreate();
    void pkceRefusals_data();
    void pkceRefusals();
    void envelopeRoundTrip_data();
    void envelopeRoundTrip();
    void envelopeLayout();
    void envelopeEveryByteFlipped();
    void envelopeWrongContext();
    void envelopeNonces();
    void passwordExample();
    void passwordRoundTrip();
    void passwordRefusals_data();
    void passwordRefusals();
    void passwordCosts_data();
    void passwordCosts();
};

void TestSecrets::base64UrlIsStrict_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text :
         {"=", "QQ==", "QR", "QQ=", "Q", "QQQQQ", "QQ ", " QQ", "Q\nQ", "+A", "/A", "QQ.", "-_-_-", "\xc3\xa4", "QUF"})
        QTest::newRow(text) << QByteArray(text);
    QTest::newRow("NUL") << QByteArray("QUF\0", 4);
}

void TestSecrets::base64UrlIsStrict()
{
    QFETCH(QByteArray, text);
    const Result<QByteArray> result = fromBase64Url(text);
    QVERIFY(!result);
    QCOMPARE(result.error().code(), ErrorCode::MalformedToken);
}

void TestSecrets::base64UrlRoundTrip()
{
    QByteArray bytes;
    for (int i = 0; i < 512; ++i) {
        QCOMPARE(fromBase64Url(toBase64Url(bytes)).value(), bytes);
        bytes += char(i * 37);
    }
    QCOMPARE(toBase64Url("\xfb\xff"), QByteArray("-_8"));
}

void TestSecrets::pkceExample()
{
    // RFC 7636 appendix B.
    QCOMPARE(Pkce::challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), u"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"_s);
    QVERIFY(Pkce::matches("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", u"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"_s));
}

void TestSecrets::pkceCreate()
{
    QSet<QString> challenges;
    for (int i = 0; i < 100; ++i) {
        const Pkce pkce = Pkce::create();
        QCOMPARE(pkce.verifier.size(), 43);
        QVERIFY(Pkce::matches(pkce.verifier.reveal(), pkce.challenge));
        challenges.insert(pkce.challenge);
    }
    QCOMPARE(challenges.size(), 100);
}

void TestSecrets::pkceRefusals_data()
{
    QTest::addColumn<QByteArray>("verifier");
    const QByteArray good(43, 'a');
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("42") << good.chopped(1);
    QTest::newRow("129") << QByteArray(129, 'a');
    QTest::newRow("space") << good + ' ';
    QTest::newRow("plus") << good + '+';
    QTest::newRow("NUL") << good + '\0';
    QTest::newRow("umlaut") << good + "\xc3\xa4";
}

void TestSecrets::pkceRefusals()
{
    QFETCH(QByteArray, verifier);
    QVERIFY(!Pkce::matches(verifier, Pkce::challengeOf(verifier)));
    const QByteArray good(43, 'a');
    const QString challenge = Pkce::challengeOf(good);
    QVERIFY(Pkce::matches(good, challenge));
    QVERIFY(Pkce::matches(QByteArray(128, '~'), Pkce::challengeOf(QByteArray(128, '~'))));
    QVERIFY(!Pkce::matches(verifier, challenge));
    QVERIFY(!Pkce::matches(good, challenge + u'='));
    QVERIFY(!Pkce::matches(good, challenge.toLower()));
    QVERIFY(!Pkce::matches(good, QString()));
    QVERIFY(!Pkce::matches(good, QString::fromLatin1(good))); // "plain"
}

void TestSecrets::envelopeRoundTrip_data()
{
    QTest::addColumn<int>("size");
    for (const int size : {0, 1, 15, 16, 17, 4096, 1'000'000})
        QTest::addRow("%d", size) << size;
}

void TestSecrets::envelopeRoundTrip()
{
    QFETCH(int, size);
    const Secret key = Secret::random(32);
    const Secret plain = Secret::random(size);
    for (const QByteArray &aad : {QByteArray(), QByteArray("app\0account\0", 12)}) {
        const QByteArray sealed = sealEnvelope(key, plain.reveal(), aad).value();
        QCOMPARE(sealed.size(), size + 32);
        QVERIFY(openEnvelope(key, sealed, aad).value().equals(plain));
        if (size > 15)
            QVERIFY(!sealed.contains(plain.reveal().first(16).toByteArray()));
    }
}

void TestSecrets::envelopeLayout()
{
    // An envelope that was written once must open for ever: AES-256-GCM made by another implementation.
    const Secret key = Secret::take(QByteArray::fromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
    const QByteArray sealed =
        "WWE1" + QByteArray::fromHex("a0a1a2a3a4a5a6a7a8a9aaab947d1a5f20b86a9f160aecb669a87f5d4e311527d13167c589f56e7140");
    QCOMPARE(openEnvelope(key, sealed, "orders/alice/7").value().reveal().toByteArray(), QByteArray("refresh token"));
}

void TestSecrets::envelopeEveryByteFlipped()
{
    const Secret key = Secret::random(32);
    const QByteArray sealed = sealEnvelope(key, "a token", "context").value();
    for (qsizetype i = 0; i < sealed.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            QByteArray broken = sealed;
            broken[i] = char(broken.at(i) ^ (1 << bit));
            QCOMPARE(openEnvelope(key, broken, "context").error().code(), ErrorCode::DecryptionFailed);
        }
        QCOMPARE(openEnvelope(key, sealed.first(i), "context").error().code(), ErrorCode::DecryptionFailed);
        QCOMPARE(openEnvelope(key, sealed.last(i), "context").error().code(), ErrorCode::DecryptionFailed);
    }
    QCOMPARE(openEnvelope(key, sealed + '\0', "context").error().code(), ErrorCode::DecryptionFailed);
    QVERIFY(openEnvelope(key, sealed, "context"));
}

void TestSecrets::envelopeWrongContext()
{
    const Secret key = Secret::random(32);
    const QByteArray sealed = sealEnvelope(key, "a token", "generation 7").value();
    QCOMPARE(openEnvelope(Secret::random(32), sealed, "generation 7").error().code(), ErrorCode::DecryptionFailed);
    QCOMPARE(openEnvelope(key, sealed, "generation 6").error().code(), ErrorCode::DecryptionFailed);
    QCOMPARE(openEnvelope(key, sealed, QByteArray()).error().code(), ErrorCode::DecryptionFailed);
    QCOMPARE(openEnvelope(key, sealed, "WWE1generation 7").error().code(), ErrorCode::DecryptionFailed);
    for (const qsizetype size : {0, 16, 31, 33, 64}) {
        QCOMPARE(sealEnvelope(Secret::random(size), "x", "y").error().code(), ErrorCode::InvalidArgument);
        QCOMPARE(openEnvelope(Secret::random(size), sealed, "y").error().code(), ErrorCode::InvalidArgument);
    }
}

void TestSecrets::envelopeNonces()
{
    const Secret key = Secret::random(32);
    QSet<QByteArray> nonces;
    for (int i = 0; i < 1000; ++i)
        nonces.insert(sealEnvelope(key, "same", "same").value().mid(4, 12));
    QCOMPARE(nonces.size(), 1000);
}

void TestSecrets::passwordExample()
{
    // RFC 7914 section 12 has no vector within our salt and hash sizes; this one is made by another
    // implementation.
    QVERIFY(checkPassword(Secret::copy("pleaseletmein"),
                          u"scrypt$16384$8$1$U29kaXVtQ2hsb3JpZGUxNg$ywd3KuG5N75-_-n_Cjfqd4qjzQQanR1jI1SPfrFKXNY"_s));
    QVERIFY(!checkPassword(Secret::copy("pleaseletmeim"),
                           u"scrypt$16384$8$1$U29kaXVtQ2hsb3JpZGUxNg$ywd3KuG5N75-_-n_Cjfqd4qjzQQanR1jI1SPfrFKXNY"_s));
}

void TestSecrets::passwordRoundTrip()
{
    const ScryptCost cheap{1u << 10, 8, 1};
    const Secret password = Secret::copy("correct horse \xc3\xa4");
    const QString one = hashPassword(password, cheap).value();
    const QString two = hashPassword(password, cheap).value();
    QVERIFY(one.startsWith("scrypt$1024$8$1$"_L1));
    QVERIFY(one != two); // the salt is new each time
    QVERIFY(checkPassword(password, one) && checkPassword(password, two));
    QVERIFY(!checkPassword(Secret::copy("correct horse"), one));
    QVERIFY(!checkPassword(Secret(), one));
    QVERIFY(checkPassword(password, hashPassword(password).value())); // with the usual cost
    QCOMPARE(hashPassword(Secret(), cheap).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(hashPassword(Secret::random(1025), cheap).error().code(), ErrorCode::InvalidArgument);
    QVERIFY(hashPassword(Secret::random(1024), cheap));
}

void TestSecrets::passwordRefusals_data()
{
    QTest::addColumn<QString>("hash");
    const QString salt = QString::fromLatin1(toBase64Url(QByteArray(16, 's')));
    const QString hash = QString::fromLatin1(toBase64Url(QByteArray(32, 'h')));
    const auto row = [&](const char *name, const QString &cost, const QString &s, const QString &h) {
        QTest::newRow(name) << u"scrypt$%1$%2$%3"_s.arg(cost, s, h);
    };
    QTest::newRow("empty") << QString();
    QTest::newRow("plain text") << u"pleaseletmein"_s;
    QTest::newRow("other scheme") << u"$2b$12$abcdefghijklmnopqrstuuO"_s;
    QTest::newRow("too long") << QString(100'000, u'$');
    row("wrong hash", u"1024$8$1"_s, salt, hash);
    row("n too small", u"512$8$1"_s, salt, hash);
    row("n no power of two", u"1025$8$1"_s, salt, hash);
    row("n too large", u"1073741824$8$1"_s, salt, hash);
    row("n overflows", u"18446744073709551616$8$1"_s, salt, hash);
    row("n negative", u"-1024$8$1"_s, salt, hash);
    row("r zero", u"1024$0$1"_s, salt, hash);
    row("r too large", u"1024$17$1"_s, salt, hash);
    row("p zero", u"1024$8$0"_s, salt, hash);
    row("p too large", u"1024$8$9"_s, salt, hash);
    row("too much memory", u"262144$16$1"_s, salt, hash);
    row("short salt", u"1024$8$1"_s, salt.chopped(2), hash);
    row("short hash", u"1024$8$1"_s, salt, hash.chopped(3));
    row("padded", u"1024$8$1"_s, salt, hash + u'=');
    row("one part more", u"1024$8$1"_s, salt, hash + u"$"_s);
}

void TestSecrets::passwordRefusals()
{
    QFETCH(QString, hash);
    QVERIFY(!checkPassword(Secret::copy("pleaseletmein"), hash));
}

void TestSecrets::passwordCosts_data()
{
    QTest::addColumn<quint32>("n");
    QTest::addColumn<quint32>("r");
    QTest::addColumn<quint32>("p");
    QTest::addColumn<bool>("accepted");
    QTest::newRow("smallest") << 1024u << 1u << 1u << true;
    QTest::newRow("no n") << 0u << 8u << 1u << false;
    QTest::newRow("n 512") << 512u << 8u << 1u << false;
    QTest::newRow("n odd") << 1025u << 8u << 1u << false;
    QTest::newRow("n 2^19") << (1u << 19) << 1u << 1u << false;
    QTest::newRow("no r") << 1024u << 0u << 1u << false;
    QTest::newRow("r 17") << 1024u << 17u << 1u << false;
    QTest::newRow("no p") << 1024u << 1u << 0u << false;
    QTest::newRow("p 9") << 1024u << 1u << 9u << false;
    QTest::newRow("512 MiB") << (1u << 18) << 16u << 1u << false;
}

void TestSecrets::passwordCosts()
{
    QFETCH(quint32, n);
    QFETCH(quint32, r);
    QFETCH(quint32, p);
    QFETCH(bool, accepted);
    const Result<QString> hash = hashPassword(Secret::copy("password"), {n, r, p});
    QCOMPARE(hash.isOk(), accepted);
    if (accepted)
        QVERIFY(checkPassword(Secret::copy("password"), *hash));
    else
        QCOMPARE(hash.error().code(), ErrorCode::InvalidArgument);
}

WATCHWORD_TEST_MAIN(TestSecrets)
#include "tst_secrets.moc"
