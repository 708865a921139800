// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/error.h"

class QSqlError;

namespace Watchword::Gateway {

//! \a error of Qt's SQLite driver as ours: "the <what> cannot <doing>: ...", with a remedy.
Error sqliteError(const QSqlError &error, const QString &what, const QString &doing);

} // namespace Watchword::Gateway
