// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/httpoutcome.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QUrl>

namespace Watchword {

/*! What the device authorization endpoint gave (RFC 8628 section 3.2). */
struct DeviceAuthorization
{
    Secret deviceCode;
    QString userCode; //!< For people: printable, in one line, at most 64 characters.
    QUrl verificationUri;
    QUrl verificationUriComplete; //!< Empty: the provider gave none that can be used.
    std::chrono::seconds expiresIn{0}; //!< At most a day.
    std::chrono::seconds interval{5}; //!< Between one second and ten minutes; 5 s if none was given that can be used.
};

constexpr qsizetype kLargestDeviceAuthorization = 64 * 1024;

//! InvalidResponse says which member is wrong. A verification URI must be https, or http on a loopback address if allowed.
WATCHWORD_TEST_EXPORT Result<DeviceAuthorization> parseDeviceAuthorization(QByteArrayView body, bool allowLoopbackHttp);
//! The same of a whole HTTP answer, with errors as those of the token endpoint.
WATCHWORD_TEST_EXPORT Result<DeviceAuthorization> readDeviceAuthorization(const HttpOutcome &outcome, bool allowLoopbackHttp);

} // namespace Watchword
