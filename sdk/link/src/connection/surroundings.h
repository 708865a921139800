// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/connectioncontext.h"
#include "machine/wakedetector.h"

#include "watchword/link/connectionoptions.h"
#include "watchword/link/networkhints.h"

#include <QPointer>
#include <QTimer>

namespace Watchword {

/*! What a Connection has to know of this machine, between watch() and rest(), as events: sleep, and the network. */
class WATCHWORD_TEST_EXPORT Surroundings
{
public:
    Surroundings(Clock &clock, ConnectionContext::Post post);

    void watch(const ConnectionOptions &options); //!< Posts NetworkUp or NetworkDown at once.
    void rest();
    bool isBehindCaptivePortal() const { return m_hints && m_hints->isBehindCaptivePortal(); }

private:
    void look();
    void onHints();

    Clock &m_clock;
    const ConnectionContext::Post m_post;
    QObject m_listener;
    QPointer<NetworkHints> m_hints; //!< Null: nobody knows.
    enum class Known { Nothing, Present, Absent } m_network = Known::Nothing; //!< What was told last.
    WakeDetector m_wakes;
    QTimer m_timer;
};

} // namespace Watchword
