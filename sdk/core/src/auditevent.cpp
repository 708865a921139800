// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/auditevent.h"

#include "watchword/core/internal/auditsealer.h"
#include "watchword/core/internal/canonicalwriter.h"
#include "watchword/core/internal/utf8.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>

#include <chrono>
#include <cstring>

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

// RFC 3339 in UTC with milliseconds, as QDateTime writes it, in a twentieth of its time.
QByteArray timeText(WallTime time)
{
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss<Duration> clock(duration_cast<Duration>(time - day));
    const int year = int(date.year());
    if (year < 1 || year > 9999)
        return toRfc3339(time).toLatin1();
    QByteArray text = "0000-00-00T00:00:00.000Z";
    const auto put = [&text](int at, int width, int number) {
        for (int i = at + width - 1; i >= at; --i, number /= 10)
            text[i] = char('0' + number % 10);
    };
    put(0, 4, year);
    put(5, 2, int(unsigned(date.month())));
    put(8, 2, int(unsigned(date.day())));
    put(11, 2, int(clock.hours().count()));
    put(14, 2, int(clock.minutes().count()));
    put(17, 2, int(clock.seconds().count()));
    put(20, 3, int(clock.subseconds().count()));
    return text;
}

void writeAttribute(CanonicalWriter &writer, QByteArray &out, const char *name, QStringView value)
{
    out += name;
    writer.write(value);
}

// What comes behind "data" in the order of RFC 8785.
void writeAttributes(CanonicalWriter &writer, QByteArray &out, const AuditEvent &event)
{
    writeAttribute(writer, out, ",\"datacontenttype\":\"application/json\",\"id\":", event.id);
    out += ",\"sequence\":\"" + QByteArray::number(event.sequence).rightJustified(20, '0') + '"';
    writeAttribute(writer, out, ",\"source\":", event.source);
    out += ",\"specversion\":\"1.0\"";
    if (!event.subject.isEmpty())
        writeAttribute(writer, out, ",\"subject\":", event.subject);
    out += ",\"time\":\"" + timeText(event.time) + '"';
    writeAttribute(writer, out, ",\"type\":", event.type);
    out += '}';
}

QByteArray qtSha256(QByteArrayView bytes)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(bytes);
    return hash.result();
}

QByteArray chainPrefix(const QByteArray &previousHash)
{
    QByteArray text;
    text.reserve(2048);
    return text += "watchword.audit.v1\n" + previousHash + '\n';
}

QString hashOf(const AuditEvent &event, const QString &previousHash)
{
    QByteArray text = chainPrefix(previousHash.toLatin1());
    QByteArray chain;
    CanonicalWriter(chain).writeWithout(event.data.value("chain"_L1).toObject(), "hash"_L1);
    CanonicalWriter writer(text);
    text += "{\"data\":";
    writer.write(event.data, "chain"_L1, chain);
    writeAttributes(writer, text, event);
    return QString::fromLatin1(qtSha256(text).toHex());
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

SealedAuditText sealAuditText(const AuditEvent &event, const QString &chainUid, const QByteArray &previousHash, Sha256 hash)
{
    QByteArray chain = "{\"prev\":\"" + previousHash + "\",\"seq\":";
    CanonicalWriter chainWriter(chain);
    chainWriter.write(double(event.sequence));
    chain += ",\"uid\":";
    chainWriter.write(QStringView(chainUid));
    chain += '}';
    QByteArray text = chainPrefix(previousHash);
    const qsizetype prefix = text.size();
    CanonicalWriter writer(text, CanonicalWriter::Texts::Clean);
    text += "{\"data\":";
    writer.write(event.data, "chain"_L1, chain);
    writeAttributes(writer, text, event);
    const QByteArray digest = hash(text).toHex();
    // "hash" is the first of the chain's members, so its place is behind the brace that the prev follows.
    const QByteArray place = "\"chain\":{\"prev\":\"" + previousHash + "\",\"seq\":";
    const qsizetype at = text.indexOf(place, prefix) + qsizetype(std::strlen("\"chain\":{"));
    QByteArray sealed;
    sealed.reserve(text.size() - prefix + digest.size() + 16);
    sealed.append(text.constData() + prefix, at - prefix);
    sealed += "\"hash\":\"" + digest + "\",";
    sealed.append(text.constData() + at, text.size() - at);
    return {sealed, digest};
}

QByteArray canonicalAuditText(const AuditEvent &event)
{
    QByteArray text = "{\"data\":";
    CanonicalWriter writer(text);
    writer.write(event.data);
    writeAttributes(writer, text, event);
    return text;
}

} // namespace Watchword
