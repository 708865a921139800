// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/jwkset.h"

#include "strictjson.h"
#include "tokentext.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSet>

#include <algorithm>
#include <iterator>

namespace Watchword {

using namespace Qt::StringLiterals;

Result<JwkSet> JwkSet::fromBytes(QByteArrayView json)
{
    if (json.size() > kLargestSize)
        return Error(ErrorCode::ResponseTooLarge, u"a key set of %1 bytes; the limit is 256 KiB"_s.arg(json.size()));
    constexpr QByteArrayView mark("\xef\xbb\xbf");
    const std::optional<QJsonObject> object = strictJsonObject(json.startsWith(mark) ? json.sliced(mark.size()) : json);
    if (!object || !object->value("keys"_L1).isArray())
        return Error(ErrorCode::InvalidResponse, u"not a JSON object with an array \"keys\", or a member occurs twice"_s);
    const QJsonArray array = object->value("keys"_L1).toArray();
    if (array.size() > kMostKeys)
        return Error(ErrorCode::ResponseTooLarge, u"a key set of %1 keys; the limit is 64"_s.arg(array.size()));

    JwkSet set;
    QSet<QString> ambiguous;
    for (const QJsonValue value : array) {
        const QString keyId = value.toObject().value("kid"_L1).toString();
        const Result<Jwk> key = Jwk::fromJson(value.toObject());
        if (!key) {
            set.m_refusals.append({keyId, key.error()});
            continue;
        }
        const auto sameName = [&key](const Jwk &other) {
            return !other.keyId().isEmpty() && other.keyId() == key->keyId() && other.keyType() == key->keyType();
        };
        const auto twin = std::find_if(set.m_keys.cbegin(), set.m_keys.cend(), sameName);
        const bool isOther = twin != set.m_keys.cend() && twin->thumbprint() != key->thumbprint();
        if (isOther)
            ambiguous.insert(key->keyType() + u':' + key->keyId());
        if (isOther || twin == set.m_keys.cend() || twin->algorithm() != key->algorithm())
            set.m_keys.append(*key);
    }
    const auto isAmbiguous = [&](const Jwk &key) {
        if (!ambiguous.contains(key.keyType() + u':' + key.keyId()))
            return false;
        set.m_refusals.append({key.keyId(), Error(ErrorCode::UnusableKey, u"its \"kid\" names another key too"_s)});
        return true;
    };
    set.m_keys.removeIf(isAmbiguous);
    return set;
}

void JwkSet::insert(const Jwk &key)
{
    if (key.isNull())
        return;
    m_keys.removeIf([&key](const Jwk &other) {
        return other.keyId() == key.keyId() && other.keyType() == key.keyType()
            && (!key.keyId().isEmpty() || other.thumbprint() == key.thumbprint());
    });
    m_keys.append(key);
}

bool JwkSet::containsKeyId(const QString &keyId) const
{
    return std::any_of(m_keys.cbegin(), m_keys.cend(), [&](const Jwk &key) { return key.keyId() == keyId; });
}

QList<Jwk> JwkSet::candidates(const QString &keyId, const QString &algorithm) const
{
    QList<Jwk> found;
    for (const Jwk &key : m_keys) {
        if ((keyId.isEmpty() || key.keyId() == keyId) && key.canVerify(algorithm))
            found.append(key);
    }
    return found;
}

QString JwkSet::refusalText(const QString &keyId) const
{
    constexpr qsizetype kMostNamed = 3;
    QList<Refusal> told;
    std::copy_if(m_refusals.cbegin(), m_refusals.cend(), std::back_inserter(told),
                 [&keyId](const Refusal &one) { return one.keyId == keyId; });
    if (keyId.isEmpty() || told.isEmpty())
        told = m_refusals;
    QStringList texts;
    for (const Refusal &one : told.first(std::min(told.size(), kMostNamed)))
        texts += (one.keyId.isEmpty() ? u"one without a name"_s : u"\"%1\""_s.arg(shownText(one.keyId))) + u": "_s
            + one.reason.detail();
    if (told.size() > kMostNamed)
        texts += u"and %1 more"_s.arg(told.size() - kMostNamed);
    return texts.join(u"; "_s);
}

QByteArray JwkSet::toBytes() const
{
    QJsonArray keys;
    for (const Jwk &key : m_keys)
        keys.append(key.toPublicJson());
    return QJsonDocument(QJsonObject{{"keys"_L1, keys}}).toJson(QJsonDocument::Compact);
}

Result<Jwk> chooseKey(const JwkSet &keys, const QString &keyId, const QString &algorithm)
{
    const QList<Jwk> candidates = keys.candidates(keyId, algorithm);
    if (candidates.size() == 1)
        return candidates.first();
    if (candidates.size() > 1)
        return Error(ErrorCode::UnknownKey, u"%1 keys fit, and the token does not name one"_s.arg(candidates.size()));
    if (!keyId.isEmpty() && keys.containsKeyId(keyId))
        return Error(ErrorCode::UnusableKey, u"the key \"%1\" is not for %2"_s.arg(shownText(keyId), algorithm));
    const Error unknown(ErrorCode::UnknownKey, u"no key \"%1\" for %2"_s.arg(shownText(keyId), algorithm));
    const QString leftOut = keys.refusalText(keyId);
    if (leftOut.isEmpty())
        return unknown;
    return unknown.withDetail(u"%1; the issuer's keys that cannot be used are %2"_s.arg(unknown.detail(), leftOut))
        .withRemedy(u"Correct the key at the issuer as RFC 7517 and RFC 7518 ask; the detail says what is wrong with it."_s);
}

} // namespace Watchword
