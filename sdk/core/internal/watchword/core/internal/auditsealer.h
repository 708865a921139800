// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"

#include <QByteArray>

namespace Watchword {

//! The raw digest of the bytes; libraries that have OpenSSL use its.
using Sha256 = QByteArray (*)(QByteArrayView bytes);

//! An event as it is stored: its text is canonical JSON (RFC 8785) and holds its own hash.
struct SealedAuditText
{
    QByteArray text;
    QByteArray hash; //!< Lower-case hexadecimal.
};

/*!
    \a event, which is of no chain yet, as the event of \a chainUid behind \a previousHash: the canonical text is written
    once, and the bytes that are hashed are those that are returned, but for the hash in them.
    Texts are cleaned as by CanonicalWriter::Texts::Clean.
*/
WATCHWORD_CORE_EXPORT SealedAuditText sealAuditText(const AuditEvent &event, const QString &chainUid,
                                                    const QByteArray &previousHash, Sha256 hash);

//! The canonical text of \a event as it is, chain and hash included.
WATCHWORD_CORE_EXPORT QByteArray canonicalAuditText(const AuditEvent &event);

} // namespace Watchword
