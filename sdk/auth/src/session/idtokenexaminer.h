// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/provider.h"
#include "session/sessionmachine.h"

namespace Watchword {

/*!
    Verifies an ID token that came with a refresh (OpenID Connect Core section 12.2). The tokens beside it are saved and in use by
    then. It is kept if it is good, and reported by IdTokenVerified; if it is not, that is said, and the one before it stays.
*/
class IdTokenExaminer : public QObject
{
    Q_OBJECT

public:
    //! Everything outlives it.
    IdTokenExaminer(Provider &provider, CorrectedClock &clock, const SessionMachine &machine, SessionEvents::Report report);

    void examine(const Secret &idToken);

Q_SIGNALS:
    void noted(const QString &what, const QString &detail);

private:
    void examineWith(const Secret &idToken, quint64 generation, const ProviderMetadata &metadata, int attempt);
    Result<IdTokenClaims> verify(const Secret &idToken, const ProviderMetadata &metadata, const JwkSet &keys) const;
    bool isOfTokens(quint64 generation) const;

    Provider &m_provider;
    CorrectedClock &m_clock;
    const SessionMachine &m_machine;
    SessionEvents::Report m_report;
};

} // namespace Watchword
