// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"
#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QList>
#include <QObject>

#include <chrono>
#include <memory>

namespace Watchword::Gateway {

/*! What happened, before it has a number and a place in the chain. Holds no secret: tokens by jti and fingerprint. */
struct AuditEntry
{
    QString type; //!< Short: "conn.opened".
    QString subject; //!< Connection or session id; may be empty.
    int severity = 1; //!< 0 unknown, 1 info, 2 notice, 3 warning, 4 error, 5 critical.
    QString outcome; //!< "success", "failure", "denied", "unknown"
    QString reasonCode; //!< Stable word for programs.
    QString message; //!< English, one line.
    QJsonObject data; //!< The other fields of protocol.md section 4; the ones above are put in by append().
};

struct AuditOptions
{
    enum class OnCorruption {
        Refuse, //!< open() fails, the file stays as it is.
        SetAside //!< The file is renamed to "<path>.corrupt-<time>" and a new chain starts with an audit.gap.
    };

    QString path; //!< Empty: in memory, gone with the object.
    QString cluster = QStringLiteral("local");
    QString node = QStringLiteral("node");
    QString version; //!< Of the program; data.node.version.
    qint64 maxEvents = 5'000'000; //!< The oldest go when there are more; at least 10. 0: no bound.
    std::chrono::hours maxAge{24 * 365}; //!< 0: no bound.
    qint64 maxBytes = 0; //!< Of the file; append() fails beyond it. 0: no bound but the disk.
    OnCorruption onCorruption = OnCorruption::Refuse;
};

/*!
    The append-only audit log of a node: SQLite (WAL), numbered without holes and chained by hash (protocol.md section 4).

    Life cycle: open(), append() for ever, destroy. Reopening a file continues its chain. Each append() is handed to the
    operating system before it returns, so a killed process loses nothing; flush() also waits for the disk. After the
    machine itself went down the tail may be shorter than what readers saw: open() then starts a new epoch() and says
    so with an audit.gap.
    Retention removes the oldest events in batches of 1000 at most, each with an audit.purged that carries the seam, so
    that verify() can tell retention from tampering.
    Errors: when an event cannot be written append() fails, isWritable() is false, and nothing is emitted. The next
    success is preceded by an audit.gap with the number of lost events: a hole is always stated.
    Threads: the one it was opened in. Ownership: borrows the clock.
*/
class WATCHWORD_TEST_EXPORT AuditLog : public QObject
{
    Q_OBJECT
    Q_PROPERTY(bool writable READ isWritable NOTIFY writableChanged FINAL)

public:
    //! Fails with StoreCorrupt (damaged file or broken chain at its end; nothing was changed), LockBusy (another
    //! program has it), FileUnreadable or StorageFailed. Missing folders are made.
    static Result<std::unique_ptr<AuditLog>> open(const AuditOptions &options, Clock &clock);
    ~AuditLog() override;

    //! Numbers, seals and writes \a entry, then emits appended().
    Result<AuditEvent> append(const AuditEntry &entry);

    QString epoch() const; //!< Opaque; a cursor is "<epoch>.<sequence>".
    quint64 oldest() const; //!< Sequence of the first event that is still there; 0 if the log is empty.
    quint64 newest() const; //!< 0 if the log is empty.
    //! At most \a limit events behind \a after, oldest first. Starts at oldest() when \a after was already purged.
    Result<QList<AuditEvent>> read(quint64 after, int limit) const;

    //! Reads the whole chain in pages and checks every number, hash and seam. ChainBroken names the sequence.
    //! Events removed at the end are found as long as this object wrote them; after a restart only a reader who kept a
    //! newer hash can tell.
    Result<void> verify() const;

    bool isWritable() const; //!< False after an append() that failed, until one succeeds.
    Result<void> flush(); //!< Waits until everything is on the disk.
    //! Applies the retention now; returns how many events went. It also runs by itself.
    int applyRetention();

Q_SIGNALS:
    void appended(const Watchword::AuditEvent &event);
    void writableChanged();

private:
    class Private;
    explicit AuditLog(std::unique_ptr<Private> priv);
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
