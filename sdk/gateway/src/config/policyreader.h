// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/tablereader.h"

#include <QJsonObject>

namespace Watchword::Gateway {

//! [policy] or policy = {...}: the member "policy" of "hello" (protocol.md section 3), each value where it stands in its range.
QJsonObject readPolicy(TableReader table);

} // namespace Watchword::Gateway
