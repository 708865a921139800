// SPDX-License-Identifier: Apache-2.0
#include "probe/requests.h"

#include "probe/redactor.h"
#include "watchword/jose/base64url.h"

#include <QCryptographicHash>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

using Way = DoctorOptions::TokenWay;
const QByteArray kMark(1, kTokenMark);
constexpr Duration kMessageTime{700};
constexpr qsizetype kDocumentKept = qsizetype(128) * 1024;
constexpr char kFirstMessage[] = R"({"type":"auth","token":"{token}"})";

QByteArray firstMessageOf(const DoctorOptions &options)
{
    switch (options.tokenWay) {
    case Way::FirstMessage:
        return QByteArray(options.firstMessage.isEmpty() ? kFirstMessage : options.firstMessage.constData())
            .replace("{token}", kMark);
    case Way::GraphqlTransportWs:
        return R"({"type":"connection_init","payload":{"Authorization":"Bearer )" + kMark + R"("}})";
    case Way::Centrifugo:
        return R"({"id":1,"connect":{"token":")" + kMark + R"("}})";
    case Way::Header:
    case Way::Subprotocol:
        break;
    }
    return {};
}

QByteArray welcomeOf(Way way)
{
    switch (way) {
    case Way::GraphqlTransportWs:
        return "connection_ack";
    case Way::Centrifugo:
        return "\"connect\"";
    default:
        return {};
    }
}

QByteArray hostField(const QUrl &url)
{
    const QByteArray host = url.host(QUrl::FullyEncoded).toLatin1();
    const QByteArray name = host.contains(':') ? '[' + host + ']' : host;
    return url.port() < 0 || url.port() == 443 ? name : name + ':' + QByteArray::number(url.port());
}

QByteArray requestTarget(const QUrl &url)
{
    const QByteArray path = url.path(QUrl::FullyEncoded).toLatin1();
    const QByteArray query = url.query(QUrl::FullyEncoded).toLatin1();
    return (path.isEmpty() ? QByteArray("/") : path) + (query.isEmpty() ? QByteArray() : '?' + query);
}

} // namespace

QByteArray consentText(const QUrl &endpoint)
{
    const QByteArray name = "watchword doctor " + hostField(endpoint);
    return "watchword-doctor=" + QCryptographicHash::hash(name, QCryptographicHash::Sha256).toHex().left(32);
}

Requests::Requests(const DoctorOptions &options, Redactor *redactor)
    : m_options(options)
    , m_redactor(redactor)
{
    m_redactor->add(options.token);
    m_redactor->add(options.auditToken);
    m_redactor->add(options.refreshToken);
}

QByteArray Requests::target(const UpgradeShape &shape) const
{
    QByteArray text = shape.path.isEmpty() ? m_options.endpoint.path(QUrl::FullyEncoded).toLatin1() : shape.path;
    if (text.isEmpty())
        text = "/";
    QByteArray query = m_options.endpoint.query(QUrl::FullyEncoded).toLatin1();
    if (!shape.query.isEmpty())
        query += (query.isEmpty() ? "" : "&") + shape.query;
    return query.isEmpty() ? text : text + '?' + query;
}

QByteArray Requests::subprotocolsOf(const UpgradeShape &shape) const
{
    QList<QByteArray> offered;
    for (const QString &name : m_options.subprotocols)
        offered.append(name.toLatin1());
    if (m_options.tokenWay == Way::GraphqlTransportWs && !offered.contains("graphql-transport-ws"))
        offered.prepend("graphql-transport-ws");
    offered += shape.subprotocols;
    if (m_options.tokenWay == Way::Subprotocol && !shape.token.isEmpty() && !shape.isTokenElsewhere)
        offered.append(m_options.subprotocolPrefix + kMark);
    return offered.join(", ");
}

QByteArray Requests::headOf(const UpgradeShape &shape) const
{
    QByteArray head = "GET " + target(shape) + " HTTP/1.1\r\nHost: " + hostField(m_options.endpoint)
        + "\r\nUser-Agent: watchword-doctor\r\nUpgrade: websocket\r\nConnection: " + shape.connection
        + "\r\nSec-WebSocket-Version: " + shape.version + "\r\n";
    if (shape.hasKey)
        head += "Sec-WebSocket-Key: " + Secret::random(16).reveal().toByteArray().toBase64() + "\r\n";
    const QByteArray origin = shape.origin.value_or(m_options.origin.toLatin1());
    if (!origin.isEmpty())
        head += "Origin: " + origin + "\r\n";
    if (const QByteArray offered = subprotocolsOf(shape); !offered.isEmpty())
        head += "Sec-WebSocket-Protocol: " + offered + "\r\n";
    if (m_options.tokenWay == Way::Header && !shape.token.isEmpty() && !shape.isTokenElsewhere)
        head += "Authorization: Bearer " + kMark + "\r\n";
    for (const auto &[name, value] : shape.fields)
        head += name + ": " + value + "\r\n";
    return head + "\r\n";
}

