// SPDX-License-Identifier: Apache-2.0
// How one connection takes the place of another while both are open, so that nothing is lost, doubled or out of order.
#include "connection/connection_p.h"

#include "watchword/core/log.h"

#include <algorithm>
#include <array>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// Of the ping behind everything that was sent on the connection that leaves; heartbeats count from 1.
constexpr quint64 kLastPing = 9'000'000'000'000'000;

// Who cannot be asked what is outstanding is done when it is silent for this part of the time.
constexpr int kQuietPart = 4;

// What a frame type is about: the connection that carries it, now, or what the application sees in its order.
bool isAboutTheConnection(const QString &type)
{
    static constexpr std::array types{FrameType::Hello,   FrameType::AuthOk, FrameType::AuthFail,
                                      FrameType::AuthDue, FrameType::Bye,    FrameType::Reconnect};
    return std::any_of(types.begin(), types.end(), [&type](const char *name) { return type == QLatin1StringView(name); });
}

bool isForNow(const QString &type)
{
    static constexpr std::array types{FrameType::Ping, FrameType::Pong, FrameType::Ack};
    return isAboutTheConnection(type)
        || std::any_of(types.begin(), types.end(), [&type](const char *name) { return type == QLatin1StringView(name); });
}

} // namespace

Link *Connection::Private::linkOf(M::AttemptId id)
{
    if (link.id == id)
        return &link;
    if (successor && successor->id == id)
        return &*successor;
    return leaving && leaving->id == id ? &*leaving : nullptr;
}

void Connection::Private::useReplacement()
{
    const Link &before = leaving ? *leaving : link;
    const bool isOther = before.watchword != successor->watchword || before.subprotocol != successor->subprotocol;
    link = std::move(*successor);
    successor.reset();
    recordId = link.id;
    if (isOther)
        Q_EMIT q->negotiatedChanged();
}

void Connection::Private::discardReplacement()
{
    if (!successor)
        return;
    retire(*successor);
    const M::AttemptId id = successor->id;
    successor.reset();
    std::erase_if(heldBack, [this, id](const HeldBack &message) {
        heldBackBytes -= message.id == id ? sizeOf(message.content) : 0;
        return message.id == id;
    });
}

void Connection::Private::perform(const M::SwapTransport &action)
{
    if (!successor || successor->id != action.to)
        return;
    log.reach(action.to, AttemptPhase::Ready);
    leaving = std::move(link);
    holdsIncoming = true;
    holdsOutgoing = true;
    useReplacement();
    offersReady = link.transport != nullptr;
    warnedOf.reset();
    ++counts.replacements;
    readySince = clock.now();
    sendPing(*leaving, kLastPing);
    Q_EMIT q->metricsChanged();
    Q_EMIT q->replaced();
    Q_EMIT q->ready();
}

void Connection::Private::perform(const M::EndDrain &action)
{
    if (!leaving || leaving->id != action.id)
        return;
    Link gone = std::move(*leaving);
    leaving.reset();
    if (gone.transport)
        gone.transport->close(int(CloseCode::Normal), {});
    if (outbox.isUnderWay(gone.id) && gone.session != link.session)
        qCInfo(logLink).noquote() << redactedUrl(options.url)
                                  << "messages go out again in another session, where the server cannot know them";
    retire(gone);
    finishRecord(gone.id, u"replaced by #%1"_s.arg(log.number(link.id)), false);
    releaseOutgoing();
    if (!link.watchword)
        outbox.failAll(Error(ErrorCode::SubprotocolMismatch, u"this server cannot acknowledge messages"_s));
    roomsDown();
    roomsUp();
    pumpAcknowledged();
    deliverHeldBack();
}

void Connection::Private::perform(const M::PromoteReplacement &action)
{
    retire(link);
    finishRecord(action.lost, u"its replacement #%1 is the next attempt"_s.arg(log.number(action.id)), true);
    if (successor)
        useReplacement();
}

void Connection::Private::perform(const M::AbandonReplacement &action)
{
    if (successor && successor->transport && action.code)
        successor->transport->close(action.code, {});
    discardReplacement();
    finishRecord(action.id, action.why, false);
}

