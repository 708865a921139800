// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QString>

#include <optional>

namespace Watchword::Tools {

//! Files that makeThrowAwayCa() wrote.
struct ThrowAwayCa
{
    QString caFile;
    QString certificateFile;
    QString keyFile;
};

/*!
    Makes an authority that nobody keeps the key of, and a certificate by it for localhost, 127.0.0.1 and ::1, both good
    for \a days, as PEM files in \a folder. The server's key is readable by the owner only.
*/
Result<ThrowAwayCa> makeThrowAwayCa(const QString &folder, int days);

/*!
    What makeThrowAwayCa() left in \a folder; nothing if it is not there, and nothing, after removing it, if it ends within a day.
    StoreCorrupt if a part of it is missing or cannot be read.
*/
Result<std::optional<ThrowAwayCa>> findThrowAwayCa(const QString &folder);

} // namespace Watchword::Tools