Probe Requests::upgrade(const QString &id, const UpgradeShape &shape) const
{
    Probe probe;
    probe.id = id;
    probe.bytes = headOf(shape);
    probe.token = shape.token;
    if (m_options.tokenWay == Way::Subprotocol && !shape.isTokenElsewhere && !shape.token.isEmpty())
        probe.token = Secret::take(toBase64Url(shape.token.reveal()));
    probe.credential = shape.credential;
    probe.patience = m_options.patience;
    probe.linger = shape.linger;
    m_redactor->add(shape.token);
    if (const QByteArray first = firstMessageOf(m_options);
        !first.isEmpty() && !shape.token.isEmpty() && !shape.isTokenElsewhere) {
        ProbeFrame frame;
        frame.payload = first;
        probe.frames.append(frame);
        probe.welcome = welcomeOf(m_options.tokenWay);
        probe.lingerAfterWelcome = shape.linger;
        // Who says no by closing may take its time. The valid token is not to be refused, and needs less.
        const bool isLong = !probe.welcome.isEmpty() || !shape.token.equals(m_options.token);
        probe.linger += isLong ? m_options.patience : kMessageTime;
    }
    for (const ProbeFrame &frame : shape.frames)
        m_redactor->add(frame.token);
    probe.frames += shape.frames;
    return probe;
}

Probe Requests::plainUpgrade(const QString &id, quint16 port) const
{
    Probe probe = upgrade(id, {});
    probe.line = Probe::Line::Plain;
    probe.port = port;
    probe.linger = Duration(0);
    return probe;
}

Probe Requests::hello(const QString &id, TlsVersion version, const QList<quint16> &suites) const
{
    Probe probe;
    probe.id = id;
    probe.line = Probe::Line::Hello;
    probe.bytes =
        clientHello(version, suites, m_options.endpoint.host(QUrl::FullyEncoded), Secret::random(32).reveal().toByteArray());
    probe.patience = m_options.patience;
    return probe;
}

Probe Requests::halfHead(const QString &id) const
{
    Probe probe = upgrade(id, {});
    probe.bytes.chop(4);
    probe.patience = m_options.headDeadline;
    probe.remark = u"and no empty line: the request is never finished"_s;
    probe.runsBeside = true;
    return probe;
}

Probe Requests::get(const QString &id, const QByteArray &path) const
{
    UpgradeShape shape;
    shape.path = path;
    Probe probe;
    probe.id = id;
    probe.bytes = "GET " + (path.isEmpty() ? target(shape) : path) + " HTTP/1.1\r\nHost: " + hostField(m_options.endpoint)
        + "\r\nUser-Agent: watchword-doctor\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    probe.patience = m_options.patience;
    return probe;
}

Probe Requests::getFromIssuer(const QString &id, const QUrl &url) const
{
    Probe probe;
    probe.id = id;
    probe.host = url.host(QUrl::FullyEncoded);
    probe.port = quint16(url.port(443));
    probe.bytes = "GET " + requestTarget(url) + " HTTP/1.1\r\nHost: " + hostField(url)
        + "\r\nUser-Agent: watchword-doctor\r\nAccept: application/json\r\nConnection: close\r\n\r\n";
    probe.patience = m_options.patience;
    probe.bodyKept = kDocumentKept;
    return probe;
}

Probe Requests::postToIssuer(const QString &id, const QUrl &url, const QByteArray &fields, const QByteArray &name,
                             const Secret &token) const
{
    m_redactor->add(token);
    Probe probe = getFromIssuer(id, url);
    probe.token = Secret::take(token.reveal().toByteArray().toPercentEncoding());
    const QByteArray form = fields + '&' + name + '=';
    probe.bytes = "POST " + requestTarget(url) + " HTTP/1.1\r\nHost: " + hostField(url)
        + "\r\nUser-Agent: watchword-doctor\r\nAccept: application/json\r\nConnection: close\r\n"
          "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        + QByteArray::number(form.size() + probe.token.size()) + "\r\n\r\n" + form + kMark;
    probe.credential = name == "token" ? u"the newest refresh token"_s : u"a refresh token"_s;
    return probe;
}

} // namespace Watchword::Doctoring
