// SPDX-License-Identifier: Apache-2.0
#include "algorithm.h"

#include <openssl/rsa.h>

#include <array>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

using Kind = Algorithm::Kind;

constexpr std::array kAlgorithms{
    Algorithm{"ES256"_L1, Kind::Ecdsa, "SHA256", 32, "EC"_L1, "P-256"_L1, 32},
    Algorithm{"RS256"_L1, Kind::RsaPkcs1, "SHA256", 32, "RSA"_L1, {}, 0},
    Algorithm{"PS256"_L1, Kind::RsaPss, "SHA256", 32, "RSA"_L1, {}, 0},
    Algorithm{"EdDSA"_L1, Kind::EdDsa, nullptr, 0, "OKP"_L1, "Ed25519"_L1, 0},
    Algorithm{"Ed25519"_L1, Kind::EdDsa, nullptr, 0, "OKP"_L1, "Ed25519"_L1, 0},
    Algorithm{"ES384"_L1, Kind::Ecdsa, "SHA384", 48, "EC"_L1, "P-384"_L1, 48},
    Algorithm{"ES512"_L1, Kind::Ecdsa, "SHA512", 64, "EC"_L1, "P-521"_L1, 66},
    Algorithm{"RS384"_L1, Kind::RsaPkcs1, "SHA384", 48, "RSA"_L1, {}, 0},
    Algorithm{"RS512"_L1, Kind::RsaPkcs1, "SHA512", 64, "RSA"_L1, {}, 0},
    Algorithm{"PS384"_L1, Kind::RsaPss, "SHA384", 48, "RSA"_L1, {}, 0},
    Algorithm{"PS512"_L1, Kind::RsaPss, "SHA512", 64, "RSA"_L1, {}, 0},
};

} // namespace

const Algorithm *Algorithm::find(QStringView name)
{
    for (const Algorithm &algorithm : kAlgorithms) {
        if (name == algorithm.name)
            return &algorithm;
    }
    return nullptr;
}

const EVP_MD *digestOf(const Algorithm &algorithm)
{
    // Fetching walks the providers and costs as much as hashing a token; these three live as long as the
    // program.
    static EVP_MD *const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    static EVP_MD *const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
    static EVP_MD *const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
    switch (algorithm.digestSize) {
    case 32:
        return sha256;
    case 48:
        return sha384;
    case 64:
        return sha512;
    default:
        return nullptr;
    }
}

bool configure(EVP_PKEY_CTX *context, const Algorithm &algorithm)
{
    if (EVP_PKEY_CTX_set_signature_md(context, digestOf(algorithm)) <= 0)
        return false;
    switch (algorithm.kind) {
    case Kind::RsaPkcs1:
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    case Kind::RsaPss:
        // RFC 7518 section 3.5: MGF1 with the same hash, and a salt as long as the hash.
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0
            && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digestOf(algorithm)) > 0
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
    default:
        return true;
    }
}

} // namespace Watchword
