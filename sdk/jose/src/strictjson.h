// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QJsonObject>

#include <optional>

namespace Watchword {

//! The JSON object in \a text; empty if it is none, starts with a byte order mark, or has a member twice at
//! any depth.
std::optional<QJsonObject> strictJsonObject(QByteArrayView text);

//! \a text of a stranger as it may stand in an error text: printable, at most 64 characters.
QString shownText(const QString &text);

} // namespace Watchword
