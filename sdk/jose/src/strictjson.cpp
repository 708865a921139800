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

/*! What a text that is valid JSON contains outside of its strings. */
struct Census
{
    qsizetype colons = 0; // each member has exactly one
    bool nested = false; // there is an array, or a second object
    bool hasMark = false; // a string starts with a byte order mark
};

Census censusOf(QByteArrayView json)
{
    Census census;
    int objects = 0;
    const char *const end = json.end();
    for (const char *c = json.begin(); c != end; ++c) {
        if (*c == ':') {
            ++census.colons;
        } else if (*c == '{') {
            census.nested = ++objects > 1 || census.nested;
        } else if (*c == '[') {
            census.nested = true;
        } else if (*c == '"') {
            census.hasMark = census.hasMark || QByteArrayView(c + 1, end).startsWith("\xef\xbb\xbf");
            for (++c; c != end && *c != '"'; ++c) {
                if (*c == '\\' && ++c == end)
                    return census; // not JSON
            }
            if (c == end)
                return census;
        }
    }
    return census;
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
    const Census census = censusOf(text);
    // Qt would drop the mark, and two different names would become the same.
    if (census.hasMark)
        return std::nullopt;
    // QJsonDocument keeps the last of two equal names; another reader of the same token may keep the first.
    if (census.colons != (census.nested ? membersOf(object) : object.size()))
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
