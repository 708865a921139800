// SPDX-License-Identifier: Apache-2.0
#include "beastreader.h"

#include <utility> // Boost 1.74 forgets it

#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

std::string hex(const std::string &bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += digits[std::uint8_t(c) >> 4];
        text += digits[std::uint8_t(c) & 15];
    }
    return text;
}

std::string faultOf(const beast::error_code &error)
{
    if (error == websocket::error::message_too_big)
        return "fault 1009";
    if (error == websocket::error::bad_frame_payload || error == websocket::error::bad_close_payload)
        return "fault 1007";
    return "fault 1002";
}

} // namespace

std::vector<std::string> readByBeast(Watchword::Wire::Role role, std::size_t limit, const std::vector<std::string> &pieces)
{
    const bool isServer = role == Watchword::Wire::Role::Server;
    boost::asio::io_context context;
    websocket::stream<beast::test::stream> stream(context);
    beast::test::stream peer(context);
    stream.next_layer().connect(peer);
    if (isServer) {
        stream.next_layer().append("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        stream.accept();
    } else {
        websocket::stream<beast::test::stream> server(std::move(peer));
        // The two halves of the handshake in turns, without a thread.
        stream.async_handshake("a", "/", [](beast::error_code) {});
        server.async_accept([](beast::error_code) {});
        context.run();
        context.restart();
        peer = std::move(server.next_layer());
    }
    stream.read_message_max(limit);
    std::vector<std::string> events;
    stream.control_callback([&](websocket::frame_type kind, beast::string_view payload) {
        if (kind != websocket::frame_type::close)
            events.push_back((kind == websocket::frame_type::ping ? "ping " : "pong ") + hex(std::string(payload)));
    });
    for (const std::string &piece : pieces)
        stream.next_layer().append(piece);
    peer.close();
    beast::error_code error;
    while (!error) {
        beast::flat_buffer buffer;
        stream.read(buffer, error);
        if (!error)
            events.push_back((stream.got_text() ? "text " : "binary ") + hex(beast::buffers_to_string(buffer.data())));
    }
    if (error == websocket::error::closed) {
        const auto &reason = stream.reason();
        const int code = reason.code == websocket::close_code::none ? 1005 : int(reason.code);
        events.push_back("close " + std::to_string(code) + ' ' + hex(std::string(reason.reason.data(), reason.reason.size())));
    } else if (error != boost::asio::error::eof) {
        events.push_back(faultOf(error));
    }
    return events;
}
