// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QByteArray>
#include <QJsonObject>
#include <QString>

#include <variant>

namespace Watchword {

//! The WebSocket subprotocol in which both ends understand control frames; protocol.md specifies it.
inline constexpr char kSubprotocol[] = "watchword.v1";

/*!
    The control frames of watchword.v1.

    A text message whose first character is U+001E (record separator) is a control frame: that character, one JSON
    object with the member "t", and optionally LF and a payload. Every other message is application data and travels
    untouched; an application's own text that starts with U+001E is sent with that character doubled.

    parse() accepts unknown types (forward compatibility) and refuses objects over 16 KiB, invalid JSON and frames
    without "t" with ErrorCode::ProtocolViolation.
*/
class WATCHWORD_CORE_EXPORT Frame
{
public:
    Frame() = default;
    explicit Frame(QString type, QJsonObject fields = {}, QByteArray payload = {});

    QString type() const { return m_type; } //!< "hello", "auth.refresh", ...
    QJsonObject fields() const { return m_fields; } //!< All members but "t".
    QByteArray payload() const { return m_payload; }

    QString toText() const;
    static Result<Frame> parse(const QString &text); //!< \a text must satisfy isControl().

    static bool isControl(const QString &text); //!< Starts with one U+001E, not two.
    static QString escape(const QString &applicationText); //!< Call before sending application text.
    static QString unescape(const QString &receivedText); //!< Call on received text that is no control frame.

private:
    QString m_type;
    QJsonObject m_fields;
    QByteArray m_payload;
};

/*! Names of the frame types of protocol.md. */
namespace FrameType {
inline constexpr char Hello[] = "hello"; //!< gateway: {sid, conn, exp, server_time, refresh_before_s, heartbeat_s, limits}
inline constexpr char Auth[] = "auth"; //!< client: {token, dpop}; the first message where nothing before said who it is
inline constexpr char AuthRefresh[] = "auth.refresh"; //!< client: {token}
inline constexpr char AuthOk[] = "auth.ok"; //!< gateway: {exp, scope}
inline constexpr char AuthFail[] = "auth.fail"; //!< gateway: {code, reason}
inline constexpr char AuthDue[] = "auth.due"; //!< gateway: {in_s}
inline constexpr char Ping[] = "ping"; //!< either: {n}
inline constexpr char Pong[] = "pong"; //!< either: {n}
inline constexpr char Message[] = "msg"; //!< either: {id} LF payload; to be acknowledged
inline constexpr char Ack[] = "ack"; //!< either: {id}
inline constexpr char Reconnect[] = "reconnect"; //!< gateway: {in_ms, reason}; a planned end
inline constexpr char Bye[] = "bye"; //!< gateway: {code, retry, after_ms, ref, reason}
inline constexpr char Request[] = "req"; //!< client: {id, op} LF payload
inline constexpr char Response[] = "res"; //!< gateway: {id, ok} LF payload, or {id, ok, code, reason}
inline constexpr char Subscribe[] = "sub"; //!< client, rooms: {room, after, epoch, look}
inline constexpr char Subscribed[] = "sub.ok"; //!< gateway, rooms: {room, epoch, offset, joined, to, gap}
inline constexpr char Unsubscribe[] = "unsub"; //!< client, rooms: {room}
inline constexpr char Publish[] = "pub"; //!< client, rooms: {room} LF payload; gateway: {room, from, offset} LF payload
} // namespace FrameType

} // namespace Watchword
