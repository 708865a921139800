// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/signingkey.h"

#include "algorithm.h"
#include "evp.h"
#include "strictjson.h"
#include "watchword/jose/base64url.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace Watchword {

using namespace Qt::StringLiterals;

class SigningKey::Private
{
public:
    EvpKey key;
    const Algorithm *algorithm = nullptr;
    Jwk publicKey;

    static Result<SigningKey> finished(std::shared_ptr<Private> data); //!< With its public half.
};

namespace {

Error opensslError(const QString &what)
{
    ERR_clear_error();
    return Error(ErrorCode::Internal, u"OpenSSL could not %1"_s.arg(what));
}

QString numberText(const EVP_PKEY *key, const char *parameter, int size = 0)
{
    BIGNUM *raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, parameter, &raw) != 1)
        return {};
    const EvpNumber number(raw);
    QByteArray bytes(std::max(size, BN_num_bytes(raw)), Qt::Uninitialized);
    BN_bn2binpad(raw, reinterpret_cast<uchar *>(bytes.data()), int(bytes.size()));
    return QString::fromLatin1(toBase64Url(bytes));
}

QJsonObject publicMembers(const EVP_PKEY *key, const Algorithm &algorithm)
{
    QJsonObject json{{"kty"_L1, QString(algorithm.keyType)}};
    if (!algorithm.curve.isEmpty())
        json.insert("crv"_L1, QString(algorithm.curve));
    if (algorithm.kind == Algorithm::Kind::Ecdsa) {
        json.insert("x"_L1, numberText(key, OSSL_PKEY_PARAM_EC_PUB_X, algorithm.coordinateSize));
        json.insert("y"_L1, numberText(key, OSSL_PKEY_PARAM_EC_PUB_Y, algorithm.coordinateSize));
    } else if (algorithm.kind == Algorithm::Kind::EdDsa) {
        QByteArray x(32, Qt::Uninitialized);
        size_t size = size_t(x.size());
        EVP_PKEY_get_raw_public_key(key, reinterpret_cast<uchar *>(x.data()), &size);
        json.insert("x"_L1, QString::fromLatin1(toBase64Url(x)));
    } else {
        json.insert("n"_L1, numberText(key, OSSL_PKEY_PARAM_RSA_N));
        json.insert("e"_L1, numberText(key, OSSL_PKEY_PARAM_RSA_E));
    }
    return json;
}

bool fits(const EVP_PKEY *key, const Algorithm &algorithm)
{
    switch (algorithm.kind) {
    case Algorithm::Kind::EdDsa:
        return EVP_PKEY_is_a(key, "ED25519") == 1;
    case Algorithm::Kind::Ecdsa: {
        char group[64] = {};
        const char *expected = algorithm.coordinateSize == 32 ? "prime256v1"
            : algorithm.coordinateSize == 48                  ? "secp384r1"
                                                              : "secp521r1";
        return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1
            && qstrcmp(group, expected) == 0;
    }
    default:
        return EVP_PKEY_is_a(key, "RSA") == 1;
    }
}

//! The public half, named by its thumbprint and bound to \a algorithm.
Result<Jwk> publicHalf(const EVP_PKEY *key, const Algorithm &algorithm)
{
    QJsonObject json = publicMembers(key, algorithm);
    const Result<Jwk> nameless = Jwk::fromJson(json);
    if (!nameless)
        return nameless.error();
    json.insert("kid"_L1, nameless->thumbprint());
    json.insert("alg"_L1, QString(algorithm.name));
    json.insert("use"_L1, u"sig"_s);
    return Jwk::fromJson(json);
}

//! Never asks a terminal for a passphrase, which OpenSSL does without a callback.
int noPassphrase(char *, int, int, void *)
{
    return -1;
}

//! DER of ECDSA as r || s.
QByteArray rawSignature(const QByteArray &der, int coordinateSize)
{
    const auto *in = reinterpret_cast<const uchar *>(der.constData());
    const EvpSignature signature(d2i_ECDSA_SIG(nullptr, &in, long(der.size())));
    QByteArray raw(2 * coordinateSize, Qt::Uninitialized);
    auto *out = reinterpret_cast<uchar *>(raw.data());
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, coordinateSize) < 0
        || BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + coordinateSize, coordinateSize) < 0)
        return {};
    return raw;
}

QByteArray signEdwards(EVP_PKEY *key, QByteArrayView message)
{
    const EvpDigestContext context(EVP_MD_CTX_new());
    QByteArray signature(64, Qt::Uninitialized);
    size_t size = size_t(signature.size());
    const auto *text = reinterpret_cast<const uchar *>(message.data());
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1
        || EVP_DigestSign(context.get(), reinterpret_cast<uchar *>(signature.data()), &size, text, size_t(message.size())) != 1)
        return {};
    return signature;
}

