// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QStringList>

#include <optional>
#include <variant>

namespace Watchword::Gateway {

/*! What monitors send (protocol.md sections 5 and 6). */
namespace WatchMessage {

struct View
{
    Duration rate{500}; //!< Already brought into 250 to 5000 ms.
};
struct Disconnect
{
    QString request;
    QStringList connections;
    int code = 0;
    Duration after{};
    QString reason;
    QString invalid; //!< Reason code when a member is not as the protocol asks; the request is answered with it.
};
struct Refresh
{
    Secret token;
    std::optional<QByteArray> proof{}; //!< The member "dpop".
};
struct Ping
{
    qint64 number = 0;
};
//! {"checkpoint.get":{"old","seq"}} of the audit stream.
struct CheckpointRequest
{
    quint64 old = 0; //!< How many events the reader has seen a checkpoint of; 0: none.
    quint64 sequence = 0; //!< Of an event to be proven; 0: none.
};
struct Unknown
{
};
using Any = std::variant<View, Disconnect, Refresh, Ping, CheckpointRequest, Unknown>;

/*!
    Parses a text of the watch stream. InvalidResponse: not a JSON object (close 1007). ProtocolViolation: a known type
    that cannot be answered (close 1002). The texts of the errors never repeat the input.
*/
WATCHWORD_TEST_EXPORT Result<Any> parseWatch(const QString &text);
//! The same for the audit stream, where only {"auth.refresh":{"token","dpop"}} and {"checkpoint.get":{"old","seq"}} are known.
WATCHWORD_TEST_EXPORT Result<Any> parseAudit(const QString &text);

} // namespace WatchMessage

/*! The query value "after" of the audit stream. */
struct AuditCursor
{
    enum class From { Newest, Oldest, Behind };
    From from = From::Newest;
    QString epoch;
    quint64 sequence = 0;

    //! ProtocolViolation unless empty, "0" or "<epoch>.<sequence>".
    WATCHWORD_TEST_EXPORT static Result<AuditCursor> parse(const QString &after);
};

} // namespace Watchword::Gateway
