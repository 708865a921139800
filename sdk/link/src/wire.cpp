// SPDX-License-Identifier: Apache-2.0
#include "wire_p.h"

#include <QDateTime>
#include <QHostAddress>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QRegularExpression>
#include <QUrlQuery>

#include <algorithm>

namespace Watchword::Wire {

using namespace Qt::StringLiterals;

namespace {

bool isAlphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consistsOf(QByteArrayView value, QByteArrayView others)
{
    return std::all_of(value.begin(), value.end(),
                       [&](char c) { return isAlphanumeric(c) || others.contains(c); });
}

} // namespace

bool isToken68(QByteArrayView value)
{
    qsizetype end = value.size();
    while (end > 0 && value.at(end - 1) == '=')
        --end;
    return end > 0 && consistsOf(value.first(end), "-._~+/");
}

bool isHeaderName(QByteArrayView value)
{
    return !value.isEmpty() && consistsOf(value, "!#$%&'*+-.^_`|~");
}

bool isHeaderValue(QByteArrayView value)
{
    return std::none_of(value.begin(), value.end(),
                        [](char c) { return (uchar(c) < 0x20 && c != '\t') || c == 0x7f; });
}

bool isReservedHeader(QByteArrayView name)
{
    const QByteArray lower = name.toByteArray().toLower();
    static const QList<QByteArray> reserved{
        "authorization",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "origin",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "transfer-encoding",
        "cookie2",
        "proxy-connection",
    };
    return reserved.contains(lower) || lower.startsWith("sec-websocket-");
}

bool isLoopbackHost(const QString &host)
{
    const QHostAddress address(host);
    return address.isNull() ? host.compare("localhost"_L1, Qt::CaseInsensitive) == 0 : address.isLoopback();
}

QUrl normalised(QUrl url)
{
    if (url.path().isEmpty())
        url.setPath(u"/"_s);
    url.setFragment({});
    return url;
}

Result<void> checkUrl(const QUrl &url, bool allowLoopbackPlain)
{
    const QString scheme = url.scheme();
    if (!url.isValid() || url.host().isEmpty() || (scheme != "wss"_L1 && scheme != "ws"_L1))
        return Error(ErrorCode::InvalidArgument, u"url is not of the form wss://host/path"_s);
    if (scheme == "ws"_L1 && !(allowLoopbackPlain && isLoopbackHost(url.host())))
        return Error(ErrorCode::InsecureTransport,
                     u"%1 is not encrypted"_s.arg(url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery)));
    if (!url.userInfo().isEmpty())
        return Error(ErrorCode::InvalidArgument,
                     u"url holds a user name or password; credentials travel as a token"_s);
    const QUrlQuery query(url);
    for (const QLatin1StringView name : {"access_token"_L1, "token"_L1, "id_token"_L1}) {
        if (query.hasQueryItem(name))
            return Error(ErrorCode::InvalidArgument, u"url holds a token (%1); URLs end in logs"_s.arg(name));
    }
    return {};
}

HttpAnswer parseAnswer(const QByteArray &bytes, qsizetype *headLength)
{
    constexpr qsizetype largestBody = 2048;
    HttpAnswer answer;
    const qsizetype end = bytes.indexOf("\r\n\r\n");
    if (headLength)
        *headLength = end < 0 ? -1 : end + 4;
    if (end < 0 || !bytes.startsWith("HTTP/1."))
        return answer;
    const QList<QByteArray> lines = bytes.first(end).split('\n');
    const QList<QByteArray> words = lines.first().trimmed().split(' ');
    const int status = words.value(1).toInt();
    if (words.value(1).size() != 3 || status < 100 || status > 599)
        return answer;
    answer.status = status;
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        if (colon > 0)
            answer.headers.append({line.first(colon).trimmed().toLower(), line.mid(colon + 1).trimmed()});
    }
    answer.body = bytes.mid(end + 4, largestBody);
    return answer;
}

std::optional<Duration> parseRetryAfter(const QByteArray &value, WallTime now)
{
    bool isNumber = false;
    const qint64 seconds = value.toLongLong(&isNumber);
    constexpr qint64 longest = 7 * 24 * 3600;
    if (isNumber && seconds >= 0)
        return std::chrono::seconds(std::min(seconds, longest));
    const QDateTime date =
        QLocale::c().toDateTime(QString::fromLatin1(value), u"ddd, dd MMM yyyy hh:mm:ss 'GMT'"_s);
    if (!date.isValid())
        return std::nullopt;
    const qint64 then = QDateTime(date.date(), date.time(), Qt::UTC).toMSecsSinceEpoch();
    return Duration(std::clamp<qint64>(then - now.time_since_epoch().count(), 0, longest * 1000));
}

QByteArray challengeParameter(const QByteArray &challenge, QByteArrayView name)
{
    static const QRegularExpression pattern(uR"re(([A-Za-z0-9_-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+)))re"_s);
    auto matches = pattern.globalMatch(QString::fromLatin1(challenge));
    while (matches.hasNext()) {
        const auto match = matches.next();
        if (match.captured(1).toLatin1().toLower() == name)
            return (match.hasCaptured(2) && !match.capturedView(2).isNull() ? match.captured(2)
                                                                            : match.captured(3))
                .toLatin1();
    }
    return {};
}

QString problemText(const HttpAnswer &answer)
{
    if (!answer.header("content-type").startsWith("application/problem+json"))
        return {};
    const QJsonObject problem = QJsonDocument::fromJson(answer.body).object();
    QString text = problem.value("title"_L1).toString().left(120);
    if (const QString ref = problem.value("ref"_L1).toString().left(70); !ref.isEmpty())
        text += u" (%1)"_s.arg(ref);
    // It ends in logs: one line, whatever the server wrote.
    for (QChar &c : text) {
        if (c.category() == QChar::Other_Control)
            c = u' ';
    }
    return text;
}

int statusFromText(const QString &text)
{
    static const QRegularExpression pattern(u"\\b([1-5][0-9][0-9]) \\("_s);
    if (const auto match = pattern.match(text); match.hasMatch())
        return match.captured(1).toInt();
    // Qt 6.6 and later name a 401 without its number.
    return text.contains("WWW-Authenticate"_L1) || text.contains("Host requires authentication"_L1) ? 401 : 0;
}

} // namespace Watchword::Wire
