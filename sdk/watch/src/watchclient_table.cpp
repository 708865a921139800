// SPDX-License-Identifier: Apache-2.0
// The watch stream of WatchClient: hello, snapshot, deltas, results.
#include "watchclient_p.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPingEvery = 15s;

} // namespace

struct WatchClient::Private::Handler
{
    Private &d;

    void operator()(const ServerMessage::Hello &hello) const
    {
        d.haveHello = true;
        const quint64 newest = d.server.newestAudit;
        d.server = hello.server;
        d.server.newestAudit = newest;
        // Until the first pong there is only this: the message travelled for an unknown while.
        d.server.clockOffset = hello.serverTime - d.clock().wallNow();
        d.server.clockUncertainty = 1s;
        d.watchLink->established(hello.server.tokenExpiresAt);
        Q_EMIT d.q->serverChanged();
        d.ping();
    }
    void operator()(const ServerMessage::SnapshotBegin &begin) const
    {
        if (!needsHello())
            return;
        d.inSnapshot = true;
        d.rv = begin.rv;
        d.connections.beginSnapshot();
        d.tokenTable.beginSnapshot();
        d.progress = {0, begin.connections + begin.tokens};
        Q_EMIT d.q->progressChanged(d.progress);
    }
    void operator()(const ServerMessage::ConnectionRows &message) const
    {
        if (!needsSnapshot(true))
            return;
        d.connections.update(message.rows);
        d.addProgress(message.rows.size());
        Q_EMIT d.q->connectionsChanged(message.rows, {});
    }
    void operator()(const ServerMessage::TokenRows &message) const
    {
        if (!needsSnapshot(true))
            return;
        d.tokenTable.update(message.rows);
        d.addProgress(message.rows.size());
        Q_EMIT d.q->tokensChanged(message.rows, {});
    }
    void operator()(const ServerMessage::SnapshotEnd &) const
    {
        if (needsSnapshot(true))
            d.finishSnapshot();
    }
    void operator()(const ServerMessage::ConnectionDelta &delta) const
    {
        if (!needsSnapshot(false) || !d.follows(delta.rv))
            return;
        d.connections.update(delta.updated);
        const QStringList removed = d.connections.remove(delta.removed);
        Q_EMIT d.q->connectionsChanged(delta.updated, removed);
    }
    void operator()(const ServerMessage::TokenDelta &delta) const
    {
        if (!needsSnapshot(false) || !d.follows(delta.rv))
            return;
        d.tokenTable.update(delta.updated);
        const QStringList removed = d.tokenTable.remove(delta.removed);
        Q_EMIT d.q->tokensChanged(delta.updated, removed);
    }
    void operator()(const ServerMessage::Mark &mark) const
    {
        if (mark.rv != d.rv && !d.inSnapshot) {
            d.watchLink->fail(Error(ErrorCode::ProtocolViolation, u"a delta is missing before the mark"_s));
            return;
        }
        noteEvents(mark.events);
    }
    void operator()(const ServerMessage::Reset &) const
    {
        d.inSnapshot = false; // the rows stay until the new snapshot is complete
    }
    void operator()(const ServerMessage::ActionResult &result) const
    {
        d.finish(result.request,
                 result.ok ? Result<ActionOutcome>(result.outcome) : Result<ActionOutcome>(actionError(result.error)));
    }
    void operator()(const ServerMessage::Renewed &renewed) const
    {
        d.server.tokenExpiresAt = renewed.exp;
        if (!renewed.scope.isEmpty())
            d.server.scope = renewed.scope;
        d.watchLink->renewed(renewed.exp, renewed.nonce);
        Q_EMIT d.q->serverChanged();
    }
    void operator()(const ServerMessage::NotRenewed &answer) const { d.watchLink->renewalRefused(answer.refusal); }
    void operator()(const ServerMessage::Pong &pong) const { d.onPong(pong); }
    void operator()(const ServerMessage::Unknown &) const { }

    bool needsHello() const
    {
        if (!d.haveHello)
            d.watchLink->fail(Error(ErrorCode::ProtocolViolation, u"rows before hello"_s));
        return d.haveHello;
    }
    bool needsSnapshot(bool running) const
    {
        if (!needsHello())
            return false;
        if (d.inSnapshot != running)
            d.watchLink->fail(Error(ErrorCode::ProtocolViolation, u"rows outside of their snapshot"_s));
        return d.inSnapshot == running;
    }
    void noteEvents(quint64 events) const
    {
        if (events <= d.server.newestAudit)
            return;
        d.server.newestAudit = events;
        Q_EMIT d.q->serverChanged();
    }
};

Error WatchClient::Private::actionError(const QString &reason)
{
    if (reason == "insufficient_scope"_L1)
        return Error(ErrorCode::Forbidden, u"your token lacks the scope gw:kick"_s);
    if (reason == "audit_unavailable"_L1) {
        return Error(ErrorCode::StorageFailed, u"the gateway cannot write its audit log; nothing was done"_s)
            .withRemedy(u"Free disk space or repair the audit database of the gateway, then try again."_s);
    }
    return Error(ErrorCode::InvalidArgument, u"the gateway refused the action: %1"_s.arg(reason));
}

void WatchClient::Private::onWatchText(const QString &text)
{
    const Result<ServerMessage::Any> message = ServerMessage::parse(text);
    if (message)
        std::visit(Handler{*this}, *message);
    else
        watchLink->fail(message.error());
}

bool WatchClient::Private::follows(quint64 next)
{
    if (next == rv + 1) {
        rv = next;
        return true;
    }
    watchLink->fail(Error(ErrorCode::ProtocolViolation, u"delta %1 after delta %2"_s.arg(next).arg(rv)));
    return false;
}

void WatchClient::Private::addProgress(qsizetype rows)
{
    progress.received += rows;
    progress.expected = std::max(progress.expected, progress.received);
    Q_EMIT q->progressChanged(progress);
}

void WatchClient::Private::finishSnapshot()
{
    inSnapshot = false;
    const QStringList goneConnections = connections.finishSnapshot();
    const QStringList goneTokens = tokenTable.finishSnapshot();
    progress.expected = progress.received;
    Q_EMIT q->progressChanged(progress);
    if (!goneConnections.isEmpty())
        Q_EMIT q->connectionsChanged({}, goneConnections);
    if (!goneTokens.isEmpty())
        Q_EMIT q->tokensChanged({}, goneTokens);
    if (!watchLink || !watchLink->isUp())
        return; // stopped by a slot
    setState(State::Live);
    Q_EMIT q->snapshotCompleted();
}

void WatchClient::Private::ping()
{
    if (!haveHello || !watchLink || !watchLink->isUp())
        return;
    pingSentAt = clock().now();
    const QJsonObject json{{"t"_L1, u"ping"_s}, {"n"_L1, ++pingNumber}};
    watchLink->send(QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact)));
    pingAlarm.start(kPingEvery);
}

void WatchClient::Private::onPong(const ServerMessage::Pong &pong)
{
    if (pong.number != pingNumber)
        return;
    const Duration roundTrip = clock().now() - pingSentAt;
    rtt = roundTrip.count();
    // The gateway's clock was read somewhere in the round trip; its middle is wrong by half of it at most.
    server.clockOffset = pong.serverTime - (clock().wallNow() - roundTrip / 2);
    server.clockUncertainty = (roundTrip + 1ms) / 2;
    server.newestAudit = std::max(server.newestAudit, pong.events);
    Q_EMIT q->serverChanged();
}

} // namespace Watchword
