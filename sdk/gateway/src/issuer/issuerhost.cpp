// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuerhost.h"

#include "gate/tlsfiles.h"
#include "issuer/configuredissuer.h"
#include "watch/watchtables.h"
#include "watchword/core/watchrows.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

TokenEnd tokenEndOf(const QString &name)
{
    for (const TokenEnd end : {TokenEnd::Replaced, TokenEnd::Expired, TokenEnd::Revoked, TokenEnd::SignedOut, TokenEnd::Reused}) {
        if (wireName(end) == name)
            return end;
    }
    return TokenEnd::Unknown;
}

} // namespace

IssuerHost::IssuerHost(AuditLog &audit, WatchTables &tables, Clock &clock)
    : m_audit(audit)
    , m_tables(tables)
    , m_clock(clock)
{
}

IssuerHost::~IssuerHost() = default;

Result<void> IssuerHost::open(const GatewayConfig &config, Net::ReactorPool *pool)
{
    const EmbeddedIssuerConfig &embedded = *config.embeddedIssuer;
    const Result<QSslConfiguration> tls = readTlsConfiguration(config.listen);
    if (!tls)
        return tls.error();
    Result<std::unique_ptr<Issuer>> created =
        Issuer::create(issuerOptions(embedded, config.node, config.trustedProxies), m_audit, m_clock);
    if (!created)
        return created.error();
    m_issuer = std::move(created).value();
    if (const Result<void> listening = m_issuer->listen(embedded.address, embedded.port, *tls, pool); !listening)
        return listening.error();
    m_issuer->setFindClient(m_findClient);
    fillTables();
    return {};
}

void IssuerHost::fillTables()
{
    connect(m_issuer.get(), &Issuer::tokenIssued, this, [this](TokenRow row) {
        if (row.kind == TokenKind::Access && row.issued && row.exp && !row.refreshAt)
            row.refreshAt = *row.issued + (*row.exp - *row.issued) * 4 / 5;
        m_tables.putToken(row);
    });
    connect(m_issuer.get(), &Issuer::tokenEnded, this,
            [this](const QString &id, const QString &end) { m_tables.endToken(id, tokenEndOf(end), m_clock.wallNow()); });
    connect(m_issuer.get(), &Issuer::sessionRevoked, this, [this](const QString &sessionId) {
        m_tables.endTokensOfSession(sessionId, TokenEnd::Revoked, m_clock.wallNow());
        Lock ended;
        ended.mode = Lock::Mode::Revoked;
        ended.target = {LockTarget::Kind::Session, m_issuer->identifier(), sessionId};
        Q_EMIT sessionEnded(ended);
    });
}

} // namespace Watchword::Gateway
