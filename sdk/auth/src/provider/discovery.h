// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QList>
#include <QStringList>
#include <QUrl>

namespace Watchword {

/*! What a provider says about itself (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2). */
struct ProviderMetadata
{
    QString issuer;
    QUrl authorizationEndpoint;
    QUrl tokenEndpoint;
    QUrl jwksUri;
    QUrl revocationEndpoint; //!< Empty: the provider cannot revoke.
    QUrl endSessionEndpoint;
    QUrl deviceAuthorizationEndpoint;
    QUrl pushedAuthorizationRequestEndpoint;
    bool issInResponse = false; //!< RFC 9207: an authorization response without "iss" is refused.
    bool pushedRequestsRequired = false; //!< RFC 9126 section 5.
    QStringList idTokenAlgorithms; //!< Empty: not said.
    QStringList dpopAlgorithms; //!< RFC 9449 section 5.1; empty: the provider binds no tokens.
    QStringList leftOut; //!< Optional endpoints that are there and cannot be used, for the log.
};

constexpr qsizetype kLargestDiscoveryDocument = 256 * 1024;

//! https with a host and without a user name, or http on a loopback address when that is allowed.
WATCHWORD_TEST_EXPORT bool isSafeUrl(const QUrl &url, bool allowLoopbackHttp);
//! A safe URL. Query and fragment make no issuer.
WATCHWORD_TEST_EXPORT Result<void> checkIssuer(const QUrl &issuer, bool allowLoopbackHttp);
//! Where the document may be, in the order of asking: OpenID Connect, then RFC 8414 with and without the path inserted.
WATCHWORD_TEST_EXPORT QList<QUrl> discoveryUrls(const QUrl &issuer);
/*!
    The document's issuer must be that text exactly, or it is IssuerMismatch; one that names none is InvalidResponse, as another
    address may have the right one. Endpoints must be as safe as the issuer itself: optional ones that are not are left out.
*/
WATCHWORD_TEST_EXPORT Result<ProviderMetadata> parseDiscovery(QByteArrayView body, const QString &issuer, bool allowLoopbackHttp);
//! The text of an issuer's URL as the application gave it.
WATCHWORD_TEST_EXPORT QString issuerText(const QUrl &issuer);

} // namespace Watchword
