// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"

#include <QJsonObject>
#include <QMetaType>
#include <QString>

namespace Watchword {

/*!
    One entry of the audit stream: a CloudEvents 1.0 event in JSON format with the data fields of protocol.md, and its
    place in the hash chain.

    hash = SHA-256( "watchword.audit.v1" LF prev LF canonical(event without "chain.hash") ), as lower-case hexadecimal.
    The first event of a chain has an empty prev.

    Threads: reentrant. It never holds a secret: tokens appear by jti and fingerprint only.
*/
struct WATCHWORD_CORE_EXPORT AuditEvent
{
    QString id; //!< UUID.
    QString source; //!< "wss-gateway://<cluster>/<node>"
    QString type; //!< "dev.watchword.<noun>.<verb>.v1"
    WallTime time{};
    QString subject; //!< Connection or session id, opaque; may be empty.
    quint64 sequence = 0; //!< From 1, without holes within one chain.
    QJsonObject data; //!< Typed fields; see protocol.md. Holds "chain" once the event is part of a chain.

    QString shortType() const; //!< "conn.opened" of "dev.watchword.conn.opened.v1"; other types unchanged.
    QString chainHash() const; //!< data.chain.hash, or empty.
    QString previousHash() const; //!< data.chain.prev, or empty.

    //! Puts data.chain {uid, seq, prev, hash} for \a previousHash and returns the new hash. Half a surrogate pair in any text
    //! becomes U+FFFD first, so that every reader gets the bytes that were hashed.
    QString seal(const QString &chainUid, const QString &previousHash);
    //! Success if sequence and hash are those of seal().
    Result<void> verify(const QString &previousHash) const;

    QJsonObject toJson() const;
    QByteArray toBytes() const; //!< Compact JSON in one line, without line end.
    static Result<AuditEvent> fromJson(const QJsonObject &json);
    static Result<AuditEvent> fromBytes(QByteArrayView line); //!< At most 64 KiB, as CloudEvents asks.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::AuditEvent)
