// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/accountstore.h"
#include "session/correctedclock.h"
#include "watchword/auth/session.h"

namespace Watchword {

/*! Session::explain() and explainJson(): what is known of a session, without secrets; the person appears as a fingerprint. */
class SessionReport
{
public:
    //! What the session does not tell by its properties.
    struct Inside
    {
        const TokenSet &tokens;
        const CorrectedClock &clock;
        int lockWaits;
        Duration longestLockWait;
        enum class Store { Encrypted, Memory } store; //!< Where the tokens are.
    };

    SessionReport(const Session &session, const Inside &inside)
        : m_session(session)
        , m_inside(inside)
    {
    }

    QJsonObject json() const;
    QString text() const;

private:
    QJsonObject options() const;
    QJsonObject tokens() const;
    QStringList summary(const QJsonObject &json) const;

    const Session &m_session;
    Inside m_inside;
};

} // namespace Watchword
