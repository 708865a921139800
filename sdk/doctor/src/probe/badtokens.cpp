// SPDX-License-Identifier: Apache-2.0
#include "probe/badtokens.h"

#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <QJsonDocument>
#include <QMessageAuthenticationCode>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

QByteArray encoded(const QJsonObject &object)
{
    return toBase64Url(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

QByteArray signedPart(const QJsonObject &header, const QJsonObject &claims)
{
    return encoded(header) + '.' + encoded(claims);
}

Secret compact(const QByteArray &part, const QByteArray &signature)
{
    QByteArray text = part + '.' + toBase64Url(signature);
    return Secret::take(std::move(text));
}

} // namespace

Secret madeUpToken()
{
    const QJsonObject header{{u"alg"_s, u"RS256"_s}, {u"typ"_s, u"at+jwt"_s}, {u"kid"_s, u"watchword-doctor"_s}};
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const QJsonObject claims{{u"sub"_s, u"watchword-doctor"_s},
                             {u"jti"_s, QString::fromLatin1(toBase64Url(Secret::random(12).reveal()))},
                             {u"iat"_s, now},
                             {u"exp"_s, now + 300}};
    return compact(signedPart(header, claims), Secret::random(256).reveal().toByteArray());
}

BadTokens::BadTokens(const Secret &valid, SigningKey key)
    : m_key(std::move(key))
{
    const Result<Jwt> parsed = Jwt::parse(valid.reveal());
    if (!parsed)
        return;
    m_header = parsed->header();
    m_claims = parsed->claims();
    const QByteArrayView text = valid.reveal();
    const qsizetype dot = text.lastIndexOf('.');
    m_signedPart = text.first(dot).toByteArray();
    m_signature = fromBase64Url(text.sliced(dot + 1)).valueOr({});
}

QString BadTokens::type() const
{
    return m_header.value("typ"_L1).toString().toLower();
}

Secret BadTokens::withOtherSignature() const
{
    if (!isJwt())
        return {};
    QByteArray signature = m_signature;
    for (qsizetype i = signature.size() / 2; i < signature.size(); ++i)
        signature[i] = char(~signature[i]);
    return compact(m_signedPart, signature);
}

Secret BadTokens::withOtherClaims() const
{
    if (!isJwt())
        return {};
    QJsonObject claims = m_claims;
    claims.insert("sub"_L1, u"watchword-doctor"_s);
    return compact(signedPart(m_header, claims), m_signature);
}

Secret BadTokens::withoutSignature(const QString &algorithm) const
{
    if (!isJwt())
        return {};
    QJsonObject header = m_header;
    header.insert("alg"_L1, algorithm);
    header.remove("kid"_L1);
    return compact(signedPart(header, m_claims), {});
}

Secret BadTokens::withEmbeddedKey(const QUrl &address) const
{
    if (!isJwt())
        return {};
    const Result<SigningKey> own = SigningKey::generate(u"ES256"_s);
    if (!own)
        return {};
    QJsonObject header = m_header;
    header.insert("alg"_L1, u"ES256"_s);
    header.insert("kid"_L1, own->keyId());
    header.insert("jwk"_L1, own->publicKey().toPublicJson());
    if (!address.isEmpty()) {
        header.insert("jku"_L1, address.toString(QUrl::FullyEncoded));
        header.insert("x5u"_L1, address.toString(QUrl::FullyEncoded));
    }
    const QByteArray part = signedPart(header, m_claims);
    return compact(part, own->sign(part).valueOr({}));
}

// Careless servers have the key's text in a file, and hand it to whatever the token's algorithm is.
Secret BadTokens::signedByPublicKey(const Jwk &key) const
{
    if (!isJwt() || key.isNull())
        return {};
    QJsonObject header = m_header;
    header.insert("alg"_L1, u"HS256"_s);
    const QByteArray part = signedPart(header, m_claims);
    return compact(part, QMessageAuthenticationCode::hash(part, key.toPem(), QCryptographicHash::Sha256));
}

Secret BadTokens::minted(const Change &change) const
{
    if (!hasKey())
        return {};
    QJsonObject header = m_header;
    QJsonObject claims = m_claims;
    header.insert("alg"_L1, m_key.algorithm());
    claims.insert("jti"_L1, QString::fromLatin1(toBase64Url(Secret::random(12).reveal())));
    change(header, claims);
    const QByteArray part = signedPart(header, claims);
    return compact(part, m_key.sign(part).valueOr({}));
}

} // namespace Watchword::Doctoring
