// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/watchfeed.h"

#include <watchword/watch/chainverifier.h>
#include <watchword/watch/watchclient.h>

#include <QDateTime>
#include <QTimer>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

// A gateway that lives answers a ping every 15 s, whatever else happens.
constexpr qint64 longestSilenceMs = 20'000;
constexpr qint64 FreshMs = 5000; // an event that is older when it comes belongs to a backlog
constexpr auto FrameInterval = std::chrono::milliseconds(33);
constexpr qsizetype QueueLimit = qsizetype(256) << 20;

qint64 ms(const std::optional<Watchword::WallTime> &time, qint64 unknown)
{
    return time ? time->time_since_epoch().count() : unknown;
}

ConnectionEntry rowOf(const Watchword::ConnectionRow &w)
{
    ConnectionEntry row;
    row.id = w.id;
    row.session = w.sid;
    row.subject = w.sub;
    row.user = w.name.isEmpty() ? w.sub : w.name;
    row.client = w.client;
    row.ip = w.ip;
    row.port = w.port;
    row.node = w.node;
    row.path = w.path;
    row.origin = w.origin;
    row.userAgent = w.ua;
    row.tls = w.tls;
    row.cipher = w.cipher;
    row.token = w.token;
    row.scope = w.scope;
    row.state = Watchword::wireName(w.state);
    row.opened = ms(w.opened, -1);
    row.lastIn = ms(w.lastIn, -1);
    row.expires = ms(w.exp, -1);
    row.issued = ms(w.iat, -1);
    row.closed = ms(w.closed, -1);
    row.messagesIn = qint64(w.msgsIn);
    row.messagesOut = qint64(w.msgsOut);
    row.bytesIn = qint64(w.bytesIn);
    row.bytesOut = qint64(w.bytesOut);
    row.queue = qint64(w.queue);
    row.rttMs = w.rtt ? w.rtt->count() : -1;
    row.renewals = int(w.renewals);
    row.renewalsFailed = int(w.renewFailed);
    row.closeCode = w.closeCode;
    row.closeReason = w.closeReason;
    return row;
}

TokenEntry rowOf(const Watchword::TokenRow &w)
{
    TokenEntry row;
    row.id = w.id;
    row.session = w.sid;
    row.subject = w.sub;
    row.user = w.name;
    row.client = w.client;
    row.node = w.node;
    row.kind = Watchword::wireName(w.kind);
    row.end = Watchword::wireName(w.end);
    row.previous = w.prev;
    row.family = w.family;
    row.issued = ms(w.issued, 0);
    row.notBefore = ms(w.nbf, 0);
    row.expires = ms(w.exp, 0);
    row.refreshAt = ms(w.refreshAt, 0);
    row.ended = ms(w.ended, 0);
    row.failures = int(w.failures);
    return row;
}

} // namespace

/*! Parses and verifies audit lines in a thread of its own. */
class AuditIngest
{
public:
    explicit AuditIngest(AuditTable &table)
        : m_table(table)
        , m_thread([this] { run(); })
    {
    }

    ~AuditIngest()
    {
        {
            const std::lock_guard lock(m_mutex);
            m_stop = true;
        }
        m_wake.notify_all();
        m_thread.join();
    }

    void lines(const QByteArrayList &lines)
    {
        qsizetype bytes = 0;
        for (const QByteArray &line : lines)
            bytes += line.size();
        const std::lock_guard lock(m_mutex);
        if (m_queued + bytes > QueueLimit) {
            m_dropped += quint64(lines.size()); // the ingest thread states them as a gap in front of what follows
            return;
        }
        m_queued += bytes;
        m_queue.push_back({lines, {}, std::exchange(m_dropped, 0), false});
        m_wake.notify_all();
    }
    void gap(quint64 from, quint64 to) { push({{}, AuditGap{from, to, to - from + 1, -1, AuditGap::Cause::Server}, 0, false}); }
    void epoch() { push({{}, {}, 0, true}); }

