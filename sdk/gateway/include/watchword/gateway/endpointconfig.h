// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>
#include <QUrl>

#include <optional>

namespace Watchword::Gateway {

/*! Sustained, of what clients send; a burst of twice as many is allowed. 0 is no limit. */
struct RateLimit
{
    int messagesPerSecond = 0;
    qint64 bytesPerSecond = 0;
    friend bool operator==(const RateLimit &, const RateLimit &) = default;
};

/*! limits = {...} of an endpoint. 0 switches a limit off. */
struct EndpointLimits
{
    int connections = 0;
    int connectionsPerUser = 20;
    bool replacesOldest = false; //!< A user's new connection beyond that closes the oldest one with 4409; else it gets 429.
    int messagesPerSecond = 100; //!< Sustained; a burst of twice as many is allowed.
    qint64 bytesPerSecond = 4 * 1024 * 1024;
    RateLimit ofUser; //!< Of all connections of a user to the endpoint together.
    RateLimit ofAddress; //!< Of all from one address, IPv6 by /64.
    RateLimit ofEndpoint; //!< Of all.
    enum class WhenTooFast {
        Close, //!< The connection whose message is too much is closed with 4429.
        Slow //!< It is not read until the rate is kept again. Nothing is lost: TCP makes the client wait.
    };
    WhenTooFast whenTooFast = WhenTooFast::Close; //!< For all rates, those of one connection too.
    qint64 messageBytes = 64 * 1024;
    int handshakesPerSecond = 20; //!< For each address; a burst of twice as many is allowed.
    //! What may wait for one slow reader before it is closed with 4440. Behind an upstream, which is made to wait instead,
    //! only a reader that takes nothing at all for 30 s is closed.
    qint64 queueBytes = 4 * 1024 * 1024;
    //! Pings and pongs, of which a burst may be twice as many, and frames of a message: 1008.
    int controlFramesPerSecond = 100;
    int fragments = 65536;
    Duration messageTime = std::chrono::seconds(60); //!< From the first byte of a message to its last; silence inside is fine.
    Duration authTime = std::chrono::seconds(5); //!< From the 101 to the "auth" of CredentialWay::FirstMessage. Else 4408.
    //! A connection on which nothing happened for so long is closed with 4412. 0: never.
    Duration idleTime{0};
    enum class IdleCounts {
        Messages, //!< What the application sends and is sent keeps a connection alive.
        Anything //!< Pings, pongs and control frames of the client do too.
    };
    IdleCounts idleCounts = IdleCounts::Messages;
};

/*! compression = {...} of an endpoint: permessage-deflate (RFC 7692) for clients that offer it. */
struct EndpointCompression
{
    int windowBits = 12; //!< 8 to 15, for both directions: 2^n bytes of what was sent are looked back at.
    //! Messages are compressed with what went before, for some 40 KiB a connection. Without it small ones hardly shrink.
    bool keepContext = true;
    int memoryLevel = 5; //!< 1 to 9, of zlib.
    qint64 smallest = 64; //!< Shorter messages are sent as they are.
    friend bool operator==(const EndpointCompression &, const EndpointCompression &) = default;
};

/*! history = {...} of an endpoint that serves rooms: what clients can catch up with after a reconnect. */
struct RoomHistoryConfig
{
    int messages = 1000; //!< Of each room; 0 keeps none, and every reconnect is a gap.
    qint64 bytes = 1024 * 1024; //!< Of each room.
    qint64 totalBytes = 64 * 1024 * 1024; //!< Of all rooms of the endpoint; the largest rooms give first.
    Duration keep = std::chrono::minutes(10); //!< How long a room without subscribers is remembered.
    friend bool operator==(const RoomHistoryConfig &, const RoomHistoryConfig &) = default;
};

/*! An entry of rooms = [...] of an endpoint: who may do what in the rooms whose names it fits. */
struct RoomRule
{
    //! "{sub}" stands for the person's subject, "{client}" for her client, "*" for one character or more but ":" and "/".
    QString pattern{};
    enum class Access { Both, Subscribe, Publish };
    Access access = Access::Both;
    QStringList subscribeScopes{}; //!< All are needed, beside the endpoint's; the next too.
    QStringList publishScopes{};
    //! How and how long ago the person has to have signed in for these rooms (RFC 9470); a weaker sign-in can be made stronger
    //! and the connection goes on with it.
    QStringList acrValues{};
    std::optional<std::chrono::seconds> maxAge{};
    friend bool operator==(const RoomRule &, const RoomRule &) = default;
};

/*! room_webhook = {...} of an endpoint that serves rooms: a server that is asked who may do what, where the rules allow it. */
struct RoomWebhook
{
    QUrl url; //!< https, or http to this machine.
    QString caFile; //!< PEM: authorities beside the system's.
    QString secretFile; //!< What the question carries as Bearer token; empty: nothing.
    Duration timeout = std::chrono::seconds(3);
    Duration cache =
        std::chrono::seconds(30); //!< How long an answer holds that does not say; no answer holds longer than ten times that.
    enum class WhenUnreachable { Refuse, Allow };
    WhenUnreachable whenUnreachable = WhenUnreachable::Refuse;
    friend bool operator==(const RoomWebhook &, const RoomWebhook &) = default;
};

/*! upstream_health = {...} of an endpoint: how it is found out which of several upstreams can be used. */
struct UpstreamHealth
{
    //! Each is looked at so often; 0: only clients' failed attempts tell, and time. Answers within half of that are good.
    Duration every = std::chrono::seconds(5);
    QString path; //!< An HTTP GET of it has to be answered by 200 to 299; empty: a TCP connection is enough.
    friend bool operator==(const UpstreamHealth &, const UpstreamHealth &) = default;
};

/*! [[endpoint]]: a path that clients connect to. */
struct EndpointConfig
{
    enum class Service { Echo, Rooms, Upstream };
    QString path;
    Service service = Service::Echo;
    //! All below path belongs to it, too; where several do, the longest wins. For Service::Upstream, whose URLs get what
    //! stands behind path in the request.
    bool isPrefix = false;
    QUrl upstream; //!< ws:// or wss://, for Service::Upstream.
    QList<QUrl> moreUpstreams; //!< Servers like upstream: a client gets the one with the fewest connections that is there.
    QList<QUrl> drainingUpstreams; //!< Those of them that get no new connections.
    UpstreamHealth upstreamHealth;
    QString upstreamCaFile; //!< PEM: authorities beside the system's, for wss://.
    //! PEM, for upstreams that ask for a certificate of the gateway (mutual TLS); with its key, or neither. Read anew by a
    //! reload.
    QString upstreamCertificateFile;
    QString upstreamKeyFile;
    //! The upstream gets X-Watchword-Assertion, a signed JWT with this "aud", beside the plain fields. Empty: it does not.
    QString assertionAudience;
    //! What the upstream gets of the client's request, beside Origin and User-Agent: header fields, and cookies by name.
    QStringList passHeaders;
    QStringList passCookies;
    bool passHttp = false; //!< Requests that are no upgrades go to the upstream, too, with a credential like all others.
    QStringList scopes; //!< All of them are needed.
    QStringList origins; //!< "https://host[:port]"; empty refuses every request that has an Origin.
    QStringList subprotocols; //!< Accepted beside watchword.v1, and offered to the upstream.
    QStringList acrValues; //!< RFC 9470: one of them is needed.
    std::optional<std::chrono::seconds> maxAge; //!< RFC 9470: age of the sign-in.
    //! How long a session may last from its sign-in on, and how long its person may do nothing, over all renewals and
    //! connections; then a new sign-in is asked for (4442). 0: for ever.
    Duration sessionLifetime{0};
    Duration sessionIdle{0};
    enum class RejectStyle {
        Http, //!< By a status, which a browser does not show to the page.
        //! For pages of an allowed Origin that send no Authorization header: 101, and at once a close frame with the code.
        AcceptThenClose
    };
    RejectStyle rejectStyle = RejectStyle::Http;
    //! How a client may say who it is. Each request uses exactly one way.
    enum class CredentialWay {
        Header = 1, //!< Authorization, of programs.
        Subprotocol = 2, //!< Sec-WebSocket-Protocol, of pages.
        Ticket = 4, //!< "?ticket=", of pages: bought with a token at /v1/tickets, good once and for half a minute.
        FirstMessage = 8 //!< "auth" of watchword.v1, behind the 101; not for Service::Upstream.
    };
    Q_DECLARE_FLAGS(CredentialWays, CredentialWay)
    CredentialWays credentials{CredentialWay::Header, CredentialWay::Subprotocol};
    bool hidden = false; //!< Without the scope the path answers 404 like an unknown one.
    bool requireDpop = false; //!< Tokens have to be bound to a key (RFC 9449).
    EndpointLimits limits;
    //! Absent: off. It costs more processor time than all else that is done for a message, and where a secret and foreign text
    //! travel in one stream, the lengths of the messages tell of the secret.
    std::optional<EndpointCompression> compression;
    QJsonObject policy; //!< In place of GatewayConfig::policy.
    //! For Service::Rooms: the first whose pattern fits decides, and none lets nobody in. Without any, all rooms are everybody's.
    QList<RoomRule> rooms;
    std::optional<RoomWebhook> roomWebhook; //!< For Service::Rooms.
    RoomHistoryConfig history; //!< For Service::Rooms. A change of it in a reload closes with 4441 and begins anew.
};
Q_DECLARE_OPERATORS_FOR_FLAGS(EndpointConfig::CredentialWays)

} // namespace Watchword::Gateway
