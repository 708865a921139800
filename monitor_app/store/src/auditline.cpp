// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/auditline.h"

#include "foreignline.h"

#include <QtNumeric>

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <vector>

namespace Monitor {

namespace dom = simdjson::dom;

namespace {

QByteArrayView text(const dom::element &value)
{
    std::string_view view;
    if (value.get_string().get(view) != simdjson::SUCCESS)
        return {};
    return {view.data(), qsizetype(view.size())};
}

int number(const dom::element &value, int from, int to)
{
    int64_t n = 0;
    if (value.get_int64().get(n) != simdjson::SUCCESS || n < from || n > to)
        return 0;
    return int(n);
}

quint64 sequenceOf(const dom::element &value)
{
    uint64_t n = 0;
    if (value.get_uint64().get(n) == simdjson::SUCCESS)
        return n;
    const QByteArrayView digits = text(value);
    const auto end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, n);
    return error == std::errc() && stopped == end ? n : 0;
}

QByteArrayView shortType(QByteArrayView type)
{
    constexpr QByteArrayView prefix("dev.watchword.");
    if (!type.startsWith(prefix))
        return type;
    QByteArrayView rest = type.sliced(prefix.size());
    const qsizetype dot = rest.lastIndexOf('.');
    if (dot > 0 && rest.size() > dot + 2 && rest[dot + 1] == 'v')
        return rest.first(dot);
    return rest;
}

QByteArrayView lastSegment(QByteArrayView source)
{
    return source.sliced(source.lastIndexOf('/') + 1);
}

int outcomeOf(QByteArrayView word)
{
    if (word == "success")
        return 1;
    if (word == "failure")
        return 2;
    return word == "denied" ? 3 : 0;
}

bool isHexOf(QByteArrayView digits, char from, char to)
{
    const char second = digits.size() >= 2 ? char(std::tolower(static_cast<unsigned char>(digits[1]))) : '\0';
    return digits.size() >= 4 && (digits[0] == 'd' || digits[0] == 'D') && second >= from && second <= to;
}

//! Halves of characters become U+FFFD, as do bytes that are no UTF-8.
QByteArray withoutBrokenText(QByteArrayView line)
{
    QByteArray out;
    out.reserve(line.size());
    for (qsizetype at = 0; at < line.size(); ++at) {
        if (line[at] != '\\' || at + 1 >= line.size()) {
            out += line[at];
            continue;
        }
        const QByteArrayView rest = line.sliced(at);
        const bool isHigh = rest[1] == 'u' && isHexOf(rest.sliced(2), '8', 'b');
        const bool isLow = rest[1] == 'u' && isHexOf(rest.sliced(2), 'c', 'f');
        const bool isPair = isHigh && rest.size() >= 12 && rest[6] == '\\' && rest[7] == 'u' && isHexOf(rest.sliced(8), 'c', 'f');
        const qsizetype length = std::min<qsizetype>(rest.size(), isPair ? 12 : isHigh || isLow ? 6 : 2);
        if ((isHigh && !isPair) || isLow)
            out += "\\ufffd";
        else
            out += rest.first(length);
        at += length - 1;
    }
    return QString::fromUtf8(out).toUtf8();
}

//! In place of a parser's words, what the line is and what to do, where that can be told.
const char *whatItIs(QByteArrayView line, const char *otherwise)
{
    if (line.startsWith("\xff\xfe") || line.startsWith("\xfe\xff")
        || (line.size() > 3 && line[1] == 0 && line[3] == 0 && line[0] != 0))
        return "UTF-16 text. Save the file as UTF-8";
    if (!line.isEmpty() && line[0] == 0)
        return "zero bytes, as a torn write leaves them";
    if (line.trimmed() == "[" || line.trimmed() == "]" || line.startsWith("[{"))
        return "part of a JSON array. Write one event a line, as jq -c '.[]' does";
    return otherwise;
}

template <typename F>
void eachMember(const dom::element &value, F &&use)
{
    dom::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS)
        return;
    for (const auto field : object)
        use(field.key, field.value);
}

