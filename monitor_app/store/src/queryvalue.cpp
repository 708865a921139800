// SPDX-License-Identifier: Apache-2.0
#include "queryparser.h"

#include <QDateTime>
#include <QTimeZone>

#include <array>
#include <cmath>
#include <limits>

namespace Monitor {

namespace {

constexpr qint64 Lowest = std::numeric_limits<qint64>::min();
constexpr qint64 Highest = std::numeric_limits<qint64>::max();

struct Unit
{
    QLatin1String name;
    double factor;
};

//! "12.5kB" to number and unit; false if it does not start with a number.
bool splitNumber(QStringView text, double &number, QStringView &unit)
{
    qsizetype at = 0;
    if (at < text.size() && text[at] == u'-')
        ++at;
    while (at < text.size() && (text[at].isDigit() || text[at] == u'.' || text[at] == u'_'))
        ++at;
    bool ok = false;
    number = text.first(at).toString().remove(u'_').toDouble(&ok);
    unit = text.sliced(at);
    return ok;
}

bool scaled(QStringView text, std::span<const Unit> units, qint64 &out)
{
    double number = 0;
    QStringView unit;
    if (!splitNumber(text, number, unit))
        return false;
    for (const Unit &u : units) {
        if (unit.compare(u.name, Qt::CaseInsensitive) != 0)
            continue;
        const double value = number * u.factor;
        if (std::abs(value) > 9e18)
            return false;
        out = qint64(std::llround(value));
        return true;
    }
    return false;
}

bool parseClock(QStringView text, qint64 now, qint64 &from, qint64 &to)
{
    const auto parts = text.split(u':');
    if (parts.size() < 2 || parts.size() > 3)
        return false;
    bool ok = false;
    const int hour = parts[0].toInt(&ok);
    if (!ok || hour < 0 || hour > 23)
        return false;
    const int minute = parts[1].toInt(&ok);
    if (!ok || minute < 0 || minute > 59)
        return false;
    double second = 0;
    qint64 span = 60'000;
    if (parts.size() == 3) {
        second = parts[2].toDouble(&ok);
        if (!ok || second < 0 || second >= 61)
            return false;
        span = parts[2].contains(u'.') ? 1 : 1000;
    }
    constexpr qint64 Day = 86'400'000;
    const qint64 midnight = now - ((now % Day) + Day) % Day;
    from = midnight + (hour * 60 + minute) * 60'000 + qint64(std::llround(second * 1000));
    to = from + span - 1;
    return true;
}

bool parseMoment(QStringView text, qint64 now, qint64 &from, qint64 &to)
{
    if (text.endsWith(u"@utc", Qt::CaseInsensitive))
        text.chop(4);
    if (text.compare(u"now", Qt::CaseInsensitive) == 0) {
        from = to = now;
        return true;
    }
    qint64 back = 0;
    if (text.startsWith(u'-') && parseDuration(text.sliced(1), back)) {
        from = to = now - back;
        return true;
    }
    if (!text.contains(u'-'))
        return parseClock(text, now, from, to);
    if (text.size() == 10) {
        const QDate day = QDate::fromString(text.toString(), Qt::ISODate);
        if (!day.isValid())
            return false;
        from = day.startOfDay(Qt::UTC).toMSecsSinceEpoch();
        to = from + 86'400'000 - 1;
        return true;
    }
    QDateTime moment = QDateTime::fromString(text.toString(), Qt::ISODateWithMs);
    if (!moment.isValid())
        return false;
    if (moment.timeSpec() == Qt::LocalTime)
        moment.setTimeSpec(Qt::UTC);
    from = moment.toMSecsSinceEpoch();
    to = from + (text.contains(u'.') ? 0 : text.count(u':') == 1 ? 59'999 : 999);
    return true;
}

qsizetype wordIndex(const Field &field, QStringView text)
{
    const auto words = QString::fromLatin1(field.words).split(u' ');
    for (qsizetype i = 0; i < words.size(); ++i) {
        if (text.compare(words[i], Qt::CaseInsensitive) == 0)
            return i;
    }
    return -1;
}

//! One number of a numeric field; \a upper is the end of what the text names (a minute, a day).
bool parseOne(const Field &field, QStringView text, qint64 now, qint64 &value, qint64 &upper)
{
    static constexpr std::array Numbers = {Unit{QLatin1String(""), 1}, Unit{QLatin1String("k"), 1e3},
                                           Unit{QLatin1String("m"), 1e6}, Unit{QLatin1String("g"), 1e9}};
    static constexpr std::array Sizes = {Unit{QLatin1String(""), 1},          Unit{QLatin1String("b"), 1},
                                         Unit{QLatin1String("kb"), 1e3},      Unit{QLatin1String("mb"), 1e6},
                                         Unit{QLatin1String("gb"), 1e9},      Unit{QLatin1String("kib"), 1024},
                                         Unit{QLatin1String("mib"), 1048576}, Unit{QLatin1String("gib"), 1073741824}};
    bool ok = false;
    switch (field.type) {
    case FieldType::Number:
        ok = scaled(text, Numbers, value);
        break;
    case FieldType::Bytes:
        ok = scaled(text, Sizes, value);
        break;
    case FieldType::Duration:
        ok = parseDuration(text, value);
        break;
    case FieldType::Time:
        return parseMoment(text, now, value, upper);
    case FieldType::Severity:
        value = text.toInt(&ok);
        if (!ok || value < 0 || value > 5) {
            value = wordIndex(field, text);
            ok = value >= 0;
        }
        break;
    case FieldType::Word:
        value = wordIndex(field, text);
        ok = value >= 0;
        break;
    case FieldType::Text:
    case FieldType::Address:
        return true;
    }
    upper = value;
    return ok;
}

QString howToWrite(const Field &field)
{
    switch (field.type) {
    case FieldType::Duration:
        return Query::tr("Write a duration such as 90s, 5m or 2h30m.");
    case FieldType::Time:
        return Query::tr("Write a time such as 12:05, 2026-11-22T12:05:00Z, now or -15m.");
    case FieldType::Bytes:
        return Query::tr("Write a size such as 512, 4kB or 1MiB.");
    case FieldType::Severity:
    case FieldType::Word:
        return Query::tr("Write one of: %1.").arg(QString::fromLatin1(field.words).replace(u' ', QStringLiteral(", ")));
    default:
        return Query::tr("Write a number such as 5 or 12k.");
    }
}

bool parseIpv4(QStringView text, std::array<quint8, 16> &out)
{
    const auto parts = text.split(u'.');
    if (parts.size() != 4)
        return false;
    out = {};
    out[10] = out[11] = 0xff;
    for (size_t i = 0; i < 4; ++i) {
        bool ok = false;
        const uint byte = parts[qsizetype(i)].toUInt(&ok);
        if (!ok || byte > 255 || parts[qsizetype(i)].size() > 3)
            return false;
        out[12 + i] = quint8(byte);
    }
    return true;
}

bool parseIpv6(QStringView text, std::array<quint8, 16> &out)
{
    out = {};
    const qsizetype hole = text.indexOf(u"::");
    const auto groups = [](QStringView part) { return part.isEmpty() ? QList<QStringView>() : part.split(u':'); };
    const auto head = groups(hole < 0 ? text : text.first(hole));
    const auto tail = hole < 0 ? QList<QStringView>() : groups(text.sliced(hole + 2));
    const qsizetype count = head.size() + tail.size();
    if (hole < 0 ? count != 8 : count > 7)
        return false;
    const auto put = [&out](QStringView group, qsizetype index) {
        bool ok = false;
        const uint value = group.toUInt(&ok, 16);
        out[size_t(index) * 2] = quint8(value >> 8);
        out[size_t(index) * 2 + 1] = quint8(value);
        return ok && group.size() <= 4;
    };
    for (qsizetype i = 0; i < head.size(); ++i) {
        if (!put(head[i], i))
            return false;
    }
    for (qsizetype i = 0; i < tail.size(); ++i) {
        if (!put(tail[i], 8 - tail.size() + i))
            return false;
    }
    return true;
}

} // namespace

bool parseDuration(QStringView text, qint64 &milliseconds)
{
    static constexpr std::array Units = {Unit{QLatin1String("ms"), 1},     Unit{QLatin1String("s"), 1e3},
                                         Unit{QLatin1String("m"), 6e4},    Unit{QLatin1String("min"), 6e4},
                                         Unit{QLatin1String("h"), 3.6e6},  Unit{QLatin1String("d"), 8.64e7},
                                         Unit{QLatin1String("w"), 6.048e8}};
    if (text == u"0") {
        milliseconds = 0;
        return true;
    }
    const bool negative = text.startsWith(u'-');
    if (negative)
        text = text.sliced(1);
    qint64 sum = 0;
    while (!text.isEmpty()) {
        qsizetype end = 0;
        while (end < text.size() && !text[end].isLetter())
            ++end;
        while (end < text.size() && text[end].isLetter())
            ++end;
        qint64 part = 0;
        if (text.startsWith(u'-') || !scaled(text.first(end), Units, part) || part > Highest / 4 || sum > Highest / 4)
            return false;
        sum += part;
        text = text.sliced(end);
        if (text.isEmpty()) {
            milliseconds = negative ? -sum : sum;
            return true;
        }
    }
    return false;
}

bool parseNetwork(QStringView text, Network &network)
{
    const qsizetype slash = text.indexOf(u'/');
    const QStringView address = slash < 0 ? text : text.first(slash);
    const bool v6 = address.contains(u':');
    if (!(v6 ? parseIpv6(address, network.bytes) : parseIpv4(address, network.bytes)))
        return false;
    network.prefix = 128;
    if (slash < 0)
        return true;
    bool ok = false;
    const int prefix = text.sliced(slash + 1).toInt(&ok);
    if (!ok || prefix < 0 || prefix > (v6 ? 128 : 32))
        return false;
    network.prefix = v6 ? prefix : 96 + prefix;
    return true;
}

bool isInNetwork(QByteArrayView address, const Network &network)
{
    Network own;
    if (!parseNetwork(QString::fromLatin1(address), own))
        return false;
    for (int bit = 0; bit < network.prefix; bit += 8) {
        const int used = std::min(8, network.prefix - bit);
        const quint8 mask = quint8(0xff << (8 - used));
        if ((own.bytes[size_t(bit) / 8] ^ network.bytes[size_t(bit) / 8]) & mask)
            return false;
    }
    return true;
}

ParsedValue parseValue(const Field &field, const QString &text, qint64 now)
{
    ParsedValue result;
    result.value.text = text;
    if (field.type == FieldType::Text)
        return result;
    if (field.type == FieldType::Address) {
        Network network;
        if (text.contains(u'/') && !parseNetwork(text, network))
            result.error = Query::tr("“%1” is not a network. Write one such as 10.0.0.0/8 or 2001:db8::/32.").arg(text);
        return result;
    }
    const qsizetype dots = text.indexOf(QStringLiteral(".."));
    qint64 ignored = 0;
    bool ok = true;
    if (dots < 0) {
        ok = parseOne(field, text, now, result.value.number, result.value.upper);
    } else {
        result.value.isRange = true;
        const QStringView low = QStringView(text).first(dots);
        const QStringView high = QStringView(text).sliced(dots + 2);
        result.value.number = Lowest;
        result.value.upper = Highest;
        ok = (!low.isEmpty() || !high.isEmpty()) && (low.isEmpty() || parseOne(field, low, now, result.value.number, ignored))
            && (high.isEmpty() || parseOne(field, high, now, ignored, result.value.upper));
        if (ok && result.value.number > result.value.upper) {
            result.error = Query::tr("The range %1 is upside down. Write the smaller value first.").arg(text);
            result.fix = high.toString() + QStringLiteral("..") + low.toString();
            return result;
        }
    }
    if (!ok) {
        result.error =
            Query::tr("“%1” does not fit %2 (%3).").arg(text, QString::fromLatin1(field.name), fieldTypeName(field.type)) + u' '
            + howToWrite(field);
    }
    return result;
}

} // namespace Monitor
