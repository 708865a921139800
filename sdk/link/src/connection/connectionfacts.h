// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/connectioncontext.h"

#include "watchword/link/connection.h"

namespace Watchword {

/*! What a Connection can be asked about. All of it changes at once, before anything of a step is done or told. */
struct WATCHWORD_TEST_EXPORT ConnectionFacts
{
    Connection::State state = Connection::State::Disconnected;
    Error lastError{ErrorCode::Cancelled};
    QDateTime nextRetryAt{};
    int attempt = 0;
    qint64 rttMs = -1;
    QDateTime tokenExpiresAt{};
    bool watchword = false;
    QString subprotocol{};

    //! What the machine decided is true from now on, here, in the records of the attempts and in the links.
    void note(const ConnectionMachine::Actions &actions, ConnectionContext &context);
    void noteNegotiated(const Link &current);
    void tellChanges(const ConnectionFacts &before, Connection &whose) const; //!< All but the state's.
    QString explain(const ConnectionMetrics &metrics, const QList<AttemptRecord> &attempts) const; //!< English.
};

} // namespace Watchword
