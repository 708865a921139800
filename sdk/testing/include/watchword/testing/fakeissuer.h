// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/testing/export.h"

#include <QByteArray>
#include <QJsonObject>
#include <QObject>
#include <QSslCertificate>
#include <QUrl>

#include <functional>
#include <memory>

namespace Watchword {

/*!
    An OpenID provider inside the test's process: discovery, authorization with PKCE, token endpoint with rotation and reuse
    detection, keys, revocation, device codes, pushed requests, proofs of possession with nonces, over real HTTP or HTTPS sockets,
   and a script of faults.

    It also plays the person and the browser: give openBrowser() to SessionOptions::openBrowser, and every sign-in is
    done at once by signInAs(). Extend it by new values of Fault (handled in one switch of fakeissuer.cpp).

    Lifetimes are written into tokens by the given clock, so that they fit a ManualClock.
    Threads: one, with an event loop. Ownership: like any QObject; destruction closes all connections.
*/
class WATCHWORD_TESTING_EXPORT FakeIssuer : public QObject
{
    Q_OBJECT

public:
    enum class Endpoint {
        Discovery,
        Keys,
        Authorization,
        Token,
        Revocation,
        Device, //!< RFC 8628 section 3.1.
        PushedRequest, //!< RFC 9126.
        EndSession
    };
    Q_ENUM(Endpoint)

    enum class Fault {
        LoseAnswer, //!< The request is carried out, and the connection is closed without an answer.
        CloseUnseen, //!< The connection is closed; nothing is carried out.
        Busy, //!< 503 with Retry-After: 7, nothing is carried out.
        ServerError, //!< 500 without a body.
        HungBody, //!< A head and half a body, then nothing, with the connection open.
        PortalPage, //!< 200 with HTML.
        HugeBody, //!< More than any answer may have.
        InvalidGrant, //!< Token: 400 invalid_grant.
        InvalidClient, //!< Token: 401 invalid_client.
        Denied, //!< Authorization: the person refuses.
        WrongIssuer, //!< Discovery, or "iss" of the redirect, or of the ID token: names somebody else.
        WrongState, //!< Authorization: redirects with another state.
        WrongNonce, //!< Token: the ID token has another nonce.
        WrongSignature, //!< Token: the ID token is signed by an unknown key with a known "kid".
        WrongDate, //!< The Date header is a day off; everything else is right.
        NoIdToken, //!< Token: an answer without ID token.
        SlowDown, //!< Token: 400 slow_down, as for a device that asks too often.
        ExpiredToken, //!< Token: 400 expired_token.
        WeakSignIn, //!< Token: the ID token says neither acr nor auth_time.
        OtherPerson, //!< Token: the ID token, also with a refresh, names somebody else.
        WrongAudience, //!< Token: the ID token is for another client.
        WrongParty, //!< Token: the ID token names another client in "azp".
        WrongAuthTime, //!< Token: the ID token of a refresh says that the person signed in just now.
        OldIdToken, //!< Token: the ID token is a day old, and has not ended.
        EndedIdToken, //!< Token: the ID token has ended.
        UnsignedIdToken, //!< Token: the ID token has the algorithm "none".
        Unbound //!< Token: a Bearer token although a key was proven.
    };
    Q_ENUM(Fault)

    struct Options
    {
        std::chrono::seconds accessTokenLifetime{300}; //!< 0: no expires_in.
        bool sayLifetime = true; //!< False: no expires_in; "exp" of the access token alone says it.
        bool rotateRefreshTokens = true;
        bool refreshIdTokens = false; //!< A refresh brings a new ID token (OpenID Connect Core section 12.2).
        bool demandNonces = false; //!< Each DPoP proof must carry the nonce that a refusal gives.
        bool requirePushedRequests = false;
        std::chrono::seconds deviceInterval{5};
        std::chrono::seconds deviceLifetime{600};
        QString certificateFile; //!< PEM; with keyFile the issuer is https.
        QString keyFile;
        Clock *clock = nullptr; //!< Null: the system's. Borrowed.
    };

    explicit FakeIssuer(QObject *parent = nullptr);
    explicit FakeIssuer(Options options, QObject *parent = nullptr);
    ~FakeIssuer() override;

    bool listen(); //!< On a free port of 127.0.0.1.
    void stop(); //!< Closes the port and all connections; listen() again uses the same port.
    QUrl url() const; //!< The issuer.

    //! The next \a times requests to \a endpoint get \a fault; faults of one endpoint queue up.
    void failNext(Endpoint endpoint, Fault fault, int times = 1);
    //! The next request to \a endpoint gets this answer, before any fault, and nothing is carried out.
    void answerNext(Endpoint endpoint, int status, const QByteArray &contentType, const QByteArray &body);
    //! The next JSON answer of \a endpoint that is no refusal is \a changed before it is sent; what it says was carried out.
    void changeNext(Endpoint endpoint, std::function<void(QJsonObject &)> changed);
    //! The next \a count requests to \a endpoint are carried out, one after the other, when all of them are there.
    void gatherNext(Endpoint endpoint, int count);
    void changeNonce(); //!< With demandNonces: from now on proofs must carry another one.
    void rotateKeys(); //!< New signing key; the old one is not published any more.
    void revokeAll(); //!< Every refresh token becomes invalid.
    void setLifetime(std::chrono::seconds lifetime);
    void setCalendar(std::chrono::milliseconds ahead); //!< Its date is ahead of the clock's: in Date, iat, exp.
    void signInAs(const QString &subject, const QString &name); //!< Who the next sign-ins are; "alice" at first.

    //! The person with the other device: allows or refuses the last user code. False if there is none.
    bool decideDevice(bool allow);

    //! The browser: asks the authorization endpoint and follows its redirect to the application. Always true.
    bool openBrowser(const QUrl &url);
    void setBrowserAuthorities(const QList<QSslCertificate> &authorities);

    int requestCount(Endpoint endpoint) const;
    QByteArray userAgent() const; //!< Of the last request.
    int refreshCount() const; //!< Refreshes that were carried out.
    int reuseCount() const; //!< Spent refresh tokens that came again; each ends its family.
    int activeFamilies() const; //!< Sign-ins that can still be refreshed.
    QList<QByteArray> issuedSecrets() const; //!< Every code and token ever issued, to search logs for.

Q_SIGNALS:
    void requestReceived(Watchword::FakeIssuer::Endpoint endpoint);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
