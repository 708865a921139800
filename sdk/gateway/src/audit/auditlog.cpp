// SPDX-License-Identifier: Apache-2.0
#include "audit/auditlog.h"

#include "audit/auditwriter.h"
#include "audit/chaincheck.h"
#include "audit/eventid.h"
#include "watchword/core/log.h"

#include <QHash>
#include <QPointer>
#include <QTimer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPage = 500;
constexpr std::chrono::seconds kUpkeep{5};
constexpr quint64 kCheckpointEvents = 1000;
constexpr std::chrono::seconds kCheckpointAge{60};
// A backlog after a change of the configuration goes in several turns, so that it never holds up what is written.
constexpr int kMostBatches = 50;

} // namespace

Result<AuditEvent> AuditRecord::event() const
{
    const Result<AuditEvent> event = AuditEvent::fromBytes(text);
    return event ? event : Error(ErrorCode::ChainBroken, u"event %1: %2"_s.arg(sequence).arg(event.error().detail()));
}

class AuditLog::Private
{
public:
    Private(const AuditOptions &o, Clock &c)
        : options(o)
        , clock(c)
        , brake(o.strangers)
    {
    }

    quint64 post(const AuditEntry &entry, QString &id)
    {
        const WallTime now = clock.wallNow();
        id = newEventId(now);
        return writer->post({entry, id, now});
    }
    void deliver();
    void deliverOne(const AuditWriter::Done &done);
    void look();
    bool isPurgeDue() const;
    bool isCheckpointDue() const;
    //! Calls \a job with a database that has everything that was written.
    void read(const std::function<void(const AuditDatabase &)> &job) const;
    void settle() { writer->settle(writer->lastTicket()); }

    struct Waiting
    {
        QPointer<const QObject> context;
        Written written;
    };

    const AuditOptions options;
    Clock &clock;
    StrangerBrake brake;
    AuditLog *q = nullptr;
    std::unique_ptr<AuditWriter> writer;
    AuditDatabase reader; //!< Closed while the log is in memory: then the writer reads.
    QTimer upkeep;
    AuditStore::State state;
    std::deque<AuditWriter::Done> done;
    QHash<quint64, Waiting> waiting; //!< By ticket.
    Instant checkpointedAt{};
    quint64 checkpointed = 0; //!< The newest event when the last checkpoint was asked for.
    bool writable = true;
};

// Whoever is called may append in turn: each result is taken out before it is told, so that the order stays.
void AuditLog::Private::deliver()
{
    for (AuditWriter::Done &one : writer->takeDone())
        done.push_back(std::move(one));
    while (!done.empty()) {
        const AuditWriter::Done one = std::move(done.front());
        done.pop_front();
        deliverOne(one);
    }
}

void AuditLog::Private::deliverOne(const AuditWriter::Done &one)
{
    if (one.record) {
        state = one.state;
        state.newest = one.record->sequence;
    } else if (one.ticket == 0) {
        qCWarning(logGateway).noquote() << "retention failed:" << one.record.error().toString();
        return;
    }
    const bool wasWritable = std::exchange(writable, one.record.isOk());
    if (wasWritable && !writable)
        qCWarning(logGateway).noquote() << one.record.error().toString();
    if (const Waiting who = waiting.take(one.ticket); who.written && who.context)
        who.written(one.record);
    if (one.record)
        Q_EMIT q->appended(*one.record);
    if (wasWritable != writable)
        Q_EMIT q->writableChanged();
}

bool AuditLog::Private::isPurgeDue() const
{
    if (state.oldest == 0)
        return false;
    if (options.maxAge.count() > 0 && state.oldestAt < clock.wallNow() - options.maxAge)
        return true;
    const qint64 count = qint64(state.newest - state.oldest + 1);
    const bool mayGo = options.keepAtLeast.count() == 0 || state.oldestAt < clock.wallNow() - options.keepAtLeast;
    return mayGo && ((options.maxEvents > 0 && count > options.maxEvents) || options.retainBytes > 0);
}

