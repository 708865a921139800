// SPDX-License-Identifier: Apache-2.0
#include "config/upstreamreader.h"

#include "watchword/core/internal/loopback.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

const QStringList kSchemes{u"ws"_s, u"wss"_s};

bool isToken(const QString &name)
{
    static const QString marks = u"!#$%&'*+-.^_`|~"_s; // RFC 9110 section 5.6.2
    return !name.isEmpty() && std::all_of(name.begin(), name.end(), [](QChar c) {
        return c.unicode() < 128 && (c.isLetterOrNumber() || marks.contains(c));
    });
}

// What belongs to the connection, is the gateway's to say, or is a secret of the client and the gateway.
bool isReserved(const QString &name)
{
    static const QStringList names{u"authorization"_s,     u"dpop"_s,           u"cookie"_s,     u"host"_s,
                                   u"connection"_s,        u"upgrade"_s,        u"te"_s,         u"trailer"_s,
                                   u"transfer-encoding"_s, u"content-length"_s, u"keep-alive"_s, u"origin"_s,
                                   u"user-agent"_s,        u"expect"_s,         u"forwarded"_s};
    static const QStringList starts{u"x-watchword-"_s, u"x-forwarded-"_s, u"sec-websocket-"_s, u"proxy-"_s};
    const QString lower = name.toLower();
    return names.contains(lower)
        || std::any_of(starts.begin(), starts.end(), [&lower](const QString &start) { return lower.startsWith(start); });
}

void readPassed(TableReader &table, EndpointConfig &endpoint)
{
    endpoint.passHeaders = table.texts("pass_headers");
    for (const QString &name : std::as_const(endpoint.passHeaders)) {
        if (!isToken(name))
            table.fail("pass_headers", u"\"%1\" is no name of a header, as in \"Accept-Language\""_s.arg(name));
        else if (isReserved(name))
            table.fail("pass_headers", u"%1 cannot be passed on; see \"What your server gets\" in gateway.md"_s.arg(name));
    }
    endpoint.passCookies = table.texts("pass_cookies");
    for (const QString &name : std::as_const(endpoint.passCookies)) {
        if (!isToken(name))
            table.fail("pass_cookies", u"\"%1\" is no name of a cookie"_s.arg(name));
    }
}

UpstreamHealth readHealth(TableReader table)
{
    UpstreamHealth health;
    health.every = table.duration("every", health.every);
    health.path = table.text("path");
    if (!health.path.isEmpty() && !health.path.startsWith(u'/'))
        table.fail("path", u"path of upstream_health must start with /"_s);
    table.finish();
    return health;
}

} // namespace

void readUpstreams(TableReader &table, EndpointConfig &endpoint)
{
    QList<QUrl> urls = table.urls("upstream", kSchemes);
    endpoint.upstreamCaFile = table.file("upstream_ca");
    endpoint.upstreamCertificateFile = table.file("upstream_certificate");
    endpoint.upstreamKeyFile = table.file("upstream_key");
    if (endpoint.upstreamCertificateFile.isEmpty() != endpoint.upstreamKeyFile.isEmpty())
        table.fail("upstream_key", u"upstream_certificate and upstream_key belong together; give both or neither"_s);
    endpoint.drainingUpstreams = table.urls("upstream_draining", kSchemes);
    for (const QUrl &url : std::as_const(endpoint.drainingUpstreams)) {
        if (!urls.contains(url))
            table.fail("upstream_draining", u"%1 is not in upstream; write it there as well"_s.arg(url.toString()));
    }
    for (const QUrl &url : std::as_const(urls)) {
        if (url.scheme() != urls.first().scheme())
            table.fail("upstream", u"the upstreams of one endpoint must all be ws:// or all be wss://"_s);
    }
    if (!endpoint.upstreamCertificateFile.isEmpty() && !urls.isEmpty() && urls.first().scheme() != "wss"_L1)
        table.fail("upstream_certificate", u"upstream_certificate is for wss:// upstreams; others never see it"_s);
    const bool mayBePlain = table.boolean("upstream_plain", false);
    const auto plain = std::find_if(urls.cbegin(), urls.cend(),
                                    [](const QUrl &url) { return url.scheme() == "ws"_L1 && !isLoopbackHost(url.host()); });
    if (plain != urls.cend() && !mayBePlain) {
        table.fail(
            "upstream",
            u"%1 is another machine, and what goes there would not be encrypted; use wss:// (with upstream_ca for an authority "
            "of your own), or say upstream_plain = true for a network that only you can read"_s.arg(plain->toString()));
    }
    if (!urls.isEmpty())
        endpoint.upstream = urls.takeFirst();
    endpoint.moreUpstreams = urls;
    if (auto health = table.table("upstream_health"))
        endpoint.upstreamHealth = readHealth(*health);
    endpoint.assertionAudience = table.text("assertion_audience");
    endpoint.isPrefix = table.boolean("prefix", false);
    endpoint.passHttp = table.boolean("pass_http", false);
    readPassed(table, endpoint);
    const bool asksForUpstream = endpoint.isPrefix || endpoint.passHttp || !endpoint.passHeaders.isEmpty()
        || !endpoint.passCookies.isEmpty() || !endpoint.assertionAudience.isEmpty() || table.has("upstream_health");
    if (asksForUpstream && !table.has("upstream"))
        table.fail(
            "upstream",
            u"prefix, pass_http, pass_headers, pass_cookies, assertion_audience and upstream_health are for endpoints with an upstream"_s);
}

} // namespace Watchword::Gateway
