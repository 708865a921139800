// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QByteArray>
#include <QString>

namespace Watchword {

//! Makes \a folder and what is above it; the folder itself is for this user only.
Result<void> makePrivateFolder(const QString &folder);
//! Replaces \a path at once and completely; on success the bytes are on the disk, and were read back. For this user only.
Result<void> writeDurably(const QString &path, QByteArrayView bytes);
//! NotFound, StorageFailed, or StoreCorrupt if the file is larger than \a limit.
Result<QByteArray> readBounded(const QString &path, qsizetype limit);

} // namespace Watchword