bool AuditLog::Private::isCheckpointDue() const
{
    const quint64 fresh = state.newest - checkpointed;
    return writable && (fresh >= kCheckpointEvents || (fresh > 0 && clock.now() - checkpointedAt >= kCheckpointAge));
}

void AuditLog::Private::look()
{
    q->postCounts();
    if (!writable)
        writer->retry(clock.wallNow());
    if (isCheckpointDue()) {
        checkpointedAt = clock.now();
        checkpointed = state.newest;
        writer->checkpoint(clock.wallNow());
    }
    if (isPurgeDue())
        writer->purge(clock.wallNow(), kMostBatches, false);
}

void AuditLog::Private::read(const std::function<void(const AuditDatabase &)> &job) const
{
    if (reader.isOpen())
        job(reader);
    else
        writer->run([&job](AuditStore &store) { job(store.database()); });
}

AuditLog::AuditLog(std::unique_ptr<Private> priv)
    : d(std::move(priv))
{
    d->q = this;
    d->upkeep.setInterval(kUpkeep);
    connect(&d->upkeep, &QTimer::timeout, this, [this] { d->look(); });
    d->upkeep.start();
}

AuditLog::~AuditLog()
{
    if (!d->writer)
        return;
    const QList<AuditEntry> counts = d->brake.all();
    for (const AuditEntry &entry : counts)
        post(entry);
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const AuditOptions &options, Clock &clock)
{
    std::unique_ptr<AuditLog> log(new AuditLog(std::make_unique<Private>(options, clock)));
    AuditLog *receiver = log.get();
    log->d->writer = std::make_unique<AuditWriter>(options, [receiver] {
        // The destructor ends the writer first, and takes back what was queued for this object.
        QMetaObject::invokeMethod(
            receiver, [receiver] { receiver->d->deliver(); }, Qt::QueuedConnection);
    });
    const Result<AuditStore::State> opened = log->d->writer->open(clock.wallNow());
    if (!opened)
        return opened.error();
    log->d->state = *opened;
    log->d->checkpointed = opened->checkpointed;
    log->d->checkpointedAt = clock.now();
    if (!options.path.isEmpty()) {
        if (const Result<void> done = log->d->reader.openToRead(options.path); !done)
            return done.error();
    }
    return log;
}

Result<AuditEvent> AuditLog::append(const AuditEntry &entry)
{
    std::optional<Result<AuditRecord>> result;
    QString id;
    const quint64 ticket = d->post(entry, id);
    d->waiting.insert(ticket, {this, [&result](const Result<AuditRecord> &record) { result = record; }});
    d->writer->settle(ticket);
    d->deliver();
    if (!result)
        return Error(ErrorCode::StorageFailed, u"the audit log cannot be written"_s);
    return *result ? (*result)->event() : Result<AuditEvent>(result->error());
}

QString AuditLog::post(const AuditEntry &entry)
{
    QString id;
    d->post(entry, id);
    return id;
}

QString AuditLog::post(const AuditEntry &entry, const QObject *context, Written written)
{
    QString id;
    const quint64 ticket = d->post(entry, id);
    d->waiting.insert(ticket, {context, std::move(written)});
    return id;
}

void AuditLog::postLimited(const AuditEntry &entry, const QHostAddress &from, const QObject *context,
                           std::function<void(const QString &id)> then)
{
    if (!d->brake.take(entry, from, d->clock.now(), d->clock.wallNow())) {
        then(d->brake.reference());
        return;
    }
    d->brake.setReference(post(
        entry, context, [then = std::move(then)](const Result<AuditRecord> &record) { then(record ? record->id : QString()); }));
}

void AuditLog::postLimited(const AuditEntry &entry, const QHostAddress &from)
{
    if (d->brake.take(entry, from, d->clock.now(), d->clock.wallNow()))
        d->brake.setReference(post(entry));
}

