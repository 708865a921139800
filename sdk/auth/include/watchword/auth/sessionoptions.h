// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/keystore.h"
#include "watchword/core/clock.h"
#include "watchword/core/random.h"

#include <QSslCertificate>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>
#include <utility>

namespace Watchword {

/*! Where a session keeps its tokens. There is no policy that writes them to a disk in plain text. */
enum class StoragePolicy {
    Require, //!< Encrypted file, key in the keychain; without a keychain the session waits for one and says so.
    MemoryOnly //!< Tokens end with the program; the person signs in at every start.
};

/*!
    Everything a Session needs to know. Only issuer and clientId are necessary (and keyStore for StoragePolicy::Require;
    Watchword::Client gives one by itself). The values are read when the Session is made.
*/
struct WATCHWORD_AUTH_EXPORT SessionOptions
{
    QUrl issuer; //!< Exactly as the provider writes it in its discovery document. https, see allowLoopbackHttp.
    QString clientId; //!< A public client (RFC 8252 section 8.4): there is no client secret.
    QStringList scopes = {QStringLiteral("openid"), QStringLiteral("offline_access")};
    QUrl resource; //!< RFC 8707: the service that the access token is for. Empty: not sent.
    QString account = QStringLiteral("default"); //!< Separates several accounts of one application.
    QString applicationId; //!< Names the keychain entry and the folder; the client id if empty.
    QString loginHint; //!< login_hint (OpenID Connect Core section 3.1.2.1); the person can still choose.
    StoragePolicy storage = StoragePolicy::Require;

    //! Ports to try for the redirect, for providers that compare it; empty: any free port, as RFC 8252 section 7.3 asks.
    QList<quint16> redirectPorts;
    QString redirectPath = QStringLiteral("/callback"); //!< As registered at the provider.
    //! More parameters of the authorization request, for providers that want them. They cannot replace ours.
    QList<std::pair<QString, QString>> extraParameters;

    QList<QSslCertificate> certificateAuthorities; //!< Empty: those of the system. Otherwise only these are trusted.
    QString dataFolder; //!< Empty: AppDataLocation of QStandardPaths, and in it a folder of the application id.
    /*!
        Opens the system browser and says whether that worked; empty: xdg-open, open or ShellExecute. Called in the
        session's thread. If it returns false the sign-in goes on, and signInUrl can be shown for copying.
    */
    std::function<bool(const QUrl &)> openBrowser;

    Clock *clock = nullptr; //!< Null: the system's. Borrowed.
    RandomSource *random = nullptr; //!< Null: the system's. Only for delays. Borrowed.
    std::shared_ptr<KeyStore> keyStore; //!< Lives in the session's thread. Not used with MemoryOnly.
    std::chrono::seconds signInTimeout {600};
    bool allowLoopbackHttp = false; //!< Lets the issuer be http:// on a loopback address, for development and tests.
};

} // namespace Watchword
