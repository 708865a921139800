// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditdatabase.h"
#include "audit/auditproof.h"
#include "audit/treetiles.h"
#include "watchword/jose/signednote.h"

#include <optional>

namespace Watchword::Gateway {

/*!
    The Merkle tree over the events, and its signed checkpoints (C2SP tlog-checkpoint). The leaf of an event is its text as it is
    stored; retention removes events, never their leaves.

    Keys are in "<database>-key": PEM blocks of Ed25519, for the owner only; made if there is none. Each checkpoint is signed by
    all of them, so a key is replaced by putting a new block in front, and taking the old one out when every witness has seen a
    checkpoint of both.
    Threads: that of the database. Ownership: borrows the database.
*/
class AuditTree
{
public:
    AuditTree(AuditDatabase &database, const QString &path);

    //! \a origin names the log in its checkpoints. Reads the events that no stored tile has.
    Result<void> open(const QByteArray &origin, quint64 oldest, quint64 newest);
    void add(const AuditRecord &record);
    //! Within a transaction that purges events: what can be read no more must be in the tiles.
    Result<void> writeTiles();
    void tilesAreStored() { m_tiles.setStored(); } //!< That transaction was committed.
    //! Signs and stores the state, unless the newest checkpoint is of it already.
    Result<void> checkpoint(WallTime now);
    quint64 checkpointSize() const { return m_checkpoint.size; }
    quint64 lastCheckpointed() const { return m_base + m_checkpoint.size - 1; } //!< Its sequence.
    quint64 size() const { return m_tiles.size(); }
    //! \a oldSize 0: of nothing older; \a sequence 0: of no event. InvalidArgument if there is no such state or event.
    Result<AuditProof> prove(quint64 oldSize, quint64 sequence) const;

private:
    Result<void> openKeys();
    Result<void> store(const Checkpoint &checkpoint, WallTime now, const QByteArray &note); // all or nothing
    Result<void> catchUp(quint64 oldest, quint64 newest);

    AuditDatabase &m_database;
    const QString m_path;
    QByteArray m_origin;
    QList<SigningKey> m_keys;
    TreeTiles m_tiles;
    quint64 m_base = 1;
    Checkpoint m_checkpoint;
    QByteArray m_note;
};

} // namespace Watchword::Gateway
