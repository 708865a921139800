// SPDX-License-Identifier: Apache-2.0
#include "audit/eventid.h"

#include <QRandomGenerator>
#include <QUuid>

#include <array>

namespace Watchword::Gateway {

QString newEventId(WallTime now)
{
    const quint64 time = quint64(now.time_since_epoch().count()) & 0xffff'ffff'ffff;
    std::array<quint32, 3> random{};
    QRandomGenerator::system()->fillRange(random.data(), qsizetype(random.size()));
    const auto byte = [&random](int i) { return uchar(random.at(1 + std::size_t(i / 4)) >> (i % 4 * 8)); };
    const QUuid id(uint(time >> 16), ushort(time), ushort(0x7000 | (random[0] & 0x0fff)), uchar(0x80 | (byte(0) & 0x3f)), byte(1),
                   byte(2), byte(3), byte(4), byte(5), byte(6), byte(7));
    return id.toString(QUuid::WithoutBraces);
}

} // namespace Watchword::Gateway
