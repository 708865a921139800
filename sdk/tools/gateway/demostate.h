// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QList>
#include <QString>

#include <utility>

namespace Watchword::Tools {

/*! What a demo with --state is again after a restart, beside its certificate, sessions and audit log. */
struct DemoState
{
    quint16 gatewayPort = 0; //!< 0: none was taken yet.
    quint16 issuerPort = 0;
    QList<std::pair<QString, QString>> passwords; //!< Name and password. They are printed: they protect nothing.

    //! Without the file: an empty state. StoreCorrupt for a file that cannot be read as such, which is never overwritten.
    static Result<DemoState> load(const QString &file);
    Result<void> save(const QString &file) const; //!< Readable by the owner only. StorageFailed; then the old file stays.
};

} // namespace Watchword::Tools
