// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/internal/futures.h"
#include "watchword/link/connection.h"

#include <QCoreApplication>
#include <QJSValue>

/*!
    What a callback of Client.deliver(), Client.request() and Room.publish() is called with, as a plain JavaScript object:

        ok      bool
        code    "" or the name of the Watchword::ErrorCode: "Offline", "Timeout", "QueueFull", "Superseded", ...
        text    one sentence for people, translated; empty if ok
        detail  for the log, in English, without secrets; empty if ok
        answer  what the server answered to request(); else empty
*/
class Outcome
{
    Q_DECLARE_TR_FUNCTIONS(Outcome)

public:
    static QString textOf(const Watchword::Error &error); //!< For people, translated.

    /*!
        Calls \a callback, a function of \a owner's engine, with the outcome of \a future: once, never before this call
        returned, and not at all when \a owner is gone by then. A callback that is no function is left alone.
    */
    template <typename T>
    static void tell(QObject *owner, const QFuture<Watchword::Result<T>> &future, const QJSValue &callback);
    template <typename T>
    static QFuture<Watchword::Result<T>> failed(const Watchword::Error &error); //!< For tell(): finished already.

private:
    static void call(QObject *owner, QJSValue callback, const Watchword::Result<void> &result);
    static void call(QObject *owner, QJSValue callback, const Watchword::Result<QByteArray> &result);
};

/*!
    The options of Client.deliver() as JavaScript writes them: {delivery, key, deadlineMs, id, room}, all optional.
    InvalidArgument names a member that does not exist or has no sense, so that a typing error is not a lost message.
*/
Watchword::Result<Watchword::DeliveryOptions> readDeliveryOptions(const QJSValue &options);

//! The payload of Client.request(): text as it is, anything else but undefined and null as JSON.
QByteArray readPayload(const QJSValue &payload);

template <typename T>
void Outcome::tell(QObject *owner, const QFuture<Watchword::Result<T>> &future, const QJSValue &callback)
{
    if (!callback.isCallable())
        return;
    Watchword::whenDone(future, owner, [owner, callback](const Watchword::Result<T> &result) { call(owner, callback, result); });
}

template <typename T>
QFuture<Watchword::Result<T>> Outcome::failed(const Watchword::Error &error)
{
    return Watchword::finishedFuture<T>(error);
}
