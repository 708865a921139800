// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issuer.h"
#include "lock/lock.h"
#include "watchword/gateway/gatewayconfig.h"

namespace Watchword::Gateway {

class WatchTables;

/*!
    The embedded issuer inside of a gateway: made from its configuration, with its tokens in the tables of the monitors.

    Life cycle: construct, open() once, destroy; issuer() after open() only. Threads: one. Ownership: owns the issuer, borrows the
    rest. Errors: those of Issuer, and of the gateway's certificate.
*/
class IssuerHost : public QObject
{
    Q_OBJECT

public:
    IssuerHost(AuditLog &audit, WatchTables &tables, Clock &clock);
    ~IssuerHost() override;

    void setFindClient(Issuer::FindClient find) { m_findClient = std::move(find); } //!< Before open().
    //! Creates the issuer of \a config, which has one, and listens. \a pool outlives it.
    Result<void> open(const GatewayConfig &config, Net::ReactorPool *pool);
    Issuer &issuer() { return *m_issuer; }

Q_SIGNALS:
    void sessionEnded(const Watchword::Gateway::Lock &ended); //!< Whom it concerns is to be cut; the issuer remembers it.

private:
    void fillTables();

    AuditLog &m_audit;
    WatchTables &m_tables;
    Clock &m_clock;
    Issuer::FindClient m_findClient;
    std::unique_ptr<Issuer> m_issuer;
};

} // namespace Watchword::Gateway