QByteArray signDigest(EVP_PKEY *key, const Algorithm &algorithm, QByteArrayView message)
{
    uchar digest[EVP_MAX_MD_SIZE];
    const EvpKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    size_t size = 0;
    if (!context || EVP_Digest(message.data(), size_t(message.size()), digest, nullptr, digestOf(algorithm), nullptr) != 1
        || EVP_PKEY_sign_init(context.get()) <= 0 || !configure(context.get(), algorithm)
        || EVP_PKEY_sign(context.get(), nullptr, &size, digest, size_t(algorithm.digestSize)) <= 0)
        return {};
    QByteArray signature(qsizetype(size), Qt::Uninitialized);
    if (EVP_PKEY_sign(context.get(), reinterpret_cast<uchar *>(signature.data()), &size, digest, size_t(algorithm.digestSize))
        <= 0)
        return {};
    signature.resize(qsizetype(size));
    return algorithm.kind == Algorithm::Kind::Ecdsa ? rawSignature(signature, algorithm.coordinateSize) : signature;
}

} // namespace

SigningKey::SigningKey() = default;
SigningKey::~SigningKey() = default;
SigningKey::SigningKey(const SigningKey &) = default;
SigningKey::SigningKey(SigningKey &&) noexcept = default;
SigningKey &SigningKey::operator=(const SigningKey &) = default;
SigningKey &SigningKey::operator=(SigningKey &&) noexcept = default;

Result<SigningKey> SigningKey::Private::finished(std::shared_ptr<Private> data)
{
    const Result<Jwk> half = publicHalf(data->key.get(), *data->algorithm);
    if (!half)
        return half.error();
    data->publicKey = *half;
    SigningKey key;
    key.d = std::move(data);
    return key;
}

Result<SigningKey> SigningKey::generate(const QString &algorithm)
{
    const Algorithm *row = Algorithm::find(algorithm);
    if (!row)
        return Error(ErrorCode::UnsupportedAlgorithm, u"no keys for \"%1\""_s.arg(shownText(algorithm)));
    auto data = std::make_shared<Private>();
    data->algorithm = row;
    if (row->kind == Algorithm::Kind::EdDsa)
        data->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    else if (row->kind == Algorithm::Kind::Ecdsa)
        data->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", QByteArray(row->curve.data(), row->curve.size()).data()));
    else
        data->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t(2048)));
    if (!data->key)
        return opensslError(u"generate a key"_s);
    return Private::finished(std::move(data));
}

Result<SigningKey> SigningKey::fromPem(const Secret &pem, const QString &algorithm)
{
    const Algorithm *row = Algorithm::find(algorithm);
    if (!row)
        return Error(ErrorCode::UnsupportedAlgorithm, u"no keys for \"%1\""_s.arg(shownText(algorithm)));
    if (pem.size() > 64 * 1024)
        return Error(ErrorCode::UnusableKey, u"the PEM is larger than 64 KiB"_s);
    const EvpBio bio(BIO_new_mem_buf(pem.isEmpty() ? "" : pem.reveal().data(), int(pem.size())));
    auto data = std::make_shared<Private>();
    data->algorithm = row;
    data->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassphrase, nullptr));
    ERR_clear_error();
    if (!data->key)
        return Error(ErrorCode::UnusableKey, u"not an unencrypted private key in PEM"_s);
    if (!fits(data->key.get(), *row))
        return Error(ErrorCode::UnusableKey, u"the key is not one for %1"_s.arg(algorithm));
    return Private::finished(std::move(data));
}

Secret SigningKey::toPem() const
{
    if (!d)
        return {};
    // OpenSSL overwrites the buffer of a memory BIO when it frees it.
    const EvpBio bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), d->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        ERR_clear_error();
        return {};
    }
    char *bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return Secret::copy(QByteArrayView(bytes, size));
}

QString SigningKey::keyId() const
{
    return d ? d->publicKey.keyId() : QString();
}

QString SigningKey::algorithm() const
{
    return d ? QString(d->algorithm->name) : QString();
}

Jwk SigningKey::publicKey() const
{
    return d ? d->publicKey : Jwk();
}

Result<QByteArray> SigningKey::sign(QByteArrayView message) const
{
    if (!d)
        return Error(ErrorCode::UnusableKey, u"there is no key"_s);
    const QByteArray signature = d->algorithm->kind == Algorithm::Kind::EdDsa ? signEdwards(d->key.get(), message)
                                                                              : signDigest(d->key.get(), *d->algorithm, message);
    if (signature.isEmpty())
        return opensslError(u"sign"_s);
    return signature;
}

} // namespace Watchword
