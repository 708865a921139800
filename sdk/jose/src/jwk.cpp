// SPDX-License-Identifier: Apache-2.0
#include "jwk_p.h"

#include "strictjson.h"
#include "watchword/core/canonicaljson.h"
#include "watchword/jose/base64url.h"

#include <QCryptographicHash>
#include <QJsonArray>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostIdleContexts = 8;

Error unusable(const QString &why)
{
    return Error(ErrorCode::UnusableKey, why);
}

//! The bytes of the member \a name, which must be canonical base64url.
Result<QByteArray> bytesOf(const QJsonObject &json, QLatin1StringView name)
{
    const QJsonValue value = json.value(name);
    if (!value.isString())
        return unusable(u"the member \"%1\" is missing"_s.arg(name));
    const Result<QByteArray> bytes = fromBase64Url(value.toString().toLatin1());
    if (!bytes || bytes->isEmpty())
        return unusable(u"the member \"%1\" is not base64url"_s.arg(name));
    return bytes;
}

EvpKey keyFromParameters(const char *type, OSSL_PARAM_BLD *builder)
{
    const EvpParams parameters(OSSL_PARAM_BLD_to_param(builder));
    const EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY *key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) <= 0
        || EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) <= 0) {
        ERR_clear_error();
        return {};
    }
    return EvpKey(key);
}

Result<EvpKey> rsaKey(const QJsonObject &json)
{
    const Result<QByteArray> n = bytesOf(json, "n"_L1);
    if (!n)
        return n.error();
    const Result<QByteArray> e = bytesOf(json, "e"_L1);
    if (!e)
        return e.error();
    // RFC 7518 section 2: the minimum number of octets; else one key would have several thumbprints.
    if (n->at(0) == 0 || e->at(0) == 0)
        return unusable(u"n or e starts with a zero byte"_s);
    if (e->size() > 8)
        return unusable(u"the RSA exponent is too large"_s);
    if (n->size() > 1024)
        return unusable(u"the RSA key has more than 8192 bits"_s);
    const EvpNumber modulus(BN_bin2bn(reinterpret_cast<const uchar *>(n->constData()), int(n->size()), nullptr));
    const EvpNumber exponent(BN_bin2bn(reinterpret_cast<const uchar *>(e->constData()), int(e->size()), nullptr));
    if (!modulus || !exponent)
        return Error(ErrorCode::Internal, u"out of memory"_s);
    if (BN_num_bits(modulus.get()) < 2048)
        return unusable(u"the RSA key has less than 2048 bits"_s);
    if (!BN_is_odd(modulus.get()) || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get()))
        return unusable(u"the RSA modulus or exponent is even, or the exponent is 1"_s);
    const EvpParamBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    EvpKey key = keyFromParameters("RSA", builder.get());
    if (!key)
        return unusable(u"OpenSSL refuses the RSA key"_s);
    return key;
}

Result<EvpKey> ecKey(const QJsonObject &json, const Algorithm &algorithm)
{
    const Result<QByteArray> x = bytesOf(json, "x"_L1);
    if (!x)
        return x.error();
    const Result<QByteArray> y = bytesOf(json, "y"_L1);
    if (!y)
        return y.error();
    if (x->size() != algorithm.coordinateSize || y->size() != algorithm.coordinateSize)
        return unusable(u"a coordinate does not have the length of the curve"_s);
    const QByteArray point = '\x04' + *x + *y;
    const QByteArray group = QByteArray(algorithm.curve.data(), algorithm.curve.size());
    const EvpParamBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.constData(), 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.constData(), size_t(point.size()));
    EvpKey key = keyFromParameters("EC", builder.get());
    const EvpKeyContext check(key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
    if (!check || EVP_PKEY_public_check(check.get()) <= 0) {
        ERR_clear_error();
        return unusable(u"the point is not on the curve"_s);
    }
    return key;
}

Result<EvpKey> edwardsKey(const QJsonObject &json)
{
    const Result<QByteArray> x = bytesOf(json, "x"_L1);
    if (!x)
        return x.error();
    if (x->size() != 32)
        return unusable(u"an Ed25519 key has 32 bytes"_s);
    EvpKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const uchar *>(x->constData()), 32));
    if (!key)
        return unusable(u"OpenSSL refuses the Ed25519 key"_s);
    return key;
}

//! The first algorithm that fits type and curve, or nullptr.
const Algorithm *fittingAlgorithm(const QString &keyType, const QString &curve)
{
    for (const QStringView name : {u"RS256", u"ES256", u"ES384", u"ES512", u"EdDSA"}) {
        const Algorithm *algorithm = Algorithm::find(name);
        if (keyType == algorithm->keyType && curve == algorithm->curve)
            return algorithm;
    }
    return nullptr;
}

