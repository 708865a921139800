// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/field.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace Monitor {

namespace {

constexpr const char *Words = "";
constexpr const char *Severities = "unknown info notice warning error critical";

template <typename Column>
constexpr Field field(const char *name, const char *aliases, FieldType type, Column column, const char *description,
                      bool text = false, const char *words = Words)
{
    return {name, aliases, type, int(column), description, words, text};
}

//! A number of which zero says that there is none.
template <typename Column>
constexpr Field counted(const char *name, const char *aliases, Column column, const char *description)
{
    return {name, aliases, FieldType::Number, int(column), description, Words, false, 1};
}

constexpr std::array AuditFields = {
    field("ts", "time", FieldType::Time, AuditColumn::Time, QT_TRANSLATE_NOOP("Monitor::Field", "when it happened, UTC")),
    counted("seq", "sequence", AuditColumn::Sequence, QT_TRANSLATE_NOOP("Monitor::Field", "number in the gateway's log")),
    field("sev", "severity", FieldType::Severity, AuditColumn::Severity, QT_TRANSLATE_NOOP("Monitor::Field", "how bad it is"),
          false, Severities),
    field("kind", "type event", FieldType::Text, AuditColumn::Kind, QT_TRANSLATE_NOOP("Monitor::Field", "what happened"), true),
    field("outcome", "", FieldType::Word, AuditColumn::Outcome, QT_TRANSLATE_NOOP("Monitor::Field", "how it ended"), false,
          "unknown success failure denied"),
    field("node", "", FieldType::Text, AuditColumn::Node, QT_TRANSLATE_NOOP("Monitor::Field", "gateway node"), true),
    field("user", "actor", FieldType::Text, AuditColumn::User, QT_TRANSLATE_NOOP("Monitor::Field", "who did it"), true),
    field("client", "app", FieldType::Text, AuditColumn::Client, QT_TRANSLATE_NOOP("Monitor::Field", "client id of the app"),
          true),
    field("session", "sid", FieldType::Text, AuditColumn::Session, QT_TRANSLATE_NOOP("Monitor::Field", "session id"), true),
    field("conn", "connection", FieldType::Text, AuditColumn::Connection, QT_TRANSLATE_NOOP("Monitor::Field", "connection id"),
          true),
    field("token", "jti", FieldType::Text, AuditColumn::Token,
          QT_TRANSLATE_NOOP("Monitor::Field", "id or fingerprint of the token"), true),
    field("family", "", FieldType::Text, AuditColumn::Family,
          QT_TRANSLATE_NOOP("Monitor::Field", "chain of rotated refresh tokens"), true),
    field("ip", "address", FieldType::Address, AuditColumn::Ip, QT_TRANSLATE_NOOP("Monitor::Field", "address of the client"),
          true),
    field("reason", "", FieldType::Text, AuditColumn::Reason, QT_TRANSLATE_NOOP("Monitor::Field", "reason code"), true),
    field("message", "msg", FieldType::Text, AuditColumn::Message, QT_TRANSLATE_NOOP("Monitor::Field", "the event in words"),
          true),
    counted("close.code", "close", AuditColumn::CloseCode, QT_TRANSLATE_NOOP("Monitor::Field", "WebSocket close code")),
    field("is", "row", FieldType::Word, AuditColumn::Row, QT_TRANSLATE_NOOP("Monitor::Field", "kind of row"), false,
          "event gap unreadable"),
    field("id", "", FieldType::Text, AuditColumn::Payload, QT_TRANSLATE_NOOP("Monitor::Field", "id of the event")),
    field("source", "", FieldType::Text, AuditColumn::Payload, QT_TRANSLATE_NOOP("Monitor::Field", "source of the event")),
    field("subject", "", FieldType::Text, AuditColumn::Payload, QT_TRANSLATE_NOOP("Monitor::Field", "what the event is about")),
    field("data", "", FieldType::Text, AuditColumn::Payload,
          QT_TRANSLATE_NOOP("Monitor::Field", "any member of the event, for example data.actor.type")),
};

constexpr std::array ConnectionFields = {
    field("state", "is", FieldType::Word, ConnectionColumn::State, QT_TRANSLATE_NOOP("Monitor::Field", "state of the connection"),
          false, "unknown closed open expiring failing revoked"),
    field("user", "name", FieldType::Text, ConnectionColumn::User, QT_TRANSLATE_NOOP("Monitor::Field", "who is connected"), true),
    field("subject", "sub", FieldType::Text, ConnectionColumn::Subject,
          QT_TRANSLATE_NOOP("Monitor::Field", "subject of the token"), true),
    field("client", "app", FieldType::Text, ConnectionColumn::Client, QT_TRANSLATE_NOOP("Monitor::Field", "client id of the app"),
          true),
    field("ip", "address", FieldType::Address, ConnectionColumn::Ip, QT_TRANSLATE_NOOP("Monitor::Field", "address of the client"),
          true),
    counted("port", "", ConnectionColumn::Port, QT_TRANSLATE_NOOP("Monitor::Field", "port of the client")),
    field("node", "", FieldType::Text, ConnectionColumn::Node, QT_TRANSLATE_NOOP("Monitor::Field", "gateway node"), true),
    field("session", "sid", FieldType::Text, ConnectionColumn::Session, QT_TRANSLATE_NOOP("Monitor::Field", "session id"), true),
    field("path", "endpoint", FieldType::Text, ConnectionColumn::Path,
          QT_TRANSLATE_NOOP("Monitor::Field", "path of the endpoint"), true),
    field("origin", "", FieldType::Text, ConnectionColumn::Origin, QT_TRANSLATE_NOOP("Monitor::Field", "Origin header"), true),
    field("agent", "ua", FieldType::Text, ConnectionColumn::UserAgent, QT_TRANSLATE_NOOP("Monitor::Field", "User-Agent header"),
          true),
    field("tls", "", FieldType::Text, ConnectionColumn::Tls, QT_TRANSLATE_NOOP("Monitor::Field", "TLS version, for example 1.3")),
    field("cipher", "", FieldType::Text, ConnectionColumn::Cipher, QT_TRANSLATE_NOOP("Monitor::Field", "TLS cipher suite")),
    field("token", "", FieldType::Text, ConnectionColumn::Token, QT_TRANSLATE_NOOP("Monitor::Field", "id of the current token"),
          true),
    field("scope", "", FieldType::Text, ConnectionColumn::Scope,
          QT_TRANSLATE_NOOP("Monitor::Field", "scopes of the token; several")),
    field("age", "conn.age", FieldType::Duration, ConnectionColumn::Age,
          QT_TRANSLATE_NOOP("Monitor::Field", "time since it was opened")),
    field("idle", "", FieldType::Duration, ConnectionColumn::Idle,
          QT_TRANSLATE_NOOP("Monitor::Field", "time since the last message came in")),
    field("token.left", "left", FieldType::Duration, ConnectionColumn::TokenLeft,
          QT_TRANSLATE_NOOP("Monitor::Field", "time until the token expires")),
    field("opened", "", FieldType::Time, ConnectionColumn::Opened,
          QT_TRANSLATE_NOOP("Monitor::Field", "when it was opened, UTC")),
    field("rate.in", "in/s", FieldType::Number, ConnectionColumn::InRate,
          QT_TRANSLATE_NOOP("Monitor::Field", "messages received a second")),
    field("rate.out", "out/s", FieldType::Number, ConnectionColumn::OutRate,
          QT_TRANSLATE_NOOP("Monitor::Field", "messages sent a second")),
    field("bytes.in", "", FieldType::Bytes, ConnectionColumn::BytesIn, QT_TRANSLATE_NOOP("Monitor::Field", "bytes received")),
    field("bytes.out", "", FieldType::Bytes, ConnectionColumn::BytesOut, QT_TRANSLATE_NOOP("Monitor::Field", "bytes sent")),
    field("msgs.in", "", FieldType::Number, ConnectionColumn::MessagesIn,
          QT_TRANSLATE_NOOP("Monitor::Field", "messages received")),
    field("msgs.out", "", FieldType::Number, ConnectionColumn::MessagesOut, QT_TRANSLATE_NOOP("Monitor::Field", "messages sent")),
    field("queue", "", FieldType::Bytes, ConnectionColumn::Queue,
          QT_TRANSLATE_NOOP("Monitor::Field", "bytes that wait to be sent")),
    field("rtt", "", FieldType::Duration, ConnectionColumn::Rtt, QT_TRANSLATE_NOOP("Monitor::Field", "round-trip time")),
    field("refresh.count", "", FieldType::Number, ConnectionColumn::Renewals,
          QT_TRANSLATE_NOOP("Monitor::Field", "renewals on this connection")),
    field("refresh.failed", "", FieldType::Number, ConnectionColumn::RefreshFailed,
          QT_TRANSLATE_NOOP("Monitor::Field", "renewals that failed")),
    counted("close.code", "close", ConnectionColumn::CloseCode, QT_TRANSLATE_NOOP("Monitor::Field", "WebSocket close code")),
    field("close.reason", "", FieldType::Text, ConnectionColumn::CloseReason,
          QT_TRANSLATE_NOOP("Monitor::Field", "why it was closed"), true),
};

constexpr std::array LaneFields = {
    field("user", "name", FieldType::Text, LaneColumn::User, QT_TRANSLATE_NOOP("Monitor::Field", "who is signed in"), true),
    field("session", "sid", FieldType::Text, LaneColumn::Session, QT_TRANSLATE_NOOP("Monitor::Field", "session id"), true),
    field("client", "app", FieldType::Text, LaneColumn::Client, QT_TRANSLATE_NOOP("Monitor::Field", "client id of the app"),
          true),
    field("node", "", FieldType::Text, LaneColumn::Node, QT_TRANSLATE_NOOP("Monitor::Field", "gateway node"), true),
    field("failures", "refresh.failed", FieldType::Number, LaneColumn::Failures,
          QT_TRANSLATE_NOOP("Monitor::Field", "failed renewals in a row")),
    field("state", "is", FieldType::Word, LaneColumn::State, QT_TRANSLATE_NOOP("Monitor::Field", "state of the session"), false,
          "ended live expiring failing revoked"),
    field("token.left", "left", FieldType::Duration, LaneColumn::TokenLeft,
          QT_TRANSLATE_NOOP("Monitor::Field", "time until the token expires")),
};

QStringList namesOf(const Field &field)
{
    return QStringList(QLatin1String(field.name)) + QString::fromLatin1(field.aliases).split(u' ', Qt::SkipEmptyParts);
}

int editDistance(QStringView a, QStringView b)
{
    std::vector<int> row(size_t(b.size()) + 1);
    for (size_t j = 0; j < row.size(); ++j)
        row[j] = int(j);
    for (qsizetype i = 1; i <= a.size(); ++i) {
        int diagonal = row[0];
        row[0] = int(i);
        for (qsizetype j = 1; j <= b.size(); ++j) {
            const int change = diagonal + (a[i - 1].toLower() == b[j - 1].toLower() ? 0 : 1);
            diagonal = row[size_t(j)];
            row[size_t(j)] = std::min({change, row[size_t(j)] + 1, row[size_t(j) - 1] + 1});
        }
    }
    return row.back();
}

} // namespace

