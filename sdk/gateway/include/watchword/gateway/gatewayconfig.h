// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/gateway/endpointconfig.h"
#include "watchword/gateway/export.h"

#include <QHostAddress>
#include <QJsonObject>
#include <QList>
#include <QMap>
#include <QString>
#include <QStringList>
#include <QUrl>

#include <optional>

namespace Watchword::Gateway {

/*! [listen]: where clients arrive. */
struct ListenConfig
{
    QHostAddress address = QHostAddress(QHostAddress::LocalHost);
    quint16 port = 8443; //!< 0 takes a free one; Gateway::port() tells which.
    QString certificateFile; //!< PEM, the server's certificate first, then its chain.
    QString keyFile; //!< PEM without a pass phrase.
    //! No TLS. Accepted only on a loopback address, or when [trusted_proxy] names who may speak plainly.
    bool plain = false;
    bool tls13Only = false;
    //! "host[:port]" by which clients reach this gateway, beside the names of its certificate: for DPoP proofs behind a
    //! proxy. The first stands for all that a trusted proxy passes on under another name.
    QStringList publicNames;
    QString securityTextFile; //!< Served at /.well-known/security.txt (RFC 9116); empty: there is none.
    int threads = 0; //!< That read and write the connections; 0: as many as the machine has cores. A change needs a restart.
    int maxConnections = 10'000; //!< Open sockets of all kinds; more are closed at once.
    int maxHandshakes = 1'000; //!< Sockets that have not finished their request head.
    //! The same for each address, IPv6 by /64; and accepted sockets a second, of which a burst may be twice as many. 0: no limit.
    int connectionsPerAddress = 0;
    int handshakesPerAddress = 250; //!< A quarter of maxHandshakes, so that a stranger does not take the places of all others.
    int acceptsPerSecond = 0;
    //! [trusted_proxy] begins each connection with a header of the PROXY protocol, version 1 or 2.
    bool proxyProtocol = false;
    Duration headTimeout = std::chrono::seconds(5); //!< From accept to the end of the request head.
};

/*! [[issuer]]: whose tokens are believed. Keys are found from url alone, never from a token. */
struct IssuerConfig
{
    QUrl url;
    //! Equal to "iss", byte by byte: url as it was written, percent-encoding and all.
    QString issuer() const { return url.toString(QUrl::FullyEncoded); }
    QStringList audiences; //!< At least one of them must be in "aud".
    QStringList algorithms{QStringLiteral("ES256"), QStringLiteral("RS256"), QStringLiteral("PS256"), QStringLiteral("EdDSA")};
    QStringList tokenTypes{QStringLiteral("at+jwt")}; //!< Accepted "typ" (RFC 9068); "*" accepts any, and none.
    Duration clockSkew = std::chrono::seconds(10);
    QString caFile; //!< More authorities for the TLS connection to the issuer; empty for the system's.
    bool requireDpop = false; //!< Its tokens have to be bound to a key (RFC 9449).
    //! Where tokens say what people may be locked by, beside their own names; dots lead into objects. Several roles are an
    //! array, or one text with blanks.
    QString rolesClaim = QStringLiteral("roles");
    QString tenantClaim = QStringLiteral("tenant");
    //! Between "iat" (or now, where that is missing) and "exp"; longer is TokenLifetimeTooLong. 0: any.
    Duration maxLifetime = std::chrono::hours(24 * 7);
    Duration maxAge{0}; //!< Since "iat", which is needed then; older is TokenExpired. 0: any.
    //! RFC 7662; when clientId is set, tokens that are no JWT are asked about.
    struct Introspection
    {
        QUrl url; //!< Empty: from the issuer's discovery document.
        QString clientId;
        QString clientSecretFile;
        Duration cache = std::chrono::seconds(10); //!< How long an answer is believed, and never beyond its "exp".
        Duration withoutExp =
            std::chrono::minutes(5); //!< How long a token holds whose answer says no "exp"; then it is asked about again.
        friend bool operator==(const Introspection &, const Introspection &) = default;
    } introspection;
    //! What the issuer may tell the [api] about sessions that ended: logout tokens (OpenID Connect Back-Channel Logout) and
    //! security event tokens (RFC 8935). Absent: it is not listened to.
    struct Events
    {
        QStringList audiences; //!< One of them must be in "aud": the client ids of the apps, or the name of the stream.
        QString pushTokenFile; //!< What its pushes of events carry as Bearer token; empty: nothing is asked for.
        //! Events are fetched (RFC 8936), beside or instead of what it pushes.
        struct Poll
        {
            QUrl url; //!< Of a stream that is there already.
            //! Else the transmitter's metadata (Shared Signals Framework 1.0 section 7): a stream is set up there, and verified.
            QUrl transmitter;
            QString tokenFile; //!< What each question carries as Bearer token.
            Duration every = std::chrono::seconds(30); //!< After an answer without more, and after a failure.
            friend bool operator==(const Poll &, const Poll &) = default;
        };
        std::optional<Poll> poll;
        friend bool operator==(const Events &, const Events &) = default;
    };
    std::optional<Events> events;
    friend bool operator==(const IssuerConfig &, const IssuerConfig &) = default;
};

/*! [dpop]: proofs of possession (RFC 9449). Bound tokens are accepted, and need their proof, whatever stands here. */
struct DpopConfig
{
    bool nonce = false; //!< Proofs have to carry a nonce of this gateway, which costs clients one refused attempt now and then.
};

/*! [audit] */
struct AuditConfig
{
    QString database = QStringLiteral("/var/lib/watchword-gateway/audit.sqlite");
    //! What happens to upgrades while the audit log cannot be written. Operators' actions are always refused then.
    enum class WhenUnwritable {
        Continue, //!< They are admitted; an audit.gap says later how many events are missing.
        Refuse //!< 503, until it can be written again. Connections that exist stay.
    };

