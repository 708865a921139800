// SPDX-License-Identifier: Apache-2.0
#include "relay/relaylink.h"

#include "endpoint/peerclose.h"
#include "relay/closecodes.h"
#include "watchword/core/frame.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kLastPing = "last";
constexpr double kUpstreamControlFrames = 1000; // a second

QByteArray toByteArray(Wire::Bytes bytes)
{
    return QByteArray(Wire::textOf(bytes).data(), qsizetype(bytes.size()));
}

Wire::Bytes bytesOf(const QByteArray &bytes)
{
    return Wire::bytesOf(std::string_view(bytes.constData(), std::size_t(bytes.size())));
}

// True while \a size is above the mark, and from there down to a quarter of it.
bool isHeld(bool wasHeld, std::size_t size, std::size_t high)
{
    return size > (wasHeld ? high / 4 : high);
}

} // namespace

RelayLink::RelayLink(BridgePort &port, RelayTerms terms, std::shared_ptr<SocketGauge> gauge, const Net::StreamId &client)
    : m_port(port)
    , m_clientId(client)
    , m_gauge(std::move(gauge))
    , m_receipts(std::move(terms.sender), std::move(terms.taken))
    , m_heartbeat(terms.heartbeat)
    , m_speaksControl(terms.speaksControl)
    , m_meter(terms.limits, std::move(terms.shares))
    , m_state(terms.speaksControl ? State::AwaitsHello : State::Open)
    , m_answerTimer(*this)
    , m_brake(*this)
{
}

void RelayLink::begin(BridgePort &port, Net::Stream &client, Net::Stream *upstream, RelayTerms terms,
                      std::shared_ptr<SocketGauge> gauge)
{
    const std::shared_ptr<RelayLink> link(new RelayLink(port, std::move(terms), std::move(gauge), client.id()));
    RelayLeg::Options clientOptions{Wire::Role::Server, double(link->m_meter.limits().controlFramesPerSecond)};
    clientOptions.heartbeat = link->m_heartbeat;
    auto clientLeg = std::make_unique<RelayLeg>(client, clientOptions, link);
    link->m_client = clientLeg.get();
    client.clearDeadline();
    client.setHandler(std::move(clientLeg));
    client.setReadPaused(false);
    if (!upstream || !upstream->isOpen()) {
        link->upstreamEnded(1014, "bad_gateway", false);
        return;
    }
    RelayLeg::Options options{Wire::Role::Client, kUpstreamControlFrames, kFinishTime};
    auto upstreamLeg = std::make_unique<RelayLeg>(*upstream, options, link);
    link->m_upstream = upstreamLeg.get();
    upstream->setHandler(std::move(upstreamLeg));
    upstream->setDeadline(link->m_heartbeat);
    upstream->setReadPaused(link->m_state == State::AwaitsHello);
}

RelayLink *RelayLink::of(Net::Stream *client)
{
    const auto *leg = client ? dynamic_cast<RelayLeg *>(&client->handler()) : nullptr;
    return leg ? dynamic_cast<RelayLink *>(&leg->user()) : nullptr;
}

void RelayLink::setLimits(const EndpointLimits &limits, RateShares shares, std::chrono::milliseconds heartbeat)
{
    m_meter.setLimits(limits, std::move(shares));
    m_heartbeat = heartbeat;
    if (!m_client || !m_client->isOpen())
        return;
    m_client->setControlFramesPerSecond(limits.controlFramesPerSecond);
    m_client->setHeartbeat(heartbeat);
}

void RelayLink::frameAnnounced(RelayLeg &leg, const Wire::FrameHeader &header)
{
    const bool isNew = header.opcode != Wire::Opcode::Continuation;
    if (&leg == m_upstream) {
        if (isNew && m_state != State::Ending) {
            m_ofUpstream = Course::Undecided;
            m_upstreamType = header.opcode;
            m_gauge->messagesOut.add();
        }
        return;
    }
    if (isNew) {
        const bool isTaken = m_state == State::Open || m_state == State::AwaitsHello;
        m_ofClient = isTaken ? Course::Undecided : Course::Drop;
        m_clientType = header.opcode;
        m_filter.begin(header.opcode);
        if (isTaken)
            m_gauge->messagesIn.add();
    }
    if (m_ofClient == Course::Drop)
        return;
    if (const std::optional<LimitBreach> broken = m_meter.take(header, now())) {
        if (broken->isHeld) {
            tell(*broken);
            holdBack(*broken, header);
        } else {
            breach(*broken);
        }
    }
}

