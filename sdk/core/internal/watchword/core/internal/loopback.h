// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHostAddress>
#include <QString>

namespace Watchword {

/*!
    Whether \a host of a URL names this machine itself: 127.0.0.0/8, ::1 or "localhost". Only there may what is not
    encrypted travel, and only for development.
*/
inline bool isLoopbackHost(const QString &host)
{
    const QHostAddress address(host);
    return address.isNull() ? host.compare(QLatin1StringView("localhost"), Qt::CaseInsensitive) == 0 : address.isLoopback();
}

} // namespace Watchword
