// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QJsonObject>
#include <QJsonValue>
#include <QString>

#include <memory>
#include <optional>

namespace Watchword {

/*! A protected header that was read and found well-formed. */
struct TokenHeader
{
    QByteArray encoded; // base64url, as in the token
    QJsonObject object;
    QString algorithm;
    QString keyId;
    QString type; // in lower case, without "application/"
};

/*! The claims that policies look at, each of the right JSON type; empty, or undefined, if the token has none. */
struct TokenClaims
{
    std::optional<QString> issuer;
    std::optional<QString> authorizedParty;
    std::optional<QString> nonce;
    QJsonValue audience = QJsonValue::Undefined;
    std::optional<double> expiry; // seconds since 1970, finite
    std::optional<double> notBefore;
    std::optional<double> issuedAt;
};

/*! A compact token taken apart once, for Jwt::parse() and Jwt::verify() alike; it proves nothing. */
struct TokenText
{
    std::shared_ptr<const TokenHeader> header;
    QJsonObject object; // all claims
    TokenClaims claims;
    QByteArray signature;
    QByteArrayView signedText; // header '.' claims, in the token that was read

    static Result<TokenText> read(QByteArrayView compact);
};

/*!
    All tokens of an issuer have the same header, so this thread remembers the last few that verified and
   reads an identical one without decoding. Only proven ones, lest a stranger's tokens drive them out.
*/
void rememberHeader(const std::shared_ptr<const TokenHeader> &header);

QString plainTokenType(const QString &type);

} // namespace Watchword
