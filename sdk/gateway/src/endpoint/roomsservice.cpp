// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomsservice.h"

#include "endpoint/peer.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QPointer>
#include <QUrlQuery>

#include <algorithm>
#include <vector>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

Frame publication(const QString &room, const QString &from, quint64 offset, const QByteArray &payload)
{
    return Frame(QLatin1StringView(FrameType::Publish), {{u"room"_s, room}, {u"from"_s, from}, {u"offset"_s, qint64(offset)}},
                 payload.isNull() ? QByteArray("") : payload);
}

PeerClose roomForbidden(const QString &text)
{
    return {.code = CloseCode::Forbidden, .text = text, .auditReason = u"room_forbidden"_s};
}

} // namespace

RoomsService::RoomsService(const EndpointConfig &config, Clock &clock, Metrics &metrics)
    : m_history(config.history)
    , m_access(config.rooms)
    , m_clock(clock)
    , m_metrics(metrics)
{
    configureWebhook(config);
}

void RoomsService::configureWebhook(const EndpointConfig &config)
{
    if (m_webhookConfig == config.roomWebhook)
        return;
    m_webhookConfig = config.roomWebhook;
    m_webhook.reset();
    if (m_webhookConfig)
        m_webhook = std::make_unique<RoomWebhookClient>(*m_webhookConfig, config.path, m_clock, m_metrics);
}

void RoomsService::take(Peer &peer, Deed deed)
{
    Member &member = m_members[&peer];
    if (!member.waiting.empty()) {
        if (member.waiting.size() >= kMostWaiting)
            peer.closeForLimit(u"room_webhook"_s, CloseCode::RateLimited, qint64(member.waiting.size()), kMostWaiting, {});
        else
            member.waiting.push_back(std::move(deed));
        return;
    }
    const std::optional<bool> known =
        m_webhook && deed.needs ? m_webhook->known(peer.identity(), *deed.needs) : std::optional(true);
    if (known) {
        decided(peer, deed, *known);
        return;
    }
    member.waiting.push_back(std::move(deed));
    peer.setHeld(true);
    goOn(peer);
}

// Asks about the first that waits.
void RoomsService::goOn(Peer &peer)
{
    const Deed &first = m_members[&peer].waiting.front();
    m_webhook->ask(peer.identity(), *first.needs, [this, guard = QPointer<Peer>(&peer)](bool isAllowed) {
        if (!guard || !m_members.contains(guard))
            return;
        std::deque<Deed> waiting = std::exchange(m_members[guard].waiting, {});
        const Deed first = std::move(waiting.front());
        waiting.pop_front();
        decided(*guard, first, isAllowed);
        resume(*guard, std::move(waiting));
    });
}

void RoomsService::resume(Peer &peer, std::deque<Deed> waiting)
{
    for (Deed &deed : waiting) {
        if (peer.isOpen() && m_members.contains(&peer))
            take(peer, std::move(deed));
    }
    if (m_members.contains(&peer) && m_members[&peer].waiting.empty())
        peer.setHeld(false);
}

void RoomsService::decided(Peer &peer, const Deed &deed, bool isAllowed)
{
    if (isAllowed)
        deed.allowed();
    else if (deed.forbidden)
        deed.forbidden();
    else
        peer.close(roomForbidden(u"this room is not for you"_s));
}

void RoomsService::configChanged(const EndpointConfig &config)
{
    m_access = RoomAccess(config.rooms);
    configureWebhook(config);
    const QList<Peer *> peers = m_members.keys();
    for (Peer *peer : peers) {
        // Whom the webhook of before was asked about is asked about anew.
        if (m_members.contains(peer) && !m_members[peer].waiting.empty())
            resume(*peer, std::exchange(m_members[peer].waiting, {}));
        if (m_members.contains(peer))
            lookAtRooms(*peer);
    }
}

void RoomsService::renewed(Peer &peer, const Identity &)
{
    lookAtRooms(peer);
}

void RoomsService::lookAtRooms(Peer &peer)
{
    const QSet<QString> rooms = m_members.value(&peer).rooms;
    for (const QString &room : rooms) {
        if (!maySubscribe(peer, room))
            return;
        take(peer, {RoomDeed{RoomDeed::Kind::Subscribe, room}, [] {}, {}});
    }
}

bool RoomsService::maySubscribe(Peer &peer, const QString &room)
{
    return settle(peer, room, m_access.maySubscribe(peer.identity(), room, m_clock.wallNow()), u"subscribe to"_s);
}

