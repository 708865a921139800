// SPDX-License-Identifier: Apache-2.0
#include "relay/upstreamtls.h"

#include "gate/tlsfiles.h"

#include <QFile>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kLargestAuthorities = 1024 * 1024;

Result<QByteArray> readAuthorities(const QString &name)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(name, file.errorString()));
    const QByteArray pem = file.read(kLargestAuthorities);
    if (pem.isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"%1 is empty"_s.arg(name));
    return pem;
}

} // namespace

Result<UpstreamTls> readUpstreamTls(const EndpointConfig &config)
{
    UpstreamTls tls;
    if (config.upstream.scheme() != "wss"_L1)
        return tls;
    tls.forHealth = QSslConfiguration::defaultConfiguration();
    tls.forHealth.setProtocol(QSsl::TlsV1_2OrLater);
    Net::TlsClientOptions options;
    if (!config.upstreamCaFile.isEmpty()) {
        const Result<QByteArray> pem = readAuthorities(config.upstreamCaFile);
        if (!pem)
            return pem.error();
        options.authoritiesPem = pem->toStdString();
        tls.forHealth.addCaCertificates(QSslCertificate::fromData(*pem, QSsl::Pem));
    }
    if (!config.upstreamCertificateFile.isEmpty()) {
        const QString place = u"[[endpoint]] %1"_s.arg(config.path);
        const Result<CertifiedKey> own = readCertifiedKey(config.upstreamCertificateFile, config.upstreamKeyFile, place);
        if (!own)
            return own.error();
        options.certificatePem = own->certificatePem.toStdString();
        options.keyPem = own->keyPem.reveal().toByteArray().toStdString();
        tls.forHealth.setLocalCertificateChain(own->chain);
        tls.forHealth.setPrivateKey(own->key);
    }
    std::string problem;
    tls.context = Net::TlsContext::createClient(options, problem);
    wipe(options.keyPem.data(), qsizetype(options.keyPem.size()));
    if (!tls.context) {
        return Error(ErrorCode::ConfigInvalid,
                     u"TLS to the upstream of %1: %2"_s.arg(config.path, QString::fromStdString(problem)));
    }
    return tls;
}

} // namespace Watchword::Gateway
