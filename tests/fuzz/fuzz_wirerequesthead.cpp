// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/deflatenegotiation.h"
#include "watchword/wire/handshake.h"

#include <cstdlib>

using namespace Watchword::Wire;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

HeadReader readerOf(Bytes bytes, std::size_t step, std::size_t &consumed)
{
    HeadReader reader(HeadKind::Request, {.line = 1000, .head = 4000, .fields = 20});
    while (consumed < bytes.size() && !reader.isComplete() && reader.fault() == HeadFault::None)
        consumed += reader.feed(bytes.subspan(consumed, std::min(step, bytes.size() - consumed)));
    return reader;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Bytes bytes(data, size);
    std::size_t consumed = 0;
    std::size_t consumedSlowly = 0;
    const HeadReader reader = readerOf(bytes, size, consumed);
    const HeadReader slow = readerOf(bytes, 1, consumedSlowly);
    require(reader.isComplete() == slow.isComplete() && reader.fault() == slow.fault() && consumed == consumedSlowly);
    if (!reader.isComplete())
        return 0;
    const HttpHead &head = reader.head();
    require(head.text() == slow.head().text() && head.text().size() <= 4000 && head.fieldCount() <= 20);
    require(head.text().find('\0') == head.text().npos && !head.method().empty() && !head.target().empty());
    for (std::size_t i = 0; i < head.fieldCount(); ++i) {
        const auto [name, value] = head.field(i);
        require(!name.empty() && head.count(name) >= 1);
        require(value.find('\r') == value.npos && value.find('\n') == value.npos);
    }
    require(head.count("Content-Length") + head.count("Transfer-Encoding") <= 1);
    const auto deflate = answerDeflateOffers(head.values("Sec-WebSocket-Extensions"), {});
    // What is answered can be read by the client that offers everything.
    require(!deflate || readDeflateAnswer({deflate->text}, {.serverWindowBits = 15, .clientWindowBits = 15}));
    if (checkUpgrade(head) == UpgradeFault::None) {
        const auto offered = offeredSubprotocols(head);
        HeadReader answer(HeadKind::Response);
        answer.feed(bytesOf(upgradeAnswer(head, offered.empty() ? "" : offered.front(), deflate ? deflate->text : "")));
        require(answer.isComplete() && answer.head().status() == 101);
    }
    BodyReader body(HeadKind::Request, head, 100);
    std::size_t at = consumed;
    while (at < size && !body.isComplete() && !body.isFaulty())
        at += body.feed(bytes.subspan(at, std::min<std::size_t>(7, size - at)));
    body.finish();
    require(at <= size && body.body().size() <= 100 && (body.isComplete() || body.isFaulty()));
    return 0;
}
