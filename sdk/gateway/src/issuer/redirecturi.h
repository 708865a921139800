// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QList>
#include <QString>
#include <QUrl>

#include <utility>

namespace Watchword::Gateway {

//! Absolute, without fragment and user info; http only to a literal loopback address (RFC 8252 section 7.3).
WATCHWORD_TEST_EXPORT bool isUsableRedirectUri(const QString &uri);

//! Equal character by character (RFC 9700 section 2.1), but for the port of http://127.0.0.1 and http://[::1].
WATCHWORD_TEST_EXPORT bool matchesRedirectUri(const QString &registered, const QString &requested);

//! \a uri with \a parameters behind its query; empty values are left out. "+" and "&" in values survive.
WATCHWORD_TEST_EXPORT QUrl withParameters(const QString &uri, const QList<std::pair<QByteArray, QString>> &parameters);

} // namespace Watchword::Gateway
