// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/passphrase.h"
#include "watchword/core/clock.h"
#include "watchword/core/random.h"

#include <QSslCertificate>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>
#include <utility>

namespace Watchword {

class NetworkHints;

/*! Where tokens are kept. There is no policy that writes them to a disk in plain text. */
enum class StoragePolicy {
    Keychain, //!< Encrypted file, key in the keychain. Without a keychain the session waits for one and says so.
    /*!
        The same, but where there is no keychain at all (KeychainUnavailable), tokens end with the program: storageDegraded() says
        so once. A locked keychain is waited for.
    */
    KeychainOrMemory,
    EncryptedFile, //!< Encrypted file, key in a second one that a passphrase opens; see SessionOptions::askPassphrase.
    MemoryOnly //!< Tokens end with the program; the person signs in at every start.
};

/*! How a person signs in. */
enum class SignInRoute {
    Automatic, //!< Browser where one can be seen; Device without a display or over SSH, if the provider offers it.
    Browser, //!< Authorization code and PKCE in the system browser, which comes back to a loopback port (RFC 8252).
    PrivateUseScheme, //!< The same, coming back by a URI scheme of the application; see Session::handleRedirect().
    Device //!< RFC 8628: a code and a link for another device; see Session::deviceSignIn().
};

/*! Whether the parameters of a sign-in go to the provider directly instead of through the browser (RFC 9126). */
enum class PushedAuthorization {
    WhenRequired, //!< When the provider's metadata demand it.
    WhenOffered,
    Always //!< For clients that the provider demands it of; without an endpoint the sign-in fails.
};

/*! Whether tokens are bound to a key of this account, so that a stolen one is worthless (RFC 9449, DPoP). */
enum class TokenBinding {
    None,
    WhenOffered, //!< When the provider's metadata offer it. The services must know DPoP, too.
    Required //!< A provider that answers with an unbound token is refused.
};

/*!
    Everything a Session needs to know. Only issuer and clientId are necessary (and keyStore for Keychain and
    KeychainOrMemory; Watchword::Client gives one by itself). The values are read when the Session is made.
*/
struct WATCHWORD_AUTH_EXPORT SessionOptions
{
    QUrl issuer{}; //!< Exactly as the provider writes it in its discovery document. https, see allowLoopbackHttp.
    QString clientId{}; //!< A public client (RFC 8252 section 8.4): there is no client secret.
    QStringList scopes = {QStringLiteral("openid"), QStringLiteral("offline_access")};
    QUrl resource{}; //!< RFC 8707: the service that the access token is for. Empty: not sent.
    QString account = QStringLiteral("default"); //!< Separates several accounts of one application.
    //! Names the keychain entry and the folder. Empty: organisation and name of QCoreApplication, or the client id without them.
    QString applicationId{};
    QString loginHint{}; //!< login_hint (OpenID Connect Core section 3.1.2.1); the person can still choose.
    StoragePolicy storage = StoragePolicy::Keychain;
    QString storageFolder{}; //!< Empty: AppDataLocation of QStandardPaths, and in it a folder of the application id.
    std::shared_ptr<KeyStore> keyStore{}; //!< Lives in the session's thread. Not used with MemoryOnly.
    AskPassphrase askPassphrase{}; //!< For StoragePolicy::EncryptedFile, where it is necessary.

    //! Ports to try for the redirect, for providers that compare it; empty: any free port, as RFC 8252 section 7.3 asks.
    QList<quint16> redirectPorts{};
    QString redirectPath = QStringLiteral("/callback"); //!< As registered at the provider.
    SignInRoute route = SignInRoute::Automatic;
    /*!
        For PrivateUseScheme: the whole redirect URI, as registered at the provider and in the operating system, such as
        "com.example.app:/callback" (RFC 8252 section 7.1). The application hands it to Session::handleRedirect().
    */
    QUrl privateUseRedirect{};
    PushedAuthorization pushedAuthorization = PushedAuthorization::WhenRequired;
    TokenBinding tokenBinding = TokenBinding::None;
    //! More parameters of the authorization request, for providers that want them. They cannot replace ours.
    QList<std::pair<QString, QString>> extraParameters{};

    QList<QSslCertificate> certificateAuthorities{}; //!< Only these are trusted; empty: those of the system.
    QList<QSslCertificate> additionalCertificateAuthorities{}; //!< Trusted beside them, or beside those of the system.
    /*!
        Opens the system browser and says whether that worked; empty: xdg-open, open or ShellExecute. Called in the
        session's thread. If it returns false the sign-in goes on, and signInUrl can be shown for copying. Where xdg-open finds no
        browser, which it tells later, eventLogged says the same: "signin.browser", "could not be opened; show the link".
    */
    std::function<bool(const QUrl &)> openBrowser{};

    /*!
        Null: nobody knows, and every refresh is tried when it is due. Watchword::Client gives systemNetworkHints(), unless the
        issuer is on a loopback address. Without a network planned refreshes are tried every five minutes only; when one comes
        back, one that is wanted is tried 0.5 to 3 s later. What an application asks for is always tried. Borrowed.
    */
    NetworkHints *networkHints = nullptr;
    Clock *clock = nullptr; //!< Null: the system's. Borrowed.
    RandomSource *random = nullptr; //!< Null: the system's. Only for delays. Borrowed.
    std::chrono::seconds signInTimeout{600};
    /*!
        So long the destructor of Session waits for the answer to a refresh that is on its way, if there is one: the provider may
       have taken the old refresh token already, and who leaves without the new one has to sign in again.
    */
    std::chrono::milliseconds destructionGrace{3000};
    /*!
        For providers that do not say how long an access token is good (expires_in, only RECOMMENDED by RFC 6749 section 5.1):
       take "exp" of the access token if it is a JWT. RFC 9068 section 6 tells clients not to look into access tokens, because
       their format is between provider and service and may change any day; so only for a provider whose tokens you know. Off,
        such a token is used until a service refuses it, and refreshed then.
    */
    bool lifetimeFromJwt = false;
    bool allowLoopbackHttp = false; //!< Lets the issuer be http:// on a loopback address, for development and tests.

    //! The same with what an empty applicationId, account and storageFolder, and a null clock and random, stand for.
    SessionOptions completed() const;
};

} // namespace Watchword
