// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"
#include "http/httpserver.h"
#include "issuer/issuer.h"
#include "issuer/keyring.h"
#include "issuer/loginpage.h"
#include "issuer/sessionbook.h"
#include "issuer/signinbrake.h"

#include <QThreadPool>
#include <QTimer>

namespace Watchword::Gateway {

/*! Between GET /authorize and the password. */
struct PendingSignIn
{
    QString id;
    QString csrf;
    QString clientId;
    QString redirectUri;
    QString state;
    QString nonce;
    QString challenge;
    QString loginHint;
    QStringList scopes;
    WallTime expires{};
    bool checking = false; //!< A worker is at its password.
};

/*! Somebody who gave the password at /account, and looks at the sessions. */
struct AccountVisit
{
    QString name; //!< Of the user.
    WallTime expires{};
};

/*! An authorization code between the redirect and /token; found by the code's hash. */
struct CodeGrant
{
    QString sessionId;
    QString subject;
    QString name;
    QString clientId;
    QString redirectUri;
    QString nonce;
    QString challenge;
    QStringList scopes;
    WallTime authTime{};
    WallTime expires{};
    bool spent = false;
};

/*! What an answer of /token is made of. */
struct TokenGrant
{
    SessionRecord session;
    QStringList scopes; //!< Of this access token.
    QString nonce;
    Secret refreshToken; //!< Empty: none.
    QString previousAccess;
    QString previousRefresh;
};

class Issuer::Private
{
public:
    Private(Issuer *issuer, const IssuerOptions &o, AuditLog &a, Clock &c);
    ~Private();

    Result<void> checkOptions() const;
    Result<void> open();
    void route(const HttpRequest &request, const HttpServer::Responder &respond);
    void upkeep();
    void endSessionsOfRemovedUsers(); //!< Who is not among the users any more has no session, either.

    // issuer_authorization.cpp
    HttpResponse authorize(const HttpRequest &request);
    HttpResponse authorizeKnownClient(const FormFields &fields, const IssuerClient &client, const QString &redirectUri);
    HttpResponse showLogin(const HttpRequest &request);
    void postLogin(const HttpRequest &request, const HttpServer::Responder &respond);
    //! Calls \a finish in this thread with whether \a password is that of \a user; null takes as long, and is false.
    void checkPasswordLater(const IssuerUser *user, Secret password, const std::function<void(bool)> &finish);
    HttpResponse passwordChecked(const QString &pending, const IssuerUser *user, const QString &name, bool good,
                                 const HttpRequest &request);
    HttpResponse signedIn(const PendingSignIn &pending, const IssuerUser &user, const HttpRequest &request);
    HttpResponse signInRefused(const PendingSignIn &pending, const IssuerUser *user, const QString &name, const QString &reason,
                               const HttpRequest &request);
    LoginForm loginForm(const PendingSignIn &pending, const QString &username, const QString &problem) const;
    HttpResponse authorizationError(const QString &redirectUri, const QString &state, const QString &error,
                                    const QString &description) const;

    //! Tells the audit; true if it was one too many.
    bool auditFailedSignIn(const IssuerUser *user, const QString &clientId, const QString &reason, const HttpRequest &request);

    // issuer_account.cpp
    HttpResponse showAccount() const;
    void postAccount(const HttpRequest &request, const HttpServer::Responder &respond);
    HttpResponse accountPasswordChecked(const IssuerUser *user, const QString &name, bool good, const HttpRequest &request);
    HttpResponse listSessions(const QString &ticket, const IssuerUser &user, const QString &note) const;
    HttpResponse endFromAccount(const HttpRequest &request);

    // issuer_token.cpp
    HttpResponse token(const HttpRequest &request);
    HttpResponse redeemCode(const FormFields &fields, const IssuerClient &client, const HttpRequest &request);
    HttpResponse refresh(const FormFields &fields, const IssuerClient &client, const HttpRequest &request);
    HttpResponse rotate(const SessionRecord &session, const Secret &presented, const QStringList &scopes,
                        const HttpRequest &request);
    HttpResponse answer(TokenGrant grant, const QString &auditType, const HttpRequest &request);
    void announce(const TokenGrant &grant, WallTime now); //!< Tells the watch tables of tokens that came and went.
    Result<QByteArray> signAccessToken(const TokenGrant &grant, WallTime now) const;
    Result<QByteArray> signIdToken(const TokenGrant &grant, QByteArrayView accessToken, WallTime now) const;
    HttpResponse refusedGrant(const SessionRecord &session, const QString &reason, const Secret &presented,
                              const HttpRequest &request);
    HttpResponse tokenError(const QString &error, const QString &description, int status = 400) const;

    // issuer_signout.cpp
    HttpResponse revoke(const HttpRequest &request);
    HttpResponse logout(const HttpRequest &request);
    int endSession(const QString &sessionId, const QString &reason, const QString &end, const QString &initiator);

    // issuer.cpp
    HttpResponse metadata() const;
    HttpResponse keys() const;
    const IssuerClient *client(const QString &id) const;
    const IssuerUser *user(const QString &name) const;
    QString issuerUrl() const;
    QStringList allowedScopes(const QStringList &wanted, const QStringList &most) const;
    void audit(AuditEntry entry, const HttpRequest *request);
    QJsonObject actor(const QString &subject, const QString &name, const QString &clientId) const;
    QJsonObject sessionJson(const SessionRecord &session) const;
    //! The public client that sent \a request, or the answer that refuses it.
    const IssuerClient *publicClient(const HttpRequest &request, const FormFields &fields, HttpResponse *refusal) const;

    Issuer *const q;
    const IssuerOptions options;
    AuditLog &log;
    Clock &clock;
    HttpServer server;
    FindClient findClient;
    QUrl url;
    KeyRing keyRing;
    SessionBook book;
    SignInBrake brake;
    QHash<QString, PendingSignIn> pending;
    QHash<QByteArray, CodeGrant> codes;
    QHash<QString, AccountVisit> visits; //!< By the ticket in the page's forms.
    QThreadPool workers;
    int passwordsInWork = 0;
    QString decoyHash; //!< Checked for unknown names, so that they take as long as known ones.
    QTimer upkeepTimer;
};

constexpr int kMostPasswordsInWork = 64;

//! True for a form that a browser sends from another site's page.
bool isFromElsewhere(const HttpRequest &request);
//! 128 random bits as base64url.
QString randomId();

} // namespace Watchword::Gateway
