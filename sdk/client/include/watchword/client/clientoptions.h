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
#include <utility>

namespace Watchword {

/*!
    Everything a Client needs to know, for designated initialisers. issuer, clientId and server are enough.

    Every option of Session and Connection can be set: those of the session here, those of the connection in \a connection. A
   member means the same as the one of that name in SessionOptions or ConnectionOptions; see there for the details.

    The certificate authorities, clock, random and networkHints hold for both. What is set in \a connection holds for the
   connection instead (additionalCertificateAuthorities: too). The same is true of origin, and of server, which is called url
   there.
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
    //! Names the keychain entry and the folder. Empty: organisation and name of QCoreApplication, or the client id without them.
    QString applicationId{};

    StoragePolicy storage = StoragePolicy::Keychain;
    QString storageFolder{}; //!< Empty: the application's data folder, and in it a folder of the application id.
    std::shared_ptr<KeyStore> keyStore{}; //!< Empty: the desktop's keychain. Not used with MemoryOnly.
    AskPassphrase askPassphrase{}; //!< For StoragePolicy::EncryptedFile, where it is necessary.

    //! Of the provider and of the server. Only these are trusted; empty: those of the system.
    QList<QSslCertificate> certificateAuthorities{};
    QList<QSslCertificate> additionalCertificateAuthorities{}; //!< Trusted beside them, or beside those of the system.

    std::function<bool(const QUrl &url)> openBrowser{}; //!< Empty: the system's browser.
    SignInRoute route = SignInRoute::Automatic; //!< Device and, without a display, Automatic: show session().deviceSignIn().
    QUrl privateUseRedirect{}; //!< For SignInRoute::PrivateUseScheme; give its URLs to session().handleRedirect().
    QList<quint16> redirectPorts{}; //!< Ports to try for the redirect; empty: any free one.
    QString redirectPath = QStringLiteral("/callback"); //!< As registered at the provider.
    QString loginHint{}; //!< Who will probably sign in; the person can still choose.
    QList<std::pair<QString, QString>> extraParameters{}; //!< Of the authorization request. They cannot replace ours.
    PushedAuthorization pushedAuthorization = PushedAuthorization::WhenRequired;
    std::chrono::seconds signInTimeout{600}; //!< For the person, from signIn() on.

    TokenBinding tokenBinding = TokenBinding::None; //!< The server has to know DPoP (RFC 9449), too.
    bool lifetimeFromJwt = false; //!< For providers that leave expires_in out; see SessionOptions.
    std::chrono::milliseconds destructionGrace{3000}; //!< How long the destructor waits for a refresh that is on its way.
    bool allowLoopbackHttp = false; //!< Permits an http:// issuer on a loopback address, for development.

    ConnectionOptions connection{}; //!< Timeouts, pins, policies, proxy, queues.

    NetworkHints *networkHints = nullptr; //!< Null: systemNetworkHints(), unless on loopback. Borrowed.
    Clock *clock = nullptr; //!< Null: Clock::system(). Borrowed.
    RandomSource *random = nullptr; //!< Null: RandomSource::system(). Borrowed.

    //! What Client::session() is made with, apart from the keychain as keyStore. Accounts::stored() takes it.
    SessionOptions sessionOptions() const;
    ConnectionOptions connectionOptions() const; //!< What Client::connection() is made with.
};

} // namespace Watchword
