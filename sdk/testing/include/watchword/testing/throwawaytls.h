// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/testing/export.h"

#include <QSslCertificate>
#include <QSslKey>
#include <QStringList>

namespace Watchword {

/*! A certificate for one test, with the authority that issued it. Trust nothing of it outside a test. */
struct WATCHWORD_TESTING_EXPORT ThrowAwayTls
{
    enum class Validity { Now, Expired };

    QSslCertificate authority; //!< Give it to ConnectionOptions::additionalCertificateAuthorities.
    QSslCertificate certificate;
    QSslKey key;

    //! A new authority and a certificate for \a hosts (names or addresses), made in this process. P-256.
    static ThrowAwayTls make(const QStringList &hosts = {QStringLiteral("localhost"), QStringLiteral("127.0.0.1")},
                             Validity validity = Validity::Now);
    //! For ConnectionOptions::clientCertificates; give its authority to FakeGateway::setClientAuthorities().
    static ThrowAwayTls makeClient(const QString &name = QStringLiteral("Watchword throw-away client"));
    //! SHA-256 of SubjectPublicKeyInfo of certificate: what ConnectionOptions::pinnedKeys takes.
    QByteArray pin() const;
};

} // namespace Watchword
