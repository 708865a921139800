// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/base64url.h"
#include "watchword/jose/dpop.h"
#include "watchword/jose/jwt.h"

#include <QJsonDocument>

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

const SigningKey &signer()
{
    static const SigningKey key = SigningKey::generate(QStringLiteral("ES256")).value();
    return key;
}

DpopProof::Expectation expectation()
{
    return {{"GET", QUrl(QStringLiteral("https://gw.test/s")), Secret::copy("token"), {}},
            signer().publicKey().thumbprint(),
            std::chrono::seconds(60),
            std::chrono::seconds(60)};
}

// What counts in a proof that was accepted, read by other means.
void checkAccepted(const QByteArray &claims, const DpopProof &proof)
{
    const QJsonObject object = QJsonDocument::fromJson(claims).object();
    require(object.value(QStringLiteral("htm")).toString() == QStringLiteral("GET"));
    require(object.value(QStringLiteral("jti")).toString() == proof.id() && !proof.id().isEmpty());
    require(proof.thumbprint() == signer().publicKey().thumbprint());
    const qint64 iat = qint64(object.value(QStringLiteral("iat")).toDouble());
    require(std::abs(iat - 1'800'000'000) <= 61);
    require(DpopProof::targetOf(QUrl(object.value(QStringLiteral("htu")).toString())) == QStringLiteral("https://gw.test/s"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const WallTime now = wallTimeFromSeconds(1'800'000'000);
    // Nobody but the signer can make a proof for its key.
    require(!DpopProof::verify(input, expectation(), now));
    // The same bytes as claims behind a good header and with a good signature: only right ones are accepted.
    const QJsonObject header{{QStringLiteral("typ"), QStringLiteral("dpop+jwt")},
                             {QStringLiteral("alg"), QStringLiteral("ES256")},
                             {QStringLiteral("jwk"), signer().publicKey().toPublicJson()}};
    const QByteArray text = toBase64Url(QJsonDocument(header).toJson(QJsonDocument::Compact)) + '.' + toBase64Url(input);
    const QByteArray proof = text + '.' + toBase64Url(signer().sign(text).value());
    if (const Result<DpopProof> accepted = DpopProof::verify(proof, expectation(), now))
        checkAccepted(input, *accepted);
    // And as the header: the key inside is whatever the fuzzer says.
    const QByteArray others = toBase64Url(input) + '.' + toBase64Url(QByteArray("{\"jti\":\"a\"}"));
    require(!DpopProof::verify(others + '.' + toBase64Url(signer().sign(others).value()), expectation(), now));
    return 0;
}
