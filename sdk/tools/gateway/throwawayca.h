// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QString>

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
    for seven days, as PEM files in \a folder. The server's key is readable by the owner only.
*/
Result<ThrowAwayCa> makeThrowAwayCa(const QString &folder);

} // namespace Watchword::Tools
