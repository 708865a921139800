// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QFuture>
#include <QFutureWatcher>

namespace Watchword {

/*!
    Calls \a done in the thread of \a context with the result of \a future, and not at all once \a context is gone.
    QFuture::then() of Qt 6.4 would call into a context that no longer exists, and not call for a cancelled future.
*/
template <typename T, typename F>
void whenDone(const QFuture<Result<T>> &future, QObject *context, F done)
{
    auto *watcher = new QFutureWatcher<Result<T>>(context);
    QObject::connect(watcher, &QFutureWatcherBase::finished, context, [watcher, done = std::move(done)] {
        watcher->deleteLater();
        const bool hasResult = watcher->future().resultCount() > 0;
        done(hasResult ? watcher->result() : Result<T>(Error(ErrorCode::Cancelled)));
    });
    watcher->setFuture(future);
}

} // namespace Watchword