bool RoomsService::mayPublish(Peer &peer, const QString &room)
{
    return settle(peer, room, m_access.mayPublish(peer.identity(), room, m_clock.wallNow()), u"publish in"_s);
}

bool RoomsService::settle(Peer &peer, const QString &room, RoomAccess::Verdict verdict, const QString &deed)
{
    switch (verdict) {
    case RoomAccess::Verdict::Allowed:
        return true;
    case RoomAccess::Verdict::Forbidden:
        peer.close(roomForbidden(u"this room is not for you to "_s + deed));
        return false;
    case RoomAccess::Verdict::StepUp:
        peer.close({.code = CloseCode::StepUpRequired,
                    .text = u"this room asks for a stronger or fresher sign-in"_s,
                    .auditReason = u"room_step_up"_s,
                    .members = m_access.stepUpMembers(peer.identity(), room)});
        return false;
    }
    Q_UNREACHABLE();
}

void RoomsService::opened(Peer &peer)
{
    const QUrlQuery query(QString::fromLatin1(peer.admission().query));
    const QString asked = query.queryItemValue(u"room"_s, QUrl::FullyDecoded).left(kLongestName);
    m_members.insert(&peer, {asked.isEmpty() ? u"lobby"_s : asked, {}});
    const QString home = m_members.value(&peer).home;
    if (!peer.speaksControl() && maySubscribe(peer, home))
        take(peer, {RoomDeed{RoomDeed::Kind::Subscribe, home}, [this, &peer, home] { join(peer, home); }, {}});
}

void RoomsService::closed(Peer &peer)
{
    const QSet<QString> rooms = m_members.value(&peer).rooms;
    for (const QString &room : rooms)
        leave(peer, room);
    m_members.remove(&peer);
}

void RoomsService::text(Peer &peer, const QString &text)
{
    const QString home = m_members.value(&peer).home;
    if (mayPublish(peer, home))
        take(peer, {RoomDeed{RoomDeed::Kind::Publish, home}, [=, this, &peer] { publish(peer, home, text.toUtf8()); }, {}});
}

void RoomsService::binary(Peer &peer, const QByteArray &data)
{
    const QString home = m_members.value(&peer).home;
    if (mayPublish(peer, home))
        take(peer, {RoomDeed{RoomDeed::Kind::Publish, home}, [=, this] { publishBinary(home, data); }, {}});
}

void RoomsService::publishBinary(const QString &room, const QByteArray &data)
{
    const auto it = m_rooms.find(room);
    const QSet<Peer *> receivers = it == m_rooms.end() ? QSet<Peer *>() : it->second.members;
    for (Peer *receiver : receivers) {
        if (!receiver->speaksControl())
            receiver->sendBinary(data);
    }
}

void RoomsService::message(Peer &peer, const QString &id, const Frame &frame)
{
    const QString room = frame.fields().value("room"_L1).toString(m_members.value(&peer).home);
    if (!mayPublish(peer, room)) // it is not acknowledged
        return;
    take(peer,
         {RoomDeed{RoomDeed::Kind::Publish, room},
          [=, this, &peer, payload = frame.payload()] {
              const bool isNew = m_seen.add(SeenIds::senderOf(peer.identity()), id);
              peer.acknowledge(id);
              if (isNew)
                  publish(peer, room, payload);
          },
          {}});
}

bool RoomsService::frame(Peer &peer, const Frame &frame)
{
    const QString type = frame.type();
    if (type == QLatin1StringView(FrameType::Request)) {
        request(peer, frame);
        return true;
    }
    const bool isSub = type == QLatin1StringView(FrameType::Subscribe);
    const bool isUnsub = type == QLatin1StringView(FrameType::Unsubscribe);
    const bool isPub = type == QLatin1StringView(FrameType::Publish);
    if (!isSub && !isUnsub && !isPub)
        return false;
    const QString room = frame.fields().value("room"_L1).toString();
    if (room.isEmpty() || room.size() > kLongestName)
        peer.closeForProtocol(u"a room needs a name of 1 to 128 characters"_s);
    else if (isUnsub)
        take(peer, {{}, [=, this, &peer] { leave(peer, room); }, {}});
    else if (isSub && maySubscribe(peer, room))
        take(peer,
             {RoomDeed{RoomDeed::Kind::Subscribe, room},
              [=, this, &peer, fields = frame.fields()] { subscribe(peer, room, fields); },
              {}});
    else if (isPub && mayPublish(peer, room))
        take(peer,
             {RoomDeed{RoomDeed::Kind::Publish, room},
              [=, this, &peer, payload = frame.payload()] { publish(peer, room, payload); },
              {}});
    return true;
}