    quint64 verifiedTo() const { return m_verifiedTo; }
    quint64 brokenAt() const { return m_brokenAt; }
    quint64 completeFrom() const { return m_completeFrom; }
    quint64 fresh() const { return m_fresh; } //!< Events that came as they happened.
    void setClockOffset(qint64 ms) { m_offset = ms; }

private:
    struct Piece
    {
        QByteArrayList lines;
        AuditGap gap;
        quint64 dropped = 0;
        bool epoch = false;
    };

    void push(Piece piece)
    {
        const std::lock_guard lock(m_mutex);
        m_queue.push_back(std::move(piece));
        m_wake.notify_all();
    }

    void run()
    {
        std::unique_lock lock(m_mutex);
        for (;;) {
            m_wake.wait(lock, [this] { return m_stop || !m_queue.empty(); });
            if (m_stop)
                return;
            const Piece piece = std::move(m_queue.front());
            m_queue.pop_front();
            lock.unlock();
            take(piece);
            qsizetype bytes = 0;
            for (const QByteArray &line : piece.lines)
                bytes += line.size();
            lock.lock();
            m_queued -= bytes;
            if (m_queue.empty() && m_dropped > 0) // nothing comes behind which they would be stated
                m_queue.push_back({{}, {}, std::exchange(m_dropped, 0), false});
        }
    }

    void take(const Piece &piece)
    {
        if (piece.epoch) {
            m_table.startEpoch();
            m_verifier.reset();
            m_completeFrom = 0;
        }
        if (piece.gap.count > 0)
            m_table.appendGap(piece.gap, 0);
        if (piece.dropped > 0)
            stateDropped(piece);
        m_table.appendLines(piece.lines);
        for (const QByteArray &line : piece.lines)
            verify(line);
    }

    void stateDropped(const Piece &piece)
    {
        const quint64 last = m_table.lastSequence();
        m_table.appendGap({last + 1, last + piece.dropped, piece.dropped, -1, AuditGap::Cause::Monitor}, 0);
    }

    void verify(const QByteArray &line)
    {
        const auto event = Watchword::AuditEvent::fromBytes(line);
        // A backlog that comes in says nothing about how much happens now.
        if (event && QDateTime::currentMSecsSinceEpoch() + m_offset - event->time.time_since_epoch().count() < FreshMs)
            ++m_fresh;
        if (!event || event->chainHash().isEmpty())
            return;
        const auto outcome = m_verifier.push(*event);
        if (m_completeFrom == 0 || outcome.verdict == Watchword::ChainVerifier::Verdict::Gap)
            m_completeFrom = event->sequence;
        if (const auto broken = m_verifier.broken())
            m_brokenAt = broken->sequence;
        else
            m_verifiedTo = m_verifier.last();
    }

    AuditTable &m_table;
    Watchword::ChainVerifier m_verifier; // the thread's
    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<Piece> m_queue;
    qsizetype m_queued = 0;
    quint64 m_dropped = 0;
    bool m_stop = false;
    std::atomic<quint64> m_verifiedTo{0};
    std::atomic<quint64> m_brokenAt{0};
    std::atomic<quint64> m_completeFrom{0};
    std::atomic<quint64> m_fresh{0};
    std::atomic<qint64> m_offset{0};
    std::thread m_thread;
};

class WatchFeed::Private
{
public:
    Private(WatchFeed *q, Watchword::WatchClient &client, Stores stores)
        : q(q)
        , client(client)
        , stores(stores)
        , ingest(stores.audit)
    {
    }

    void connectAll();
    void heard();
    void changed();
    void apply();
    void updateStatus(qint64 now);
    LinkStatus::State stateNow() const;
    QString reason() const;
    void endResync();

    //! What the snapshot after an interruption changes.
    struct Resync
    {
        qint64 since = 0; //!< By this machine's clock.
        int added = 0;
        int removed = 0;
        bool isComplete = false;
    };

    template <typename Row>
    struct Change
    {
        bool reset = false; //!< The table is empty before this change.
        QList<Row> updated;
        QStringList removed;
    };

    WatchFeed *const q;
    Watchword::WatchClient &client;
    Stores stores;
    LinkStatus status;
    QTimer frame;
    QTimer second;
    std::vector<Change<Watchword::ConnectionRow>> connections;
    std::vector<Change<Watchword::TokenRow>> tokens;
    qint64 offset = 0;
    CertificateFacts certificate;
    std::optional<Resync> resync;
    qint64 heardAt = 0; //!< By this machine's clock; of anything that the gateway sends.
    quint64 receivedBefore = 0;
    qint64 measuredAt = 0;
    double rate = 0;
    AuditIngest ingest; // last: its thread ends first
};

