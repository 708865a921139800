// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/audittable.h"
#include "monitor/store/connectiontable.h"
#include "monitor/store/field.h"

#include <QList>
#include <QString>

#include <utility>

namespace Monitor {

/*! Values of a field with the number of rows that have them, most frequent first, at most \a most of them. */
using ValueCounts = QList<std::pair<QString, qint64>>;

//! Over the newest 262,144 rows. \a prefix without case; also matches inside the value, prefix matches first.
ValueCounts valuesOf(const AuditTable &table, const Field &field, const QString &prefix, int most = 20);
ValueCounts valuesOf(const ConnectionTable &table, const Field &field, const QString &prefix, int most = 20);
//! Chooses and orders from all counts; shared by the above and by whoever counts itself.
ValueCounts bestValues(ValueCounts counts, const QString &prefix, int most);

} // namespace Monitor