void readActor(const dom::element &actor, AuditLine &out)
{
    QByteArrayView subject;
    eachMember(actor, [&](std::string_view key, const dom::element &value) {
        if (key == "name")
            out.actor = text(value);
        else if (key == "sub")
            subject = text(value);
        else if (key == "client_id")
            out.client = text(value);
    });
    if (out.actor.isEmpty())
        out.actor = subject;
}

void readToken(const dom::element &token, AuditLine &out)
{
    QByteArrayView fingerprint;
    eachMember(token, [&](std::string_view key, const dom::element &value) {
        if (key == "jti")
            out.token = text(value);
        else if (key == "fingerprint")
            fingerprint = text(value);
        else if (key == "family")
            out.family = text(value);
    });
    if (out.token.isEmpty())
        out.token = fingerprint;
}

void readGroup(std::string_view group, const dom::element &members, AuditLine &out)
{
    if (group == "actor")
        return readActor(members, out);
    if (group == "token")
        return readToken(members, out);
    eachMember(members, [&](std::string_view key, const dom::element &value) {
        if (group == "session" && key == "sid")
            out.session = text(value);
        else if (group == "session" && key == "conn_id")
            out.connection = text(value);
        else if (group == "src" && key == "ip")
            out.ip = text(value);
        else if (group == "ws" && key == "close_code")
            out.closeCode = number(value, 0, 65535);
        else if (group == "node" && key == "id")
            out.node = text(value);
    });
}

void readData(const dom::element &data, AuditLine &out)
{
    eachMember(data, [&](std::string_view key, const dom::element &value) {
        if (value.is_object())
            readGroup(key, value, out);
        else if (key == "severity")
            out.severity = number(value, 0, 5);
        else if (key == "outcome")
            out.outcome = outcomeOf(text(value));
        else if (key == "reason_code")
            out.reason = text(value);
        else if (key == "message")
            out.message = text(value);
    });
}

//! The members of an event around its data.
struct Envelope
{
    QByteArrayView type{};
    QByteArrayView time{};
    QByteArrayView source{};
    QByteArrayView subject{};
    dom::element data{};
    bool hasData = false;
    bool isTimeNumber = false; // and was read
    bool isCloudEvent = false;
};

Envelope readEnvelope(const dom::element &event, AuditLine &out)
{
    Envelope envelope;
    eachMember(event, [&](std::string_view key, const dom::element &value) {
        if (key == "data") {
            envelope.data = value;
            envelope.hasData = true;
        } else if (key == "time") {
            envelope.time = text(value);
            envelope.isTimeNumber = !value.is_string() && ForeignLines::readTime(value, out.time);
        } else if (key == "type") {
            envelope.type = text(value);
        } else if (key == "specversion") {
            envelope.isCloudEvent = true;
        } else if (key == "source") {
            envelope.source = text(value);
        } else if (key == "subject") {
            envelope.subject = text(value);
        } else if (key == "sequence") {
            out.sequence = sequenceOf(value);
        }
    });
    return envelope;
}

int digits(const char *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; ++i) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

qint64 daysFromCivil(int year, int month, int day)
{
    // Howard Hinnant's days_from_civil: days since 1970-01-01 in the proleptic Gregorian calendar.
    year -= month <= 2;
    const int era = (year >= 0 ? year : year - 399) / 400;
    const int yearOfEra = year - era * 400;
    const int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return qint64(era) * 146097 + dayOfEra - 719468;
}

//! "Z", "+hh:mm" or "-hh:mm" to minutes; false for anything else.
bool offsetMinutes(QByteArrayView zone, int &minutes)
{
    if (zone == "Z" || zone == "z") {
        minutes = 0;
        return true;
    }
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return false;
    const int hour = digits(zone.data() + 1, 2);
    const int minute = digits(zone.data() + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    minutes = (hour * 60 + minute) * (zone[0] == '-' ? -1 : 1);
    return true;
}

} // namespace

