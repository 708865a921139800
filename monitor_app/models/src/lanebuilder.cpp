// SPDX-License-Identifier: Apache-2.0
#include "lanebuilder.h"

#include "monitor/models/text.h"

#include <algorithm>
#include <limits>

namespace Monitor {

namespace {

constexpr double SmallestBar = 3; // pixels
constexpr qint64 ExpiringMs = 60'000;

int weight(TimelineBar::State state)
{
    using S = TimelineBar::State;
    switch (state) {
    case S::Reused:
        return 8;
    case S::Revoked:
        return 7;
    case S::Failing:
        return 6;
    case S::Expiring:
        return 5;
    case S::Unknown:
        return 4;
    case S::Live:
        return 3;
    case S::SignedOut:
        return 2;
    case S::Expired:
        return 1;
    case S::Spent:
        break;
    }
    return 0;
}

//! Adds a bar, or folds it into the one before when both are narrower than the eye can part.
void addFolded(QList<TimelineBar> &bars, const TimelineBar &bar, double msPerPixel)
{
    const double smallest = SmallestBar * msPerPixel;
    if (!bars.isEmpty() && bars.back().kind == bar.kind && double(bar.end - bar.start) < smallest) {
        TimelineBar &last = bars.back();
        const bool near = double(bar.start - last.end) < smallest;
        if (near && (last.folded > 1 || double(last.end - last.start) < smallest)) {
            last.end = std::max(last.end, bar.end);
            last.plannedEnd = std::max(last.plannedEnd, bar.plannedEnd);
            last.folded += 1;
            if (weight(bar.state) > weight(last.state))
                last.state = bar.state;
            return;
        }
    }
    bars.append(bar);
}

} // namespace

TimelineBar::State LaneBuilder::barState(const TokenInterval &token) const
{
    using End = TokenInterval::End;
    switch (token.end) {
    case End::Replaced:
        return TimelineBar::State::Spent;
    case End::Expired:
        return TimelineBar::State::Expired;
    case End::Revoked:
        return TimelineBar::State::Revoked;
    case End::Reused:
        return TimelineBar::State::Reused;
    case End::SignedOut:
        return TimelineBar::State::SignedOut;
    case End::None:
        break;
    }
    if (token.expires == 0)
        return TimelineBar::State::Unknown;
    if (token.expires <= m_now)
        return TimelineBar::State::Expired;
    if (token.failures > 0)
        return TimelineBar::State::Failing;
    const bool due = token.refreshAt > 0 ? token.refreshAt + 5000 < m_now : token.expires - m_now < ExpiringMs;
    return due && token.kind == TokenInterval::Kind::Access ? TimelineBar::State::Expiring : TimelineBar::State::Live;
}

TimelineBar LaneBuilder::bar(quint32 index, const TokenInterval *previous) const
{
    const TokenInterval &token = m_table.token(index);
    TimelineBar bar;
    bar.kind = token.kind == TokenInterval::Kind::Access ? TimelineBar::Kind::Access : TimelineBar::Kind::Refresh;
    bar.state = barState(token);
    bar.token = index;
    bar.start = token.start();
    bar.plannedEnd = token.expires;
    const qint64 end = token.ended > 0 ? token.ended : (token.expires > 0 ? token.expires : m_now);
    bar.end = std::max(bar.start, end);
    bar.refreshAt = token.kind == TokenInterval::Kind::Access ? token.refreshAt : 0;
    if (previous && previous->expires > bar.start && previous->end != TokenInterval::End::Revoked)
        bar.overlapUntil = std::min(previous->expires, bar.end);
    return bar;
}

void LaneBuilder::addMarks(TimelineLane &out, const TokenInterval &token, quint32 index, const TokenInterval *previous,
                           qint64 from, qint64 to) const
{
    using Kind = TimelineMark::Kind;
    const auto add = [&](Kind kind, qint64 time, int count = 1, qint64 until = 0) {
        if (time > 0 && std::max(time, until) >= from && time < to)
            out.marks.append({kind, time, until, count, index});
    };
    const bool isAccess = token.kind == TokenInterval::Kind::Access;
    if (isAccess && previous) {
        add(Kind::Refreshed, token.issued);
        const qint64 gapFrom =
            previous->ended > 0 && previous->end != TokenInterval::End::Replaced ? previous->ended : previous->expires;
        if (gapFrom > 0 && gapFrom < token.start())
            add(Kind::NoToken, gapFrom, 1, token.start());
    }
    if (isAccess && token.failures > 0)
        add(Kind::Failed, token.refreshAt > 0 ? token.refreshAt : token.expires, int(token.failures));
    switch (token.end) {
    case TokenInterval::End::Revoked:
        add(Kind::Revoked, token.ended);
        break;
    case TokenInterval::End::Reused:
        add(Kind::Reuse, token.ended);
        break;
    case TokenInterval::End::SignedOut:
        add(Kind::SignedOut, token.ended);
        break;
    case TokenInterval::End::Expired:
        add(Kind::Expired, token.ended);
        break;
    case TokenInterval::End::None:
        if (isAccess && token.refreshAt > m_now)
            add(Kind::Planned, token.refreshAt);
        break;
    case TokenInterval::End::Replaced:
        break;
    }
}

void LaneBuilder::addChain(TimelineLane &out, const std::vector<quint32> &chain, qint64 from, qint64 to, double msPerPixel) const
{
    for (size_t i = size_t(m_table.firstReaching(chain, from)); i < chain.size(); ++i) {
        const TokenInterval &token = m_table.token(chain[i]);
        if (token.start() >= to)
            break;
        const TokenInterval *previous = i > 0 ? &m_table.token(chain[i - 1]) : nullptr;
        addFolded(out.bars, bar(chain[i], previous), msPerPixel);
        addMarks(out, token, chain[i], previous, from, to);
    }
}

LaneBuilder::State LaneBuilder::state(quint32 lane) const
{
    const quint32 current = m_table.current(lane);
    if (current == TokenTable::none())
        return State::Live;
    switch (barState(m_table.token(current))) {
    case TimelineBar::State::Revoked:
    case TimelineBar::State::Reused:
        return State::Revoked;
    case TimelineBar::State::Failing:
        return State::Failing;
    case TimelineBar::State::Expiring:
        return State::Expiring;
    case TimelineBar::State::Live:
    case TimelineBar::State::Unknown:
        return State::Live;
    default:
        return State::Ended;
    }
}

qint64 LaneBuilder::left(quint32 lane) const
{
    const quint32 current = m_table.current(lane);
    if (current == TokenTable::none() || m_table.token(current).expires == 0)
        return std::numeric_limits<qint64>::min();
    return m_table.token(current).expires - m_now;
}

Severity LaneBuilder::severity(State state)
{
    switch (state) {
    case State::Revoked:
        return Severity::Critical;
    case State::Failing:
        return Severity::Error;
    case State::Expiring:
        return Severity::Warning;
    case State::Live:
        return Severity::Ok;
    case State::Ended:
        break;
    }
    return Severity::Neutral;
}

QString LaneBuilder::leftText(quint32 lane) const
{
    const quint32 current = m_table.current(lane);
    if (current == TokenTable::none())
        return tr("no token");
    const TokenInterval &token = m_table.token(current);
    switch (barState(token)) {
    case TimelineBar::State::Revoked:
    case TimelineBar::State::Reused:
        return tr("revoked");
    case TimelineBar::State::SignedOut:
        return tr("signed out");
    case TimelineBar::State::Expired:
        return tr("expired %1").arg(Text::duration(m_now - (token.ended > 0 ? token.ended : token.expires)));
    case TimelineBar::State::Unknown:
        return tr("unknown");
    default:
        return Text::duration(token.expires - m_now);
    }
}

TimelineLane LaneBuilder::build(quint32 lane, qint64 from, qint64 to, double msPerPixel) const
{
    const TokenLane &source = m_table.lane(lane);
    TimelineLane out;
    out.lane = lane;
    out.sessionId = source.session;
    out.user = source.user.isEmpty() ? Text::elideId(source.session) : source.user;
    out.client = source.client;
    out.node = source.node;
    out.deviceGlyph = Text::deviceGlyph(source.client);
    out.severity = severity(state(lane));
    out.leftText = leftText(lane);
    out.failuresText = source.failures == 0 ? QString() : Text::count(source.failures);
    addChain(out, source.access, from, to, msPerPixel);
    addChain(out, source.refresh, from, to, msPerPixel);
    out.sentence = tr("%1, %2, %3, token left %4").arg(out.user, out.client, Text::severityWord(out.severity), out.leftText);
    if (source.failures > 0)
        out.sentence += tr(", %1 failed renewals").arg(out.failuresText);
    return out;
}

} // namespace Monitor
