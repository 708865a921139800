// SPDX-License-Identifier: Apache-2.0
#include "relay/httprelay.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace Watchword::Gateway {

namespace {

constexpr std::size_t kLow = HttpRelay::kHighWater / 4;

bool equalsIgnoringCase(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// RFC 9110 section 7.6.1: what is between two neighbours only.
bool isOfTheConnection(const Wire::HttpHead &head, std::string_view name)
{
    static constexpr std::array<std::string_view, 8> kNames{
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "TE", "Trailer", "Upgrade", "Proxy-Authorization"};
    return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view other) { return equalsIgnoringCase(name, other); })
        || head.listHas("Connection", name);
}

bool hasNoBody(const std::string &method, int status)
{
    return method == "HEAD" || status == 204 || status == 304;
}

} // namespace

/*! The client's stream while its request is passed on. */
class HttpRelay::ClientEnd final : public BridgeEnd
{
public:
    explicit ClientEnd(std::shared_ptr<HttpRelay> relay)
        : m_relay(std::move(relay))
    {
    }
    std::size_t received(Net::Stream &, std::span<std::uint8_t> bytes) override { return m_relay->clientSent(bytes); }
    void inputEnded(Net::Stream &stream) override { stream.abort(); } // nobody waits for the answer
    void flushed(Net::Stream &) override { m_relay->balance(); }
    void timedOut(Net::Stream &) override { m_relay->clientLate(); }
    void ended(Net::Stream &, Net::StreamEnd) override { m_relay->clientEnded(); }
    void execute(Net::Stream &, ToReactor &) override { } // it has no WebSocket

private:
    const std::shared_ptr<HttpRelay> m_relay;
};

/*! The upstream's. */
class HttpRelay::UpstreamEnd final : public Net::StreamHandler
{
public:
    explicit UpstreamEnd(std::shared_ptr<HttpRelay> relay)
        : m_relay(std::move(relay))
    {
    }
    std::size_t received(Net::Stream &stream, std::span<std::uint8_t> bytes) override
    {
        stream.setDeadline(kPatience);
        m_relay->upstreamSent(bytes);
        return bytes.size();
    }
    void inputEnded(Net::Stream &) override { m_relay->upstreamFinished(); }
    void flushed(Net::Stream &) override { m_relay->balance(); }
    void timedOut(Net::Stream &) override { m_relay->upstreamLate(); }
    void ended(Net::Stream &, Net::StreamEnd) override { m_relay->upstreamFinished(); }

private:
    const std::shared_ptr<HttpRelay> m_relay;
};

HttpRelay::HttpRelay(BridgePort &port, const Net::StreamId &client, HttpOrder order)
    : m_port(port)
    , m_clientId(client)
    , m_order(std::move(order))
    , m_head(Wire::HeadKind::Response)
{
}

void HttpRelay::begin(BridgePort &port, Net::Stream *client, const Net::StreamId &id, HttpOrder order)
{
    if (!client || !client->isOpen()) {
        port.send({ToCore::Kind::Ended, id, {}, {}, std::make_shared<Net::WebSocketEnd>(), {}});
        return;
    }
    const std::shared_ptr<HttpRelay> relay(new HttpRelay(port, id, std::move(order)));
    client->handshakeDone();
    client->clearDeadline();
    if (relay->m_order.longest.count() > 0)
        client->setDeadline(relay->m_order.longest);
    client->setHandler(std::make_unique<ClientEnd>(relay));
    relay->m_dial = UpstreamDial::start(port.reactor(), relay->m_order.upstream, [relay](const auto &outcome) {
        relay->m_dial.reset();
        if (const auto *opened = dynamic_cast<const UpstreamOpened *>(outcome.get()))
            relay->opened(*opened);
        else
            relay->m_state = State::Done;
        relay->m_port.send({ToCore::Kind::Event, relay->m_clientId, {}, {}, {}, outcome});
    });
}