    //! Younger events are never purged. Older ones are, with a record of it: at once, or where one of the next two is set only
    //! as far as that asks for it. Empty keeps all, or as much as these say.
    std::optional<Duration> retention;
    qint64 maxEvents = 0; //!< The oldest go when there are more. 0: no bound.
    qint64 maxBytes = 0; //!< The oldest go when the database needs more. 0: no bound.
    WhenUnwritable whenUnwritable = WhenUnwritable::Continue;
};

/*! [locks]: who is kept out, by operators, by the provider's word, or because a session was revoked. */
struct LockConfig
{
    QString database; //!< Empty: "locks.sqlite" beside the audit database; ":memory:" forgets it all at the end.
    //! How long a session that was ended is remembered. Should be no less than the longest session of any issuer.
    Duration keep = std::chrono::hours(24 * 90);
};

/*! [api]: HTTPS for operators' programs, for people's own sessions, and for what providers say. Absent: there is none. */
struct ApiConfig
{
    QHostAddress address = QHostAddress(QHostAddress::LocalHost);
    quint16 port = 8445; //!< 0 takes a free one; Gateway::apiUrl() tells which.
    friend bool operator==(const ApiConfig &, const ApiConfig &) = default;
};

/*! [watch]: the paths for monitors. Absent: no monitors. */
struct WatchConfig
{
    QString path = QStringLiteral("/watch");
    QString auditPath = QStringLiteral("/audit");
    QStringList origins;
};

/*! [issuer_embedded]: the OpenID provider for one machine. */
struct EmbeddedIssuerConfig
{
    struct User
    {
        QString name;
        QString subject; //!< "sub"; empty: the name.
        QString passwordHash; //!< "scrypt$..." as `watchword-gateway --hash-password` prints it.
        QStringList scopes; //!< Beside openid and offline_access.
        friend bool operator==(const User &, const User &) = default;
    };
    struct Client
    {
        QString id;
        QStringList redirectUris; //!< The port of a loopback address is not compared (RFC 8252).
        QStringList scopes; //!< The most that the app can ask for; empty: what any user has.
        friend bool operator==(const Client &, const Client &) = default;
    };
    /*! A server that may ask what tokens are worth (RFC 7662). */
    struct ResourceServer
    {
        QString id;
        QString secretFile;
        friend bool operator==(const ResourceServer &, const ResourceServer &) = default;
    };
    QHostAddress address = QHostAddress(QHostAddress::LocalHost);
    quint16 port = 0;
    QUrl publicUrl; //!< "iss"; empty: https://ADDRESS:PORT.
    QString audience;
    QString stateFolder; //!< Signing keys and sessions; empty keeps them in memory.
    Duration accessTokenLifetime = std::chrono::minutes(5);
    Duration refreshTokenLifetime = std::chrono::hours(24 * 30);
    Duration sessionLifetime = std::chrono::hours(24 * 90); //!< However often it is refreshed.
    QList<User> users;
    QList<Client> clients;
    QList<ResourceServer> resourceServers;
    friend bool operator==(const EmbeddedIssuerConfig &, const EmbeddedIssuerConfig &) = default;
};

/*!
    Everything that the gateway is told, as a value.

    fromToml() reads the configuration file. All mistakes of one text are in the error's detail(), one a line, each as
    "file:line:column: what is wrong; what to do". Unknown keys are mistakes. Sizes are "64 KiB", "1 MB" or a number of
    bytes; times are "500 ms", "10 s", "5 m", "12 h", "30 d" or a number of seconds. Relative file names are taken from
    the folder of the configuration file.

    Threads: reentrant value. Files that it names are opened by Gateway::checkFiles() and start().
*/
struct WATCHWORD_GATEWAY_EXPORT GatewayConfig
{
    QString cluster = QStringLiteral("default");
    QString node; //!< Empty: the host name.
    Duration grace = std::chrono::seconds(10); //!< After "exp", before the cut.
    Duration heartbeat = std::chrono::seconds(25);
    //! The keys that sign EndpointConfig::assertionAudience's assertions. Empty: new ones at each start.
    QString assertionKeyFile;
    //! [drain] seconds: how long before a planned end clients are told, and new ones are refused. 0: not at all, for where
    //! nobody else accepts connections at this address meanwhile.
    std::chrono::seconds drain{0};
    //! [limits] failed_auth_per_minute: credentials that are refused, of one address (IPv6 by /64) and of one user; more get 429.
    //! Good ones are not counted and not held up by it. 0: no limit.
    int failedAuthPerMinute = 120;
    //! [limits] memory: resident bytes of the process from which on new connections get 503. 0: nine tenths of what the
    //! control group allows, and no limit without one.
    qint64 memory = 0;
    ListenConfig listen;
    QList<IssuerConfig> issuers;
    QList<EndpointConfig> endpoints;
    DpopConfig dpop;
    AuditConfig audit;
    LockConfig locks;
    std::optional<ApiConfig> api;
    std::optional<WatchConfig> watch;
    std::optional<EmbeddedIssuerConfig> embeddedIssuer;
    QStringList trustedProxies; //!< Addresses or subnets that are believed about their clients.
    //! By which header: X-Forwarded-For with X-Forwarded-Proto, or Forwarded (RFC 7239). The other one passes most proxies as the
    //! client sent it, so only one is read.
    enum class ProxyHeader { XForwardedFor, Forwarded };
    ProxyHeader proxyHeader = ProxyHeader::XForwardedFor;
    //! The member "policy" of "hello": what clients are asked for more patience with (protocol.md section 3). Empty: nothing.
    QJsonObject policy;
    //! [gateway] canary: how often a session of the gateway's own is revoked, to measure how long its connection lasts. 0: never.
    Duration canary{0};
    //! What the file says, by the path of each setting; empty for one that was not read from a file. For what a reload tells.
    QMap<QString, QString> written;
    QString logLevel = QStringLiteral("info"); //!< debug, info, warning, error

    static Result<GatewayConfig> fromToml(const QString &text, const QString &fileName);
    static Result<GatewayConfig> fromFile(const QString &fileName); //!< FileUnreadable, or as fromToml().
    //! Rules that hold between the parts: duplicate paths, a plain listener, an issuer for every audience.
    Result<void> validate() const;
    bool isTrustedProxy(const QHostAddress &peer) const;
};

} // namespace Watchword::Gateway