void RelayLink::tell(const LimitBreach &breach)
{
    auto event = std::make_shared<RelayLimitReached>();
    event->breach = breach;
    post(std::move(event));
}

void RelayLink::holdBack(const LimitBreach &breach, const Wire::FrameHeader &header)
{
    m_heldFrame = header;
    m_port.reactor().startTimer(m_brake, breach.after);
    pauseClient();
}

void RelayLink::heldLongEnough()
{
    if (const std::optional<Wire::FrameHeader> header = std::exchange(m_heldFrame, {})) {
        // Another connection may have used what was free meanwhile.
        if (const std::optional<LimitBreach> still = m_meter.takeHeld(*header, now()); still && still->isHeld)
            holdBack(*still, *header);
        else if (still)
            breach(*still); // after a reload
    }
    if (m_state != State::Ending)
        pauseClient();
}

void RelayLink::breach(const LimitBreach &breach)
{
    if (m_state == State::Ending)
        return;
    tell(breach);
    startEnding(1001, {});
    // Until the Qt thread has its "bye" written: what comes meanwhile is nobody's any more.
    if (m_client)
        m_client->setReadPaused(true);
}

void RelayLink::pieceReceived(RelayLeg &leg, Wire::MutableBytes bytes, bool isLast)
{
    if (&leg == m_client)
        pieceOfClient(bytes, isLast);
    else
        pieceOfUpstream(bytes, isLast);
}

void RelayLink::pieceOfClient(Wire::MutableBytes bytes, bool isLast)
{
    if (m_ofClient == Course::Drop || !m_upstream)
        return;
    m_gauge->bytesIn.add(bytes.size());
    m_isTrafficCounted = true;
    if (m_speaksControl) {
        switch (m_filter.look(bytes, isLast)) {
        case ControlFilter::Verdict::Pass:
            break;
        case ControlFilter::Verdict::Hold:
            return;
        case ControlFilter::Verdict::Control:
            if (m_filter.heldBytes() > kLargestControl) {
                breach({u"message_bytes"_s, CloseCode::MessageTooBig, qint64(m_filter.heldBytes()), qint64(kLargestControl), {}});
            } else if (isLast) {
                controlReceived(m_filter.takeControl());
            }
            return;
        }
    }
    if (m_ofClient == Course::Undecided) {
        m_gauge->applicationIn.add();
        m_ofClient = Course::Passing;
        m_upstream->beginMessage(m_clientType);
    }
    m_upstream->sendPiece(bytes, isLast);
}

void RelayLink::pieceOfUpstream(Wire::MutableBytes bytes, bool isLast)
{
    static constexpr std::uint8_t kMark[] = {ControlFilter::kMark};
    if (m_ofUpstream == Course::Drop || !m_client)
        return;
    m_gauge->bytesOut.add(bytes.size());
    m_isTrafficCounted = true;
    if (m_ofUpstream == Course::Undecided) {
        m_gauge->applicationOut.add();
        m_ofUpstream = m_speaksControl && m_upstreamType == Wire::Opcode::Text ? Course::Escaping : Course::Passing;
        m_client->beginMessage(m_upstreamType);
    }
    Wire::Bytes prefix;
    if (m_ofUpstream == Course::Escaping && !bytes.empty()) {
        m_ofUpstream = Course::Passing;
        if (bytes[0] == ControlFilter::kMark)
            prefix = kMark;
    }
    m_client->sendPiece(bytes, isLast, prefix);
}

void RelayLink::controlReceived(const std::vector<std::uint8_t> &text)
{
    const QByteArray bytes = toByteArray(text);
    if (takeMessage(QString::fromUtf8(bytes)))
        return;
    m_port.send({ToCore::Kind::Text, m_clientId, bytes, {}, {}, {}});
    if (m_port.isFull() && !std::exchange(m_waitsForRoom, true)) {
        m_port.waitForRoom(m_clientId);
        pauseClient();
    }
}

bool RelayLink::takeMessage(const QString &text)
{
    const Result<Frame> frame = Frame::parse(text);
    if (!frame || frame->type() != QLatin1StringView(FrameType::Message))
        return false;
    const QString id = frame->fields().value("id"_L1).toString();
    if (id.isEmpty() || id.size() > 128)
        return false;
    if (m_state == State::Answering)
        return true; // it would come behind the ping; the client sends it again elsewhere
    if (m_receipts.isTaken(id)) {
        acknowledge(id); // the first acknowledgement was lost with its connection
        return true;
    }
    m_gauge->applicationIn.add();
    m_upstream->sendMessage(Wire::Opcode::Text, bytesOf(frame->payload()));
    m_receipts.written(id, m_upstream->bytesWritten());
    return true;
}