void AuditLog::postCounts()
{
    const QList<AuditEntry> counts = d->brake.due(d->clock.now());
    for (const AuditEntry &entry : counts)
        post(entry);
}

QString AuditLog::epoch() const
{
    return d->state.epoch;
}

Duration AuditLog::retention() const
{
    return std::max(d->options.maxAge, d->options.keepAtLeast);
}

quint64 AuditLog::oldest() const
{
    return d->state.oldest;
}

quint64 AuditLog::newest() const
{
    return d->state.newest;
}

Result<QList<AuditEvent>> AuditLog::read(quint64 after, int limit) const
{
    d->settle();
    Result<QList<AuditDatabase::Row>> rows = QList<AuditDatabase::Row>();
    d->read([&](const AuditDatabase &database) { rows = database.read(after, qBound(0, limit, 10'000)); });
    if (!rows)
        return rows.error();
    QList<AuditEvent> events;
    events.reserve(rows->size());
    for (const AuditDatabase::Row &row : *rows) {
        const Result<AuditEvent> event = fromRow(row);
        if (!event)
            return event.error();
        events.append(*event);
    }
    return events;
}

Result<QList<AuditRecord>> AuditLog::records(quint64 after, int limit) const
{
    Result<QList<AuditDatabase::Row>> rows = QList<AuditDatabase::Row>();
    d->read([&](const AuditDatabase &database) { rows = database.read(after, qBound(0, limit, 10'000)); });
    if (!rows)
        return rows.error();
    QList<AuditRecord> records;
    records.reserve(rows->size());
    for (const AuditDatabase::Row &row : *rows) {
        // A row that this object has not told of yet comes with the next page.
        if (row.sequence <= d->state.newest)
            records.append({row.sequence, {}, row.body});
    }
    return records;
}

Result<void> AuditLog::verify() const
{
    d->settle();
    QString lastHash;
    quint64 newest = 0;
    d->writer->run([&](AuditStore &store) {
        lastHash = store.lastHash();
        newest = store.state().newest;
    });
    ChainCheck check;
    quint64 after = 0;
    for (;;) {
        const Result<QList<AuditEvent>> events = read(after, kPage);
        if (!events)
            return events.error();
        for (const AuditEvent &event : *events) {
            if (const Result<void> added = check.add(event); !added)
                return added;
        }
        if (events->isEmpty())
            break;
        after = events->last().sequence;
    }
    if (check.lastSequence() < newest || (check.lastSequence() == newest && check.lastHash() != lastHash)) {
        return Error(ErrorCode::ChainBroken,
                     u"the chain ends at event %1, but %2 were written"_s.arg(check.lastSequence()).arg(newest));
    }
    return check.finish();
}

Result<AuditProof> AuditLog::prove(quint64 oldSize, quint64 sequence) const
{
    Result<AuditProof> proof;
    d->writer->run([&, now = d->clock.wallNow()](AuditStore &store) {
        if (store.state().checkpointed == 0 && store.state().newest > 0)
            static_cast<void>(store.checkpoint(now)); // the first who asks does not have to wait for a minute
        proof = store.prove(oldSize, sequence);
    });
    return proof;
}

Result<void> AuditLog::checkpoint()
{
    d->settle();
    Result<void> done;
    d->writer->run([&, now = d->clock.wallNow()](AuditStore &store) { done = store.checkpoint(now); });
    d->deliver();
    return done;
}

bool AuditLog::isWritable() const
{
    return d->writable;
}

Result<void> AuditLog::flush()
{
    Result<void> done;
    d->writer->run([&done](AuditStore &store) { done = store.flush(); });
    d->deliver();
    return done;
}

int AuditLog::applyRetention()
{
    const qint64 removed = d->writer->purge(d->clock.wallNow(), kMostBatches, true);
    d->deliver();
    return int(removed);
}

} // namespace Watchword::Gateway
