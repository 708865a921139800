// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"

#include <QList>

#include <functional>
#include <memory>

class QSqlDatabase;

namespace Watchword::Tool {

/*! What is wanted of an audit log; empty members want everything. */
struct AuditQuery
{
    quint64 after = 0;
    QString user; //!< The actor's sub or name.
    QString type; //!< A part of the short type.
    std::optional<WallTime> since;
    std::optional<WallTime> until;

    bool matches(const AuditEvent &event) const;
};

/*!
    An audit log on this machine: the gateway's database, also while it runs, or a file with an event in each line.

    Threads: one. Errors: FileUnreadable, StoreCorrupt, and InvalidResponse for a line that is no event.
*/
class AuditSource
{
public:
    using Each = std::function<bool(const AuditEvent &event, const QByteArray &text)>; //!< False: enough.
    struct SignedState
    {
        quint64 size = 0;
        QByteArray note;
    };

    static Result<std::unique_ptr<AuditSource>> open(const QString &path);
    virtual ~AuditSource() = default;

    //! All events behind query.after in order; databases find those of a user by their index.
    virtual Result<void> read(const AuditQuery &query, const Each &each) = 0;
    virtual QList<SignedState> checkpoints() { return {}; } //!< Oldest first.
    virtual quint64 treeBase() { return 0; } //!< The first event in the Merkle tree; 0: there is none.
    virtual QByteArray leafHash(quint64 sequence); //!< As it was stored, for events that were purged; else empty.
};

//! One line for people; control and formatting characters are replaced, since terminals obey them.
QByteArray auditSentence(const AuditEvent &event);

} // namespace Watchword::Tool
