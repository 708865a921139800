// SPDX-License-Identifier: Apache-2.0
#include "relay/upstreamdial.h"

#include <openssl/rand.h>

#include <algorithm>

namespace Watchword::Gateway {

/*! Passes what happens to the stream of an attempt on to its dial. */
class DialHandler final : public Net::StreamHandler
{
public:
    explicit DialHandler(std::shared_ptr<UpstreamDial> dial)
        : m_dial(std::move(dial))
    {
    }

    void established(Net::Stream &stream) override { m_dial->established(stream); }
    std::size_t received(Net::Stream &stream, std::span<std::uint8_t> bytes) override { return m_dial->received(stream, bytes); }
    void inputEnded(Net::Stream &stream) override { stream.abort(); }
    void timedOut(Net::Stream &) override { } // the dial has its own deadlines
    void ended(Net::Stream &stream, Net::StreamEnd reason) override { m_dial->streamEnded(stream, reason); }

private:
    const std::shared_ptr<UpstreamDial> m_dial;
};

namespace {

constexpr std::size_t kMostQueued = 64 * 1024 * 1024; // a "msg" is written whole; reading of its client stops long before

Net::StreamLimits upstreamLimits(const UpstreamOrder &order)
{
    Net::StreamLimits limits;
    limits.most = kMostQueued;
    limits.handshake = order.time;
    return limits;
}

std::vector<std::string> challengesOf(const Wire::HttpHead &answer)
{
    static constexpr std::string_view kName = "www-authenticate";
    std::vector<std::string> challenges;
    for (std::size_t i = 0; i < answer.fieldCount(); ++i) {
        const auto [name, value] = answer.field(i);
        const bool isOne = std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? char(a + ('a' - 'A')) : a) == b; });
        if (isOne)
            challenges.emplace_back(value);
    }
    return challenges;
}

} // namespace

UpstreamDial::UpstreamDial(Net::Reactor &reactor, UpstreamOrder order, Done done)
    : m_reactor(reactor)
    , m_order(std::move(order))
    , m_done(std::move(done))
    , m_deadline(*this, &UpstreamDial::timedOut)
    , m_attemptDeadline(*this, &UpstreamDial::attemptTimedOut)
{
}

UpstreamDial::~UpstreamDial() = default;

std::shared_ptr<UpstreamDial> UpstreamDial::start(Net::Reactor &reactor, UpstreamOrder order, Done done)
{
    const std::shared_ptr<UpstreamDial> dial(new UpstreamDial(reactor, std::move(order), std::move(done)));
    reactor.startTimer(dial->m_deadline, dial->m_order.time);
    dial->tryTarget();
    return dial;
}

void UpstreamDial::tryTarget()
{
    m_state = State::Connecting;
    if (m_at + 1 < m_order.targets.size())
        m_reactor.startTimer(m_attemptDeadline, m_order.connectTime);
    m_connector =
        Net::Connector::start(m_reactor, target().host, target().port,
                              [self = shared_from_this()](Net::Connector::Result result) { self->connected(std::move(result)); });
}

void UpstreamDial::connected(Net::Connector::Result result)
{
    m_connector.reset();
    if (result.error) {
        attemptFailed(UpstreamRefused::Reason::Unreachable, result.error.message());
        return;
    }
    Net::Stream::Options options;
    options.tls = target().tls;
    options.peer = options.proxy = result.peer;
    options.limits = upstreamLimits(m_order);
    options.isOutgoing = true;
    options.serverName = target().host;
    m_reactor.addLoad();
    auto stream = std::make_unique<Net::Stream>(m_reactor, result.socket.release(), std::move(options),
                                                std::make_unique<DialHandler>(shared_from_this()));
    // It may be established, or over, before add() returns.
    const Net::StreamId id = m_reactor.add(std::move(stream));
    if (m_reactor.find(id) && m_state != State::Done)
        m_stream = id;
}

void UpstreamDial::established(Net::Stream &stream)
{
    m_stream = stream.id();
    m_attemptDeadline.cancel();
    if (!m_order.request) {
        stream.setReadPaused(true);
        hand(stream, {});
        return;
    }
    std::array<std::uint8_t, 16> nonce{};
    if (RAND_bytes(nonce.data(), int(nonce.size())) != 1) {
        refuse(UpstreamRefused::Reason::Unreachable, "there are no random bytes");
        return;
    }
    m_state = State::Asking;
    Wire::UpgradeRequest request = *m_order.request;
    request.host = target().authority;
    request.target = target().path;
    m_handshake.emplace(std::move(request), nonce);
    stream.write(Wire::bytesOf(m_handshake->request()));
}

