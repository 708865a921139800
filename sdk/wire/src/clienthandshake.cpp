// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/clienthandshake.h"

#include "fieldlist.h"

#include "watchword/wire/handshake.h"

#include <algorithm>

namespace Watchword::Wire {

namespace {

constexpr int kMostInterim = 16;

} // namespace

std::string_view describe(AnswerFault fault)
{
    switch (fault) {
    case AnswerFault::None:
        return "no fault";
    case AnswerFault::Head:
        return "the answer is not one of HTTP/1.1";
    case AnswerFault::TooManyInterim:
        return "there are too many interim answers";
    case AnswerFault::Ended:
        return "the connection ended within the answer";
    case AnswerFault::Version:
        return "the 101 is not one of HTTP/1.1";
    case AnswerFault::Upgrade:
        return "the 101 does not upgrade to websocket";
    case AnswerFault::Connection:
        return "\"upgrade\" is missing in the Connection header of the 101";
    case AnswerFault::Accept:
        return "Sec-WebSocket-Accept does not answer the key that was sent";
    case AnswerFault::Subprotocol:
        return "the 101 chooses a subprotocol that was not offered";
    case AnswerFault::Extension:
        return "the 101 chooses an extension that was not offered";
    }
    return "unknown fault";
}

ClientHandshake::ClientHandshake(UpgradeRequest request, const std::array<std::uint8_t, 16> &nonce, HeadLimits limits)
    : m_request(std::move(request))
    , m_key(toBase64(nonce))
    , m_reader(HeadKind::Response, limits)
{
}

std::string ClientHandshake::request(const std::vector<std::pair<std::string_view, std::string_view>> &secretFields) const
{
    std::string text = "GET " + m_request.target + " HTTP/1.1\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty())
            text.append(name).append(": ").append(value).append("\r\n");
    };
    add("Host", m_request.host);
    add("Upgrade", "websocket");
    add("Connection", "Upgrade");
    add("Sec-WebSocket-Key", m_key);
    add("Sec-WebSocket-Version", "13");
    std::string subprotocols;
    for (const std::string &subprotocol : m_request.subprotocols)
        subprotocols += (subprotocols.empty() ? "" : ", ") + subprotocol;
    add("Sec-WebSocket-Protocol", subprotocols);
    if (m_request.deflate)
        add("Sec-WebSocket-Extensions", deflateOffer(*m_request.deflate));
    add("Origin", m_request.origin);
    for (const auto &[name, value] : m_request.fields)
        text.append(name).append(": ").append(value).append("\r\n");
    for (const auto &[name, value] : secretFields) {
        text.reserve(text.size() + name.size() + value.size() + 6); // no second copy stays behind in freed memory
        add(name, value);
    }
    return text += "\r\n";
}

std::size_t ClientHandshake::feed(Bytes bytes)
{
    std::size_t consumed = 0;
    while (consumed < bytes.size() && m_state == State::Waiting) {
        consumed += m_reader.feed(bytes.subspan(consumed));
        if (m_reader.fault() != HeadFault::None) {
            m_fault = AnswerFault::Head;
            m_state = State::Failed;
        } else if (m_reader.isComplete()) {
            judgeHead();
        }
    }
    if (m_state == State::Refused && m_body && !isAnswerComplete())
        consumed += m_body->feed(bytes.subspan(consumed));
    m_bytesRead += consumed;
    return consumed;
}

void ClientHandshake::judgeHead()
{
    const int status = answer().status();
    if (status / 100 == 1 && status != 101) {
        if (++m_interim <= kMostInterim) {
            m_reader.reset();
            return;
        }
        m_fault = AnswerFault::TooManyInterim;
    } else if (status == 101) {
        m_fault = checkSwitch();
    } else {
        m_state = State::Refused;
        m_body.emplace(HeadKind::Response, answer(), kLargestBody);
        return;
    }
    m_state = m_fault == AnswerFault::None ? State::Open : State::Failed;
}

AnswerFault ClientHandshake::checkSwitch()
{
    const HttpHead &head = answer();
    if (head.minorVersion() < 1)
        return AnswerFault::Version;
    if (head.count("Upgrade") != 1 || !equalsIgnoringCase(head.value("Upgrade"), "websocket"))
        return AnswerFault::Upgrade;
    if (!head.listHas("Connection", "upgrade"))
        return AnswerFault::Connection;
    if (head.count("Sec-WebSocket-Accept") != 1 || head.value("Sec-WebSocket-Accept") != acceptValue(m_key))
        return AnswerFault::Accept;
    if (const std::size_t lines = head.count("Sec-WebSocket-Protocol"); lines > 0) {
        const auto &offered = m_request.subprotocols;
        if (lines > 1 || std::find(offered.begin(), offered.end(), subprotocol()) == offered.end())
            return AnswerFault::Subprotocol;
    }
    if (const auto extensions = head.values("Sec-WebSocket-Extensions"); !extensions.empty()) {
        if (m_request.deflate)
            m_compression = readDeflateAnswer(extensions, *m_request.deflate);
        if (!m_compression)
            return AnswerFault::Extension;
    }
    return AnswerFault::None;
}

void ClientHandshake::finish()
{
    if (m_state == State::Waiting) {
        m_fault = AnswerFault::Ended;
        m_state = State::Failed;
    } else if (m_state == State::Refused && m_body) {
        m_body->finish();
        m_ended = true;
    }
}

bool ClientHandshake::isAnswerComplete() const
{
    return m_state == State::Refused && m_body
        && (m_ended || m_body->isComplete() || m_body->isFaulty() || m_body->body().size() >= kLargestBody);
}

std::string_view ClientHandshake::body() const
{
    return m_body ? std::string_view(m_body->body()) : std::string_view();
}

} // namespace Watchword::Wire
