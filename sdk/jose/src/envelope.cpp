// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/envelope.h"

#include "evp.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <limits>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr QByteArrayView kMagic("WWE1");
constexpr int kNonceSize = 12;
constexpr int kTagSize = 16;
constexpr qsizetype kHeadSize = 4 + kNonceSize;
constexpr qsizetype kLargest = std::numeric_limits<int>::max() - 64; // OpenSSL counts in int

const uchar *bytesOf(QByteArrayView view)
{
    return reinterpret_cast<const uchar *>(view.data());
}

uchar *bytesOf(QByteArray &array)
{
    return reinterpret_cast<uchar *>(array.data());
}

const EVP_CIPHER *cipher()
{
    static EVP_CIPHER *const aes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return aes;
}

Error wrongKey()
{
    return Error(ErrorCode::InvalidArgument, u"the key of an envelope has 32 bytes"_s);
}

// The magic is authenticated first, so that a later format cannot be passed off as this one.
bool addContext(EVP_CIPHER_CTX *context, QByteArrayView aad)
{
    int size = 0;
    return EVP_CipherUpdate(context, nullptr, &size, bytesOf(kMagic), int(kMagic.size())) == 1
        && (aad.isEmpty() || EVP_CipherUpdate(context, nullptr, &size, bytesOf(aad), int(aad.size())) == 1);
}

} // namespace

Result<QByteArray> sealEnvelope(const Secret &key, QByteArrayView plain, QByteArrayView aad)
{
    if (key.size() != 32)
        return wrongKey();
    if (plain.size() > kLargest || aad.size() > kLargest)
        return Error(ErrorCode::InvalidArgument, u"too large for one envelope"_s);
    QByteArray sealed = kMagic.toByteArray();
    sealed.resize(kHeadSize + plain.size() + kTagSize);
    uchar *out = bytesOf(sealed);
    uchar *nonce = out + kMagic.size();
    int size = 0;
    const EvpCipherContext context(EVP_CIPHER_CTX_new());
    const bool done = context && RAND_bytes(nonce, kNonceSize) == 1
        && EVP_EncryptInit_ex2(context.get(), cipher(), bytesOf(key.reveal()), nonce, nullptr) == 1
        && addContext(context.get(), aad)
        && (plain.isEmpty() || EVP_EncryptUpdate(context.get(), out + kHeadSize, &size, bytesOf(plain), int(plain.size())) == 1)
        && EVP_EncryptFinal_ex(context.get(), out + kHeadSize + size, &size) == 1
        && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, out + kHeadSize + plain.size()) == 1;
    if (!done) {
        ERR_clear_error();
        return Error(ErrorCode::Internal, u"OpenSSL could not encrypt"_s);
    }
    return sealed;
}

Result<Secret> openEnvelope(const Secret &key, QByteArrayView sealed, QByteArrayView aad)
{
    if (key.size() != 32)
        return wrongKey();
    const Error refused(ErrorCode::DecryptionFailed, u"not an envelope of this key and context"_s);
    if (sealed.size() < kHeadSize + kTagSize || sealed.size() > kLargest || aad.size() > kLargest || !sealed.startsWith(kMagic))
        return refused;
    const QByteArrayView body = sealed.sliced(kHeadSize, sealed.size() - kHeadSize - kTagSize);
    QByteArray tag = sealed.last(kTagSize).toByteArray();
    QByteArray plain(body.size(), Qt::Uninitialized);
    int size = 0;
    const EvpCipherContext context(EVP_CIPHER_CTX_new());
    const bool done = context
        && EVP_DecryptInit_ex2(context.get(), cipher(), bytesOf(key.reveal()), bytesOf(sealed.sliced(kMagic.size())), nullptr)
            == 1
        && addContext(context.get(), aad)
        && (body.isEmpty() || EVP_DecryptUpdate(context.get(), bytesOf(plain), &size, bytesOf(body), int(body.size())) == 1)
        && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1
        && EVP_DecryptFinal_ex(context.get(), bytesOf(plain) + size, &size) == 1;
    // take() wipes the buffer whether or not the result is handed out.
    Secret secret = Secret::take(std::move(plain));
    if (!done) {
        ERR_clear_error();
        return refused;
    }
    return secret;
}

} // namespace Watchword
