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
constexpr Field field(const char *name, const char *alias, FieldType type, Column column, const char *description,
                      bool text = false, const char *words = Words)
{
    return {name, alias, type, int(column), description, words, text};
}

#define DESCRIBED(text) QT_TRANSLATE_NOOP("Monitor::Field", text)

constexpr std::array AuditFields = {
    field("ts", "time", FieldType::Time, AuditColumn::Time, DESCRIBED("when it happened, UTC")),
    field("seq", "sequence", FieldType::Number, AuditColumn::Sequence, DESCRIBED("number in the gateway's log")),
    field("sev", "severity", FieldType::Severity, AuditColumn::Severity, DESCRIBED("how bad it is"), false, Severities),
    field("kind", "type", FieldType::Text, AuditColumn::Kind, DESCRIBED("what happened"), true),
    field("outcome", "", FieldType::Word, AuditColumn::Outcome, DESCRIBED("how it ended"), false,
          "unknown success failure denied"),
    field("node", "", FieldType::Text, AuditColumn::Node, DESCRIBED("gateway node"), true),
    field("user", "actor", FieldType::Text, AuditColumn::User, DESCRIBED("who did it"), true),
    field("client", "app", FieldType::Text, AuditColumn::Client, DESCRIBED("client id of the app"), true),
    field("session", "sid", FieldType::Text, AuditColumn::Session, DESCRIBED("session id"), true),
    field("conn", "connection", FieldType::Text, AuditColumn::Connection, DESCRIBED("connection id"), true),
    field("token", "jti", FieldType::Text, AuditColumn::Token, DESCRIBED("id or fingerprint of the token"), true),
    field("family", "", FieldType::Text, AuditColumn::Family, DESCRIBED("chain of rotated refresh tokens"), true),
    field("ip", "address", FieldType::Address, AuditColumn::Ip, DESCRIBED("address of the client"), true),
    field("reason", "", FieldType::Text, AuditColumn::Reason, DESCRIBED("reason code"), true),
    field("message", "msg", FieldType::Text, AuditColumn::Message, DESCRIBED("the event in words"), true),
    field("close.code", "close", FieldType::Number, AuditColumn::CloseCode, DESCRIBED("WebSocket close code")),
    field("row", "", FieldType::Word, AuditColumn::Row, DESCRIBED("kind of row"), false, "data gap bad"),
};

