// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gatewaysite.h"

#include <memory>

namespace Bench {

/*!
    nginx as a team would take it instead: it ends TLS 1.3 with the gateway's certificate and passes WebSocket on. At "/" it
    lets everybody in; at "/verified" it asks a JWT verifier of Node.js first (auth_request). One process, which writes an
    access log.
*/
class NginxSite
{
public:
    //! False, with a word on stderr, if nginx or Node.js cannot be had.
    bool start(const GatewaySite &site, quint16 upstream);

    quint16 port() const { return m_port; }
    qint64 pid() { return m_nginx->process().processId(); }
    qint64 verifierPid() { return m_verifier->process().processId(); }

private:
    bool writeConfiguration(const GatewaySite &site, quint16 upstream, const QString &verifier) const;

    std::unique_ptr<Support::ReadyProcess> m_verifier;
    std::unique_ptr<Support::ReadyProcess> m_nginx;
    quint16 m_port = 0;
};

} // namespace Bench
