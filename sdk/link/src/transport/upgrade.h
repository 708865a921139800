// SPDX-License-Identifier: Apache-2.0
#pragma once

// Checks and parsers of what goes into the upgrade request and comes back in its answer. Pure functions.

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/link/transport.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QSslError>
#include <QString>
#include <QUrl>

#include <optional>

class QSslCertificate;

namespace Watchword::Upgrade {

WATCHWORD_TEST_EXPORT bool isToken68(QByteArrayView value); //!< RFC 9110 section 11.2; what a bearer token may consist of.
WATCHWORD_TEST_EXPORT bool isHeaderName(QByteArrayView value); //!< RFC 9110 section 5.6.2.
WATCHWORD_TEST_EXPORT bool isHeaderValue(QByteArrayView value); //!< No control characters: nothing can be injected.
WATCHWORD_TEST_EXPORT bool isReservedHeader(QByteArrayView name); //!< Belongs to the upgrade or to the connection.

//! The URL as it is sent: path "/" if empty, no fragment.
WATCHWORD_TEST_EXPORT QUrl normalised(QUrl url);
//! Refuses what must not be in the URL, with the reason.
WATCHWORD_TEST_EXPORT Result<void> checkUrl(const QUrl &url, bool allowLoopbackPlain);

//! Where a redirect leads: resolved, with https:// read as wss:// and http:// as ws://. Empty if it cannot be read.
WATCHWORD_TEST_EXPORT QUrl redirectTarget(const QUrl &from, const QByteArray &location);
//! What helps against a fault of the server's certificate; empty for those that Error knows enough about.
WATCHWORD_TEST_EXPORT QString tlsRemedy(QSslError::SslError error);
//! SHA-256 of the certificate's SubjectPublicKeyInfo, what RFC 7469 section 2.4 pins; empty if it cannot be read.
WATCHWORD_TEST_EXPORT QByteArray keyHash(const QSslCertificate &certificate);
//! True if the text of a socket's error holds OpenSSL's reason: one end refused the other, it was not just cut off.
WATCHWORD_TEST_EXPORT bool isTlsVerdict(const QString &text);

//! Status line, headers and the beginning of the body; status 0 if \a bytes is no HTTP answer. \a headLength is the
//! number of bytes up to and including the empty line, or -1 while it is incomplete.
WATCHWORD_TEST_EXPORT HttpAnswer parseAnswer(const QByteArray &bytes, qsizetype *headLength = nullptr);

//! True if one of the challenges of \a answer says error=\a error (RFC 6750 section 3, RFC 9449 section 7.1).
WATCHWORD_TEST_EXPORT bool hasChallengeError(const HttpAnswer &answer, QByteArrayView error);
//! The first auth-param \a name of the challenges of \a answer, unquoted; empty if absent.
WATCHWORD_TEST_EXPORT QByteArray challengeParameter(const HttpAnswer &answer, QLatin1StringView name);
//! The claim "nonce" of a DPoP proof (RFC 9449 section 4.2); empty without one, or if \a proof is no JWT.
WATCHWORD_TEST_EXPORT QByteArray nonceOf(const QByteArray &proof);
//! "max_age" (RFC 9470 section 3): whole seconds, at most ten years; nothing for anything else.
WATCHWORD_TEST_EXPORT std::optional<std::chrono::seconds> maxAgeOf(const QString &text);
//! "title (ref)" of an RFC 9457 body, at most 200 characters; empty for anything else.
WATCHWORD_TEST_EXPORT QString problemText(const HttpAnswer &answer);
//! What a refused upgrade says, with RFC 9457's title if it has one.
WATCHWORD_TEST_EXPORT Error refusal(const HttpAnswer &answer, WallTime now);
//! The status in the text of QWebSocket's error string, 0 if there is none.
WATCHWORD_TEST_EXPORT int statusFromText(const QString &text);

} // namespace Watchword::Upgrade
