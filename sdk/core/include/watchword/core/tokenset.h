// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/tokenproof.h"

#include <QMetaType>
#include <QStringList>

#include <memory>
#include <optional>

namespace Watchword {

/*! An access token as its user needs it: the value, how to send it, and how long it is good. */
struct WATCHWORD_CORE_EXPORT AccessToken
{
    Secret value;
    QString type = QStringLiteral("Bearer"); //!< RFC 6749 section 7.1; compared without case.
    std::optional<WallTime> expiresAt; //!< By the corrected clock; empty if the provider did not say.
    QStringList scopes; //!< What was granted.
    QString subject; //!< "sub" of the person, for identity checks; empty if unknown.
    quint64 generation = 0; //!< Grows with every refresh of the same account, so that newer can be told from older.
    std::shared_ptr<TokenProof> proof = nullptr; //!< Set when the token is bound to a key (RFC 9449): type is "DPoP" then.

    bool isValidAt(WallTime now, Duration leeway = Duration::zero()) const;
    bool isBound() const; //!< To a key: worthless without a proof for each request (RFC 9449).
    //! "Authorization", and "DPoP" if the token is bound to a key, for one request with \a method to \a url.
    Result<RequestHeaders> headersFor(const QByteArray &method, const QUrl &url) const;
};

/*!
    Everything that a token endpoint returned for one account, and what the next refresh needs (RFC 6749 section 5.1,
    OpenID Connect Core section 3.1.3.3). This is what a TokenStore keeps, encrypted.
*/
struct WATCHWORD_CORE_EXPORT TokenSet
{
    QString issuer;
    QString clientId;
    QString subject; //!< "sub" of the ID token.
    QString accountName; //!< preferred_username, email or name of the ID token, for people.
    Secret accessToken;
    Secret refreshToken;
    Secret idToken; //!< Kept for id_token_hint at logout.
    QString tokenType = QStringLiteral("Bearer");
    Secret proofKey; //!< PKCS #8 PEM of the ES256 key that the tokens are bound to (RFC 9449); empty: they are not.
    QStringList scopes; //!< Granted.
    std::optional<WallTime> issuedAt;
    std::optional<WallTime> expiresAt;
    //! When the request left that brought the access token, in the run of the machine named by bootId: its age, whatever
    //! the date is set to. Empty if it was not measured.
    std::optional<Instant> sentAt;
    QByteArray bootId; //!< Clock::bootId().
    Duration clockError{}; //!< What was known to be missing from the machine's date then; for the next start.
    quint64 generation = 0; //!< Grows by one with every answer of the token endpoint.
    bool tombstone = false; //!< The account was signed out; other processes must not revive it.

    AccessToken toAccessToken() const; //!< Without a proof, which whoever holds the key adds.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::AccessToken)
Q_DECLARE_METATYPE(Watchword::TokenSet)
