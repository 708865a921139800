// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"

#include <QJsonObject>
#include <QMetaType>
#include <QStringList>

#include <optional>

namespace Watchword {

/*! The state of a connection as monitors see it. */
enum class ConnectionState {
    Unknown, //!< A state that this version does not know.
    Open,
    Expiring, //!< Its token is near its end and was not renewed yet.
    Failing, //!< Its last renewal failed.
    Closed,
    Revoked //!< Closed because its session was revoked.
};

enum class TokenKind { Unknown, Access, Refresh };

/*! Why a token ended. */
enum class TokenEnd {
    None, //!< It has not ended.
    Unknown, //!< An end that this version does not know.
    Replaced,
    Expired,
    Revoked,
    SignedOut,
    Reused //!< A spent refresh token came again.
};

//! The names of protocol.md: "open", "refresh", "signed_out"; empty for Unknown and None.
WATCHWORD_CORE_EXPORT QString wireName(ConnectionState state);
WATCHWORD_CORE_EXPORT QString wireName(TokenKind kind);
WATCHWORD_CORE_EXPORT QString wireName(TokenEnd end);

/*!
    One row of the connection table of the watch stream (protocol.md section 6).

    Texts that are not known are empty, counters that are not known are 0, times that are not known are nullopt; none of
    these is written by toJson(). Times are UTC with milliseconds. fromJson() ignores unknown members and answers
    ProtocolViolation for a row without "id" and for members of a wrong type.

    Threads: reentrant value. Holds no token, only the row id of one.
*/
struct WATCHWORD_CORE_EXPORT ConnectionRow
{
    QString id;
    QString sid; //!< Session
    QString sub;
    QString name; //!< The person's user name where it is known.
    QString client; //!< client_id
    QString ip;
    int port = 0;
    QString node;
    QString path;
    QString origin;
    QString ua;
    QString tls; //!< "TLSv1.3"
    QString cipher;
    std::optional<WallTime> opened;
    std::optional<WallTime> lastIn; //!< When the last message came from the client.
    ConnectionState state = ConnectionState::Open;
    quint64 msgsIn = 0;
    quint64 msgsOut = 0;
    quint64 bytesIn = 0;
    quint64 bytesOut = 0;
    quint64 queue = 0; //!< Bytes that wait to be sent to the client.
    std::optional<Duration> rtt;
    QString token; //!< Row id of its current token.
    std::optional<WallTime> exp;
    std::optional<WallTime> iat;
    QStringList scope;
    quint64 renewals = 0;
    quint64 renewFailed = 0;
    int closeCode = 0;
    QString closeReason;
    std::optional<WallTime> closed;

    bool isOpen() const { return state != ConnectionState::Closed && state != ConnectionState::Revoked; }

    QJsonObject toJson() const;
    static Result<ConnectionRow> fromJson(const QJsonObject &json);
    friend bool operator==(const ConnectionRow &, const ConnectionRow &) = default;
};

/*! One row of the token table; the rules of ConnectionRow hold. */
struct WATCHWORD_CORE_EXPORT TokenRow
{
    QString id; //!< "jti" or fingerprint; never the token.
    QString sid;
    QString sub;
    QString name;
    QString client;
    QString node;
    TokenKind kind = TokenKind::Access;
    std::optional<WallTime> issued;
    std::optional<WallTime> nbf;
    std::optional<WallTime> exp; //!< nullopt for opaque tokens.
    std::optional<WallTime> refreshAt; //!< When the client is expected to refresh.
    std::optional<WallTime> ended;
    TokenEnd end = TokenEnd::None;
    QString prev; //!< The token that this one replaced.
    QString family;
    quint64 failures = 0; //!< Failed renewals while it was current.

    QJsonObject toJson() const;
    static Result<TokenRow> fromJson(const QJsonObject &json);
    friend bool operator==(const TokenRow &, const TokenRow &) = default;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::ConnectionRow)
Q_DECLARE_METATYPE(Watchword::TokenRow)
