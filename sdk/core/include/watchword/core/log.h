// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QLoggingCategory>

namespace Watchword {

// Categories are switched by QT_LOGGING_RULES, for example "watchword.*.debug=true". No category ever logs a secret.
WATCHWORD_CORE_EXPORT Q_DECLARE_LOGGING_CATEGORY(logAuth) WATCHWORD_CORE_EXPORT
    Q_DECLARE_LOGGING_CATEGORY(logKeychain) WATCHWORD_CORE_EXPORT Q_DECLARE_LOGGING_CATEGORY(logLink) WATCHWORD_CORE_EXPORT
    Q_DECLARE_LOGGING_CATEGORY(logWatch) WATCHWORD_CORE_EXPORT Q_DECLARE_LOGGING_CATEGORY(logGateway)

    /*!
        \a url without user info, query and fragment: what may stand in a log or an error text. Codes, states and tokens
        travel in queries.
    */
    WATCHWORD_CORE_EXPORT QString redactedUrl(const class QUrl &url);

} // namespace Watchword
