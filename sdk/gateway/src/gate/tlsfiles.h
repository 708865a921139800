// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/tlscontext.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>

namespace Watchword::Gateway {

/*! A certificate with its chain, and the key of it. */
struct CertifiedKey
{
    QByteArray certificatePem;
    Secret keyPem;
    QList<QSslCertificate> chain;
    QSslKey key;
};
//! Errors name the file and what is wrong with it; \a place is the table of the settings that name the files.
Result<CertifiedKey> readCertifiedKey(const QString &certificateFile, const QString &keyFile, const QString &place);

//! Reads certificate and key of \a listen. Errors name the file and what is wrong with it.
Result<QSslConfiguration> readTlsConfiguration(const ListenConfig &listen);

//! The same for the reactors. Sessions are resumed by tickets of \a keys.
Result<std::shared_ptr<const Net::TlsContext>> readTlsContext(const ListenConfig &listen, std::shared_ptr<Net::TicketKeys> keys);

} // namespace Watchword::Gateway
