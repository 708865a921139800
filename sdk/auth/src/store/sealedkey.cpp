// SPDX-License-Identifier: Apache-2.0
#include "store/sealedkey.h"

#include "watchword/jose/base64url.h"
#include "watchword/jose/envelope.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kSaltSize = 16;
constexpr qsizetype kLargestKeyFile = 4096;
constexpr QByteArrayView kContext("watchword.key");

Error corrupt(const QString &what)
{
    return Error(ErrorCode::StoreCorrupt, u"the sealed key "_s + what);
}

quint32 costOf(const QJsonValue &value)
{
    const double number = value.toDouble(-1);
    return number >= 1 && number <= double(1u << 30) && number == double(quint32(number)) ? quint32(number) : 0;
}

} // namespace

QByteArray encodeSealedKey(const SealedKey &sealed)
{
    return QJsonDocument(QJsonObject{
                             {u"version"_s, 1},
                             {u"kdf"_s, u"scrypt"_s},
                             {u"n"_s, qint64(sealed.cost.n)},
                             {u"r"_s, qint64(sealed.cost.r)},
                             {u"p"_s, qint64(sealed.cost.p)},
                             {u"salt"_s, QString::fromLatin1(toBase64Url(sealed.salt))},
                             {u"key"_s, QString::fromLatin1(toBase64Url(sealed.envelope))},
                         })
        .toJson(QJsonDocument::Compact);
}

Result<SealedKey> decodeSealedKey(QByteArrayView bytes)
{
    if (bytes.size() > kLargestKeyFile)
        return corrupt(u"is too large"_s);
    const QJsonDocument document = QJsonDocument::fromJson(bytes.toByteArray());
    if (!document.isObject())
        return corrupt(u"is not a JSON object"_s);
    const QJsonObject object = document.object();
    if (object.value("version"_L1).toInt() != 1 || object.value("kdf"_L1).toString() != "scrypt"_L1)
        return corrupt(u"is of an unknown version"_s);
    const auto salt = fromBase64Url(object.value("salt"_L1).toString().toLatin1());
    const auto envelope = fromBase64Url(object.value("key"_L1).toString().toLatin1());
    if (!salt || salt->size() != kSaltSize || !envelope || envelope->isEmpty())
        return corrupt(u"has a damaged member"_s);
    SealedKey sealed{
        {costOf(object.value("n"_L1)), costOf(object.value("r"_L1)), costOf(object.value("p"_L1))}, *salt, *envelope};
    if (!isAllowedCost(sealed.cost))
        return corrupt(u"has a cost of scrypt that is out of bounds"_s);
    return sealed;
}

Result<SealedKey> sealKey(const Secret &key, const Secret &passphrase, ScryptCost cost)
{
    const Secret salt = Secret::random(kSaltSize);
    const Result<Secret> wrapping = derivePasswordKey(passphrase, salt.reveal(), cost);
    if (!wrapping)
        return wrapping.error();
    const Result<QByteArray> envelope = sealEnvelope(*wrapping, key.reveal(), kContext);
    if (!envelope)
        return envelope.error();
    return SealedKey{cost, salt.reveal().toByteArray(), *envelope};
}

Result<Secret> openKey(const SealedKey &sealed, const Secret &passphrase)
{
    const Result<Secret> wrapping = derivePasswordKey(passphrase, sealed.salt, sealed.cost);
    if (!wrapping && wrapping.error().code() != ErrorCode::InvalidArgument)
        return wrapping.error();
    // An empty one is as wrong as any other.
    Result<Secret> key = wrapping ? openEnvelope(*wrapping, sealed.envelope, kContext) : Result<Secret>(wrapping.error());
    if (!key)
        return Error(ErrorCode::DecryptionFailed, u"the passphrase is wrong, or the file was changed"_s)
            .withRemedy(u"Enter the passphrase again; nothing was lost."_s);
    return key;
}

} // namespace Watchword
