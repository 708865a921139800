// SPDX-License-Identifier: Apache-2.0
#include "foreignline.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace Monitor {

namespace {

using Element = simdjson::dom::element;

// As common loggers write them: bunyan, pino, zap, logrus, Serilog, Log4j, Python, journald, Docker, CloudTrail.
constexpr std::array timePointers{"/time",      "/timestamp", "/@timestamp", "/ts",      "/t",       "/@t",
                                  "/eventTime", "/datetime",  "/date",       "/asctime", "/instant", "/__REALTIME_TIMESTAMP"};
constexpr std::array textPointers{"/message", "/msg",  "/@m",      "/@mt",       "/log",     "/text",
                                  "/event",   "/body", "/MESSAGE", "/eventName", "/summary", "/description"};
constexpr std::array levelPointers{"/level", "/severity", "/lvl", "/@l", "/levelname", "/log.level", "/log/level"};

std::string_view asView(QByteArrayView text)
{
    return {text.data(), size_t(text.size())};
}

//! 0 to 5 as the audit has them.
int severityOfLevel(QByteArrayView level)
{
    static constexpr std::array<std::pair<const char *, int>, 21> words{
        {{"trace", 0},   {"debug", 0}, {"verbose", 0}, {"info", 1},   {"information", 1}, {"notice", 2},   {"warn", 3},
         {"warning", 3}, {"error", 4}, {"err", 4},     {"severe", 4}, {"fatal", 5},       {"critical", 5}, {"crit", 5},
         {"alert", 5},   {"emerg", 5}, {"panic", 5},   {"30", 1},     {"40", 3},          {"50", 4},       {"60", 5}}};
    const QByteArray lower = level.toByteArray().toLower();
    for (const auto &[word, severity] : words) {
        if (lower == word)
            return severity;
    }
    return 0;
}

} // namespace

QByteArrayView ForeignLines::textOf(const Element &value)
{
    std::string_view view;
    if (value.get_string().get(view) == simdjson::SUCCESS)
        return {view.data(), qsizetype(view.size())};
    if (value.is_object() || value.is_array() || value.is_null())
        return {};
    m_numbers.push_back(QByteArray::fromStdString(simdjson::minify(value)));
    return m_numbers.back();
}

QByteArrayView ForeignLines::textAt(const Element &event, QByteArrayView pointer)
{
    Element value;
    if (event.at_pointer(asView(pointer)).get(value) != simdjson::SUCCESS)
        return {};
    return textOf(value);
}

QByteArrayView ForeignLines::firstText(const Element &event, const QList<QByteArray> &pointers)
{
    for (const QByteArray &pointer : pointers) {
        if (const QByteArrayView found = textAt(event, pointer); !found.isEmpty())
            return found;
    }
    return {};
}

bool ForeignLines::parseLooseTime(QByteArrayView text, qint64 &milliseconds)
{
    constexpr qsizetype longest = 40;
    constexpr qsizetype toSeconds = 19; // "2026-11-22T14:32:40"
    text = text.trimmed();
    if (AuditLineParser::parseTime(text, milliseconds))
        return true;
    if (text.size() < toSeconds || text.size() > longest)
        return false;
    QByteArray exact = text.toByteArray();
    if (exact.size() > toSeconds && exact[toSeconds] == ',')
        exact[toSeconds] = '.';
    const qsizetype sign = std::max(exact.lastIndexOf('+'), exact.lastIndexOf('-'));
    if (sign >= toSeconds && exact.size() == sign + 5)
        exact.insert(sign + 3, ':');
    else if (sign < toSeconds && !exact.endsWith('Z') && !exact.endsWith('z'))
        exact.append('Z');
    return AuditLineParser::parseTime(exact, milliseconds);
}

bool ForeignLines::readTime(const Element &value, qint64 &milliseconds)
{
    constexpr double firstMilliseconds = 1e11; // as seconds: the year 5138
    constexpr double firstMicroseconds = 1e14;
    constexpr double firstNanoseconds = 1e17;
    double number = 0;
    std::string_view view;
    if (value.get_string().get(view) == simdjson::SUCCESS) {
        const char *const end = view.data() + view.size();
        const auto [stopped, error] = std::from_chars(view.data(), end, number);
        if (error != std::errc() || stopped != end)
            return parseLooseTime({view.data(), qsizetype(view.size())}, milliseconds);
    } else if (value.get_double().get(number) != simdjson::SUCCESS) {
        return false;
    }
    if (!(number > 0) || number >= 9e18)
        return false;
    milliseconds = qint64(number < firstMilliseconds       ? number * 1000
                              : number < firstMicroseconds ? number
                              : number < firstNanoseconds  ? number / 1000
                                                           : number / 1'000'000);
    return true;
}

bool ForeignLines::readMapped(const Element &event, AuditLine &out)
{
    const auto fits = [&event](const LogMapping &mapping) {
        return std::all_of(mapping.when.begin(), mapping.when.end(), [&event](const QByteArray &pointer) {
            return event.at_pointer(asView(pointer)).error() == simdjson::SUCCESS;
        });
    };
    const auto mapping = std::find_if(m_mappings.cbegin(), m_mappings.cend(), fits);
    if (mapping == m_mappings.cend())
        return false;
    m_numbers.clear();
    out = {};
    out.mapping = int(mapping - m_mappings.cbegin());
    for (const QByteArray &pointer : mapping->fields[LogMapping::Time]) {
        Element value;
        if (event.at_pointer(asView(pointer)).get(value) == simdjson::SUCCESS && readTime(value, out.time))
            break;
    }
    const std::array<std::pair<LogMapping::Field, QByteArrayView *>, 11> texts{{{LogMapping::Kind, &out.kind},
                                                                                {LogMapping::User, &out.actor},
                                                                                {LogMapping::Client, &out.client},
                                                                                {LogMapping::Session, &out.session},
                                                                                {LogMapping::Connection, &out.connection},
                                                                                {LogMapping::Token, &out.token},
                                                                                {LogMapping::Family, &out.family},
                                                                                {LogMapping::Ip, &out.ip},
                                                                                {LogMapping::Node, &out.node},
                                                                                {LogMapping::Reason, &out.reason},
                                                                                {LogMapping::Message, &out.message}}};
    for (const auto &[field, place] : texts)
        *place = firstText(event, mapping->fields[field]);
    if (const QByteArrayView told = firstText(event, mapping->severity.from); !mapping->severity.from.isEmpty())
        out.severity = mapping->severity.of(told);
    if (const QByteArrayView told = firstText(event, mapping->outcome.from); !mapping->outcome.from.isEmpty())
        out.outcome = mapping->outcome.of(told);
    return true;
}

void ForeignLines::readPlain(const Element &event, QByteArrayView line, AuditLine &out)
{
    m_numbers.clear();
    out = {};
    out.isPlain = true;
    for (const char *pointer : timePointers) {
        Element value;
        if (event.at_pointer(pointer).get(value) == simdjson::SUCCESS && readTime(value, out.time))
            break;
    }
    for (const char *pointer : textPointers) {
        if (out.message = textAt(event, pointer); !out.message.isEmpty())
            break;
    }
    if (out.message.isEmpty())
        out.message = line.first(std::min<qsizetype>(line.size(), 500));
    for (const char *pointer : levelPointers) {
        if (const QByteArrayView level = textAt(event, pointer); !level.isEmpty()) {
            out.severity = severityOfLevel(level);
            break;
        }
    }
}

} // namespace Monitor