//! The rules about members that say what a key is for.
Result<void> checkPurpose(const QJsonObject &json)
{
    for (const QLatin1StringView member : {"d"_L1, "p"_L1, "q"_L1, "dp"_L1, "dq"_L1, "qi"_L1, "oth"_L1, "k"_L1}) {
        if (json.contains(member))
            return unusable(u"it was published with its private member \"%1\""_s.arg(member))
                .withRemedy(u"Replace this key at the issuer: whoever fetched the keys can sign with it."_s);
    }
    for (const QLatin1StringView member : {"kid"_L1, "alg"_L1, "use"_L1}) {
        if (json.contains(member) && !json.value(member).isString())
            return unusable(u"the member \"%1\" is not a text"_s.arg(member));
    }
    if (json.contains("use"_L1) && json.value("use"_L1).toString() != "sig"_L1)
        return unusable(u"it is not for signatures (\"use\")"_s);
    if (json.contains("key_ops"_L1) && !json.value("key_ops"_L1).toArray().contains(u"verify"_s))
        return unusable(u"it is not for verifying (\"key_ops\")"_s);
    return {};
}

//! RFC 7638 section 3.2 and RFC 8037 section 2.
QJsonObject requiredMembers(const QJsonObject &json, const QString &keyType)
{
    QJsonObject required;
    const QStringList names = keyType == "RSA"_L1 ? QStringList{u"kty"_s, u"n"_s, u"e"_s}
        : keyType == "EC"_L1                      ? QStringList{u"kty"_s, u"crv"_s, u"x"_s, u"y"_s}
                                                  : QStringList{u"kty"_s, u"crv"_s, u"x"_s};
    for (const QString &name : names)
        required.insert(name, json.value(name));
    return required;
}

/*! An ECDSA signature as OpenSSL wants it. */
struct DerSignature
{
    std::array<uchar, 144> bytes; // P-521 needs 141
    size_t size = 0; // 0: it was none
};

//! An INTEGER (X.690 section 8.3): no superfluous zeros, and not negative. \a number has at most 66 bytes.
uchar *putInteger(uchar *out, const uchar *number, int size)
{
    for (; size > 1 && *number == 0; ++number)
        --size;
    const int padding = *number & 0x80 ? 1 : 0;
    *out++ = 0x02;
    *out++ = uchar(size + padding);
    if (padding)
        *out++ = 0;
    return std::copy_n(number, size, out);
}

//! The DER of r || s. ECDSA_SIG makes the same with two big numbers and seven allocations.
DerSignature derSignature(QByteArrayView raw, int coordinateSize)
{
    DerSignature der;
    if (raw.size() != 2 * coordinateSize)
        return der;
    const auto *bytes = reinterpret_cast<const uchar *>(raw.data());
    std::array<uchar, 138> numbers;
    const uchar *const end =
        putInteger(putInteger(numbers.data(), bytes, coordinateSize), bytes + coordinateSize, coordinateSize);
    const auto length = end - numbers.data();
    uchar *out = der.bytes.data();
    *out++ = 0x30;
    if (length > 127)
        *out++ = 0x81;
    *out++ = uchar(length);
    der.size = size_t(std::copy_n(numbers.data(), length, out) - der.bytes.data());
    return der;
}

//! In a context that this thread keeps, since making one costs a fifth of hashing a token.
bool hash(const Algorithm &algorithm, QByteArrayView message, uchar *digest)
{
    static thread_local const EvpDigestContext context(EVP_MD_CTX_new());
    return context && EVP_DigestInit_ex2(context.get(), digestOf(algorithm), nullptr) == 1
        && EVP_DigestUpdate(context.get(), message.data(), size_t(message.size())) == 1
        && EVP_DigestFinal_ex(context.get(), digest, nullptr) == 1;
}

} // namespace

EvpKeyContext Jwk::Private::takeContext(const Algorithm &algorithm) const
{
    {
        const std::lock_guard lock(m_mutex);
        for (auto it = m_idle.begin(); it != m_idle.end(); ++it) {
            if (it->algorithm == &algorithm) {
                EvpKeyContext context = std::move(it->context);
                m_idle.erase(it);
                return context;
            }
        }
    }
    EvpKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    if (!context || EVP_PKEY_verify_init(context.get()) <= 0 || !configure(context.get(), algorithm))
        return {};
    return context;
}

void Jwk::Private::giveBack(const Algorithm &algorithm, EvpKeyContext context) const
{
    const std::lock_guard lock(m_mutex);
    if (m_idle.size() < kMostIdleContexts)
        m_idle.push_back({&algorithm, std::move(context)});
}

Jwk::Jwk() = default;
Jwk::~Jwk() = default;
Jwk::Jwk(const Jwk &) = default;
Jwk::Jwk(Jwk &&) noexcept = default;
Jwk &Jwk::operator=(const Jwk &) = default;
Jwk &Jwk::operator=(Jwk &&) noexcept = default;

Jwk::Jwk(std::shared_ptr<const Private> data)
    : d(std::move(data))
{
}

