// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/tokenset.h"

#include <QFuture>
#include <QObject>

namespace Watchword {

/*! Why a token is asked for, and what it has to be like. */
struct TokenRequest
{
    enum class Reason {
        Connect, //!< For a new connection attempt.
        Renew, //!< To be sent on a live connection before the old one ends.
        Rejected, //!< The peer refused the token whose fingerprint is in rejectedFingerprint.
        Application //!< The application itself needs one.
    };
    Reason reason = Reason::Connect;
    //! Secret::fingerprint() of the refused token. A token provider refreshes only if it would hand out the same one again.
    QString rejectedFingerprint;
    Duration minimumValidity = std::chrono::seconds(10);
    QStringList acrValues; //!< Step-up (RFC 9470): the token provider answers InsufficientAuthentication until the person did it.
    std::optional<std::chrono::seconds> maxAge;
};

/*!
    Hands out access tokens. It is where signing in (auth) and being connected (link) meet: those two libraries do not know
    each other.

    requestToken() may be called any number of times at once; one refresh serves all of them. The future finishes exactly
    once, in this object's thread, also when this object is destroyed (ErrorCode::Cancelled).
    Failures with ErrorCondition::Unauthorized mean that only a person can help; asking again is useless until
    tokenChanged(). All others may be retried.

    Threads: one; calls and signals there. Ownership: borrowed by its users, which it must outlive.
*/
class WATCHWORD_CORE_EXPORT TokenProvider : public QObject
{
    Q_OBJECT

public:
    explicit TokenProvider(QObject *parent = nullptr);
    ~TokenProvider() override;

    virtual QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) = 0;

Q_SIGNALS:
    //! A newer token can be had. Carries no token, on purpose.
    void tokenChanged(quint64 generation);
    //! The session is over: tokens must not be used any more, and connections that use them close.
    void tokenRevoked();
};

/*! A token provider with one fixed token, for tools and tests. It answers Unauthorized once the token was rejected. */
class WATCHWORD_CORE_EXPORT FixedTokenProvider final : public TokenProvider
{
    Q_OBJECT

public:
    explicit FixedTokenProvider(AccessToken token, QObject *parent = nullptr);

    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override;
    void setToken(AccessToken token); //!< Emits tokenChanged().

private:
    AccessToken m_token;
};

} // namespace Watchword
