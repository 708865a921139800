// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/wakedetector.h"

#include "watchword/link/connectionoptions.h"
#include "watchword/link/networkhints.h"

#include <QPointer>
#include <QTimer>

namespace Watchword {

/*! What a Connection has to know of this machine, between watch() and rest(): sleep, and the network. */
class Surroundings : public QObject
{
    Q_OBJECT

public:
    explicit Surroundings(Clock &clock, QObject *parent = nullptr);

    void watch(const ConnectionOptions &options); //!< Tells the network at once.
    void rest();
    bool isBehindCaptivePortal() const { return m_hints && m_hints->isBehindCaptivePortal(); }

Q_SIGNALS:
    void woke();
    void networkLost();
    void networkCame(); //!< It came back, or is another one.

private:
    void look();
    void onHints();

    Clock &m_clock;
    QPointer<NetworkHints> m_hints; //!< Null: nobody knows.
    enum class Known { Nothing, Present, Absent } m_network = Known::Nothing; //!< What was told last.
    WakeDetector m_wakes;
    QTimer m_timer;
};

} // namespace Watchword
