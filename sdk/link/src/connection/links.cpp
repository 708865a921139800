// SPDX-License-Identifier: Apache-2.0
#include "connection/links.h"

#include "transport/textsource.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using M = ConnectionMachine;

Links::Links(ConnectionContext &context, TokenCourier &tokens, Sender &sender, Rooms &rooms, Receiver &receiver,
             const Surroundings &surroundings)
    : m_context(context)
    , m_tokens(tokens)
    , m_sender(sender)
    , m_rooms(rooms)
    , m_receiver(receiver)
    , m_surroundings(surroundings)
{
}

Links::~Links()
{
    Swap &swap = m_context.swap;
    for (Link *one : {&swap.current(), swap.replacement(), swap.draining()}) {
        if (!one || !one->transport)
            continue;
        one->transport->disconnect(this);
        one->transport->close(int(CloseCode::Normal), {});
        one->transport->abort(); // the close frame leaves all the same, and nothing is waited for
    }
}

void Links::start(const M::StartTransport &action)
{
    const bool isReplacement = m_context.machine.replacementId() == action.id;
    if (!isReplacement) {
        dropCurrent();
        m_context.swap.forget(m_context.swap.current().id);
    }
    Link &opening = isReplacement ? m_context.swap.openReplacement(action.id) : m_context.swap.current();
    opening.id = action.id;
    opening.stage = Link::Stage::Opening;
    if (m_tokens.isUsed())
        m_context.log.setToken(action.id, opening.token.value);
    else
        m_context.log.begin(action.id, m_context.options.url, action.why);
    ConnectionOptions effective = m_context.options;
    effective.clock = &m_context.clock;
    effective.offerWatchword = effective.offerWatchword && action.offersWatchword;
    AuthStrategy::Upgrade how;
    if (effective.strategy)
        how = effective.strategy->upgrade(opening.token);
    if (m_tokens.isUsed() && !how.bearerHeader)
        effective.maximumRedirects = 0; // only the header can be left out of the request to another origin
    effective.subprotocols = how.subprotocols + effective.subprotocols;
    opening.transport = effective.transport ? effective.transport(effective) : makeWebSocketTransport(effective);
    watch(opening.transport.get(), action.id);
    opening.transport->start(how.bearerHeader ? opening.token : AccessToken());
}

void Links::watch(Transport *t, Link::Id id)
{
    connect(t, &Transport::phaseReached, this, [this, id](AttemptPhase phase) { m_context.log.reach(id, phase); });
    connect(t, &Transport::opened, this, [this, id](const QString &chosen) { onOpened(id, chosen); });
    connect(t, &Transport::ended, this, [this, id](const TransportEnd &how) { end(id, how); });
    const auto sink = [this, id](const QString &text) { m_receiver.takeText(id, text); };
    if (auto *direct = dynamic_cast<TextSource *>(t))
        direct->setTextSink(sink);
    else
        connect(t, &Transport::textReceived, this, sink);
    connect(t, &Transport::binaryReceived, this, [this, id](const QByteArray &bytes) { m_receiver.takeBinary(id, bytes); });
    connect(t, &Transport::activity, this, [this, id] {
        if (id == m_context.swap.current().id)
            m_context.machine.noteActivity(m_context.clock.now());
    });
    connect(t, &Transport::bytesWritten, this, [this, id] {
        if (id == m_context.swap.current().id)
            m_sender.noteBytesWritten();
    });
    connect(t, &Transport::noticed, this, &Links::noticed);
    connect(t, &Transport::pongReceived, this,
            [this, id](const QByteArray &payload) { m_receiver.takePong(id, payload.toULongLong()); });
}

