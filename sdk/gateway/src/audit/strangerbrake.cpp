// SPDX-License-Identifier: Apache-2.0
#include "audit/strangerbrake.h"

#include "limit/addressrates.h"

#include <QJsonArray>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostActors = 50;
const QString kEverywhere = QStringLiteral("*");

QString personOf(const AuditEntry &entry)
{
    const QJsonObject actor = entry.data.value("actor"_L1).toObject();
    return actor.value("iss"_L1).toString() + u' ' + actor.value("sub"_L1).toString();
}

} // namespace

StrangerBrake::StrangerBrake(const StrangerLimits &limits)
    : m_limits(limits)
    , m_tokens(limits.burst)
{
}

bool StrangerBrake::hasToken(Instant now)
{
    const double seconds = double(std::max(Duration{}, std::chrono::duration_cast<Duration>(now - m_tokensAt)).count()) / 1000;
    m_tokens = std::min(m_limits.burst, m_tokens + seconds * m_limits.perSecond);
    m_tokensAt = now;
    return m_tokens >= 1;
}

StrangerBrake::Kind &StrangerBrake::kindOf(const QString &cause, const QString &network, Instant now)
{
    m_lastKey = cause + u'|' + network;
    const auto found = m_kinds.find(m_lastKey);
    if (found == m_kinds.end()) {
        Kind kind;
        kind.window = m_limits.window;
        kind.until = now + kind.window;
        kind.network = network;
        return *m_kinds.insert(m_lastKey, kind);
    }
    if (found->until <= now && !renew(*found, now, m_ended)) {
        found->window = m_limits.window;
        found->until = now + found->window;
    }
    return *found;
}

bool StrangerBrake::take(const AuditEntry &entry, const QHostAddress &from, Instant now, WallTime wall)
{
    const QString cause = entry.type + u'|' + entry.reasonCode;
    const QString person = personOf(entry);
    const QString own = cause + u'|' + person + u'|' + AddressRates::networkOf(from);
    const bool isKnown = m_kinds.contains(own);
    const bool isTight = !hasToken(now) || (!isKnown && m_kinds.size() >= m_limits.mostKeys);
    if (isTight && !isKnown) {
        Kind &kind = kindOf(cause, kEverywhere, now);
        if (kind.written < m_limits.each) {
            ++kind.written;
            return true;
        }
        if (kind.actors.size() < kMostActors && person.size() > 1 && !kind.actors.contains(person))
            kind.actors.append(person);
        m_reference.clear(); // it would be somebody else's
        count(kind, entry, wall);
        return false;
    }
    Kind &kind = kindOf(cause + u'|' + person, AddressRates::networkOf(from), now);
    if (kind.written < m_limits.each && !isTight) {
        ++kind.written;
        m_tokens -= 1;
        return true;
    }
    m_reference = kind.reference;
    count(kind, entry, wall);
    return false;
}

void StrangerBrake::setReference(const QString &id)
{
    const auto kind = m_kinds.find(m_lastKey);
    if (kind != m_kinds.end() && kind->network != kEverywhere)
        kind->reference = id;
}

void StrangerBrake::count(Kind &kind, const AuditEntry &entry, WallTime wall)
{
    if (kind.counted == 0)
        kind.first = wall;
    ++kind.counted;
    kind.last = wall;
    kind.sample = entry;
}

AuditEntry StrangerBrake::summaryOf(const Kind &kind)
{
    AuditEntry entry = kind.sample;
    const qint64 seconds = ((kind.last - kind.first).count() + 999) / 1000;
    const QString where = kind.network == kEverywhere ? u"many networks"_s : kind.network;
    entry.message = u"%1 more of this came from %2 within %3 s and were not written one by one; the last: %4"_s.arg(kind.counted)
                        .arg(where)
                        .arg(seconds)
                        .arg(entry.message);
    QJsonObject aggregate{{"count"_L1, kind.counted},
                          {"first"_L1, toRfc3339(kind.first)},
                          {"last"_L1, toRfc3339(kind.last)},
                          {"network"_L1, kind.network}};
    if (!kind.actors.isEmpty())
        aggregate.insert("actors"_L1, QJsonArray::fromStringList(kind.actors));
    entry.data.insert("aggregate"_L1, aggregate);
    return entry;
}

bool StrangerBrake::renew(Kind &kind, Instant now, QList<AuditEntry> &summaries) const
{
    const bool wasFlood = kind.counted > 0;
    if (wasFlood)
        summaries.append(summaryOf(kind));
    kind.written = wasFlood ? m_limits.each - 1 : 0; // a flood that goes on has been shown already
    kind.counted = 0;
    kind.sample = {};
    kind.actors.clear();
    kind.window = wasFlood ? std::min(kind.window * 2, m_limits.longestWindow) : m_limits.window;
    kind.until = now + kind.window;
    return wasFlood;
}

QList<AuditEntry> StrangerBrake::due(Instant now)
{
    QList<AuditEntry> summaries = std::exchange(m_ended, {});
    for (auto kind = m_kinds.begin(); kind != m_kinds.end();) {
        if (kind->until > now || renew(*kind, now, summaries))
            ++kind;
        else
            kind = m_kinds.erase(kind);
    }
    return summaries;
}

QList<AuditEntry> StrangerBrake::all()
{
    QList<AuditEntry> summaries = std::exchange(m_ended, {});
    for (const Kind &kind : std::as_const(m_kinds)) {
        if (kind.counted > 0)
            summaries.append(summaryOf(kind));
    }
    m_kinds.clear();
    return summaries;
}

} // namespace Watchword::Gateway
