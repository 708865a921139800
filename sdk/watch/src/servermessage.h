// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "renewalrefusal.h"

#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/watch/watchtypes.h"

#include <variant>

namespace Watchword::ServerMessage {

/*! What a gateway sends on the watch stream (protocol.md section 6). */
struct Hello
{
    WatchServer server;
    WallTime serverTime{};
};
struct SnapshotBegin
{
    quint64 rv = 0;
    qsizetype connections = 0;
    qsizetype tokens = 0;
};
struct ConnectionRows
{
    QList<ConnectionRow> rows;
};
struct TokenRows
{
    QList<TokenRow> rows;
};
struct SnapshotEnd
{
    quint64 rv = 0;
};
struct ConnectionDelta
{
    quint64 rv = 0;
    QList<ConnectionRow> updated;
    QStringList removed;
};
struct TokenDelta
{
    quint64 rv = 0;
    QList<TokenRow> updated;
    QStringList removed;
};
struct Mark
{
    quint64 rv = 0;
    quint64 events = 0;
};
struct Reset
{
    QString reason;
};
struct ActionResult
{
    QString request;
    bool ok = false;
    ActionOutcome outcome;
    QString error;
};
struct Renewed
{
    std::optional<WallTime> exp;
    QStringList scope;
    QByteArray nonce; //!< For the next proofs; empty if there is none.
};
struct NotRenewed
{
    RenewalRefusal refusal;
};
struct Pong
{
    qint64 number = 0;
    WallTime serverTime{};
    quint64 events = 0;
};
struct Unknown
{
};
using Any = std::variant<Hello, SnapshotBegin, ConnectionRows, TokenRows, SnapshotEnd, ConnectionDelta, TokenDelta, Mark, Reset,
                         ActionResult, Renewed, NotRenewed, Pong, Unknown>;

//! ProtocolViolation for everything that is not as protocol.md says; unknown types are Unknown.
WATCHWORD_TEST_EXPORT Result<Any> parse(const QString &text);

} // namespace Watchword::ServerMessage
