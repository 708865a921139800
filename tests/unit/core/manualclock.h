// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

/*! A clock that moves when the test says so. */
class TestClock final : public Watchword::Clock
{
    Q_OBJECT

public:
    Watchword::Instant now() const override { return m_now; }
    Watchword::WallTime wallNow() const override { return m_wall; }
    bool runsByItself() const override { return false; }

    void advance(Watchword::Duration by)
    {
        m_now += by;
        m_wall += by;
        Q_EMIT advanced();
    }

private:
    Watchword::Instant m_now{std::chrono::hours(1)};
    Watchword::WallTime m_wall{std::chrono::hours(500'000)};
};
