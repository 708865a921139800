// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpmessage.h"
#include "issuer/issueroptions.h"
#include "issuer/sessionstore.h"
#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/core/watchrows.h"
#include "watchword/jose/jwkset.h"

#include <QObject>

#include <functional>
#include <memory>

class QHostAddress;
class QSslConfiguration;

namespace Watchword::Gateway {

class AuditLog;
class FailedAuth;
namespace Net {
class ReactorPool;
}

/*!
    The embedded OpenID provider of one machine: code flow with PKCE, sign-in by another device (RFC 8628), refresh tokens with
   rotation and reuse detection, revocation, RP-initiated logout. Production names an existing issuer instead.

    Endpoints (all HTTPS): /.well-known/openid-configuration, /jwks, /authorize, /login, /token, /revoke, /logout, /introspect,
    /device_authorization, /device (DeviceEndpoint),
    and /account, where a person sees the apps that are signed in, and ends their sessions; it asks for the password, too.
    GET /authorize answers 303 to /login?request=ID, a page with one form: POST /login with the fields "request", "csrf",
    "username" and "password"; the right password answers 303 to the redirect URI with "code", "state" and "iss". There is no
    login cookie: every authorization asks for the password, so prompt=none is login_required and max_age always holds.
    Apps are public clients; only servers that ask about tokens have a secret (IntrospectionEndpoint). The gateway reads
    isRevoked() directly.

    Access tokens are JWTs (RFC 9068: typ "at+jwt", ES256). Refresh tokens are opaque, 256 bits, kept as SHA-256; what
    was issued is committed to the state file before it is answered, so that a restart loses no session.
    A spent refresh token that comes again, or a code that comes twice, revokes the whole session.

    Life cycle: create(), listen() once, destroy. Threads: the one it was created in; passwords are checked in workers.
    Ownership: borrows \a audit and \a clock. Errors: create() names the user, client or file that is wrong.
*/
class WATCHWORD_TEST_EXPORT Issuer : public QObject
{
    Q_OBJECT

public:
    static Result<std::unique_ptr<Issuer>> create(const IssuerOptions &options, AuditLog &audit, Clock &clock);
    ~Issuer() override;

    //! As HttpServer::listen(). \a pool outlives the issuer.
    Result<void> listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls,
                        Net::ReactorPool *pool = nullptr);
    Result<void> setTlsConfiguration(const QSslConfiguration &tls); //!< For new connections.
    //! Puts the client's address in place of that of a trusted proxy, for the audit and for the brake of sign-ins.
    using FindClient = std::function<void(HttpRequest &request)>;
    void setFindClient(FindClient find);
    //! Where refused codes, refresh tokens and clients are counted; it outlives the issuer. Null: they are not limited.
    void setFailedAuth(FailedAuth *failures);
    QUrl url() const; //!< The issuer identifier, without a slash at the end; empty before listen() unless configured.
    QString identifier() const; //!< The text of url(), as "iss" has it.
    quint16 port() const; //!< Of the server; 0 before listen().
    QMap<QByteArray, quint64> droppedSockets() const; //!< As HttpServer::droppedSockets().
    JwkSet publicKeys() const; //!< As published at /jwks.

    //! True for a session or token that was ended before its time. Cheap: looked up for each handshake.
    bool isRevoked(const QString &sessionId, const QString &tokenId) const;
    //! Ends the session with all its tokens; returns how many refresh tokens that were still good went with it, or 0 for
    //! a session that is unknown or ended already.
    int revokeSession(const QString &sessionId, const QString &reason);

    QList<SessionRecord> openSessions() const; //!< Those that can still get or use a token.

Q_SIGNALS:
    //! For access and refresh tokens. refreshAt is not known here.
    void tokenIssued(const Watchword::TokenRow &token);
    void tokenEnded(const QString &id, const QString &end); //!< \a end as in TokenRow: "replaced", "revoked", ...
    void sessionRevoked(const QString &sessionId); //!< Every connection of it must go.
    void keysChanged(); //!< publicKeys() changed.

private:
    class Private;
    explicit Issuer(std::unique_ptr<Private> priv);
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
