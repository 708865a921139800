// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/controlframes.h"
#include "watchword/core/clock.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/frame.h"

#include <QJsonObject>
#include <QString>

namespace Watchword::Gateway {

//! How a connection ends, and what its last "bye" says.
struct PeerClose
{
    CloseCode code = CloseCode::GoingAway;
    QString reason{}; //!< Of the close frame; empty: the name of the code.
    QString text{}; //!< "reason" of the "bye", for people; empty: the close reason.
    Duration after{};
    QString ref{}; //!< Audit id.
    QString auditReason{}; //!< reason_code of conn.closed; empty: the name of the code.
    QJsonObject members{}; //!< More members of the "bye".
};

//! "until", and "after_ms" by it: before that there is no sense in coming back.
void setUntil(PeerClose &close, WallTime until, WallTime now);
Frame byeOf(const PeerClose &close);
//! Of a fault of the peer that its reactor found: without the id of an event, which is written later.
Frame byeOf(const Net::WebSocketEnd &fault);

} // namespace Watchword::Gateway