void Connection::Private::perform(const M::ReportReplacement &action)
{
    discardReplacement();
    qCInfo(logLink).noquote() << redactedUrl(options.url) << action.error.toString() << '-' << action.why;
    log.setError(action.id, action.error);
    setLastError(action.error);
    Q_EMIT q->errorOccurred(action.error);
    finishRecord(action.id, action.why, action.until.has_value(), action.until ? dateOf(*action.until) : QDateTime());
}

// Anything but the messages of the connection in use on an ordinary day.
void Connection::Private::onTextBeside(M::AttemptId id, const QString &text)
{
    const Link *from = linkOf(id);
    if (!from)
        return;
    if (leaving && id == leaving->id) {
        onTextOfLeaving(text);
        return;
    }
    if (!from->watchword && options.strategy) {
        onStrategyText(id, text);
        return;
    }
    const Result<Frame> frame =
        from->watchword && Frame::isControl(text) ? Frame::parse(text) : Result<Frame>(Error(ErrorCode::ProtocolViolation));
    if (frame && isForNow(frame->type()))
        onFrame(id, text);
    else
        holdBack({.id = id, .content = text});
}

void Connection::Private::onTextOfLeaving(const QString &text)
{
    const M::AttemptId id = leaving->id;
    if (!leaving->watchword && options.strategy) {
        onStrategyText(id, text);
    } else if (!leaving->watchword) {
        deliverText(text);
    } else if (!Frame::isControl(text)) {
        deliverText(Frame::unescape(text));
    } else {
        // What it says of itself does not matter any more.
        const Result<Frame> frame = Frame::parse(text);
        if (!frame || !isAboutTheConnection(frame->type()))
            onFrame(id, text);
    }
    checkDrained();
}

void Connection::Private::onPong(M::AttemptId id, quint64 nonce)
{
    if (!leaving || id != leaving->id) {
        post(M::Pong{id, nonce});
        return;
    }
    const bool isUnnumbered = nonce == 0; // some protocols do not repeat the number
    if (nonce == kLastPing || isUnnumbered)
        releaseOutgoing();
    checkDrained();
}

void Connection::Private::holdBack(HeldBack message)
{
    if (!linkOf(message.id))
        return;
    heldBackBytes += sizeOf(message.content);
    heldBack.push_back(std::move(message));
    if (leaving && heldBackBytes > options.drainBytes)
        post(M::Drained{leaving->id});
}

void Connection::Private::deliverHeldBack()
{
    // A slot may lead to another swap; what came on the connections of that one waits for it.
    const auto isDue = [this](const HeldBack &message) {
        return !(leaving && message.id == link.id) && !(successor && message.id == successor->id);
    };
    for (;;) {
        const auto due = std::find_if(heldBack.begin(), heldBack.end(), isDue);
        if (due == heldBack.end())
            break;
        const HeldBack message = std::move(*due);
        heldBack.erase(due);
        heldBackBytes -= sizeOf(message.content);
        if (const QByteArray *bytes = std::get_if<QByteArray>(&message.content))
            deliverBinary(*bytes);
        else if (const QString &text = std::get<QString>(message.content); message.isForApplication)
            deliverText(text);
        else
            takeText(message.id, text);
    }
    holdsIncoming = leaving.has_value();
}

// The server has read all that was sent on the connection that leaves: what is sent now cannot overtake it.
void Connection::Private::releaseOutgoing()
{
    if (!std::exchange(holdsOutgoing, false))
        return;
    outgoingBytes = 0;
    for (Message &message : std::exchange(outgoing, {}))
        put(std::move(message));
    onBytesWritten();
}

void Connection::Private::checkDrained()
{
    if (!leaving || holdsOutgoing)
        return;
    if (!leaving->watchword) {
        post(M::Drained{leaving->id, options.drainTimeout / kQuietPart});
    } else if (!outbox.isUnderWay(leaving->id)) {
        pumpAcknowledged();
        if (!requests.isUnderWay(leaving->id))
            post(M::Drained{leaving->id});
    }
}

} // namespace Watchword
