// SPDX-License-Identifier: Apache-2.0
#include "watch/watchservice.h"

#include "audit/auditlog.h"
#include "watch/auditstream.h"
#include "watch/watchstream.h"
#include "watchword/core/closepolicy.h"

#include <QSet>
#include <QTimer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

class WatchService::Private
{
public:
    Private(StreamContext shared, WatchService *service)
        : context(std::move(shared))
        , q(service)
    {
        turn.setSingleShot(true);
        turn.setInterval(0);
        QObject::connect(&turn, &QTimer::timeout, q, [this] { runTurn(); });
        QObject::connect(&context.audit, &AuditLog::appended, q, [this](const AuditRecord &record) { follow(record); });
    }

    void follow(const AuditRecord &record)
    {
        if (auditStreams.isEmpty())
            return;
        context.tail.append(record.sequence, QString::fromUtf8(record.text));
        for (StreamSocket *stream : std::as_const(auditStreams))
            wake(stream);
    }

    void wake(StreamSocket *stream)
    {
        if (!waiting.contains(stream))
            waiting.append(stream);
        if (!turn.isActive())
            turn.start();
    }

    // One turn: each stream that wants to write in its order, until the budget of the turn is spent.
    void runTurn()
    {
        qsizetype budget = context.limits.rowsPerTurn;
        QList<StreamSocket *> again;
        while (budget > 0 && !waiting.isEmpty()) {
            StreamSocket *stream = waiting.takeFirst();
            if (!stream->wantsTurn())
                continue;
            const qsizetype used = stream->turn(budget);
            budget -= used;
            if (used > 0 && stream->wantsTurn())
                again.append(stream);
            // A stream that used nothing is stalled: it wakes this service when its monitor has read.
        }
        for (StreamSocket *stream : std::as_const(again))
            wake(stream);
        if (!waiting.isEmpty() && !turn.isActive())
            turn.start();
    }

    bool admit(ClientSocket &socket, const Identity &identity, const QString &scope)
    {
        const auto refuse = [&socket](int code, const QString &reason) {
            socket.close(code, reason);
            return false;
        };
        if (draining || streams.size() >= context.limits.mostMonitors)
            return refuse(int(CloseCode::TryAgainLater), closeCodeName(int(CloseCode::TryAgainLater)));
        if (!identity.hasScope(scope))
            return refuse(int(CloseCode::Forbidden), closeCodeName(int(CloseCode::Forbidden)));
        return true;
    }

    void add(StreamSocket *stream, const QUrl &url, const QHostAddress &peer)
    {
        stream->setUrl(url);
        stream->setPeer(peer);
        streams.insert(stream);
        QObject::connect(stream, &StreamSocket::turnWanted, q, [this, stream] { wake(stream); });
        QObject::connect(stream, &StreamSocket::ended, q, [this, stream] {
            streams.remove(stream);
            auditStreams.remove(stream);
            waiting.removeAll(stream);
            stream->deleteLater();
        });
        stream->begin();
    }

    StreamContext context;
    WatchService *q;
    QTimer turn;
    QSet<StreamSocket *> streams;
    QSet<StreamSocket *> auditStreams;
    QList<StreamSocket *> waiting;
    bool draining = false;
};

WatchService::WatchService(WatchTables &tables, AuditLog &audit, ConnectionControl &control, Clock &clock, WatchServerInfo info,
                           WatchLimits limits, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(StreamContext{tables, audit, control, clock, std::move(info), limits, {}, {}, {}, {}}, this))
{
}

WatchService::~WatchService()
{
    const QSet<StreamSocket *> streams = std::exchange(d->streams, {});
    for (StreamSocket *stream : streams) {
        stream->disconnect(this);
        delete stream;
    }
}

void WatchService::setTokenCheck(TokenCheck check, NonceSource nonce)
{
    d->context.check = std::move(check);
    d->context.nonce = std::move(nonce);
}

void WatchService::setFailureCount(FailureCount count)
{
    d->context.failed = std::move(count);
}

void WatchService::setServerInfo(const WatchServerInfo &info)
{
    d->context.info = info;
}

void WatchService::setCanary(std::chrono::milliseconds time)
{
    d->context.canary = time;
}

void WatchService::acceptWatch(std::unique_ptr<ClientSocket> socket, const Identity &identity, const QUrl &url,
                               const QHostAddress &peer)
{
    if (d->admit(*socket, identity, u"gw:read"_s))
        d->add(new WatchStream(std::move(socket), identity, d->context, this), url, peer);
}

void WatchService::acceptAudit(std::unique_ptr<ClientSocket> socket, const Identity &identity, const QString &after,
                               const QUrl &url, const QHostAddress &peer)
{
    if (!d->admit(*socket, identity, u"gw:audit"_s))
        return;
    auto *stream = new AuditStream(std::move(socket), identity, after, d->context, this);
    d->auditStreams.insert(stream);
    d->add(stream, url, peer);
}

void WatchService::closeStreams(int code, const std::function<bool(const Identity &identity, const QHostAddress &peer)> &isMeant)
{
    for (StreamSocket *stream : std::as_const(d->streams)) {
        if (isMeant(stream->identity(), stream->peer()))
            stream->close(code, closeCodeName(code));
    }
}

void WatchService::forEachMonitor(const std::function<void(const Identity &, const QHostAddress &)> &visit) const
{
    for (const StreamSocket *stream : std::as_const(d->streams))
        visit(stream->identity(), stream->peer());
}

void WatchService::drain(int code)
{
    d->draining = true;
    for (StreamSocket *stream : std::as_const(d->streams))
        stream->close(code, closeCodeName(code));
}

int WatchService::monitorCount() const
{
    return int(d->streams.size());
}

} // namespace Watchword::Gateway