void HttpRelay::opened(const UpstreamOpened &outcome)
{
    m_upstreamId = outcome.upstream;
    Net::Stream *server = upstream();
    Net::Stream *asker = client();
    if (!server || !asker)
        return;
    m_state = State::Asking;
    const UpstreamTarget &target = m_order.upstream.targets[outcome.at];
    const std::string line = m_order.method + ' ' + target.path + " HTTP/1.1\r\n";
    if (m_order.isChunked) {
        m_requestChunks.emplace();
    } else if (!m_order.framing.empty()) {
        // The body's parser wants the head that says where it ends.
        Wire::HeadReader reader(Wire::HeadKind::Request);
        reader.feed(Wire::bytesOf("POST / HTTP/1.1\r\nHost: a\r\n" + m_order.framing + "\r\n"));
        m_requestBody.emplace(Wire::HeadKind::Request, reader.head(), 0);
    }
    server->setHandler(std::make_unique<UpstreamEnd>(shared_from_this()));
    server->setDeadline(kPatience);
    server->write(Wire::bytesOf(line + "Host: " + target.authority + "\r\n" + m_order.fields + m_order.framing
                                + "Connection: close\r\n\r\n"));
    server->setReadPaused(false);
    if (!isRequestRead() && m_order.expectsContinue)
        asker->write(Wire::bytesOf("HTTP/1.1 100 Continue\r\n\r\n"));
    asker->setReadPaused(false); // without a body, too: its end would not be noticed
}

bool HttpRelay::isRequestRead() const
{
    return (!m_requestBody || m_requestBody->isComplete()) && (!m_requestChunks || m_requestChunks->isComplete());
}

std::size_t HttpRelay::passBody(std::span<std::uint8_t> bytes, Net::Stream &server)
{
    std::string chunks;
    const std::size_t used = m_requestChunks ? m_requestChunks->feed(bytes, chunks) : m_requestBody->feed(bytes);
    m_requestSize += used;
    if (m_requestChunks ? m_requestChunks->isFaulty() : m_requestBody->isFaulty())
        fail(400, "Bad Request");
    else if (m_order.largestBody > 0 && m_requestSize > m_order.largestBody)
        fail(413, "Content Too Large");
    else
        server.write(m_requestChunks ? Wire::bytesOf(chunks) : Wire::Bytes(bytes.first(used)));
    return used;
}

std::size_t HttpRelay::clientSent(std::span<std::uint8_t> bytes)
{
    Net::Stream *server = upstream();
    Net::Stream *asker = client();
    if (m_state == State::Done || !server || !asker)
        return bytes.size();
    std::size_t used = 0;
    if (!isRequestRead()) {
        used = passBody(bytes, *server);
        if (m_state == State::Done)
            return bytes.size();
        balance();
    }
    if (used < bytes.size())
        asker->setReadPaused(true); // the next request waits
    return used;
}

void HttpRelay::upstreamSent(std::span<std::uint8_t> bytes)
{
    if (m_state == State::Asking)
        bytes = bytes.subspan(takeHead(bytes));
    Net::Stream *asker = client();
    if (m_state != State::Answering || !asker)
        return;
    if (m_answerBody) {
        const std::size_t used = m_answerBody->feed(bytes);
        asker->write(bytes.first(used));
        if (m_answerBody->isFaulty()) {
            fail(502, "Bad Gateway");
            return;
        }
    }
    if (!m_answerBody || m_answerBody->isComplete())
        finish();
    else
        balance();
}

// Interim answers are between the upstream and us.
std::size_t HttpRelay::takeHead(std::span<std::uint8_t> bytes)
{
    std::size_t used = 0;
    while (m_state == State::Asking && used < bytes.size()) {
        used += m_head.feed(bytes.subspan(used));
        if (m_head.fault() != Wire::HeadFault::None) {
            fail(502, "Bad Gateway");
        } else if (m_head.isComplete()) {
            const int status = m_head.head().status();
            if (status == 101)
                fail(502, "Bad Gateway"); // nobody asked for it
            else if (status < 200)
                m_head.reset();
            else
                writeHead(m_head.head());
        }
    }
    return used;
}