void WatchFeed::Private::connectAll()
{
    using Client = Watchword::WatchClient;
    frame.setSingleShot(true);
    frame.setInterval(FrameInterval);
    second.setInterval(std::chrono::milliseconds(1000));
    QObject::connect(&frame, &QTimer::timeout, q, [this] { apply(); });
    QObject::connect(&second, &QTimer::timeout, q, [this] { updateStatus(QDateTime::currentMSecsSinceEpoch()); });
    second.start();
    QObject::connect(&client, &Client::connectionsReset, q, [this] {
        connections.clear();
        connections.push_back({true, {}, {}});
        changed();
    });
    QObject::connect(&client, &Client::connectionsChanged, q,
                     [this](const QList<Watchword::ConnectionRow> &updated, const QStringList &removed) {
                         connections.push_back({false, updated, removed});
                         heard();
                     });
    QObject::connect(&client, &Client::tokensReset, q, [this] {
        tokens.clear();
        tokens.push_back({true, {}, {}});
        changed();
    });
    QObject::connect(&client, &Client::tokensChanged, q,
                     [this](const QList<Watchword::TokenRow> &updated, const QStringList &removed) {
                         tokens.push_back({false, updated, removed});
                         heard();
                     });
    QObject::connect(&client, &Client::auditReceived, q, [this](const QList<QByteArray> &lines) {
        ingest.lines(lines);
        heard();
    });
    QObject::connect(&client, &Client::auditGap, q, [this](quint64 from, quint64 to) {
        ingest.gap(from, to);
        changed();
    });
    QObject::connect(&client, &Client::auditEpochChanged, q, [this] { ingest.epoch(); });
    QObject::connect(&client, &Client::nextRetryAtChanged, q, [this] { changed(); });
    QObject::connect(&client, &Client::stateChanged, q, [this](Client::State state) {
        if (state == Client::State::Live)
            heard();
        if (state == Client::State::Reconnecting && !resync)
            resync = Resync{heardAt > 0 ? heardAt : QDateTime::currentMSecsSinceEpoch(), 0, 0, false};
        else if (state == Client::State::Lost || state == Client::State::Idle)
            resync.reset();
        changed();
    });
    QObject::connect(&client, &Client::snapshotCompleted, q, [this] {
        if (resync)
            resync->isComplete = true;
        changed();
    });
    QObject::connect(&client, &Client::progressChanged, q, [this] { changed(); });
    QObject::connect(&client, &Client::serverChanged, q, [this] { heard(); });
    QObject::connect(&client, &Client::auditMarked, q, [this] { heard(); });
    QObject::connect(&client, &Client::lastErrorChanged, q, [this] { changed(); });
}

void WatchFeed::Private::heard()
{
    heardAt = QDateTime::currentMSecsSinceEpoch();
    changed();
}

void WatchFeed::Private::changed()
{
    if (!frame.isActive())
        frame.start();
}

void WatchFeed::Private::apply()
{
    const qint64 now = q->serverNow();
    for (const auto &change : connections) {
        if (change.reset)
            stores.connections.clear();
        const auto isThere = [this](const QString &id) {
            const quint32 slot = stores.connections.slotOf(id);
            return slot != ConnectionTable::noSlot() && !stores.connections.isOver(slot);
        };
        for (const auto &row : change.updated) {
            if (resync && !isThere(row.id))
                ++resync->added;
            stores.connections.upsert(rowOf(row), now);
        }
        for (const QString &id : change.removed) {
            if (resync && isThere(id))
                ++resync->removed;
            stores.connections.remove(id);
        }
    }
    connections.clear();
    for (const auto &change : tokens) {
        if (change.reset)
            stores.tokens.clear();
        for (const auto &row : change.updated)
            stores.tokens.upsert(rowOf(row));
        for (const QString &id : change.removed)
            stores.tokens.remove(id);
    }
    tokens.clear();
    endResync();
    updateStatus(QDateTime::currentMSecsSinceEpoch());
    Q_EMIT q->applied();
}

