// SPDX-License-Identifier: Apache-2.0
#include "strictjson.h"

#include <QJsonArray>
#include <QJsonDocument>

namespace Watchword {

namespace {

qsizetype membersOf(const QJsonValue &value)
{
    qsizetype count = 0;
    if (value.isObject()) {
        const QJsonObject object = value.toObject();
        count = object.size();
        for (const QJsonValue member : object)
            count += membersOf(member);
    } else if (value.isArray()) {
        const QJsonArray array = value.toArray();
        for (const QJsonValue element : array)
            count += membersOf(element);
    }
    return count;
}

// Each member of valid JSON has exactly one colon outside of strings. -1 for a text that starts with a byte
// order mark: Qt would drop the mark, and two different names would become the same.
qsizetype colonsOf(QByteArrayView json)
{
    qsizetype count = 0;
    bool inString = false;
    for (qsizetype i = 0; i < json.size(); ++i) {
        switch (json[i]) {
        case '"':
            inString = !inString;
            if (inString && json.sliced(i + 1).startsWith("\xef\xbb\xbf"))
                return -1;
            break;
        case '\\':
            ++i; // only strings have escapes
            break;
        case ':':
            count += inString ? 0 : 1;
            break;
        default:
            break;
        }
    }
    return count;
}

} // namespace

std::optional<QJsonObject> strictJsonObject(QByteArrayView text)
{
    if (text.startsWith("\xef\xbb\xbf"))
        return std::nullopt;
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromRawData(text.data(), text.size()));
    if (!document.isObject())
        return std::nullopt;
    QJsonObject object = document.object();
    // QJsonDocument keeps the last of two equal names; another reader of the same token may keep the first.
    if (membersOf(object) != colonsOf(text))
        return std::nullopt;
    return object;
}

QString shownText(const QString &text)
{
    QString shown = text.left(64);
    for (QChar &c : shown) {
        if (!c.isPrint() || c.isSurrogate())
            c = u'?';
    }
    return text.size() > shown.size() ? shown + QStringLiteral("...") : shown;
}

} // namespace Watchword
