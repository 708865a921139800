// SPDX-License-Identifier: Apache-2.0
#include "session/idtokenexaminer.h"

#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

IdTokenExaminer::IdTokenExaminer(Provider &provider, CorrectedClock &clock, const SessionMachine &machine,
                                 SessionEvents::Report report)
    : m_provider(provider)
    , m_clock(clock)
    , m_machine(machine)
    , m_report(std::move(report))
{
}

// Not if there was a later refresh, or nobody is signed in any more.
bool IdTokenExaminer::isOfTokens(quint64 generation) const
{
    return m_machine.held() && m_machine.tokens().generation == generation;
}

void IdTokenExaminer::examine(const Secret &idToken)
{
    m_provider.metadata([this, idToken, generation = m_machine.tokens().generation](const Result<ProviderMetadata> &metadata) {
        if (!isOfTokens(generation))
            return;
        if (metadata)
            examineWith(idToken, generation, *metadata, 1);
        else
            Q_EMIT noted(u"idtoken.unverified"_s, metadata.error().toString());
    });
}

Result<IdTokenClaims> IdTokenExaminer::verify(const Secret &idToken, const ProviderMetadata &metadata, const JwkSet &keys) const
{
    const TokenSet &tokens = m_machine.tokens();
    IdTokenExpectation expected;
    expected.issuer = tokens.issuer;
    expected.clientId = tokens.clientId;
    expected.subject = tokens.subject;
    expected.providerAlgorithms = metadata.idTokenAlgorithms;
    expected.predecessor = tokens.idToken;
    if (tokens.sentAt)
        expected.askedAt = m_clock.now() - (m_clock.instant() - *tokens.sentAt);
    return verifyRefreshedIdToken(idToken, tokens.accessToken, keys, expected, m_clock.now());
}

void IdTokenExaminer::examineWith(const Secret &idToken, quint64 generation, const ProviderMetadata &metadata, int attempt)
{
    m_provider.keys([=, this](const Result<JwkSet> &keys) {
        if (!isOfTokens(generation))
            return;
        if (!keys) {
            Q_EMIT noted(u"idtoken.unverified"_s, keys.error().toString());
            return;
        }
        const Result<IdTokenClaims> claims = verify(idToken, metadata, *keys);
        if (claims)
            return m_report(SessionEvents::IdTokenVerified{generation, idToken, claims->accountName});
        const ErrorCode code = claims.error().code();
        if (attempt < 2 && (code == ErrorCode::UnknownKey || code == ErrorCode::BadSignature))
            return examineWith(idToken, generation, metadata, attempt + 1); // the keys may have been changed just now
        Q_EMIT noted(u"idtoken.refused"_s, claims.error().toString());
        qCWarning(logAuth).noquote() << "the provider gave a bad ID token with a refresh:" << claims.error().toString();
    });
}

} // namespace Watchword
