// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomaccess.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

bool holdsAll(const Identity &identity, const QStringList &scopes)
{
    return std::all_of(scopes.begin(), scopes.end(), [&identity](const QString &scope) { return identity.hasScope(scope); });
}

bool isStrongFor(const RoomRule &rule, const Identity &identity, WallTime now)
{
    const bool isFresh = !rule.maxAge || (identity.authTime && now - *identity.authTime <= *rule.maxAge);
    return isFresh && (rule.acrValues.isEmpty() || rule.acrValues.contains(identity.acr));
}

bool fitsWord(QStringView word, QStringView rest, QStringView room, const Identity &identity)
{
    return !word.isEmpty() && room.startsWith(word) && RoomAccess::fits(rest, room.sliced(word.size()), identity);
}

} // namespace

RoomAccess::RoomAccess(QList<RoomRule> rules)
    : m_rules(std::move(rules))
{
}

bool RoomAccess::fits(QStringView pattern, QStringView room, const Identity &identity)
{
    if (pattern.isEmpty())
        return room.isEmpty();
    if (pattern.startsWith("{sub}"_L1))
        return fitsWord(identity.subject, pattern.sliced(5), room, identity);
    if (pattern.startsWith("{client}"_L1))
        return fitsWord(identity.clientId, pattern.sliced(8), room, identity);
    if (pattern.front() != u'*')
        return !room.isEmpty() && room.front() == pattern.front() && fits(pattern.sliced(1), room.sliced(1), identity);
    for (qsizetype i = 0; i < room.size() && room.at(i) != u':' && room.at(i) != u'/'; ++i) {
        if (fits(pattern.sliced(1), room.sliced(i + 1), identity))
            return true;
    }
    return false;
}

const RoomRule *RoomAccess::ruleFor(const Identity &identity, const QString &room) const
{
    const auto rule = std::find_if(m_rules.begin(), m_rules.end(),
                                   [&identity, &room](const RoomRule &entry) { return fits(entry.pattern, room, identity); });
    return rule == m_rules.end() ? nullptr : &*rule;
}

RoomAccess::Verdict RoomAccess::maySubscribe(const Identity &identity, const QString &room, WallTime now) const
{
    const RoomRule *rule = ruleFor(identity, room);
    if (isOpen())
        return Verdict::Allowed;
    if (!rule || rule->access == RoomRule::Access::Publish || !holdsAll(identity, rule->subscribeScopes))
        return Verdict::Forbidden;
    return isStrongFor(*rule, identity, now) ? Verdict::Allowed : Verdict::StepUp;
}

RoomAccess::Verdict RoomAccess::mayPublish(const Identity &identity, const QString &room, WallTime now) const
{
    const RoomRule *rule = ruleFor(identity, room);
    if (isOpen())
        return Verdict::Allowed;
    if (!rule || rule->access == RoomRule::Access::Subscribe || !holdsAll(identity, rule->publishScopes))
        return Verdict::Forbidden;
    return isStrongFor(*rule, identity, now) ? Verdict::Allowed : Verdict::StepUp;
}

QJsonObject RoomAccess::stepUpMembers(const Identity &identity, const QString &room) const
{
    QJsonObject members;
    const RoomRule *rule = ruleFor(identity, room);
    if (rule && !rule->acrValues.isEmpty())
        members.insert("acr_values"_L1, rule->acrValues.join(u' '));
    if (rule && rule->maxAge)
        members.insert("max_age"_L1, qint64(rule->maxAge->count()));
    return members;
}

} // namespace Watchword::Gateway
