// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/tablereader.h"
#include "watchword/core/testexport.h"

namespace Watchword::Gateway {

//! Every setting of a file by its path: "[[endpoint]] /orders limits.connections" and its value as it is written.
QMap<QString, QString> writtenSettings(const toml::table &root);
//! One line for each setting that differs, in the order of the paths: "[gateway] grace: \"10 s\", now \"20 s\"".
WATCHWORD_TEST_EXPORT QStringList changedSettings(const QMap<QString, QString> &before, const QMap<QString, QString> &now);
//! For the audit: \a what, and the first of \a lines.
QString toldOfReload(const QString &what, const QStringList &lines);

} // namespace Watchword::Gateway
