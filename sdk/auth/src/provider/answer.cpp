// SPDX-License-Identifier: Apache-2.0
#include "provider/answer.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <cmath>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QByteArrayView withoutMark(QByteArrayView body)
{
    constexpr QByteArrayView mark("\xef\xbb\xbf");
    return (body.startsWith(mark) ? body.sliced(mark.size()) : body).trimmed();
}

} // namespace

std::optional<QJsonObject> answerObject(QByteArrayView body)
{
    const QByteArrayView text = withoutMark(body);
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromRawData(text.data(), text.size()));
    return document.isObject() ? std::optional(document.object()) : std::nullopt;
}

bool isPage(const HttpOutcome &outcome)
{
    const QByteArrayView body = withoutMark(outcome.body);
    const bool isHtml = outcome.contentType == "text/html" || outcome.contentType == "application/xhtml+xml";
    // Some providers call their JSON HTML.
    return body.startsWith('<') || (isHtml && !body.isEmpty() && !body.startsWith('{') && !body.startsWith('['));
}

bool isAbsent(const QJsonValue &value)
{
    return value.isUndefined() || value.isNull() || (value.isString() && value.toString().isEmpty());
}

std::optional<double> numberOf(const QJsonValue &value)
{
    bool isNumber = value.isDouble();
    const double number = isNumber ? value.toDouble() : value.toString().toDouble(&isNumber);
    return isNumber && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<QStringList> textsOf(const QJsonValue &value)
{
    if (value.isString())
        return value.toString().split(u' ', Qt::SkipEmptyParts);
    if (!value.isArray())
        return std::nullopt;
    QStringList all;
    const QJsonArray array = value.toArray();
    for (const QJsonValue &one : array) {
        if (!one.isString())
            return std::nullopt;
        all += one.toString();
    }
    return all;
}

bool flagOf(const QJsonValue &value)
{
    return value.toBool() || value.toString() == "true"_L1;
}

QString printable(const QString &text, qsizetype longest)
{
    QString clean;
    for (const QChar c : text.left(longest))
        clean += c.isPrint() || c.isSurrogate() ? c : u' ';
    return clean;
}

} // namespace Watchword
