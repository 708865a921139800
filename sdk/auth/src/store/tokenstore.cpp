// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/tokenstore.h"

namespace Watchword {

StoreLock::~StoreLock() = default;
TokenStore::~TokenStore() = default;

Result<Secret> TokenStore::loadRecord(const QString &)
{
    return Error(ErrorCode::NotFound, QStringLiteral("this store keeps no records"));
}

Result<void> TokenStore::saveRecord(const QString &, const Secret &)
{
    return {};
}

} // namespace Watchword
