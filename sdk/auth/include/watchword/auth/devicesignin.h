// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/qrcode.h"

#include <QDateTime>
#include <QUrl>

namespace Watchword {

/*!
    What a person needs to sign in with another device (RFC 8628): open the link, type the code. There is no secret in it;
    the device code, which is one, stays inside.
*/
struct WATCHWORD_AUTH_EXPORT DeviceSignIn
{
    Q_GADGET
    Q_PROPERTY(QString userCode MEMBER userCode)
    Q_PROPERTY(QUrl verificationUri MEMBER verificationUri)
    Q_PROPERTY(QUrl verificationUriComplete MEMBER verificationUriComplete)
    Q_PROPERTY(QDateTime expiresAt MEMBER expiresAt)
    Q_PROPERTY(Watchword::QrCode qrCode READ qrCode)
    Q_PROPERTY(bool valid READ isValid)

public:
    QString userCode; //!< To be shown large, and as it is.
    QUrl verificationUri; //!< To be shown as text, for typing it in.
    QUrl verificationUriComplete; //!< With the code in it, for the QR code; empty: the provider gave none.
    QDateTime expiresAt; //!< UTC, by this machine's clock.

    bool isValid() const { return !userCode.isEmpty(); } //!< False: no such sign-in runs.
    //! The link to follow: the complete one if there is one.
    QUrl link() const { return verificationUriComplete.isEmpty() ? verificationUri : verificationUriComplete; }
    QrCode qrCode() const { return isValid() ? QrCode::fromText(link().toString(QUrl::FullyEncoded)).valueOr({}) : QrCode(); }

    friend bool operator==(const DeviceSignIn &, const DeviceSignIn &) = default;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::DeviceSignIn)
