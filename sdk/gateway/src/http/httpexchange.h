// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpserver.h"
#include "net/listener.h"

#include <atomic>

namespace Watchword::Gateway {

/*! What the connections of one HttpServer share, in their reactors and in the server's thread. */
struct HttpPort
{
    HttpLimits limits;
    std::atomic<int> connections{0}; //!< Accepted by their reactor, and not ended.
    //! Called in a reactor's thread, one request of a connection at a time; answers come by HttpExchange::answer().
    std::function<void(const Net::StreamId &, const HttpRequest &, quint64 number, bool keepAlive)> deliver;
};

/*!
    One connection of an HttpServer, in its reactor: reads a request, hands it on, is given the answer, and so on. While the
    answer is made nothing is read, so that a connection costs the server's thread one request at a time.

    A connection whose bytes make no request is answered and closed. Threads: the reactor's.
*/
class HttpExchange final : public Net::StreamHandler
{
public:
    HttpExchange(std::shared_ptr<HttpPort> port, const Net::Accepted &accepted);

    void established(Net::Stream &stream) override;
    std::size_t received(Net::Stream &stream, std::span<std::uint8_t> bytes) override;
    void timedOut(Net::Stream &stream) override;
    void ended(Net::Stream &stream, Net::StreamEnd reason) override;

    bool belongsTo(const HttpPort &port) const { return m_port.get() == &port; }
    //! Nothing if request \a number is not the one that waits.
    void answer(Net::Stream &stream, quint64 number, const QByteArray &response, bool keepAlive);

private:
    enum class State { Head, Body, Answering };

    std::size_t readHead(Net::Stream &stream, std::span<std::uint8_t> bytes);
    std::size_t readBody(Net::Stream &stream, std::span<std::uint8_t> bytes);
    void headComplete(Net::Stream &stream);
    void handOver(Net::Stream &stream);
    void refuse(Net::Stream &stream, int status, const QString &title);

    const std::shared_ptr<HttpPort> m_port;
    const Net::Accepted m_accepted;
    Wire::HeadReader m_reader;
    HttpRequest m_request;
    quint64 m_requests = 0;
    State m_state = State::Head;
    bool m_hasBegun = false; // part of a head came
};

} // namespace Watchword::Gateway