RoomsService::Room &RoomsService::roomOf(const QString &name)
{
    const auto known = m_rooms.find(name);
    if (known != m_rooms.end())
        return known->second;
    return m_rooms.emplace(name, Room{RoomLog(m_history), {}, m_clock.now()}).first->second;
}

RoomsService::Room *RoomsService::join(Peer &peer, const QString &room)
{
    QSet<QString> &rooms = m_members[&peer].rooms;
    if (rooms.size() >= kMostRooms && !rooms.contains(room)) {
        peer.closeForLimit(u"rooms"_s, CloseCode::RateLimited, rooms.size() + 1, kMostRooms, {});
        return nullptr;
    }
    rooms.insert(room);
    Room &joined = roomOf(room);
    joined.members.insert(&peer);
    return &joined;
}

// "sub": joins at once, or first brings the client up to date page by page, at the client's pace.
void RoomsService::subscribe(Peer &peer, const QString &name, const QJsonObject &fields)
{
    const bool looks = fields.value("look"_L1).toBool(false);
    const bool resumes = !looks && fields.contains("epoch"_L1);
    const qint64 after = std::max<qint64>(0, fields.value("after"_L1).toInteger(0));
    const RoomLog &log = roomOf(name).log;
    RoomLog::Page page;
    page.to = log.newest();
    if (resumes)
        page = log.page(fields.value("epoch"_L1).toString(), quint64(after));
    const bool joins = !looks && !page.gap && page.isLast;
    if (joins && !join(peer, name))
        return;
    QJsonObject answer{{u"room"_s, name}, {u"epoch"_s, log.epoch()}, {u"offset"_s, qint64(log.newest())}, {u"joined"_s, joins}};
    if (page.gap) {
        QJsonObject gap{{u"from"_s, qint64(page.gap->from)},
                        {u"reason"_s, page.gap->reason},
                        {u"continue_after"_s, qint64(page.gap->continueAfter)}};
        if (page.gap->to > 0)
            gap.insert("to"_L1, qint64(page.gap->to));
        answer.insert("gap"_L1, gap);
    } else if (resumes) {
        answer.insert("to"_L1, qint64(page.to));
    }
    peer.sendFrame(Frame(QLatin1StringView(FrameType::Subscribed), answer));
    for (const RoomLog::Entry &entry : page.entries)
        peer.sendFrame(publication(name, entry.from, entry.offset, entry.payload));
}

void RoomsService::leave(Peer &peer, const QString &room)
{
    m_members[&peer].rooms.remove(room);
    const auto it = m_rooms.find(room);
    if (it == m_rooms.end())
        return;
    it->second.members.remove(&peer);
    if (it->second.members.isEmpty())
        it->second.emptySince = m_clock.now();
}

void RoomsService::publish(Peer &from, const QString &room, const QByteArray &payload)
{
    const auto it = m_rooms.find(room);
    if (it == m_rooms.end())
        return;
    RoomLog &log = it->second.log;
    m_bytes -= log.bytes();
    const quint64 offset = log.append(from.identity().subject, payload);
    m_bytes += log.bytes();
    // A copy: sending may close a receiver, and that changes the set.
    const QSet<Peer *> receivers = it->second.members;
    if (m_bytes > m_history.totalBytes)
        trimAll();
    if (receivers.isEmpty())
        return;
    const QByteArray control = publication(room, from.identity().subject, offset, payload).toText().toUtf8();
    const QString plain = QString::fromUtf8(payload);
    for (Peer *receiver : receivers) {
        if (!m_members.contains(receiver))
            continue;
        if (receiver->speaksControl())
            receiver->sendControlText(control);
        else
            receiver->sendText(plain);
    }
}

void RoomsService::trimAll()
{
    while (m_bytes > m_history.totalBytes) {
        const auto largest = std::max_element(m_rooms.begin(), m_rooms.end(), [](const auto &a, const auto &b) {
            return a.second.log.bytes() < b.second.log.bytes();
        });
        RoomLog &log = largest->second.log;
        if (log.size() == 0)
            return;
        m_bytes -= log.bytes();
        log.dropOlderHalf();
        m_bytes += log.bytes();
    }
}

