// SPDX-License-Identifier: Apache-2.0
#include "connection/roomcursor.h"

#include <QJsonObject>

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestEpoch = 64;

// JSON numbers are exact up to 2^53; anything else is no offset.
quint64 offsetOf(const QJsonValue &value)
{
    const double number = value.toDouble(0);
    return number >= 1 && number <= 9'007'199'254'740'992.0 ? quint64(number) : 0;
}

} // namespace

RoomCursor::RoomCursor(QString room, const RoomPosition &start)
    : m_room(std::move(room))
    , m_position(start)
    , m_state(Down())
{
}

RoomCursor::Answered RoomCursor::parse(const Frame &frame)
{
    const QJsonObject fields = frame.fields();
    Answered answer;
    answer.epoch = fields.value("epoch"_L1).toString().left(kLongestEpoch);
    answer.offset = offsetOf(fields.value("offset"_L1));
    answer.to = fields.contains("to"_L1) ? offsetOf(fields.value("to"_L1)) : answer.offset;
    answer.joined = fields.value("joined"_L1).toBool(true);
    const QJsonValue gap = fields.value("gap"_L1);
    if (gap.isObject()) {
        const QJsonObject object = gap.toObject();
        answer.gap = Gap{.room = fields.value("room"_L1).toString(),
                         .from = offsetOf(object.value("from"_L1)),
                         .to = offsetOf(object.value("to"_L1)),
                         .reason = object.value("reason"_L1).toString().left(32)};
        answer.continueAfter = offsetOf(object.value("continue_after"_L1));
    }
    return answer;
}

RoomCursor::Actions RoomCursor::step(const Event &event)
{
    std::visit([this](const auto &e) { on(e); }, event);
    return std::exchange(m_actions, {});
}

RoomCursor::State RoomCursor::state() const
{
    static constexpr State states[]{State::Down,     State::Asked, State::Asked, State::Looking,
                                    State::Snapshot, State::Live,  State::Live};
    return states[m_state.index()];
}

void RoomCursor::ask()
{
    QJsonObject fields{{u"room"_s, m_room}};
    const Begin begin = m_position.epoch.isEmpty() ? Begin::Anew : Begin::Resumed;
    if (begin == Begin::Resumed) {
        fields.insert("epoch"_L1, m_position.epoch);
        fields.insert("after"_L1, qint64(m_position.offset));
    }
    m_state = Asked{begin};
    add(Send{Frame(QLatin1StringView(FrameType::Subscribe), fields)});
}

void RoomCursor::on(const LinkUp &)
{
    if (!is<Down>())
        return;
    m_offsetAtLinkUp = m_position.offset;
    if (m_failures < kMostFailures) {
        ask();
        return;
    }
    m_state = Looking();
    add(Send{Frame(QLatin1StringView(FrameType::Subscribe), {{u"room"_s, m_room}, {u"look"_s, true}})});
}

void RoomCursor::on(const LinkDown &)
{
    const auto *asked = std::get_if<Asked>(&m_state);
    const auto *joined = std::get_if<Joined>(&m_state);
    const bool isUnfinishedResume =
        is<CatchingUp>() || (asked && asked->begin == Begin::Resumed) || (joined && joined->begin == Begin::Resumed);
    if (isUnfinishedResume && m_position.offset == m_offsetAtLinkUp)
        ++m_failures;
    m_state = Down();
    ++m_snapshots; // an answer for the old link does not count
}

void RoomCursor::on(const Answered &event)
{
    if (is<Looking>()) {
        const Gap gap{.room = m_room,
                      .from = m_position.offset + 1,
                      .to = event.epoch == m_position.epoch ? event.offset : 0,
                      .reason = u"resume_failed"_s};
        fetch(gap, {event.epoch, event.offset});
        return;
    }
    const auto *asked = std::get_if<Asked>(&m_state);
    if (!asked)
        return;
    if (event.gap && !event.joined) {
        Gap gap = *event.gap;
        gap.room = m_room;
        fetch(gap, {event.epoch, event.continueAfter});
        return;
    }
    const Begin begin = asked->begin;
    if (begin == Begin::Anew)
        m_position = {event.epoch, event.offset};
    const quint64 to = begin == Begin::Resumed ? event.to : m_position.offset;
    // Neither joined nor any nearer: asking again would go round in a circle.
    if (event.joined || to <= m_position.offset)
        m_state = Joined{to, begin};
    else
        m_state = CatchingUp{to};
    arrived();
}

// Whether everything that the last answer promised is here.
void RoomCursor::arrived()
{
    if (const auto *catching = std::get_if<CatchingUp>(&m_state); catching && m_position.offset >= catching->to) {
        ask();
    } else if (const auto *joined = std::get_if<Joined>(&m_state); joined && m_position.offset >= joined->to) {
        m_state = Live();
        m_failures = 0;
        add(ReportLive{});
    }
}

void RoomCursor::on(const Published &event)
{
    const quint64 offset = event.publication.offset;
    if (is<Down>())
        return;
    if (offset == 0) { // a server that does not count
        add(Deliver{event.publication});
        return;
    }
    if (is<Looking>() || is<Snapshot>() || offset <= m_position.offset)
        return;
    if (offset > m_position.offset + 1) {
        add(ReportGap{Gap{.room = m_room, .from = m_position.offset + 1, .to = offset - 1, .reason = u"lost"_s}});
    }
    m_position.offset = offset;
    add(Deliver{event.publication});
    arrived();
}

void RoomCursor::fetch(const Gap &gap, const RoomPosition &continueAt)
{
    m_state = Snapshot{continueAt};
    add(ReportGap{gap});
    add(FetchSnapshot{++m_snapshots, gap});
}

void RoomCursor::on(const SnapshotDone &event)
{
    const auto *snapshot = std::get_if<Snapshot>(&m_state);
    if (!snapshot || event.number != m_snapshots)
        return;
    m_position = {snapshot->continueAt.epoch, std::max(snapshot->continueAt.offset, event.includes)};
    m_failures = 0;
    m_offsetAtLinkUp = m_position.offset;
    ask();
}

} // namespace Watchword
