// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/log.h"

#include <QUrl>

namespace Watchword {

Q_LOGGING_CATEGORY(logAuth, "watchword.auth", QtInfoMsg)
Q_LOGGING_CATEGORY(logKeychain, "watchword.keychain", QtInfoMsg)
Q_LOGGING_CATEGORY(logLink, "watchword.link", QtInfoMsg)
Q_LOGGING_CATEGORY(logWatch, "watchword.watch", QtInfoMsg)
Q_LOGGING_CATEGORY(logGateway, "watchword.gateway", QtInfoMsg)

QString redactedUrl(const QUrl &url)
{
    return url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery | QUrl::RemoveFragment);
}

} // namespace Watchword
