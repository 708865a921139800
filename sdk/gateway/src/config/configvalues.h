// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QHostAddress>
#include <QString>
#include <QStringList>

#include <optional>
#include <utility>

namespace Watchword::Gateway {

//! "64 KiB", "1 MB", "512" -> bytes. Empty for anything else, and for what does not fit.
WATCHWORD_TEST_EXPORT std::optional<qint64> parseSize(const QString &text);
//! "500 ms", "10 s", "5m", "12 h", "30 d" -> milliseconds; a bare number is seconds.
WATCHWORD_TEST_EXPORT std::optional<Duration> parseDuration(const QString &text);
//! "0.0.0.0:8443", "[::1]:0", "localhost:80".
std::optional<std::pair<QHostAddress, quint16>> parseListenAddress(const QString &text);
//! An Origin as browsers send it (RFC 6454 section 6.2): lower-case scheme://host, port only if it is not the default.
QString normalizedOrigin(const QString &text);
//! The line of the first [table] whose name begins with what no bare key may (TOML 1.0, "Table"), counted from 1; 0 if there
//! is none. toml++ 3.3 takes a name for granted and has to be kept from such a line.
qsizetype lineOfNamelessTable(const QString &toml);
//! The entry of \a known that \a word was most likely meant to be; empty if none is near.
QString closestWord(const QString &word, const QStringList &known);

} // namespace Watchword::Gateway
