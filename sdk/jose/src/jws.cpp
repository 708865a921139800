// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/jws.h"

#include "algorithm.h"
#include "tokentext.h"
#include "watchword/jose/base64url.h"

#include <QJsonDocument>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// A token's issuer cannot help here: the text is anybody's.
Error ofText(const Error &error)
{
    return error.withRemedy(u"Do not use the text. Ask who signed it to send it again."_s);
}

Error malformedText(const QString &why)
{
    return ofText(Error(ErrorCode::MalformedToken, why));
}

} // namespace

Result<QByteArray> Jws::sign(const SigningKey &key, QByteArrayView payload, const QString &type)
{
    if (key.isNull())
        return Error(ErrorCode::UnusableKey, u"there is no key"_s);
    if (payload.size() > kLargestSize)
        return Error(ErrorCode::InvalidArgument, u"the payload makes a text larger than 1 MiB"_s);
    QJsonObject header{{"alg"_L1, key.algorithm()}, {"kid"_L1, key.keyId()}};
    if (!type.isEmpty())
        header.insert("typ"_L1, type);
    QByteArray text = toBase64Url(QJsonDocument(header).toJson(QJsonDocument::Compact)) + '.' + toBase64Url(payload);
    const Result<QByteArray> signature = key.sign(text);
    if (!signature)
        return signature.error();
    text += '.' + toBase64Url(*signature);
    if (text.size() > kLargestSize)
        return Error(ErrorCode::InvalidArgument, u"the payload makes a text larger than 1 MiB"_s);
    return text;
}

Result<Jws> Jws::verify(QByteArrayView compact, const JwkSet &keys, const JwsPolicy &policy)
{
    if (compact.size() > kLargestSize)
        return malformedText(u"the text is larger than 1 MiB"_s);
    const qsizetype first = compact.indexOf('.');
    const qsizetype second = first < 0 ? -1 : compact.indexOf('.', first + 1);
    if (second < 0 || compact.indexOf('.', second + 1) >= 0)
        return malformedText(u"a signed text has three parts"_s);
    std::shared_ptr<const TokenHeader> header;
    if (const Result<void> read = readTokenHeader(compact.first(first), &header); !read)
        return read.error();
    const Result<QByteArray> payload = fromBase64Url(compact.sliced(first + 1, second - first - 1));
    const Result<QByteArray> signature = fromBase64Url(compact.sliced(second + 1));
    if (!payload || !signature)
        return malformedText(u"the payload or the signature is not canonical base64url"_s);
    if (!policy.algorithms.contains(header->algorithm) || !Algorithm::find(header->algorithm))
        return Error(ErrorCode::UnsupportedAlgorithm, u"\"%1\" is not accepted here"_s.arg(shownText(header->algorithm)));
    if (const Result<void> checked = checkTokenType(header->type, policy.types, policy.typeRequired); !checked)
        return checked.error();
    const Result<Jwk> key = chooseKey(keys, header->keyId, header->algorithm);
    if (!key)
        return key.error();
    if (const Result<void> proved = key->verify(header->algorithm, compact.first(second), *signature); !proved)
        return ofText(proved.error());
    Jws jws;
    jws.m_payload = *payload;
    jws.m_header = header->object;
    return jws;
}

QString Jws::keyId() const
{
    return m_header.value("kid"_L1).toString();
}

QString Jws::algorithm() const
{
    return m_header.value("alg"_L1).toString();
}

QString Jws::type() const
{
    return plainTokenType(m_header.value("typ"_L1).toString());
}

} // namespace Watchword