void RoomsService::tick()
{
    const Instant now = m_clock.now();
    std::vector<std::pair<Instant, QString>> empty;
    for (const auto &[name, room] : m_rooms) {
        if (room.members.isEmpty())
            empty.emplace_back(room.emptySince, name);
    }
    std::sort(empty.begin(), empty.end());
    const size_t tooMany = empty.size() > kMostEmptyRooms ? empty.size() - kMostEmptyRooms : 0;
    for (size_t i = 0; i < empty.size(); ++i) {
        if (i >= tooMany && now - empty[i].first < m_history.keep)
            break;
        const auto it = m_rooms.find(empty[i].second);
        m_bytes -= it->second.log.bytes();
        m_rooms.erase(it);
    }
}

// The questions that a rooms endpoint answers (protocol.md, "req").
void RoomsService::request(Peer &peer, const Frame &frame)
{
    const QString id = frame.fields().value("id"_L1).toString();
    const QString op = frame.fields().value("op"_L1).toString();
    const QJsonDocument document = QJsonDocument::fromJson(frame.payload());
    const QJsonObject asked = document.object();
    const QJsonValue after = asked.value("after"_L1);
    const bool isGood = (document.isObject() || frame.payload().isEmpty()) && (after.isUndefined() || after.toInteger(-1) >= 0)
        && (!asked.contains("room"_L1) || asked.value("room"_L1).isString());
    const QString name = asked.value("room"_L1).toString(m_members.value(&peer).home);
    const RoomAccess::Verdict access = m_access.maySubscribe(peer.identity(), name, m_clock.wallNow());
    if (op != "room.info"_L1 && op != "room.history"_L1) {
        peer.refuse(id, u"unknown_operation"_s, u"a rooms endpoint knows room.info and room.history"_s);
    } else if (!isGood) {
        peer.refuse(id, u"invalid_request"_s, u"the payload is no JSON object, or its room is no text or its after no number"_s);
    } else if (access == RoomAccess::Verdict::StepUp) {
        peer.refuse(id, u"insufficient_user_authentication"_s, u"this room asks for a stronger or fresher sign-in"_s,
                    m_access.stepUpMembers(peer.identity(), name));
    } else if (access == RoomAccess::Verdict::Forbidden) {
        peer.refuse(id, u"forbidden"_s, u"this room is not for you to subscribe to"_s);
    } else {
        take(peer,
             {RoomDeed{RoomDeed::Kind::Subscribe, name}, [=, this, &peer] { answer(peer, id, op, name, asked); },
              [=, &peer] { peer.refuse(id, u"forbidden"_s, u"this room is not for you to subscribe to"_s); }});
    }
}

void RoomsService::answer(Peer &peer, const QString &id, const QString &op, const QString &name, const QJsonObject &asked)
{
    const auto it = m_rooms.find(name);
    if (it == m_rooms.end()) {
        peer.refuse(id, u"unknown_room"_s, u"nobody has been in this room lately"_s);
    } else if (op == "room.info"_L1) {
        const RoomLog &log = it->second.log;
        const QJsonObject info{{u"room"_s, name},
                               {u"members"_s, it->second.members.size()},
                               {u"epoch"_s, log.epoch()},
                               {u"offset"_s, qint64(log.newest())},
                               {u"oldest"_s, qint64(log.oldest())},
                               {u"bytes"_s, log.bytes()}};
        peer.answer(id, QJsonDocument(info).toJson(QJsonDocument::Compact));
    } else {
        const RoomLog &log = it->second.log;
        const qint64 from = std::max<qint64>(qint64(log.oldest()) - 1, asked.value("after"_L1).toInteger(0));
        const RoomLog::Page page = log.page(log.epoch(), std::min(quint64(from), log.newest()));
        QJsonArray entries;
        for (const RoomLog::Entry &entry : page.entries)
            entries.append(QJsonObject{
                {u"offset"_s, qint64(entry.offset)}, {u"from"_s, entry.from}, {u"text"_s, QString::fromUtf8(entry.payload)}});
        const QJsonObject history{
            {u"room"_s, name}, {u"epoch"_s, log.epoch()}, {u"entries"_s, entries}, {u"more"_s, !page.isLast}};
        peer.answer(id, QJsonDocument(history).toJson(QJsonDocument::Compact));
    }
}

} // namespace Watchword::Gateway
