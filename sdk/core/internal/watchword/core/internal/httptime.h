// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <QByteArrayView>

#include <optional>

namespace Watchword {

/*! The three forms of RFC 9110 section 5.6.7, spaces around them. Nothing for anything else. */
WATCHWORD_CORE_EXPORT std::optional<WallTime> parseHttpDate(QByteArrayView text, WallTime now);

/*! "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate); milliseconds are cut off. */
WATCHWORD_CORE_EXPORT QByteArray toHttpDate(WallTime time);

/*!
    How long a Retry-After asks to wait (RFC 9110 section 10.2.3), from 0 to 7 days: seconds, or a date, which is compared
    with \a now. A date is meant by the server's clock: give the Date of the same answer where there is one.
    Nothing if \a text is neither. Callers cut it to what they can wait.
*/
WATCHWORD_CORE_EXPORT std::optional<Duration> parseRetryAfter(QByteArrayView text, WallTime now);

} // namespace Watchword
