// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/authstrategy.h"

namespace Watchword {

/*!
    Centrifugo's JSON protocol (client protocol 2): connect with the token, refresh on the live connection before the "ttl"
    of the server ends, and the empty object as ping and pong. Several replies in one message, divided by LF, are taken
    apart; those that are not about the connection are the application's. So are the application's commands, with ids
    below 4,000,000,000.
*/
class WATCHWORD_LINK_EXPORT CentrifugoAuth : public AuthStrategy
{
public:
    static constexpr qint64 kConnectId = 4'000'000'001;
    static constexpr qint64 kRefreshId = 4'000'000'002;

    Upgrade upgrade(const AccessToken &token) const override;
    QStringList afterUpgrade(const AccessToken &token) const override;
    bool awaitsReady() const override;
    Reading received(const QString &text) const override;
    std::optional<QString> renewal(const AccessToken &token) const override;
    void amend(ClosePolicy &policy) const override;
};

} // namespace Watchword