void RelayLink::acknowledge(const QString &id)
{
    sendToClient(bytesOf(Frame(QLatin1StringView(FrameType::Ack), {{u"id"_s, id}}).toText().toUtf8()));
}

void RelayLink::acknowledgeSent()
{
    if (!m_upstream || !m_upstream->stream().isOpen())
        return;
    const QStringList ids = m_receipts.takeSent(m_upstream->bytesWritten() - m_upstream->queuedBytes());
    for (const QString &id : ids)
        acknowledge(id);
}

void RelayLink::sendToClient(Wire::Bytes text)
{
    if (!m_client || !m_client->isOpen())
        return;
    if (m_state == State::Ending && m_client->isInMessage())
        return; // the message before it will never end
    m_client->sendMessage(Wire::Opcode::Text, text);
    if (const std::size_t waiting = m_client->waitingBytes(); waiting > kMostWaiting)
        breach({u"queue_bytes"_s, CloseCode::SlowConsumer, qint64(waiting), qint64(kMostWaiting), {}});
}

void RelayLink::pongReceived(RelayLeg &leg, Wire::Bytes payload)
{
    if (&leg == m_upstream && Wire::textOf(payload) == kLastPing)
        answered();
}

void RelayLink::finishAnswers()
{
    if (m_state != State::Open || !m_upstream || !m_upstream->isOpen()) {
        post(std::make_shared<RelayAnswered>());
        return;
    }
    m_state = State::Answering;
    m_upstream->ping(Wire::bytesOf(kLastPing));
    m_port.reactor().startTimer(m_answerTimer, kAnswerTime);
}

void RelayLink::answered()
{
    if (m_state != State::Answering)
        return;
    m_answerTimer.cancel();
    acknowledgeSent(); // the pong came behind them
    post(std::make_shared<RelayAnswered>());
}

void RelayLink::startEnding(std::uint16_t code, std::string_view reason)
{
    if (m_state == State::Ending)
        return;
    m_state = State::Ending;
    m_ofClient = m_ofUpstream = Course::Drop;
    m_answerTimer.cancel();
    m_brake.cancel();
    m_heldFrame.reset();
    m_receipts.clear();
    if (m_client)
        m_client->dropWaiting();
    m_isClientHeld = m_waitsForRoom = false;
    pauseClient();
    if (m_upstream)
        m_upstream->close(code, reason);
}

void RelayLink::upstreamEnded(std::uint16_t code, const std::string &reason, bool isClosed)
{
    if (m_state == State::Ending)
        return;
    auto event = std::make_shared<UpstreamEnded>();
    event->code = code;
    event->reason = reason;
    event->isClosed = isClosed;
    post(std::move(event));
    startEnding(1001, {});
}

void RelayLink::failing(RelayLeg &leg, const Net::WebSocketEnd &end)
{
    // Before "hello" nothing may be said, and not in the middle of a message.
    if (&leg == m_client && m_speaksControl && m_state != State::AwaitsHello && !leg.isInMessage())
        leg.sendMessage(Wire::Opcode::Text, bytesOf(byeOf(end).toText().toUtf8()));
}

void RelayLink::closing(RelayLeg &leg, const Net::WebSocketEnd &end)
{
    const bool isPeers = end.by == Net::WebSocketEnd::By::Peer;
    if (&leg == m_client) {
        startEnding(codeForUpstream(end), isPeers ? std::string_view(end.reason) : std::string_view());
        return;
    }
    if (m_state == State::Answering)
        answered();
    const std::uint16_t code = isPeers ? codeForClient(end.code) : 1014;
    upstreamEnded(code, isPeers && (code == end.code || end.code == 1005) ? end.reason : "bad_gateway", isPeers);
}

void RelayLink::ended(RelayLeg &leg, const Net::WebSocketEnd &end)
{
    const bool isStuck = end.stream == Net::StreamEnd::Stalled || end.stream == Net::StreamEnd::Overflowed;
    if (&leg == m_upstream) {
        m_upstream = nullptr;
        if (m_state == State::Answering)
            answered();
        if (isStuck)
            breach({u"upstream_stalled"_s, CloseCode::TryAgainLater, qint64(end.unsent), qint64(kHighWater), 1s});
        else
            upstreamEnded(1014, "bad_gateway", false);
        return;
    }
    auto told = std::make_shared<Net::WebSocketEnd>(end);
    if (isStuck) {
        breach({u"queue_bytes"_s, CloseCode::SlowConsumer, qint64(end.unsent), m_meter.limits().queueBytes, {}});
        told->by = Net::WebSocketEnd::By::Us;
        told->code = std::uint16_t(CloseCode::SlowConsumer);
    }
    m_client = nullptr;
    m_gauge->queued = 0;
    startEnding(codeForUpstream(end), {});
    m_port.send({ToCore::Kind::Ended, m_clientId, {}, {}, std::move(told), {}});
}

