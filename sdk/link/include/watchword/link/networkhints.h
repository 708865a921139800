// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/networkhints.h"
#include "watchword/link/export.h"

#include <QUrl>

namespace Watchword {

/*!
    QNetworkInformation with the backend that knows most, loaded at the first call. Null without an application object,
    where the platform has no backend, and in threads other than the application's; also for a \a peer on a loopback address,
    which needs no network. Owned by QNetworkInformation.
*/
WATCHWORD_LINK_EXPORT NetworkHints *systemNetworkHints(const QUrl &peer = {});

} // namespace Watchword
