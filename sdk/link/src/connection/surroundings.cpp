// SPDX-License-Identifier: Apache-2.0
#include "connection/surroundings.h"

namespace Watchword {

using M = ConnectionMachine;

Surroundings::Surroundings(Clock &clock, ConnectionContext::Post post)
    : m_clock(clock)
    , m_post(std::move(post))
{
    m_timer.setTimerType(Qt::CoarseTimer);
    QObject::connect(&m_timer, &QTimer::timeout, &m_listener, [this] { look(); });
}

void Surroundings::watch(const ConnectionOptions &options)
{
    const bool onSystemClock = m_clock.runsByItself();
    NetworkHints *now = options.networkHints;
    if (!now && onSystemClock)
        now = systemNetworkHints(options.url);
    if (m_hints && m_hints != now)
        m_hints->disconnect(&m_listener);
    if (now && m_hints != now)
        QObject::connect(now, &NetworkHints::changed, &m_listener, [this] { onHints(); });
    m_hints = now;
    m_network = now && now->isDisconnected() ? Known::Absent : Known::Present;
    m_wakes.start();
    if (onSystemClock) {
        look(); // else a sleep before the first time would not be seen
        m_timer.start(options.wakeCheck);
    }
    m_post(m_network == Known::Absent ? M::Event(M::NetworkDown()) : M::Event(M::NetworkUp()));
}

void Surroundings::rest()
{
    m_timer.stop();
    m_network = Known::Nothing;
}

void Surroundings::look()
{
    if (m_wakes.look(m_clock.now(), m_clock.wallNow(), std::chrono::steady_clock::now(), Duration(m_timer.interval())))
        m_post(M::Woke());
}

void Surroundings::onHints()
{
    if (m_network == Known::Nothing || !m_hints)
        return;
    const Known before = std::exchange(m_network, m_hints->isDisconnected() ? Known::Absent : Known::Present);
    if (m_network == Known::Present)
        m_post(M::NetworkUp());
    else if (before != Known::Absent)
        m_post(M::NetworkDown());
}

} // namespace Watchword