constexpr std::array ConnectionFields = {
    field("state", "", FieldType::Word, ConnectionColumn::State, DESCRIBED("state of the connection"), false,
          "unknown closed open expiring failing revoked"),
    field("user", "name", FieldType::Text, ConnectionColumn::User, DESCRIBED("who is connected"), true),
    field("subject", "sub", FieldType::Text, ConnectionColumn::Subject, DESCRIBED("subject of the token"), true),
    field("client", "app", FieldType::Text, ConnectionColumn::Client, DESCRIBED("client id of the app"), true),
    field("ip", "address", FieldType::Address, ConnectionColumn::Ip, DESCRIBED("address of the client"), true),
    field("port", "", FieldType::Number, ConnectionColumn::Port, DESCRIBED("port of the client")),
    field("node", "", FieldType::Text, ConnectionColumn::Node, DESCRIBED("gateway node"), true),
    field("session", "sid", FieldType::Text, ConnectionColumn::Session, DESCRIBED("session id"), true),
    field("path", "endpoint", FieldType::Text, ConnectionColumn::Path, DESCRIBED("path of the endpoint"), true),
    field("origin", "", FieldType::Text, ConnectionColumn::Origin, DESCRIBED("Origin header"), true),
    field("agent", "ua", FieldType::Text, ConnectionColumn::UserAgent, DESCRIBED("User-Agent header"), true),
    field("tls", "", FieldType::Text, ConnectionColumn::Tls, DESCRIBED("TLS version, for example 1.3")),
    field("cipher", "", FieldType::Text, ConnectionColumn::Cipher, DESCRIBED("TLS cipher suite")),
    field("token", "", FieldType::Text, ConnectionColumn::Token, DESCRIBED("id of the current token"), true),
    field("scope", "", FieldType::Text, ConnectionColumn::Scope, DESCRIBED("scopes of the token; several")),
    field("age", "conn.age", FieldType::Duration, ConnectionColumn::Age, DESCRIBED("time since it was opened")),
    field("idle", "", FieldType::Duration, ConnectionColumn::Idle, DESCRIBED("time since the last message came in")),
    field("token.left", "left", FieldType::Duration, ConnectionColumn::TokenLeft, DESCRIBED("time until the token expires")),
    field("opened", "", FieldType::Time, ConnectionColumn::Opened, DESCRIBED("when it was opened, UTC")),
    field("rate.in", "", FieldType::Number, ConnectionColumn::InRate, DESCRIBED("messages received a second")),
    field("rate.out", "", FieldType::Number, ConnectionColumn::OutRate, DESCRIBED("messages sent a second")),
    field("bytes.in", "", FieldType::Bytes, ConnectionColumn::BytesIn, DESCRIBED("bytes received")),
    field("bytes.out", "", FieldType::Bytes, ConnectionColumn::BytesOut, DESCRIBED("bytes sent")),
    field("msgs.in", "", FieldType::Number, ConnectionColumn::MessagesIn, DESCRIBED("messages received")),
    field("msgs.out", "", FieldType::Number, ConnectionColumn::MessagesOut, DESCRIBED("messages sent")),
    field("queue", "", FieldType::Bytes, ConnectionColumn::Queue, DESCRIBED("bytes that wait to be sent")),
    field("rtt", "", FieldType::Duration, ConnectionColumn::Rtt, DESCRIBED("round-trip time")),
    field("refresh.count", "", FieldType::Number, ConnectionColumn::Renewals, DESCRIBED("renewals on this connection")),
    field("refresh.failed", "", FieldType::Number, ConnectionColumn::RefreshFailed, DESCRIBED("renewals that failed")),
    field("close.code", "close", FieldType::Number, ConnectionColumn::CloseCode, DESCRIBED("WebSocket close code")),
    field("close.reason", "", FieldType::Text, ConnectionColumn::CloseReason, DESCRIBED("why it was closed"), true),
};

constexpr std::array LaneFields = {
    field("user", "name", FieldType::Text, LaneColumn::User, DESCRIBED("who is signed in"), true),
    field("session", "sid", FieldType::Text, LaneColumn::Session, DESCRIBED("session id"), true),
    field("client", "app", FieldType::Text, LaneColumn::Client, DESCRIBED("client id of the app"), true),
    field("node", "", FieldType::Text, LaneColumn::Node, DESCRIBED("gateway node"), true),
    field("failures", "refresh.failed", FieldType::Number, LaneColumn::Failures, DESCRIBED("failed renewals in a row")),
    field("state", "", FieldType::Word, LaneColumn::State, DESCRIBED("state of the session"), false,
          "ended live expiring failing revoked"),
    field("token.left", "left", FieldType::Duration, LaneColumn::TokenLeft, DESCRIBED("time until the token expires")),
};

#undef DESCRIBED

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

const Field *findField(std::span<const Field> fields, QStringView name)
{
    const auto is = [name](const char *word) {
        return *word != '\0' && name.compare(QLatin1String(word), Qt::CaseInsensitive) == 0;
    };
    for (const Field &f : fields) {
        if (is(f.name) || is(f.alias))
            return &f;
    }
    return nullptr;
}

QString nearestField(std::span<const Field> fields, QStringView name)
{
    QString best;
    int distance = std::min(3, int(name.size()) / 2 + 1);
    for (const Field &f : fields) {
        for (const char *word : {f.name, f.alias}) {
            const QString candidate = QLatin1String(word);
            const int d = candidate.isEmpty() ? 99 : editDistance(name, candidate);
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
