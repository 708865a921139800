// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditentry.h"
#include "audit/auditoptions.h"
#include "audit/auditproof.h"

#include <QList>
#include <QObject>

#include <functional>
#include <memory>

namespace Watchword::Gateway {

/*!
    The append-only audit log of a node: SQLite (WAL), numbered without holes and chained by hash (protocol.md section 4).

    Life cycle: open(), post() and append() for ever, destroy, which writes what is left. Reopening a file continues its chain.
    Writing is the work of a thread of its own. An event is in the hands of the operating system before anybody hears of it:
    before append() returns, before the function given to post() is called, before appended() is emitted. So a killed process
    loses nothing that anybody was told of, and at most the last 10 ms of what nobody was; the next start says that the process
    ended without a word (node.aborted). flush() also waits for the disk. After the machine itself went down the tail may be
    shorter than what readers saw: open() then starts a new epoch() and says so with an audit.gap.
    Retention removes the oldest events in batches of 1000 at most, each with an audit.purged that carries the seam, so
    that verify() can tell retention from tampering.
    Errors: when an event cannot be written, append() and the function given to post() get the error, isWritable() is false, and
    nothing is emitted. The next success is preceded by an audit.gap with the number of lost events: a hole is always stated.
    Threads: the one it was opened in. Ownership: borrows the clock.
*/
class WATCHWORD_TEST_EXPORT AuditLog : public QObject
{
    Q_OBJECT
    Q_PROPERTY(bool writable READ isWritable NOTIFY writableChanged FINAL)

public:
    using Written = std::function<void(const Result<AuditRecord> &record)>;

    //! Fails with StoreCorrupt (damaged file or broken chain at its end; nothing was changed), LockBusy (another
    //! program writes it), FileUnreadable or StorageFailed. Missing folders are made.
    static Result<std::unique_ptr<AuditLog>> open(const AuditOptions &options, Clock &clock);
    ~AuditLog() override;

    //! Numbers, seals and writes \a entry, waits for that, and emits appended(). For what must not happen unrecorded.
    Result<AuditEvent> append(const AuditEntry &entry);
    //! The same without waiting; returns the event's id. \a written is called when it is written or cannot be, unless
    //! \a context is gone by then.
    QString post(const AuditEntry &entry);
    QString post(const AuditEntry &entry, const QObject *context, Written written);

    //! For what strangers can cause: posts \a entry, or only counts it, so that nobody fills the log (StrangerBrake). \a then
    //! is called with the id of the event that was written for it, which may be that of an earlier one of its kind; empty if
    //! there is none.
    void postLimited(const AuditEntry &entry, const QHostAddress &from, const QObject *context,
                     std::function<void(const QString &id)> then);
    void postLimited(const AuditEntry &entry, const QHostAddress &from);
    void postCounts(); //!< Of windows that are over; it also runs by itself, and for all at the end.

    QString epoch() const; //!< Opaque; a cursor is "<epoch>.<sequence>".
    quint64 oldest() const; //!< Sequence of the first event that is still there; 0 if the log is empty.
    quint64 newest() const; //!< Of the last that was written; 0 if the log is empty.
    Duration retention() const; //!< How long events are kept at least; 0: for ever, or as far as counts and bytes allow.
    //! At most \a limit events behind \a after, oldest first. Starts at oldest() when \a after was already purged. What was
    //! posted before is there. ChainBroken if an event is not what was written.
    Result<QList<AuditEvent>> read(quint64 after, int limit) const;
    //! The same without parsing and checking, and without waiting for what was posted.
    Result<QList<AuditRecord>> records(quint64 after, int limit) const;

    //! Reads the whole chain in pages and checks every number, hash and seam. ChainBroken names the sequence.
    //! Events removed at the end are found as long as this object wrote them; after a restart only a reader who kept a
    //! newer hash can tell.
    Result<void> verify() const;

    //! The newest checkpoint, and that it goes on from the state of \a oldSize events and has event \a sequence; 0: neither.
    //! InvalidArgument if the checkpoint has no such state or event.
    Result<AuditProof> prove(quint64 oldSize, quint64 sequence) const;
    Result<void> checkpoint(); //!< Signs the state now; it also happens by itself, within a minute or 1,000 events.

    bool isWritable() const; //!< False after an event that could not be written, until one is.
    Result<void> flush(); //!< Waits until everything is on the disk.
    //! Applies the retention now; returns how many events went. It also runs by itself.
    int applyRetention();

Q_SIGNALS:
    void appended(const Watchword::Gateway::AuditRecord &record);
    void writableChanged();

private:
    class Private;
    explicit AuditLog(std::unique_ptr<Private> priv);
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
