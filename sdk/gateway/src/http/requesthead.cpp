// SPDX-License-Identifier: Apache-2.0
#include "http/requesthead.h"

#include <algorithm>
#include <optional>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

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

QByteArray toBytes(std::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

bool isHostName(QByteArrayView text)
{
    return !text.isEmpty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || QByteArrayView("-._~%!$&'()*+,;=").contains(c);
    });
}

bool isAddressLiteral(QByteArrayView text)
{
    return text.size() > 2 && text.startsWith('[') && text.endsWith(']')
        && std::all_of(text.begin() + 1, text.end() - 1, [](char c) {
               return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
           });
}

// RFC 9112 section 3.2: uri-host [ ":" port ], and never without a host, because http and https URLs have one.
bool isAuthority(QByteArrayView text)
{
    const qsizetype bracket = text.lastIndexOf(']');
    const qsizetype colon = text.lastIndexOf(':');
    const bool hasPort = colon > bracket;
    const QByteArrayView host = hasPort ? text.first(colon) : text;
    const QByteArrayView port = hasPort ? text.sliced(colon + 1) : QByteArrayView();
    const bool isNumber = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    return isNumber && (port.isEmpty() || port.toUInt() <= 65535) && port.size() <= 5
        && (isHostName(host) || isAddressLiteral(host));
}

// "https://host/path", of which the host counts and the field Host does not (RFC 9112 section 3.2.2).
std::optional<QByteArray> takeAuthority(QByteArray &target)
{
    for (const QByteArrayView scheme : {"https://", "wss://", "http://", "ws://"}) {
        if (!equalNames(QByteArrayView(target).first(std::min(scheme.size(), target.size())), scheme))
            continue;
        const QByteArray rest = target.sliced(scheme.size());
        const auto end = std::find_if(rest.begin(), rest.end(), [](char c) { return c == '/' || c == '?' || c == '#'; });
        const qsizetype size = end - rest.begin();
        target = rest.sliced(size);
        if (!target.startsWith('/'))
            target.prepend('/');
        return rest.first(size);
    }
    return {};
}

QString problemInTarget(QByteArrayView target)
{
    if (!target.startsWith('/'))
        return u"the target is neither in origin form nor in absolute form"_s;
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

ParsedHead requestHeadOf(const Wire::HttpHead &parsed)
{
    RequestHead head;
    head.method = toBytes(parsed.method());
    head.target = toBytes(parsed.target());
    const std::optional<QByteArray> authority = takeAuthority(head.target);
    if (const QString problem = problemInTarget(head.target); !problem.isEmpty())
        return {400, {}, problem};
    const std::size_t hosts = parsed.count("Host");
    if (hosts > 1)
        return {400, {}, u"Host comes more than once"_s};
    if (hosts == 0 && parsed.minorVersion() >= 1)
        return {400, {}, u"Host is missing"_s};
    if ((hosts > 0 && !isAuthority(toBytes(parsed.value("Host")))) || (authority && !isAuthority(*authority)))
        return {400, {}, u"Host is not a name or an address, with or without a port"_s};
    // RFC 9112 section 6.1: what is not "chunked" alone could be read in two ways, and HTTP/1.0 has no chunks.
    const std::size_t codings = parsed.count("Transfer-Encoding");
    const bool isChunked = codings == 1 && equalNames(toBytes(parsed.value("Transfer-Encoding")), "chunked");
    if (codings > 0 && (!isChunked || parsed.minorVersion() < 1 || parsed.count("Content-Length") > 0))
        return {400, {}, u"Transfer-Encoding is not \"chunked\" alone"_s};
    // A length beyond all that Qt can count would be none at all.
    bool isCountable = true;
    if (const std::string_view length = parsed.value("Content-Length"); parsed.count("Content-Length") > 0)
        toBytes(length).toLongLong(&isCountable);
    if (!isCountable)
        return problemOf(Wire::HeadFault::Framing);
    const qsizetype mark = head.target.indexOf('?');
    head.path = mark < 0 ? head.target : head.target.first(mark);
    head.query = mark < 0 ? QByteArray() : head.target.sliced(mark + 1);
    head.minorVersion = parsed.minorVersion();
    for (std::size_t i = 0; i < parsed.fieldCount(); ++i) {
        RequestHead::Header header{toBytes(parsed.field(i).name), toBytes(parsed.field(i).value)};
        if (authority && equalNames(header.first, "Host"))
            header.second = *authority;
        head.headers.append(header);
    }
    if (authority && hosts == 0)
        head.headers.append({"Host", *authority});
    return {0, head, {}};
}

ParsedHead problemOf(Wire::HeadFault fault)
{
    const std::string_view text = Wire::describe(fault);
    return {Wire::statusOf(fault), {}, QString::fromLatin1(text.data(), qsizetype(text.size()))};
}

ParsedHead lateHead()
{
    return {408, {}, u"the request head did not come in time"_s};
}

} // namespace Watchword::Gateway
