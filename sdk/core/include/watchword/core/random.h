// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QtGlobal>

#include <cstdint>

namespace Watchword {

/*! Random numbers for delays and jitter, never for secrets (those come from Secret::random()). */
class WATCHWORD_CORE_EXPORT RandomSource
{
public:
    virtual ~RandomSource();
    virtual double nextUnit() = 0; //!< Uniform in [0, 1).

    static RandomSource &system(); //!< Any thread.
};

/*! The same numbers for the same seed, for tests and simulations (splitmix64). */
class WATCHWORD_CORE_EXPORT SeededRandom final : public RandomSource
{
public:
    explicit SeededRandom(quint64 seed);
    double nextUnit() override;

private:
    quint64 m_state;
};

} // namespace Watchword
