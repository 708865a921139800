// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/hub.h"
#include "lock/addressrange.h"
#include "lock/lock.h"

namespace Watchword::Gateway {

/*! Somebody who is or was there. */
struct Presence
{
    Identity identity;
    QHostAddress address;
};

/*! What the gateway knows when a lock is asked for. */
struct LockScene
{
    Presence you; //!< Who asks.
    QList<Presence> operators{}; //!< Others that are connected, watch, or used the API lately.
    QList<LiveConnection> connections{};
    QList<AddressRange> lockedAddresses{}; //!< Of the locks that hold.
    QHostAddress server{}; //!< Where the API is reached.
};

/*!
    Whom a lock would keep out: so that nobody shuts out everybody, or the operators, by a slip of the hand. Several locks of
    addresses are judged by what they cover together. Threads: reentrant value.
*/
struct WATCHWORD_TEST_EXPORT LockReach
{
    //! Words of openapi.json: "you", "an_operator", "this_machine", "every_address", "many_addresses", "everybody_connected".
    QStringList covers;
    QStringList connections; //!< Ids of those that end.

    static LockReach of(const Lock &lock, const LockScene &scene);
    bool needsFreshSignIn() const { return !covers.isEmpty(); }
    QString toText(const Lock &lock) const; //!< A sentence for people; empty where nothing is special.
};

} // namespace Watchword::Gateway
