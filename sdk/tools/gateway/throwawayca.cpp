// SPDX-License-Identifier: Apache-2.0
#include "throwawayca.h"

#include <QDateTime>
#include <QFile>
#include <QSslCertificate>
#include <QSslKey>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

bool addExtension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    const bool done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

// A certificate for \a key; self-signed when there is no issuer yet.
Certificate makeCertificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuerKey, int days)
{
    Certificate none(nullptr, &X509_free);
    Certificate certificate(X509_new(), &X509_free);
    unsigned char serial[16];
    if (!certificate || RAND_bytes(serial, sizeof serial) != 1)
        return none;
    serial[0] &= 0x7f; // serial numbers are positive
    std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_bin2bn(serial, sizeof serial, nullptr), &BN_free);
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
    X509_set_version(certificate.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -300);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 24L * 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME *subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char *>(name), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer) : subject);
    X509 *signer = issuer ? issuer : certificate.get();
    bool done = addExtension(certificate.get(), signer, NID_subject_key_identifier, "hash");
    if (issuer) {
        done = done && addExtension(certificate.get(), signer, NID_basic_constraints, "critical,CA:FALSE")
            && addExtension(certificate.get(), signer, NID_key_usage, "critical,digitalSignature")
            && addExtension(certificate.get(), signer, NID_ext_key_usage, "serverAuth")
            && addExtension(certificate.get(), signer, NID_authority_key_identifier, "keyid:always")
            && addExtension(certificate.get(), signer, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    } else {
        done = done && addExtension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
            && addExtension(certificate.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    if (!done || X509_sign(certificate.get(), issuerKey, EVP_sha256()) == 0)
        return none;
    return certificate;
}

QByteArray bytesOf(BIO *bio)
{
    char *data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return QByteArray(data, size);
}

ThrowAwayCa filesIn(const QString &folder)
{
    return {folder + u"/ca.pem"_s, folder + u"/server.pem"_s, folder + u"/server.key"_s};
}

Result<void> writeFile(const QString &name, const QByteArray &bytes, QFile::Permissions permissions)
{
    QFile file(name);
    // The permissions come before the bytes: a key is never readable by others, not even for a moment.
    if (!file.open(QIODevice::WriteOnly | QIODevice::NewOnly) || !file.setPermissions(permissions)
        || file.write(bytes) != bytes.size() || !file.flush()) {
        const Error error(ErrorCode::StorageFailed, u"%1: %2"_s.arg(name, file.errorString()));
        if (file.isOpen())
            file.remove(); // half a file would be taken for a whole one
        return error;
    }
    return {};
}

Result<void> writeCertificate(const QString &name, X509 *certificate)
{
    const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(bio.get(), certificate);
    return writeFile(name, bytesOf(bio.get()), QFile::ReadOwner | QFile::WriteOwner | QFile::ReadGroup | QFile::ReadOther);
}

Result<void> writeKey(const QString &name, EVP_PKEY *key)
{
    const Bio bio(BIO_new(BIO_s_secmem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    QByteArray bytes = bytesOf(bio.get());
    const Result<void> written = writeFile(name, bytes, QFile::ReadOwner | QFile::WriteOwner);
    OPENSSL_cleanse(bytes.data(), size_t(bytes.size()));
    return written;
}

} // namespace

Result<ThrowAwayCa> makeThrowAwayCa(const QString &folder, int days)
{
    const Key caKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free);
    const Key serverKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free);
    if (!caKey || !serverKey)
        return Error(ErrorCode::Internal, u"OpenSSL could not make a key"_s);
    const Certificate ca = makeCertificate(caKey.get(), "Watchword demo authority", nullptr, caKey.get(), days);
    const Certificate server =
        ca ? makeCertificate(serverKey.get(), "localhost", ca.get(), caKey.get(), days) : Certificate(nullptr, &X509_free);
    if (!server)
        return Error(ErrorCode::Internal, u"OpenSSL could not make a certificate"_s);
    const ThrowAwayCa files = filesIn(folder);
    for (const Result<void> &written :
         {writeCertificate(files.caFile, ca.get()), writeCertificate(files.certificateFile, server.get()),
          writeKey(files.keyFile, serverKey.get())}) {
        if (!written)
            return written.error();
    }
    return files;
}

Result<std::optional<ThrowAwayCa>> findThrowAwayCa(const QString &folder)
{
    const ThrowAwayCa files = filesIn(folder);
    const QStringList names{files.caFile, files.certificateFile, files.keyFile};
    if (std::none_of(names.begin(), names.end(), [](const QString &name) { return QFile::exists(name); }))
        return std::optional<ThrowAwayCa>();
    const QList<QSslCertificate> authorities = QSslCertificate::fromPath(files.caFile);
    const QList<QSslCertificate> certificates = QSslCertificate::fromPath(files.certificateFile);
    QFile keyFile(files.keyFile);
    const QSslKey key = keyFile.open(QIODevice::ReadOnly) ? QSslKey(&keyFile, QSsl::Ec) : QSslKey();
    if (authorities.size() != 1 || certificates.size() != 1 || key.isNull())
        return Error(ErrorCode::StoreCorrupt, u"the certificate in %1 is damaged"_s.arg(folder))
            .withRemedy(u"Remove ca.pem, server.pem and server.key there; a new authority is made then."_s);
    if (certificates.first().expiryDate() > QDateTime::currentDateTimeUtc().addDays(1))
        return std::optional<ThrowAwayCa>(files);
    for (const QString &name : names)
        QFile::remove(name);
    return std::optional<ThrowAwayCa>();
}

} // namespace Watchword::Tools
