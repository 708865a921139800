// SPDX-License-Identifier: Apache-2.0
#include "gate/tlsfiles.h"

#include "watchword/core/secret.h"

#include <QDateTime>
#include <QFile>
#include <QSslCertificate>
#include <QSslCipher>
#include <QSslDiffieHellmanParameters>
#include <QSslKey>
#include <QSslSocket>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kLargestPem = 1024 * 1024;

Result<QByteArray> readPem(const QString &name, const QString &what, const QString &place)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly)) {
        return Error(ErrorCode::FileUnreadable, u"the %1 %2 cannot be read: %3"_s.arg(what, name, file.errorString()))
            .withRemedy(u"Check the path in %1 and that this user may read the file."_s.arg(place));
    }
    return file.read(kLargestPem);
}

QSslKey readKey(const QByteArray &pem)
{
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Ec, QSsl::Rsa, QSsl::Dsa}) {
        const QSslKey key(pem, algorithm);
        if (!key.isNull())
            return key;
    }
    return {};
}

// Qt takes a key that is not the certificate's, and then every handshake fails; so OpenSSL is asked before.
bool keyFits(const QByteArray &certificatePem, const QByteArray &keyPem)
{
    using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
    const Bio certificateBio(BIO_new_mem_buf(certificatePem.constData(), int(certificatePem.size())), &BIO_free);
    const Bio keyBio(BIO_new_mem_buf(keyPem.constData(), int(keyPem.size())), &BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(certificateBio.get(), nullptr, nullptr, nullptr), &X509_free);
    // An empty pass phrase instead of the default callback, which would ask on the terminal.
    char noPassPhrase[] = "";
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(keyBio.get(), nullptr, nullptr, noPassPhrase), &EVP_PKEY_free);
    const bool fits = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    return fits;
}

// Forward secrecy and authenticated encryption only. Qt makes a context of its own for every socket, so that each name on
// the list costs something at each handshake.
QList<QSslCipher> strongCiphers()
{
    QList<QSslCipher> ciphers = QSslConfiguration::supportedCiphers();
    ciphers.removeIf([](const QSslCipher &cipher) {
        const QString name = cipher.name();
        const bool isSealed = name.contains("GCM"_L1) || name.contains("CHACHA20"_L1);
        return cipher.protocol() != QSsl::TlsV1_3 && !(isSealed && name.startsWith("ECDHE-"_L1));
    });
    return ciphers;
}

} // namespace

Result<CertifiedKey> readCertifiedKey(const QString &certificateFile, const QString &keyFile, const QString &place)
{
    const Result<QByteArray> certificatePem = readPem(certificateFile, u"certificate"_s, place);
    if (!certificatePem)
        return certificatePem.error();
    Result<QByteArray> keyPem = readPem(keyFile, u"key"_s, place);
    if (!keyPem)
        return keyPem.error();
    CertifiedKey read{*certificatePem, Secret::copy(*keyPem), QSslCertificate::fromData(*certificatePem, QSsl::Pem),
                      readKey(*keyPem)};
    const bool fits = keyFits(*certificatePem, *keyPem);
    wipe(keyPem.value().data(), keyPem->size());
    if (read.chain.isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"%1 holds no PEM certificate"_s.arg(certificateFile));
    if (read.key.isNull())
        return Error(ErrorCode::ConfigInvalid, u"%1 holds no PEM key without a pass phrase"_s.arg(keyFile));
    if (!fits) {
        return Error(ErrorCode::ConfigInvalid,
                     u"%1 is not the key of the first certificate in %2"_s.arg(keyFile, certificateFile));
    }
    if (const QDateTime end = read.chain.first().expiryDate(); end < QDateTime::currentDateTimeUtc()) {
        return Error(ErrorCode::ConfigInvalid,
                     u"the certificate %1 ended on %2; get a new one"_s.arg(certificateFile, end.toString(Qt::ISODate)));
    }
    return read;
}

Result<QSslConfiguration> readTlsConfiguration(const ListenConfig &listen)
{
    const Result<CertifiedKey> read = readCertifiedKey(listen.certificateFile, listen.keyFile, u"[listen]"_s);
    if (!read)
        return read.error();
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setLocalCertificateChain(read->chain);
    tls.setPrivateKey(read->key);
    tls.setCiphers(strongCiphers());
    tls.setDiffieHellmanParameters({}); // for ciphers that are not offered
    tls.setProtocol(listen.tls13Only ? QSsl::TlsV1_3OrLater : QSsl::TlsV1_2OrLater);
    tls.setPeerVerifyMode(QSslSocket::VerifyNone); // of clients, which have no certificates
    // Nothing is verified against the system's authorities, and OpenSSL would search their folders at every handshake for
    // what the file of the certificate lacks.
    tls.setCaCertificates({});
    tls.setAllowedNextProtocols({"http/1.1"});
    return tls;
}

Result<std::shared_ptr<const Net::TlsContext>> readTlsContext(const ListenConfig &listen, std::shared_ptr<Net::TicketKeys> keys)
{
    const Result<CertifiedKey> read = readCertifiedKey(listen.certificateFile, listen.keyFile, u"[listen]"_s);
    if (!read)
        return read.error();
    Net::TlsOptions options;
    options.certificatePem = read->certificatePem.toStdString();
    options.keyPem = read->keyPem.reveal().toByteArray().toStdString();
    options.tls13Only = listen.tls13Only;
    options.ticketKeys = std::move(keys);
    std::string problem;
    std::shared_ptr<const Net::TlsContext> context = Net::TlsContext::create(options, problem);
    wipe(options.keyPem.data(), qsizetype(options.keyPem.size()));
    if (!context)
        return Error(ErrorCode::ConfigInvalid, u"%1: %2"_s.arg(listen.certificateFile, QString::fromStdString(problem)));
    return context;
}

} // namespace Watchword::Gateway
