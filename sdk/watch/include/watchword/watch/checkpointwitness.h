// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/watch/export.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <memory>

namespace Watchword {

//! What a gateway says of its log: the signed state, and the proof that it goes on from an older one (protocol.md section 4).
struct AuditCheckpoint
{
    QByteArray note; //!< C2SP tlog-checkpoint.
    QList<QByteArray> keys; //!< Who signed it, as the gateway says; "<name>+<id>+<key>" of C2SP signed-note.
    QList<QByteArray> consistency; //!< Hashes from the state that was asked for to this one.
};

/*!
    Remembers the newest checkpoint of each audit log in a folder, and takes a new one only if it goes on from that: a log that
   was rewritten or shortened since is found, whoever did it and however well. What it takes it signs as a witness (C2SP
    tlog-cosignature), so that others can rely on it.

    The first checkpoint of a log is believed; its keys are too. Later keys are believed when a known one has signed the same
    checkpoint.

    Life cycle: open(), then anything. Files: one a log and "witness-key", for the user only; each is replaced at once and is on
   the disk when take() returns. Threads: one. Errors: ChainBroken for a log that is not the one that was seen, BadSignature and
   UnknownKey for one that none of the known keys signed, InvalidResponse, StorageFailed.
*/
class WATCHWORD_WATCH_EXPORT CheckpointWitness
{
public:
    static Result<CheckpointWitness> open(const QString &folder);
    ~CheckpointWitness();
    CheckpointWitness(CheckpointWitness &&other) noexcept;
    CheckpointWitness &operator=(CheckpointWitness &&other) noexcept;

    //! How many events of \a origin were seen: ask for the proof from there. 0: none.
    quint64 seen(const QByteArray &origin) const;
    //! Of the only log in the folder, or 0: for who has not heard its name yet.
    quint64 seen() const;
    //! Judges and keeps \a checkpoint; returns how many events it has.
    Result<quint64> take(const AuditCheckpoint &checkpoint, WallTime now);
    //! The newest checkpoint of \a origin with the cosignature; empty if there is none.
    QByteArray note(const QByteArray &origin) const;
    QByteArray publicKey() const; //!< Of the cosignatures, as C2SP writes it.

private:
    class Private;
    explicit CheckpointWitness(std::unique_ptr<Private> priv);
    std::unique_ptr<Private> d;
};

} // namespace Watchword