Result<Jwk> Jwk::fromJson(const QJsonObject &given)
{
    QJsonObject json = given;
    for (const QString &name : given.keys()) { // some serialisers write what a key does not have
        if (given.value(name).isNull())
            json.remove(name);
    }
    if (const Result<void> purpose = checkPurpose(json); !purpose)
        return purpose.error();
    auto data = std::make_shared<Private>();
    data->keyType = json.value("kty"_L1).toString();
    data->curve = data->keyType == "RSA"_L1 ? QString() : json.value("crv"_L1).toString();
    data->keyId = json.value("kid"_L1).toString();
    data->algorithm = json.value("alg"_L1).toString();
    data->use = json.value("use"_L1).toString();
    const Algorithm *family = fittingAlgorithm(data->keyType, data->curve);
    if (!family)
        return Error(ErrorCode::UnsupportedAlgorithm,
                     u"key type \"%1\", curve \"%2\""_s.arg(shownText(data->keyType), shownText(data->curve)));
    if (!data->algorithm.isEmpty()) {
        const Algorithm *own = Algorithm::find(data->algorithm);
        if (!own)
            return Error(ErrorCode::UnsupportedAlgorithm, u"\"alg\" is \"%1\""_s.arg(shownText(data->algorithm)));
        if (own->keyType != family->keyType || own->curve != family->curve)
            return unusable(u"\"alg\" does not fit the type or the curve"_s);
    }
    Result<EvpKey> key = family->kind == Algorithm::Kind::Ecdsa ? ecKey(json, *family)
        : family->kind == Algorithm::Kind::EdDsa                ? edwardsKey(json)
                                                                : rsaKey(json);
    if (!key)
        return key.error();
    data->key = std::move(key).value();
    data->required = requiredMembers(json, data->keyType);
    const QByteArray digest = QCryptographicHash::hash(toCanonicalJson(data->required), QCryptographicHash::Sha256);
    data->thumbprint = QString::fromLatin1(toBase64Url(digest));
    return Jwk(std::move(data));
}

QString Jwk::keyId() const
{
    return d ? d->keyId : QString();
}

QString Jwk::algorithm() const
{
    return d ? d->algorithm : QString();
}

QString Jwk::keyType() const
{
    return d ? d->keyType : QString();
}

QString Jwk::curve() const
{
    return d ? d->curve : QString();
}

QString Jwk::use() const
{
    return d ? d->use : QString();
}

QString Jwk::thumbprint() const
{
    return d ? d->thumbprint : QString();
}

QJsonObject Jwk::toPublicJson() const
{
    if (!d)
        return {};
    QJsonObject json = d->required;
    if (!d->keyId.isEmpty())
        json.insert("kid"_L1, d->keyId);
    if (!d->algorithm.isEmpty())
        json.insert("alg"_L1, d->algorithm);
    if (!d->use.isEmpty())
        json.insert("use"_L1, d->use);
    return json;
}

QByteArray Jwk::toPem() const
{
    const EvpBio bio(d ? BIO_new(BIO_s_mem()) : nullptr);
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), d->key.get()) != 1) {
        ERR_clear_error();
        return {};
    }
    char *bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return QByteArray(bytes, qsizetype(size));
}

bool Jwk::canVerify(const QString &algorithm) const
{
    const Algorithm *row = Algorithm::find(algorithm);
    return d && row && d->keyType == row->keyType && d->curve == row->curve
        && (d->algorithm.isEmpty() || d->algorithm == algorithm);
}

Result<void> Jwk::verify(const QString &algorithm, QByteArrayView message, QByteArrayView signature) const
{
    if (!canVerify(algorithm))
        return Error(ErrorCode::UnsupportedAlgorithm, u"the key is not for \"%1\""_s.arg(shownText(algorithm)));
    const Algorithm &row = *Algorithm::find(algorithm);
    const auto *bytes = reinterpret_cast<const uchar *>(signature.data());
    bool good = false;
    if (row.kind == Algorithm::Kind::EdDsa) {
        const auto *text = reinterpret_cast<const uchar *>(message.data());
        const EvpDigestContext context(EVP_MD_CTX_new());
        good = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, d->key.get()) == 1
            && EVP_DigestVerify(context.get(), bytes, size_t(signature.size()), text, size_t(message.size())) == 1;
    } else {
        size_t size = size_t(signature.size());
        DerSignature der;
        if (row.kind == Algorithm::Kind::Ecdsa) {
            der = derSignature(signature, row.coordinateSize);
            bytes = der.bytes.data();
            size = der.size;
        }
        uchar digest[EVP_MAX_MD_SIZE];
        EvpKeyContext context = d->takeContext(row);
        good = size > 0 && context && hash(row, message, digest)
            && EVP_PKEY_verify(context.get(), bytes, size, digest, size_t(row.digestSize)) == 1;
        if (good)
            d->giveBack(row, std::move(context));
    }
    if (good)
        return {};
    ERR_clear_error();
    return Error(ErrorCode::BadSignature, u"the signature is not that of the key"_s);
}

} // namespace Watchword
