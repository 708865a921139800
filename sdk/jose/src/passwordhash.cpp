// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/passwordhash.h"

#include "evp.h"
#include "watchword/jose/base64url.h"

#include <QStringList>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <bit>
#include <cstdint>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestPassword = 1024;
constexpr qsizetype kSaltSize = 16;
constexpr qsizetype kHashSize = 32;
constexpr quint64 kMostMemory = 256ull * 1024 * 1024;

bool isAllowed(const ScryptCost &cost)
{
    return cost.n >= (1u << 10) && cost.n <= (1u << 18) && std::has_single_bit(cost.n) && cost.r >= 1 && cost.r <= 16
        && cost.p >= 1 && cost.p <= 8 && 128ull * cost.n * cost.r <= kMostMemory;
}

bool isAllowed(const Secret &password)
{
    return !password.isEmpty() && password.size() <= kLongestPassword;
}

//! Empty if OpenSSL fails, for want of memory.
QByteArray derive(const Secret &password, QByteArray salt, const ScryptCost &cost)
{
    const EvpKdf kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_SCRYPT, nullptr));
    const EvpKdfContext context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
    std::uint64_t n = cost.n;
    std::uint32_t r = cost.r;
    std::uint32_t p = cost.p;
    std::uint64_t memory = 2 * kMostMemory;
    const QByteArrayView text = password.reveal();
    // OSSL_PARAM has no const pointer; the KDF copies the password and does not write to it.
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<char *>(text.data()), size_t(text.size())),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), size_t(salt.size())),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    QByteArray hash(kHashSize, Qt::Uninitialized);
    if (!context || EVP_KDF_derive(context.get(), reinterpret_cast<uchar *>(hash.data()), size_t(kHashSize), parameters) != 1) {
        ERR_clear_error();
        return {};
    }
    return hash;
}

} // namespace

bool isAllowedCost(const ScryptCost &cost)
{
    return isAllowed(cost);
}

Result<Secret> derivePasswordKey(const Secret &password, QByteArrayView salt, ScryptCost cost)
{
    if (!isAllowed(password))
        return Error(ErrorCode::InvalidArgument, u"a password has 1 to 1024 bytes"_s);
    if (!isAllowed(cost))
        return Error(ErrorCode::InvalidArgument, u"the cost of scrypt is out of bounds"_s);
    Secret key = Secret::take(derive(password, salt.toByteArray(), cost));
    if (key.isEmpty())
        return Error(ErrorCode::Internal, u"scrypt failed; is there enough memory?"_s);
    return key;
}

Result<QString> hashPassword(const Secret &password, ScryptCost cost)
{
    if (!isAllowed(password))
        return Error(ErrorCode::InvalidArgument, u"a password has 1 to 1024 bytes"_s);
    if (!isAllowed(cost))
        return Error(ErrorCode::InvalidArgument, u"the cost of scrypt is out of bounds"_s);
    const Secret salt = Secret::random(kSaltSize);
    const QByteArray hash = derive(password, salt.reveal().toByteArray(), cost);
    if (hash.isEmpty())
        return Error(ErrorCode::Internal, u"scrypt failed; is there enough memory?"_s);
    return u"scrypt$%1$%2$%3$"_s.arg(cost.n).arg(cost.r).arg(cost.p)
        + QString::fromLatin1(toBase64Url(salt.reveal()) + '$' + toBase64Url(hash));
}

bool checkPassword(const Secret &password, const QString &hash)
{
    if (!isAllowed(password) || hash.size() > 256)
        return false;
    const QStringList parts = hash.split(u'$');
    if (parts.size() != 6 || parts.at(0) != "scrypt"_L1)
        return false;
    const ScryptCost cost{parts.at(1).toUInt(), parts.at(2).toUInt(), parts.at(3).toUInt()};
    const Result<QByteArray> salt = fromBase64Url(parts.at(4).toLatin1());
    const Result<QByteArray> expected = fromBase64Url(parts.at(5).toLatin1());
    if (!isAllowed(cost) || !salt || salt->size() != kSaltSize || !expected || expected->size() != kHashSize)
        return false;
    const QByteArray found = derive(password, *salt, cost);
    return found.size() == kHashSize && CRYPTO_memcmp(found.constData(), expected->constData(), size_t(kHashSize)) == 0;
}

} // namespace Watchword
