// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <watchword/core/error.h>

#include <QString>

namespace Monitor {

/*! SHA-256 fingerprints of the certificate that a gateway shows, in hex; empty where none was seen. */
struct CertificateFacts
{
    QString known; //!< When it was trusted last.
    QString shown; //!< Now.
    bool isAnother() const { return !known.isEmpty() && !shown.isEmpty() && known != shown; }
    friend bool operator==(const CertificateFacts &, const CertificateFacts &) = default;
};

//! Why there is no live link and what to do, in one or two sentences, translated. \a server: "gateway:8443".
QString linkFailureText(const Watchword::Error &error, const QString &server, const CertificateFacts &certificate);

//! "3F:A1:…:07:9C": the beginning and the end, enough to compare by eye.
QString shortFingerprint(const QString &hex);

} // namespace Monitor
