// SPDX-License-Identifier: Apache-2.0
#include "transport/hearing.h"

#include "watchword/link/connectionoptions.h"

#include <algorithm>

namespace Watchword {

namespace {

// Far below every deadline that a sign of life moves. A clock that only moves when told has no "meanwhile".
Duration hearingTime(const ConnectionOptions &options)
{
    if (options.clock && !options.clock->runsByItself())
        return Duration::zero();
    return std::min({Duration(250), options.heartbeat / 8, options.pongTimeout / 8, options.probeTimeout / 8});
}

} // namespace

Hearing::Hearing(const ConnectionOptions &options, std::function<void()> tell)
    : m_tell(std::move(tell))
{
    m_timer.setSingleShot(true);
    m_timer.setInterval(hearingTime(options));
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { onOver(); });
}

void Hearing::heard()
{
    if (m_state != State::Quiet) {
        m_state = State::ToldAndMore;
        return;
    }
    if (m_timer.interval() > 0) {
        m_state = State::Told;
        if (!m_timer.isActive())
            m_timer.start();
    }
    m_tell();
}

void Hearing::expectAnswer()
{
    m_state = State::Quiet;
}

void Hearing::stop()
{
    m_state = State::Quiet;
    m_timer.stop();
}

void Hearing::onOver()
{
    if (std::exchange(m_state, State::Quiet) == State::ToldAndMore)
        heard();
}

} // namespace Watchword
