// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QFuture>
#include <QFutureWatcher>
#include <QPromise>

#include <utility>

namespace Watchword {

/*! A future that is finished with \a result. Name T where \a result is an Error: finishedFuture<Secret>(error). */
template <typename T>
QFuture<Result<T>> finishedFuture(Result<T> result)
{
    QPromise<Result<T>> promise;
    promise.start();
    promise.addResult(std::move(result));
    promise.finish();
    return promise.future();
}

/*! The result of a finished \a future. One that was cancelled, or whose promise was destroyed, has Cancelled. */
template <typename T>
Result<T> resultOf(const QFuture<Result<T>> &future)
{
    return future.resultCount() > 0 ? future.result()
                                    : Result<T>(Error(ErrorCode::Cancelled, QStringLiteral("the request was cancelled")));
}

/*!
    Calls \a done once with the result of \a future (see resultOf), in the thread of \a context, from its event loop:
    never inside this call, also if \a future is finished already. Once \a context is gone, \a done is not called.
    QFuture::then() of Qt 6.4 would call into a context that no longer exists, and not call for a cancelled future.
*/
template <typename T, typename F>
void whenDone(const QFuture<Result<T>> &future, QObject *context, F done)
{
    auto *watcher = new QFutureWatcher<Result<T>>(context);
    QObject::connect(watcher, &QFutureWatcherBase::finished, context, [watcher, done = std::move(done)] {
        watcher->deleteLater();
        done(resultOf(watcher->future()));
    });
    watcher->setFuture(future);
}

} // namespace Watchword
