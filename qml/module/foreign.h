// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"
#include "watchword/link/connection.h"

#include <qqml.h>

/*! `Session` in QML: the properties, slots and states of Watchword::Session, to be had from Client.session. */
struct ForeignSession
{
    Q_GADGET
    QML_FOREIGN(Watchword::Session)
    QML_NAMED_ELEMENT(Session)
    QML_UNCREATABLE("Take it from Client.session")
};

/*! `Connection` in QML: the properties, slots and states of Watchword::Connection, from Client.connection. */
struct ForeignConnection
{
    Q_GADGET
    QML_FOREIGN(Watchword::Connection)
    QML_NAMED_ELEMENT(Connection)
    QML_UNCREATABLE("Take it from Client.connection")
};
