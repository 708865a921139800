// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/text.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>

namespace Monitor::Text {

namespace {

struct TextWords
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::Text)
};

QString twoDigits(qint64 value)
{
    return QStringLiteral("%1").arg(value, 2, 10, QLatin1Char('0'));
}

} // namespace

QString count(qint64 value)
{
    // The comma is part of the design, whatever the system's locale is.
    QString digits = QString::number(value);
    const qsizetype first = digits.startsWith(u'-') ? 1 : 0;
    for (qsizetype at = digits.size() - 3; at > first; at -= 3)
        digits.insert(at, u',');
    return digits;
}

QString countShort(qint64 value)
{
    if (value < 1'000'000)
        return count(value);
    const bool billions = value >= 1'000'000'000;
    const double scaled = double(value) / (billions ? 1e9 : 1e6);
    return QString::number(scaled, 'f', scaled < 100 ? 1 : 0) + (billions ? u'G' : u'M');
}

QString percent(double fraction)
{
    return TextWords::tr("%1 %").arg(std::clamp(int(std::floor(fraction * 100)), 0, 100));
}

QString duration(qint64 milliseconds)
{
    const qint64 seconds = std::max<qint64>(0, milliseconds / 1000);
    const qint64 hours = seconds / 3600;
    if (hours >= 48)
        return TextWords::tr("%1 d %2 h").arg(hours / 24).arg(hours % 24);
    if (hours > 0)
        return QString::number(hours) + u':' + twoDigits(seconds / 60 % 60) + u':' + twoDigits(seconds % 60);
    return QString::number(seconds / 60) + u':' + twoDigits(seconds % 60);
}

QString rate(double perSecond)
{
    if (perSecond < 1000)
        return QString::number(perSecond, 'f', 1);
    return count(std::llround(perSecond));
}

QString clockTime(qint64 msSinceEpoch, bool milliseconds)
{
    constexpr qint64 Day = 86'400'000;
    const qint64 inDay = ((msSinceEpoch % Day) + Day) % Day;
    const QString time =
        twoDigits(inDay / 3'600'000) + u':' + twoDigits(inDay / 60'000 % 60) + u':' + twoDigits(inDay / 1000 % 60);
    return milliseconds ? time + u'.' + QStringLiteral("%1").arg(inDay % 1000, 3, 10, QLatin1Char('0')) : time;
}

QString bytes(qint64 bytes)
{
    static const std::array units = {"B", "kB", "MB", "GB", "TB"};
    double value = double(bytes);
    size_t unit = 0;
    for (; value >= 1000 && unit + 1 < units.size(); ++unit)
        value /= 1000;
    const int decimals = unit == 0 || value >= 100 ? 0 : 1;
    return QString::number(value, 'f', decimals) + u' ' + QLatin1String(units[unit]);
}

QString elideId(const QString &id)
{
    if (id.size() <= 12)
        return id;
    const qsizetype dash = id.indexOf(u'-');
    const qsizetype head = dash > 0 && dash <= 4 ? dash + 5 : 4;
    return id.left(head) + u'…' + id.right(2);
}

QString severityWord(Severity severity)
{
    switch (severity) {
    case Severity::Info:
        return TextWords::tr("Info");
    case Severity::Ok:
        return TextWords::tr("OK");
    case Severity::Warning:
        return TextWords::tr("Warning");
    case Severity::Error:
        return TextWords::tr("Error");
    case Severity::Critical:
        return TextWords::tr("Critical");
    case Severity::Neutral:
        break;
    }
    return TextWords::tr("Notice");
}

QString severityGlyph(Severity severity)
{
    static const std::array glyphs = {"sev-neutral", "sev-info", "sev-ok", "sev-warning", "sev-error", "sev-critical"};
    return QLatin1String(glyphs[size_t(severity)]);
}

QString severityColour(Severity severity)
{
    static const std::array roles = {"severity.neutral", "severity.info",  "severity.okInk",
                                     "severity.warning", "severity.error", "severity.critical"};
    return QLatin1String(roles[size_t(severity)]);
}

QString stateWord(QStringView state)
{
    if (state == u"open")
        return TextWords::tr("Open");
    if (state == u"expiring")
        return TextWords::tr("Expiring");
    if (state == u"failing")
        return TextWords::tr("Failing");
    if (state == u"closed")
        return TextWords::tr("Closed");
    if (state == u"revoked")
        return TextWords::tr("Revoked");
    if (state == u"gone")
        return TextWords::tr("Gone");
    return TextWords::tr("Unknown");
}

Severity stateSeverity(QStringView state)
{
    if (state == u"open")
        return Severity::Ok;
    if (state == u"expiring")
        return Severity::Warning;
    if (state == u"failing")
        return Severity::Error;
    return state == u"revoked" ? Severity::Critical : Severity::Neutral;
}

QString deviceGlyph(QStringView clientId)
{
    const auto has = [&](QStringView part) { return clientId.contains(part, Qt::CaseInsensitive); };
    if (has(u"tablet") || has(u"mobile") || has(u"phone") || has(u"kiosk"))
        return QStringLiteral("tablet");
    if (has(u"scanner"))
        return QStringLiteral("scanner");
    if (has(u"web") || has(u"browser"))
        return QStringLiteral("browser");
    if (has(u"svc") || has(u"service") || has(u"bridge") || has(u"feed") || has(u"bot") || has(u"agent"))
        return QStringLiteral("service");
    return QStringLiteral("desktop");
}

} // namespace Monitor::Text
