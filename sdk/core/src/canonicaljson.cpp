// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/canonicaljson.h"

#include "watchword/core/internal/canonicalwriter.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QVarLengthArray>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace Watchword {

namespace {

constexpr char16_t kReplacement = 0xfffd;

bool isUnwelcome(char16_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff;
}

char *writeEscape(char *to, char16_t c)
{
    constexpr char digits[] = "0123456789abcdef";
    *to++ = '\\';
    switch (c) {
    case '\b':
        *to++ = 'b';
        break;
    case '\f':
        *to++ = 'f';
        break;
    case '\n':
        *to++ = 'n';
        break;
    case '\r':
        *to++ = 'r';
        break;
    case '\t':
        *to++ = 't';
        break;
    case '"':
    case '\\':
        *to++ = char(c);
        break;
    default:
        *to++ = 'u';
        *to++ = '0';
        *to++ = '0';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    return to;
}

char *writeUtf8(char *to, char32_t c)
{
    const auto rest = [c](int shift) { return char(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x800) {
        *to++ = char(0xc0 | (c >> 6));
    } else if (c < 0x10000) {
        *to++ = char(0xe0 | (c >> 12));
        *to++ = rest(6);
    } else {
        *to++ = char(0xf0 | (c >> 18));
        *to++ = rest(12);
        *to++ = rest(6);
    }
    *to++ = rest(0);
    return to;
}

// ECMAScript Number::toString: the shortest digits that read back equal, plain up to 21 digits.
QByteArray numberText(double value)
{
    if (value == 0 || !std::isfinite(value))
        return "0";
    char buffer[64];
    const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
    const QByteArray text(buffer, scientific.ptr - buffer);
    const qsizetype e = text.indexOf('e');
    QByteArray digits = text.first(e);
    digits.remove(1, 1); // the point, if there is one
    const int exponent = text.mid(e + 1).toInt();
    const int k = int(digits.size());
    const int n = exponent + 1;
    QByteArray out = value < 0 ? "-" : "";
    if (k <= n && n <= 21)
        return out + digits + QByteArray(n - k, '0');
    if (0 < n && n <= 21)
        return out + digits.first(n) + '.' + digits.mid(n);
    if (-6 < n && n <= 0)
        return out + "0." + QByteArray(-n, '0') + digits;
    out += digits.first(1);
    if (k > 1)
        out += '.' + digits.mid(1);
    return out + 'e' + (exponent < 0 ? '-' : '+') + QByteArray::number(std::abs(exponent));
}

} // namespace

void CanonicalWriter::write(QStringView text)
{
    writeText(text, m_texts == Texts::Clean);
}

void CanonicalWriter::writeText(QStringView text, bool isClean)
{
    constexpr qsizetype kLongestUnit = 6; // "\u001f"
    const qsizetype before = m_out.size();
    m_out.resize(before + 2 + text.size() * kLongestUnit);
    char *to = m_out.data() + before;
    *to++ = '"';
    const char16_t *from = text.utf16();
    const char16_t *const end = from + text.size();
    while (from != end) {
        const char16_t c = *from++;
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            *to++ = char(c);
        } else if (isClean && isUnwelcome(c)) {
            to = writeUtf8(to, kReplacement);
        } else if (c < 0x20 || c == '"' || c == '\\') {
            to = writeEscape(to, c);
        } else if (c == 0x7f) {
            *to++ = char(c);
        } else if (!QChar::isSurrogate(c)) {
            to = writeUtf8(to, c);
        } else if (QChar::isHighSurrogate(c) && from != end && QChar::isLowSurrogate(*from)) {
            to = writeUtf8(to, QChar::surrogateToUcs4(c, *from++));
        } else {
            to = writeUtf8(to, kReplacement); // there is no UTF-8 for half a pair
        }
    }
    *to++ = '"';
    m_out.resize(to - m_out.constData());
}

void CanonicalWriter::write(double number)
{
    constexpr double kPlain = 9'007'199'254'740'992.0; // 2^53: whole numbers below are written as they are
    if (number > -kPlain && number < kPlain && number == std::trunc(number)) {
        char buffer[24];
        const auto written = std::to_chars(buffer, buffer + sizeof buffer, qint64(number));
        m_out.append(buffer, written.ptr - buffer);
    } else {
        m_out += numberText(number);
    }
}

void CanonicalWriter::write(const QJsonValue &value)
{
    switch (value.type()) {
    case QJsonValue::Bool:
        m_out += value.toBool() ? "true" : "false";
        break;
    case QJsonValue::Double:
        // QJsonValue keeps 64-bit integers; JCS knows doubles only, so both ends must agree on doubles.
        write(value.toDouble());
        break;
    case QJsonValue::String:
        write(QStringView(value.toString()));
        break;
    case QJsonValue::Array: {
        const QJsonArray array = value.toArray();
        m_out += '[';
        for (qsizetype i = 0; i < array.size(); ++i) {
            if (i > 0)
                m_out += ',';
            write(array.at(i));
        }
        m_out += ']';
        break;
    }
    case QJsonValue::Object:
        writeObject(value.toObject(), nullptr);
        break;
    default:
        m_out += "null";
    }
}

void CanonicalWriter::write(const QJsonObject &object, QLatin1StringView name, const QByteArray &text)
{
    const Extra extra{name, &text};
    writeObject(object, &extra);
}

void CanonicalWriter::writeWithout(const QJsonObject &object, QLatin1StringView name)
{
    const Extra extra{name, nullptr};
    writeObject(object, &extra);
}

void CanonicalWriter::writeMember(const QString &name, bool isFirst)
{
    if (!isFirst)
        m_out += ',';
    writeText(name, false);
    m_out += ':';
}

void CanonicalWriter::writeObject(const QJsonObject &object, const Extra *extra)
{
    struct Member
    {
        QString name;
        QJsonValue value;
    };
    QVarLengthArray<Member, 24> members;
    bool isSorted = true;
    for (auto it = object.begin(); it != object.end(); ++it) {
        QString name = it.key();
        if (extra && name == extra->name)
            continue;
        isSorted = isSorted && (members.isEmpty() || members.last().name < name);
        members.append({std::move(name), it.value()});
    }
    // QString compares UTF-16 code units, as RFC 8785 section 3.2.3 asks.
    if (!isSorted)
        std::sort(members.begin(), members.end(), [](const Member &a, const Member &b) { return a.name < b.name; });
    m_out += '{';
    bool isFirst = true;
    bool isPlaced = !extra || !extra->text;
    const auto place = [&] {
        writeMember(extra->name, isFirst);
        m_out += *extra->text;
        isFirst = false;
        isPlaced = true;
    };
    for (const Member &member : members) {
        if (!isPlaced && member.name > extra->name)
            place();
        writeMember(member.name, isFirst);
        write(member.value);
        isFirst = false;
    }
    if (!isPlaced)
        place();
    m_out += '}';
}

QByteArray toCanonicalJson(const QJsonValue &value)
{
    QByteArray out;
    CanonicalWriter(out).write(value);
    return out;
}

} // namespace Watchword
