// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "measurement.h"

namespace Bench {

QList<Row> linkRows();
QList<Row> jwtRows();
QList<Row> relayRows();
QList<Row> idleRows();
QList<Row> attackRows();
QList<Row> gateRows();
QList<Row> netRows();
QList<Row> restartRows();
QList<Row> tokenRows();

} // namespace Bench
