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

namespace {

constexpr long kDay = 24 * 3600;

// Each has its own, else OpenSSL takes one for another where several are trusted.
QByteArray authorityName()
{
    unsigned char number[6];
    RAND_bytes(number, sizeof number);
    return "Watchword throw-away authority " + QByteArray(reinterpret_cast<const char *>(number), sizeof number).toHex();
}

struct Wanted
{
    QByteArray name;
    QByteArray usage;
    QByteArray alternativeNames;
    long lastSecond;
};

ThrowAwayTls issue(const Wanted &wanted)
{
    const KeyPtr authorityKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free);
    const CertificatePtr authority = begin(authorityName().constData(), authorityKey.get(), -10 * kDay, 30 * kDay);
    X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
    addExtension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE");
    addExtension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    X509_sign(authority.get(), authorityKey.get(), EVP_sha256());

    const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free);
    const CertificatePtr certificate = begin(wanted.name.constData(), key.get(), -2 * kDay, wanted.lastSecond);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
    if (!wanted.alternativeNames.isEmpty())
        addExtension(certificate.get(), authority.get(), NID_subject_alt_name, wanted.alternativeNames.constData());
    addExtension(certificate.get(), authority.get(), NID_ext_key_usage, wanted.usage.constData());
    addExtension(certificate.get(), authority.get(), NID_basic_constraints, "CA:FALSE");
    X509_sign(certificate.get(), authorityKey.get(), EVP_sha256());
    return {toQt(authority.get()), toQt(certificate.get()), toQt(key.get())};
}

} // namespace

ThrowAwayTls ThrowAwayTls::make(const QStringList &hosts, Validity validity)
{
    QStringList names;
    for (const QString &host : hosts)
        names.append((QHostAddress(host).isNull() ? QStringLiteral("DNS:") : QStringLiteral("IP:")) + host);
    return issue({.name = "Watchword throw-away server",
                  .usage = "serverAuth",
                  .alternativeNames = names.join(u',').toLatin1(),
                  .lastSecond = validity == Validity::Expired ? -kDay : 30 * kDay});
}

ThrowAwayTls ThrowAwayTls::makeClient(const QString &name)
{
    return issue({.name = name.toUtf8(), .usage = "clientAuth", .alternativeNames = {}, .lastSecond = 30 * kDay});
}

QByteArray ThrowAwayTls::pin() const
{
    return QCryptographicHash::hash(certificate.publicKey().toDer(), QCryptographicHash::Sha256);
}

} // namespace Watchword
