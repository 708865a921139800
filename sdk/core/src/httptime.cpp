// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/internal/httptime.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kLongestRetryAfter = 7 * 24 * 3600;

bool isDigits(QByteArrayView text)
{
    return !text.isEmpty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What was read is UTC, whatever Qt takes it for.
std::optional<WallTime> asUtc(const QDateTime &read)
{
    if (!read.isValid())
        return std::nullopt;
    return WallTime(Duration(QDateTime(read.date(), read.time(), Qt::UTC).toMSecsSinceEpoch()));
}

} // namespace

std::optional<WallTime> parseHttpDate(QByteArrayView text, WallTime now)
{
    text = text.trimmed();
    if (text.size() > 40) // "Wednesday, 09-Nov-94 08:49:37 GMT" has 33 characters
        return std::nullopt;
    const QLocale c = QLocale::c();
    const QString date = QString::fromLatin1(text);
    if (const auto fixed = asUtc(c.toDateTime(date, u"ddd, dd MMM yyyy HH:mm:ss 'GMT'"_s)))
        return fixed;
    if (const auto asctime = asUtc(c.toDateTime(date.simplified(), u"ddd MMM d HH:mm:ss yyyy"_s)))
        return asctime;
    // The name of the day is left out: of a year with two digits it says nothing that Qt could check.
    const QDateTime rfc850 = c.toDateTime(date.section(u", "_s, 1), u"dd-MMM-yy HH:mm:ss 'GMT'"_s);
    if (!rfc850.isValid() || !date.section(u',', 0, 0).endsWith("day"_L1))
        return std::nullopt;
    // More than 50 years ahead means the latest year in the past with the same two digits.
    const int latest = toDateTime(now).date().year() + 50;
    const int years = rfc850.date().year() % 100;
    const int year = latest - (latest - years) % 100;
    return asUtc(rfc850.addYears(year - rfc850.date().year()));
}

QByteArray toHttpDate(WallTime time)
{
    return QLocale::c().toString(toDateTime(time), u"ddd, dd MMM yyyy HH:mm:ss 'GMT'").toLatin1();
}

std::optional<Duration> parseRetryAfter(QByteArrayView text, WallTime now)
{
    text = text.trimmed();
    if (isDigits(text)) {
        bool fits = false;
        const qint64 seconds = text.toLongLong(&fits);
        return std::chrono::seconds(fits ? std::min(seconds, kLongestRetryAfter) : kLongestRetryAfter);
    }
    const std::optional<WallTime> then = parseHttpDate(text, now);
    if (!then)
        return std::nullopt;
    return std::clamp<Duration>(*then - now, Duration::zero(), std::chrono::seconds(kLongestRetryAfter));
}

} // namespace Watchword
