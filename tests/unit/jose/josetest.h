// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <QJsonDocument>
#include <QTest>

/*! Keys and tokens that the tests of this folder share. */
namespace JoseTest {

using namespace Qt::StringLiterals;

inline QJsonObject json(const QByteArray &text)
{
    const QJsonDocument document = QJsonDocument::fromJson(text);
    if (!document.isObject())
        qFatal("the test's own JSON is wrong: %s", text.constData());
    return document.object();
}

inline Watchword::Jwk jwk(const QByteArray &text)
{
    return Watchword::Jwk::fromJson(json(text)).value();
}

//! One key per algorithm for the whole program, because RSA keys are slow to make.
inline Watchword::SigningKey key(const QString &algorithm)
{
    static QHash<QString, Watchword::SigningKey> keys;
    if (!keys.contains(algorithm))
        keys.insert(algorithm, Watchword::SigningKey::generate(algorithm).value());
    return keys.value(algorithm);
}

inline Watchword::JwkSet setOf(const QList<Watchword::Jwk> &keys)
{
    Watchword::JwkSet set;
    for (const Watchword::Jwk &key : keys)
        set.insert(key);
    return set;
}

//! A token with exactly these bytes as header and claims, whatever they are, signed by \a key.
inline QByteArray forge(const QByteArray &header, const QByteArray &claims, const Watchword::SigningKey &key)
{
    const QByteArray text = Watchword::toBase64Url(header) + '.' + Watchword::toBase64Url(claims);
    return text + '.' + Watchword::toBase64Url(key.sign(text).value());
}

inline QString codeOf(const Watchword::Result<Watchword::Jwt> &result)
{
    return result ? u"accepted"_s : result.error().codeName();
}

// RFC 7515 appendix A.2.1 and RFC 7638 section 3.1: two RSA keys of 2048 bits.
inline const QByteArray kRsaA2 = R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-)"
                                 R"(Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9)"
                                 R"(wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVM)"
                                 R"(TBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91k)"
                                 R"(zk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
inline const QByteArray kRsaThumb = R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7)"
                                    R"(aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6C)"
                                    R"(f0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpb)"
                                    R"(ISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU)"
                                    R"(8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})";
// RFC 7515 appendix A.3.1 and RFC 8037 appendix A.2.
inline const QByteArray kEcA3 = R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                                R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
inline const QByteArray kEdA2 = R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

// RFC 7515 appendix A.2 and A.3: {"iss":"joe",CRLF "exp":1300819380,CRLF "http://example.com/is_root":true}
inline const QByteArray kJoe = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
inline constexpr qint64 kJoeExpiry = 1300819380;
inline const QByteArray kTokenA2 = "eyJhbGciOiJSUzI1NiJ9." + kJoe
    + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
      "O8W2Fp5jujGbds9uJdbF9CU"
      "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
      "eSN9383LcOLn6_dO--x"
      "i12jzDwusC-"
      "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypG"
      "lUPQGe77Rw";
inline const QByteArray kTokenA3 =
    "eyJhbGciOiJFUzI1NiJ9." + kJoe + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

} // namespace JoseTest