void RelayLink::batchEnded(RelayLeg &leg, std::size_t size)
{
    // Not of pongs: of who is idle there is nothing to tell but that.
    if (std::exchange(m_isTrafficCounted, false) && !m_gauge->isNoted.exchange(true))
        m_port.send({ToCore::Kind::Traffic, m_clientId});
    if (&leg == m_client) {
        m_gauge->bytesCame(size, m_port.reactor().now());
        watchMessageTime();
    } else {
        m_pulse.heard();
    }
    balance();
}

// As long as the client is read: what it cannot send because of us does not count.
void RelayLink::watchMessageTime()
{
    const Duration time = m_meter.limits().messageTime;
    const bool isTimed = m_client->isReadingMessage() && time.count() > 0;
    if (std::exchange(m_isMessageTimed, isTimed) == isTimed)
        return;
    if (isTimed)
        m_client->stream().setDeadline(time);
    else
        m_client->stream().clearDeadline();
}

void RelayLink::flushed(RelayLeg &leg)
{
    if (&leg == m_client)
        m_gauge->queued = qint64(m_client->queuedBytes());
    else if (!m_receipts.isEmpty())
        acknowledgeSent();
    if (m_isClientHeld || m_isUpstreamHeld)
        balance();
}

void RelayLink::balance()
{
    if (m_state == State::Ending || !m_client || !m_upstream)
        return;
    if (const bool held = isHeld(m_isClientHeld, m_upstream->queuedBytes(), kHighWater); held != m_isClientHeld) {
        m_isClientHeld = held;
        pauseClient();
    }
    const qint64 queueBytes = m_meter.limits().queueBytes;
    const std::size_t high = queueBytes > 0 ? std::min(std::size_t(queueBytes), kHighWater) : kHighWater;
    if (const bool held = isHeld(m_isUpstreamHeld, m_client->queuedBytes(), high); held != m_isUpstreamHeld) {
        m_isUpstreamHeld = held;
        m_upstream->setReadPaused(held || m_state == State::AwaitsHello);
    }
}

void RelayLink::pauseClient()
{
    if (m_client)
        m_client->setReadPaused(isClientPaused());
}

void RelayLink::roomCame(RelayLeg &)
{
    m_waitsForRoom = false;
    pauseClient();
}

void RelayLink::controlsFlooded(RelayLeg &leg)
{
    if (&leg == m_client)
        breach({u"control_frames_per_second"_s, CloseCode::PolicyViolation, 0, m_meter.limits().controlFramesPerSecond, {}});
    else
        leg.fail(1008, "too many control frames");
}

void RelayLink::quiet(RelayLeg &leg)
{
    if (m_state == State::Ending)
        return;
    if (&leg == m_client) {
        const Duration time = m_meter.limits().messageTime;
        if (isClientPaused())
            leg.stream().setDeadline(time);
        else
            breach({u"message_time"_s, CloseCode::PolicyViolation, 0, qint64(time.count()), {}});
        return;
    }
    const UpstreamPulse::Verdict verdict = m_pulse.look(!m_isUpstreamHeld);
    if (verdict == UpstreamPulse::Verdict::Gone) {
        leg.stream().abort();
        return;
    }
    if (verdict == UpstreamPulse::Verdict::Ping)
        leg.ping({});
    leg.stream().setDeadline(Net::Heartbeat::together(m_heartbeat, m_heartbeat, m_port.reactor().now()));
}

void RelayLink::execute(RelayLeg &leg, ToReactor &command)
{
    if (&leg != m_client)
        return;
    switch (command.kind) {
    case ToReactor::Kind::Text:
        sendToClient(bytesOf(command.bytes));
        // In this order: in between it counts twice, and never not at all.
        m_gauge->queued = qint64(leg.queuedBytes());
        m_gauge->underway -= command.bytes.size() + kFrameOverhead;
        if (m_state == State::AwaitsHello) {
            m_state = State::Open;
            if (m_upstream)
                m_upstream->setReadPaused(m_isUpstreamHeld);
        }
        break;
    case ToReactor::Kind::Close:
        startEnding(1001, {});
        leg.close(command.code, Wire::textOf(bytesOf(command.bytes)));
        break;
    default:
        break; // what only rooms and monitors are sent
    }
}

} // namespace Watchword::Gateway
