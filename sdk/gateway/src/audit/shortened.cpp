// SPDX-License-Identifier: Apache-2.0
#include "audit/shortened.h"

#include "watchword/core/internal/utf8.h"

#include <QJsonArray>
#include <QSet>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostIds = 32 * 1024; // characters of a list of targets
constexpr qsizetype kLongest = 1024;

bool isUnwelcome(QChar c)
{
    const char16_t unit = c.unicode();
    return unit < 0x20 || (unit >= 0x7f && unit < 0xa0) || unit == 0x2028 || unit == 0x2029 || unit == 0xfeff;
}

QJsonObject withFewerTargets(QJsonObject target, qsizetype most)
{
    const QJsonArray ids = target.value("ids"_L1).toArray();
    QJsonArray kept;
    qsizetype size = 0;
    for (const QJsonValue &id : ids) {
        size += id.toString().size() + 3;
        if (size > most)
            break;
        kept.append(id);
    }
    if (kept.size() == ids.size())
        return target;
    target.insert("ids"_L1, kept);
    target.insert("more"_L1, ids.size() - kept.size());
    return target;
}

QJsonValue cut(const QJsonValue &value, qsizetype most)
{
    if (value.isString())
        return value.toString().left(most);
    if (!value.isObject())
        return value;
    QJsonObject object = value.toObject();
    for (QJsonValueRef member : object)
        member = cut(member, most);
    return object;
}

} // namespace

QString cleanAuditText(const QString &text)
{
    if (std::none_of(text.begin(), text.end(), [](QChar c) { return isUnwelcome(c) || c.isSurrogate(); }))
        return text;
    QString clean = toWellFormed(text);
    std::replace_if(clean.begin(), clean.end(), isUnwelcome, QChar(QChar::ReplacementCharacter));
    return clean;
}

AuditEntry shortened(const AuditEntry &entry, int attempt)
{
    static const QSet<QString> kept{u"actor"_s,   u"admin"_s, u"count"_s,  u"initiator"_s, u"limit"_s, u"seam"_s,
                                    u"session"_s, u"src"_s,   u"target"_s, u"token"_s,     u"ws"_s};
    AuditEntry small = entry;
    QJsonArray left;
    if (small.message.size() > kLongest) {
        small.message.truncate(kLongest);
        left.append(u"message"_s);
    }
    const QStringList names = small.data.keys();
    for (const QString &name : names) {
        if (attempt > 0 && !kept.contains(name)) {
            small.data.remove(name);
            left.append(name);
        }
    }
    if (const auto target = small.data.constFind("target"_L1); target != small.data.constEnd()) {
        const QJsonObject fewer = withFewerTargets(target->toObject(), attempt < 2 ? kMostIds : kMostIds / 8);
        if (fewer.contains("more"_L1))
            left.append(u"target.ids"_s);
        small.data.insert("target"_L1, fewer);
    }
    if (attempt + 1 == kShortenings) {
        // Nothing of ours is as large: now even who it was loses the end of a text that is as long as a book.
        small.subject.truncate(kLongest);
        for (QJsonValueRef member : small.data)
            member = cut(member, kLongest);
    }
    small.data.insert("left_out"_L1, left);
    small.data.insert("truncated"_L1, true);
    return small;
}

} // namespace Watchword::Gateway
