// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loadprocess.h"
#include "nginxsite.h"

namespace Bench {

/*! An echo of frames as the upstream, the gateway before it, and nginx before it when it is asked for. */
class RelaySite
{
public:
    //! One reactor by default, as nginx has one worker process. \a listen is added to [listen]. Each of \a users has one token:
    //! with fewer users than connections these come back with tokens that the gateway knows.
    bool prepare(int threads = 1, const QByteArray &listen = {}, int users = 200);
    bool startNginx() { return m_nginx.start(m_gateway, m_upstream->port()); }

    LoadOptions toGateway() const;
    LoadOptions toNginx() const;
    GatewaySite &gateway() { return m_gateway; }
    NginxSite &nginx() { return m_nginx; }

private:
    std::unique_ptr<PeerServer> m_upstream;
    GatewaySite m_gateway;
    NginxSite m_nginx;
};

} // namespace Bench
