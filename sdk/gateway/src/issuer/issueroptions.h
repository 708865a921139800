// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"

#include <QList>
#include <QString>
#include <QStringList>
#include <QUrl>

#include <chrono>
#include <optional>

namespace Watchword::Gateway {

/*! A person who can sign in at the embedded issuer. */
struct IssuerUser
{
    QString name; //!< What is typed on the login page; compared without case.
    QString subject; //!< "sub": stable, never reused.
    QString passwordHash; //!< By hashPassword() of watchword/jose/passwordhash.h.
    QStringList scopes; //!< The most that a token of this person can have, beside openid, offline_access and profile.
    bool isLocked = false; //!< Cannot sign in, and has no session.
    std::optional<WallTime> passwordChanged{}; //!< Sessions of before are over.
    friend bool operator==(const IssuerUser &, const IssuerUser &) = default;
};

/*! An app; a public client in the sense of RFC 6749 section 2.1: it has no secret, PKCE stands in. */
struct IssuerClient
{
    QString id;
    //! Compared exactly, but for the port of http://127.0.0.1 and http://[::1] (RFC 8252 section 7.3).
    QStringList redirectUris;
    QStringList postLogoutRedirectUris; //!< The same rule.
    QStringList scopes; //!< The most that it can ask for, beside openid, offline_access and profile.
};

/*! A server that may ask what tokens are worth (RFC 7662). */
struct IssuerResourceServer
{
    QString id;
    Secret secret;
};

/*! Brake on guessed passwords: after so many failures within the window further tries are refused unseen. A browser
    in which the user signed in before is not held up by what others do. */
struct SignInLimits
{
    int failuresPerUser = 5; //!< Of one user name from one address, or in one browser that is known for the user.
    int failuresPerAddress = 100; //!< Of one address, whatever the names.
    int failuresPerAccount = 100; //!< Of one user name, whatever the addresses.
    std::chrono::seconds window{300};
    std::chrono::milliseconds delay{0}; //!< Before the answer to a wrong password.
};

struct IssuerOptions
{
    QUrl url; //!< Empty: https://<address>:<port> of listen(). Set it when a name or a proxy stands before it.
    QString audience; //!< "aud" of access tokens; the only value that "resource" may have (RFC 8707).
    QList<IssuerUser> users;
    //! Of a UserFile whose users are there, too, and may change while the issuer runs. Empty: none.
    QString userFolder;
    QList<IssuerClient> clients;
    QList<IssuerResourceServer> resourceServers;
    std::chrono::seconds accessTokenLifetime{300};
    std::chrono::seconds refreshTokenLifetime{86'400}; //!< Of each one: a session that is not refreshed ends with it.
    std::chrono::seconds sessionLifetime{90 * 86'400}; //!< From the password on, however often it is refreshed.
    std::chrono::seconds codeLifetime{60};
    std::chrono::seconds requestLifetime{600}; //!< From /authorize to the password.
    //! How long the refresh token before the current one still works, for clients that lost an answer.
    std::chrono::seconds reuseGrace{0};
    std::chrono::hours keyLifetime{24 * 30}; //!< The next key is published one lifetime ahead.
    //! PEM keys of the issuer, made if missing, readable by the owner only. Empty: in memory.
    QString keyFile;
    //! SQLite file of sessions and refresh tokens (as hashes). Empty: in memory, a restart signs everybody out.
    QString stateFile;
    QString node; //!< For TokenRow::node.
    QStringList proxies; //!< As HttpLimits::sharedAddresses.
    SignInLimits signInLimits;
};

} // namespace Watchword::Gateway
