// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/random.h"

#include <QRandomGenerator>

namespace Watchword {

namespace {

class SystemRandom final : public RandomSource
{
public:
    double nextUnit() override { return QRandomGenerator::global()->generateDouble(); }
};

} // namespace

RandomSource::~RandomSource() = default;

RandomSource &RandomSource::system()
{
    static SystemRandom random;
    return random;
}

SeededRandom::SeededRandom(quint64 seed)
    : m_state(seed)
{
}

double SeededRandom::nextUnit()
{
    m_state += 0x9e3779b97f4a7c15ULL;
    quint64 z = m_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return double(z >> 11) * 0x1.0p-53;
}

} // namespace Watchword
