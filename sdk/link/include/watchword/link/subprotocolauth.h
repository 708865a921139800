// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/authstrategy.h"

namespace Watchword {

/*!
    The token as a subprotocol, as browsers have to do it: the prefix and then base64url of the token without padding. The
    server never chooses that one; offer another beside it in ConnectionOptions::subprotocols. Prefer the header where the
    server takes it: proxies may log this one.
*/
class WATCHWORD_LINK_EXPORT SubprotocolAuth : public AuthStrategy
{
public:
    //! The default is the one of Kubernetes; Watchword Gateway takes "watchword.bearer.", Phoenix "base64url.bearer.phx.".
    explicit SubprotocolAuth(QString prefix = QStringLiteral("base64url.bearer.authorization.k8s.io."));

    Upgrade upgrade(const AccessToken &token) const override;

private:
    QString m_prefix;
};

} // namespace Watchword