LinkStatus::State WatchFeed::Private::stateNow() const
{
    using Client = Watchword::WatchClient;
    switch (client.state()) {
    case Client::State::Idle:
        return LinkStatus::State::Idle;
    case Client::State::Loading:
        return client.progress().expected > 0 ? LinkStatus::State::Loading : LinkStatus::State::Connecting;
    case Client::State::Live:
        return LinkStatus::State::Live;
    case Client::State::Reconnecting:
        return LinkStatus::State::Reconnecting;
    case Client::State::Lost:
        return LinkStatus::State::Lost;
    }
    return LinkStatus::State::Idle;
}

QString WatchFeed::Private::reason() const
{
    const QUrl gateway = client.options().gateway;
    return linkFailureText(client.lastError(), u"%1:%2"_s.arg(gateway.host()).arg(gateway.port(443)), certificate);
}

void WatchFeed::Private::endResync()
{
    if (!resync || !resync->isComplete)
        return;
    const Resync done = *std::exchange(resync, std::nullopt);
    Q_EMIT q->resynced(done.added, done.removed, QDateTime::currentMSecsSinceEpoch() - done.since);
}

void WatchFeed::Private::updateStatus(qint64 now)
{
    const Watchword::WatchServer server = client.server();
    offset = server.clockOffset.count();
    ingest.setClockOffset(offset);
    if (now - measuredAt >= 1000) {
        const quint64 received = ingest.fresh();
        rate = measuredAt == 0 ? 0 : double(received - receivedBefore) * 1000 / double(now - measuredAt);
        receivedBefore = received;
        measuredAt = now;
    }
    LinkStatus::Facts facts;
    facts.state = stateNow();
    facts.serverName = server.server;
    facts.loaded = client.progress().received;
    facts.expected = client.progress().expected;
    if (facts.state == LinkStatus::State::Live && now - heardAt > longestSilenceMs)
        facts.silentSince = heardAt;
    facts.heardAt = facts.state == LinkStatus::State::Live ? heardAt : 0;
    facts.eventRate = rate;
    facts.clockOffsetMs = offset;
    const quint64 last = stores.audit.lastSequence();
    if (facts.state == LinkStatus::State::Live && facts.silentSince == 0 && last > 0)
        facts.lagMs = server.newestAudit <= last ? int(std::max<qint64>(0, client.rttMs()) / 2)
                                                 : int(std::min<qint64>(now + offset - stores.audit.lastTime(), 3'600'000));
    if (client.disconnectedSince().isValid())
        facts.noDataSince = client.disconnectedSince().toMSecsSinceEpoch();
    if (facts.noDataSince > 0 && heardAt > 0) // a link may have been dead for a while before it was given up
        facts.noDataSince = std::min(facts.noDataSince, heardAt);
    if (client.nextRetryAt().isValid())
        facts.nextTryAt = client.nextRetryAt().toMSecsSinceEpoch();
    if (facts.state == LinkStatus::State::Lost)
        facts.lostReason = reason();
    else if (facts.state == LinkStatus::State::Reconnecting && client.lastError().code() != Watchword::ErrorCode::Cancelled)
        facts.failure = reason();
    facts.gapCount = stores.audit.gapCount();
    facts.missedEvents = qint64(stores.audit.missedEvents());
    facts.completeFrom = ingest.completeFrom();
    facts.verifiedTo = ingest.verifiedTo();
    facts.brokenAt = ingest.brokenAt();
    facts.badLines = qint64(stores.audit.badLineCount());
    status.setNow(now);
    status.setFacts(facts);
}

WatchFeed::WatchFeed(Watchword::WatchClient &client, Stores stores, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, client, stores))
{
    d->connectAll();
    d->changed();
}

WatchFeed::~WatchFeed() = default;

LinkStatus &WatchFeed::status()
{
    return d->status;
}

void WatchFeed::setCertificate(const CertificateFacts &facts)
{
    d->certificate = facts;
    d->changed();
}

qint64 WatchFeed::serverNow() const
{
    return QDateTime::currentMSecsSinceEpoch() + d->client.server().clockOffset.count();
}

} // namespace Monitor
