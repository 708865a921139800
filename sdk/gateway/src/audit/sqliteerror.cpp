// SPDX-License-Identifier: Apache-2.0
#include "audit/sqliteerror.h"

#include <QSqlError>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// The primary result codes of SQLite (sqlite.org/rescode.html); extended codes keep them in their low byte.
enum SqliteCode {
    kPermission = 3,
    kBusy = 5,
    kLocked = 6,
    kReadOnly = 8,
    kCorrupt = 11,
    kFull = 13,
    kCannotOpen = 14,
    kNotADatabase = 26
};

} // namespace

Error sqliteError(const QSqlError &error, const QString &what, const QString &doing)
{
    const QString text = u"the %1 cannot %2: %3"_s.arg(what, doing, error.databaseText());
    switch (error.nativeErrorCode().toInt() & 0xff) {
    case kCorrupt:
    case kNotADatabase:
        return Error(ErrorCode::StoreCorrupt, text)
            .withRemedy(u"Keep the file as evidence, move it away and start again, or restore it from a backup."_s);
    case kBusy:
    case kLocked:
        return Error(ErrorCode::LockBusy, text)
            .withRemedy(u"Another program has the file open; end it, or choose another path."_s);
    case kPermission:
    case kReadOnly:
    case kCannotOpen:
        return Error(ErrorCode::FileUnreadable, text)
            .withRemedy(u"Give the gateway's user the right to write the file and its folder."_s);
    case kFull:
        return Error(ErrorCode::StorageFailed, text).withRemedy(u"Free space on the disk, or raise the limit."_s);
    default:
        return Error(ErrorCode::StorageFailed, text);
    }
}

} // namespace Watchword::Gateway
