// SPDX-License-Identifier: Apache-2.0
#include "probe/exchange.h"

#include <algorithm>

namespace Watchword::Doctoring {

QByteArray Exchange::value(QByteArrayView name) const
{
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [name](const auto &each) { return each.first.compare(name, Qt::CaseInsensitive) == 0; });
    return field == fields.end() ? QByteArray() : field->second;
}

bool Exchange::has(QByteArrayView name) const
{
    return std::any_of(fields.begin(), fields.end(),
                       [name](const auto &each) { return each.first.compare(name, Qt::CaseInsensitive) == 0; });
}

} // namespace Watchword::Doctoring
