// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/canonicaljson.h"

#include <QJsonArray>
#include <QJsonObject>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace Watchword {

namespace {

void writeString(QByteArray &out, const QString &text)
{
    out += '"';
    for (const char c : text.toUtf8()) {
        const auto byte = static_cast<unsigned char>(c);
        switch (byte) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            if (byte < 0x20)
                out += "\\u00" + QByteArray::number(byte, 16).rightJustified(2, '0');
            else
                out += c;
        }
    }
    out += '"';
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

void write(QByteArray &out, const QJsonValue &value)
{
    switch (value.type()) {
    case QJsonValue::Bool:
        out += value.toBool() ? "true" : "false";
        break;
    case QJsonValue::Double: {
        // QJsonValue keeps 64-bit integers; JCS knows doubles only, so both ends must agree on doubles.
        out += numberText(value.toDouble());
        break;
    }
    case QJsonValue::String:
        writeString(out, value.toString());
        break;
    case QJsonValue::Array: {
        const QJsonArray array = value.toArray();
        out += '[';
        for (qsizetype i = 0; i < array.size(); ++i) {
            if (i > 0)
                out += ',';
            write(out, array.at(i));
        }
        out += ']';
        break;
    }
    case QJsonValue::Object: {
        const QJsonObject object = value.toObject();
        QStringList keys = object.keys();
        std::sort(keys.begin(), keys.end()); // QString compares UTF-16 code units, as RFC 8785 section 3.2.3 asks
        out += '{';
        for (qsizetype i = 0; i < keys.size(); ++i) {
            if (i > 0)
                out += ',';
            writeString(out, keys.at(i));
            out += ':';
            write(out, object.value(keys.at(i)));
        }
        out += '}';
        break;
    }
    default:
        out += "null";
    }
}

} // namespace

QByteArray toCanonicalJson(const QJsonValue &value)
{
    QByteArray out;
    write(out, value);
    return out;
}

} // namespace Watchword
