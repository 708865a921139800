// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/chunkfilter.h"
#include "relay/upstreamdial.h"

#include "bridge/bridgeport.h"

namespace Watchword::Gateway {

/*! A plain HTTP request of an admitted client, for its upstream. */
struct HttpOrder
{
    UpstreamOrder upstream;
    std::string method;
    std::string fields; //!< Header lines but Host, Connection and those that say where the body ends.
    bool isChunked = false; //!< The body has chunks.
    std::string framing; //!< The latter, as they came: one Content-Length or Transfer-Encoding. Empty: no body.
    bool expectsContinue = false; //!< The client waits for a 100 before it sends the body.
    bool keepsAlive = false; //!< The client may send another request behind this one.
    std::uint64_t largestBody = 0; //!< Of the request; 0: no limit.
    std::chrono::milliseconds longest{0}; //!< Until its token is too old; 0: no limit.
};

/*! The last thing that the Qt thread hears of it. */
struct HttpDone : BridgeEvent
{
};

/*!
    Passes one HTTP request on to an upstream and its answer back, in the client's reactor (RFC 9110 section 7.6). The chunks of
    a request are written anew, without trailers (ChunkFilter). All other bodies pass as they come, both ways; whose end is where
    is Boost.Beast's to say. Each request has a connection to
    the upstream of its own, so that no two can be mistaken for each other.

        Dialing -- opened --> Asking -- head of the answer --> Answering -- its end --> Done
           |                    |                                 '-- it breaks, a deadline --> Done, the client is cut
           |                    '-- no answer, nonsense, a deadline, body too large --> Done, with 502, 504, 413 or 400
           '-- no upstream --> the Qt thread answers

    Where one side reads slower than the other sends, the other is not read. The upstream has kPatience for the head of its
    answer and between two pieces of it; Stream's own bound ends a side that takes nothing.

    Life cycle: begin() once; it lives as long as one of its streams. Threads: the reactor's.
*/
class HttpRelay : public std::enable_shared_from_this<HttpRelay>
{
public:
    static constexpr std::chrono::milliseconds kPatience{60'000};
    static constexpr std::chrono::milliseconds kIdleTime{15'000}; //!< For the client's next request.
    static constexpr std::size_t kHighWater = 256 * 1024;

    //! UpstreamOpened or UpstreamRefused comes as an event; after the first HttpDone follows, or the client's end.
    static void begin(BridgePort &port, Net::Stream *client, const Net::StreamId &id, HttpOrder order);

private:
    class ClientEnd;
    class UpstreamEnd;
    enum class State { Dialing, Asking, Answering, Done };

    HttpRelay(BridgePort &port, const Net::StreamId &client, HttpOrder order);
    void opened(const UpstreamOpened &outcome);
    bool isRequestRead() const;
    std::size_t passBody(std::span<std::uint8_t> bytes, Net::Stream &server);
    std::size_t clientSent(std::span<std::uint8_t> bytes);
    void upstreamSent(std::span<std::uint8_t> bytes);
    std::size_t takeHead(std::span<std::uint8_t> bytes);
    void writeHead(const Wire::HttpHead &head);
    void upstreamFinished();
    void upstreamLate();
    void clientEnded();
    void clientLate();
    void fail(int status, std::string_view reason); //!< Instead of the answer; if that has begun the client is cut.
    void finish();
    void balance();
    Net::Stream *client() const { return m_port.reactor().find(m_clientId); }
    Net::Stream *upstream() const { return m_upstreamId ? m_port.reactor().find(*m_upstreamId) : nullptr; }

    BridgePort &m_port;
    const Net::StreamId m_clientId;
    const HttpOrder m_order;
    State m_state = State::Dialing;
    std::shared_ptr<UpstreamDial> m_dial;
    std::optional<Net::StreamId> m_upstreamId;
    std::optional<Wire::BodyReader> m_requestBody; // of a length that is known; none: there is none
    std::optional<ChunkFilter> m_requestChunks;
    std::uint64_t m_requestSize = 0;
    Wire::HeadReader m_head;
    std::optional<Wire::BodyReader> m_answerBody; // none: there is none, or it is not known yet
    bool m_endsWithConnection = false; // the answer
    bool m_isClientHeld = false;
    bool m_isUpstreamHeld = false;
};

} // namespace Watchword::Gateway
