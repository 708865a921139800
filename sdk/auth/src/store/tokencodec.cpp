// SPDX-License-Identifier: Apache-2.0
#include "store/tokencodec.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QString textOf(const Secret &secret)
{
    return QString::fromUtf8(secret.reveal());
}

Secret secretOf(const QJsonValue &value)
{
    return Secret::take(value.toString().toUtf8());
}

QJsonValue timeOf(const std::optional<WallTime> &time)
{
    return time ? QJsonValue(qint64(time->time_since_epoch().count())) : QJsonValue();
}

QString nameOf(ErrorCode code)
{
    return Error(code).codeName();
}

std::optional<WallTime> timeOf(const QJsonValue &value)
{
    if (!value.isDouble())
        return std::nullopt;
    return WallTime(Duration(value.toInteger()));
}

} // namespace

Secret encodeTokens(const TokenSet &tokens)
{
    const QJsonObject object{
        {u"version"_s, 1},
        {u"issuer"_s, tokens.issuer},
        {u"client_id"_s, tokens.clientId},
        {u"sub"_s, tokens.subject},
        {u"name"_s, tokens.accountName},
        {u"access_token"_s, textOf(tokens.accessToken)},
        {u"refresh_token"_s, textOf(tokens.refreshToken)},
        {u"id_token"_s, textOf(tokens.idToken)},
        {u"token_type"_s, tokens.tokenType},
        {u"proof_key"_s, textOf(tokens.proofKey)},
        {u"scopes"_s, QJsonArray::fromStringList(tokens.scopes)},
        {u"issued_at"_s, timeOf(tokens.issuedAt)},
        {u"expires_at"_s, timeOf(tokens.expiresAt)},
        {u"sent_at"_s, tokens.sentAt ? QJsonValue(qint64(tokens.sentAt->time_since_epoch().count())) : QJsonValue()},
        {u"boot"_s, QString::fromLatin1(tokens.bootId)},
        {u"clock_error"_s, qint64(tokens.clockError.count())},
        {u"generation"_s, qint64(tokens.generation)},
        {u"tombstone"_s, tokens.tombstone},
    };
    return Secret::take(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

Result<TokenSet> decodeTokens(const Secret &plain)
{
    const QByteArrayView view = plain.reveal();
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromRawData(view.data(), view.size()), &problem);
    if (!document.isObject())
        return Error(ErrorCode::StoreCorrupt, u"the stored tokens are not a JSON object"_s);
    const QJsonObject object = document.object();
    if (object.value("version"_L1).toInt() != 1)
        return Error(ErrorCode::StoreCorrupt, u"the stored tokens have an unknown version"_s);
    TokenSet tokens;
    tokens.issuer = object.value("issuer"_L1).toString();
    tokens.clientId = object.value("client_id"_L1).toString();
    tokens.subject = object.value("sub"_L1).toString();
    tokens.accountName = object.value("name"_L1).toString();
    tokens.accessToken = secretOf(object.value("access_token"_L1));
    tokens.refreshToken = secretOf(object.value("refresh_token"_L1));
    tokens.idToken = secretOf(object.value("id_token"_L1));
    tokens.tokenType = object.value("token_type"_L1).toString(u"Bearer"_s);
    tokens.proofKey = secretOf(object.value("proof_key"_L1));
    const QJsonArray scopes = object.value("scopes"_L1).toArray();
    for (const QJsonValue &scope : scopes)
        tokens.scopes += scope.toString();
    tokens.issuedAt = timeOf(object.value("issued_at"_L1));
    tokens.expiresAt = timeOf(object.value("expires_at"_L1));
    if (const QJsonValue sent = object.value("sent_at"_L1); sent.isDouble())
        tokens.sentAt = Instant(Duration(sent.toInteger()));
    tokens.bootId = object.value("boot"_L1).toString().toLatin1();
    tokens.clockError = Duration(object.value("clock_error"_L1).toInteger());
    tokens.generation = quint64(object.value("generation"_L1).toInteger());
    tokens.tombstone = object.value("tombstone"_L1).toBool();
    return tokens;
}

QByteArray encodeJournal(const RefreshJournal &journal)
{
    return QJsonDocument(QJsonObject{
                             {u"fingerprint"_s, journal.fingerprint},
                             {u"attempt"_s, journal.attemptId},
                             {u"started_at"_s, qint64(journal.startedAt.time_since_epoch().count())},
                             {u"unresolved"_s, journal.unresolved},
                             {u"ended"_s, journal.ended ? nameOf(*journal.ended) : QString()},
                             {u"generation"_s, QString::number(journal.generation)},
                         })
        .toJson(QJsonDocument::Compact);
}

Result<RefreshJournal> decodeJournal(QByteArrayView bytes)
{
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromRawData(bytes.data(), bytes.size()));
    if (!document.isObject())
        return Error(ErrorCode::StoreCorrupt, u"the refresh journal is not a JSON object"_s);
    const QJsonObject object = document.object();
    RefreshJournal journal;
    journal.fingerprint = object.value("fingerprint"_L1).toString();
    journal.attemptId = object.value("attempt"_L1).toString();
    journal.startedAt = WallTime(Duration(object.value("started_at"_L1).toInteger()));
    journal.unresolved = qBound(0, object.value("unresolved"_L1).toInt(), 1'000'000);
    const QString ended = object.value("ended"_L1).toString();
    for (const ErrorCode code : {ErrorCode::RotationLost, ErrorCode::RevokedOrExpired}) {
        if (ended == nameOf(code))
            journal.ended = code;
    }
    journal.generation = object.value("generation"_L1).toString().toULongLong();
    return journal;
}

} // namespace Watchword
