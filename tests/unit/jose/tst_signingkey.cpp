// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"

#include <openssl/evp.h>

using namespace Watchword;
using namespace JoseTest;

class TestSigningKey : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyAlgorithm_data();
    void everyAlgorithm();
    void edwardsExample();
    void unknownAlgorithms();
    void pemOfAnotherAlgorithm();
    void brokenPem_data();
    void brokenPem();
    void smallRsaIsRefused();
    void nullKey();
};

namespace {

QByteArray pemOf(const QByteArray &der, const QByteArray &label = "PRIVATE KEY")
{
    return "-----BEGIN " + label + "-----\n" + der.toBase64() + "\n-----END " + label + "-----\n";
}

} // namespace

void TestSigningKey::everyAlgorithm_data()
{
    QTest::addColumn<int>("size");
    QTest::newRow("ES256") << 64;
    QTest::newRow("ES384") << 96;
    QTest::newRow("ES512") << 132;
    QTest::newRow("RS256") << 256;
    QTest::newRow("RS384") << 256;
    QTest::newRow("RS512") << 256;
    QTest::newRow("PS256") << 256;
    QTest::newRow("PS384") << 256;
    QTest::newRow("PS512") << 256;
    QTest::newRow("EdDSA") << 64;
}

void TestSigningKey::everyAlgorithm()
{
    QFETCH(int, size);
    const QString algorithm = QString::fromLatin1(QTest::currentDataTag());
    const SigningKey made = key(algorithm);
    QCOMPARE(made.algorithm(), algorithm);
    QCOMPARE(made.keyId(), made.publicKey().thumbprint());
    QCOMPARE(made.publicKey().keyId(), made.keyId());
    QCOMPARE(made.publicKey().algorithm(), algorithm);
    QCOMPARE(made.publicKey().use(), u"sig"_s);
    const QByteArray signature = made.sign("message").value();
    QCOMPARE(signature.size(), size);

    const SigningKey loaded = SigningKey::fromPem(made.toPem(), algorithm).value();
    QCOMPARE(loaded.keyId(), made.keyId());
    const Jwk published = Jwk::fromJson(loaded.publicKey().toPublicJson()).value();
    QVERIFY(published.verify(algorithm, "message", signature));
    QVERIFY(published.verify(algorithm, "message", loaded.sign("message").value()));
    QCOMPARE(published.verify(algorithm, "Message", signature).error().code(), ErrorCode::BadSignature);
    QCOMPARE(published.verify(algorithm, "message", QByteArray()).error().code(), ErrorCode::BadSignature);
    QCOMPARE(published.verify(algorithm, "message", signature.chopped(1)).error().code(), ErrorCode::BadSignature);
    QCOMPARE(published.verify(algorithm, "message", signature + '\0').error().code(), ErrorCode::BadSignature);
    QVERIFY(published.verify(algorithm, "message", signature)); // failures leave no trace in the key
    QVERIFY(published.verify(algorithm, QByteArray(), loaded.sign(QByteArray()).value()));
}

void TestSigningKey::edwardsExample()
{
    // RFC 8037 appendix A.1 as PKCS #8 (RFC 8410 section 7); the signature of appendix A.4 is deterministic.
    const QByteArray der = QByteArray::fromHex("302e020100300506032b657004220420")
        + fromBase64Url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").value();
    const SigningKey key = SigningKey::fromPem(Secret::take(pemOf(der)), u"EdDSA"_s).value();
    QCOMPARE(key.publicKey().toPublicJson().value("x"_L1).toString(), u"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"_s);
    QCOMPARE(key.keyId(), u"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"_s);
    QCOMPARE(toBase64Url(key.sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").value()),
             QByteArray("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"));
}

void TestSigningKey::unknownAlgorithms()
{
    for (const QString &name : {u"HS256"_s, u"none"_s, u"es256"_s, u"RSA1_5"_s, QString()}) {
        QCOMPARE(SigningKey::generate(name).error().code(), ErrorCode::UnsupportedAlgorithm);
        QCOMPARE(SigningKey::fromPem(key(u"ES256"_s).toPem(), name).error().code(), ErrorCode::UnsupportedAlgorithm);
    }
}

void TestSigningKey::pemOfAnotherAlgorithm()
{
    const QStringList kinds{u"ES256"_s, u"ES384"_s, u"RS256"_s, u"EdDSA"_s};
    for (const QString &made : kinds) {
        for (const QString &asked : kinds) {
            const Result<SigningKey> result = SigningKey::fromPem(key(made).toPem(), asked);
            QCOMPARE(result.isOk(), made == asked);
            if (!result)
                QCOMPARE(result.error().code(), ErrorCode::UnusableKey);
        }
    }
    QVERIFY(SigningKey::fromPem(key(u"RS256"_s).toPem(), u"PS256"_s)); // the same type of key
}

void TestSigningKey::brokenPem_data()
{
    QTest::addColumn<QByteArray>("pem");
    const QByteArray good = key(u"ES256"_s).toPem().reveal().toByteArray();
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("text") << QByteArray("hello");
    QTest::newRow("cut off") << good.first(good.size() / 2);
    QTest::newRow("no key inside") << pemOf("hello");
    QTest::newRow("too large") << good + QByteArray(64 * 1024, '\n');
    QTest::newRow("encrypted") << QByteArray("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                             "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
                                             "-----END ENCRYPTED PRIVATE KEY-----\n");
}

void TestSigningKey::brokenPem()
{
    QFETCH(QByteArray, pem);
    const Result<SigningKey> result = SigningKey::fromPem(Secret::copy(pem), u"ES256"_s);
    QVERIFY(!result);
    QCOMPARE(result.error().code(), ErrorCode::UnusableKey);
}

void TestSigningKey::smallRsaIsRefused()
{
    EVP_PKEY *small = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t(1024));
    uchar *bytes = nullptr;
    const int size = i2d_PrivateKey(small, &bytes); // the traditional form, which is accepted as well
    const QByteArray der(reinterpret_cast<char *>(bytes), size);
    OPENSSL_free(bytes);
    EVP_PKEY_free(small);
    const Result<SigningKey> result = SigningKey::fromPem(Secret::take(pemOf(der, "RSA PRIVATE KEY")), u"RS256"_s);
    QVERIFY(!result);
    QCOMPARE(result.error().code(), ErrorCode::UnusableKey);
    QVERIFY(result.error().detail().contains("2048"_L1));
}

void TestSigningKey::nullKey()
{
    const SigningKey key;
    QVERIFY(key.isNull() && key.keyId().isEmpty() && key.algorithm().isEmpty());
    QVERIFY(key.publicKey().isNull() && key.toPem().isEmpty());
    QCOMPARE(key.sign("m").error().code(), ErrorCode::UnusableKey);
    QCOMPARE(signJwt(key, {}, {}).error().code(), ErrorCode::UnusableKey);
}

WATCHWORD_TEST_MAIN(TestSigningKey)
#include "tst_signingkey.moc"
