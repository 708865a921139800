// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/remoteissuer.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/identity.h"
#include "watchword/jose/jwt.h"

#include <QFuture>
#include <QHostAddress>

#include <vector>

namespace Watchword::Gateway {

class Canary;
class Issuer;
class LockBook;

/*!
    Turns a credential into an Identity, or says exactly why not. Only configured issuers are believed: a JWT chooses
    among them by its "iss", everything else comes from the configuration.

    verify() answers once, at once or later, within RemoteIssuer::kPatience; not at all when \a context is destroyed
    first. Errors of the token are in ErrorCondition::Unauthorized or Protocol; an issuer that cannot be asked is
    TemporarilyUnavailable or another retryable one.

    A JWT that was verified is known by its bytes (VerifiedTokens): when it comes again, its times, its issuer's keys and its
    revocation are looked at, and its signature is not verified once more. A change of issuers or of their keys ends that.
    Threads: one. Ownership: borrows the clock and the embedded issuer.
*/
class WATCHWORD_TEST_EXPORT TokenVerifier : public QObject
{
    Q_OBJECT

public:
    using Answer = std::function<void(const Result<Identity> &)>;

    TokenVerifier(const QList<IssuerConfig> &issuers, Clock &clock, QObject *parent = nullptr);
    ~TokenVerifier() override;

    //! Tokens of \a issuer for \a audience are accepted too, and its revocations hold. nullptr: none.
    void setEmbeddedIssuer(const Issuer *issuer, const QString &audience);
    //! Whose identity \a locks keep out is refused, whoever issued the token. nullptr: nobody.
    void setLocks(const LockBook *locks);
    //! Whose token of the round is accepted. nullptr: there is none.
    void setCanary(const Canary *canary);
    void setIssuers(const QList<IssuerConfig> &issuers); //!< After a reload; issuers that did not change keep their keys.

    //! \a from pays for questions to issuers, so that made-up tokens cost few of them; null: nobody does.
    void verify(const Secret &token, QObject *context, Answer answer, const QHostAddress &from = {});
    QFuture<Result<Identity>> verify(const Secret &token, const QHostAddress &from = {});
    /*! How a token has to look that is no access token but something its issuer says. */
    struct Statement
    {
        QStringList types; //!< Accepted "typ".
        bool typeRequired = false;
        QStringList audiences;
    };
    using StatementAnswer = std::function<void(const Result<Jwt> &)>;
    //! Proves by the keys of the configured issuer that \a token names. "exp" is not needed, but holds.
    void verifyStatement(const Secret &token, const Statement &wanted, QObject *context, StatementAnswer answer);
    void warmUp(); //!< Fetches the keys of issuers that have none yet, before somebody waits for them.
    bool isReady() const; //!< The keys of at least one issuer are there.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
