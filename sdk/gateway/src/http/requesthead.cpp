// SPDX-License-Identifier: Apache-2.0
#include "http/requesthead.h"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <limits>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
namespace beast = boost::beast;

namespace {

constexpr qsizetype kMostFields = 100;

ParsedHead badHead(const QString &problem)
{
    return {.state = HeadState::Invalid, .head = {}, .problem = problem};
}

bool equalNames(QByteArrayView a, QByteArrayView b)
{
    return a.size() == b.size() && a.compare(b, Qt::CaseInsensitive) == 0;
}

QByteArrayView trimmed(QByteArrayView text)
{
    while (!text.isEmpty() && (text.front() == ' ' || text.front() == '\t'))
        text = text.sliced(1);
    while (!text.isEmpty() && (text.back() == ' ' || text.back() == '\t'))
        text.chop(1);
    return text;
}

bool isMethodCharacter(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || (c >= 'a' && c <= 'z');
}

// Beast waits for the end of the head before it looks at it, and folds lines as RFC 7230 still allowed. So what is wrong
// in any case is found here first, on however few bytes there are: a TLS hello or garbage does not wait for a timeout.
QString problemInBytes(QByteArrayView bytes)
{
    for (qsizetype i = 0; i < bytes.size(); ++i) {
        const char c = bytes.at(i);
        if (c == ' ')
            break;
        if (!isMethodCharacter(c) || i >= 32)
            return u"it does not start with a method"_s;
    }
    for (qsizetype i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes.at(i));
        if (byte == '\r') {
            if (i + 1 < bytes.size() && bytes.at(i + 1) != '\n')
                return u"a carriage return stands alone"_s;
        } else if (byte == '\n') {
            if (i == 0 || bytes.at(i - 1) != '\r')
                return u"a line ends without a carriage return"_s;
            if (i + 1 < bytes.size() && (bytes.at(i + 1) == ' ' || bytes.at(i + 1) == '\t'))
                return u"a field is folded"_s;
        } else if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return u"it has a control character"_s;
        }
    }
    return {};
}

QByteArray toBytes(beast::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

// Digits and nothing else: a list ("3, 3") or a sign is read differently by different servers.
bool isLength(const QByteArray &value)
{
    constexpr qsizetype kMostDigits = 18; // fits qint64
    return !value.isEmpty() && value.size() <= kMostDigits
        && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

QString problemInFields(const RequestHead &head)
{
    const qsizetype hosts = head.values("Host").size();
    if (hosts > 1)
        return u"Host comes more than once"_s;
    if (hosts == 0 && head.minorVersion >= 1)
        return u"Host is missing"_s;
    const qsizetype lengths = head.values("Content-Length").size();
    if (lengths > 1)
        return u"Content-Length comes more than once"_s;
    if (lengths == 1 && !isLength(head.value("Content-Length")))
        return u"Content-Length is not a number"_s;
    if (lengths == 1 && head.contains("Transfer-Encoding"))
        return u"Transfer-Encoding and Content-Length come together"_s;
    if (head.values("Transfer-Encoding").size() > 1)
        return u"Transfer-Encoding comes more than once"_s;
    return {};
}

QString problemInTarget(QByteArrayView target)
{
    if (!target.startsWith('/'))
        return u"the target is not in origin form"_s;
    for (const char c : target) {
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '#')
            return u"the target has a character that must be percent-encoded"_s;
    }
    return {};
}

} // namespace

bool RequestHead::contains(QByteArrayView name) const
{
    for (const Header &header : headers) {
        if (equalNames(header.first, name))
            return true;
    }
    return false;
}

QByteArray RequestHead::value(QByteArrayView name) const
{
    for (const Header &header : headers) {
        if (equalNames(header.first, name))
            return header.second;
    }
    return {};
}

QList<QByteArray> RequestHead::values(QByteArrayView name) const
{
    QList<QByteArray> found;
    for (const Header &header : headers) {
        if (equalNames(header.first, name))
            found.append(header.second);
    }
    return found;
}

bool RequestHead::hasToken(QByteArrayView name, QByteArrayView token) const
{
    for (const QByteArray &list : values(name)) {
        for (const QByteArray &element : list.split(',')) {
            if (equalNames(trimmed(element), token))
                return true;
        }
    }
    return false;
}

qint64 RequestHead::contentLength() const
{
    return value("Content-Length").toLongLong();
}

bool RequestHead::keepsAlive() const
{
    if (hasToken("Connection", "close"))
        return false;
    return minorVersion >= 1 || hasToken("Connection", "keep-alive");
}

ParsedHead parseRequestHead(QByteArrayView bytes, qsizetype limit)
{
    const qsizetype end = bytes.first(qMin(bytes.size(), limit)).indexOf("\r\n\r\n");
    const QByteArrayView visible = end >= 0 ? bytes.first(end + 4) : bytes.first(qMin(bytes.size(), limit));
    // The last line end is followed by the body or by nothing, never by a folded field.
    if (const QString problem = problemInBytes(end >= 0 ? visible.chopped(2) : visible); !problem.isEmpty())
        return badHead(problem);
    if (end < 0)
        return {.state = bytes.size() >= limit ? HeadState::TooLarge : HeadState::Incomplete, .head = {}, .problem = {}};

    beast::http::request_parser<beast::http::empty_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(visible.size() + 1));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    beast::error_code error;
    parser.put(boost::asio::const_buffer(visible.data(), static_cast<std::size_t>(visible.size())), error);
    if (error && error != beast::http::error::need_more)
        return badHead(u"the HTTP parser says: %1"_s.arg(QString::fromStdString(error.message())));
    if (!parser.is_header_done())
        return badHead(u"the head does not end where it should"_s);

    const auto &message = parser.get();
    if (message.version() != 10 && message.version() != 11)
        return badHead(u"the HTTP version is not 1.0 or 1.1"_s);
    RequestHead head;
    head.method = toBytes(message.method_string());
    head.target = toBytes(message.target());
    if (const QString problem = problemInTarget(head.target); !problem.isEmpty())
        return badHead(problem);
    const qsizetype mark = head.target.indexOf('?');
    head.path = mark < 0 ? head.target : head.target.first(mark);
    head.query = mark < 0 ? QByteArray() : head.target.sliced(mark + 1);
    head.minorVersion = static_cast<int>(message.version() % 10);
    head.size = visible.size();
    for (const auto &field : message) {
        if (head.headers.size() >= kMostFields)
            return badHead(u"there are more than %1 fields"_s.arg(kMostFields));
        head.headers.append({toBytes(field.name_string()), trimmed(toBytes(field.value())).toByteArray()});
    }
    if (const QString problem = problemInFields(head); !problem.isEmpty())
        return badHead(problem);
    return {.state = HeadState::Complete, .head = head, .problem = {}};
}

} // namespace Watchword::Gateway
