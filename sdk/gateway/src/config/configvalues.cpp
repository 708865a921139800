// SPDX-License-Identifier: Apache-2.0
#include "config/configvalues.h"

#include <QHash>
#include <QRegularExpression>
#include <QUrl>

#include <algorithm>
#include <limits>
#include <vector>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

std::optional<qint64> parseScaled(const QString &text, const QHash<QString, qint64> &units, const QString &noUnit)
{
    static const QRegularExpression pattern(u"^\\s*([0-9]{1,15})\\s*([A-Za-z]*)\\s*$"_s);
    const QRegularExpressionMatch match = pattern.match(text);
    if (!match.hasMatch())
        return {};
    const QString unit = match.captured(2).isEmpty() ? noUnit : match.captured(2).toLower();
    const qint64 factor = units.value(unit, 0);
    const qint64 number = match.captured(1).toLongLong();
    if (factor == 0 || number > std::numeric_limits<qint64>::max() / factor)
        return {};
    return number * factor;
}

int editDistance(const QString &a, const QString &b)
{
    std::vector<int> row(size_t(b.size()) + 1);
    for (size_t j = 0; j < row.size(); ++j)
        row[j] = int(j);
    for (qsizetype i = 1; i <= a.size(); ++i) {
        int diagonal = row[0];
        row[0] = int(i);
        for (qsizetype j = 1; j <= b.size(); ++j) {
            const int above = row[size_t(j)];
            const int change = diagonal + (a.at(i - 1) == b.at(j - 1) ? 0 : 1);
            row[size_t(j)] = std::min({above + 1, row[size_t(j) - 1] + 1, change});
            diagonal = above;
        }
    }
    return row.back();
}

} // namespace

std::optional<qint64> parseSize(const QString &text)
{
    static const QHash<QString, qint64> units{
        {u"b"_s, 1},     {u"kib"_s, 1024},     {u"mib"_s, 1024 * 1024}, {u"gib"_s, 1024LL * 1024 * 1024},
        {u"kb"_s, 1000}, {u"mb"_s, 1'000'000}, {u"gb"_s, 1'000'000'000}};
    return parseScaled(text, units, u"b"_s);
}

std::optional<Duration> parseDuration(const QString &text)
{
    static const QHash<QString, qint64> units{{u"ms"_s, 1},       {u"s"_s, 1000},      {u"m"_s, 60'000},
                                              {u"min"_s, 60'000}, {u"h"_s, 3'600'000}, {u"d"_s, 86'400'000}};
    const std::optional<qint64> milliseconds = parseScaled(text, units, u"s"_s);
    if (!milliseconds || *milliseconds > 3'650LL * 86'400'000) // ten years: nothing here waits longer
        return {};
    return Duration(*milliseconds);
}

std::optional<std::pair<QHostAddress, quint16>> parseListenAddress(const QString &text)
{
    const qsizetype colon = text.lastIndexOf(u':');
    if (colon <= 0)
        return {};
    bool isNumber = false;
    const quint16 port = text.mid(colon + 1).toUShort(&isNumber);
    QString host = text.left(colon);
    if (host.startsWith(u'[') && host.endsWith(u']'))
        host = host.mid(1, host.size() - 2);
    else if (host.contains(u':'))
        return {};
    if (host == "localhost"_L1)
        host = u"127.0.0.1"_s;
    const QHostAddress address = host == "*"_L1 ? QHostAddress(QHostAddress::Any) : QHostAddress(host);
    if (!isNumber || address.isNull())
        return {};
    return std::pair(address, port);
}

QString normalizedOrigin(const QString &text)
{
    const QUrl url(text, QUrl::StrictMode);
    const bool isOrigin = url.isValid() && !url.host().isEmpty() && url.path().isEmpty() && !url.hasQuery() && !url.hasFragment()
        && url.userInfo().isEmpty();
    if (!isOrigin)
        return {};
    const QString scheme = url.scheme().toLower();
    const int standard = scheme == "https"_L1 ? 443 : (scheme == "http"_L1 ? 80 : -1);
    QString host = url.host().toLower();
    if (host.contains(u':'))
        host = u'[' + host + u']';
    QString origin = scheme + u"://"_s + host;
    if (url.port() >= 0 && url.port() != standard)
        origin += u':' + QString::number(url.port());
    return origin;
}

qsizetype lineOfNamelessTable(const QString &toml)
{
    static const QRegularExpression wrong(u"^[ \\t]*\\[\\[?+[ \\t]*+(?![A-Za-z0-9_\"'-])"_s, QRegularExpression::MultilineOption);
    const QRegularExpressionMatch match = wrong.match(toml);
    return match.hasMatch() ? QStringView(toml).first(match.capturedStart()).count(u'\n') + 1 : 0;
}

QString closestWord(const QString &word, const QStringList &known)
{
    QString best;
    int bestDistance = int(std::max<qsizetype>(2, word.size() / 3)) + 1;
    for (const QString &candidate : known) {
        const int distance = editDistance(word, candidate);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = candidate;
        }
    }
    return best;
}

} // namespace Watchword::Gateway
