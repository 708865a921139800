// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/gatewayprocess.h"

namespace Bench {

/*! The gateway program with an endpoint without limits, and tokens.txt: access tokens of so many users, one a line. */
class GatewaySite : public Support::GatewayProcess
{
public:
    //! \a serves is "serves = ..." or "upstream = ..." of the endpoint; \a listen is added to [listen]. Unless that says so,
    //! there is no limit of handshakes of one address: all clients come from this machine.
    bool prepare(int users, const QByteArray &serves = "serves = \"echo\"", const QByteArray &listen = {});
    qint64 pid() { return process().processId(); }
    QString issuerUrl() const { return issuerValue("url"); }
    QString audience() const { return issuerValue("audience"); }

private:
    bool addToListen(const QByteArray &lines) const;
    QString issuerValue(const QByteArray &key) const;
};

} // namespace Bench