void HttpRelay::writeHead(const Wire::HttpHead &head)
{
    m_state = State::Answering;
    if (!hasNoBody(m_order.method, head.status())) {
        m_answerBody.emplace(Wire::HeadKind::Response, head, 0);
        m_endsWithConnection = head.count("Content-Length") + head.count("Transfer-Encoding") == 0;
    }
    std::string text = "HTTP/1.1 " + std::to_string(head.status()) + ' ' + std::string(head.reason()) + "\r\n";
    for (std::size_t i = 0; i < head.fieldCount(); ++i) {
        const Wire::HttpHead::Field field = head.field(i);
        if (!isOfTheConnection(head, field.name))
            text.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    text += m_order.keepsAlive && !m_endsWithConnection ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    if (Net::Stream *asker = client())
        asker->write(Wire::bytesOf(text));
}

void HttpRelay::upstreamFinished()
{
    if (m_state == State::Asking) {
        fail(502, "Bad Gateway");
    } else if (m_state == State::Answering) {
        if (m_answerBody)
            m_answerBody->finish();
        if (m_answerBody && (m_answerBody->isFaulty() || !m_answerBody->isComplete()))
            fail(502, "Bad Gateway");
        else
            finish();
    }
}

void HttpRelay::upstreamLate()
{
    if (m_isUpstreamHeld && upstream())
        upstream()->setDeadline(kPatience); // it is we who do not read
    else
        fail(504, "Gateway Timeout");
}

void HttpRelay::clientLate()
{
    if (Net::Stream *asker = client())
        asker->abort(); // its token is too old
}

void HttpRelay::clientEnded()
{
    m_state = State::Done;
    if (const auto dial = std::exchange(m_dial, nullptr))
        dial->cancel();
    if (Net::Stream *server = upstream())
        server->abort();
    m_port.send({ToCore::Kind::Ended, m_clientId, {}, {}, std::make_shared<Net::WebSocketEnd>(), {}});
}

void HttpRelay::fail(int status, std::string_view reason)
{
    Net::Stream *asker = client();
    if (m_state == State::Done || !asker)
        return;
    const bool hasBegun = std::exchange(m_state, State::Done) == State::Answering;
    if (Net::Stream *server = upstream())
        server->abort();
    if (hasBegun) {
        asker->abort(); // a body without its end must not look whole
        return;
    }
    asker->write(Wire::bytesOf("HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason)
                               + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    asker->setReadPaused(false);
    asker->close();
}

void HttpRelay::finish()
{
    m_state = State::Done;
    if (Net::Stream *server = upstream())
        server->abort();
    Net::Stream *asker = client();
    if (!asker)
        return;
    if (!m_order.keepsAlive || m_endsWithConnection || !isRequestRead()) {
        asker->setReadPaused(false);
        asker->close();
        return;
    }
    m_port.send({ToCore::Kind::Event, m_clientId, {}, {}, {}, std::make_shared<HttpDone>()});
    asker->setHandler(
        std::make_unique<BridgeHead>(m_port, Net::Accepted{asker->peer(), asker->proxy(), asker->tls() != nullptr}));
    asker->setDeadline(kIdleTime);
    asker->setReadPaused(false);
}

void HttpRelay::balance()
{
    Net::Stream *server = upstream();
    Net::Stream *asker = client();
    if (m_state == State::Done || !server || !asker)
        return;
    const auto isHeld = [](bool wasHeld, std::size_t size) { return size > (wasHeld ? kLow : kHighWater); };
    if (const bool held = isHeld(m_isClientHeld, server->queuedBytes()); held != m_isClientHeld) {
        m_isClientHeld = held;
        asker->setReadPaused(held);
    }
    if (const bool held = isHeld(m_isUpstreamHeld, asker->queuedBytes()); held != m_isUpstreamHeld) {
        m_isUpstreamHeld = held;
        server->setReadPaused(held);
    }
}

} // namespace Watchword::Gateway
