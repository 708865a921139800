// SPDX-License-Identifier: Apache-2.0
#include "gate/gatepeer.h"

#include <optional>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

//! What a proxy says about the other end of its own connection.
struct Hop
{
    QHostAddress address; // null: not told, or no address
    quint16 port = 0;
    std::optional<bool> isSecure{};
};

// "203.0.113.9", "203.0.113.9:51008", "2001:db8::9", "[2001:db8::9]" or "[2001:db8::9]:443": some proxies add the port.
Hop hopOf(const QByteArray &text)
{
    const bool isBracketed = text.startsWith('[');
    const bool hasPort = isBracketed ? text.contains("]:") : text.count(':') == 1;
    const QByteArray host = hasPort ? text.left(text.lastIndexOf(':')) : text;
    if (isBracketed && !host.endsWith(']'))
        return {};
    Hop hop{QHostAddress(QString::fromLatin1(isBracketed ? host.mid(1, host.size() - 2) : host))};
    if (isBracketed && hop.address.protocol() != QAbstractSocket::IPv6Protocol)
        return {};
    bool isMapped = false;
    if (const quint32 v4 = hop.address.toIPv4Address(&isMapped); isMapped)
        hop.address = QHostAddress(v4);
    bool isNumber = !hasPort;
    if (hasPort)
        hop.port = text.mid(text.lastIndexOf(':') + 1).toUShort(&isNumber);
    return isNumber ? hop : Hop();
}

// Parts between \a separator, but not where it stands in a quoted string.
QList<QByteArray> partsOf(const QByteArray &text, char separator)
{
    QList<QByteArray> parts{QByteArray()};
    bool isQuoted = false;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text.at(i);
        if (c == '"')
            isQuoted = !isQuoted;
        if (c == separator && !isQuoted)
            parts.append(QByteArray());
        else
            parts.last() += c;
        if (isQuoted && c == '\\' && i + 1 < text.size())
            parts.last() += text.at(++i);
    }
    return parts;
}

QByteArray unquoted(const QByteArray &value)
{
    if (value.size() < 2 || !value.startsWith('"') || !value.endsWith('"'))
        return value;
    QByteArray text;
    for (qsizetype i = 1; i + 1 < value.size(); ++i) {
        if (value.at(i) == '\\' && i + 2 < value.size())
            ++i;
        text += value.at(i);
    }
    return text;
}

// RFC 7239 section 4: for=192.0.2.43;proto=https, for="[2001:db8::17]:4711". Names like "unknown" and "_secret" are no address.
Hop forwardedHopOf(const QByteArray &element)
{
    Hop hop;
    std::optional<bool> isSecure;
    const QList<QByteArray> pairs = partsOf(element, ';');
    for (const QByteArray &pair : pairs) {
        const qsizetype equals = pair.indexOf('=');
        const QByteArray name = pair.left(equals).trimmed().toLower();
        const QByteArray value = unquoted(pair.mid(equals + 1).trimmed());
        if (name == "for")
            hop = hopOf(value);
        else if (name == "proto")
            isSecure = value.toLower() == "https";
    }
    hop.isSecure = isSecure;
    return hop;
}

QList<Hop> hopsOf(const RequestHead &head, GatewayConfig::ProxyHeader header)
{
    const bool isForwarded = header == GatewayConfig::ProxyHeader::Forwarded;
    QList<Hop> hops;
    const QList<QByteArray> fields = head.values(isForwarded ? "Forwarded" : "X-Forwarded-For");
    for (const QByteArray &field : fields) {
        const QList<QByteArray> elements = isForwarded ? partsOf(field, ',') : field.split(',');
        for (const QByteArray &element : elements)
            hops.append(isForwarded ? forwardedHopOf(element) : hopOf(element.trimmed()));
    }
    return hops;
}

} // namespace

GatePeer peerOf(const RequestHead &head, const QHostAddress &socketPeer, quint16 port, bool tls, const GatewayConfig &config)
{
    GatePeer peer{socketPeer, port, false, tls};
    if (!config.isTrustedProxy(socketPeer))
        return peer;
    const QList<Hop> hops = hopsOf(head, config.proxyHeader);
    for (auto hop = hops.crbegin(); hop != hops.crend(); ++hop) {
        if (hop->isSecure)
            peer.secure = *hop->isSecure;
        if (hop->address.isNull())
            break;
        peer.address = hop->address;
        peer.viaProxy = true;
        peer.port = hop->port;
        if (!config.isTrustedProxy(hop->address))
            break;
    }
    if (config.proxyHeader == GatewayConfig::ProxyHeader::XForwardedFor && head.contains("X-Forwarded-Proto"))
        peer.secure = head.value("X-Forwarded-Proto").toLower() == "https";
    return peer;
}

} // namespace Watchword::Gateway
