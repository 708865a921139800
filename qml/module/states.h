// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"
#include "watchword/link/connection.h"

#include <qqml.h>

/*!
    The states of Client.session as `Session.Active` and so on, equal to Watchword::Session::State.

    The SDK's classes are not registered themselves: with them QML would take in all error codes and conditions, which
    share names.
*/
class QmlSession : public QObject
{
    Q_OBJECT
    QML_NAMED_ELEMENT(Session)
    QML_UNCREATABLE("Take it from Client.session")

public:
    enum State { SignedOut, KeychainWaiting, Restoring, SigningIn, Active, Offline, NeedsSignIn, StepUp, Degraded };
    Q_ENUM(State)
};
static_assert(int(QmlSession::Degraded) == int(Watchword::Session::State::Degraded));

/*! The states of Client.connection as `Connection.Ready` and so on, equal to Watchword::Connection::State. */
class QmlConnection : public QObject
{
    Q_OBJECT
    QML_NAMED_ELEMENT(Connection)
    QML_UNCREATABLE("Take it from Client.connection")

public:
    enum State { Disconnected, Connecting, Ready, Waiting, Closing };
    Q_ENUM(State)
};
static_assert(int(QmlConnection::Closing) == int(Watchword::Connection::State::Closing));
