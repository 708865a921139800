// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/testing/export.h"

namespace Watchword {

/*!
    A clock that stands still until the test moves it. Give it to everything under test that takes a Clock.

    advance() moves both time lines and emits advanced() once, so that every Alarm looks at its deadline; Alarms whose
    deadline was passed emit due() inside advance(). The wall clock can be moved alone, as a person or NTP would.

    Threads: the one it lives in. Ownership: borrowed; it must outlive its users.
*/
class WATCHWORD_TESTING_EXPORT ManualClock : public Clock
{
    Q_OBJECT

public:
    //! Starts at 2026-01-01T00:00:00Z.
    explicit ManualClock(QObject *parent = nullptr);
    explicit ManualClock(WallTime start, QObject *parent = nullptr);
    ~ManualClock() override;

    Instant now() const override;
    WallTime wallNow() const override;
    Duration awake() const override;
    QByteArray bootId() const override; //!< Another one for each object: each is a machine of its own.
    bool runsByItself() const override;

    void advance(Duration by); //!< Time passes; \a by must not be negative.
    //! The machine sleeps: time passes, awake() stands still. Emits advanced() at the wake-up.
    void sleep(Duration by);
    void setWall(WallTime time); //!< The date is set; no time passes. Emits advanced().
    void stepWall(Duration by); //!< The date is moved, also back; no time passes. Emits advanced().

private:
    Instant m_now;
    Duration m_slept{};
    QByteArray m_bootId;
    WallTime m_wall;
};

} // namespace Watchword
