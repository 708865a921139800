// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"
#include "watchword/core/result.h"

#include <QByteArray>
#include <QFileDevice>
#include <QString>

namespace Watchword {

/*
    Files that must not be lost: tokens, keys, journals. All functions are reentrant and block for as long as the disk does;
   errors are StorageFailed unless something else is said, and tell a full disk apart.
*/

constexpr QFileDevice::Permissions kOwnerOnly = QFileDevice::ReadOwner | QFileDevice::WriteOwner;

//! Makes \a folder and what is above it; the folder itself is for this user only.
WATCHWORD_CORE_EXPORT Result<void> makePrivateFolder(const QString &folder);
/*!
    Replaces \a path at once and completely; its folder must exist. On success the bytes are on the disk, and were read back. On
    failure, also of a full disk, the old file stays as it is. \a permissions hold before the first byte is written.
*/
WATCHWORD_CORE_EXPORT Result<void> writeDurably(const QString &path, QByteArrayView bytes,
                                                QFileDevice::Permissions permissions = kOwnerOnly);
//! All of a file. NotFound, or StoreCorrupt if it is larger than \a limit.
WATCHWORD_CORE_EXPORT Result<QByteArray> readBounded(const QString &path, qsizetype limit);

} // namespace Watchword
