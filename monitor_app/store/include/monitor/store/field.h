// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include <limits>
#include <span>

namespace Monitor {

enum class FieldType {
    Text, //!< ids of an interner
    Address, //!< Text that also takes networks: ip in 10.0.0.0/8
    Number,
    Bytes, //!< Number with kB, MB, KiB ...
    Duration, //!< ms; 90s, 5m, 2h30m
    Time, //!< ms since the epoch; 12:04, 2026-11-22T12:04:05Z, -15m
    Severity, //!< unknown < info < notice < warning < error < critical
    Word //!< One of a fixed list of words
};

/*! A field of the filter language. */
struct Field
{
    const char *name; //!< "token.left"
    const char *aliases; //!< Other names, space-separated, the title of its column among them; or empty.
    FieldType type;
    int column; //!< Meaning belongs to the source of rows.
    const char *description; //!< Source text for tr() in context "Monitor::Field".
    const char *words; //!< For Word: space-separated, in ascending order; also offered as values.
    bool text = false; //!< Bare text looks here.
    //! The least value that is one: what lies below says that there is none, and no comparison finds it.
    qint64 lowest = std::numeric_limits<qint64>::min() + 1;
};

enum class AuditColumn {
    Time,
    Sequence,
    Severity,
    Kind,
    Outcome,
    Node,
    User,
    Client,
    Session,
    Connection,
    Token,
    Family,
    Ip,
    Reason,
    Message,
    CloseCode,
    Row,
    Payload //!< A member of the event as it came.
};
enum class ConnectionColumn {
    State,
    User,
    Subject,
    Client,
    Ip,
    Port,
    Node,
    Session,
    Connection,
    Path,
    Origin,
    UserAgent,
    Tls,
    Cipher,
    Token,
    Scope,
    Age,
    Idle,
    TokenLeft,
    Opened,
    InRate,
    OutRate,
    BytesIn,
    BytesOut,
    MessagesIn,
    MessagesOut,
    Queue,
    Rtt,
    Renewals,
    RefreshFailed,
    CloseCode,
    CloseReason
};
enum class LaneColumn { User, Session, Client, Node, Failures, State, TokenLeft };

std::span<const Field> auditFields();
std::span<const Field> connectionFields();
std::span<const Field> laneFields();

//! By name or alias; null if none. Case, spaces and the marks . _ - / do not count: "Token left" is token.left.
const Field *findField(std::span<const Field> fields, QStringView name);
QString plainName(QStringView name); //!< As names are compared.
QString nearestField(std::span<const Field> fields, QStringView name); //!< "did you mean"; empty if nothing is near.
QString fieldDescription(const Field &field); //!< Translated.
QString fieldTypeName(FieldType type); //!< Translated: "duration"

} // namespace Monitor
