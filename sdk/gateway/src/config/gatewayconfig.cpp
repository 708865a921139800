// SPDX-License-Identifier: Apache-2.0
#include "watchword/gateway/gatewayconfig.h"

#include "config/configchanges.h"
#include "config/configvalues.h"
#include "config/embeddedissuerreader.h"
#include "config/limitsreader.h"
#include "config/policyreader.h"
#include "config/roomsreader.h"
#include "config/settings.h"
#include "config/tablereader.h"
#include "config/upstreamreader.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/internal/loopback.h"

#include <QFile>
#include <QHash>
#include <QSet>

#include <limits>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMost = std::numeric_limits<int>::max();

ListenConfig readListen(TableReader table)
{
    ListenConfig listen;
    const QString written = table.requiredText("address");
    if (!written.isEmpty()) {
        if (const auto address = parseListenAddress(written)) {
            listen.address = address->first;
            listen.port = address->second;
        } else {
            table.fail("address", u"address of [listen] must be an IP address with a port, as in \"0.0.0.0:8443\""_s);
        }
    }
    listen.plain = table.boolean("plain", false);
    if (listen.plain) {
        listen.certificateFile = table.file("certificate");
        listen.keyFile = table.file("key");
    } else {
        listen.certificateFile = table.requiredFile("certificate");
        listen.keyFile = table.requiredFile("key");
    }
    const QString least = table.text("tls_min", u"1.2"_s);
    listen.tls13Only = least == "1.3"_L1;
    if (least != "1.2"_L1 && least != "1.3"_L1)
        table.fail("tls_min", u"tls_min of [listen] must be \"1.2\" or \"1.3\"; older versions are not safe"_s);
    listen.publicNames = table.texts("public_names");
    for (const QString &name : std::as_const(listen.publicNames)) {
        const QUrl url(u"https://"_s + name, QUrl::StrictMode);
        if (!url.isValid() || url.authority().compare(name, Qt::CaseInsensitive) != 0 || !url.userInfo().isEmpty())
            table.fail("public_names", u"\"%1\" is no name; write host or host:port, as in \"orders.example.com\""_s.arg(name));
    }
    listen.securityTextFile = table.file("security_txt");
    listen.threads = table.integer("threads", listen.threads, 0, 256);
    listen.maxConnections = table.integer("max_connections", listen.maxConnections, 1, 1'000'000);
    listen.maxHandshakes = table.integer("max_handshakes", listen.maxHandshakes, 1, 100'000);
    listen.connectionsPerAddress = table.integer("connections_per_address", listen.connectionsPerAddress, 0, 1'000'000);
    listen.handshakesPerAddress = table.integer("handshakes_per_address", listen.handshakesPerAddress, 0, 100'000);
    listen.acceptsPerSecond = table.integer("accepts_per_second", listen.acceptsPerSecond, 0, 100'000);
    listen.proxyProtocol = table.boolean("proxy_protocol", false);
    listen.headTimeout = table.duration("head_timeout", listen.headTimeout);
    table.finish();
    return listen;
}

IssuerConfig::Introspection readIntrospection(TableReader table)
{
    IssuerConfig::Introspection introspection;
    introspection.url = table.url("url", {u"https"_s, u"http"_s});
    introspection.clientId = table.requiredText("client_id");
    introspection.clientSecretFile = table.requiredFile("client_secret_file");
    introspection.cache = table.duration("cache", introspection.cache);
    introspection.withoutExp = table.duration("without_exp", introspection.withoutExp);
    if (introspection.withoutExp < std::chrono::seconds(10))
        table.fail("without_exp", u"without_exp of introspection must be at least \"10 s\""_s);
    table.finish();
    return introspection;
}

IssuerConfig::Events::Poll readPoll(TableReader table)
{
    IssuerConfig::Events::Poll poll;
    poll.url = table.url("url", {u"https"_s, u"http"_s});
    poll.transmitter = table.url("transmitter", {u"https"_s, u"http"_s});
    if (poll.url.isEmpty() == poll.transmitter.isEmpty())
        table.fail("url", u"events_poll needs either url, where events are fetched, or transmitter, where a stream is set up"_s);
    for (const QUrl &url : {poll.url, poll.transmitter}) {
        if (url.scheme() == "http"_L1 && !isLoopbackHost(url.host()))
            table.fail("url", u"events_poll fetches by https://, or by http:// on this machine"_s);
    }
    poll.tokenFile = table.requiredFile("token_file");
    poll.every = table.duration("every", poll.every);
    if (poll.every < std::chrono::seconds(1))
        table.fail("every", u"every of events_poll must be at least \"1 s\""_s);
    table.finish();
    return poll;
}

IssuerConfig::Events readEvents(TableReader table)
{
    IssuerConfig::Events events;
    events.audiences = table.texts("audience");
    if (events.audiences.isEmpty())
        table.fail("audience",
                   u"events of [[issuer]] needs audience = \"...\": the client ids that logout tokens are made for"_s);
    events.pushTokenFile = table.file("push_token_file");
    table.finish();
    return events;
}

IssuerConfig readIssuer(TableReader table)
{
    IssuerConfig issuer;
    table.requiredText("url");
    issuer.url = table.url("url", {u"https"_s, u"http"_s});
    issuer.audiences = table.texts("audience");
    if (issuer.audiences.isEmpty())
        table.fail("audience", u"[[issuer]] needs audience = \"...\": tokens made for other servers must not work here"_s);
    issuer.algorithms = table.texts("algorithms", issuer.algorithms);
    static const QStringList known{u"ES256"_s, u"RS256"_s, u"PS256"_s, u"EdDSA"_s};
    for (const QString &algorithm : std::as_const(issuer.algorithms)) {
        if (!known.contains(algorithm))
            table.fail("algorithms", u"\"%1\" is not supported; choose from %2"_s.arg(algorithm, known.join(u", "_s)));
    }
    issuer.tokenTypes = table.texts("token_types", issuer.tokenTypes);
    if (issuer.tokenTypes.isEmpty())
        table.fail("token_types", u"token_types = [] accepts no token; leave it out for \"at+jwt\", or write [\"*\"] for any"_s);
    issuer.clockSkew = table.duration("clock_skew", issuer.clockSkew);
    issuer.maxLifetime = table.duration("max_lifetime", issuer.maxLifetime);
    issuer.maxAge = table.duration("max_age", issuer.maxAge);
    issuer.caFile = table.file("ca");
    issuer.requireDpop = table.boolean("require_dpop", false);
    issuer.rolesClaim = table.text("roles_claim", issuer.rolesClaim);
    issuer.tenantClaim = table.text("tenant_claim", issuer.tenantClaim);
    if (auto introspection = table.table("introspection"))
        issuer.introspection = readIntrospection(*introspection);
    if (auto events = table.table("events"))
        issuer.events = readEvents(*events);
    if (auto poll = table.table("events_poll")) {
        if (!issuer.events)
            table.fail("events_poll", u"events_poll of [[issuer]] needs events = { audience = \"...\" } beside it"_s);
        else
            issuer.events->poll = readPoll(*poll);
    }
    table.finish();
    return issuer;
}

EndpointCompression readCompression(TableReader table)
{
    EndpointCompression compression;
    compression.windowBits = table.integer("window_bits", compression.windowBits, 8, 15);
    compression.keepContext = table.boolean("keep_context", compression.keepContext);
    compression.memoryLevel = table.integer("memory_level", compression.memoryLevel, 1, 9);
    compression.smallest = table.size("smallest", compression.smallest);
    table.finish();
    return compression;
}

void readService(TableReader &table, EndpointConfig &endpoint)
{
    const bool hasUpstream = table.has("upstream");
    const QString serves = table.text("serves", hasUpstream ? u"upstream"_s : QString());
    readUpstreams(table, endpoint);
    if (serves == "echo"_L1 && !hasUpstream)
        endpoint.service = EndpointConfig::Service::Echo;
    else if (serves == "rooms"_L1 && !hasUpstream)
        endpoint.service = EndpointConfig::Service::Rooms;
    else if (serves == "upstream"_L1 && hasUpstream)
        endpoint.service = EndpointConfig::Service::Upstream;
    else
        table.fail("serves", u"[[endpoint]] needs either upstream = \"ws://...\" or serves = \"echo\" or \"rooms\""_s);
}

void readRejectStyle(TableReader &table, EndpointConfig &endpoint)
{
    const QString style = table.text("reject_style", u"http"_s);
    if (style == "accept_then_close"_L1)
        endpoint.rejectStyle = EndpointConfig::RejectStyle::AcceptThenClose;
    else if (style != "http"_L1)
        table.fail("reject_style", u"reject_style of [[endpoint]] must be \"http\" or \"accept_then_close\""_s);
    if (endpoint.rejectStyle == EndpointConfig::RejectStyle::AcceptThenClose && endpoint.origins.isEmpty())
        table.fail("reject_style", u"reject_style = \"accept_then_close\" is for the pages of origins; name some"_s);
}

void readCredentials(TableReader &table, EndpointConfig &endpoint)
{
    using Way = EndpointConfig::CredentialWay;
    static const QHash<QString, Way> known{{u"header"_s, Way::Header},
                                           {u"subprotocol"_s, Way::Subprotocol},
                                           {u"ticket"_s, Way::Ticket},
                                           {u"first_message"_s, Way::FirstMessage}};
    const QStringList names = table.texts("credentials", {u"header"_s, u"subprotocol"_s});
    endpoint.credentials = {};
    for (const QString &name : names) {
        if (known.contains(name))
            endpoint.credentials |= known.value(name);
        else
            table.fail("credentials", u"\"%1\" is no way; choose from header, subprotocol, ticket and first_message"_s.arg(name));
    }
    if (names.isEmpty())
        table.fail("credentials", u"credentials = [] lets nobody in; leave it out, or name a way"_s);
    if (endpoint.credentials.testFlag(Way::FirstMessage) && endpoint.service == EndpointConfig::Service::Upstream)
        table.fail("credentials",
                   u"\"first_message\" is for serves = \"rooms\" and \"echo\": an upstream is asked before the 101"_s);
}

EndpointConfig readEndpoint(TableReader table)
{
    EndpointConfig endpoint;
    endpoint.path = table.requiredText("path");
    if (!endpoint.path.isEmpty() && (!endpoint.path.startsWith(u'/') || endpoint.path.contains(u'?')))
        table.fail("path", u"path of [[endpoint]] must start with / and have no query"_s);
    readService(table, endpoint);
    endpoint.scopes = table.texts("scopes");
    endpoint.origins = table.origins("origins");
    endpoint.subprotocols = table.texts("subprotocols");
    endpoint.acrValues = table.texts("acr_values");
    if (table.has("max_age"))
        endpoint.maxAge = std::chrono::duration_cast<std::chrono::seconds>(table.duration("max_age", Duration(300'000)));
    endpoint.sessionLifetime = table.duration("session_lifetime", endpoint.sessionLifetime);
    endpoint.sessionIdle = table.duration("session_idle", endpoint.sessionIdle);
    readRejectStyle(table, endpoint);
    readCredentials(table, endpoint);
    endpoint.hidden = table.boolean("hidden", false);
    const EndpointConfig::CredentialWays open{EndpointConfig::CredentialWay::Ticket, EndpointConfig::CredentialWay::FirstMessage};
    if (endpoint.hidden && (endpoint.credentials & open))
        table.fail("hidden", u"hidden is not for endpoints with \"ticket\" or \"first_message\", which answer strangers"_s);
    endpoint.requireDpop = table.boolean("require_dpop", false);
    if (auto policy = table.table("policy"))
        endpoint.policy = readPolicy(*policy);
    if (auto limits = table.table("limits"))
        endpoint.limits = readLimits(*limits);
    if (auto compression = table.table("compression")) {
        endpoint.compression = readCompression(*compression);
        if (endpoint.service == EndpointConfig::Service::Upstream)
            table.fail("compression",
                       u"compression of [[endpoint]] is for serves = \"rooms\" and \"echo\"; a relay passes bytes on"_s);
    }
    readRooms(table, endpoint);
    table.finish();
    return endpoint;
}

ApiConfig readApi(TableReader table)
{
    ApiConfig api;
    const QString written = table.text("address", u"127.0.0.1:8445"_s);
    if (const auto address = parseListenAddress(written)) {
        api.address = address->first;
        api.port = address->second;
    } else {
        table.fail("address", u"address of [api] must be an IP address with a port, as in \"127.0.0.1:8445\""_s);
    }
    table.finish();
    return api;
}

WatchConfig readWatch(TableReader table)
{
    WatchConfig watch;
    watch.path = table.text("path", watch.path);
    watch.auditPath = table.text("audit_path", watch.auditPath);
    watch.origins = table.origins("origins");
    table.finish();
    return watch;
}

void readAudit(TableReader table, AuditConfig &audit)
{
    audit.database = table.file("database", audit.database);
    if (table.has("retention")) {
        audit.retention = table.duration("retention", std::chrono::hours(24 * 365));
        if (*audit.retention < std::chrono::minutes(1))
            table.fail("retention", u"retention of [audit] must be at least a minute, for example \"90 d\""_s);
    }
    audit.maxEvents = table.integer("max_events", 0, 0, kMost);
    audit.maxBytes = table.size("max_bytes", 0);
    if (audit.maxBytes > 0 && audit.maxBytes < 1024 * 1024)
        table.fail("max_bytes", u"max_bytes of [audit] must be at least \"1 MiB\""_s);
    const QString policy = table.text("when_unwritable", u"continue"_s);
    if (policy == "refuse"_L1)
        audit.whenUnwritable = AuditConfig::WhenUnwritable::Refuse;
    else if (policy != "continue"_L1)
        table.fail("when_unwritable", u"when_unwritable of [audit] is \"continue\" or \"refuse\""_s);
    table.finish();
}

void readLocks(TableReader table, LockConfig &locks)
{
    locks.database = table.file("database");
    locks.keep = table.duration("keep", locks.keep);
    if (locks.keep < std::chrono::minutes(1))
        table.fail("keep", u"keep of [locks] must be at least a minute, for example \"90 d\""_s);
    table.finish();
}

void readSmallTables(TableReader &root, GatewayConfig &config)
{
    if (auto table = root.table("gateway")) {
        config.cluster = table->text("cluster", config.cluster);
        config.node = table->text("node");
        config.grace = table->duration("grace", config.grace);
        config.heartbeat = table->duration("heartbeat", config.heartbeat);
        config.assertionKeyFile = table->file("assertion_keys");
        config.canary = table->duration("canary", config.canary);
        if (config.canary.count() > 0 && config.canary < std::chrono::seconds(1))
            table->fail("canary", u"canary of [gateway] must be at least \"1 s\", or 0 for none"_s);
        table->finish();
    }
    if (auto table = root.table("drain")) {
        config.drain = std::chrono::seconds(table->integer("seconds", 0, 0, 3600));
        table->finish();
    }
    if (auto table = root.table("limits")) {
        config.memory = table->size("memory", config.memory);
        config.failedAuthPerMinute = table->integer("failed_auth_per_minute", config.failedAuthPerMinute, 0, kMost);
        table->finish();
    }
    if (auto table = root.table("dpop")) {
        config.dpop.nonce = table->boolean("nonce", false);
        table->finish();
    }
    if (auto table = root.table("policy"))
        config.policy = readPolicy(*table);
    if (auto table = root.table("trusted_proxy")) {
        config.trustedProxies = table->texts("addresses");
        for (const QString &entry : std::as_const(config.trustedProxies)) {
            if (QHostAddress(entry).isNull() && QHostAddress::parseSubnet(entry).first.isNull())
                table->fail("addresses", u"\"%1\" is neither an IP address nor a subnet as in \"10.0.0.0/8\""_s.arg(entry));
        }
        const QString header = table->text("header", u"X-Forwarded-For"_s);
        if (header.compare("Forwarded"_L1, Qt::CaseInsensitive) == 0)
            config.proxyHeader = GatewayConfig::ProxyHeader::Forwarded;
        else if (header.compare("X-Forwarded-For"_L1, Qt::CaseInsensitive) != 0)
            table->fail("header", u"header of [trusted_proxy] must be \"X-Forwarded-For\" or \"Forwarded\""_s);
        table->finish();
    }
    if (auto table = root.table("log")) {
        config.logLevel = table->text("level", config.logLevel);
        static const QStringList known{u"debug"_s, u"info"_s, u"warning"_s, u"error"_s};
        if (!known.contains(config.logLevel))
            table->fail("level", u"level of [log] must be one of %1"_s.arg(known.join(u", "_s)));
        table->finish();
    }
}

GatewayConfig readRoot(TableReader root)
{
    GatewayConfig config;
    readSmallTables(root, config);
    if (auto table = root.table("listen"))
        config.listen = readListen(*table);
    else
        root.fail("listen", u"[listen] is missing; it says the address and the certificate"_s);
    for (TableReader &table : root.tables("issuer"))
        config.issuers.append(readIssuer(table));
    for (TableReader &table : root.tables("endpoint"))
        config.endpoints.append(readEndpoint(table));
    if (auto table = root.table("audit"))
        readAudit(*table, config.audit);
    if (auto table = root.table("locks"))
        readLocks(*table, config.locks);
    if (auto table = root.table("api"))
        config.api = readApi(*table);
    if (auto table = root.table("watch"))
        config.watch = readWatch(*table);
    if (auto table = root.table("issuer_embedded"))
        config.embeddedIssuer = readEmbeddedIssuer(*table);
    root.finish();
    return config;
}

} // namespace

QSet<std::pair<QString, QString>> settingsAskedFor(const QString &toml)
{
    const QByteArray bytes = toml.toUtf8();
    ConfigErrors errors({});
    const toml::parse_result parsed = toml::parse(std::string_view(bytes.constData(), size_t(bytes.size())));
    if (parsed)
        readRoot(TableReader(parsed.table(), {}, errors));
    return errors.settings();
}

Result<GatewayConfig> GatewayConfig::fromToml(const QString &text, const QString &fileName)
{
    if (const qsizetype line = lineOfNamelessTable(text); line > 0)
        return Error(ErrorCode::ConfigInvalid,
                     u"%1:%2:1: a table has no name, or one that has to be quoted"_s.arg(fileName).arg(line));
    const QByteArray bytes = text.toUtf8();
    ConfigErrors errors(fileName);
    const toml::parse_result parsed = toml::parse(std::string_view(bytes.constData(), size_t(bytes.size())));
    if (!parsed) {
        const std::string_view what = parsed.error().description();
        errors.add(parsed.error().source(), QString::fromUtf8(what.data(), qsizetype(what.size())));
        return Error(ErrorCode::ConfigInvalid, errors.toText());
    }
    GatewayConfig config = readRoot(TableReader(parsed.table(), {}, errors));
    config.written = writtenSettings(parsed.table());
    if (!errors.isEmpty())
        return Error(ErrorCode::ConfigInvalid, errors.toText());
    if (const Result<void> valid = config.validate(); !valid)
        return Error(ErrorCode::ConfigInvalid, fileName + u": "_s + valid.error().detail());
    return config;
}

Result<GatewayConfig> GatewayConfig::fromFile(const QString &fileName)
{
    QFile file(fileName);
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(fileName, file.errorString()));
    constexpr qint64 limit = 1024 * 1024;
    const QByteArray bytes = file.read(limit + 1);
    if (bytes.size() > limit)
        return Error(ErrorCode::ConfigInvalid, u"%1: larger than 1 MiB; this is no configuration file"_s.arg(fileName));
    return fromToml(QString::fromUtf8(bytes), fileName);
}

Result<void> GatewayConfig::validate() const
{
    const auto invalid = [](const QString &text) { return Error(ErrorCode::ConfigInvalid, text); };
    if (endpoints.isEmpty() && !watch)
        return invalid(u"there is no [[endpoint]]; add one with path and upstream"_s);
    if (issuers.isEmpty() && !embeddedIssuer)
        return invalid(u"there is no [[issuer]]; without one no token can be believed"_s);
    if (listen.plain && !listen.address.isLoopback() && trustedProxies.isEmpty()) {
        return invalid(u"[listen] plain = true is only for loopback addresses or behind a [trusted_proxy]; "
                       "give certificate and key"_s);
    }
    QSet<QString> paths{u"/healthz"_s,    u"/readyz"_s,
                        u"/metrics"_s,    u"/.well-known/security.txt"_s,
                        u"/v1/tickets"_s, u"/.well-known/watchword-keys"_s};
    QStringList all;
    for (const EndpointConfig &endpoint : endpoints)
        all.append(endpoint.path);
    if (watch)
        all << watch->path << watch->auditPath;
    for (const QString &path : std::as_const(all)) {
        if (!path.startsWith(u'/'))
            return invalid(u"the path \"%1\" must start with /"_s.arg(path));
        if (paths.contains(path))
            return invalid(u"the path %1 is used twice; every endpoint needs its own"_s.arg(path));
        paths.insert(path);
    }
    // A name is one person's at one issuer only (RFC 7519 section 4.1.2).
    const bool hasSeveralIssuers = issuers.size() + (embeddedIssuer ? 1 : 0) > 1;
    for (const EndpointConfig &endpoint : endpoints) {
        for (const RoomRule &rule : endpoint.rooms) {
            if (hasSeveralIssuers && rule.pattern.contains("{sub}"_L1))
                return invalid(u"the room \"%1\" of %2 would belong to everybody of this name at any [[issuer]]; {sub} needs "
                               "a gateway with one issuer"_s.arg(rule.pattern, endpoint.path));
        }
    }
    QList<QJsonObject> policies{policy};
    for (const EndpointConfig &endpoint : endpoints)
        policies.append(endpoint.policy);
    for (const QJsonObject &entry : std::as_const(policies)) {
        // A client drops a whole policy for one bad value, so that a bad one must not leave here.
        if (const Result<PolicyChanges> changes = PolicyChanges::fromJson(entry); !changes)
            return invalid(u"policy: "_s + changes.error().detail());
    }
    if (api && listen.plain)
        return invalid(u"[api] needs certificate and key of [listen]; it is never served without TLS"_s);
    QSet<QString> urls;
    for (const IssuerConfig &issuer : issuers) {
        if (issuer.events && !api)
            return invalid(u"events of the issuer %1 arrive at [api]; add it"_s.arg(issuer.issuer()));
        if (issuer.url.scheme() != "https"_L1 && !isLoopbackHost(issuer.url.host()))
            return invalid(u"the issuer %1 must be https"_s.arg(issuer.issuer()));
        if (urls.contains(issuer.issuer()))
            return invalid(u"the issuer %1 is there twice; give one [[issuer]] all audiences"_s.arg(issuer.issuer()));
        urls.insert(issuer.issuer());
    }
    return {};
}

bool GatewayConfig::isTrustedProxy(const QHostAddress &peer) const
{
    for (const QString &entry : trustedProxies) {
        if (entry.contains(u'/') ? peer.isInSubnet(QHostAddress::parseSubnet(entry))
                                 : peer.isEqual(QHostAddress(entry), QHostAddress::TolerantConversion))
            return true;
    }
    return false;
}

} // namespace Watchword::Gateway
