// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QSet>
#include <QString>

#include <utility>

namespace Watchword::Gateway {

/*!
    The settings that a reader of \a toml asks for, as table and key: {"[listen]", "address"}, {"limits of [[endpoint]]",
    "fragments"}. Tables that are not in \a toml are not looked into. sdk/docs/settings.md names all of them.
*/
WATCHWORD_TEST_EXPORT QSet<std::pair<QString, QString>> settingsAskedFor(const QString &toml);

} // namespace Watchword::Gateway
