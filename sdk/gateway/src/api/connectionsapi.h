// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/apirequest.h"
#include "endpoint/hub.h"

#include <deque>

namespace Watchword::Gateway {

class AuditLog;

/*!
    /v1/connections: lists what is connected, and ends what a selector names; see sdk/docs/openapi.json. Every ending is in the
   audit with the operator's name before it is done, and is not done where that cannot be.

    "per_second" paces: the rest is ended from a timer, and ends with this object. Threads: one. Ownership: borrows all.
*/
class ConnectionsApi : public QObject
{
    Q_OBJECT

public:
    ConnectionsApi(Hub &hub, AuditLog &audit, Clock &clock);

    std::optional<HttpResponse> answer(const ApiRequest &request); //!< Nothing: none of its paths.

private:
    struct Paced
    {
        std::deque<QString> ids;
        int perTurn = 1;
        int code = 0;
        QString reason;
        Duration after{};
        Identity by;
    };

    HttpResponse list(const ApiRequest &request) const;
    HttpResponse show(const ApiRequest &request) const;
    HttpResponse disconnect(const ApiRequest &request);
    bool record(const ApiRequest &request, const ApiReason &reason, const QStringList &ids, int code);
    void takeTurn();

    Hub &m_hub;
    AuditLog &m_audit;
    Clock &m_clock;
    Alarm m_turn;
    std::deque<Paced> m_paced;
};

} // namespace Watchword::Gateway
