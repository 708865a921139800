// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "claimset.h"
#include "strictjson.h"
#include "watchword/core/result.h"
#include "watchword/jose/jwkset.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QJsonObject>
#include <QString>
#include <QVarLengthArray>

#include <memory>

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

/*! A compact token taken apart once, for Jwt::parse() and Jwt::verify() alike; it proves nothing. */
struct TokenText
{
    std::shared_ptr<const TokenHeader> header;
    std::shared_ptr<const ClaimSet> claims; // those with a rule are of the right JSON type
    QVarLengthArray<char, 512> signature; // as many bytes as one of RSA with 4096 bits
    QByteArrayView signedText; // header '.' claims, in the token that was read

    Result<void> read(QByteArrayView compact);
};

/*!
    All tokens of an issuer have the same header, so this thread remembers the last few that verified and
   reads an identical one without decoding. Only proven ones, lest a stranger's tokens drive them out.
*/
void rememberHeader(const std::shared_ptr<const TokenHeader> &header);

//! Also of a header that this thread remembers.
Result<void> readTokenHeader(QByteArrayView encoded, std::shared_ptr<const TokenHeader> *result);
//! \a type is plain, as plainTokenType() makes it; \a accepted may be written in any way.
Result<void> checkTokenType(const QString &type, const QStringList &accepted, bool required);
QString plainTokenType(const QString &type);
//! The one key that a header may mean.
Result<Jwk> chooseKey(const JwkSet &keys, const QString &keyId, const QString &algorithm);

} // namespace Watchword
