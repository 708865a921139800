// SPDX-License-Identifier: Apache-2.0
#pragma once

// Checks and parsers of what goes into the upgrade request and comes back in its answer. Pure functions.

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/link/transport.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QString>
#include <QUrl>

#include <optional>

namespace Watchword::Wire {

bool isToken68(QByteArrayView value); //!< RFC 9110 section 11.2; what a bearer token may consist of.
bool isHeaderName(QByteArrayView value); //!< RFC 9110 section 5.6.2.
bool isHeaderValue(QByteArrayView value); //!< No control characters: nothing can be injected.
bool isReservedHeader(QByteArrayView name); //!< Belongs to the upgrade or to the connection.
bool isLoopbackHost(const QString &host);

//! The URL as it is sent: path "/" if empty, no fragment.
QUrl normalised(QUrl url);
//! Refuses what must not be in the URL, with the reason.
Result<void> checkUrl(const QUrl &url, bool allowLoopbackPlain);

//! Status line, headers and the beginning of the body; status 0 if \a bytes is no HTTP answer. \a headLength is the
//! number of bytes up to and including the empty line, or -1 while it is incomplete.
HttpAnswer parseAnswer(const QByteArray &bytes, qsizetype *headLength = nullptr);

//! RFC 9110 section 10.2.3: seconds or a date.
std::optional<Duration> parseRetryAfter(const QByteArray &value, WallTime now);
//! The auth-param \a name of a WWW-Authenticate value, unquoted; empty if absent.
QByteArray challengeParameter(const QByteArray &challenge, QByteArrayView name);
//! "title (ref)" of an RFC 9457 body, at most 200 characters; empty for anything else.
QString problemText(const HttpAnswer &answer);
//! The status in the text of QWebSocket's error string, 0 if there is none.
int statusFromText(const QString &text);

} // namespace Watchword::Wire