std::span<const Field> auditFields()
{
    return AuditFields;
}

std::span<const Field> connectionFields()
{
    return ConnectionFields;
}

std::span<const Field> laneFields()
{
    return LaneFields;
}

QString plainName(QStringView name)
{
    QString plain;
    for (const QChar c : name) {
        if (!c.isSpace() && c != u'.' && c != u'_' && c != u'-' && c != u'/')
            plain += c.toCaseFolded();
    }
    return plain;
}

const Field *findField(std::span<const Field> fields, QStringView name)
{
    const QString wanted = plainName(name);
    if (wanted.isEmpty())
        return nullptr;
    for (const Field &f : fields) {
        for (const QString &known : namesOf(f)) {
            if (plainName(known) == wanted)
                return &f;
        }
    }
    return nullptr;
}

QString nearestField(std::span<const Field> fields, QStringView name)
{
    QString best;
    int distance = std::min(3, int(name.size()) / 2 + 1);
    for (const Field &f : fields) {
        for (const QString &candidate : namesOf(f)) {
            const int d = editDistance(name, candidate);
            if (d < distance) {
                distance = d;
                best = QLatin1String(f.name);
            }
        }
    }
    return best;
}

QString fieldDescription(const Field &field)
{
    return QCoreApplication::translate("Monitor::Field", field.description);
}

QString fieldTypeName(FieldType type)
{
    switch (type) {
    case FieldType::Text:
        return QCoreApplication::translate("Monitor::Field", "text");
    case FieldType::Address:
        return QCoreApplication::translate("Monitor::Field", "address or network");
    case FieldType::Number:
        return QCoreApplication::translate("Monitor::Field", "number");
    case FieldType::Bytes:
        return QCoreApplication::translate("Monitor::Field", "size");
    case FieldType::Duration:
        return QCoreApplication::translate("Monitor::Field", "duration");
    case FieldType::Time:
        return QCoreApplication::translate("Monitor::Field", "time");
    case FieldType::Severity:
        return QCoreApplication::translate("Monitor::Field", "severity");
    case FieldType::Word:
        break;
    }
    return QCoreApplication::translate("Monitor::Field", "word");
}

} // namespace Monitor
