// SPDX-License-Identifier: Apache-2.0
// What a Connection watches around it, and what it tells about itself.
#include "connection/connection_p.h"
#include "transport/wire.h"

#include <QMetaMethod>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void Connection::Private::watchSurroundings()
{
    const bool onSystemClock = clock.runsByItself();
    NetworkHints *now = options.networkHints;
    if (!now && onSystemClock)
        now = systemNetworkHints(options.url);
    if (hints && hints != now)
        hints->disconnect(q);
    if (now && hints != now)
        QObject::connect(now, &NetworkHints::changed, q, [this] { onHints(); });
    hints = now;
    networkWasDown = hints && hints->isDisconnected();
    if (networkWasDown)
        post(M::NetworkDown{});
    else
        post(M::NetworkUp{});
    wakes.start();
    if (onSystemClock) {
        wakeTimer.setTimerType(Qt::CoarseTimer);
        wakeTimer.start(options.wakeCheck);
    }
}

void Connection::Private::onHints()
{
    if (state == State::Disconnected || !hints)
        return;
    const bool down = hints->isDisconnected();
    if (!down)
        post(M::NetworkUp{});
    else if (!networkWasDown)
        post(M::NetworkDown{});
    networkWasDown = down;
}

void Connection::Private::tellMetricsEachSecond()
{
    static const QMetaMethod changed = QMetaMethod::fromSignal(&Connection::metricsChanged);
    if (state == State::Ready && q->isSignalConnected(changed) && !metricsTimer.isActive())
        metricsTimer.start(1s);
}

void Connection::Private::countMetrics()
{
    if (state == State::Disconnected) {
        wakeTimer.stop();
        wasReady = false;
    }
    if (state != State::Ready) {
        metricsTimer.stop();
        return;
    }
    ++counts.connects;
    counts.reconnects += std::exchange(wasReady, true) ? 1 : 0;
    readySince = clock.now();
    tellMetricsEachSecond();
    Q_EMIT q->metricsChanged();
}

ConnectionMetrics Connection::metrics() const
{
    ConnectionMetrics metrics = d->counts;
    metrics.uptimeMs = d->state == State::Ready ? Duration(d->clock.now() - d->readySince).count() : 0;
    metrics.rttMs = d->rttMs;
    return metrics;
}

QString Connection::explain() const
{
    QString text = u"state %1"_s.arg(QVariant::fromValue(d->state).toString());
    if (d->nextRetryAt.isValid())
        text += u", next attempt at "_s + d->nextRetryAt.toString(Qt::ISODateWithMs);
    if (d->lastError.code() != ErrorCode::Cancelled)
        text += u"\nlast error: %1\nwhat to do: %2"_s.arg(d->lastError.toString(), d->lastError.remedy());
    const ConnectionMetrics m = metrics();
    text += u"\nconnects %1, reconnects %2, replacements %3, failures %4, up for %5 ms, round trip %6 ms"_s.arg(m.connects)
                .arg(m.reconnects)
                .arg(m.replacements)
                .arg(m.failures)
                .arg(m.uptimeMs)
                .arg(m.rttMs);
    text += u"\nsent %1 messages (%2 bytes), received %3 (%4 bytes)"_s.arg(m.messagesSent)
                .arg(m.bytesSent)
                .arg(m.messagesReceived)
                .arg(m.bytesReceived);
    for (const AttemptRecord &record : d->log.records())
        text += u'\n' + record.toString();
    return text;
}

} // namespace Watchword
