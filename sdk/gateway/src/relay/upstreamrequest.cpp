// SPDX-License-Identifier: Apache-2.0
#include "relay/upstreamrequest.h"

#include "watchword/core/internal/useragent.h"

#include <QUrl>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

std::string UpstreamRequest::headerValue(const QString &text)
{
    // A blank at an end would be taken for white space around the value (RFC 9110 section 5.5), and one subject for another.
    qsizetype begin = 0;
    qsizetype end = text.size();
    while (begin < end && text.at(begin) == u' ')
        ++begin;
    while (end > begin && text.at(end - 1) == u' ')
        --end;
    const QByteArray middle = QUrl::toPercentEncoding(text.sliced(begin, end - begin), " !\"#$&'()*+,/:;<=>?@[\\]^`{|}");
    return (QByteArray("%20").repeated(begin) + middle + QByteArray("%20").repeated(text.size() - end)).toStdString();
}

QByteArray UpstreamRequest::targetOf(const EndpointConfig &config, const QUrl &upstream, const QByteArray &path,
                                     const QByteArray &query)
{
    QByteArray target = upstream.path(QUrl::FullyEncoded).toLatin1();
    if (config.isPrefix) {
        QByteArray rest = path.mid(config.path.toLatin1().size());
        while (target.endsWith('/') && (rest.startsWith('/') || rest.isEmpty()))
            target.chop(1);
        if (!rest.isEmpty() && !rest.startsWith('/') && !target.endsWith('/'))
            rest.prepend('/');
        target += rest;
    }
    if (target.isEmpty())
        target = "/";
    if (upstream.hasQuery())
        target += '?' + upstream.query(QUrl::FullyEncoded).toLatin1();
    else if (!query.isEmpty())
        target += '?' + query;
    return target;
}

UpstreamTarget UpstreamRequest::serverOf(const QUrl &upstream)
{
    const int usual = upstream.scheme() == "wss"_L1 ? 443 : 80;
    const QString host = upstream.host(QUrl::FullyEncoded);
    const QString bracketed = host.contains(u':') ? u'[' + host + u']' : host;
    UpstreamTarget target;
    target.host = host.toStdString();
    target.port = std::uint16_t(upstream.port(usual));
    target.authority = (target.port == usual ? bracketed : bracketed + u':' + QString::number(target.port)).toStdString();
    return target;
}

QByteArray UpstreamRequest::cookiesOf(const RequestHead &head, const QStringList &names)
{
    QByteArrayList kept;
    const QList<QByteArray> values = head.values("Cookie");
    for (const QByteArray &value : values) {
        const QList<QByteArray> pairs = value.split(';');
        for (const QByteArray &pair : pairs) {
            const QByteArray cookie = pair.trimmed();
            if (names.contains(QString::fromLatin1(cookie.left(cookie.indexOf('=')))))
                kept.append(cookie);
        }
    }
    return kept.join("; ");
}

std::vector<std::pair<std::string, std::string>> UpstreamRequest::fieldsOf(const EndpointConfig &config, const RequestHead &head,
                                                                           const Admission &admission,
                                                                           const QString &connectionId)
{
    const Identity &identity = admission.identity;
    const std::string agent = admission.userAgent.isEmpty() ? userAgent().toStdString() : headerValue(admission.userAgent);
    std::vector<std::pair<std::string, std::string>> fields{{"X-Watchword-Subject", headerValue(identity.subject)},
                                                            {"X-Watchword-Issuer", headerValue(identity.issuer)},
                                                            {"X-Watchword-Name", headerValue(identity.name)},
                                                            {"X-Watchword-Client", headerValue(identity.clientId)},
                                                            {"X-Watchword-Scopes", headerValue(identity.scopes.join(u' '))},
                                                            {"X-Watchword-Connection", connectionId.toStdString()},
                                                            {"X-Forwarded-For", admission.peer.address.toString().toStdString()},
                                                            {"X-Forwarded-Proto", admission.peer.secure ? "https" : "http"},
                                                            {"X-Forwarded-Host", headerValue(admission.host)},
                                                            {"User-Agent", agent}};
    for (const QString &name : config.passHeaders) {
        const QList<QByteArray> values = head.values(name.toLatin1());
        for (const QByteArray &value : values)
            fields.emplace_back(name.toStdString(), value.toStdString());
    }
    if (const QByteArray cookies = cookiesOf(head, config.passCookies); !cookies.isEmpty())
        fields.emplace_back("Cookie", cookies.toStdString());
    return fields;
}

HttpOrder UpstreamRequest::httpOrderOf(const EndpointConfig &config, const RequestHead &head, const Admission &admission,
                                       const QString &connectionId)
{
    static const QByteArrayList passed{"Accept",
                                       "Accept-Encoding",
                                       "Accept-Language",
                                       "Cache-Control",
                                       "Content-Encoding",
                                       "Content-Language",
                                       "Content-Type",
                                       "If-Match",
                                       "If-Modified-Since",
                                       "If-None-Match",
                                       "If-Range",
                                       "If-Unmodified-Since",
                                       "Origin",
                                       "Range"};
    HttpOrder order;
    order.method = head.method.toStdString();
    const auto add = [&order](std::string_view name, std::string_view value) {
        order.fields.append(name).append(": ").append(value).append("\r\n");
    };
    for (const auto &[name, value] : fieldsOf(config, head, admission, connectionId))
        add(name, value);
    for (const QByteArray &name : passed) {
        if (config.passHeaders.contains(QString::fromLatin1(name), Qt::CaseInsensitive))
            continue;
        const QList<QByteArray> values = head.values(name);
        for (const QByteArray &value : values)
            add(name.toStdString(), value.toStdString());
    }
    order.isChunked = head.isChunked();
    if (order.isChunked)
        order.framing = "Transfer-Encoding: chunked\r\n";
    else if (head.contains("Content-Length"))
        order.framing = "Content-Length: " + std::to_string(head.contentLength()) + "\r\n";
    order.expectsContinue = head.hasToken("Expect", "100-continue");
    order.keepsAlive = head.keepsAlive();
    order.largestBody = std::uint64_t(admission.target->limits.messageBytes);
    return order;
}

} // namespace Watchword::Gateway
