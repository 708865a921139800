// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/auditevent.h"

#include "watchword/core/canonicaljson.h"
#include "watchword/core/internal/utf8.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLargestEvent = 64 * 1024;

// Qt drops a byte order mark at the start of a text when it reads it as UTF-8, but not when it is escaped:
// without this, an honest event with such a text would come back changed, and its hash would not fit.
QByteArray withEscapedMarks(QByteArray json)
{
    return json.replace("\xef\xbb\xbf", "\\ufeff");
}

QJsonValue wellFormed(const QJsonValue &value)
{
    if (value.isString())
        return toWellFormed(value.toString());
    if (value.isArray()) {
        QJsonArray array = value.toArray();
        for (QJsonValueRef element : array)
            element = wellFormed(element);
        return array;
    }
    if (!value.isObject())
        return value;
    QJsonObject result;
    const QJsonObject object = value.toObject();
    for (auto it = object.begin(); it != object.end(); ++it)
        result.insert(toWellFormed(it.key()), wellFormed(it.value()));
    return result;
}

QString sequenceText(quint64 sequence)
{
    // CloudEvents wants lexicographic order; twenty digits hold every 64-bit number.
    return u"%1"_s.arg(sequence, 20, 10, QChar(u'0'));
}

QString hashOf(const AuditEvent &event, const QString &previousHash)
{
    QJsonObject json = event.toJson();
    QJsonObject data = json.value("data"_L1).toObject();
    QJsonObject chain = data.value("chain"_L1).toObject();
    chain.remove("hash"_L1);
    data.insert("chain"_L1, chain);
    json.insert("data"_L1, data);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(QByteArrayView("watchword.audit.v1\n"));
    hash.addData(previousHash.toLatin1() + '\n');
    hash.addData(toCanonicalJson(json));
    return QString::fromLatin1(hash.result().toHex());
}

} // namespace

QString AuditEvent::shortType() const
{
    constexpr QLatin1StringView prefix("dev.watchword.");
    constexpr QLatin1StringView suffix(".v1");
    if (type.startsWith(prefix) && type.endsWith(suffix) && type.size() > prefix.size() + suffix.size())
        return type.mid(prefix.size(), type.size() - prefix.size() - suffix.size());
    return type;
}

QString AuditEvent::chainHash() const
{
    return data.value("chain"_L1).toObject().value("hash"_L1).toString();
}

QString AuditEvent::previousHash() const
{
    return data.value("chain"_L1).toObject().value("prev"_L1).toString();
}

QString AuditEvent::seal(const QString &chainUid, const QString &previousHash)
{
    for (QString *text : {&id, &source, &type, &subject})
        *text = toWellFormed(*text);
    data = wellFormed(data).toObject();
    QJsonObject chain{{"uid"_L1, chainUid}, {"seq"_L1, qint64(sequence)}, {"prev"_L1, previousHash}};
    data.insert("chain"_L1, chain);
    const QString hash = hashOf(*this, previousHash);
    chain.insert("hash"_L1, hash);
    data.insert("chain"_L1, chain);
    return hash;
}

Result<void> AuditEvent::verify(const QString &previousHash) const
{
    const QJsonObject chain = data.value("chain"_L1).toObject();
    const auto broken = [this](const QString &what) {
        return Error(ErrorCode::ChainBroken, u"event %1: %2"_s.arg(sequence).arg(what));
    };
    if (chain.value("hash"_L1).toString().isEmpty())
        return broken(u"it has no hash"_s);
    if (quint64(chain.value("seq"_L1).toInteger()) != sequence)
        return broken(u"its chain number differs from its sequence"_s);
    if (this->previousHash() != previousHash)
        return broken(u"it does not follow the event before it"_s);
    if (hashOf(*this, previousHash) != chainHash())
        return broken(u"its content was changed"_s);
    return {};
}

QJsonObject AuditEvent::toJson() const
{
    QJsonObject json{
        {"specversion"_L1, u"1.0"_s},
        {"id"_L1, id},
        {"source"_L1, source},
        {"type"_L1, type},
        {"time"_L1, toRfc3339(time)},
        {"sequence"_L1, sequenceText(sequence)},
        {"datacontenttype"_L1, u"application/json"_s},
        {"data"_L1, data},
    };
    if (!subject.isEmpty())
        json.insert("subject"_L1, subject);
    return json;
}

QByteArray AuditEvent::toBytes() const
{
    return withEscapedMarks(QJsonDocument(toJson()).toJson(QJsonDocument::Compact));
}

Result<AuditEvent> AuditEvent::fromJson(const QJsonObject &json)
{
    const auto invalid = [](const QString &what) { return Error(ErrorCode::InvalidResponse, what); };
    if (json.value("specversion"_L1).toString() != "1.0"_L1)
        return invalid(u"not a CloudEvents 1.0 event"_s);
    AuditEvent event;
    event.id = json.value("id"_L1).toString();
    event.source = json.value("source"_L1).toString();
    event.type = json.value("type"_L1).toString();
    event.subject = json.value("subject"_L1).toString();
    event.data = json.value("data"_L1).toObject();
    if (event.id.isEmpty() || event.source.isEmpty() || event.type.isEmpty())
        return invalid(u"id, source or type is missing"_s);
    const QDateTime time = QDateTime::fromString(json.value("time"_L1).toString(), Qt::ISODateWithMs);
    // Without an offset it would be read as the local time of whoever reads it.
    if (!time.isValid() || time.timeSpec() == Qt::LocalTime)
        return invalid(u"time is not RFC 3339"_s);
    event.time = WallTime(Duration(time.toMSecsSinceEpoch()));
    if (json.contains("sequence"_L1)) {
        bool ok = false;
        event.sequence = json.value("sequence"_L1).toString().toULongLong(&ok);
        if (!ok)
            return invalid(u"sequence is not a number"_s);
    }
    return event;
}

Result<AuditEvent> AuditEvent::fromBytes(QByteArrayView line)
{
    if (line.size() > kLargestEvent)
        return Error(ErrorCode::ResponseTooLarge, u"an event of %1 bytes; the limit is 64 KiB"_s.arg(line.size()));
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(withEscapedMarks(line.toByteArray()), &error);
    if (!document.isObject())
        return Error(ErrorCode::InvalidResponse,
                     u"not a JSON object, at byte %1: %2"_s.arg(error.offset).arg(error.errorString()));
    return fromJson(document.object());
}

} // namespace Watchword
