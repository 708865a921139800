// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/tokenset.h"
#include "watchword/link/export.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace Watchword {

/*!
    How a server that does not speak watchword.v1 wants to get the token, and how it talks about the connection itself.
    Give one in ConnectionOptions::strategy; without one the token travels in the Authorization header and frames are
    untouched. Where a server chooses watchword.v1 after all, only upgrade() is used.

    An implementation is a set of pure functions: what to send, and what an incoming text means. Everything that keeps time,
    retries or decides stays with the Connection. received() meets the network: it must be total and must not trust.

    Threads: const and without state, so any. Ownership: shared. Errors: as Notice::Kind::Refused.
*/
class WATCHWORD_LINK_EXPORT AuthStrategy
{
public:
    /*! How the token travels in the upgrade request. */
    struct Upgrade
    {
        bool bearerHeader = true; //!< In Authorization.
        QStringList subprotocols{}; //!< Offered before ConnectionOptions::subprotocols; may hold the encoded token.
    };
    /*! What an incoming text, or a part of it, says about the connection. */
    struct Notice
    {
        enum class Kind {
            Ready, //!< The server accepted the token. Before it nothing of the application is sent.
            Pong, //!< The answer to ping() with that nonce; 0 if the server does not repeat it.
            Reply, //!< \a text is to be sent back at once.
            Renewed, //!< The answer to renewal().
            RenewalRefused, //!< The same, with \a code.
            Refused //!< The connection ends as if the server had closed it with \a code.
        };
        Kind kind = Kind::Ready;
        QString text{};
        quint64 nonce = 0;
        int code = 0; //!< A close code of the policy's table.
        QString reason{}; //!< Of the server, for the log.
        std::optional<Duration> tokenLifetime{}; //!< Ready and Renewed: how long the server will accept the token.
        std::optional<Duration> heartbeat{}; //!< Ready: what the server expects.
    };
    struct Reading
    {
        std::vector<Notice> notices{};
        std::optional<QString> application{}; //!< What is left for the application; empty: nothing.
    };

    AuthStrategy() = default;
    virtual ~AuthStrategy();
    AuthStrategy(const AuthStrategy &) = delete;
    AuthStrategy &operator=(const AuthStrategy &) = delete;

    virtual Upgrade upgrade(const AccessToken &token) const; //!< Default: the Authorization header.
    virtual QStringList afterUpgrade(const AccessToken &token) const; //!< Sent right after the 101. Default: nothing.
    virtual bool awaitsReady() const; //!< False (the default): the connection is in use after afterUpgrade().
    virtual Reading received(const QString &text) const; //!< Default: all for the application.
    virtual std::optional<QString> ping(quint64 nonce) const; //!< Default: none; WebSocket pings are used.
    //! What renews the token on the live connection; empty (the default): it lives as long as the server lets it.
    virtual std::optional<QString> renewal(const AccessToken &token) const;
    virtual void amend(ClosePolicy &policy) const; //!< Close codes of this protocol. Applied over the options' table.
};

} // namespace Watchword