void Links::onOpened(Link::Id id, const QString &chosen)
{
    Link *const opened = m_context.swap.linkOf(id);
    if (!opened)
        return;
    const ConnectionOptions &options = m_context.options;
    m_context.log.reach(id, AttemptPhase::Hello);
    m_context.log.setSubprotocol(id, chosen);
    const bool isWatchword = options.offerWatchword && chosen == QLatin1StringView(kSubprotocol);
    opened->upgraded(chosen, isWatchword ? Link::Speech::Watchword : Link::Speech::Plain);
    if (opened == &m_context.swap.current())
        Q_EMIT negotiated();
    // A slot may have ended it.
    const Link *const still = m_context.swap.linkOf(id);
    const bool awaitsAnswer = still && sendStrategysFirst(*still);
    // Some servers repeat the first subprotocol that they are offered. If there are others it must choose one of those.
    M::Upgraded upgraded{.id = id, .watchword = isWatchword || awaitsAnswer};
    const bool wantsOther = options.strategy || !options.subprotocols.isEmpty();
    if (isWatchword)
        upgraded.withoutHello = wantsOther ? M::WithoutHello::IsOfferedNothing : M::WithoutHello::IsPlain;
    upgraded.needsHello = m_sender.needsWatchword() || !m_rooms.isEmpty();
    m_context.post(upgraded);
}

bool Links::sendStrategysFirst(const Link &opened)
{
    const AuthStrategy *const strategy = m_context.options.strategy.get();
    if (!strategy || opened.isWatchword() || !opened.transport)
        return false;
    for (const QString &text : strategy->afterUpgrade(opened.token))
        opened.transport->sendText(text);
    return strategy->awaitsReady();
}

void Links::end(Link::Id id, const TransportEnd &how)
{
    Link *const ended = m_context.swap.linkOf(id);
    if (!ended)
        return;
    TransportEnd redacted = how;
    redacted.error = m_context.log.redact(how.error);
    if (ended->stage == Link::Stage::Opening && m_surroundings.isBehindCaptivePortal())
        redacted.error = Error(ErrorCode::CaptivePortal, redacted.error.toString());
    if (m_context.machine.isAlive(id))
        m_context.log.setEnd(id, redacted);
    retire(*ended);
    m_context.post(M::Ended{id, redacted});
}

// Silent from now on, but deleted later: this may run inside one of its signals.
void Links::retire(Link &gone)
{
    if (!gone.transport)
        return;
    gone.transport->disconnect(this);
    gone.transport->abort();
    gone.transport.release()->deleteLater();
    gone.stage = Link::Stage::Ending;
    if (&gone == &m_context.swap.current())
        m_rooms.linkDown();
    m_sender.linkLost(gone.id);
}

void Links::close(const M::CloseTransport &action)
{
    if (const Link &link = m_context.swap.current(); link.transport)
        link.transport->close(action.code, action.reason);
}

void Links::drop(Link::Id id, int code)
{
    Link *const gone = m_context.swap.linkOf(id);
    if (!gone)
        return;
    if (gone->transport && code)
        gone->transport->close(code, {});
    retire(*gone);
}

void Links::ping(const M::SendPing &action)
{
    if (const Link *to = m_context.swap.linkOf(action.id))
        to->sendPing(action.nonce, m_context.options.strategy.get());
}

bool Links::takeOver(Link::Id id)
{
    Swap &swap = m_context.swap;
    if (!swap.replacement() || swap.replacement()->id != id)
        return false;
    m_context.log.reach(id, AttemptPhase::Ready);
    swap.takeOver();
    swap.current().stage = Link::Stage::InUse;
    swap.draining()->sendPing(Receiver::kDrainPing, m_context.options.strategy.get());
    return true;
}

bool Links::endDrain(Link::Id id)
{
    if (!m_context.swap.draining() || m_context.swap.draining()->id != id)
        return false;
    Link gone = m_context.swap.endDrain();
    if (gone.transport)
        gone.transport->close(int(CloseCode::Normal), {});
    m_sender.linkDrained(gone);
    retire(gone);
    return true;
}

void Links::promote()
{
    dropCurrent();
    m_context.swap.promote();
}

void Links::discard(int code)
{
    Link gone = m_context.swap.discard();
    if (gone.transport && code)
        gone.transport->close(code, {});
    retire(gone);
}

} // namespace Watchword