std::size_t UpstreamDial::received(Net::Stream &stream, std::span<std::uint8_t> bytes)
{
    if (m_state != State::Asking)
        return bytes.size();
    const std::size_t used = m_handshake->feed(bytes);
    if (m_handshake->state() == Wire::ClientHandshake::State::Waiting)
        return bytes.size();
    if (m_handshake->state() == Wire::ClientHandshake::State::Open)
        stream.setReadPaused(true); // the rest are frames
    answered(stream);
    return m_handshake->state() == Wire::ClientHandshake::State::Open ? used : bytes.size();
}

void UpstreamDial::answered(Net::Stream &stream)
{
    switch (m_handshake->state()) {
    case Wire::ClientHandshake::State::Waiting:
        return;
    case Wire::ClientHandshake::State::Open:
        hand(stream, m_handshake->subprotocol());
        return;
    case Wire::ClientHandshake::State::Refused: {
        auto refused = std::make_shared<UpstreamRefused>();
        refused->reason = UpstreamRefused::Reason::Status;
        refused->status = m_handshake->answer().status();
        refused->retryAfter = m_handshake->answer().value("Retry-After");
        refused->challenges = challengesOf(m_handshake->answer());
        refused->detail = "the upstream answered " + std::to_string(refused->status);
        finish(std::move(refused));
        return;
    }
    case Wire::ClientHandshake::State::Failed:
        refuse(UpstreamRefused::Reason::BadAnswer, std::string(Wire::describe(m_handshake->fault())));
        return;
    }
}

// The stream is the caller's from here on.
void UpstreamDial::hand(Net::Stream &stream, std::string_view subprotocol)
{
    auto opened = std::make_shared<UpstreamOpened>();
    opened->upstream = stream.id();
    opened->subprotocol = subprotocol;
    stream.handshakeDone();
    stream.clearDeadline();
    m_stream.reset();
    finish(std::move(opened));
}

void UpstreamDial::streamEnded(Net::Stream &stream, Net::StreamEnd reason)
{
    const bool isOurs = m_stream == stream.id() || m_state == State::Connecting;
    if (!isOurs || m_state == State::Done)
        return;
    m_stream.reset();
    if (m_state == State::Asking) {
        m_handshake->finish();
        refuse(UpstreamRefused::Reason::BadAnswer, "the upstream ended the connection without an answer");
        return;
    }
    const std::string problem = stream.tls() ? stream.tls()->verifyProblem() : std::string();
    if (reason != Net::StreamEnd::TlsFailed)
        attemptFailed(UpstreamRefused::Reason::Unreachable, "the connection broke");
    else if (problem.empty())
        attemptFailed(UpstreamRefused::Reason::NotTrusted, "TLS failed");
    else
        attemptFailed(UpstreamRefused::Reason::NotTrusted, "the upstream's certificate: " + problem);
}

void UpstreamDial::attemptFailed(UpstreamRefused::Reason reason, const std::string &detail)
{
    if (m_state != State::Connecting)
        return;
    dropAttempt();
    m_failed.push_back(m_at);
    if (m_at + 1 < m_order.targets.size()) {
        ++m_at;
        tryTarget();
    } else {
        refuse(reason, detail);
    }
}

void UpstreamDial::attemptTimedOut()
{
    attemptFailed(UpstreamRefused::Reason::TimedOut, "the upstream did not accept the connection in time");
}

void UpstreamDial::timedOut()
{
    if (m_state == State::Connecting)
        m_failed.push_back(m_at);
    refuse(UpstreamRefused::Reason::TimedOut, "the upstream did not answer in time");
}

void UpstreamDial::refuse(UpstreamRefused::Reason reason, const std::string &detail)
{
    auto refused = std::make_shared<UpstreamRefused>();
    refused->reason = reason;
    refused->detail = detail;
    finish(std::move(refused));
}

void UpstreamDial::finish(std::shared_ptr<UpstreamOutcome> outcome)
{
    outcome->failed = std::move(m_failed);
    outcome->at = m_at;
    const std::shared_ptr<UpstreamDial> self = shared_from_this();
    const Done done = std::exchange(m_done, {});
    cancel();
    if (done)
        done(std::move(outcome));
}

void UpstreamDial::cancel()
{
    m_state = State::Done;
    m_done = {};
    m_deadline.cancel();
    dropAttempt();
}

void UpstreamDial::dropAttempt()
{
    m_attemptDeadline.cancel();
    if (const auto connector = std::exchange(m_connector, nullptr))
        connector->cancel();
    const auto id = std::exchange(m_stream, {});
    if (Net::Stream *stream = id ? m_reactor.find(*id) : nullptr) {
        const State state = std::exchange(m_state, State::Done); // its end is no news
        stream->abort();
        m_state = state;
    }
}

} // namespace Watchword::Gateway
