// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <QTimer>

#include <functional>

namespace Watchword {

struct ConnectionOptions;

/*!
    Brakes Transport::activity(). Who hears of it looks at the clock, and a TLS socket tells of every 4 KiB: at full speed
    that would cost more than delivering what was read. So a burst is told at its start and then a few times a second, too
    late by a small part of every deadline that a sign of life moves.
*/
class Hearing
{
public:
    Hearing(const ConnectionOptions &options, std::function<void()> tell);

    void heard(); //!< Bytes came in. May call tell(), which may destroy this object: nothing is touched behind it.
    void expectAnswer(); //!< Something was sent: only what comes after a question is an answer to it, and is told at once.
    void stop();

private:
    void onOver();

    enum class State { Quiet, Told, ToldAndMore };
    State m_state = State::Quiet;
    const std::function<void()> m_tell;
    QTimer m_timer;
};

} // namespace Watchword
