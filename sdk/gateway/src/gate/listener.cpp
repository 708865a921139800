// SPDX-License-Identifier: Apache-2.0
#include "gate/listener.h"

#include "watchword/core/log.h"

#include <QDateTime>
#include <QFile>
#include <QSslCertificate>
#include <QSslCipher>
#include <QSslDiffieHellmanParameters>
#include <QSslKey>
#include <QSslSocket>
#include <QTimer>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <memory>

#ifdef Q_OS_UNIX
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBacklog = 1024;
constexpr qint64 kLargestPem = 1024 * 1024;
constexpr std::chrono::milliseconds kAcceptPause{500};
constexpr qint64 kWarnEveryMs = 1000; // a flood of connections must not become one of the log

// POSIX hands out the lowest free descriptor: a high one says that nearly all below it are in use.
std::optional<qintptr> firstSpareDescriptor()
{
#ifdef Q_OS_UNIX
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const auto all = qintptr(std::min<rlim_t>(limit.rlim_cur, 1 << 30));
        return all - std::clamp<qintptr>(all / 4, Listener::kLeastSpare, Listener::kMostSpare);
    }
#endif
    return {};
}

Result<QByteArray> readPem(const QString &name, const QString &what)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly)) {
        return Error(ErrorCode::FileUnreadable, u"the %1 %2 cannot be read: %3"_s.arg(what, name, file.errorString()))
            .withRemedy(u"Check the path in [listen] and that this user may read the file."_s);
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

Result<QSslConfiguration> readTlsConfiguration(const ListenConfig &listen)
{
    const Result<QByteArray> certificatePem = readPem(listen.certificateFile, u"certificate"_s);
    if (!certificatePem)
        return certificatePem.error();
    Result<QByteArray> keyPem = readPem(listen.keyFile, u"key"_s);
    if (!keyPem)
        return keyPem.error();
    const QList<QSslCertificate> chain = QSslCertificate::fromData(*certificatePem, QSsl::Pem);
    const QSslKey key = readKey(*keyPem);
    const bool fits = keyFits(*certificatePem, *keyPem);
    wipe(keyPem.value().data(), keyPem->size());
    if (chain.isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"%1 holds no PEM certificate"_s.arg(listen.certificateFile));
    if (key.isNull())
        return Error(ErrorCode::ConfigInvalid, u"%1 holds no PEM key without a pass phrase"_s.arg(listen.keyFile));
    if (!fits) {
        return Error(ErrorCode::ConfigInvalid,
                     u"%1 is not the key of the first certificate in %2"_s.arg(listen.keyFile, listen.certificateFile));
    }
    if (chain.first().expiryDate() < QDateTime::currentDateTimeUtc()) {
        return Error(ErrorCode::ConfigInvalid,
                     u"the certificate %1 ended on %2; get a new one"_s.arg(listen.certificateFile,
                                                                            chain.first().expiryDate().toString(Qt::ISODate)));
    }
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setLocalCertificateChain(chain);
    tls.setPrivateKey(key);
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

Listener::Listener(QObject *parent)
    : QTcpServer(parent)
{
    setListenBacklogSize(kBacklog);
    // Qt stops accepting for good after an error, for one when the system or the process has no descriptor left.
    connect(this, &QTcpServer::acceptError, this, [this] {
        qCWarning(logGateway).noquote() << "a connection could not be accepted:" << errorString();
        QTimer::singleShot(kAcceptPause, this, &QTcpServer::resumeAccepting);
    });
}

Result<void> Listener::open(const ListenConfig &config)
{
    m_firstSpare = firstSpareDescriptor();
    if (listen(config.address, config.port))
        return {};
    const QString where = u"%1:%2"_s.arg(config.address.toString()).arg(config.port);
    switch (serverError()) {
    case QAbstractSocket::AddressInUseError:
        return Error(ErrorCode::AddressInUse, u"%1 is in use by another program"_s.arg(where))
            .withRemedy(u"Stop that program, or choose another port in [listen] address."_s);
    case QAbstractSocket::SocketAccessError:
        return Error(ErrorCode::PermissionDenied, u"not allowed to listen on %1"_s.arg(where))
            .withRemedy(u"Ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one or grant it."_s);
    default:
        return Error(ErrorCode::ConfigInvalid, u"cannot listen on %1: %2"_s.arg(where, errorString()))
            .withRemedy(u"Check that the address in [listen] belongs to this machine."_s);
    }
}

void Listener::setTls(const QSslConfiguration &tls, bool isPlain)
{
    m_tls = tls;
    m_isPlain = isPlain;
}

void Listener::turnAway(qintptr descriptor)
{
#ifdef Q_OS_UNIX
    ::close(int(descriptor));
#endif
    if (!m_sinceWarning.isValid() || m_sinceWarning.hasExpired(kWarnEveryMs)) {
        m_sinceWarning.start();
        qCWarning(logGateway) << "no descriptor to spare for more connections: raise the limit of open files (LimitNOFILE)";
    }
    Q_EMIT turnedAway();
}

void Listener::incomingConnection(qintptr descriptor)
{
    if (m_firstSpare && descriptor >= *m_firstSpare) {
        turnAway(descriptor);
        return;
    }
    QTcpSocket *socket = m_isPlain ? new QTcpSocket : new QSslSocket;
    if (!socket->setSocketDescriptor(descriptor)) {
        delete socket;
        return;
    }
    socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    if (auto *secure = qobject_cast<QSslSocket *>(socket)) {
        secure->setSslConfiguration(m_tls);
        secure->startServerEncryption();
    }
    Q_EMIT accepted(socket);
}

} // namespace Watchword::Gateway
