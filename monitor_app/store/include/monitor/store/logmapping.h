// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

#include <array>
#include <optional>

namespace Monitor {

/*!
    What the members of somebody else's JSON log mean: a table in TOML.

        name = "Keycloak"
        when = ["realmId", "type"]            # members that a line must have all of
        [fields]                              # the first path that a line has is taken
        time = "time"                         # RFC 3339, or seconds or milliseconds since 1970
        kind = "type"
        user = ["details.username", "userId"]
        [severity]
        from = "type"
        warning = ["*_ERROR"]                 # values, "*" stands for anything; numbers are written as text
        otherwise = "info"
        [outcome]
        from = "type"
        failure = ["*_ERROR"]
        otherwise = "success"

    Fields: time, kind, user, client, session, connection, token, family, ip, node, reason, message. A path is member names with
    dots between them; a number is a place in a list.
    Threads: a value.
*/
struct LogMapping
{
    enum Field { Time, Kind, User, Client, Session, Connection, Token, Family, Ip, Node, Reason, Message, FieldCount };
    struct Word
    {
        QByteArray pattern;
        int value = 0;
    };
    //! A column of few values, by patterns of a member.
    struct Words
    {
        QList<QByteArray> from; //!< JSON pointers.
        QList<Word> words;
        int otherwise = 0;
        int of(QByteArrayView value) const;
    };

    QString name;
    QList<QByteArray> when; //!< JSON pointers (RFC 6901).
    std::array<QList<QByteArray>, FieldCount> fields;
    Words severity;
    Words outcome;

    struct Parsed;
    //! Unknown members are errors, so that a wrong word is not without effect.
    static Parsed fromToml(const QString &text, const QString &fileName);
    static Parsed fromFile(const QString &path);
    static const QList<LogMapping> &own(); //!< Keycloak and OCSF.
    static QByteArray pointerOf(const QString &path); //!< "details.username" to "/details/username".
};

struct LogMapping::Parsed
{
    std::optional<LogMapping> mapping;
    QString error; //!< "keycloak.toml:3:1: ..."; empty when all is well.
};

bool matchesPattern(QByteArrayView text, QByteArrayView pattern); //!< "*" stands for anything; case counts.

} // namespace Monitor
