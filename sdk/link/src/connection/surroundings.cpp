// SPDX-License-Identifier: Apache-2.0
#include "connection/surroundings.h"

namespace Watchword {

Surroundings::Surroundings(Clock &clock, QObject *parent)
    : QObject(parent)
    , m_clock(clock)
{
    m_timer.setTimerType(Qt::CoarseTimer);
    connect(&m_timer, &QTimer::timeout, this, &Surroundings::look);
}

void Surroundings::watch(const ConnectionOptions &options)
{
    const bool onSystemClock = m_clock.runsByItself();
    NetworkHints *now = options.networkHints;
    if (!now && onSystemClock)
        now = systemNetworkHints(options.url);
    if (m_hints && m_hints != now)
        m_hints->disconnect(this);
    if (now)
        connect(now, &NetworkHints::changed, this, &Surroundings::onHints, Qt::UniqueConnection);
    m_hints = now;
    m_network = now && now->isDisconnected() ? Known::Absent : Known::Present;
    m_wakes.start();
    if (onSystemClock)
        m_timer.start(options.wakeCheck);
    if (m_network == Known::Absent)
        Q_EMIT networkLost();
    else
        Q_EMIT networkCame();
}

void Surroundings::rest()
{
    m_timer.stop();
    m_network = Known::Nothing;
}

void Surroundings::look()
{
    if (m_wakes.look(m_clock.now(), m_clock.wallNow(), std::chrono::steady_clock::now(), Duration(m_timer.interval())))
        Q_EMIT woke();
}

void Surroundings::onHints()
{
    if (m_network == Known::Nothing || !m_hints)
        return;
    const Known before = std::exchange(m_network, m_hints->isDisconnected() ? Known::Absent : Known::Present);
    if (m_network == Known::Present)
        Q_EMIT networkCame();
    else if (before != Known::Absent)
        Q_EMIT networkLost();
}

} // namespace Watchword
