// SPDX-License-Identifier: Apache-2.0
#include "outcome.h"

#include <QJSEngine>
#include <QJSValueIterator>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QJsonValue>
#include <QQmlInfo>

using namespace Qt::StringLiterals;
using Watchword::Connection;
using Watchword::DeliveryOptions;
using Watchword::Duration;
using Watchword::Error;
using Watchword::ErrorCode;
using Watchword::Result;

namespace {

void callWith(QObject *owner, QJSValue &callback, const Error *error, const QByteArray &answer)
{
    QJSEngine *engine = qjsEngine(owner);
    if (!engine)
        return;
    QJSValue outcome = engine->newObject();
    outcome.setProperty(u"ok"_s, error == nullptr);
    outcome.setProperty(u"code"_s, error ? error->codeName() : QString());
    outcome.setProperty(u"text"_s, error ? Outcome::textOf(*error) : QString());
    outcome.setProperty(u"detail"_s, error ? error->detail() : QString());
    outcome.setProperty(u"answer"_s, QString::fromUtf8(answer));
    const QJSValue thrown = callback.call({outcome});
    if (thrown.isError())
        qmlWarning(owner) << "the callback threw: " << thrown.toString();
}

Error wrong(const QString &detail)
{
    return Error(ErrorCode::InvalidArgument, detail);
}

} // namespace

void Outcome::call(QObject *owner, QJSValue callback, const Result<void> &result)
{
    callWith(owner, callback, result ? nullptr : &result.error(), {});
}

void Outcome::call(QObject *owner, QJSValue callback, const Result<QByteArray> &result)
{
    if (result)
        callWith(owner, callback, nullptr, *result);
    else
        callWith(owner, callback, &result.error(), {});
}

QString Outcome::textOf(const Error &error)
{
    switch (error.code()) {
    case ErrorCode::Offline:
        return tr("There is no connection at the moment.");
    case ErrorCode::ConnectionLost:
        return tr("The connection was lost before the answer came.");
    case ErrorCode::Timeout:
        return tr("It took too long.");
    case ErrorCode::QueueFull:
        return tr("Too much is waiting to be sent.");
    case ErrorCode::MessageTooBig:
        return tr("The message is too big.");
    case ErrorCode::Superseded:
        return tr("A newer message took its place.");
    case ErrorCode::RequestRefused:
        return tr("The server refused it.");
    case ErrorCode::SubprotocolMismatch:
        return tr("This server cannot do that.");
    case ErrorCode::Cancelled:
        return tr("It was cancelled.");
    default:
        break;
    }
    switch (error.condition()) {
    case Watchword::ErrorCondition::Unauthorized:
        return tr("You need to sign in again.");
    case Watchword::ErrorCondition::Forbidden:
        return tr("You may not do that.");
    case Watchword::ErrorCondition::Offline:
        return tr("There is no connection at the moment.");
    default:
        return tr("Something unexpected happened.");
    }
}

Result<DeliveryOptions> readDeliveryOptions(const QJSValue &options)
{
    DeliveryOptions read;
    if (options.isUndefined() || options.isNull())
        return read;
    if (!options.isObject() || options.isCallable())
        return wrong(u"the options of deliver() are an object"_s);
    for (QJSValueIterator member(options); member.hasNext();) {
        member.next();
        const QString name = member.name();
        const QJSValue value = member.value();
        if (name == "delivery"_L1 && value.isNumber() && value.toInt() >= 0
            && value.toInt() <= int(Connection::Delivery::AtLeastOnce))
            read.delivery = Connection::Delivery(value.toInt());
        else if (name == "deadlineMs"_L1 && value.isNumber() && value.toNumber() >= 0 && value.toNumber() <= 1e12)
            read.deadline = Duration(qint64(value.toNumber()));
        else if (name == "key"_L1 && value.isString())
            read.key = value.toString();
        else if (name == "id"_L1 && value.isString())
            read.id = value.toString();
        else if (name == "room"_L1 && value.isString())
            read.room = value.toString();
        else
            return wrong(u"\"%1\" is no option of deliver(), or has no such value"_s.arg(name));
    }
    return read;
}

QByteArray readPayload(const QJSValue &payload)
{
    if (payload.isUndefined() || payload.isNull())
        return {};
    if (payload.isString())
        return payload.toString().toUtf8();
    const QJsonValue json = QJsonValue::fromVariant(payload.toVariant());
    if (json.isArray())
        return QJsonDocument(json.toArray()).toJson(QJsonDocument::Compact);
    if (json.isObject())
        return QJsonDocument(json.toObject()).toJson(QJsonDocument::Compact);
    return payload.toString().toUtf8(); // numbers and booleans read as JSON already
}
