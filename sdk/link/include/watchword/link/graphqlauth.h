// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/authstrategy.h"

namespace Watchword {

/*!
    GraphQL over WebSocket, subprotocol graphql-transport-ws: connection_init with the token in its payload, connection_ack,
    ping and pong in both directions, 44xx. Everything else ("next", "error", "complete") is the application's, which also
    sends its own "subscribe". Subscriptions end with their connection: subscribe again at every Connection::ready().

    4403 is what most servers say to a token that they do not take: it is refreshed once before a person is asked.
*/
class WATCHWORD_LINK_EXPORT GraphQlAuth : public AuthStrategy
{
public:
    //! \a member of the payload holds "Bearer <token>".
    explicit GraphQlAuth(QString member = QStringLiteral("Authorization"));

    Upgrade upgrade(const AccessToken &token) const override;
    QStringList afterUpgrade(const AccessToken &token) const override;
    bool awaitsReady() const override;
    Reading received(const QString &text) const override;
    std::optional<QString> ping(quint64 nonce) const override;
    void amend(ClosePolicy &policy) const override;

private:
    QString m_member;
};

} // namespace Watchword
