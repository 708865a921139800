// SPDX-License-Identifier: Apache-2.0
#include "endpoint/sessionlives.h"

#include <algorithm>
#include <vector>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kEarliestWord = std::chrono::minutes(5);

Duration wordBefore(const SessionEnd &end)
{
    return std::min(end.most / 5, kEarliestWord);
}

// Tokens of an issuer without sessions have their own id in that place. They belong together by the sign-in.
QString sessionKeyOf(const Identity &identity)
{
    const bool hasSession = !identity.sessionId.isEmpty() && identity.sessionId != identity.tokenId;
    const QString person = identity.issuer + u' ' + identity.subject + u' ';
    if (hasSession || !identity.authTime)
        return person + identity.sessionId;
    return person + u' ' + identity.clientId + u' ' + QString::number(toSecondsSinceEpoch(*identity.authTime));
}

} // namespace

std::shared_ptr<SessionLife> SessionLives::lifeOf(const Identity &identity, const GateTarget &target, Instant now, WallTime wall,
                                                  const std::shared_ptr<SessionLife> &renewed)
{
    if (target.sessionIdle.count() <= 0 && target.sessionLifetime.count() <= 0)
        return {};
    const QString key = sessionKeyOf(identity);
    const WallTime begun = identity.authTime.value_or(identity.issuedAt.value_or(wall));
    if (const auto known = m_lives.constFind(key); known != m_lives.constEnd()) {
        if (identity.authTime && *identity.authTime > (*known)->begun)
            **known = {begun, now};
        return *known;
    }
    if (m_lives.size() >= kMost)
        makeRoom();
    const bool goesOn = renewed && !(identity.authTime && *identity.authTime > renewed->begun);
    const auto life = goesOn ? renewed : std::make_shared<SessionLife>(SessionLife{begun, now});
    m_lives.insert(key, life);
    return life;
}

std::optional<SessionEnd> SessionLives::endOf(const SessionLife &life, const GateTarget &target, Instant now, WallTime wall)
{
    std::optional<SessionEnd> end;
    if (target.sessionLifetime.count() > 0)
        end = SessionEnd{u"session_lifetime"_s, life.begun + target.sessionLifetime - wall, target.sessionLifetime};
    if (target.sessionIdle.count() > 0) {
        const Duration in = life.usedAt + target.sessionIdle - now;
        if (!end || in < end->in)
            end = SessionEnd{u"session_idle"_s, in, target.sessionIdle};
    }
    return end;
}

std::optional<SessionEnd> SessionLives::judge(const Identity &identity, const GateTarget &target, Instant now, WallTime wall)
{
    const std::shared_ptr<SessionLife> life = lifeOf(identity, target, now, wall);
    const std::optional<SessionEnd> end = life ? endOf(*life, target, now, wall) : std::nullopt;
    return end && end->in.count() <= 0 ? end : std::nullopt;
}

void SessionLives::makeRoom()
{
    std::vector<Instant> used;
    used.reserve(std::size_t(m_lives.size()));
    for (const auto &life : std::as_const(m_lives))
        used.push_back(life->usedAt);
    const auto middle = used.begin() + std::ptrdiff_t(used.size() / 10);
    std::nth_element(used.begin(), middle, used.end());
    m_lives.removeIf([oldest = *middle](const auto &entry) { return entry.value()->usedAt <= oldest; });
}

void SessionWatch::used(Instant now)
{
    if (m_life)
        m_life->usedAt = now;
}

std::optional<SessionEnd> SessionWatch::end(const GateTarget &target, Instant now, WallTime wall) const
{
    return m_life ? SessionLives::endOf(*m_life, target, now, wall) : std::nullopt;
}

std::optional<Instant> SessionWatch::next(const GateTarget &target, Instant now, WallTime wall) const
{
    const std::optional<SessionEnd> coming = end(target, now, wall);
    if (!coming)
        return {};
    const Instant at = now + coming->in;
    return m_toldFor == at ? at : std::max(now, at - wordBefore(*coming));
}

SessionWatch::Word SessionWatch::look(const GateTarget &target, Instant now, WallTime wall)
{
    const std::optional<SessionEnd> coming = end(target, now, wall);
    if (!coming)
        return Word::Nothing;
    if (coming->in.count() <= 0)
        return Word::Over;
    if (coming->in > wordBefore(*coming) || m_toldFor == now + coming->in)
        return Word::Nothing;
    m_toldFor = now + coming->in;
    return Word::Due;
}

} // namespace Watchword::Gateway
