// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/throwawaytls.h"

#include <QCryptographicHash>
#include <QHostAddress>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace Watchword {

namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

QByteArray contentOf(BIO *bio)
{
    char *data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return QByteArray(data, size);
}

void addExtension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

CertificatePtr begin(const char *name, EVP_PKEY *key, long firstSecond, long lastSecond)
{
    CertificatePtr certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), X509_VERSION_3);
    unsigned char serial[8];
    RAND_bytes(serial, sizeof serial);
    serial[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
    BN_free(number);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), firstSecond);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lastSecond);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char *>(name), -1, -1, 0);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

QSslCertificate toQt(X509 *certificate)
{
    const BioPtr bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(bio.get(), certificate);
    return QSslCertificate(contentOf(bio.get()), QSsl::Pem);
}

QSslKey toQt(EVP_PKEY *key)
{
    const BioPtr bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return QSslKey(contentOf(bio.get()), QSsl::Ec, QSsl::Pem);
}

} // namespace

ThrowAwayTls ThrowAwayTls::make(const QStringList &hosts, Validity validity)
{
    constexpr long day = 24 * 3600;
    const KeyPtr authorityKey(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const CertificatePtr authority =
        begin("Watchword throw-away authority", authorityKey.get(), -10 * day, 30 * day);
    X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
    addExtension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE");
    addExtension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    X509_sign(authority.get(), authorityKey.get(), EVP_sha256());

    const KeyPtr key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const long last = validity == Validity::Expired ? -day : 30 * day;
    const CertificatePtr certificate = begin("Watchword throw-away server", key.get(), -2 * day, last);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
    QStringList names;
    for (const QString &host : hosts)
        names.append((QHostAddress(host).isNull() ? QStringLiteral("DNS:") : QStringLiteral("IP:")) + host);
    addExtension(certificate.get(), authority.get(), NID_subject_alt_name,
                 names.join(u',').toLatin1().constData());
    addExtension(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth");
    addExtension(certificate.get(), authority.get(), NID_basic_constraints, "CA:FALSE");
    X509_sign(certificate.get(), authorityKey.get(), EVP_sha256());
    return {toQt(authority.get()), toQt(certificate.get()), toQt(key.get())};
}

QByteArray ThrowAwayTls::pin() const
{
    return QCryptographicHash::hash(certificate.publicKey().toDer(), QCryptographicHash::Sha256);
}

} // namespace Watchword
