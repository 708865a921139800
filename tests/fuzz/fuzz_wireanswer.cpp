// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/clienthandshake.h"

#include <cstdlib>

using namespace Watchword::Wire;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

ClientHandshake handshakeAfter(Bytes bytes, std::size_t step, bool offersDeflate, std::size_t &consumed)
{
    // The nonce that the seeds answer rightly.
    constexpr std::array<std::uint8_t, 16> nonce{'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};
    UpgradeRequest request{.target = "/", .host = "a.test", .subprotocols = {"chat"}};
    if (offersDeflate)
        request.deflate = DeflateOptions();
    ClientHandshake handshake(request, nonce, {.line = 1000, .head = 4000, .fields = 20});
    std::size_t taken = 1;
    while (consumed < bytes.size() && taken > 0 && !handshake.isAnswerComplete()) {
        taken = handshake.feed(bytes.subspan(consumed, std::min(step, bytes.size() - consumed)));
        consumed += taken;
    }
    return handshake;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const Bytes bytes(data + 1, size - 1);
    const bool offersDeflate = data[0] & 1;
    std::size_t consumed = 0;
    std::size_t consumedSlowly = 0;
    ClientHandshake whole = handshakeAfter(bytes, size, offersDeflate, consumed);
    ClientHandshake slow = handshakeAfter(bytes, 1, offersDeflate, consumedSlowly);
    require(whole.state() == slow.state() && whole.fault() == slow.fault() && whole.headFault() == slow.headFault());
    require(whole.body().size() <= 2048);
    require(whole.state() == ClientHandshake::State::Refused || consumed == consumedSlowly);
    if (whole.state() == ClientHandshake::State::Open) {
        require(whole.answer().status() == 101 && (whole.subprotocol().empty() || whole.subprotocol() == "chat"));
        require(!whole.compression() || offersDeflate);
        require(whole.answer().count("Sec-WebSocket-Extensions") == 0 || whole.compression());
    }
    whole.finish();
    require(whole.state() != ClientHandshake::State::Waiting);
    require(whole.state() != ClientHandshake::State::Refused || whole.isAnswerComplete());
    return 0;
}
