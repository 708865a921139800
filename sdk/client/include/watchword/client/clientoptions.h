// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/sessionoptions.h"
#include "watchword/client/export.h"
#include "watchword/link/connectionoptions.h"

#include <QSslCertificate>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>

namespace Watchword {

/*! Where a Client keeps what it must not forget. Tokens are never written unencrypted. */
enum class ClientStorage {
    Keychain, //!< Encrypted file, its key in the keychain of the desktop. Without a keychain the Client says so.
    //! The same, but if there is no keychain at all, the sign-in lasts until the program ends; errorOccurred() says so.
    KeychainOrMemory,
    Memory //!< Until the program ends.
};

/*!
    What a Client needs to know, for designated initialisers. issuer, clientId and server are enough.
    Members of \a link that the Client sets itself (url, origin, certificateAuthorities, clock) are taken from here.
*/
struct WATCHWORD_CLIENT_EXPORT ClientOptions
{
    QUrl issuer{}; //!< As the OpenID provider states it, for example https://login.example.com
    QString clientId{}; //!< Public client (RFC 8252), registered with a loopback redirect URI.
    QStringList scopes{QStringLiteral("openid"), QStringLiteral("offline_access")};
    QUrl server{}; //!< wss://host/path
    QByteArray origin{}; //!< The Origin the application declares; empty sends none.
    QUrl resource{}; //!< RFC 8707: the service that the access token is for; empty: not sent.
    QString account = QStringLiteral("default"); //!< Tells accounts of one application apart in storage.
    QString applicationId{}; //!< Folder and keychain name; empty: the organisation and name of QCoreApplication.
    ClientStorage storage = ClientStorage::Keychain;
    QString storageFolder{}; //!< Empty: the application's data folder.
    std::shared_ptr<KeyStore> keyStore{}; //!< Empty: the keychain. Not used with ClientStorage::Memory.
    QList<QSslCertificate> certificateAuthorities{}; //!< Trusted beside those of the system, by issuer and server.
    std::function<bool(const QUrl &url)> openBrowser{}; //!< Empty: the system's browser.
    SignInRoute route = SignInRoute::Automatic; //!< Device and, without a display, Automatic: show session().deviceSignIn().
    QUrl privateUseRedirect{}; //!< For SignInRoute::PrivateUseScheme; give its URLs to session().handleRedirect().
    PushedAuthorization pushedAuthorization = PushedAuthorization::WhenRequired;
    TokenBinding tokenBinding = TokenBinding::None; //!< The server has to know DPoP (RFC 9449), too.
    ConnectionOptions link{}; //!< Timeouts, pins, policy, proxy.
    Clock *clock = nullptr; //!< Null: Clock::system(). Borrowed.
    bool allowLoopbackHttp = false; //!< Permits an http:// issuer on a loopback address, for development.
};

} // namespace Watchword
