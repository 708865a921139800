// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/networkhints.h"

namespace Watchword {

NetworkHints::NetworkHints(QObject *parent)
    : QObject(parent)
{
}

NetworkHints::~NetworkHints() = default;

} // namespace Watchword
