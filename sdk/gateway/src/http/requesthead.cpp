// SPDX-License-Identifier: Apache-2.0
#include "http/requesthead.h"

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

ParsedHead requestHeadOf(const Wire::HttpHead &parsed)
{
    RequestHead head;
    head.method = toBytes(parsed.method());
    head.target = toBytes(parsed.target());
    if (const QString problem = problemInTarget(head.target); !problem.isEmpty())
        return {400, {}, problem};
    const std::size_t hosts = parsed.count("Host");
    if (hosts > 1)
        return {400, {}, u"Host comes more than once"_s};
    if (hosts == 0 && parsed.minorVersion() >= 1)
        return {400, {}, u"Host is missing"_s};
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
    for (std::size_t i = 0; i < parsed.fieldCount(); ++i)
        head.headers.append({toBytes(parsed.field(i).name), toBytes(parsed.field(i).value)});
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