class AuditLineParser::Private
{
public:
    dom::parser parser{size_t(MaxLine) + 1};
    std::vector<char> copy;
    ForeignLines foreign;
};

AuditLineParser::AuditLineParser()
    : d(std::make_unique<Private>())
{
    d->foreign.setMappings(LogMapping::own());
}

AuditLineParser::~AuditLineParser() = default;

void AuditLineParser::setMappings(const QList<LogMapping> &mappings)
{
    d->foreign.setMappings(mappings);
}

const QList<LogMapping> &AuditLineParser::mappings() const
{
    return d->foreign.mappings();
}

const char *AuditLineParser::parse(QByteArrayView line, AuditLine &out)
{
    if (line.size() > MaxLine)
        return "longer than 1 MiB";
    d->copy.resize(size_t(line.size() + Padding));
    std::copy(line.begin(), line.end(), d->copy.begin());
    std::fill(d->copy.end() - Padding, d->copy.end(), ' ');
    return parsePadded({d->copy.data(), line.size()}, out);
}

const char *AuditLineParser::parsePadded(QByteArrayView line, AuditLine &out)
{
    static_assert(Padding >= simdjson::SIMDJSON_PADDING);
    out = {};
    if (line.size() > MaxLine)
        return "longer than 1 MiB";
    dom::element event;
    const auto error = d->parser.parse(line.data(), size_t(line.size()), false).get(event);
    if (error == simdjson::STRING_ERROR || error == simdjson::UTF8_ERROR) {
        // A name that was cut inside a character, or text of another encoding: the rest of the event is still worth reading.
        if (const QByteArray repaired = withoutBrokenText(line); !m_repairing && repaired != line) {
            m_repairing = true;
            const char *why = parse(repaired, out);
            m_repairing = false;
            return why;
        }
    }
    if (error != simdjson::SUCCESS)
        return whatItIs(line, simdjson::error_message(error));
    if (!event.is_object())
        return whatItIs(line, "not a JSON object");
    const Envelope envelope = readEnvelope(event, out);
    if (!envelope.isCloudEvent && d->foreign.readMapped(event, out))
        return nullptr;
    if (envelope.type.isEmpty() && !envelope.isCloudEvent) {
        d->foreign.readPlain(event, line, out);
        return nullptr;
    }
    if (envelope.type.isEmpty())
        return "no CloudEvents member \"type\"";
    if (!envelope.isTimeNumber && !envelope.time.isEmpty() && !parseTime(envelope.time, out.time))
        return "member \"time\" is not an RFC 3339 time";
    out.kind = shortType(envelope.type);
    if (envelope.hasData)
        readData(envelope.data, out);
    if (out.node.isEmpty())
        out.node = lastSegment(envelope.source);
    if (out.connection.isEmpty() && envelope.subject.startsWith("c-"))
        out.connection = envelope.subject;
    return nullptr;
}

bool AuditLineParser::parseTime(QByteArrayView t, qint64 &milliseconds)
{
    if (t.size() < 20 || t[4] != '-' || t[7] != '-' || (t[10] != 'T' && t[10] != 't' && t[10] != ' ') || t[13] != ':'
        || t[16] != ':')
        return false;
    const int year = digits(t.data(), 4);
    const int month = digits(t.data() + 5, 2);
    const int day = digits(t.data() + 8, 2);
    const int hour = digits(t.data() + 11, 2);
    const int minute = digits(t.data() + 14, 2);
    const int second = digits(t.data() + 17, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 60)
        return false;
    qsizetype at = 19;
    int fraction = 0;
    if (t[at] == '.') {
        int scale = 100;
        for (++at; at < t.size() && t[at] >= '0' && t[at] <= '9'; ++at, scale /= 10)
            fraction += (t[at] - '0') * scale;
    }
    int offset = 0;
    if (!offsetMinutes(t.sliced(at), offset))
        return false;
    const qint64 minutes = (daysFromCivil(year, month, day) * 24 + hour) * 60 + minute - offset;
    milliseconds = (minutes * 60 + second) * 1000 + fraction;
    return true;
}

} // namespace Monitor
