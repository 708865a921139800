// SPDX-License-Identifier: Apache-2.0
#include "http/httpexchange.h"

#include "bridge/netvalues.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

Wire::Bytes bytesOfArray(const QByteArray &bytes)
{
    return {reinterpret_cast<const std::uint8_t *>(bytes.constData()), std::size_t(bytes.size())};
}

} // namespace

HttpExchange::HttpExchange(std::shared_ptr<HttpPort> port, const Net::Accepted &accepted)
    : m_port(std::move(port))
    , m_accepted(accepted)
    , m_reader(Wire::HeadKind::Request, kHeadLimits)
{
    ++m_port->connections;
}

void HttpExchange::established(Net::Stream &stream)
{
    stream.setDeadline(m_port->limits.head);
}

std::size_t HttpExchange::received(Net::Stream &stream, std::span<std::uint8_t> bytes)
{
    switch (m_state) {
    case State::Head:
        return readHead(stream, bytes);
    case State::Body:
        return readBody(stream, bytes);
    case State::Answering: // not read
        break;
    }
    return 0;
}

std::size_t HttpExchange::readHead(Net::Stream &stream, std::span<std::uint8_t> bytes)
{
    m_hasBegun = true;
    const std::size_t used = m_reader.feed(bytes);
    if (m_reader.fault() != Wire::HeadFault::None) {
        const ParsedHead parsed = problemOf(m_reader.fault());
        refuse(stream, parsed.status, u"The request head is not valid HTTP: %1."_s.arg(parsed.problem));
        return bytes.size();
    }
    if (m_reader.isComplete())
        headComplete(stream);
    return used;
}

void HttpExchange::headComplete(Net::Stream &stream)
{
    stream.handshakeDone();
    const ParsedHead parsed = requestHeadOf(m_reader.head());
    m_reader.reset();
    m_hasBegun = false;
    ++m_requests;
    if (!parsed.isGood()) {
        refuse(stream, parsed.status, u"The request head is not valid HTTP: %1."_s.arg(parsed.problem));
        return;
    }
    m_request = {.head = parsed.head, .body = {}, .peer = toQt(m_accepted.peer.address), .peerPort = m_accepted.peer.port};
    const RequestHead &head = m_request.head;
    if (head.isChunked()) {
        refuse(stream, 411, u"Send the body with a Content-Length."_s);
    } else if (head.contentLength() > m_port->limits.bodyBytes) {
        refuse(stream, 413, u"The body is too large."_s);
    } else if (head.contentLength() == 0) {
        handOver(stream);
    } else {
        m_state = State::Body;
        stream.setDeadline(m_port->limits.body);
        if (head.hasToken("Expect", "100-continue"))
            stream.write(bytesOfArray("HTTP/1.1 100 Continue\r\n\r\n"));
    }
}

std::size_t HttpExchange::readBody(Net::Stream &stream, std::span<std::uint8_t> bytes)
{
    const qint64 missing = m_request.head.contentLength() - m_request.body.size();
    const std::size_t used = std::min(bytes.size(), std::size_t(missing));
    m_request.body.append(reinterpret_cast<const char *>(bytes.data()), qsizetype(used));
    if (m_request.body.size() == m_request.head.contentLength())
        handOver(stream);
    return used;
}

void HttpExchange::handOver(Net::Stream &stream)
{
    m_state = State::Answering;
    stream.setReadPaused(true);
    stream.setDeadline(m_port->limits.answer);
    const bool keepAlive = m_request.head.keepsAlive() && m_requests < quint64(m_port->limits.requestsPerConnection);
    m_port->deliver(stream.id(), std::exchange(m_request, {}), m_requests, keepAlive);
}

void HttpExchange::answer(Net::Stream &stream, quint64 number, const QByteArray &response, bool keepAlive)
{
    if (m_state != State::Answering || number != m_requests)
        return;
    stream.write(bytesOfArray(response));
    m_state = State::Head;
    if (!keepAlive) {
        stream.close();
        return;
    }
    stream.setDeadline(m_port->limits.idle);
    stream.setReadPaused(false);
}

void HttpExchange::refuse(Net::Stream &stream, int status, const QString &title)
{
    stream.handshakeDone();
    stream.write(bytesOfArray(HttpResponse::json(status, {{"status"_L1, status}, {"title"_L1, title}}).toBytes(false)));
    stream.close();
}

void HttpExchange::timedOut(Net::Stream &stream)
{
    stream.reactor().mutableCounters().timedOut.add();
    switch (m_state) {
    case State::Body:
        refuse(stream, 408, u"The body did not come in time."_s);
        return;
    case State::Answering:
        m_state = State::Head; // an answer that comes now is dropped
        refuse(stream, 503, u"The server did not answer in time."_s);
        return;
    case State::Head:
        if (m_hasBegun)
            refuse(stream, 408, u"The request head did not come in time."_s);
        else
            stream.close();
        return;
    }
}

void HttpExchange::ended(Net::Stream &, Net::StreamEnd)
{
    --m_port->connections;
}

} // namespace Watchword::Gateway
